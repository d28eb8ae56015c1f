//! Headers that say who somebody is: only the gateway may set them (G-13).

use http::HeaderMap;
use http::header::HeaderName;

/// The headers, lower case with `-`.
const IDENTITY: [&str; 5] = [
    "x-consumer-id",
    "x-consumer-username",
    "x-consumer-custom-id",
    "x-credential-identifier",
    "x-anonymous-consumer",
];

/// Removes every identity header that the client sent, in any case and with `_` for `-`.
pub fn strip_identity(headers: &mut HeaderMap) {
    let sent: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_identity(name))
        .cloned()
        .collect();
    for name in sent {
        headers.remove(name);
    }
}

fn is_identity(name: &HeaderName) -> bool {
    // Header names are lower case here; only x- names need a closer look.
    let name = name.as_str();
    name.starts_with('x')
        && IDENTITY.iter().any(|identity| {
            identity.len() == name.len()
                && identity
                    .bytes()
                    .zip(name.bytes())
                    .all(|(a, b)| a == b || (a == b'-' && b == b'_'))
        })
}

#[test]
fn every_spelling_is_removed_and_nothing_else() {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str| {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            http::HeaderValue::from_static("v"),
        );
    };
    for name in [
        "X-Consumer-ID",
        "x_consumer_id",
        "X-Consumer_Username",
        "x-CONSUMER-custom_id",
    ] {
        add(name);
    }
    for name in [
        "X-Credential-Identifier",
        "X_Anonymous_Consumer",
        "X-Consumer-ID",
        "X-Consumer-Idea",
        "X-Trace",
    ] {
        add(name);
    }
    strip_identity(&mut headers);
    let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["x-consumer-idea", "x-trace"]);
}
