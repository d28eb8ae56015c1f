//! SASL: how a client says who it is, as pure exchanges of messages, for both sides.
//!
//! A client first agrees on a mechanism (`SaslHandshake`), then the mechanism's messages travel as `auth_bytes` of
//! `SaslAuthenticate` (KIP-43, KIP-152). What is in these bytes is here: each step takes the bytes that came and gives the
//! bytes to send, as a [`Secret`](crate::Secret) that fits into `auth_bytes`.
//!
//! | mechanism | module | source |
//! |---|---|---|
//! | `PLAIN` | [`plain`] | RFC 4616 |
//! | `SCRAM-SHA-256`, `SCRAM-SHA-512` | [`scram`] | RFC 5802, RFC 7677; delegation tokens: KIP-48 |
//! | `OAUTHBEARER` | [`oauthbearer`] | RFC 7628, KIP-255; extensions: KIP-342 |
//!
//! A state of an exchange is a type, and a step consumes it: messages cannot come in the wrong order. Everything that a peer
//! says is held against the grammar that stands above its parser; no bytes panic, and nothing is allocated beyond a small multiple of
//! what came. Passwords, tokens, keys and proofs have types that never print.
//!
//! Never here: I/O, a clock, a decision to retry. [`scram::Nonce::random`] is the only function that asks the system for
//! something. Expensive is one function, [`scram::Salting::derive`], and it stands alone, so that a client can run it where it
//! blocks nobody.

mod error;
mod grammar;
pub mod oauthbearer;
pub mod plain;
pub mod scram;

use std::fmt;

pub use self::error::SaslError;

/// The mechanisms of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// Name and password in the clear: [`plain`].
    Plain,
    /// A proof that one knows the password, over SHA-256: [`scram`].
    ScramSha256,
    /// The same over SHA-512.
    ScramSha512,
    /// A token that somebody else has issued: [`oauthbearer`].
    OauthBearer,
}

impl Mechanism {
    /// All of them, the strongest last among those with passwords.
    pub const ALL: [Self; 4] = [
        Self::Plain,
        Self::ScramSha256,
        Self::ScramSha512,
        Self::OauthBearer,
    ];

    /// The name in `SaslHandshake` and in `sasl.mechanism`: `SCRAM-SHA-512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }

    /// The mechanism of that name; `None` for others, and for other spellings.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.name() == name)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Longest message of a peer that is looked at, in bytes. Kafka: `sasl.server.max.receive.size` (KIP-684), and its default.
pub const MAX_MESSAGE_BYTES: usize = 524_288;

#[test]
fn names_lead_back_to_mechanisms() {
    for mechanism in Mechanism::ALL {
        assert_eq!(Mechanism::from_name(mechanism.name()), Some(mechanism));
    }
    assert_eq!(Mechanism::from_name("plain"), None);
}
