//! The JSON of http-get, and of batch frames on a WebSocket (kong-consume.md §2.1). Pure.

use bytes::BytesMut;
use kafka_client::{Error, ErrorCode, RecordRef};

use super::text::{push_number, push_string};
use super::value::{Shown, Style, Value};
use crate::hub::Portion;

/// One partition of an answer.
pub(super) struct PartitionView<'a, R> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) errcode: i16,
    pub(super) high_watermark: i64,
    pub(super) records: R,
}

/// The answer: every topic in the order of `topics`, and below it the partitions in the order in which they are given.
pub(super) fn push_answer<'a, R: Iterator<Item = RecordRef<'a>>>(
    out: &mut BytesMut,
    topics: &[String],
    partitions: Vec<PartitionView<'_, R>>,
    style: &Style,
) {
    let mut partitions: Vec<Option<PartitionView<'_, R>>> =
        partitions.into_iter().map(Some).collect();
    out.extend_from_slice(b"{");
    for (index, topic) in topics.iter().enumerate() {
        push_comma(out, index);
        push_string(out, topic);
        out.extend_from_slice(b":{\"partitions\":{");
        let own = partitions
            .iter_mut()
            .filter_map(|slot| slot.take_if(|view| view.topic == topic));
        for (index, view) in own.enumerate() {
            push_comma(out, index);
            push_partition(out, view, style);
        }
        out.extend_from_slice(b"}}");
    }
    out.extend_from_slice(b"}");
}

/// The answer of an http-get.
pub(super) fn answer(topics: &[String], portions: &[Portion], style: &Style) -> BytesMut {
    let count: usize = portions.iter().map(|portion| portion.count).sum();
    let mut out = BytesMut::with_capacity(256 + portions.len() * 64 + count * 128);
    let views = portions.iter().map(|portion| PartitionView {
        topic: &portion.partition.topic,
        partition: portion.partition.partition,
        errcode: portion.error.as_ref().map_or(0, errcode),
        high_watermark: portion.high_watermark,
        records: portion.records(),
    });
    push_answer(&mut out, topics, views.collect(), style);
    out
}

/// The number that Kafka has for an error; 13 (`NETWORK_EXCEPTION`) for what is between it and us.
pub(super) fn errcode(error: &Error) -> i16 {
    let code = match error {
        Error::Records { .. } => ErrorCode::CORRUPT_MESSAGE,
        Error::Timeout { .. } => ErrorCode::REQUEST_TIMED_OUT,
        error => error.code().unwrap_or(ErrorCode::NETWORK_EXCEPTION),
    };
    code.0
}

fn push_partition<'a, R: Iterator<Item = RecordRef<'a>>>(
    out: &mut BytesMut,
    view: PartitionView<'_, R>,
    style: &Style,
) {
    out.extend_from_slice(b"\"");
    push_number(out, i64::from(view.partition));
    out.extend_from_slice(b"\":{\"errcode\":");
    push_number(out, i64::from(view.errcode));
    out.extend_from_slice(b",\"high_watermark\":");
    push_number(out, view.high_watermark);
    let mut records = view.records.peekable();
    if records.peek().is_none() && style.empty_records_object {
        return out.extend_from_slice(b",\"records\":{}}");
    }
    out.extend_from_slice(b",\"records\":[");
    for (index, record) in records.enumerate() {
        push_comma(out, index);
        push_record(out, &record, style);
    }
    out.extend_from_slice(b"]}");
}

/// Members in alphabetical order.
fn push_record(out: &mut BytesMut, record: &RecordRef<'_>, style: &Style) {
    let shown = Shown::of(record, style);
    out.extend_from_slice(b"{");
    if let Some(error) = shown.error {
        out.extend_from_slice(b"\"error\":");
        push_string(out, error);
        out.extend_from_slice(b",");
    }
    out.extend_from_slice(b"\"key\":");
    match shown.key {
        Value::Null if style.null_key_empty => out.extend_from_slice(b"\"\""),
        key => key.push(out),
    }
    if shown.key.is_binary() {
        out.extend_from_slice(b",\"key_base64\":true");
    }
    out.extend_from_slice(b",\"offset\":");
    push_number(out, record.offset);
    out.extend_from_slice(b",\"timestamp\":");
    push_number(out, record.timestamp.max(0));
    out.extend_from_slice(b",\"value\":");
    shown.value.push(out);
    if shown.value.is_binary() {
        out.extend_from_slice(b",\"value_base64\":true");
    }
    out.extend_from_slice(b"}");
}

fn push_comma(out: &mut BytesMut, index: usize) {
    if index > 0 {
        out.extend_from_slice(b",");
    }
}

#[cfg(test)]
mod tests;
