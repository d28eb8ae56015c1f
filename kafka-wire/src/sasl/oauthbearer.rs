//! OAUTHBEARER (RFC 7628): the client shows a token that somebody else has issued. Only over TLS.
//!
//! ```text
//! client                                           server
//!   n,,^Aauth=Bearer TOKEN^Aname=value^A^A ───────▶  the token, and extensions (KIP-342)
//!   ◀──────────────────────────────────── (empty)    accepted
//!
//!   ◀────────────────── {"status":"invalid_token"}   or refused: the client has to answer
//!   ^A ───────────────────────────────────────────▶  and the server ends the exchange
//! ```
//!
//! `^A` is the byte 1. The grammar stands above its parser, in `message.rs`; what a token says, and whether it is still valid, nobody
//! here looks at.
//!
//! # The client
//! ```
//! use kafka_wire::SecretText;
//! use kafka_wire::sasl::oauthbearer::*;
//!
//! let first = ClientFirst::new(&SecretText::new("eyJhbGciOiJub25lIn0.e30."), &[("logicalCluster", "lkc-1")])?;
//! // Send first.message(); then:
//! match first.answered(br#"{"status":"invalid_token","scope":"kafka"}"#) {
//!     Answer::Accepted => unreachable!(),
//!     Answer::Refused(refusal) => {
//!         // Send acknowledgement(), read the end of the exchange, and fail with:
//!         assert_eq!(refusal.status, "invalid_token");
//!     }
//! }
//! # Ok::<(), kafka_wire::sasl::SaslError>(())
//! ```
//!
//! # The server
//! ```
//! use kafka_wire::sasl::oauthbearer::*;
//!
//! let login = Login::parse(b"n,,\x01auth=Bearer abc.def.\x01logicalCluster=lkc-1\x01\x01")?;
//! assert_eq!(login.token().expose(), "abc.def.");
//! assert_eq!(login.extensions(), [("logicalCluster".to_owned(), "lkc-1".to_owned())]);
//! // Send nothing if it is good, or else:
//! let to_send = Refusal::new("invalid_token").message();
//! # Ok::<(), kafka_wire::sasl::SaslError>(())
//! ```

mod message;
mod refusal;

use bytes::Bytes;

use self::message::ClientMessage;
pub use self::refusal::Refusal;
use super::SaslError;
use super::grammar::presentable;
use crate::secret::{Secret, SecretText};

/// The client has shown its token, and waits.
#[derive(Debug, Clone)]
pub struct ClientFirst {
    message: Secret,
    token: SecretText,
}

/// What the server says to a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The client is in.
    Accepted,
    /// It is not. The server wants an [`acknowledgement`] before it says so in Kafka's words.
    Refused(Refusal),
}

/// What the server reads: a token, and what came with it.
#[derive(Debug, Clone)]
pub struct Login {
    token: SecretText,
    authorization: Option<String>,
    extensions: Vec<(String, String)>,
}

impl ClientFirst {
    /// Begins an exchange. Extensions go with the token, in this order; KIP-342 leaves their meaning to the broker.
    ///
    /// An error if the token is empty or no token of RFC 6750, or if an extension's name is not of letters, is `auth` or comes
    /// twice, or its value is empty or holds more than visible ASCII, spaces, tabs and line ends.
    pub fn new(token: &SecretText, extensions: &[(&str, &str)]) -> Result<Self, SaslError> {
        message::check_token(token.expose())?;
        message::check_extensions(extensions)?;
        let mut text = format!("n,,\x01auth=Bearer {}\x01", token.expose());
        for (name, value) in extensions {
            text.extend([name, "=", value, "\x01"]);
        }
        text.push('\x01');
        Ok(Self {
            message: Secret(text.into_bytes().into()),
            token: token.clone(),
        })
    }

    /// What to send.
    pub fn message(&self) -> Secret {
        self.message.clone()
    }

    /// Takes the server's answer: nothing is yes, and whatever it says is no.
    ///
    /// A refusal never shows the token, even if the server repeats it.
    pub fn answered(self, answer: &[u8]) -> Answer {
        if answer.is_empty() {
            return Answer::Accepted;
        }
        let hide = |text: String| presentable(without(&text, self.token.expose()));
        let refusal = Refusal::parse(answer);
        Answer::Refused(Refusal {
            status: hide(refusal.status),
            scope: refusal.scope.map(hide),
            openid_configuration: refusal.openid_configuration.map(hide),
        })
    }
}

/// A text in which three dots stand for a secret, wherever it is.
fn without(text: &str, secret: &str) -> impl Iterator<Item = char> {
    let parts = text.split(secret).enumerate();
    parts.flat_map(|(at, part)| (at > 0).then_some('…').into_iter().chain(part.chars()))
}

/// What the client says to a refusal: one byte, for the server to go on.
pub fn acknowledgement() -> Secret {
    Secret(Bytes::from_static(b"\x01"))
}

impl Login {
    /// Reads the client's message. Whether the token is good, the caller decides.
    pub fn parse(message: &[u8]) -> Result<Self, SaslError> {
        let ClientMessage {
            authorization,
            token,
            extensions,
        } = ClientMessage::parse(message)?;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(Self {
            token: SecretText::new(token),
            authorization,
            extensions: extensions.into_iter().map(owned).collect(),
        })
    }

    /// The token.
    pub fn token(&self) -> &SecretText {
        &self.token
    }

    /// An error if the client wants to act as somebody else than `user`, whom the token names.
    pub fn check_identity(&self, user: &str) -> Result<(), SaslError> {
        match &self.authorization {
            Some(authorization) if authorization != user => Err(SaslError::Identity),
            _ => Ok(()),
        }
    }

    /// The extensions in their order.
    pub fn extensions(&self) -> &[(String, String)] {
        &self.extensions
    }
}

/// Server side: whether a message is the client's [`acknowledgement`] of a refusal.
pub fn is_acknowledgement(message: &[u8]) -> bool {
    message == b"\x01"
}

#[cfg(test)]
mod tests;
