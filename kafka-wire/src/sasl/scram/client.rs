//! The client's side: three states, and what a server says is believed only after it was checked.

use super::message::{ServerFinalMessage, ServerFirstMessage, encoded, escaped};
use super::{
    GS2_HEADER, Login, MAX_ITERATIONS, MIN_ITERATIONS, Nonce, SaltedPassword, Salting, ScramHash,
};
use crate::sasl::SaslError;
use crate::sasl::grammar::presentable;
use crate::secret::{Key, Secret};

/// The client has said who it is, and waits for the server's challenge.
#[derive(Debug, Clone)]
pub struct ClientFirst {
    hash: ScramHash,
    nonce: Nonce,
    bare: String,
}

/// The server's challenge, checked: what is missing is the [`SaltedPassword`] for [`Challenge::salting`].
#[derive(Debug, Clone)]
pub struct Challenge {
    salting: Salting,
    without_proof: String,
    /// What both sides sign: both first messages, and the last without its proof.
    signed: String,
}

/// The client has proved that it knows the password, and waits for the server to do the same.
#[derive(Debug, Clone)]
pub struct ClientFinal {
    message: Secret,
    hash: ScramHash,
    server_signature: Key,
}

impl ClientFirst {
    /// Begins an exchange for a user, or for a delegation token by its id.
    ///
    /// An error if the name is empty or holds a NUL. Any other character is sent, escaped where need be; but Kafka's brokers, up to
    /// 4.3 at least, take only ASCII here, and refuse other names with a general error.
    pub fn new(hash: ScramHash, user: &str, login: Login, nonce: Nonce) -> Result<Self, SaslError> {
        let field = "user name";
        if user.is_empty() {
            let rule = "may not be empty";
            return Err(SaslError::Input { field, rule });
        }
        if user.contains('\0') {
            let rule = "may not hold a NUL";
            return Err(SaslError::Input { field, rule });
        }
        let bare = format!(
            "n={},r={}{}",
            escaped(user),
            nonce.text(),
            login.extension()
        );
        Ok(Self { hash, nonce, bare })
    }

    /// What to send.
    pub fn message(&self) -> Secret {
        Secret(format!("{GS2_HEADER}{}", self.bare).into_bytes().into())
    }

    /// Takes the server's answer, checks all of it, and does nothing expensive.
    ///
    /// In this order, each with an error of its own: it is a server-first message, and no `m=` or `e=`; its nonce begins with ours
    /// and is longer; the iterations and the length of the salt are within their bounds.
    pub fn challenged(self, server_first: &[u8]) -> Result<Challenge, SaslError> {
        let (nonce, salt, iterations) = match ServerFirstMessage::parse(server_first)? {
            ServerFirstMessage::Error(error) => return Err(refused(error)),
            ServerFirstMessage::Challenge {
                nonce,
                salt,
                iterations,
            } => (nonce, salt, iterations),
        };
        let servers_part = nonce.strip_prefix(self.nonce.text());
        if servers_part.is_none_or(str::is_empty) {
            return Err(SaslError::ForeignNonce);
        }
        let offered = iterations;
        let iterations = u32::try_from(offered).ok();
        let Some(iterations) =
            iterations.filter(|it| (MIN_ITERATIONS..=MAX_ITERATIONS).contains(it))
        else {
            return Err(SaslError::Iterations { offered });
        };
        let salting = Salting::new(self.hash, salt.into_salt()?, iterations)?;
        let without_proof = format!("c={},r={nonce}", encoded(GS2_HEADER.as_bytes()));
        // It was parsed as text: nothing is lost.
        let server_first = String::from_utf8_lossy(server_first);
        Ok(Challenge {
            salting,
            signed: format!("{},{server_first},{without_proof}", self.bare),
            without_proof,
        })
    }
}

impl Challenge {
    /// How the server salts the password: what [`Salting::derive`] needs, and a key for a cache of what it gave.
    pub fn salting(&self) -> &Salting {
        &self.salting
    }

    /// Makes the proof; cheap. [`SaslError::StaleKey`] if the salted password was made for another salting.
    pub fn answer(self, password: &SaltedPassword) -> Result<ClientFinal, SaslError> {
        if password.salting() != &self.salting {
            return Err(SaslError::StaleKey);
        }
        let hash = self.salting.hash();
        let client_key = password.client_key()?;
        let stored_key = hash.hash(client_key.bytes());
        let client_signature = hash.hmac(&stored_key, self.signed.as_bytes())?;
        let proof = client_key.xor(&client_signature);
        let server_signature = hash.hmac(&password.server_key()?, self.signed.as_bytes())?;
        let message = format!("{},p={}", self.without_proof, encoded(proof.bytes()));
        Ok(ClientFinal {
            message: Secret(message.into_bytes().into()),
            hash,
            server_signature,
        })
    }
}

impl ClientFinal {
    /// What to send.
    pub fn message(&self) -> Secret {
        self.message.clone()
    }

    /// Takes the server's last word. Only after `Ok` is the server the one that it should be.
    ///
    /// [`SaslError::Refused`] for `e=`; [`SaslError::ServerSignature`] if it accepts without knowing the password.
    pub fn verify(self, server_final: &[u8]) -> Result<(), SaslError> {
        match ServerFinalMessage::parse(server_final)? {
            ServerFinalMessage::Error(error) => Err(refused(error)),
            ServerFinalMessage::Verifier(signature) => {
                if signature.into_key(self.hash) == Some(self.server_signature) {
                    Ok(())
                } else {
                    Err(SaslError::ServerSignature)
                }
            }
        }
    }
}

fn refused(error: &str) -> SaslError {
    SaslError::Refused {
        reason: presentable(error.chars()),
    }
}

#[cfg(test)]
mod tests;
