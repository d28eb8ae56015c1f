//! What a caller hands in.

use std::time::SystemTime;

/// A record to be sent, borrowed: it is copied into the buffer before `send` returns.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProducerRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; `None` leaves it to the [`Partitioner`](super::Partitioner).
    pub partition: Option<i32>,
    /// The key: equal keys go to the same partition. `None` differs from an empty key.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone on compacted topics.
    pub value: Option<&'a [u8]>,
    /// Name-value pairs, kept in order; names may repeat.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// When the record came to be, in milliseconds since 1970; `None` for now.
    pub timestamp_ms: Option<i64>,
}

impl<'a> ProducerRecord<'a> {
    /// A record of `value` alone.
    pub fn to(topic: &'a str, value: &'a [u8]) -> Self {
        Self {
            topic,
            value: Some(value),
            ..Self::default()
        }
    }
}

/// Milliseconds since 1970.
#[inline]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    seconds * 1000 + i64::from(since.subsec_millis())
}
