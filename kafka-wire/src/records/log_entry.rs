//! What stands in a log, in whatever format it was written: the one door for those who read what a broker serves.
//!
//! A segment keeps the format of its day. A partition that is old enough has message sets of magic 0, then of magic 1, then record
//! batches, and a fetch answer may hold the seam. Nothing here knows a format: it looks at the magic byte and asks who does.

use std::iter::FusedIterator;

use bytes::Bytes;

use super::header::{MAGIC_AT, read_at};
use super::{Codecs, CrcCheck, DecompressLimits, MessageSet, RecordBatch, RecordError, RecordSet};

/// Records that stand together in a log.
#[derive(Debug, Clone)]
pub enum LogEntry {
    /// A record batch, magic 2: what Kafka has written since 0.11.
    Batch(RecordBatch),
    /// Messages of magic 0 or 1.
    Messages(MessageSet),
}

impl LogEntry {
    /// The first entry of `bytes`; what follows it is left alone. `Ok(None)` if `bytes` end before the entry does.
    ///
    /// # Errors
    /// As [`RecordBatch::parse`] and [`MessageSet::parse`], by the magic byte; [`RecordError::UnsupportedMagic`] for one that
    /// stands for nothing.
    pub fn parse(bytes: &Bytes, check: CrcCheck) -> Result<Option<Self>, RecordError> {
        // Bytes that end before the magic byte are refused only if no format could begin with them: messages ask for the least.
        match read_at(bytes, MAGIC_AT) {
            Some([2]) => Ok(RecordBatch::parse(bytes, check)?.map(Self::Batch)),
            _ => Ok(MessageSet::parse(bytes, check)?.map(Self::Messages)),
        }
    }

    /// Offset of the first record, whether compaction has left it or not. `None` for compressed messages: it stands inside.
    pub fn first_offset(&self) -> Option<i64> {
        match self {
            Self::Batch(batch) => Some(batch.header().base_offset),
            Self::Messages(messages) => messages.first_offset(),
        }
    }

    /// Offset of the last record, whether compaction has left it or not.
    pub fn last_offset(&self) -> i64 {
        match self {
            Self::Batch(batch) => batch.header().last_offset(),
            Self::Messages(messages) => messages.last_offset(),
        }
    }

    /// The first offset after the entry, where reading goes on.
    pub fn next_offset(&self) -> i64 {
        match self {
            Self::Batch(batch) => batch.header().next_offset(),
            Self::Messages(messages) => messages.next_offset(),
        }
    }

    /// The entry as on the wire.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Batch(batch) => batch.bytes(),
            Self::Messages(messages) => messages.bytes(),
        }
    }

    /// The records. Those of an uncompressed batch are not copied; messages are, once.
    ///
    /// # Errors
    /// As [`RecordBatch::open`] and [`MessageSet::open`].
    pub fn open(&self, limits: &DecompressLimits) -> Result<RecordSet, RecordError> {
        self.open_with(limits, &mut Codecs::default())
    }

    /// The same with decompressors that are kept from one entry to the next, which is faster for small ones.
    ///
    /// # Errors
    /// As [`LogEntry::open`].
    pub fn open_with(
        &self,
        limits: &DecompressLimits,
        codecs: &mut Codecs,
    ) -> Result<RecordSet, RecordError> {
        match self {
            Self::Batch(batch) => batch.open_with(limits, codecs),
            Self::Messages(messages) => messages.open_with(limits, codecs),
        }
    }
}

/// The entries in the `records` bytes of a fetch answer, in order, whatever their formats.
///
/// Ends before an entry that is cut off at the end, and after the first error: behind an entry of unknown length nothing can be
/// found. Who wants record batches and nothing else, as a broker does of a producer, takes [`Batches`](super::Batches).
#[derive(Debug, Clone)]
pub struct LogEntries {
    rest: Bytes,
    check: CrcCheck,
}

impl LogEntries {
    /// Entries of `records`; nothing is parsed yet.
    pub fn new(records: Bytes, check: CrcCheck) -> Self {
        Self {
            rest: records,
            check,
        }
    }
}

impl Iterator for LogEntries {
    type Item = Result<LogEntry, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        match LogEntry::parse(&self.rest, self.check) {
            Ok(Some(entry)) => {
                self.rest = self.rest.slice(entry.bytes().len()..);
                Some(Ok(entry))
            }
            Ok(None) => {
                self.rest = Bytes::new();
                None
            }
            Err(error) => {
                self.rest = Bytes::new();
                Some(Err(error))
            }
        }
    }
}

impl FusedIterator for LogEntries {}
