//! Why an exchange ends without a login.

use super::MAX_MESSAGE_BYTES;
use super::scram::{MAX_ITERATIONS, MAX_SALT_BYTES, MIN_ITERATIONS, MIN_SALT_BYTES};

/// Why an exchange ends without a login. No variant holds a password, a token, a key or a proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaslError {
    /// What the caller wants to say cannot be said in this mechanism. Mend the configuration.
    #[error("{field} {rule}")]
    Input {
        /// What it is about: `user name`.
        field: &'static str,
        /// The rule that it breaks: `may not be empty`.
        rule: &'static str,
    },

    /// The server refuses, in its own words. The credentials are wrong: do not try again soon.
    ///
    /// SCRAM: the value of `e=`; OAUTHBEARER: the status. Kafka's own brokers rather answer with the error code
    /// `SASL_AUTHENTICATION_FAILED`, beside the mechanism.
    #[error("the server refuses: {reason}")]
    Refused {
        /// One line of printable text, at most 256 characters; what else came is replaced or left out.
        reason: String,
    },

    /// Not a message of this mechanism. The peer speaks something else, or another version.
    #[error("{message} is malformed at byte {offset}: expected {expected}")]
    Malformed {
        /// The message, as its RFC names it: `server-first-message`.
        message: &'static str,
        /// Where the fault is.
        offset: usize,
        /// What should be there.
        expected: &'static str,
    },

    /// A message longer than [`MAX_MESSAGE_BYTES`]; it was not looked at.
    #[error("{message} has {bytes} bytes, more than {MAX_MESSAGE_BYTES}")]
    TooLong {
        /// The message, as its RFC names it.
        message: &'static str,
        /// Its length.
        bytes: usize,
    },

    /// The peer demands an extension (`m=`), and RFC 5802 says to fail rather than to do without it.
    #[error("{message} demands an extension (`m=`), and there is none")]
    MandatoryExtension {
        /// The message, as its RFC names it.
        message: &'static str,
    },

    /// The nonce does not go on from ours: the message is from another exchange, or somebody is in between.
    #[error("the peer's nonce does not go on from ours")]
    ForeignNonce,

    /// The server asks for too few iterations, which makes the password easy to guess, or for more than anybody needs, which
    /// makes a login an attack. Have the credential created again.
    #[error("{offered} iterations are not between {MIN_ITERATIONS} and {MAX_ITERATIONS}")]
    Iterations {
        /// What it asks for; larger numbers than fit show as the largest.
        offered: u64,
    },

    /// A salt too short to protect anything, or too long to be one.
    #[error("a salt of {bytes} bytes is not between {MIN_SALT_BYTES} and {MAX_SALT_BYTES}")]
    Salt {
        /// Its length; of one that is much too long, an estimate.
        bytes: usize,
    },

    /// The salted password was made for another salt, count or hash. Derive it again from this challenge.
    #[error("the salted password belongs to another salt, iteration count or hash")]
    StaleKey,

    /// The server accepts, but cannot show that it knows the password: it is not the server. Tell somebody.
    #[error("the server's signature is forged")]
    ServerSignature,

    /// Server side: the client does not know the password.
    #[error("the client's proof is wrong")]
    Proof,

    /// Server side: the client wants channel binding, or does not repeat what it said about it. Kafka has none.
    #[error("channel binding is not supported")]
    ChannelBinding,

    /// Server side: the client wants to act as somebody else than it says it is. Kafka knows no such thing.
    #[error("the authorization id is not the user name")]
    Identity,

    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,

    /// A hash did not take its input. Keys of any length are taken, so it does not happen; it is here instead of a panic.
    #[error("a hash function failed")]
    Hash,
}
