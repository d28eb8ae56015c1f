//! The server's side: the client says who it is, the server asks for a proof, and gives its own.

use super::message::{ClientFinalMessage, ClientFirstMessage, encoded};
use super::{Login, Nonce, ScramCredential};
use crate::sasl::SaslError;
use crate::secret::{Key, Secret};

/// Who wants in, before anything is proved. The caller looks up the credential.
#[derive(Debug, Clone)]
pub struct Greeting {
    user: String,
    login: Login,
    nonce: String,
    header: String,
    bare: String,
}

/// The server has asked for a proof, and waits for it.
#[derive(Debug, Clone)]
pub struct ServerFirst {
    credential: ScramCredential,
    user: String,
    login: Login,
    nonce: String,
    header: String,
    message: String,
    bare: String,
}

/// The client is who it says it is.
#[derive(Debug, Clone)]
pub struct ServerFinal {
    user: String,
    login: Login,
    message: Secret,
}

impl Greeting {
    /// Reads the client's first message.
    ///
    /// An error if it asks for channel binding, demands an extension, or wants to act as somebody else. Extensions other than
    /// `tokenauth` are skipped.
    pub fn parse(client_first: &[u8]) -> Result<Self, SaslError> {
        let message = ClientFirstMessage::parse(client_first)?;
        if message
            .authorization
            .is_some_and(|authorization| authorization != message.user)
        {
            return Err(SaslError::Identity);
        }
        Ok(Self {
            user: message.user,
            login: Login::from_extensions(&message.extensions),
            nonce: message.nonce.to_owned(),
            header: message.header.to_owned(),
            bare: message.bare.to_owned(),
        })
    }

    /// Who wants in: a user, or the id of a delegation token.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Which of the two it is.
    pub fn login(&self) -> Login {
        self.login
    }

    /// Asks for the proof. `nonce` has to be new for every exchange.
    ///
    /// For a user that does not exist there is nothing to ask: answer with [`refusal`]. Whoever is not to learn which users exist is
    /// asked with a made-up credential, the same one every time.
    pub fn challenge(self, credential: ScramCredential, nonce: &Nonce) -> ServerFirst {
        let nonce = format!("{}{}", self.nonce, nonce.text());
        let salting = credential.salting();
        let (salt, iterations) = (encoded(salting.salt()), salting.iterations());
        ServerFirst {
            message: format!("r={nonce},s={salt},i={iterations}"),
            credential,
            user: self.user,
            login: self.login,
            nonce,
            header: self.header,
            bare: self.bare,
        }
    }
}

impl ServerFirst {
    /// What to send.
    pub fn message(&self) -> Secret {
        Secret(self.message.clone().into_bytes().into())
    }

    /// Takes the client's proof.
    ///
    /// An error if the client does not repeat nonce and header ([`SaslError::ForeignNonce`], [`SaslError::ChannelBinding`]), or does
    /// not know the password ([`SaslError::Proof`]); [`refusal`] puts it into the server's words.
    pub fn verify(self, client_final: &[u8]) -> Result<ServerFinal, SaslError> {
        let message = ClientFinalMessage::parse(client_final)?;
        if message.nonce != self.nonce {
            return Err(SaslError::ForeignNonce);
        }
        if !message.channel_binding.is(self.header.as_bytes()) {
            return Err(SaslError::ChannelBinding);
        }
        let hash = self.credential.salting().hash();
        let proof = message.proof.into_key(hash).ok_or(SaslError::Proof)?;
        let signed = format!("{},{},{}", self.bare, self.message, message.without_proof);
        let client_signature = hash.hmac(self.credential.stored_key(), signed.as_bytes())?;
        let client_key: Key = proof.xor(&client_signature);
        if hash.hash(client_key.bytes()) != *self.credential.stored_key() {
            return Err(SaslError::Proof);
        }
        let signature = hash.hmac(self.credential.server_key(), signed.as_bytes())?;
        Ok(ServerFinal {
            user: self.user,
            login: self.login,
            message: Secret(
                format!("v={}", encoded(signature.bytes()))
                    .into_bytes()
                    .into(),
            ),
        })
    }
}

impl ServerFinal {
    /// What to send: the server's own proof.
    pub fn message(&self) -> Secret {
        self.message.clone()
    }

    /// Who has logged in: a user, or the id of a delegation token.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Which of the two it is.
    pub fn login(&self) -> Login {
        self.login
    }
}

/// `e=` and RFC 5802's word for what went wrong: the server's last message when it refuses.
///
/// Kafka's brokers do not send it; they answer `SASL_AUTHENTICATION_FAILED` with empty bytes.
pub fn refusal(error: &SaslError) -> Secret {
    let word = match error {
        SaslError::Proof => "invalid-proof",
        SaslError::ChannelBinding => "channel-binding-not-supported",
        SaslError::MandatoryExtension { .. } => "extensions-not-supported",
        SaslError::Malformed {
            expected: "UTF-8" | "base64",
            ..
        } => "invalid-encoding",
        SaslError::Malformed {
            expected: "a name", ..
        } => "invalid-username-encoding",
        SaslError::TooLong { .. } | SaslError::NoRandomness => "no-resources",
        _ => "other-error",
    };
    Secret(format!("e={word}").into_bytes().into())
}

#[cfg(test)]
mod tests;
