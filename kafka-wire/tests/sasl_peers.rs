//! SASL against other people's implementations: `rsasl` on either side, and the client of the `sasl` crate.
//!
//! They share no code with ours but the hash functions: what both take for a login is one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::sync::Arc;

use kafka_wire::sasl::oauthbearer::{self, Answer, Refusal};
use kafka_wire::sasl::scram::{
    ClientFirst, Greeting, Login, Nonce, Salting, ScramCredential, ScramHash, refusal,
};
use kafka_wire::sasl::{SaslError, plain};
use kafka_wire::{Secret, SecretText};
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::oauthbearer::properties::{OAuthBearerError, OAuthBearerValidate};
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::mechanisms::scram::tools::{derive_keys, hash_password};
use rsasl::prelude::{
    Mechname, SASLClient, SASLConfig, SASLServer, Session, SessionError, State, Validation,
};
use rsasl::property::{AuthId, AuthzId, OAuthBearerKV, OAuthBearerToken, Password};
use rsasl::validate::{Validate, ValidationError};
use sasl::client::Mechanism;
use sasl::client::mechanisms::Scram;
use sasl::common::ChannelBinding;
use sasl::common::scram::Sha256;
use sha2::Digest;

const ITERATIONS: u32 = 4096;

/// Names and passwords that have been trouble somewhere.
const USERS: [(&str, &str); 6] = [
    ("user", "pencil"),
    ("a,b=c", "p,a=s,s"),
    ("=2C,=3D", "=2C"),
    ("Jürgen Ω", "pässwörd 🔑 \u{ad}ﬁ"),
    (" ", " "),
    ("n", "\u{1}\n\t"),
];

/// What `rsasl` asks while it is client or server: all that anybody has in these tests.
#[derive(Debug, Clone, Default)]
struct Known {
    user: String,
    password: String,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
    token: String,
    extensions: Vec<(String, String)>,
}

impl SessionCallback for Known {
    fn callback(
        &self,
        _: &SessionData,
        context: &Context,
        request: &mut Request,
    ) -> Result<(), SessionError> {
        request
            .satisfy::<AuthId>(&self.user)?
            .satisfy::<Password>(self.password.as_bytes())?
            .satisfy::<OAuthBearerToken>(&self.token)?;
        if !self.stored_key.is_empty() {
            request.satisfy::<ScramStoredPassword>(&ScramStoredPassword::new(
                ITERATIONS,
                &self.salt,
                &self.stored_key,
                &self.server_key,
            ))?;
        }
        let extensions: Vec<(&str, &str)> = self
            .extensions
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        request.satisfy::<OAuthBearerKV>(&extensions)?;
        if request.is::<OAuthBearerValidate>() {
            // It hands on the scheme with the token.
            let expected = format!("Bearer {}", self.token);
            let sent = context.get_ref::<OAuthBearerToken>();
            let is_good = sent == Some(&expected)
                && context.get_ref::<OAuthBearerKV>() == Some(&extensions[..]);
            let refused = OAuthBearerError::new("invalid_token", Some("kafka"), None);
            request.satisfy::<OAuthBearerValidate>(&if is_good { Ok(()) } else { Err(refused) })?;
        }
        Ok(())
    }

    fn validate(
        &self,
        session: &SessionData,
        context: &Context,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        validate.with::<Passed, _>(|| {
            Ok(if session.mechanism().mechanism.as_str() == "PLAIN" {
                context.get_ref::<AuthId>() == Some(&self.user)
                    && context.get_ref::<Password>() == Some(self.password.as_bytes())
                    && context.get_ref::<AuthzId>().is_none_or(str::is_empty)
            } else {
                true
            })
        })?;
        Ok(())
    }
}

/// Whether `rsasl`'s server let somebody in.
struct Passed;

impl Validation for Passed {
    type Value = bool;
}

fn config(known: &Known) -> Arc<SASLConfig> {
    let builder = SASLConfig::builder().with_defaults();
    builder.with_callback(known.clone()).unwrap()
}

fn client(mechanism: &str, known: &Known) -> Session {
    let name = Mechname::parse(mechanism.as_bytes()).unwrap();
    SASLClient::new(config(known))
        .start_suggested(&[name])
        .unwrap()
}

fn server(mechanism: &str, known: &Known) -> Session<Passed> {
    let name = Mechname::parse(mechanism.as_bytes()).unwrap();
    SASLServer::<Passed>::new(config(known))
        .start_suggested(name)
        .unwrap()
}

/// One step of `rsasl`: what it says, and whether that was its last word.
fn step<V: Validation>(session: &mut Session<V>, heard: Option<&Secret>) -> (Secret, State) {
    let mut said = Vec::new();
    let state = session
        .step(heard.map(|heard| &heard.0[..]), &mut said)
        .unwrap();
    (Secret(said.into()), state)
}

/// What `rsasl` would keep of a password: not what we would.
macro_rules! keep {
    ($Hash:ty, $password:expr, $salt:expr) => {{
        let mut salted = Default::default();
        hash_password::<$Hash>($password.as_bytes(), ITERATIONS, $salt, &mut salted);
        let (client_key, server_key) = derive_keys::<$Hash>(&salted);
        (<$Hash>::digest(client_key).to_vec(), server_key.to_vec())
    }};
}

fn known(hash: ScramHash, user: &str, password: &str) -> Known {
    let salt = b"sixteen bytes...";
    let (stored_key, server_key) = match hash {
        ScramHash::Sha256 => keep!(sha2::Sha256, password, salt),
        ScramHash::Sha512 => keep!(sha2::Sha512, password, salt),
    };
    Known {
        user: user.into(),
        password: password.into(),
        salt: salt.to_vec(),
        stored_key,
        server_key,
        ..Known::default()
    }
}

/// Our client logs in at `rsasl`'s server.
fn log_in(hash: ScramHash, user: &str, typed: &str, known: &Known) -> Result<(), SaslError> {
    let mut server = server(hash.mechanism().name(), known);
    let first = ClientFirst::new(hash, user, Login::Password, Nonce::random()?)?;
    let (said, _) = step(&mut server, Some(&first.message()));
    let challenge = first.challenged(&said.0)?;
    let salted = challenge.salting().derive(&SecretText::new(typed))?;
    let last = challenge.answer(&salted)?;
    let (said, state) = step(&mut server, Some(&last.message()));
    assert!(state.is_finished());
    last.verify(&said.0)?;
    assert_eq!(server.validation(), Some(true));
    Ok(())
}

/// Our server lets a client in; `says` gives the client's next message for what it has heard.
fn let_in(
    credential: ScramCredential,
    user: &str,
    mut says: impl FnMut(Option<&Secret>) -> Secret,
) -> Result<Secret, SaslError> {
    let greeting = Greeting::parse(&says(None).0)?;
    assert_eq!((greeting.user(), greeting.login()), (user, Login::Password));
    let asked = greeting.challenge(credential, &Nonce::random()?);
    let client_final = says(Some(&asked.message()));
    Ok(asked.verify(&client_final.0)?.message())
}

fn credential(hash: ScramHash, password: &str) -> ScramCredential {
    let salting = Salting::new(hash, b"sixteen bytes...".to_vec(), ITERATIONS).unwrap();
    let salted = salting.derive(&SecretText::new(password)).unwrap();
    salted.credential().unwrap()
}

#[test]
fn our_scram_client_logs_in_at_another_server() {
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        for (user, password) in USERS {
            let known = known(hash, user, password);
            assert_eq!(log_in(hash, user, password, &known), Ok(()), "{user}");
            let refused = log_in(hash, user, "something else", &known).unwrap_err();
            let reason = "invalid-proof".into();
            assert_eq!(refused, SaslError::Refused { reason });
        }
        let nobody = log_in(hash, "nobody", "x", &Known::default()).unwrap_err();
        let reason = "unknown-user".into();
        assert_eq!(nobody, SaslError::Refused { reason });
    }
}

#[test]
fn another_scram_client_logs_in_at_our_server() {
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        for (user, password) in USERS {
            let known = known(hash, user, password);
            let mut session = client(hash.mechanism().name(), &known);
            let last = let_in(credential(hash, password), user, |heard| {
                step(&mut session, heard).0
            });
            // It believes us, too.
            let (_, state) = step(&mut session, Some(&last.unwrap()));
            assert!(state.is_finished());

            let mut session = client(hash.mechanism().name(), &known);
            let says = |heard: Option<&Secret>| step(&mut session, heard).0;
            let error = let_in(credential(hash, "something else"), user, says).unwrap_err();
            assert_eq!(error, SaslError::Proof);
            // It understands our refusal.
            let refused = session.step(Some(&refusal(&error).0), &mut Vec::new());
            assert!(refused.is_err());
        }
    }
}

#[test]
fn the_client_of_the_sasl_crate_logs_in_at_our_server() {
    // It does not escape names.
    for (user, password) in [("user", "pencil"), ("Jürgen Ω", "pässwörd 🔑 \u{ad}ﬁ")] {
        let mut mechanism = Scram::<Sha256>::new(user, password, ChannelBinding::None).unwrap();
        let last = let_in(credential(ScramHash::Sha256, password), user, |heard| {
            Secret(match heard {
                None => mechanism.initial().into(),
                Some(heard) => mechanism.response(&heard.0).unwrap().into(),
            })
        });
        mechanism.success(&last.unwrap().0).unwrap();
    }
}

#[test]
fn plain_is_the_same_on_both_sides() {
    // rsasl's server prepares names and passwords: only those that stay as they are.
    for (user, password) in [
        ("user", "pencil"),
        ("a,b=c", "p,a=s,s"),
        ("Jürgen", "pässwörd"),
    ] {
        let known = known(ScramHash::Sha256, user, password);
        let check = |typed: &str| {
            let mut server = server("PLAIN", &known);
            let said = plain::message(user, &SecretText::new(typed)).unwrap();
            step(&mut server, Some(&said));
            server.validation()
        };
        assert_eq!(check(password), Some(true));
        assert_eq!(check("something else"), Some(false));

        let (said, _) = step(&mut client("PLAIN", &known), None);
        let login = plain::Login::parse(&said.0).unwrap();
        assert_eq!(login.user(), user);
        assert!(login.has_password(&SecretText::new(password)));
    }
}

#[test]
fn oauthbearer_is_the_same_on_both_sides() {
    let known = Known {
        token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.".into(),
        extensions: vec![("one".into(), "1".into()), ("two".into(), "a b".into())],
        ..Known::default()
    };
    let extensions = [("one", "1"), ("two", "a b")];

    // Our client, their server.
    let answer = |token: &str, extensions: &[(&str, &str)]| {
        let first = oauthbearer::ClientFirst::new(&SecretText::new(token), extensions).unwrap();
        let mut server = server("OAUTHBEARER", &known);
        let (said, state) = step(&mut server, Some(&first.message()));
        let answer = first.answered(&said.0);
        if answer != Answer::Accepted {
            assert!(state.is_running());
            let (_, state) = step(&mut server, Some(&oauthbearer::acknowledgement()));
            assert!(state.is_finished());
        }
        answer
    };
    let refused = Answer::Refused(Refusal {
        scope: Some("kafka".into()),
        ..Refusal::new("invalid_token")
    });
    assert_eq!(answer(&known.token, &extensions), Answer::Accepted);
    assert_eq!(answer("another", &extensions), refused);
    assert_eq!(answer(&known.token, &[]), refused);

    // Their client, our server.
    let mut client = client("OAUTHBEARER", &known);
    let (said, _) = step(&mut client, None);
    let login = oauthbearer::Login::parse(&said.0).unwrap();
    assert_eq!(login.token().expose(), known.token);
    assert_eq!(login.extensions(), known.extensions);
}
