use http::HeaderValue;
use serde_json::{Value, json};

use super::*;

async fn members(content_type: Option<&str>, body: &[u8]) -> Result<Value, Problem> {
    let mut headers = HeaderMap::new();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
    }
    let mut out = "{".to_owned();
    push_body(&mut out, &headers, &Bytes::copy_from_slice(body)).await?;
    out.push('}');
    Ok(serde_json::from_str(&out).unwrap())
}

async fn check(content_type: Option<&str>, body: &[u8], expected: Value) {
    assert_eq!(
        members(content_type, body).await,
        Ok(expected),
        "{content_type:?}"
    );
}

async fn check_refused(content_type: &str, body: &[u8], message: &'static str) {
    let found = members(Some(content_type), body).await;
    assert_eq!(
        found,
        Err(Problem::Unreadable(message)),
        "{content_type}: {}",
        String::from_utf8_lossy(body)
    );
}

#[tokio::test]
async fn each_row_of_the_table() {
    let form = "application/x-www-form-urlencoded";
    check(
        Some(form),
        b"foo=bar",
        json!({"body": "foo=bar", "body_args": {"foo": "bar"}}),
    )
    .await;
    check(
        Some("APPLICATION/JSON ; charset=utf-8"),
        b"{ \"a\": [1] }",
        json!({"body": "{ \"a\": [1] }", "body_args": {"a": [1]}}),
    )
    .await;
    check(
        Some("application/json"),
        b"[1,2]",
        json!({"body": "[1,2]", "body_args": [1, 2]}),
    )
    .await;
    for text in TEXTS {
        check(
            Some(text),
            b"<a>\n",
            json!({"body": "<a>\n", "body_args": {}}),
        )
        .await;
    }
    check(
        Some("image/png"),
        b"\x89PNG",
        json!({"body": "iVBORw==", "body_args": {}, "body_base64": true}),
    )
    .await;
    check(
        None,
        b"foo=bar",
        json!({"body": "Zm9vPWJhcg==", "body_args": {}, "body_base64": true}),
    )
    .await;
}

#[tokio::test]
async fn multipart_by_part_name() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nfile\r\n\
                --b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n--b--\r\n";
    let expected = json!({"body": body, "body_args": {"a": ["1", "2"], "f": "file"}});
    check(
        Some("multipart/form-data; boundary=b"),
        body.as_bytes(),
        expected,
    )
    .await;
}

#[tokio::test]
async fn empty_bodies() {
    for kind in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "text/plain",
    ] {
        check(Some(kind), b"", json!({"body": "", "body_args": {}})).await;
    }
    check(
        None,
        b"",
        json!({"body": "", "body_args": {}, "body_base64": true}),
    )
    .await;
    check_refused("application/json", b"", "invalid json body").await;
}

#[tokio::test]
async fn text_that_is_not_utf8_is_base64_with_its_arguments() {
    let expected = json!({"body": "YT3/", "body_args": {"a": "\u{fffd}"}, "body_base64": true});
    check(
        Some("application/x-www-form-urlencoded"),
        b"a=\xff",
        expected,
    )
    .await;
    let expected =
        json!({"body": "eyJhIjoi/yJ9", "body_args": {"a": "\u{fffd}"}, "body_base64": true});
    check(Some("application/json"), b"{\"a\":\"\xff\"}", expected).await;
    check(
        Some("text/plain"),
        b"\xff",
        json!({"body": "/w==", "body_args": {}, "body_base64": true}),
    )
    .await;
}

#[tokio::test]
async fn bodies_that_do_not_parse_are_refused_in_the_vendors_words() {
    for bad in [&b"{"[..], b"1", b"\"a\"", b"{}}", b"null"] {
        check_refused("application/json", bad, "invalid json body").await;
    }
    check_refused(
        "multipart/form-data",
        b"x",
        "unable to decode multipart body",
    )
    .await;
    check_refused(
        "multipart/form-data; boundary=b",
        b"no boundary here",
        "unable to decode multipart body",
    )
    .await;
    let cut = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end";
    check_refused(
        "multipart/form-data; boundary=b",
        cut,
        "unable to read multipart values",
    )
    .await;
}
