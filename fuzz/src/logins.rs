//! Who logs in, where the SCRAM targets need somebody: the seeds and the targets have to agree.

use kafka_wire::SecretText;
use kafka_wire::sasl::scram::{
    ClientFirst, Greeting, Login, Nonce, SaltedPassword, Salting, ScramHash,
};

/// Nonces of RFC 7677, section 3.
pub const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
/// What the server of the RFC adds.
pub const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
/// A token that must never be seen.
pub const TOKEN: &str = "dG9rZW4.LW5vLWJvZHk_.c2VlLW1l==";

/// An exchange that a byte chooses: hash, kind of login and name.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Over which hash.
    pub hash: ScramHash,
    /// A user or a token.
    pub login: Login,
    /// Some names have to be escaped.
    pub user: &'static str,
}

impl Setting {
    /// What `byte` chooses.
    pub fn of(byte: u8) -> Self {
        const USERS: [&str; 4] = ["user", "a,b=c", "=2C,=", "größe"];
        let hash = if byte & 1 == 0 {
            ScramHash::Sha256
        } else {
            ScramHash::Sha512
        };
        let login = if byte & 2 == 0 {
            Login::Password
        } else {
            Login::DelegationToken
        };
        let user = USERS[usize::from(byte >> 2 & 3)];
        Self { hash, login, user }
    }

    /// The client's side.
    pub fn client(&self) -> ClientFirst {
        let nonce = Nonce::new(CLIENT_NONCE).unwrap();
        ClientFirst::new(self.hash, self.user, self.login, nonce).unwrap()
    }

    /// How the server of the RFC salts.
    pub fn salting(&self) -> Salting {
        let salt = b"\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81";
        Salting::new(self.hash, salt.to_vec(), 4096).unwrap()
    }

    /// Both messages of the client and both of the server, as in an exchange that succeeds.
    pub fn exchange(&self) -> [Vec<u8>; 4] {
        let salted = salted(&self.salting());
        let client_first = self.client().message();
        let server = Greeting::parse(&client_first.0).unwrap();
        let nonce = Nonce::new(SERVER_NONCE).unwrap();
        let server = server.challenge(salted.credential().unwrap(), &nonce);
        let server_first = server.message();
        let challenge = self.client().challenged(&server_first.0).unwrap();
        let client_final = challenge.answer(&salted).unwrap();
        let server_final = server.verify(&client_final.message().0).unwrap();
        client_final
            .clone()
            .verify(&server_final.message().0)
            .unwrap();
        [
            client_first,
            server_first,
            client_final.message(),
            server_final.message(),
        ]
        .map(|message| message.0.to_vec())
    }
}

/// A salted password without the work of salting: which it is, is of no account.
pub fn salted(salting: &Salting) -> SaltedPassword {
    let bytes = vec![7; salting.hash().output_bytes()];
    SaltedPassword::from_bytes(salting.clone(), bytes).unwrap()
}

/// [`TOKEN`] as the doors take it.
pub fn token() -> SecretText {
    SecretText::new(TOKEN)
}

/// The two messages of an input: up to the first line end, and behind it.
pub fn two_messages(data: &[u8]) -> (&[u8], &[u8]) {
    let mut messages = data.splitn(2, |byte| *byte == b'\n');
    let first = messages.next().unwrap_or_default();
    (first, messages.next().unwrap_or_default())
}

/// The most that it may cost to read `length` bytes of a login: small parts, each copied, in vectors that double.
pub fn limit(length: usize) -> usize {
    64 * length + crate::memory::FIXED_BYTES
}
