//! The two hashes, behind the `sasl` crate's trait for what SCRAM does with one.
//!
//! The crate has SHA-256; SHA-512 joins it here through the same trait, from the same generation of hash crates. Its client is not
//! used beyond that: it believes what a server says (see [`super`]), and would make the salted password anew at every login.

use hmac::digest::InvalidLength;
use hmac::{Hmac, Mac};
use sasl::common::Password;
use sasl::common::scram::{DeriveError, ScramProvider, Sha256};
use sha2::Digest;
use zeroize::Zeroize;

use crate::sasl::{Mechanism, SaslError};
use crate::secret::{Key, SecretText};

/// Which hash the exchange stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScramHash {
    /// `SCRAM-SHA-256` (RFC 7677).
    Sha256,
    /// `SCRAM-SHA-512`: the same with the longer hash (KIP-84).
    Sha512,
}

impl ScramHash {
    /// The mechanism that it makes.
    pub fn mechanism(self) -> Mechanism {
        match self {
            Self::Sha256 => Mechanism::ScramSha256,
            Self::Sha512 => Mechanism::ScramSha512,
        }
    }

    /// How long its keys and signatures are: 32 or 64 bytes.
    pub fn output_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// H(data)
    pub(super) fn hash(self, data: &[u8]) -> Key {
        Key::new(match self {
            Self::Sha256 => Sha256::hash(data),
            Self::Sha512 => Sha512::hash(data),
        })
    }

    /// HMAC(key, data)
    pub(super) fn hmac(self, key: &Key, data: &[u8]) -> Result<Key, SaslError> {
        let made = match self {
            Self::Sha256 => Sha256::hmac(data, key.bytes()),
            Self::Sha512 => Sha512::hmac(data, key.bytes()),
        };
        made.map(Key::new).map_err(|_| SaslError::Hash)
    }

    /// Hi(password, salt, iterations): PBKDF2. The work of a login.
    pub(super) fn derive(
        self,
        password: &SecretText,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Key, SaslError> {
        let mut plain = Password::Plain(password.expose().to_owned());
        let made = match self {
            Self::Sha256 => Sha256::derive(&plain, salt, iterations),
            Self::Sha512 => Sha512::derive(&plain, salt, iterations),
        };
        if let Password::Plain(copy) = &mut plain {
            copy.zeroize();
        }
        made.map(Key::new).map_err(|_| SaslError::Hash)
    }
}

/// SHA-512 for the `sasl` crate.
pub(super) struct Sha512;

impl ScramProvider for Sha512 {
    type Secret = sasl::secret::Plain;

    fn name() -> &'static str {
        "SHA-512"
    }

    fn hash(data: &[u8]) -> Vec<u8> {
        sha2::Sha512::digest(data).to_vec()
    }

    fn hmac(data: &[u8], key: &[u8]) -> Result<Vec<u8>, InvalidLength> {
        let mut mac = Hmac::<sha2::Sha512>::new_from_slice(key)?;
        mac.update(data);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn derive(password: &Password, salt: &[u8], iterations: u32) -> Result<Vec<u8>, DeriveError> {
        // We never hand it a digest: what is derived already, is not derived again.
        let Password::Plain(plain) = password else {
            return Err(DeriveError::IncompatibleHashingMethod(
                "a digest".into(),
                Self::name().into(),
            ));
        };
        let mut derived = vec![0; 64];
        pbkdf2::pbkdf2::<Hmac<sha2::Sha512>>(plain.as_bytes(), salt, iterations, &mut derived)?;
        Ok(derived)
    }
}
