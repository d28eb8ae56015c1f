//! The frames that a WebSocket's client gets (kong-consume.md §4.2). Pure.

use std::collections::HashMap;

use bytes::BytesMut;
use kafka_client::RecordRef;

use super::text::{push_base64, push_number, push_string};
use super::value::{Shown, Style};

/// Appends the frame of a record.
pub(super) fn push_record(
    out: &mut BytesMut,
    topic: &str,
    partition: i32,
    record: &RecordRef<'_>,
    style: &Style,
) {
    let shown = Shown::of(record, style);
    out.extend_from_slice(b"{\"topic\":");
    push_string(out, topic);
    out.extend_from_slice(b",\"partition\":");
    push_number(out, i64::from(partition));
    out.extend_from_slice(b",\"offset\":");
    push_number(out, record.offset);
    out.extend_from_slice(b",\"timestamp\":");
    push_number(out, record.timestamp.max(0));
    out.extend_from_slice(b",\"key\":");
    shown.key.push(out);
    if shown.key.is_binary() {
        out.extend_from_slice(b",\"key_base64\":true");
    }
    out.extend_from_slice(b",\"value\":");
    shown.value.push(out);
    if shown.value.is_binary() {
        out.extend_from_slice(b",\"value_base64\":true");
    }
    out.extend_from_slice(b",\"headers\":");
    push_headers(out, record.headers.iter());
    if let Some(error) = shown.error {
        out.extend_from_slice(b",\"error\":");
        push_string(out, error);
    }
    out.extend_from_slice(b"}");
}

/// Appends the frame of something the client did wrong.
pub(super) fn push_error(out: &mut BytesMut, error: &str) {
    out.extend_from_slice(b"{\"error\":");
    push_string(out, error);
    out.extend_from_slice(b"}");
}

/// An object in the order of first mention; the values of a repeated name as an array.
fn push_headers<'a>(
    out: &mut BytesMut,
    headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
) {
    let mut names: Vec<&str> = Vec::new();
    let mut values: HashMap<&str, Vec<Option<&[u8]>>> = HashMap::new();
    for (name, value) in headers {
        let own = values.entry(name).or_default();
        if own.is_empty() {
            names.push(name);
        }
        own.push(value);
    }
    out.extend_from_slice(b"{");
    for (index, name) in names.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b",");
        }
        push_string(out, name);
        out.extend_from_slice(b":");
        match values.get(name).map(Vec::as_slice) {
            Some([value]) => push_value(out, *value),
            Some(values) => push_values(out, values.iter().copied()),
            None => {}
        }
    }
    out.extend_from_slice(b"}");
}

fn push_values<'a>(out: &mut BytesMut, values: impl Iterator<Item = Option<&'a [u8]>>) {
    out.extend_from_slice(b"[");
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.extend_from_slice(b",");
        }
        push_value(out, value);
    }
    out.extend_from_slice(b"]");
}

fn push_value(out: &mut BytesMut, value: Option<&[u8]>) {
    match value.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => out.extend_from_slice(b"null"),
        Some((_, Ok(text))) => push_string(out, text),
        Some((bytes, Err(_))) => {
            out.extend_from_slice(b"{\"base64\":");
            push_base64(out, bytes);
            out.extend_from_slice(b"}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::consume::testing::{STYLE, record};

    fn check(record: &RecordRef<'_>, style: &Style, expected: &str) {
        let mut out = BytesMut::new();
        push_record(&mut out, "my-topic", 0, record, style);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn a_record_is_the_frame_of_the_contract() {
        check(
            &record(12, Some(b"k1"), Some(b"{\"a\":1}")),
            &STYLE,
            r#"{"topic":"my-topic","partition":0,"offset":12,"timestamp":1700000000000,"key":"k1","value":"{\"a\":1}","headers":{}}"#,
        );
    }

    #[test]
    fn t7_null_and_empty_are_different_in_key_and_value() {
        let frame = |key: &str, value: &str| {
            format!(
                r#"{{"topic":"my-topic","partition":0,"offset":1,"timestamp":1700000000000,"key":{key},"value":{value},"headers":{{}}}}"#
            )
        };
        check(&record(1, None, None), &STYLE, &frame("null", "null"));
        check(
            &record(1, Some(b""), Some(b"")),
            &STYLE,
            &frame("\"\"", "\"\""),
        );
        check(
            &record(1, Some(b"\xff"), Some(b"\xfe")),
            &STYLE,
            &frame(
                "\"/w==\",\"key_base64\":true",
                "\"/g==\",\"value_base64\":true",
            ),
        );
    }

    #[test]
    fn a_value_that_is_no_json_has_its_error_last() {
        let style = Style {
            parses_json: true,
            ..STYLE
        };
        check(
            &record(1, None, Some(b"{")),
            &style,
            r#"{"topic":"my-topic","partition":0,"offset":1,"timestamp":1700000000000,"key":null,"value":"{","headers":{},"error":"not JSON"}"#,
        );
        check(
            &record(1, None, Some(b" [1, 2]\n")),
            &style,
            r#"{"topic":"my-topic","partition":0,"offset":1,"timestamp":1700000000000,"key":null,"value":[1, 2],"headers":{}}"#,
        );
    }

    #[test]
    fn headers_are_an_object_whose_repeated_names_are_arrays() {
        let headers: [(&str, Option<&[u8]>); 6] = [
            ("trace", Some(b"t-1")),
            ("n", Some(b"1")),
            ("null", None),
            ("n", None),
            ("bin", Some(b"\xff")),
            ("n", Some(b"\xff")),
        ];
        let mut out = BytesMut::new();
        push_headers(&mut out, headers.into_iter());
        assert_eq!(
            String::from_utf8_lossy(&out),
            r#"{"trace":"t-1","n":["1",null,{"base64":"/w=="}],"null":null,"bin":{"base64":"/w=="}}"#
        );
    }
}
