use super::*;

/// Where the message of that kind is at fault, and what should be there; `None` if it is well formed.
fn fault<T>(parsed: Result<T, SaslError>) -> Option<(usize, &'static str)> {
    match parsed {
        Ok(_) => None,
        Err(SaslError::Malformed {
            offset, expected, ..
        }) => Some((offset, expected)),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_client_first_message_has_its_parts_in_order() {
    let parse = |text: &'static str| ClientFirstMessage::parse(text.as_bytes());
    let message = parse("n,a=x=2Cy,n=a=3Db,r=abc,tokenauth=true,z=1=2").unwrap();
    assert_eq!(message.authorization.as_deref(), Some("x,y"));
    assert_eq!(message.user, "a=b");
    assert_eq!(message.nonce, "abc");
    assert_eq!(message.extensions, [("tokenauth", "true"), ("z", "1=2")]);
    assert_eq!(message.header, "n,a=x=2Cy,");
    assert_eq!(message.bare, "n=a=3Db,r=abc,tokenauth=true,z=1=2");
    for (text, expected) in [
        ("", (0, "`n,`")),
        ("n", (0, "`n,`")),
        ("n=user,r=abc", (0, "`n,`")),
        ("n,n=user,r=abc", (2, "`,` or `a=` and a name")),
        ("n,a=,n=user,r=abc", (2, "`,` or `a=` and a name")),
        ("n,,", (3, "`n=`")),
        ("n,,n=", (5, "a name")),
        ("n,,n=user", (9, "`,r=`")),
        ("n,,n=user,r=", (12, "a nonce")),
        ("n,,r=abc,n=user", (3, "`n=`")),
        // Only two escapes, and in capitals.
        ("n,,n=us=2cer,r=abc", (7, "`,r=`")),
        ("n,,n=user=,r=abc", (9, "`,r=`")),
        ("n,,n=us\0er,r=abc", (7, "`,r=`")),
        ("n,,n=user,r=a b", (13, "the end")),
        ("n,,n=user,r=abé", (14, "the end")),
        // Twice, or the name of something else.
        ("n,,n=user,n=user,r=abc", (9, "`,r=`")),
        ("n,,n=user,r=abc,r=def", (15, "the end")),
        ("n,,n=user,r=abc,x=1,x=2", (15, "every extension once")),
        ("n,,n=user,r=abc,p=AAAA", (15, "the end")),
        ("n,,n=user,r=abc,", (15, "the end")),
        ("n,,n=user,r=abc,x", (15, "the end")),
        ("n,,n=user,r=abc,x=", (15, "the end")),
        ("n,,n=user,r=abc,1=x", (15, "the end")),
    ] {
        assert_eq!(fault(parse(text)), Some(expected), "{text}");
    }
    assert_eq!(
        fault(ClientFirstMessage::parse(b"n,,n=\xff,r=abc")),
        Some((5, "UTF-8"))
    );
}

#[test]
fn a_server_first_message_has_its_parts_in_order() {
    let parse = |text: &'static str| ServerFirstMessage::parse(text.as_bytes());
    assert_eq!(fault(parse("r=abc,s=AAAA,i=4096,x=1,foo=bar")), None);
    for (text, expected) in [
        ("", (0, "`r=` or `e=`")),
        ("r=,s=AAAA,i=4096", (2, "a nonce")),
        ("s=AAAA,r=abc,i=4096", (0, "`r=` or `e=`")),
        ("r=abc,i=4096,s=AAAA", (5, "`,s=`")),
        ("r=abc,s=AAA,i=4096", (8, "base64")),
        ("r=abc,s=AAAB=,i=4096", (8, "base64")),
        // Bits that no byte has: a second way to write the same salt.
        ("r=abc,s=AAB=,i=4096", (8, "base64")),
        ("r=abc,s=AA-_,i=4096", (8, "base64")),
        ("r=abc,s=AAAA-,i=4096", (12, "`,i=`")),
        ("r=abc,s=AAAA,i=", (15, "a number")),
        ("r=abc,s=AAAA,i=4096,i=4097", (19, "the end")),
        ("r=abc,s=AAAA,i=4096,r=def", (19, "the end")),
        ("r=abc,s=AAAA,i=4096,e=no", (19, "the end")),
        ("e=", (2, "an error")),
    ] {
        assert_eq!(fault(parse(text)), Some(expected), "{text}");
    }
}

#[test]
fn a_client_final_message_ends_with_its_proof() {
    let parse = |text: &'static str| ClientFinalMessage::parse(text.as_bytes());
    let message = parse("c=biws,r=abc,x=1,p=AAAA").unwrap();
    assert_eq!(message.without_proof, "c=biws,r=abc,x=1");
    for (text, expected) in [
        ("", (0, "`c=`")),
        ("c=biws,r=abc", (12, "`,p=`")),
        ("c=biws,r=abc,p=AAA", (15, "base64")),
        ("c=biws,r=abc,p=AAAA,x=1", (19, "the end")),
        ("c=biws,r=abc,p=AAAA,p=BBBB", (19, "the end")),
        ("r=abc,c=biws,p=AAAA", (0, "`c=`")),
    ] {
        assert_eq!(fault(parse(text)), Some(expected), "{text}");
    }
}

#[test]
fn so_many_extensions_are_no_extensions() {
    let with = |count: usize| {
        let mut names = String::new();
        for it in 1..=count {
            names.extend([",", &"x".repeat(it), "=1"]);
        }
        ClientFirstMessage::parse(format!("n,,n=user,r=abc{names}").as_bytes()).map(|_| ())
    };
    assert_eq!(fault(with(MAX_EXTENSIONS)), None);
    assert!(fault(with(MAX_EXTENSIONS + 1)).is_some());
}
