//! A SCRAM client and what a server may say to it.
//!
//! Feeds: a byte that chooses hash, login and name; the server's first message up to a line end, then its last.
//!
//! Asserts: whatever comes costs no more than a small multiple of its bytes, and no work; a challenge is accepted only if its nonce goes on
//! from ours and iterations and salt are in bounds; the proof is for that nonce, and good for exactly the server that sent exactly that
//! challenge; a salted password for another salting is refused. The last message is accepted only if it is that server's.
//! Refusals are one short printable line.
#![no_main]

use kafka_fuzz::logins::{CLIENT_NONCE, Setting, limit, salted, two_messages};
use kafka_fuzz::memory::metered;
use kafka_wire::sasl::SaslError;
use kafka_wire::sasl::scram::{
    Challenge, Greeting, MAX_ITERATIONS, MAX_SALT_BYTES, MIN_ITERATIONS, MIN_SALT_BYTES, Nonce,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [setting, messages @ ..] = data else {
        return;
    };
    let setting = Setting::of(*setting);
    let (server_first, server_final) = two_messages(messages);
    let client = setting.client();
    let (challenge, allocated) = metered(|| client.challenged(server_first));
    assert!(allocated <= limit(server_first.len()), "{allocated} bytes");
    match challenge {
        Ok(challenge) => check_challenge(setting, challenge, server_first, server_final),
        Err(error) => check_error(&error),
    }
});

fn check_challenge(
    setting: Setting,
    challenge: Challenge,
    server_first: &[u8],
    server_final: &[u8],
) {
    let salting = challenge.salting().clone();
    assert_eq!(salting.hash(), setting.hash);
    assert!((MIN_ITERATIONS..=MAX_ITERATIONS).contains(&salting.iterations()));
    assert!((MIN_SALT_BYTES..=MAX_SALT_BYTES).contains(&salting.salt().len()));
    let text = str::from_utf8(server_first).expect("read as text");
    let nonce = text
        .strip_prefix("r=")
        .and_then(|rest| rest.split(',').next());
    let servers_part = nonce.and_then(|nonce| nonce.strip_prefix(CLIENT_NONCE));
    let servers_part = servers_part.expect("our nonce");
    let servers_nonce = Nonce::new(servers_part).expect("more than our nonce");

    let other = salted(&Setting::of(0).salting());
    if *other.salting() != salting {
        let refused = challenge.clone().answer(&other);
        assert_eq!(refused.err(), Some(SaslError::StaleKey));
    }

    let salted = salted(&salting);
    let answer = challenge.answer(&salted).unwrap();
    let client_final = answer.message().0;
    let head = format!("c=biws,r={CLIENT_NONCE}{servers_part},p=");
    assert!(client_final.starts_with(head.as_bytes()));

    // A server that would have sent just this, and one that sent something else.
    let greeting = Greeting::parse(&setting.client().message().0).unwrap();
    assert_eq!(
        (greeting.user(), greeting.login()),
        (setting.user, setting.login)
    );
    let server = greeting.challenge(salted.credential().unwrap(), &servers_nonce);
    let is_same = server.message().0 == server_first;
    match server.verify(&client_final) {
        Ok(accepted) => {
            assert!(is_same);
            assert_eq!(
                (accepted.user(), accepted.login()),
                (setting.user, setting.login)
            );
            let verifier = accepted.message().0;
            assert_eq!(answer.clone().verify(&verifier), Ok(()));
            match answer.verify(server_final) {
                Ok(()) => assert!(server_final.starts_with(&verifier)),
                Err(error) => check_error(&error),
            }
        }
        Err(error) => {
            assert!(!is_same && error == SaslError::Proof);
            let refused = answer.verify(server_final);
            check_error(&refused.expect_err("a signature that nobody could make"));
        }
    }
}

fn check_error(error: &SaslError) {
    if let SaslError::Refused { reason } = error {
        assert!(reason.chars().count() <= 256);
    }
    assert!(!error.to_string().contains(char::is_control));
}
