//! A SCRAM server and what a client may say to it.
//!
//! Feeds: a byte that chooses the hash; the client's first message up to a line end, then its last.
//!
//! Asserts: whatever comes costs no more than a small multiple of its bytes; who the server believes to talk to is who a client of that name
//! says it is, and the nonce is the client's with the server's behind it; that client's proof is accepted if it greeted with the same bytes and
//! refused if not; any other proof is refused. Every refusal is a message that a client takes for one.
#![no_main]

use kafka_fuzz::logins::{SERVER_NONCE, Setting, limit, salted, two_messages};
use kafka_fuzz::memory::metered;
use kafka_wire::sasl::SaslError;
use kafka_wire::sasl::scram::{ClientFirst, Greeting, Nonce, refusal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [setting, messages @ ..] = data else {
        return;
    };
    let setting = Setting::of(*setting);
    let (client_first, client_final) = two_messages(messages);
    let (greeting, allocated) = metered(|| Greeting::parse(client_first));
    assert!(allocated <= limit(client_first.len()), "{allocated} bytes");
    match greeting {
        Ok(greeting) => check_greeting(setting, greeting, client_first, client_final),
        Err(error) => check_refusal(setting, &error),
    }
});

fn check_greeting(setting: Setting, greeting: Greeting, client_first: &[u8], client_final: &[u8]) {
    let (user, login) = (greeting.user().to_owned(), greeting.login());
    let salted = salted(&setting.salting());
    let nonce = Nonce::new(SERVER_NONCE).unwrap();
    let server = greeting.challenge(salted.credential().unwrap(), &nonce);
    let server_first = server.message().0;
    let text = str::from_utf8(&server_first).unwrap();
    let both = text
        .strip_prefix("r=")
        .and_then(|rest| rest.split(',').next());
    let clients = both.and_then(|both| both.strip_suffix(SERVER_NONCE));
    let clients = Nonce::new(clients.expect("our nonce behind theirs")).expect("a nonce");

    // Whoever may have said that, says it again.
    let client = ClientFirst::new(setting.hash, &user, login, clients).expect("a name");
    let again = Greeting::parse(&client.message().0).expect("our own greeting");
    assert_eq!((again.user(), again.login()), (&user[..], login));
    let is_same = client.message().0 == client_first;
    let challenge = client.challenged(&server_first).expect("our own challenge");
    let answer = challenge.answer(&salted).unwrap();
    match server.clone().verify(&answer.message().0) {
        Ok(accepted) => {
            assert!(is_same);
            assert_eq!((accepted.user(), accepted.login()), (&user[..], login));
            assert_eq!(answer.clone().verify(&accepted.message().0), Ok(()));
        }
        Err(error) => {
            assert!(!is_same);
            assert!(matches!(
                error,
                SaslError::Proof | SaslError::ChannelBinding
            ));
        }
    }

    let (verified, allocated) = metered(|| server.verify(client_final));
    let known = client_first.len() + client_final.len() + server_first.len();
    assert!(allocated <= limit(known), "{allocated} bytes");
    match verified {
        Ok(_) => assert!(is_same && client_final == answer.message().0),
        Err(error) => check_refusal(setting, &error),
    }
}

fn check_refusal(setting: Setting, error: &SaslError) {
    assert!(!error.to_string().contains(char::is_control));
    let words = refusal(error).0;
    let taken = setting.client().challenged(&words);
    assert!(matches!(taken, Err(SaslError::Refused { .. })), "{words:?}");
}
