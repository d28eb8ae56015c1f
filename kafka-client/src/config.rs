//! How to reach a cluster, and how patient to be with it.

use std::time::Duration;

use kafka_wire::sasl::SaslError;

use crate::net::resolve::host_and_port;
use crate::security::sasl::Sasl;

/// What every producer and consumer of a [`Client`](crate::Client) shares. Names in brackets are Kafka's.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Brokers to ask first, each as `host:port`, an IPv6 address in brackets; the cluster tells the rest. A name may have several addresses:
    /// all are tried (Kafka: `client.dns.lookup=use_all_dns_ips`). Kafka: `bootstrap.servers`. Must not be empty.
    pub bootstrap: Vec<String>,
    /// Name shown in the broker's logs, metrics and quotas. Kafka: `client.id`. Default: `kafka-client`.
    pub client_id: String,
    /// Longest wait for an answer; after it the connection is closed. Kafka: `request.timeout.ms`. Default: 30 s.
    pub request_timeout: Duration,
    /// Longest wait for a connection to stand, over all addresses of the host: each gets an equal share of what is left. Doubles with
    /// each failure in a row up to the maximum, with jitter (KIP-601). Kafka: `socket.connection.setup.timeout.ms`. Default: 10 s.
    pub connect_timeout: Duration,
    /// Longest such wait; one below `connect_timeout` keeps that from growing. Kafka: `socket.connection.setup.timeout.max.ms`. Default: 30 s.
    pub connect_timeout_max: Duration,
    /// A connection that nobody has used for so long closes; the next request opens another. Zero: it stays until the broker closes it.
    /// Should be below the brokers' own setting of the same name (10 min), so that none is closed under a request.
    /// Kafka: `connections.max.idle.ms`. Default: 9 min.
    pub connections_max_idle: Duration,
    /// Age at which metadata is asked for again without a reason. Kafka: `metadata.max.age.ms`. Default: 5 min.
    pub metadata_max_age: Duration,
    /// A topic that nobody has used for so long is not asked for again until somebody does. A producer forgets
    /// it, but for the numbers of its batches. Kafka: `metadata.max.idle.ms`. Default: 5 min.
    pub metadata_max_idle: Duration,
    /// What becomes of a client whose brokers are all gone. Kafka: `metadata.recovery.strategy`. Default: it goes by `bootstrap` again.
    pub metadata_recovery: MetadataRecovery,
    /// Time from the start of an attempt to connect to the start of the next one; doubles up to the maximum, with jitter, until a connection
    /// has stood for a while. Kafka: `reconnect.backoff.ms`. Default: 50 ms.
    pub reconnect_backoff: Duration,
    /// Longest such wait. Kafka: `reconnect.backoff.max.ms`. Default: 1 s.
    pub reconnect_backoff_max: Duration,
    /// Wait before a refused request is tried again; doubles up to the maximum, with jitter. Kafka: `retry.backoff.ms`. Default: 100 ms.
    pub retry_backoff: Duration,
    /// Longest such wait. Kafka: `retry.backoff.max.ms`. Default: 1 s.
    pub retry_backoff_max: Duration,
    /// Requests on one connection that are not answered yet; more wait in line. Kafka: `max.in.flight.requests.per.connection`. Default: 5.
    pub max_in_flight: usize,
    /// Longest answer that is accepted, in bytes; a longer one closes the connection. Kafka: `receive.message.max.bytes`. Default: 100 MiB.
    pub receive_max_bytes: usize,
    /// Whether asking for a topic may create it, if the broker allows that too. Kafka: `allow.auto.create.topics`. Default: true.
    pub allow_auto_topic_creation: bool,
    /// What lies between TCP and Kafka's frames. Kafka: `security.protocol`. Default: nothing.
    pub security: Security,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            bootstrap: Vec::new(),
            client_id: "kafka-client".into(),
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            connect_timeout_max: Duration::from_secs(30),
            connections_max_idle: Duration::from_mins(9),
            metadata_max_age: Duration::from_mins(5),
            metadata_max_idle: Duration::from_mins(5),
            metadata_recovery: MetadataRecovery::default(),
            reconnect_backoff: Duration::from_millis(50),
            reconnect_backoff_max: Duration::from_secs(1),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            max_in_flight: 5,
            receive_max_bytes: 100 << 20,
            allow_auto_topic_creation: true,
            security: Security::Plaintext,
        }
    }
}

/// What becomes of a client whose brokers are all gone, or are others by now (KIP-899, KIP-1102). Kafka: `metadata.recovery.strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataRecovery {
    /// The brokers it knows are tried for ever, and no others. Kafka: `none`.
    None,
    /// It goes by [`ClientConfig::bootstrap`] again: when none of the brokers it knows can be connected to, when one of them answers
    /// `REBOOTSTRAP_REQUIRED`, and after `trigger` without an answer. Kafka: `rebootstrap`.
    Rebootstrap {
        /// How long brokers that can be connected to may leave the question for metadata unanswered before they are forgotten.
        /// Kafka: `metadata.recovery.rebootstrap.trigger.ms`. Default: 5 min.
        trigger: Duration,
    },
}

impl Default for MetadataRecovery {
    fn default() -> Self {
        Self::Rebootstrap {
            trigger: Duration::from_mins(5),
        }
    }
}

/// What lies between TCP and Kafka's frames. TLS joins here.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Security {
    /// Nothing. Kafka: `PLAINTEXT`.
    #[default]
    Plaintext,
    /// A login in the clear: whoever sees the bytes has the password of PLAIN and the token of OAUTHBEARER, may try passwords at leisure against what he
    /// saw of SCRAM, and may take the connection over after the login. For networks that nobody else is on. Kafka: `SASL_PLAINTEXT`.
    InsecureSasl(Sasl),
}

impl ClientConfig {
    /// Whether it can work at all.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.bootstrap.is_empty() {
            return Err(ConfigError::Missing { field: "bootstrap" });
        }
        if self.max_in_flight == 0 {
            return Err(ConfigError::TooSmall {
                field: "max_in_flight",
                least: 1,
            });
        }
        if let Security::InsecureSasl(sasl) = &self.security {
            let field = "security";
            sasl.check()
                .map_err(|source| ConfigError::Credentials { field, source })?;
        }
        for server in &self.bootstrap {
            if host_and_port(server).is_none() {
                return Err(ConfigError::NotHostAndPort {
                    field: "bootstrap",
                    value: server.clone(),
                });
            }
        }
        Ok(())
    }
}

/// A configuration that cannot work. Found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A field without a usable default was left empty.
    #[error("{field} must be set")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A number below what makes sense.
    #[error("{field} must be at least {least}")]
    TooSmall {
        /// The field.
        field: &'static str,
        /// Its least value.
        least: usize,
    },
    /// Not of the form `host:port`.
    #[error("{field}: {value:?} is not of the form host:port")]
    NotHostAndPort {
        /// The field.
        field: &'static str,
        /// What it held.
        value: String,
    },
    /// Not a regular expression.
    #[error("{pattern:?} is not a regular expression: {why}")]
    NotAPattern {
        /// What was to be one.
        pattern: String,
        /// Where it is wrong.
        why: String,
    },
    /// Credentials that the mechanism cannot say.
    #[error("{field} holds credentials that cannot be sent")]
    Credentials {
        /// The field.
        field: &'static str,
        /// What is wrong with them; shows nothing of them.
        source: SaslError,
    },
    /// Two fields that rule each other out.
    #[error("{field} and {other} contradict each other: {why}")]
    Conflict {
        /// One of them.
        field: &'static str,
        /// The other.
        other: &'static str,
        /// What has to hold.
        why: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bootstrap: &[&str]) -> Result<(), ConfigError> {
        let bootstrap = bootstrap.iter().map(ToString::to_string).collect();
        ClientConfig {
            bootstrap,
            ..Default::default()
        }
        .check()
    }

    #[test]
    fn bootstrap_servers_have_host_and_port() {
        assert_eq!(check(&["a:9092", "[::1]:9093"]), Ok(()));
        assert_eq!(check(&[]), Err(ConfigError::Missing { field: "bootstrap" }));
        let error = check(&["a"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "bootstrap: \"a\" is not of the form host:port"
        );
    }
}
