//! What an application says about who it is. Nothing here prints a password or a token.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kafka_wire::SecretText;
use kafka_wire::sasl::oauthbearer::ClientFirst as BearerFirst;
use kafka_wire::sasl::scram::{ClientFirst, Login, Nonce, ScramHash};
use kafka_wire::sasl::{Mechanism, SaslError, plain};

/// How a client logs in, and as whom. Kafka: `sasl.mechanism` and what `sasl.jaas.config` holds. `Debug` shows no secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Sasl {
    /// Name and password, readable for the broker and, without TLS, for everybody on the way. Kafka: `PLAIN`.
    Plain {
        /// Who logs in; not empty, without NUL.
        user: String,
        /// The password; likewise.
        password: SecretText,
    },
    /// A proof that one knows the password, which is not sent; the broker has to prove the same. Kafka: `SCRAM-SHA-256`, `SCRAM-SHA-512`.
    Scram {
        /// The hash: which of the two mechanisms.
        hash: ScramHash,
        /// Who logs in; not empty. Kafka's brokers take ASCII only.
        user: String,
        /// The password. It is salted once for each salt that a broker names, beside the async threads, and that is kept.
        password: SecretText,
    },
    /// A token that a broker has issued to somebody who was logged in (KIP-48), shown by SCRAM. Kafka: `tokenauth=true`.
    DelegationToken {
        /// The hash; brokers take a token with either.
        hash: ScramHash,
        /// The token's id.
        token_id: String,
        /// The token's HMAC in base64, as Kafka's tools print it.
        hmac: SecretText,
    },
    /// A token that an identity provider has issued. Kafka: `OAUTHBEARER`.
    OauthBearer(TokenSource),
}

/// Where tokens for OAUTHBEARER come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TokenSource {
    /// The same one at every login, as long as the client lives. Once it has expired, logins fail.
    Static(BearerToken),
    /// Asked before each login and each renewal: see [`TokenCallback::new`].
    Callback(TokenCallback),
}

/// A token, and what goes with it.
#[derive(Debug, Clone, Default)]
pub struct BearerToken {
    /// The token as RFC 6750 wants it, mostly a JWT. Not empty.
    pub token: SecretText,
    /// Names and values that the broker wants beside it, such as `logicalCluster` (KIP-342). Not secret. Default: none.
    pub extensions: Vec<(String, String)>,
}

/// An application's way to get tokens.
#[derive(Clone)]
pub struct TokenCallback(Arc<dyn Fn() -> Fetching + Send + Sync>);

/// What an application could not get a token for.
pub(crate) type TokenError = Box<dyn StdError + Send + Sync>;

type Fetching = Pin<Box<dyn Future<Output = Result<BearerToken, TokenError>> + Send>>;

impl BearerToken {
    /// One without extensions.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: SecretText::new(token),
            extensions: Vec::new(),
        }
    }

    /// The first message of a login with it.
    pub(crate) fn first_message(&self) -> Result<BearerFirst, SaslError> {
        let pairs = self.extensions.iter();
        let pairs: Vec<_> = pairs.map(|(name, value)| (&**name, &**value)).collect();
        BearerFirst::new(&self.token, &pairs)
    }
}

impl TokenCallback {
    /// Tokens that `fetch` gets, for a login or for the renewal of a session; logins of several connections may ask at a time, so it is the
    /// place to keep one that is still good. Its error ends that attempt as [`Error::Token`](crate::Error::Token), which
    /// may be tried again. Dropped if it takes longer than `request_timeout`.
    pub fn new<F, R>(fetch: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<BearerToken, Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(fetch())))
    }

    pub(crate) async fn fetch(&self) -> Result<BearerToken, TokenError> {
        (self.0)().await
    }
}

impl fmt::Debug for TokenCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCallback")
    }
}

impl Sasl {
    /// The mechanism, as the broker is asked for it.
    pub(crate) fn mechanism(&self) -> Mechanism {
        match self {
            Self::Plain { .. } => Mechanism::Plain,
            Self::Scram { hash, .. } | Self::DelegationToken { hash, .. } => hash.mechanism(),
            Self::OauthBearer(_) => Mechanism::OauthBearer,
        }
    }

    /// Whether it can be said at all.
    pub(crate) fn check(&self) -> Result<(), SaslError> {
        match self {
            Self::Plain { user, password } => plain::message(user, password).map(drop),
            Self::Scram { user, password, .. } => check_scram(user, password, "password"),
            Self::DelegationToken { token_id, hmac, .. } => {
                check_scram(token_id, hmac, "HMAC of the token")
            }
            Self::OauthBearer(TokenSource::Static(token)) => token.first_message().map(drop),
            Self::OauthBearer(TokenSource::Callback(_)) => Ok(()),
        }
    }
}

fn check_scram(user: &str, password: &SecretText, field: &'static str) -> Result<(), SaslError> {
    if password.expose().is_empty() {
        let rule = "may not be empty";
        return Err(SaslError::Input { field, rule });
    }
    let nonce = Nonce::new("only-to-check")?;
    ClientFirst::new(ScramHash::Sha256, user, Login::Password, nonce).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scram(user: &str, password: &str) -> Sasl {
        Sasl::Scram {
            hash: ScramHash::Sha512,
            user: user.into(),
            password: SecretText::new(password),
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused_before_anything_is_sent() {
        assert_eq!(scram("alice", "pw").check(), Ok(()));
        let said = |sasl: Sasl| sasl.check().unwrap_err().to_string();
        assert_eq!(said(scram("", "pw")), "user name may not be empty");
        assert_eq!(said(scram("alice", "")), "password may not be empty");
        let plain = Sasl::Plain {
            user: "alice".into(),
            password: SecretText::new("p\0w"),
        };
        assert_eq!(said(plain), "password may not hold a NUL");
        let token = Sasl::OauthBearer(TokenSource::Static(BearerToken::new("")));
        assert!(token.check().is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let callback = TokenCallback::new(async || Ok(BearerToken::new("hunter2")));
        for sasl in [
            scram("alice", "hunter2"),
            Sasl::OauthBearer(TokenSource::Static(BearerToken::new("hunter2"))),
            Sasl::OauthBearer(TokenSource::Callback(callback)),
        ] {
            assert!(!format!("{sasl:?}").contains("hunter2"), "{sasl:?}");
        }
    }
}
