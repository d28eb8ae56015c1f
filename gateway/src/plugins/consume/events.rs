//! Server-sent events: records, errors, comments, byte for byte (kong-consume.md §3). Pure.

use bytes::BytesMut;
use kafka_client::RecordRef;

use super::text::{push_bare_base64, push_number, push_string};
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
        let Some(at) = rest.bytes().position(|byte| byte == b'\n' || byte == b'\r') else {
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
