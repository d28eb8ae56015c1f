use proptest::prelude::*;

use super::*;

fn sent(token: &str, extensions: &[(&str, &str)]) -> Result<Secret, SaslError> {
    ClientFirst::new(&SecretText::new(token), extensions).map(|first| first.message())
}

fn malformed(message: &[u8]) -> (usize, &'static str) {
    match Login::parse(message) {
        Err(SaslError::Malformed {
            offset, expected, ..
        }) => (offset, expected),
        other => panic!("{other:?}"),
    }
}

fn refused(answer: &str) -> Refusal {
    let first = ClientFirst::new(&SecretText::new("t0ken"), &[]).unwrap();
    match first.answered(answer.as_bytes()) {
        Answer::Refused(refusal) => refusal,
        Answer::Accepted => panic!("accepted"),
    }
}

#[test]
fn a_token_and_its_extensions_stand_between_bytes_of_1() {
    let message = sent("a.b-c_~+/==", &[("one", "1"), ("two", "a, b=c")]).unwrap();
    assert_eq!(
        &message.0[..],
        b"n,,\x01auth=Bearer a.b-c_~+/==\x01one=1\x01two=a, b=c\x01\x01"
    );
    let login = Login::parse(&message.0).unwrap();
    assert_eq!(login.token().expose(), "a.b-c_~+/==");
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    assert_eq!(
        login.extensions(),
        [("one", "1"), ("two", "a, b=c")].map(owned)
    );
}

/// RFC 7628, section 4.1, without the part of GSS-API that says who is meant.
#[test]
fn the_example_of_rfc_7628_is_read() {
    let message = b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
        auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
    let login = Login::parse(message).unwrap();
    assert_eq!(
        login.token().expose(),
        "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    );
    assert_eq!(login.check_identity("user@example.com"), Ok(()));
    assert_eq!(login.check_identity("admin"), Err(SaslError::Identity));
    assert_eq!(login.extensions().len(), 2);
}

#[test]
fn what_could_not_be_read_is_not_sent() {
    for token in [
        "",
        "=",
        "a b",
        "a\x01auth=Bearer b",
        "a=b",
        "é",
        "a,b",
        "a\n",
    ] {
        let error = sent(token, &[]).unwrap_err();
        assert!(matches!(error, SaslError::Input { field: "token", .. }));
        assert!(!error.to_string().contains("Bearer"));
    }
    for extension in [
        ("auth", "x"),
        ("", "x"),
        ("a1", "x"),
        ("a_b", "x"),
        ("é", "x"),
        ("a", ""),
        ("a", "\x01"),
        ("a", "é"),
        ("a", "\x7f"),
    ] {
        let error = sent("token", &[extension]).unwrap_err();
        assert!(
            matches!(
                error,
                SaslError::Input {
                    field: "extension",
                    ..
                }
            ),
            "{extension:?}"
        );
    }
    assert!(sent("token", &[("a", "1"), ("a", "2")]).is_err());
    assert!(sent("token", &[("a", "1"), ("A", "tab\t, line\r\n")]).is_ok());
}

#[test]
fn a_message_that_two_readers_could_read_in_two_ways_is_refused() {
    for (message, expected) in [
        (&b""[..], (0, "`n,`")),
        (b"n,", (2, "`,` or `a=` and a name")),
        (b"n,,", (3, "the byte 1")),
        (b"n,,\x01", (4, "the byte 1")),
        (b"n,,\x01\x01", (5, "`auth=`")),
        (b"n,,\x01auth=Bearer t", (4, "the byte 1")),
        (b"n,,\x01auth=Bearer t\x01", (18, "the byte 1")),
        (b"n,,\x01auth=Bearer t\x01\x01\x01", (19, "the end")),
        (
            b"n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01",
            (33, "`auth=` once"),
        ),
        (
            b"n,,\x01auth=Bearer t\x01a=1\x01a=2\x01\x01",
            (27, "every extension once"),
        ),
        (b"n,,\x01auth=Bearer t\x01a1=1\x01\x01", (18, "the byte 1")),
        (b"n,,\x01auth=Basic t\x01\x01", (0, "`Bearer`")),
        (b"n,,\x01auth=Bearer\x01\x01", (0, "`Bearer`")),
        (b"n,,\x01auth=Bearer t u\x01\x01", (8, "the end")),
        (b"n,,\x01auth=Bearer \xff\x01\x01", (16, "UTF-8")),
    ] {
        assert_eq!(malformed(message), expected, "{message:?}");
    }
    for message in [
        &b"y,,\x01auth=Bearer t\x01\x01"[..],
        b"p=x,,\x01auth=Bearer t\x01\x01",
    ] {
        assert_eq!(
            Login::parse(message).unwrap_err(),
            SaslError::ChannelBinding
        );
    }
}

#[test]
fn the_scheme_is_taken_in_any_case() {
    let login = Login::parse(b"n,,\x01auth=bEARER  t\x01\x01").unwrap();
    assert_eq!(login.token().expose(), "t");
}

#[test]
fn whatever_a_server_says_is_no() {
    let first = ClientFirst::new(&SecretText::new("t0ken"), &[]).unwrap();
    assert_eq!(first.answered(b""), Answer::Accepted);
    for (answer, status, scope) in [
        (r#"{"status":"invalid_token"}"#, "invalid_token", None),
        (
            " { \"scope\" : \"a b\" ,\n\t\"status\":\"insufficient_scope\", \"x\": null, \"y\":-1.5e3 } ",
            "insufficient_scope",
            Some("a b"),
        ),
        (
            r#"{"status":"\"\\\/\u0041\u00e9\ud83d\n","scope":null}"#,
            "\"\\/Aé\u{fffd}\u{fffd}",
            None,
        ),
        ("{}", "", None),
        // No such JSON: it stands for itself.
        (r#"{"status":"a"#, r#"{"status":"a"#, None),
        (r#"{"status":["a"]}"#, r#"{"status":["a"]}"#, None),
        ("no", "no", None),
        ("\x1b[2J", "\u{fffd}[2J", None),
    ] {
        let refusal = refused(answer);
        assert_eq!(
            (refusal.status.as_str(), refusal.scope.as_deref()),
            (status, scope)
        );
    }
    let long = refused(&"x".repeat(1_000_000));
    assert_eq!(long.status.len(), 256);
    let error = SaslError::from(refused(r#"{"status":"invalid_token"}"#));
    assert_eq!(error.to_string(), "the server refuses: invalid_token");
}

#[test]
fn a_token_that_the_server_repeats_is_not_shown() {
    let refusal =
        refused(r#"{"status":"t0ken is bad","scope":"t0ken","openid-configuration":"u/t0ken"}"#);
    assert!(!format!("{refusal:?}").contains("t0ken"), "{refusal:?}");
    // Not even a part of it, where the text is cut.
    for answer in [
        "x".repeat(254) + "t0ken",
        format!(r#"{{"status":"{}t0ken"}}"#, "x".repeat(254)),
    ] {
        let refusal = refused(&answer);
        assert_eq!(refusal.status, "x".repeat(254) + "…");
    }
    let first = ClientFirst::new(&SecretText::new("t0ken"), &[]).unwrap();
    let login = Login::parse(&first.message().0).unwrap();
    assert!(!format!("{first:?} {login:?}").contains("t0ken"));
}

#[test]
fn an_acknowledgement_is_one_byte() {
    assert!(is_acknowledgement(&acknowledgement().0));
    assert!(!is_acknowledgement(b"") && !is_acknowledgement(b"\x01\x01"));
}

#[test]
fn no_damaged_message_panics() {
    let message = sent("a.b.c", &[("one", "1")]).unwrap();
    let refusal = Refusal {
        status: "invalid_token".into(),
        scope: Some("a\"b\\c".into()),
        openid_configuration: Some("https://example.com".into()),
    };
    for bytes in [message.0, refusal.message().0] {
        for at in 0..bytes.len() {
            let _ = Login::parse(&bytes[..at]);
            let _ = Refusal::parse(&bytes[..at]);
            for byte in 0..=255 {
                let mut damaged = bytes.to_vec();
                damaged[at] = byte;
                let _ = Login::parse(&damaged);
                let _ = Refusal::parse(&damaged);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_refusal_is_read_as_it_was_written(status in "\\PC{0,20}", scope in proptest::option::of(".{0,20}"), url in ".{0,20}") {
        let refusal = Refusal { status, scope, openid_configuration: Some(url) };
        prop_assert_eq!(Refusal::parse(&refusal.message().0), refusal);
    }

    #[test]
    fn what_is_sent_is_read(
        token in "[-a-zA-Z0-9._~+/]{1,40}={0,2}", extensions in proptest::collection::btree_map("[B-Zb-z]{1,8}", "[!-~ \t\r\n]{1,20}", 0..5),
    ) {
        let pairs: Vec<(&str, &str)> = extensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let login = Login::parse(&sent(&token, &pairs).unwrap().0).unwrap();
        prop_assert_eq!(login.token().expose(), token);
        let read: Vec<(&str, &str)> = login.extensions().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        prop_assert_eq!(read, pairs);
    }
}
