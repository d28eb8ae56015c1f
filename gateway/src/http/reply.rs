//! Small makers of answers, and the headers that all of them carry.

use http::header::{ALLOW, CONTENT_TYPE, SERVER};
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

use super::{Body, RequestId};

/// An answer.
pub type Reply = http::Response<Body>;

/// `Content-Type` of JSON answers.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What we call ourselves in `Server`.
const SERVER_NAME: HeaderValue = HeaderValue::from_static("kafka-gateway");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-kong-request-id");
const RESPONSE_LATENCY: HeaderName = HeaderName::from_static("x-kong-response-latency");

/// An answer of JSON text.
pub fn json(status: StatusCode, body: impl Into<Body>) -> Reply {
    let mut reply = with_status(status);
    *reply.body_mut() = body.into();
    reply.headers_mut().insert(CONTENT_TYPE, JSON);
    reply
}

/// An answer without a body.
pub fn with_status(status: StatusCode) -> Reply {
    let mut reply = Reply::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

/// Adds the `Allow` header.
pub fn method_not_allowed_headers(reply: &mut Reply, allow: &'static str) {
    reply
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
}

/// Adds what every answer on the proxy port has (G-11): who we are, the request's id, and the milliseconds it
/// took. `Date` is hyper's.
pub(crate) fn finish(reply: &mut Reply, id: &RequestId, started: Instant) {
    let latency = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let headers = reply.headers_mut();
    headers.insert(SERVER, SERVER_NAME);
    headers.insert(REQUEST_ID, id.header());
    headers.insert(RESPONSE_LATENCY, HeaderValue::from(latency));
}
