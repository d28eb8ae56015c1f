//! Records of an opened batch, walked one by one without copying or allocating.

use std::fmt;
use std::iter::FusedIterator;

use bytes::Bytes;

use super::varint::{take_i32, take_i64};
use super::{BatchHeader, RecordError, RecordFault, TimestampType};

/// The records of one batch, decompressed but not parsed yet. Cheap to clone.
#[derive(Clone)]
pub struct RecordSet {
    header: BatchHeader,
    records: Bytes,
}

impl RecordSet {
    /// `header` has been validated, and [`fits`] has been asked.
    pub(super) fn new(header: BatchHeader, records: Bytes) -> Self {
        Self { header, records }
    }

    /// The header of the batch. For messages of magic 0 and 1, that of the batch they would be: offsets, timestamps, flags and count
    /// are theirs, nobody produced it, and its checksum is 0, for the messages' own have been looked at.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// How many records the batch says it has; never more than its bytes could hold, so a fair capacity to reserve.
    pub fn len(&self) -> usize {
        usize::try_from(self.header.record_count).unwrap_or(0)
    }

    /// Whether there are no records: compaction may keep an empty batch for its producer's sake (KIP-98).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all records, decompressed.
    pub fn size_bytes(&self) -> usize {
        self.records.len()
    }

    /// The records in order. Each iterator starts at the first one.
    #[inline]
    pub fn iter(&self) -> Records<'_> {
        let header = &self.header;
        Records {
            rest: &self.records,
            index: 0,
            count: header.record_count,
            last_delta: -1,
            max_delta: header.last_offset_delta,
            base_offset: header.base_offset,
            base_timestamp: header.base_timestamp,
            append_time: match header.attributes.timestamp_type() {
                TimestampType::Create => None,
                TimestampType::LogAppend => Some(header.max_timestamp),
            },
        }
    }

    /// A key or value of this set as `Bytes` that share its memory, to be kept when the set is gone: no copy,
    /// but the whole set stays in memory as long. A slice from elsewhere is copied.
    pub fn share(&self, part: &[u8]) -> Bytes {
        let ours = self.records.as_ptr_range();
        let theirs = part.as_ptr_range();
        if ours.start <= theirs.start && theirs.end <= ours.end {
            self.records.slice_ref(part)
        } else {
            Bytes::copy_from_slice(part)
        }
    }
}

impl<'a> IntoIterator for &'a RecordSet {
    type Item = Result<RecordRef<'a>, RecordError>;
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Records<'a> {
        self.iter()
    }
}

impl fmt::Debug for RecordSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordSet")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// One record, borrowed from its [`RecordSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Where the record stands in its partition.
    pub offset: i64,
    /// Milliseconds since 1970: when the producer made it, or with [`TimestampType::LogAppend`] when the broker
    /// appended its batch. -1 if the producer gave none, as nobody could in magic 0.
    pub timestamp: i64,
    /// The key, opaque to Kafka.
    pub key: Option<&'a [u8]>,
    /// The value, opaque to Kafka; `None` is a tombstone on compacted topics.
    pub value: Option<&'a [u8]>,
    /// Name-value pairs beside the value.
    pub headers: Headers<'a>,
}

/// The records of a [`RecordSet`], parsed one by one.
///
/// Yields exactly as many records as the header says, or ends with the first error: a record that breaks the
/// format, offsets that do not rise, or bytes left behind the last record (then the error takes the place of that record).
#[derive(Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
    index: i32,
    count: i32,
    last_delta: i32,
    max_delta: i32,
    base_offset: i64,
    base_timestamp: i64,
    append_time: Option<i64>,
}

impl<'a> Records<'a> {
    /// ```text
    /// Record =>
    ///   length: varint                  bytes that follow
    ///   attributes: int8                unused
    ///   timestampDelta: varlong         from the batch's base timestamp
    ///   offsetDelta: varint             from the batch's base offset
    ///   keyLength: varint               -1 for null
    ///   key: byte[]
    ///   valueLength: varint             -1 for null
    ///   value: byte[]
    ///   headersCount: varint
    ///   Headers => [Header]
    ///
    /// Header =>
    ///   headerKeyLength: varint
    ///   headerKey: String               UTF-8
    ///   headerValueLength: varint       -1 for null
    ///   value: byte[]
    /// ```
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as for `next`, its only caller")]
    fn record(&mut self) -> Result<RecordRef<'a>, RecordFault> {
        let mut body = take_sized(&mut self.rest)?;
        let Some((_attributes, rest)) = body.split_first() else {
            return Err(RecordFault::Length);
        };
        body = rest;
        let timestamp_delta = take_i64(&mut body).ok_or(RecordFault::Varint)?;
        let offset_delta = take_i32(&mut body).ok_or(RecordFault::Varint)?;
        if offset_delta <= self.last_delta || offset_delta > self.max_delta {
            return Err(RecordFault::Offset);
        }
        self.last_delta = offset_delta;
        let record = RecordRef {
            offset: self.base_offset + i64::from(offset_delta),
            // Wraps as the builder's difference does, so that every timestamp comes back.
            timestamp: match self.append_time {
                None => self.base_timestamp.wrapping_add(timestamp_delta),
                Some(append_time) => append_time,
            },
            key: take_nullable(&mut body)?,
            value: take_nullable(&mut body)?,
            headers: Headers::parse(body)?,
        };
        Ok(record)
    }

    #[cold]
    fn fail(&mut self, fault: RecordFault) -> RecordError {
        let index = self.index;
        self.index = self.count;
        RecordError::BadRecord { index, fault }
    }

    #[cold]
    fn fail_with_trailing(&mut self) -> RecordError {
        self.index = self.count;
        RecordError::TrailingBytes {
            bytes: self.rest.len(),
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordRef<'a>, RecordError>;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "as soon as a program has two loops, the compiler leaves it out of line, and a record that is moved through memory \
                  costs 25 ns for 11"
    )]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.count {
            return None;
        }
        let record = match self.record() {
            Ok(record) => record,
            Err(fault) => return Some(Err(self.fail(fault))),
        };
        self.index += 1;
        if self.index == self.count && !self.rest.is_empty() {
            return Some(Err(self.fail_with_trailing()));
        }
        Some(Ok(record))
    }

    /// At most what the header says, and at least one item (a record or an error) as long as it says anything.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.count - self.index).unwrap_or(0);
        (left.min(1), Some(left))
    }
}

impl FusedIterator for Records<'_> {}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("index", &self.index)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// The headers of one record, in the order they were written; names may repeat. Known to be well-formed.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Headers<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Name and value of each. A value may be null; names are never.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Option<&'a [u8]>)> + use<'a> {
        let mut rest = self.bytes;
        (0..self.count).map_while(move |_| take_header(&mut rest).ok())
    }

    /// Headers and nothing else in `body`. Each takes two bytes or more, so the bytes bound the loop.
    #[inline]
    fn parse(mut body: &'a [u8]) -> Result<Self, RecordFault> {
        let count = take_i32(&mut body).ok_or(RecordFault::Varint)?;
        let count = usize::try_from(count).map_err(|_| RecordFault::Length)?;
        let headers = Self { count, bytes: body };
        for _ in 0..count {
            take_header(&mut body)?;
        }
        if body.is_empty() {
            Ok(headers)
        } else {
            Err(RecordFault::Leftover)
        }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Refuses a count of records that the bytes cannot hold, before anybody makes room for so many.
pub(super) fn fits(header: &BatchHeader, records: &[u8]) -> Result<(), RecordError> {
    let count = header.record_count;
    match usize::try_from(count) {
        Ok(0) if !records.is_empty() => Err(RecordError::TrailingBytes {
            bytes: records.len(),
        }),
        Ok(count) if count <= records.len() / MIN_RECORD_BYTES => Ok(()),
        _ => Err(RecordError::BadCount { count }),
    }
}

/// Length, attributes, two deltas, two lengths and a count, of a byte each.
const MIN_RECORD_BYTES: usize = 7;

#[inline]
fn take_header<'a>(body: &mut &'a [u8]) -> Result<(&'a str, Option<&'a [u8]>), RecordFault> {
    let key = take_sized(body)?;
    let key = str::from_utf8(key).map_err(|_| RecordFault::HeaderKey)?;
    Ok((key, take_nullable(body)?))
}

/// A length and as many bytes; -1 stands for null.
#[inline]
fn take_nullable<'a>(input: &mut &'a [u8]) -> Result<Option<&'a [u8]>, RecordFault> {
    match take_i32(input) {
        Some(-1) => Ok(None),
        Some(length) => take(input, length).map(Some),
        None => Err(RecordFault::Varint),
    }
}

/// A length and as many bytes.
#[inline]
fn take_sized<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], RecordFault> {
    let length = take_i32(input).ok_or(RecordFault::Varint)?;
    take(input, length)
}

#[inline]
fn take<'a>(input: &mut &'a [u8], length: i32) -> Result<&'a [u8], RecordFault> {
    let length = usize::try_from(length).map_err(|_| RecordFault::Length)?;
    let (taken, rest) = input.split_at_checked(length).ok_or(RecordFault::Length)?;
    *input = rest;
    Ok(taken)
}
