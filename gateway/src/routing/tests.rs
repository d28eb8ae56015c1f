use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::*;
use crate::config::route::{Protocol, Scheme};

/// A route of these kinds, each given as words with commas; empty is "not set".
fn route(hosts: &str, paths: &str, methods: &str, headers: &[(&str, &str)]) -> Route {
    let words = |text: &str| {
        let words: Vec<String> = text
            .split(',')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        (!words.is_empty()).then_some(words)
    };
    let headers: BTreeMap<String, Vec<String>> = headers
        .iter()
        .map(|(name, values)| ((*name).to_owned(), words(values).unwrap()))
        .collect();
    Route {
        id: Uuid::nil(),
        name: None,
        created_at: 0,
        updated_at: 0,
        protocols: vec![Protocol::Http, Protocol::Https],
        methods: words(methods),
        hosts: words(hosts),
        paths: words(paths),
        headers: (!headers.is_empty()).then_some(headers),
        https_redirect_status_code: 426,
        regex_priority: 0,
        strip_path: true,
        path_handling: "v0".to_owned(),
        preserve_host: false,
        request_buffering: true,
        response_buffering: true,
        tags: None,
    }
}

fn hosts(hosts: &str) -> Route {
    route(hosts, "", "", &[])
}

fn paths(paths: &str) -> Route {
    route("", paths, "", &[])
}

/// A request as the tests write it.
struct Asked {
    method: &'static str,
    host: &'static str,
    port: Option<u16>,
    path: &'static str,
    headers: HeaderMap,
    scheme: Scheme,
}

fn get(host: &'static str, path: &'static str) -> Asked {
    Asked {
        method: "GET",
        host,
        port: None,
        path,
        headers: HeaderMap::new(),
        scheme: Scheme::Http,
    }
}

impl Asked {
    fn with(mut self, name: &'static str, value: &'static str) -> Asked {
        self.headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        self
    }

    /// Which of the routes is chosen, by position.
    fn of(&self, candidates: &[Route]) -> Option<usize> {
        let router = Router::new(candidates.iter().cloned().zip(0..)).unwrap();
        let key = RequestKey {
            method: self.method,
            host: self.host,
            port: self.port,
            path: self.path,
            headers: &self.headers,
            scheme: self.scheme,
        };
        router.find(&key).copied()
    }

    fn is_taken_by(&self, route: &Route) -> bool {
        self.of(std::slice::from_ref(route)).is_some()
    }
}

/// The winner is chosen wherever it stands in the list.
fn wins(winner: &Route, loser: &Route, asked: &Asked) {
    assert!(
        asked.is_taken_by(winner) && asked.is_taken_by(loser),
        "both must match"
    );
    assert_eq!(asked.of(&[winner.clone(), loser.clone()]), Some(0));
    assert_eq!(asked.of(&[loser.clone(), winner.clone()]), Some(1));
}

#[test]
fn no_route_no_match() {
    assert_eq!(get("a", "/").of(&[]), None);
    assert_eq!(get("a", "/").of(&[hosts("b"), paths("/x")]), None);
}

#[test]
fn all_kinds_must_match_and_any_value_within_one() {
    let both = route("a.test,b.test", "/x,/y", "GET,POST", &[]);
    assert!(get("b.test", "/y/z").is_taken_by(&both));
    assert!(!get("c.test", "/y").is_taken_by(&both));
    assert!(!get("a.test", "/z").is_taken_by(&both));
    assert!(
        !Asked {
            method: "PUT",
            ..get("a.test", "/x")
        }
        .is_taken_by(&both)
    );
}

#[test]
fn hosts_ignore_case_and_wildcards_stand_for_something() {
    assert!(get("A.Test", "/").is_taken_by(&hosts("a.tEST")));
    for host in ["x.a.test", "y.x.a.test", "X.A.TEST"] {
        assert!(get(host, "/").is_taken_by(&hosts("*.a.test")), "{host}");
    }
    for host in ["a.test", ".a.test", "xa.test", "x.a.test.org"] {
        assert!(!get(host, "/").is_taken_by(&hosts("*.a.test")), "{host}");
    }
    assert!(get("a.org", "/").is_taken_by(&hosts("a.*")));
    assert!(!get("a.", "/").is_taken_by(&hosts("a.*")));
    assert!(!get("b.a.org", "/").is_taken_by(&hosts("a.*")));
    assert!(!get("ü", "/").is_taken_by(&hosts("*.a.test")));
}

#[test]
fn an_ipv6_host_is_the_same_with_and_without_brackets() {
    for own in ["[::1]", "::1", "[::1]:80"] {
        for asked in ["[::1]", "::1"] {
            assert!(get(asked, "/").is_taken_by(&hosts(own)), "{own} {asked}");
        }
        assert!(!get("::2", "/").is_taken_by(&hosts(own)));
    }
}

#[test]
fn a_port_restricts_and_its_absence_does_not() {
    let on = |port, scheme| Asked {
        port,
        scheme,
        ..get("a.test", "/")
    };
    for port in [None, Some(80), Some(8000)] {
        assert!(on(port, Scheme::Http).is_taken_by(&hosts("a.test")));
    }
    assert!(on(Some(8000), Scheme::Http).is_taken_by(&hosts("a.test:8000")));
    assert!(!on(Some(8001), Scheme::Http).is_taken_by(&hosts("a.test:8000")));
    assert!(on(None, Scheme::Http).is_taken_by(&hosts("a.test:80")));
    assert!(on(None, Scheme::Https).is_taken_by(&hosts("a.test:443")));
    assert!(!on(None, Scheme::Https).is_taken_by(&hosts("a.test:80")));
    assert!(on(Some(8000), Scheme::Http).is_taken_by(&hosts("*.test:8000")));
}

#[test]
fn every_header_must_be_there_with_any_of_its_values() {
    let headers = route(
        "",
        "",
        "",
        &[("X-Version", "v1,v2"), ("x-zone", "~*^eu-[0-9]+$")],
    );
    assert!(
        get("a", "/")
            .with("x-version", "V2")
            .with("x-zone", "EU-1")
            .is_taken_by(&headers)
    );
    assert!(
        get("a", "/")
            .with("x-version", "v3")
            .with("x-version", "v1")
            .with("x-zone", "eu-1")
            .is_taken_by(&headers)
    );
    assert!(!get("a", "/").with("x-version", "v1").is_taken_by(&headers));
    assert!(
        !get("a", "/")
            .with("x-version", "v3")
            .with("x-zone", "eu-1")
            .is_taken_by(&headers)
    );
    assert!(
        !get("a", "/")
            .with("x-version", "v1")
            .with("x-zone", "us-1")
            .is_taken_by(&headers)
    );
}

#[test]
fn plain_paths_are_prefixes_and_regexes_are_anchored_at_the_start() {
    assert!(get("a", "/foobar").is_taken_by(&paths("/foo")));
    assert!(!get("a", "/Foo").is_taken_by(&paths("/foo")));
    assert!(get("a", "/foo/12/more").is_taken_by(&paths("~/foo/\\d+")));
    assert!(!get("a", "/foo/12/more").is_taken_by(&paths("~/foo/\\d+$")));
    assert!(!get("a", "/x/foo/12").is_taken_by(&paths("~/foo/\\d+")));
    assert!(!get("a", "/xb").is_taken_by(&paths("~/a|/b")));
    assert!(get("a", "/b").is_taken_by(&paths("~/a|/b")));
}

#[test]
fn more_kinds_win() {
    let asked = get("a.test", "/x");
    wins(&route("", "/", "GET", &[]), &hosts("a.test"), &asked);
    wins(
        &route("a.test", "/", "GET", &[]),
        &route("a.test", "/x", "", &[]),
        &asked,
    );
}

#[test]
fn host_beats_headers_beats_path_beats_methods() {
    let asked = get("a.test", "/x").with("x-v", "1");
    let (host, headers) = (hosts("*.test"), route("", "", "", &[("x-v", "1")]));
    let (path, method) = (paths("~/x"), route("", "", "GET", &[]));
    wins(&host, &headers, &asked);
    wins(&headers, &path, &asked);
    wins(&path, &method, &asked);
    wins(&host, &method, &asked);
}

#[test]
fn plain_hosts_beat_wildcards_even_against_a_regex_path() {
    let asked = get("a.test", "/x");
    wins(&hosts("a.test"), &hosts("*.test"), &asked);
    wins(&hosts("a.test"), &hosts("a.test,*.org"), &asked);
    wins(
        &route("a.test", "/", "", &[]),
        &route("*.test", "~/x", "", &[]),
        &asked,
    );
}

#[test]
fn a_regex_path_beats_a_longer_plain_one() {
    wins(
        &paths("~/x"),
        &paths("/x/long/path"),
        &get("a", "/x/long/path"),
    );
}

#[test]
fn more_header_names_win() {
    let asked = get("a", "/").with("x-a", "1").with("x-b", "1");
    wins(
        &route("", "", "", &[("x-a", "1"), ("x-b", "1")]),
        &route("", "", "", &[("x-a", "1")]),
        &asked,
    );
}

#[test]
fn regex_priority_counts_for_regexes_only() {
    let with = |path: &str, regex_priority| Route {
        regex_priority,
        ..paths(path)
    };
    wins(
        &with("~/x", 5),
        &with("~/x/longer", 4),
        &get("a", "/x/longer"),
    );
    wins(
        &with("/x/longer", 0),
        &with("/x", 9),
        &get("a", "/x/longer"),
    );
}

#[test]
fn then_the_longer_path_the_earlier_and_the_smaller_id() {
    let asked = get("a", "/x/y");
    wins(&paths("/x/y"), &paths("/x"), &asked);
    let made = |created_at, id| Route {
        created_at,
        id: Uuid::from_u128(id),
        ..paths("/x")
    };
    wins(&made(1, 9), &made(2, 1), &asked);
    wins(&made(1, 1), &made(1, 2), &asked);
}

#[test]
fn a_route_for_secure_protocols_only_says_how_http_is_refused() {
    let secure = Route {
        protocols: vec![Protocol::Https],
        https_redirect_status_code: 301,
        ..paths("/")
    };
    assert!(
        get("a", "/").is_taken_by(&secure),
        "it is found, then refused"
    );
    assert_eq!(secure.https_required(Scheme::Http), Some(301));
    assert_eq!(secure.https_required(Scheme::Https), None);
    assert_eq!(paths("/").https_required(Scheme::Http), None);
}

#[test]
fn a_route_that_was_never_validated_is_an_error() {
    for broken in [
        paths("~/a("),
        hosts("a.*.b"),
        route("", "", "", &[("a b", "1")]),
    ] {
        assert!(Router::new([(broken, ())]).is_err());
    }
}
