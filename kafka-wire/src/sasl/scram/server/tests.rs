use super::*;
use crate::sasl::scram::{Salting, ScramHash};
use crate::secret::SecretText;

const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const NONCES: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const PROOF: &str = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

/// The server of RFC 7677, section 3, after its challenge.
fn asked(client_first: &str) -> ServerFirst {
    // "W22ZaJ0SNY7soEsUEjb6gQ==" decoded.
    let salt = [
        0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa,
        0x81,
    ];
    let salting = Salting::new(ScramHash::Sha256, salt.to_vec(), 4096).unwrap();
    let salted = salting.derive(&SecretText::new("pencil")).unwrap();
    let greeting = Greeting::parse(client_first.as_bytes()).unwrap();
    let nonce = Nonce::new("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").unwrap();
    greeting.challenge(salted.credential().unwrap(), &nonce)
}

fn verify(client_final: &str) -> Result<ServerFinal, SaslError> {
    asked(CLIENT_FIRST).verify(client_final.as_bytes())
}

fn text(message: &Secret) -> &str {
    str::from_utf8(&message.0).unwrap()
}

#[test]
fn the_example_of_rfc_7677_comes_out() {
    assert_eq!(
        text(&asked(CLIENT_FIRST).message()),
        format!("r={NONCES},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    );
    let accepted = verify(&format!("c=biws,r={NONCES},{PROOF}")).unwrap();
    assert_eq!(accepted.user(), "user");
    assert_eq!(accepted.login(), Login::Password);
    assert_eq!(
        text(&accepted.message()),
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    );
}

#[test]
fn a_client_that_does_not_know_the_password_is_refused() {
    for proof in [
        "p=",
        "p=AAAA",
        "p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    ] {
        let error = verify(&format!("c=biws,r={NONCES},{proof}")).unwrap_err();
        assert_eq!(error, SaslError::Proof);
        assert_eq!(text(&refusal(&error)), "e=invalid-proof");
    }
}

/// CVE-2024-56128: Kafka's broker once did not look at the nonce, and took proofs of other exchanges.
#[test]
fn a_client_has_to_repeat_both_nonces() {
    for nonce in [
        "rOprNGfwEbeRWgbNEkqO",
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k1",
        "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0x",
    ] {
        let error = verify(&format!("c=biws,r={nonce},{PROOF}")).unwrap_err();
        assert_eq!(error, SaslError::ForeignNonce);
    }
}

#[test]
fn a_client_has_to_repeat_what_it_said_about_channel_binding() {
    for binding in ["", "eSws", "biw=", "biwsAAAA"] {
        let error = verify(&format!("c={binding},r={NONCES},{PROOF}")).unwrap_err();
        assert_eq!(error, SaslError::ChannelBinding, "{binding}");
    }
    for message in [
        "y,,n=user,r=abc",
        "p=tls-exporter,,n=user,r=abc",
        "p=tls-unique,a=user,n=user,r=abc",
    ] {
        let error = Greeting::parse(message.as_bytes()).unwrap_err();
        assert_eq!(error, SaslError::ChannelBinding);
        assert_eq!(text(&refusal(&error)), "e=channel-binding-not-supported");
    }
}

#[test]
fn nobody_acts_as_somebody_else() {
    let greeting = Greeting::parse(b"n,a=a=2Cb,n=a=2Cb,r=abc").unwrap();
    assert_eq!(greeting.user(), "a,b");
    let error = Greeting::parse(b"n,a=admin,n=user,r=abc").unwrap_err();
    assert_eq!(error, SaslError::Identity);

    // The header that is repeated is the one with the name in it: base64 of "n,a=user,".
    let asked = asked("n,a=user,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let bound = format!("c=bixhPXVzZXIs,r={NONCES},{PROOF}");
    assert_eq!(
        asked.clone().verify(bound.as_bytes()).unwrap_err(),
        SaslError::Proof
    );
    let unbound = format!("c=biws,r={NONCES},{PROOF}");
    let error = asked.verify(unbound.as_bytes()).unwrap_err();
    assert_eq!(error, SaslError::ChannelBinding);
}

#[test]
fn a_delegation_token_is_told_from_a_user() {
    for (extensions, login) in [
        ("", Login::Password),
        (",tokenauth=true", Login::DelegationToken),
        (",x=y,tokenauth=TRUE,z=1", Login::DelegationToken),
        (",tokenauth=false", Login::Password),
        (",Tokenauth=true", Login::Password),
    ] {
        let greeting = Greeting::parse(format!("n,,n=id,r=abc{extensions}").as_bytes()).unwrap();
        assert_eq!((greeting.user(), greeting.login()), ("id", login));
    }
    let message = "client-first-message";
    let error = Greeting::parse(b"n,,n=id,r=abc,m=x").unwrap_err();
    assert_eq!(error, SaslError::MandatoryExtension { message });
    assert_eq!(text(&refusal(&error)), "e=extensions-not-supported");
}
