//! What a record's key and value are in an answer: text, parsed JSON, base64, or nothing and why.

use bytes::BytesMut;
use kafka_client::RecordRef;

use super::text::{push_base64, push_string};

/// How records are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Whether values are taken for JSON.
    pub(super) parses_json: bool,
    /// Whether a null key is `""` in http-get.
    pub(super) null_key_empty: bool,
    /// Whether an empty list of records is `{}`.
    pub(super) empty_records_object: bool,
    /// Bytes of key and value above which neither the value nor such a key is given.
    pub(super) record_max_bytes: usize,
}

/// A value as it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// There is none.
    Null,
    /// A string.
    Text(&'a str),
    /// JSON, without blanks around it.
    Json(&'a str),
    /// Not text.
    Binary(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Bytes as text if they are, else to be printed as base64.
    pub(super) fn raw(bytes: Option<&'a [u8]>) -> Value<'a> {
        match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => Value::Null,
            Some((_, Ok(text))) => Value::Text(text),
            Some((bytes, Err(_))) => Value::Binary(bytes),
        }
    }

    /// Appends it as JSON.
    pub(super) fn push(self, out: &mut BytesMut) {
        match self {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Text(text) => push_string(out, text),
            Value::Json(json) => out.extend_from_slice(json.as_bytes()),
            Value::Binary(bytes) => push_base64(out, bytes),
        }
    }

    /// Whether it prints as base64.
    pub(super) fn is_binary(self) -> bool {
        matches!(self, Value::Binary(_))
    }
}

/// A record as it is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) key: Value<'a>,
    pub(super) value: Value<'a>,
    /// Why the value is not what it should be (kong-consume.md §7 rule 3).
    pub(super) error: Option<&'static str>,
}

impl<'a> Shown<'a> {
    /// What is shown of `record`.
    pub(super) fn of(record: &RecordRef<'a>, style: &Style) -> Shown<'a> {
        let length = |field: Option<&[u8]>| field.map_or(0, <[u8]>::len);
        let (key, value) = (length(record.key), length(record.value));
        if key + value > style.record_max_bytes {
            let key = record.key.filter(|_| key <= style.record_max_bytes);
            return Shown {
                key: Value::raw(key),
                value: Value::Null,
                error: Some(TOO_LARGE),
            };
        }
        let value = Value::raw(record.value);
        let (value, error) = match value {
            Value::Null => (value, None),
            _ if !style.parses_json => (value, None),
            Value::Text(text) => match json(text) {
                Some(json) => (Value::Json(json), None),
                None => (value, Some(NOT_JSON)),
            },
            _ => (value, Some(NOT_JSON)),
        };
        Shown {
            key: Value::raw(record.key),
            value,
            error,
        }
    }
}

const TOO_LARGE: &str = "record too large";
const NOT_JSON: &str = "not JSON";

/// `text` without the blanks around it, if it is one JSON value that is not nested too deeply (G-38).
fn json(text: &str) -> Option<&str> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    // Counting costs next to nothing, and hardly any JSON has so many brackets.
    (brackets(text) <= MAX_DEPTH || depth(text) <= MAX_DEPTH).then_some(text)
}

/// How many brackets are opened in `text`, within strings too.
fn brackets(text: &str) -> usize {
    let blocks = text.as_bytes().chunks(128);
    let counts = blocks.map(|block| {
        let mut count = 0_u8;
        for &byte in block {
            // `{` and `[` differ in one bit.
            count += u8::from(byte | 0x20 == b'{');
        }
        usize::from(count)
    });
    counts.sum()
}

/// How deeply valid JSON is nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The deepest JSON that is taken (G-38).
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_json_value_of_any_kind_is_json() {
        for text in [
            "{}",
            "[1,2]",
            "1",
            "\"a\"",
            "null",
            " {\"a\" : 1}\r\n",
            "\"]]]\\\"[[\"",
        ] {
            assert_eq!(json(text), Some(text.trim()), "{text}");
        }
        for text in [
            "",
            " ",
            "{",
            "a",
            "1 2",
            "{}}",
            "\u{a0}1",
            "\"\u{1}\"",
            "[1,]",
        ] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    #[test]
    fn g38_nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(json(&nested(MAX_DEPTH)).is_some());
        assert!(json(&nested(MAX_DEPTH + 1)).is_none());
        assert!(json(&nested(100_000)).is_none(), "and no stack overflows");
        let wide = format!("[{}1]", "[],{},\"[[\",".repeat(100));
        assert!(json(&wide).is_some(), "many brackets are not deep ones");
    }
}
