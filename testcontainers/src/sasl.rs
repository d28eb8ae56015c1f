//! A listener on which clients have to log in, and who may.
//!
//! Beside the open listener every node then has one with SASL and without TLS (`SASL_PLAINTEXT`), which offers PLAIN,
//! SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER.

use std::collections::BTreeMap;
use std::fmt;

/// Who may log in. Default: nobody yet, with PLAIN.
///
/// - **PLAIN**: the users named here.
/// - **SCRAM**: users are made while the cluster runs, over the open listener: `AlterUserScramCredentials`, or
///   `kafka.admin.ConfigCommand` as [`Cluster::tool`](crate::Cluster::tool).
/// - **OAUTHBEARER**: whoever brings a token of its own making, unsigned (`{"alg":"none"}`), with `sub` and `exp`.
#[derive(Clone, Default)]
pub struct SaslListener {
    /// Users and their passwords. Names are of ASCII letters, digits, `_` and `-`; passwords of any characters.
    pub plain_users: BTreeMap<String, String>,
}

impl SaslListener {
    /// The same with one more user for PLAIN.
    #[must_use]
    pub fn plain_user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.plain_users.insert(name.into(), password.into());
        self
    }

    /// What every broker has to be told, but for the port.
    pub(crate) fn properties(&self) -> BTreeMap<String, String> {
        let mut properties = BTreeMap::from([
            (
                "sasl.enabled.mechanisms".into(),
                "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER".into(),
            ),
            // A second by default, for whoever guesses passwords.
            (
                "connection.failed.authentication.delay.ms".into(),
                "0".into(),
            ),
        ]);
        let mut users = String::new();
        for (name, password) in &self.plain_users {
            users.extend([" user_", name, "=", &quoted(password)]);
        }
        for (mechanism, module, options) in [
            ("plain", "plain.PlainLoginModule", users.as_str()),
            ("scram-sha-256", "scram.ScramLoginModule", ""),
            ("scram-sha-512", "scram.ScramLoginModule", ""),
            (
                "oauthbearer",
                "oauthbearer.OAuthBearerLoginModule",
                // It wants a login of its own, which is never used.
                r#" unsecuredLoginStringClaim_sub="unused""#,
            ),
        ] {
            properties.insert(
                format!("listener.name.sasl.{mechanism}.sasl.jaas.config"),
                format!("org.apache.kafka.common.security.{module} required{options};"),
            );
        }
        properties
    }
}

/// Names only.
impl fmt::Debug for SaslListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.plain_users.keys().collect();
        f.debug_struct("SaslListener")
            .field("plain_users", &names)
            .finish()
    }
}

/// A value of a JAAS option.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backend, Cluster, ClusterSpec};

    #[test]
    fn a_password_cannot_end_its_option() {
        let listener = SaslListener::default().plain_user("alice", r#"a"b\c; x=1"#);
        let properties = listener.properties();
        assert_eq!(
            properties["listener.name.sasl.plain.sasl.jaas.config"],
            r#"org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="a\"b\\c; x=1";"#
        );
    }

    #[tokio::test]
    async fn the_embedded_broker_says_that_it_has_none() {
        let spec = ClusterSpec::nodes(1).backend(Backend::Embedded);
        let started = Cluster::start(spec.sasl(SaslListener::default())).await;
        assert_eq!(
            started.unwrap_err().to_string(),
            "the embedded backend has no listener with SASL: set KAFKA_BACKEND=process"
        );
    }

    #[test]
    fn debug_shows_no_password() {
        let listener = SaslListener::default().plain_user("alice", "s3cret");
        assert_eq!(
            format!("{listener:?}"),
            r#"SaslListener { plain_users: ["alice"] }"#
        );
    }
}
