use http::header::ACCEPT;
use http_body_util::BodyExt as _;

use super::*;

/// Status, headers worth asserting and body of the answer to a request that has `headers`.
fn answer(problem: &Problem, headers: &HeaderMap) -> (u16, HeaderMap, String) {
    let reply = problem.reply(headers, &RequestId::random());
    let (parts, body) = reply.into_parts();
    let mut body = std::pin::pin!(body.collect());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(bytes)) = body.as_mut().poll(&mut context) else {
        panic!("the bytes are there");
    };
    let text = String::from_utf8(bytes.to_bytes().to_vec()).unwrap();
    (parts.status.as_u16(), parts.headers, text)
}

fn check(problem: &Problem, status: u16, body: &str) {
    let (found_status, headers, found) = answer(problem, &HeaderMap::new());
    assert_eq!((found_status, found.as_str()), (status, body));
    assert_eq!(
        headers.get(CONTENT_TYPE).unwrap(),
        "application/json; charset=utf-8",
        "G-70"
    );
    assert_eq!(
        headers
            .get(CONNECTION)
            .is_some_and(|value| value == "close"),
        problem.closes()
    );
}

#[test]
fn bodies_are_those_of_the_contract() {
    for (problem, status, message) in [
        (Problem::BadRequest, 400, "Bad request"),
        (
            Problem::Unreadable("invalid json body"),
            400,
            "invalid json body",
        ),
        (Problem::Forbidden, 403, "Forbidden"),
        (Problem::MethodNotAllowed("GET"), 405, "Method not allowed"),
        (Problem::RequestTimeout, 408, "Request timeout"),
        (Problem::PayloadTooLarge, 413, "Payload too large"),
        (Problem::UriTooLong, 414, "URI too long"),
        (Problem::ExpectationFailed, 417, "Expectation failed"),
        (Problem::TooManyRequests, 429, "Too many requests"),
        (
            Problem::HeadTooLarge,
            431,
            "Request header fields too large",
        ),
        (Problem::Internal, 500, "An unexpected error occurred"),
        (Problem::Unavailable(None), 503, "Service unavailable"),
        (Problem::Draining, 503, "Service unavailable"),
    ] {
        check(&problem, status, &format!(r#"{{"message":"{message}"}}"#));
    }
}

#[test]
fn bodies_with_a_reason_carry_it_in_error() {
    check(
        &Problem::Refused("a \"b\"".into()),
        400,
        r#"{"message":"Bad request","error":"a \"b\""}"#,
    );
    check(
        &Problem::Conflict("x".into()),
        409,
        r#"{"message":"Conflict","error":"x"}"#,
    );
    check(
        &Problem::BadGateway("x".into()),
        502,
        r#"{"message":"Bad Gateway","error":"x"}"#,
    );
    let overflow = r#"{"message":"Service unavailable","error":"buffer overflow"}"#;
    check(
        &Problem::Unavailable(Some("buffer overflow")),
        503,
        overflow,
    );
}

#[test]
fn headers_that_belong_to_a_status_are_there() {
    let none = HeaderMap::new();
    assert_eq!(
        answer(&Problem::MethodNotAllowed("GET, HEAD"), &none).1[ALLOW],
        "GET, HEAD"
    );
    assert_eq!(
        answer(&Problem::Unavailable(None), &none).1[RETRY_AFTER],
        "1"
    );
    assert_eq!(
        answer(&Problem::WebSocketRequired, &none).1[UPGRADE],
        "websocket"
    );
}

#[test]
fn no_route_is_negotiated() {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/plain"));
    let (status, found, body) = answer(&Problem::NoRoute, &headers);
    assert_eq!(status, 404);
    assert_eq!(found[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert!(body.starts_with("no Route matched with those values\nrequest_id: "));
}

#[test]
fn a_route_for_https_says_so_or_redirects() {
    let https = |status| Problem::HttpsRequired {
        status,
        location: "https://h/a?b=c".to_owned(),
    };
    let (status, headers, body) = answer(&https(426), &HeaderMap::new());
    assert_eq!(
        (status, &headers[UPGRADE]),
        (426, &HeaderValue::from_static("TLS/1.2, HTTP/1.1"))
    );
    assert!(body.contains("Please use HTTPS protocol"));
    let (status, headers, body) = answer(&https(308), &HeaderMap::new());
    assert_eq!(
        (status, body.as_str(), &headers[LOCATION]),
        (308, "", &HeaderValue::from_static("https://h/a?b=c"))
    );
}
