//! The frames that a WebSocket's client gets (kong-consume.md §4.2). Pure.

use std::collections::HashMap;

use bytes::BytesMut;
use kafka_client::{Headers, RecordRef};

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
    push_headers(out, record.headers);
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
fn push_headers(out: &mut BytesMut, headers: Headers<'_>) {
    let mut names: Vec<&str> = Vec::new();
    let mut values: HashMap<&str, Vec<Option<&[u8]>>> = HashMap::new();
    for (name, value) in headers.iter() {
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
