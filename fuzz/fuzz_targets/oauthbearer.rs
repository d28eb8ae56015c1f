//! The mechanisms of one message: OAUTHBEARER, both sides, and PLAIN's server.
//!
//! Feeds: a client's message, which is also taken for a server's answer, and for PLAIN.
//!
//! Asserts: whatever comes costs no more than a small multiple of its bytes; token and extensions, said again, are read the same; `Debug`
//! does not show the token. No bytes at all are a yes, all others a refusal: short printable lines that never show the client's token, even
//! if the server repeats it, and read the same when said again. A name and password of PLAIN, said again, are read the same.
#![no_main]

use kafka_fuzz::logins::{TOKEN, limit, token};
use kafka_fuzz::memory::metered;
use kafka_wire::SecretText;
use kafka_wire::sasl::oauthbearer::{
    Answer, ClientFirst, Login, Refusal, acknowledgement, is_acknowledgement,
};
use kafka_wire::sasl::{SaslError, plain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (login, allocated) = metered(|| Login::parse(data));
    assert!(allocated <= limit(data.len()), "{allocated} bytes");
    if let Ok(login) = login {
        check_login(&login, data);
    }
    check_answer(data);
    assert_eq!(is_acknowledgement(data), acknowledgement().0 == data);
    if let Ok(login) = plain::Login::parse(data) {
        check_plain(&login, data);
    }
});

fn check_login(login: &Login, data: &[u8]) {
    let extensions: Vec<_> = login
        .extensions()
        .iter()
        .map(|(name, value)| (&name[..], &value[..]))
        .collect();
    let text = str::from_utf8(data).expect("read as text");
    let shown = login.token().expose();
    assert!(!shown.is_empty());
    if shown.len() > 16 && text.matches(shown).count() == 1 {
        assert!(!format!("{login:?}").contains(shown));
    }
    // RFC 7628 allows values that are empty, KIP-342 does not.
    let is_sayable = extensions.iter().all(|(_, value)| !value.is_empty());
    let said = ClientFirst::new(login.token(), &extensions);
    assert_eq!(said.is_ok(), is_sayable);
    let Ok(said) = said else { return };
    let again = Login::parse(&said.message().0).expect("our own message");
    assert_eq!(again.token(), login.token());
    assert_eq!(again.extensions(), login.extensions());
    assert_eq!(again.check_identity("anybody"), Ok(()));
    let identity = login.check_identity("\n");
    assert!(matches!(identity, Ok(()) | Err(SaslError::Identity)));
}

fn check_answer(data: &[u8]) {
    let client = ClientFirst::new(&token(), &[("logicalCluster", "lkc-1")]).unwrap();
    let (answer, allocated) = metered(|| client.clone().answered(data));
    assert!(allocated <= limit(data.len()), "{allocated} bytes");
    let Answer::Refused(refusal) = answer else {
        assert_eq!(data, b"", "a yes in so many words");
        return;
    };
    assert_ne!(data, b"");
    let Refusal {
        status,
        scope,
        openid_configuration,
    } = &refusal;
    for line in [Some(status), scope.as_ref(), openid_configuration.as_ref()]
        .into_iter()
        .flatten()
    {
        assert!(line.chars().count() <= 256);
        assert!(!line.contains(char::is_control));
        assert!(!line.contains(TOKEN));
    }
    let again = client.answered(&refusal.message().0);
    assert_eq!(again, Answer::Refused(refusal));
}

fn check_plain(login: &plain::Login, data: &[u8]) {
    let said = plain::message(login.user(), login.password())
        .expect("it was said before")
        .0;
    assert!(said.len() <= data.len());
    let again = plain::Login::parse(&said).expect("our own message");
    assert_eq!(
        (again.user(), again.password()),
        (login.user(), login.password())
    );
    assert!(login.has_password(&SecretText::new(again.password().expose())));
    let longer = format!("{}x", again.password().expose());
    assert!(!login.has_password(&SecretText::new(longer)));
}
