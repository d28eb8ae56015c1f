//! Server-sent events: records, errors, comments, byte for byte (kong-consume.md §3). Pure.

use bytes::BytesMut;
use kafka_client::RecordRef;

use super::text::{line_end, push_bare_base64, push_number, push_string};
use super::value::{Shown, Style, Value};

/// The comment of an idle stream.
pub(super) const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// What a draining stream ends with: come back in three seconds.
pub(super) const RETRY: &[u8] = b"retry: 3000\n\n";

/// Appends the event of a record. `id` is the cursor that stands for it; else its offset does.
pub(super) fn push_record(
    out: &mut BytesMut,
    topic: &str,
    record: &RecordRef<'_>,
    id: Option<&str>,
    style: &Style,
) {
    let shown = Shown::of(record, style);
    match shown.value {
        Value::Null => push_data(out, ""),
        Value::Text(text) => push_data(out, text),
        // The original text; blanks around it are lines of it.
        Value::Json(json) => push_data(out, whole(record, json)),
        Value::Binary(bytes) => {
            out.extend_from_slice(b"data: ");
            push_bare_base64(out, bytes);
            out.extend_from_slice(b"\n");
        }
    }
    out.extend_from_slice(b"topic: ");
    out.extend_from_slice(topic.as_bytes());
    if shown.value.is_binary() {
        out.extend_from_slice(b"\nencoding: base64");
    }
    if let Some(error) = shown.error {
        out.extend_from_slice(b"\nerror: ");
        out.extend_from_slice(error.as_bytes());
    }
    out.extend_from_slice(b"\nevent: message\nid: ");
    match id {
        Some(id) => out.extend_from_slice(id.as_bytes()),
        None => push_number(out, record.offset),
    }
    out.extend_from_slice(b"\n\n");
}

/// Appends the event that ends a stream after a fatal error.
pub(super) fn push_error(out: &mut BytesMut, error: &str) {
    out.extend_from_slice(b"event: error\ndata: {\"message\":\"Bad Gateway\",\"error\":");
    push_string(out, error);
    out.extend_from_slice(b"}\n\n");
}

fn whole<'a>(record: &RecordRef<'a>, json: &'a str) -> &'a str {
    record
        .value
        .and_then(|value| std::str::from_utf8(value).ok())
        .unwrap_or(json)
}

/// One `data` line per line of `text`, however its lines end (G-23).
fn push_data(out: &mut BytesMut, text: &str) {
    let mut rest = text;
    loop {
        out.extend_from_slice(b"data: ");
        let Some(at) = line_end(rest) else {
            out.extend_from_slice(rest.as_bytes());
            return out.extend_from_slice(b"\n");
        };
        let (line, end) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\n");
        rest = end
            .strip_prefix("\r\n")
            .or_else(|| end.get(1..))
            .unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::consume::testing::{STYLE, record};

    fn check(record: &RecordRef<'_>, style: &Style, expected: &str) {
        let mut out = BytesMut::new();
        push_record(&mut out, "my-topic", record, None, style);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    fn value(value: &[u8]) -> RecordRef<'_> {
        record(3, Some(b"k"), Some(value))
    }

    const JSON: Style = Style {
        parses_json: true,
        ..STYLE
    };

    #[test]
    fn a_record_is_four_lines_and_an_empty_one() {
        check(
            &value(b"{\"message\":\"Hello World\"}"),
            &STYLE,
            "data: {\"message\":\"Hello World\"}\ntopic: my-topic\nevent: message\nid: 3\n\n",
        );
    }

    #[test]
    fn g23_every_kind_of_line_end_begins_a_data_line() {
        check(
            &value(b"a\nb\rc\r\nd\n\ne\n"),
            &STYLE,
            "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \ntopic: my-topic\nevent: message\nid: 3\n\n",
        );
    }

    #[test]
    fn no_value_and_an_empty_one_are_an_empty_data_line() {
        let expected = "data: \ntopic: my-topic\nevent: message\nid: 3\n\n";
        check(&value(b""), &STYLE, expected);
        check(&record(3, None, None), &STYLE, expected);
        check(&record(3, None, None), &JSON, expected);
    }

    #[test]
    fn bytes_that_are_no_text_are_base64_and_say_so() {
        check(
            &value(b"\xff\n"),
            &STYLE,
            "data: /wo=\ntopic: my-topic\nencoding: base64\nevent: message\nid: 3\n\n",
        );
    }

    #[test]
    fn json_is_given_as_it_was_written_and_what_is_none_with_an_error() {
        check(
            &value(b" {\"a\" :1}\n"),
            &JSON,
            "data:  {\"a\" :1}\ndata: \ntopic: my-topic\nevent: message\nid: 3\n\n",
        );
        check(
            &value(b"{"),
            &JSON,
            "data: {\ntopic: my-topic\nerror: not JSON\nevent: message\nid: 3\n\n",
        );
        check(
            &value(b"\xff"),
            &JSON,
            "data: /w==\ntopic: my-topic\nencoding: base64\nerror: not JSON\nevent: message\nid: 3\n\n",
        );
    }

    #[test]
    fn a_record_that_is_too_large_comes_without_its_value() {
        let style = Style {
            record_max_bytes: 3,
            ..STYLE
        };
        let large = value(b"abc");
        check(
            &large,
            &style,
            "data: \ntopic: my-topic\nerror: record too large\nevent: message\nid: 3\n\n",
        );
    }

    #[test]
    fn the_end_after_a_fatal_error_is_an_event() {
        let mut out = BytesMut::new();
        push_error(&mut out, "a \"b\"");
        let expected =
            "event: error\ndata: {\"message\":\"Bad Gateway\",\"error\":\"a \\\"b\\\"\"}\n\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn a_cursor_stands_in_the_place_of_the_offset() {
        let mut out = BytesMut::new();
        push_record(&mut out, "t", &value(b"v"), Some("eyJ9"), &STYLE);
        let expected = "data: v\ntopic: t\nevent: message\nid: eyJ9\n\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
