use sasl::common::Password;
use sasl::common::scram::{ScramProvider, Sha1};

use super::*;
use crate::secret::SecretText;

const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";

/// RFC 7677, section 3.
const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn first(user: &str, login: Login) -> ClientFirst {
    let nonce = Nonce::new(NONCE).unwrap();
    ClientFirst::new(ScramHash::Sha256, user, login, nonce).unwrap()
}

fn challenged(server_first: &str) -> Result<Challenge, SaslError> {
    first("user", Login::Password).challenged(server_first.as_bytes())
}

/// The state after the proof of RFC 7677's example.
fn proved() -> ClientFinal {
    let challenge = challenged(SERVER_FIRST).unwrap();
    let salted = challenge.salting().derive(&SecretText::new("pencil"));
    challenge.answer(&salted.unwrap()).unwrap()
}

fn text(message: &Secret) -> &str {
    str::from_utf8(&message.0).unwrap()
}

#[test]
fn the_example_of_rfc_7677_comes_out() {
    assert_eq!(
        text(&first("user", Login::Password).message()),
        "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    );
    let last = proved();
    assert_eq!(
        text(&last.message()),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    assert_eq!(last.verify(SERVER_FINAL.as_bytes()), Ok(()));
}

/// RFC 5802, section 5, is over SHA-1, which Kafka has not: our messages, with the `sasl` crate's SHA-1 around them.
#[test]
fn what_both_sides_sign_in_rfc_5802_is_what_we_sign() {
    let nonce = Nonce::new("fyko+d2lbbFgONRv9qkxdawL").unwrap();
    let first = ClientFirst::new(ScramHash::Sha256, "user", Login::Password, nonce).unwrap();
    assert_eq!(
        text(&first.message()),
        "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    );
    let server_first = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    let challenge = first.challenged(server_first).unwrap();

    let salting = challenge.salting();
    let salted = Sha1::derive(
        &Password::Plain("pencil".into()),
        salting.salt(),
        salting.iterations(),
    )
    .unwrap();
    let client_key = Sha1::hmac(b"Client Key", &salted).unwrap();
    let signature = Sha1::hmac(challenge.signed.as_bytes(), &Sha1::hash(&client_key)).unwrap();
    let proof = Key::new(client_key).xor(&Key::new(signature));
    assert_eq!(
        format!("{},p={}", challenge.without_proof, encoded(proof.bytes())),
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    let server_key = Sha1::hmac(b"Server Key", &salted).unwrap();
    let verifier = Sha1::hmac(challenge.signed.as_bytes(), &server_key).unwrap();
    let server_final = format!("v={}", encoded(&verifier));
    assert_eq!(server_final, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
}

#[test]
fn names_are_escaped_and_tokens_say_so() {
    for (user, login, expected) in [
        (
            "a,b=c",
            Login::Password,
            "n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO",
        ),
        ("=2C", Login::Password, "n,,n==3D2C,r=rOprNGfwEbeRWgbNEkqO"),
        (
            "Jürgen",
            Login::Password,
            "n,,n=Jürgen,r=rOprNGfwEbeRWgbNEkqO",
        ),
        (
            "id",
            Login::DelegationToken,
            "n,,n=id,r=rOprNGfwEbeRWgbNEkqO,tokenauth=true",
        ),
    ] {
        assert_eq!(text(&first(user, login).message()), expected);
    }
    for user in ["", "a\0b"] {
        let nonce = Nonce::new(NONCE).unwrap();
        let error = ClientFirst::new(ScramHash::Sha256, user, Login::Password, nonce).unwrap_err();
        assert!(matches!(error, SaslError::Input { .. }), "{error}");
    }
}

#[test]
fn a_foreign_nonce_is_refused() {
    for nonce in [
        // Not ours, ours without more, ours cut, ours in another case, ours at the end.
        "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
        "rOprNGfwEbeRWgbNEkqO",
        "rOprNGfwEbeRWgbNEkq",
        "ROPRNGfwEbeRWgbNEkqO%hvYDpWUa2",
        "%hvYDpWUa2rOprNGfwEbeRWgbNEkqO",
    ] {
        let message = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        assert_eq!(challenged(&message).unwrap_err(), SaslError::ForeignNonce);
    }
}

#[test]
fn iterations_out_of_bounds_are_refused() {
    let asked = |iterations: &str| {
        challenged(&format!(
            "r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i={iterations}"
        ))
    };
    for (iterations, offered) in [
        ("0", 0),
        ("1", 1),
        ("4095", 4095),
        ("1000001", 1_000_001),
        ("4294967295", u64::from(u32::MAX)),
        // Cut to 32 bits, this would be 4096.
        ("4294971392", 4_294_971_392),
        ("99999999999999999999999999", u64::MAX),
    ] {
        let error = asked(iterations).unwrap_err();
        assert_eq!(error, SaslError::Iterations { offered });
    }
    for iterations in ["4096", "1000000"] {
        let count = asked(iterations).unwrap().salting().iterations();
        assert_eq!(count.to_string(), iterations);
    }
    for iterations in ["", "-4096", "+4096", "04096", "4096.0", "0x1000", " 4096"] {
        let error = asked(iterations).unwrap_err();
        assert!(matches!(error, SaslError::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_salt_out_of_bounds_is_refused() {
    let asked = |salt: &str| challenged(&format!("r={NONCE}x,s={salt},i=4096"));
    for bytes in [0, 1, 7, 1025, 1026] {
        let error = asked(&encoded(&vec![7; bytes])).unwrap_err();
        assert_eq!(error, SaslError::Salt { bytes });
    }
    for bytes in [8, 16, 1024] {
        let challenge = asked(&encoded(&vec![7; bytes])).unwrap();
        assert_eq!(challenge.salting().salt(), vec![7; bytes]);
    }
    let endless = asked(&"A".repeat(400_000)).unwrap_err();
    assert_eq!(endless, SaslError::Salt { bytes: 300_000 });
    let more_than_endless = asked(&"A".repeat(1_000_000)).unwrap_err();
    assert!(matches!(more_than_endless, SaslError::TooLong { .. }));
}

#[test]
fn what_must_be_understood_and_is_not_ends_the_exchange() {
    for message in [
        format!("m=x,r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
        format!("r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,m=x"),
    ] {
        let error = challenged(&message).unwrap_err();
        let message = "server-first-message";
        assert_eq!(error, SaslError::MandatoryExtension { message });
    }
    let error = proved().verify(format!("{SERVER_FINAL},m=x").as_bytes());
    let message = "server-final-message";
    assert_eq!(error, Err(SaslError::MandatoryExtension { message }));
}

#[test]
fn a_refusal_is_told_in_the_servers_words_early_or_late() {
    let refused = |reason: &str| SaslError::Refused {
        reason: reason.into(),
    };
    let early = challenged("e=unknown-user").unwrap_err();
    assert_eq!(early, refused("unknown-user"));
    let late = proved().verify(b"e=invalid-proof,x=y").unwrap_err();
    assert_eq!(late, refused("invalid-proof"));
    assert_eq!(late.to_string(), "the server refuses: invalid-proof");
    // It may go to a terminal.
    let rude = proved().verify(b"e=\x1b[2J\n").unwrap_err();
    assert_eq!(rude, refused("\u{fffd}[2J\u{fffd}"));
    let long = proved().verify(format!("e={}", "x".repeat(10_000)).as_bytes());
    assert_eq!(long, Err(refused(&"x".repeat(256))));
}

#[test]
fn a_forged_signature_is_no_server() {
    for signature in [
        "v=",
        "v=AAAA",
        // One bit of the right one; the right one cut; the client's own proof sent back.
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9",
        "v=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    ] {
        let verified = proved().verify(signature.as_bytes());
        assert!(
            matches!(
                verified,
                Err(SaslError::ServerSignature | SaslError::Malformed { .. })
            ),
            "{signature}: {verified:?}"
        );
    }
    for nothing in ["", "v", "V=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="] {
        let verified = proved().verify(nothing.as_bytes());
        assert!(matches!(verified, Err(SaslError::Malformed { .. })));
    }
    let twice = format!("{SERVER_FINAL},{SERVER_FINAL}");
    let verified = proved().verify(twice.as_bytes());
    assert!(matches!(verified, Err(SaslError::Malformed { .. })));
}

#[test]
fn a_salted_password_is_good_for_its_own_salting_only() {
    let challenge = challenged(SERVER_FIRST).unwrap();
    let salting = challenge.salting().clone();
    let other = |hash, salt: &[u8], iterations| {
        let salting = Salting::new(hash, salt.to_vec(), iterations).unwrap();
        let bytes = vec![0; hash.output_bytes()];
        SaltedPassword::from_bytes(salting, bytes).unwrap()
    };
    for stale in [
        other(ScramHash::Sha512, salting.salt(), 4096),
        other(ScramHash::Sha256, b"another salt", 4096),
        other(ScramHash::Sha256, salting.salt(), 4097),
    ] {
        let error = challenge.clone().answer(&stale).unwrap_err();
        assert_eq!(error, SaslError::StaleKey);
    }
    let mine = other(ScramHash::Sha256, salting.salt(), 4096);
    assert!(challenge.answer(&mine).is_ok());
}

#[test]
fn debug_shows_no_key_and_no_proof() {
    let challenge = challenged(SERVER_FIRST).unwrap();
    let password = SecretText::new("pencil");
    let salted = challenge.salting().derive(&password).unwrap();
    let shown = format!(
        "{password:?} {salted:?} {:?} {challenge:?} {:?}",
        salted.credential().unwrap(),
        proved()
    );
    let bytes = format!("{:?}", salted.expose());
    for secret in [
        "pencil",
        "dHzbZapWIk4j",
        "6rriTRBi23Wp",
        bytes.trim_matches(['[', ']']),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
