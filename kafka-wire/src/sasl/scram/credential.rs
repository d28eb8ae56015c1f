//! How a password is salted, and what a server keeps instead of it.

use super::hash::ScramHash;
use super::{MAX_SALT_BYTES, MIN_SALT_BYTES};
use crate::sasl::SaslError;
use crate::secret::{Key, SecretText};

/// How a server salts a password: hash, salt and iterations. None of it is secret.
///
/// Beside the user's name, the key for a cache of [`SaltedPassword`]s.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Salting {
    hash: ScramHash,
    salt: Vec<u8>,
    iterations: u32,
}

/// A password, salted: as good as the password for that server, so it never prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaltedPassword {
    salting: Salting,
    key: Key,
}

/// What a server keeps of a user's password: enough to check a proof, not enough to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScramCredential {
    salting: Salting,
    stored_key: Key,
    server_key: Key,
}

impl Salting {
    /// An error if the salt's length is out of bounds or there are no iterations.
    ///
    /// More than that is not checked here: a server may have old credentials. A client takes fewer: see [`super::MIN_ITERATIONS`].
    pub fn new(hash: ScramHash, salt: Vec<u8>, iterations: u32) -> Result<Self, SaslError> {
        if !(MIN_SALT_BYTES..=MAX_SALT_BYTES).contains(&salt.len()) {
            return Err(SaslError::Salt { bytes: salt.len() });
        }
        if iterations == 0 {
            return Err(SaslError::Iterations { offered: 0 });
        }
        Ok(Self {
            hash,
            salt,
            iterations,
        })
    }

    /// The hash.
    pub fn hash(&self) -> ScramHash {
        self.hash
    }

    /// The salt, decoded.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// How often the hash is applied.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Salts a password. **Expensive**: PBKDF2, milliseconds for 4,096 iterations and up to a second for
    /// [`super::MAX_ITERATIONS`]; run it where it blocks nobody, and keep what it gives.
    ///
    /// The password is taken as it is, in UTF-8, without `SASLprep`: see [`super`].
    pub fn derive(&self, password: &SecretText) -> Result<SaltedPassword, SaslError> {
        let key = self.hash.derive(password, &self.salt, self.iterations)?;
        Ok(SaltedPassword {
            salting: self.clone(),
            key,
        })
    }
}

impl SaltedPassword {
    /// One that was derived elsewhere, as `AlterUserScramCredentials` brings it; an error if its length is not the hash's.
    pub fn from_bytes(salting: Salting, bytes: Vec<u8>) -> Result<Self, SaslError> {
        let key = key_of(&salting, "salted password", bytes)?;
        Ok(Self { salting, key })
    }

    /// How it was salted.
    pub fn salting(&self) -> &Salting {
        &self.salting
    }

    /// The bytes themselves, as `AlterUserScramCredentials` wants them.
    pub fn expose(&self) -> &[u8] {
        self.key.bytes()
    }

    /// What a server is to keep of it.
    pub fn credential(&self) -> Result<ScramCredential, SaslError> {
        Ok(ScramCredential {
            stored_key: self.salting.hash.hash(self.client_key()?.bytes()),
            server_key: self.server_key()?,
            salting: self.salting.clone(),
        })
    }

    /// `ClientKey = HMAC(SaltedPassword, "Client Key")`
    pub(super) fn client_key(&self) -> Result<Key, SaslError> {
        self.salting.hash.hmac(&self.key, b"Client Key")
    }

    /// `ServerKey = HMAC(SaltedPassword, "Server Key")`
    pub(super) fn server_key(&self) -> Result<Key, SaslError> {
        self.salting.hash.hmac(&self.key, b"Server Key")
    }
}

impl ScramCredential {
    /// A credential as it was kept; an error if a key has not the length of the hash.
    pub fn new(
        salting: Salting,
        stored_key: Vec<u8>,
        server_key: Vec<u8>,
    ) -> Result<Self, SaslError> {
        Ok(Self {
            stored_key: key_of(&salting, "stored key", stored_key)?,
            server_key: key_of(&salting, "server key", server_key)?,
            salting,
        })
    }

    /// How the password was salted.
    pub fn salting(&self) -> &Salting {
        &self.salting
    }

    /// `StoredKey = H(ClientKey)`
    pub(super) fn stored_key(&self) -> &Key {
        &self.stored_key
    }

    pub(super) fn server_key(&self) -> &Key {
        &self.server_key
    }
}

fn key_of(salting: &Salting, field: &'static str, bytes: Vec<u8>) -> Result<Key, SaslError> {
    if bytes.len() == salting.hash.output_bytes() {
        return Ok(Key::new(bytes));
    }
    Err(SaslError::Input {
        field,
        rule: "must be as long as the hash",
    })
}
