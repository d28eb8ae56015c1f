//! The record value: one compact JSON object of what the configuration forwards (kong-produce.md §1).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::args;
use super::body::push_body;
use super::json::{push_comma, push_name, push_string};
use crate::config::kafka_upstream::KafkaUpstream;
use crate::http::Problem;

/// The parts of a request that a record may show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
}

/// The value of the record, written into one buffer. Fails when the body does not parse under its content type.
pub(super) async fn value(config: &KafkaUpstream, request: Request<'_>) -> Result<String, Problem> {
    // JSON bodies appear twice, as text and as arguments, and quotes take two bytes.
    let mut out = String::with_capacity(128 + request.body.len() * 5 / 2);
    out.push('{');
    if config.forward_method {
        push_name(&mut out, "method");
        push_string(&mut out, request.method.as_str());
    }
    if config.forward_uri {
        push_uri(&mut out, request.uri);
    }
    if config.forward_headers {
        push_headers(&mut out, request.headers);
    }
    if config.forward_body {
        push_body(&mut out, request.headers, request.body).await?;
    }
    out.push('}');
    Ok(out)
}

fn push_uri(out: &mut String, uri: &Uri) {
    push_name(out, "uri");
    push_string(
        out,
        uri.path_and_query().map_or("/", |target| target.as_str()),
    );
    push_name(out, "uri_args");
    args::push_object(out, &args::parse(uri.query().unwrap_or_default()));
}

fn push_headers(out: &mut String, headers: &HeaderMap) {
    push_name(out, "headers");
    out.push('{');
    for name in headers.keys() {
        push_name(out, name.as_str());
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => push_value(out, value),
            (first, second) => {
                out.push('[');
                for value in first.into_iter().chain(second).chain(values) {
                    push_comma(out);
                    push_value(out, value);
                }
                out.push(']');
            }
        }
    }
    out.push('}');
}

/// What is not UTF-8 becomes U+FFFD.
fn push_value(out: &mut String, value: &HeaderValue) {
    push_string(out, &String::from_utf8_lossy(value.as_bytes()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plugins::produce::testing::config;

    async fn check(fields: &str, expected: serde_json::Value) {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-b", HeaderValue::from_bytes(b"\xff\"").unwrap());
        headers.append("x-a", HeaderValue::from_static("2"));
        let uri = Uri::from_static("/p%20q?a=1&b");
        let body = Bytes::from_static(b"hi");
        let request = Request {
            method: &Method::PUT,
            uri: &uri,
            headers: &headers,
            body: &body,
        };
        let text = value(&config(fields), request).await.unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            expected
        );
        assert!(
            !text.contains(": ") && !text.contains(", "),
            "compact: {text}"
        );
    }

    #[tokio::test]
    async fn members_are_there_when_their_switch_is_on() {
        let body = json!({"body": "aGk=", "body_args": {}, "body_base64": true});
        check("", body.clone()).await;
        check(
            "forward_body: false, forward_method: true",
            json!({"method": "PUT"}),
        )
        .await;
        let uri = json!({"uri": "/p%20q?a=1&b", "uri_args": {"a": "1", "b": true}});
        check("forward_body: false, forward_uri: true", uri.clone()).await;
        let headers = json!({"headers": {"x-a": ["1", "2"], "x-b": "\u{fffd}\""}});
        check(
            "forward_body: false, forward_headers: true",
            headers.clone(),
        )
        .await;
        let mut all = json!({"method": "PUT"});
        for part in [uri, headers, body] {
            all.as_object_mut()
                .unwrap()
                .extend(part.as_object().unwrap().clone());
        }
        check(
            "forward_method: true, forward_uri: true, forward_headers: true",
            all,
        )
        .await;
    }
}
