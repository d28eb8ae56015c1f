use super::*;

fn error(format: Format, text: &str) -> String {
    format.check(text).unwrap_err()
}

#[test]
fn a_host_has_no_port() {
    for good in ["localhost", "a.b-c.d_e", "10.0.0.1", "::1", "[::1]"] {
        assert_eq!(Format::Host.check(good), Ok(()), "{good}");
    }
    assert_eq!(
        error(Format::Host, "localhost:9092"),
        "must not have a port"
    );
    assert_eq!(error(Format::Host, "[::1]:9092"), "must not have a port");
    for bad in [
        "<YOUR_BOOTSTRAP_SERVER>",
        "",
        "a..b",
        "http://a",
        "a b",
        "-a",
        "a:b:c",
        "a/b",
    ] {
        assert_eq!(error(Format::Host, bad), format!("invalid value: {bad}"));
    }
}

#[test]
fn a_route_host_may_have_a_port_and_one_wildcard_at_an_end() {
    for good in [
        "a.test",
        "a.test:8000",
        "*.a.test",
        "a.*",
        "*.a.test:80",
        "[::1]:80",
    ] {
        assert_eq!(Format::RouteHost.check(good), Ok(()), "{good}");
    }
    assert_eq!(
        error(Format::RouteHost, "*.a.*"),
        "invalid wildcard: must have at most one wildcard"
    );
    for bad in ["a.*.b", "*a.test", "a*"] {
        assert_eq!(
            error(Format::RouteHost, bad),
            "invalid wildcard: must be placed at leftmost or rightmost label"
        );
    }
    for bad in ["a.test:99999", "a.test:", "a test", "*."] {
        assert_eq!(
            error(Format::RouteHost, bad),
            format!("invalid value: {bad}")
        );
    }
}

#[test]
fn a_path_is_in_normal_form_or_a_regular_expression() {
    for good in ["/", "/a/b", "/a/", "/%2F", "~/a/\\d+$", "~/"] {
        assert_eq!(Format::Path.check(good), Ok(()), "{good}");
    }
    let expected = [
        ("a", "should start with: / (fixed path) or ~/ (regex path)"),
        ("~a", "should start with: / (fixed path) or ~/ (regex path)"),
        ("/a//b", "must not have empty segments"),
        ("/a/../b", "non-normalized path, consider use '/b' instead"),
        (
            "/%7euser",
            "non-normalized path, consider use '/~user' instead",
        ),
        (
            "/ü b",
            "non-normalized path, consider use '/%C3%BC%20b' instead",
        ),
        ("/a?b", "non-normalized path, consider use '/a%3Fb' instead"),
        ("/%zz", "invalid value: /%zz"),
    ];
    for (path, text) in expected {
        assert_eq!(error(Format::Path, path), text);
    }
    assert_eq!(
        error(Format::Path, "~/a("),
        "invalid regex: '/a(' (unclosed group)"
    );
    assert!(error(Format::Path, "~/(?=a)").starts_with("invalid regex: '/(?=a)' (look-around"));
    assert!(error(Format::Path, "~/(a)\\1").contains("backreferences are not supported"));
    assert!(error(Format::Path, "~/a)(b").starts_with("invalid regex"));
    assert!(error(Format::Path, "~/(a{1000}){1000}").starts_with("invalid regex"));
}

#[test]
fn topic_names_are_kafkas() {
    for good in [
        "a",
        "A.b_c-9",
        "__consumer_offsets",
        "...",
        &"a".repeat(249),
    ] {
        assert!(is_topic_name(good), "{good}");
    }
    for bad in ["", ".", "..", "a/b", "a b", "ä", "a\0", &"a".repeat(250)] {
        assert!(!is_topic_name(bad), "{bad}");
    }
    assert!(is_internal_topic("__x"));
    assert!(!is_internal_topic("_x"));
}

#[test]
fn names_tags_methods_and_headers_have_their_letters() {
    assert_eq!(Format::Name.check("my-route_1.~ü"), Ok(()));
    assert!(error(Format::Name, "a b").starts_with("invalid value 'a b': the only accepted"));
    assert_eq!(Format::Tag.check("a b:c"), Ok(()));
    assert!(error(Format::Tag, "a,b").starts_with("invalid tag 'a,b'"));
    assert_eq!(Format::Method.check("PURGE"), Ok(()));
    assert_eq!(error(Format::Method, "get"), "invalid value: get");
    assert_eq!(Format::RouteHeader.check("X-Version_2"), Ok(()));
    assert_eq!(error(Format::RouteHeader, "Host"), "value must not be host");
    assert!(error(Format::RouteHeader, "a b").starts_with("bad header name 'a b'"));
    assert_eq!(
        Format::Uuid.check("a3ad71a8-6685-4b03-a101-980a953544f6"),
        Ok(())
    );
    assert_eq!(
        error(Format::Uuid, "a3ad71a866854b03a101980a953544f6"),
        "expected a valid UUID"
    );
}
