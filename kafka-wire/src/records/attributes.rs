//! The flags of a record batch.

use std::fmt;

use super::{Compression, RecordError};

/// Flags that hold for a whole batch. Bits that nobody has given a meaning are kept.
///
/// ```text
/// bit 0-2  compression: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd
/// bit 3    timestamp type: 0 create time, 1 log append time
/// bit 4    is transactional
/// bit 5    is a control batch (KIP-98)
/// bit 6    has a delete horizon (KIP-534): base timestamp is when tombstones may go
/// bit 7-15 unused
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attributes(pub i16);

impl Attributes {
    /// How the records are compressed.
    ///
    /// # Errors
    /// [`RecordError::UnknownCodec`] for 5-7, which Kafka does not use.
    pub fn compression(self) -> Result<Compression, RecordError> {
        Compression::try_from(self.0 & COMPRESSION)
    }

    /// The same flags with another compression.
    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Self {
        Self((self.0 & !COMPRESSION) | compression.id())
    }

    /// What the timestamps of the batch mean.
    pub fn timestamp_type(self) -> TimestampType {
        if self.has(LOG_APPEND_TIME) {
            TimestampType::LogAppend
        } else {
            TimestampType::Create
        }
    }

    /// The same flags with another meaning of timestamps.
    #[must_use]
    pub fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        self.with(LOG_APPEND_TIME, timestamp_type == TimestampType::LogAppend)
    }

    /// Whether the records count only once their transaction is committed.
    pub fn is_transactional(self) -> bool {
        self.has(TRANSACTIONAL)
    }

    /// The same flags, in a transaction or not.
    #[must_use]
    pub fn with_transactional(self, transactional: bool) -> Self {
        self.with(TRANSACTIONAL, transactional)
    }

    /// Whether the records are the broker's (commit and abort markers), never to be shown to an application.
    pub fn is_control(self) -> bool {
        self.has(CONTROL)
    }

    /// The same flags, for a control batch or not.
    #[must_use]
    pub fn with_control(self, control: bool) -> Self {
        self.with(CONTROL, control)
    }

    /// Whether the base timestamp says when tombstones and markers may be compacted away. The timestamps of
    /// the records count from it all the same.
    pub fn has_delete_horizon(self) -> bool {
        self.has(DELETE_HORIZON)
    }

    /// The same flags, with a delete horizon or not.
    #[must_use]
    pub fn with_delete_horizon(self, delete_horizon: bool) -> Self {
        self.with(DELETE_HORIZON, delete_horizon)
    }

    fn has(self, flag: i16) -> bool {
        self.0 & flag != 0
    }

    fn with(self, flag: i16, on: bool) -> Self {
        if on {
            Self(self.0 | flag)
        } else {
            Self(self.0 & !flag)
        }
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attributes({:#06x})", self.0)
    }
}

/// What the timestamps of a batch mean. Kafka: `message.timestamp.type`. Default: `Create`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimestampType {
    /// When the producer made the record, by its clock.
    #[default]
    Create,
    /// When the leader appended the batch, the same for all of its records.
    LogAppend,
}

const COMPRESSION: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_has_its_own_bit() {
        let none = Attributes::default();
        assert_eq!(none.with_compression(Compression::Zstd), Attributes(4));
        assert_eq!(
            none.with_timestamp_type(TimestampType::LogAppend),
            Attributes(8)
        );
        assert_eq!(none.with_transactional(true), Attributes(16));
        assert_eq!(none.with_control(true), Attributes(32));
        assert_eq!(none.with_delete_horizon(true), Attributes(64));
    }

    #[test]
    fn flags_are_read_and_taken_back_one_by_one() {
        let all = Attributes(-1);
        assert!(all.is_transactional() && all.is_control() && all.has_delete_horizon());
        assert_eq!(all.timestamp_type(), TimestampType::LogAppend);

        assert!(!all.with_transactional(false).is_transactional());
        assert!(!all.with_control(false).is_control());
        assert!(!all.with_delete_horizon(false).has_delete_horizon());
        assert_eq!(
            all.with_timestamp_type(TimestampType::Create),
            Attributes(!8)
        );
        assert_eq!(all.with_compression(Compression::None), Attributes(!7));
    }

    #[test]
    fn codecs_that_do_not_exist_are_an_error() {
        for id in 5..=7 {
            let error = Attributes(id).compression().unwrap_err();
            assert!(matches!(error, RecordError::UnknownCodec { id: named } if named == id));
        }
    }
}
