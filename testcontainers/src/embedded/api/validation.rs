//! Whether a producer may send a batch. The rules are those of Kafka's `LogValidator`.

use bytes::Bytes;
use kafka_wire::ErrorCode;
use kafka_wire::messages::produce::BatchIndexAndErrorMessage;
use kafka_wire::records::{Compression, CrcCheck, RecordBatch, RecordError};

use super::Context;
use crate::embedded::log::LIMITS;
use crate::embedded::partition::NotHere;
use crate::embedded::topics::Topic;

/// Why a batch was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: Option<String>,
    /// Records at fault.
    pub(super) records: Vec<BatchIndexAndErrorMessage>,
    /// Who leads, if it is not this node.
    pub(super) leader: Option<NotHere>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
            records: Vec::new(),
            leader: None,
        }
    }
}

/// The one batch of a partition, if it is one that a producer may send, and its latest record's timestamp.
pub(super) fn validated(
    context: &Context<'_>,
    topic: &Topic,
    records: &Bytes,
) -> Result<(RecordBatch, i64), Refusal> {
    let batch = match RecordBatch::parse(records, CrcCheck::Verify) {
        Ok(Some(batch)) => batch,
        Ok(None) => {
            return Err(invalid("there is no whole record batch"));
        }
        Err(error) => return Err(unreadable(&error)),
    };
    if batch.bytes().len() < records.len() {
        return Err(invalid("there is more than one record batch"));
    }
    let limit = topic.settings.message_max_bytes;
    if records.len() > limit {
        return Err(Refusal {
            message: Some(format!(
                "a batch of {} bytes is over the limit of {limit} that {} has",
                records.len(),
                topic.name,
            )),
            ..ErrorCode::MESSAGE_TOO_LARGE.into()
        });
    }
    check_header(context, &batch)?;
    let latest = check_records(context, topic, &batch)?;
    Ok((batch, latest))
}

fn check_header(context: &Context<'_>, batch: &RecordBatch) -> Result<(), Refusal> {
    let header = batch.header();
    if header.attributes.is_control() {
        return Err(invalid("control records are for brokers to write"));
    }
    if header.base_offset != 0 {
        return Err(invalid("the offsets of a new batch begin at 0"));
    }
    if header.record_count <= 0 || header.record_count - 1 != header.last_offset_delta {
        return Err(invalid("record count and offsets of the batch do not fit"));
    }
    if header.producer_id >= 0 && header.base_sequence < 0 {
        return Err(invalid("the batch has a producer, but no sequence"));
    }
    match header.attributes.compression() {
        Ok(Compression::Zstd) if context.version < 7 => {
            Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE.into())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Every record: its shape, its time, and its key if the topic is compacted. The latest time.
fn check_records(
    context: &Context<'_>,
    topic: &Topic,
    batch: &RecordBatch,
) -> Result<i64, Refusal> {
    let config = context.cluster.config();
    let ahead = i64::try_from(config.timestamp_after_max.as_millis()).unwrap_or(i64::MAX);
    let latest = context.cluster.now_ms().saturating_add(ahead);
    let records = batch.open(&LIMITS).map_err(|error| unreadable(&error))?;
    let mut highest = -1;
    for (index, record) in (0..).zip(&records) {
        let record = record.map_err(|error| unreadable(&error))?;
        if record.offset != i64::from(index) {
            return Err(invalid("the offsets of the records do not rise one by one"));
        }
        if topic.settings.is_compacted && record.key.is_none() {
            return Err(at_record(
                ErrorCode::INVALID_RECORD,
                index,
                "the topic is compacted, and the record has no key".into(),
            ));
        }
        if record.timestamp > latest && !topic.settings.log_append_time {
            return Err(at_record(
                ErrorCode::INVALID_TIMESTAMP,
                index,
                format!(
                    "the timestamp {} is after {latest}, the latest allowed",
                    record.timestamp
                ),
            ));
        }
        highest = highest.max(record.timestamp);
    }
    Ok(highest)
}

fn invalid(message: &str) -> Refusal {
    Refusal {
        message: Some(message.into()),
        ..ErrorCode::INVALID_RECORD.into()
    }
}

fn at_record(code: ErrorCode, batch_index: i32, message: String) -> Refusal {
    Refusal {
        records: vec![BatchIndexAndErrorMessage {
            batch_index,
            batch_index_error_message: Some(message),
        }],
        message: Some("some records are not acceptable".into()),
        ..code.into()
    }
}

fn unreadable(error: &RecordError) -> Refusal {
    let code = match error {
        RecordError::UnsupportedMagic { .. }
        | RecordError::BadOffsets { .. }
        | RecordError::BadCount { .. }
        | RecordError::BadRecord { .. }
        | RecordError::TrailingBytes { .. } => ErrorCode::INVALID_RECORD,
        // What Kafka's codecs throw is nothing that it has a code for.
        RecordError::UnknownCodec { .. } | RecordError::Corrupt { .. } => {
            ErrorCode::UNKNOWN_SERVER_ERROR
        }
        _ => ErrorCode::CORRUPT_MESSAGE,
    };
    Refusal {
        message: Some(error.to_string()),
        ..code.into()
    }
}
