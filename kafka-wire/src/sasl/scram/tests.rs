//! Client and server against each other.

use proptest::prelude::*;

use super::*;
use crate::secret::{Secret, SecretText};

/// A whole exchange: the four messages, or why it ended.
fn exchange(
    hash: ScramHash,
    user: &str,
    login: Login,
    [known, typed]: [&str; 2],
) -> Result<[Secret; 4], SaslError> {
    let salting = Salting::new(hash, b"sixteen bytes...".to_vec(), MIN_ITERATIONS)?;
    let credential = salting.derive(&SecretText::new(known))?.credential()?;

    let first = ClientFirst::new(hash, user, login, Nonce::random()?)?;
    let client_first = first.message();
    let greeting = Greeting::parse(&client_first.0)?;
    assert_eq!((greeting.user(), greeting.login()), (user, login));
    let asked = greeting.challenge(credential, &Nonce::random()?);
    let server_first = asked.message();
    let challenge = first.challenged(&server_first.0)?;
    let salted = challenge.salting().derive(&SecretText::new(typed))?;
    let answered = challenge.answer(&salted)?;
    let client_final = answered.message();
    let accepted = asked.verify(&client_final.0)?;
    assert_eq!((accepted.user(), accepted.login()), (user, login));
    let server_final = accepted.message();
    answered.verify(&server_final.0)?;
    Ok([client_first, server_first, client_final, server_final])
}

fn hash() -> impl Strategy<Value = ScramHash> {
    prop_oneof![Just(ScramHash::Sha256), Just(ScramHash::Sha512)]
}

fn login() -> impl Strategy<Value = Login> {
    prop_oneof![Just(Login::Password), Just(Login::DelegationToken)]
}

proptest! {
    // Each case is two runs of PBKDF2.
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_knows_the_password_gets_in_whatever_the_name(
        hash in hash(), login in login(), user in "[^\0]{1,40}|[,=2CD3]{1,12}", password in "\\PC{0,40}",
    ) {
        let known = [password.as_str(), password.as_str()];
        prop_assert!(exchange(hash, &user, login, known).is_ok());
    }

    #[test]
    fn whoever_does_not_stays_out(hash in hash(), known in "\\PC{0,12}", typed in "\\PC{0,12}") {
        prop_assume!(known != typed);
        let ended = exchange(hash, "user", Login::Password, [&known, &typed]);
        prop_assert_eq!(ended.map(|_| ()), Err(SaslError::Proof));
    }
}

/// Both sides of an exchange, and what they have heard so far.
struct Sides {
    first: ClientFirst,
    asked: ServerFirst,
    answered: ClientFinal,
    messages: [Secret; 4],
}

fn sides(hash: ScramHash) -> Sides {
    let salting = Salting::new(hash, b"sixteen bytes...".to_vec(), MIN_ITERATIONS).unwrap();
    let salted = salting.derive(&SecretText::new("pässword")).unwrap();
    let nonce = || Nonce::random().unwrap();
    let first = ClientFirst::new(hash, "a,b=c", Login::DelegationToken, nonce()).unwrap();
    let greeting = Greeting::parse(&first.message().0).unwrap();
    let asked = greeting.challenge(salted.credential().unwrap(), &nonce());
    let challenge = first.clone().challenged(&asked.message().0).unwrap();
    let answered = challenge.answer(&salted).unwrap();
    let accepted = asked.clone().verify(&answered.message().0).unwrap();
    Sides {
        messages: [
            first.message(),
            asked.message(),
            answered.message(),
            accepted.message(),
        ],
        first,
        asked,
        answered,
    }
}

/// Everything that one wrong byte makes of a message, and everything that is left when its end is missing.
fn damaged(message: &Secret) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..message.0.len()).map(|end| message.0[..end].to_vec());
    let changed = (0..message.0.len()).flat_map(move |at| {
        (0..=255).filter_map(move |byte| {
            let mut message = message.0.to_vec();
            let was = std::mem::replace(&mut message[at], byte);
            (was != byte).then_some(message)
        })
    });
    cut.chain(changed)
}

#[test]
fn no_damaged_message_panics_and_none_that_proves_something_is_taken() {
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        let sides = sides(hash);
        let [client_first, server_first, client_final, server_final] = &sides.messages;
        for message in damaged(client_first) {
            let _ = Greeting::parse(&message);
        }
        for message in damaged(server_first) {
            let _ = sides.first.clone().challenged(&message);
        }
        for message in damaged(client_final) {
            let taken = sides.asked.clone().verify(&message);
            assert!(taken.is_err(), "{}", String::from_utf8_lossy(&message));
        }
        for message in damaged(server_final) {
            let taken = sides.answered.clone().verify(&message);
            assert!(taken.is_err(), "{}", String::from_utf8_lossy(&message));
        }
    }
}

#[test]
fn nonces_differ_and_may_be_sent() {
    let [one, two] = [Nonce::random().unwrap(), Nonce::random().unwrap()];
    assert_ne!(one, two);
    assert_eq!(Nonce::new(one.text()), Ok(one));
    for text in ["", "a,b", "a b", "é", "a\n"] {
        assert!(Nonce::new(text).is_err(), "{text:?}");
    }
}

#[test]
fn keys_have_the_length_of_their_hash() {
    for (hash, bytes) in [(ScramHash::Sha256, 32), (ScramHash::Sha512, 64)] {
        let salting = Salting::new(hash, vec![1; 8], 1).unwrap();
        let made =
            |bytes: usize| ScramCredential::new(salting.clone(), vec![0; bytes], vec![0; bytes]);
        assert!(made(bytes).is_ok());
        assert!(made(bytes - 1).is_err() && made(0).is_err());
        assert!(SaltedPassword::from_bytes(salting.clone(), vec![0; bytes + 1]).is_err());
    }
    let of = |salt: usize, iterations| Salting::new(ScramHash::Sha256, vec![1; salt], iterations);
    assert_eq!(of(7, 1), Err(SaslError::Salt { bytes: 7 }));
    assert_eq!(of(1025, 1), Err(SaslError::Salt { bytes: 1025 }));
    assert_eq!(of(8, 0), Err(SaslError::Iterations { offered: 0 }));
}
