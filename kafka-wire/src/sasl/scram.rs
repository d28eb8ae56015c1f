//! SCRAM (RFC 5802) over SHA-256 (RFC 7677) and SHA-512: both sides prove that they know the password, and neither says it.
//!
//! ```text
//! client                                                    server
//!   n,,n=user,r=CLIENT ─────────────────────────────────────▶  who, and 32 random bytes
//!   ◀───────────────────────── r=CLIENT‖SERVER,s=salt,i=4096   how the password is salted
//!   c=biws,r=CLIENT‖SERVER,p=proof ─────────────────────────▶  over all of the above
//!   ◀─────────────────────────────────────────── v=signature   likewise
//!
//! SaltedPassword  = PBKDF2(password, salt, i)
//! ClientKey       = HMAC(SaltedPassword, "Client Key")        StoredKey = H(ClientKey)
//! ServerKey       = HMAC(SaltedPassword, "Server Key")
//! signed          = bare client-first "," server-first "," client-final without its proof
//! proof           = ClientKey XOR HMAC(StoredKey, signed)
//! signature       = HMAC(ServerKey, signed)
//! ```
//!
//! # The client
//!
//! [`ClientFirst`] → [`Challenge`] → [`ClientFinal`], and in between [`Salting::derive`], the one expensive step, which can run
//! elsewhere and whose outcome can be kept:
//!
//! ```
//! use kafka_wire::SecretText;
//! use kafka_wire::sasl::scram::*;
//! # fn exchange(_: kafka_wire::Secret) -> Vec<u8> { Vec::new() }
//! # fn login(mut send: impl FnMut(kafka_wire::Secret) -> Vec<u8>) -> Result<(), kafka_wire::sasl::SaslError> {
//!
//! let first = ClientFirst::new(ScramHash::Sha512, "alice", Login::Password, Nonce::random()?)?;
//! let challenge = first.clone().challenged(&send(first.message()))?; // checked: nothing expensive before
//! let salted = challenge.salting().derive(&SecretText::new("s3cret"))?; // expensive
//! let last = challenge.answer(&salted)?;
//! last.clone().verify(&send(last.message()))?; // the server knows the password, too
//! # Ok(()) }
//! ```
//!
//! A server that is not what it should be gets nothing out of a client: before any work, its nonce, iterations
//! ([`MIN_ITERATIONS`], [`MAX_ITERATIONS`]) and salt ([`MIN_SALT_BYTES`], [`MAX_SALT_BYTES`]) are checked, and a proof is
//! worth nothing in another exchange.
//!
//! # The server
//!
//! [`Greeting`] → [`ServerFirst`] → [`ServerFinal`], with a [`ScramCredential`] that holds no password:
//!
//! ```
//! use kafka_wire::SecretText;
//! use kafka_wire::sasl::scram::*;
//!
//! // When the password is set:
//! let salting = Salting::new(ScramHash::Sha256, b"16 random bytes!".to_vec(), 4096)?;
//! let credential = salting.derive(&SecretText::new("s3cret"))?.credential()?;
//!
//! // At a login:
//! let greeting = Greeting::parse(b"n,,n=alice,r=rOprNGfwEbeRWgbNEkqO")?;
//! assert_eq!((greeting.user(), greeting.login()), ("alice", Login::Password));
//! let server_first = greeting.challenge(credential, &Nonce::random()?);
//! let to_send = server_first.message();
//! // then: let accepted = server_first.verify(&client_final)?; and send accepted.message()
//! # Ok::<(), kafka_wire::sasl::SaslError>(())
//! ```
//!
//! # Names, passwords, tokens
//!
//! - **No `SASLprep`** (RFC 4013). RFC 5802 wants name and password prepared; Kafka takes both as UTF-8 as it is, in its client, its broker and the tools
//!   that set passwords, and so do the other clients. A password that preparation changes (a soft hyphen, a ligature) would not be the
//!   one that was stored; all others are the same either way. A test logs in to a real broker with such a password.
//! - **Names** are escaped (`=2C`, `=3D`). Kafka's broker takes ASCII only.
//! - **Channel binding**: none, `n,,`; Kafka has no other.
//! - **Delegation tokens** (KIP-48) log in with the token's id as name, its HMAC in base64 as password, and the extension
//!   `tokenauth=true`: [`Login::DelegationToken`].

mod client;
mod credential;
mod hash;
mod message;
mod server;

pub use self::client::{Challenge, ClientFinal, ClientFirst};
pub use self::credential::{SaltedPassword, Salting, ScramCredential};
pub use self::hash::ScramHash;
pub use self::server::{Greeting, ServerFinal, ServerFirst, refusal};

use super::SaslError;

/// Fewest iterations that a client accepts. RFC 7677, section 4, and Kafka's own minimum.
pub const MIN_ITERATIONS: u32 = 4096;

/// Most iterations that a client accepts: about a second of one core. Kafka's brokers store at most 16,384 (KIP-554).
pub const MAX_ITERATIONS: u32 = 1_000_000;

/// Shortest salt, in bytes: with less, one table of passwords would fit many users.
pub const MIN_SALT_BYTES: usize = 8;

/// Longest salt, in bytes. Kafka's have 25 or so.
pub const MAX_SALT_BYTES: usize = 1024;

/// No channel binding, and nobody else to act as.
const GS2_HEADER: &str = "n,,";

/// Kafka's extension of the client's first message (KIP-48).
const TOKEN_AUTH: &str = "tokenauth";

/// What the name of the client's first message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Login {
    /// A user's, who has a password.
    Password,
    /// A delegation token's id (KIP-48).
    DelegationToken,
}

/// What makes an exchange different from every other: visible ASCII without commas.
///
/// Each side makes its own, with at least 18 random bytes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Login {
    /// What it adds to the client's first message.
    fn extension(self) -> String {
        match self {
            Self::Password => String::new(),
            Self::DelegationToken => format!(",{TOKEN_AUTH}=true"),
        }
    }

    /// As Kafka's broker reads it: `true` in any case, and anything else is no token.
    fn from_extensions(extensions: &[(&str, &str)]) -> Self {
        let is_token = |(name, value): &(&str, &str)| {
            *name == TOKEN_AUTH && value.eq_ignore_ascii_case("true")
        };
        if extensions.iter().any(is_token) {
            Self::DelegationToken
        } else {
            Self::Password
        }
    }
}

impl Nonce {
    /// 32 random bytes of the system, in base64.
    ///
    /// The one thing in this crate that is not a function of its arguments: a nonce that somebody else can guess is worth nothing.
    pub fn random() -> Result<Self, SaslError> {
        sasl::common::scram::generate_nonce()
            .map(Self)
            .map_err(|_| SaslError::NoRandomness)
    }

    /// A nonce from elsewhere; an error if it is empty or holds more than visible ASCII without commas.
    pub fn new(text: impl Into<String>) -> Result<Self, SaslError> {
        let text = text.into();
        if text.is_empty() || !text.chars().all(message::is_printable) {
            return Err(SaslError::Input {
                field: "nonce",
                rule: "is visible ASCII without commas",
            });
        }
        Ok(Self(text))
    }

    /// As it stands in a message.
    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
