//! A batch under construction: records go straight to the place in the buffer that will be sent.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::closed::ClosedBatch;
use super::header::{BATCH_HEADER_BYTES, LENGTH_END};
use super::varint::{NULL, encoded_len, zigzag, zigzag_len};
use super::writer::{SHORT_CODES, Short, Writer};
use super::{Attributes, BatchFull, BatchHeader, Codecs, Compression, RecordError};

/// A record to be appended, borrowed from whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewRecord<'a> {
    /// When the record was made, in milliseconds since 1970; -1 for unknown.
    pub timestamp: i64,
    /// The key, opaque to Kafka.
    pub key: Option<&'a [u8]>,
    /// The value, opaque to Kafka; `None` is a tombstone on compacted topics.
    pub value: Option<&'a [u8]>,
    /// Name-value pairs, kept in order; names may repeat.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Builds one batch, with create timestamps, outside of transactions until [`ClosedBatch`] is told otherwise.
///
/// Nothing is allocated per record; the buffer grows as records come.
pub struct BatchBuilder {
    /// The header (still without content), the records so far, then room: bytes without meaning.
    buffer: BytesMut,
    /// Where the room begins.
    used: usize,
    limit: usize,
    count: u32,
    base_timestamp: i64,
    max_timestamp: i64,
    sum: Sum,
}

/// The checksum of the first records, taken as they come.
struct Sum {
    crc: u32,
    /// Where they end.
    end: usize,
    /// The place to be reached before it is worth going on; beyond everything if nothing is summed before the end.
    due: usize,
}

impl BatchBuilder {
    /// An empty batch of at most `limit_bytes`, header included, before compression. Makes room for
    /// `capacity_hint` bytes at once; 0 is fine.
    pub fn new(limit_bytes: usize, capacity_hint: usize) -> Self {
        Self::with_buffer(
            limit_bytes,
            BytesMut::with_capacity(capacity_hint.max(BATCH_HEADER_BYTES)),
        )
    }

    /// The same in a buffer used before, whose content is dropped.
    pub fn with_buffer(limit_bytes: usize, buffer: BytesMut) -> Self {
        Self {
            buffer,
            used: BATCH_HEADER_BYTES,
            limit: limit_bytes.min(MAX_BATCH_BYTES),
            count: 0,
            base_timestamp: 0,
            max_timestamp: i64::MIN,
            sum: Sum {
                crc: 0,
                end: BATCH_HEADER_BYTES,
                due: usize::MAX,
            },
        }
    }

    /// The same, and records are checksummed as they come, a few KiB at a time: while they are still in the cache. Of use for large batches
    /// that will not be compressed; what will be is summed afterwards all the same.
    #[must_use]
    pub fn summing(mut self) -> Self {
        self.sum.due = self.sum.end + SUM_BYTES;
        self
    }

    /// Appends a record and returns its index in the batch. The first record is taken even if it is beyond the limit, so
    /// that it is for the caller to refuse records that are too large.
    ///
    /// # Errors
    /// [`BatchFull`] if the record does not fit, or (even the first) if the batch would exceed 2 GiB.
    #[inline]
    pub fn append(&mut self, record: NewRecord<'_>) -> Result<u32, BatchFull> {
        let index = self.count;
        self.append_at(record, index)?;
        Ok(index)
    }

    /// Appends a record at an offset of the caller's choice, counted from the base offset and above the last one.
    ///
    /// # Errors
    /// As [`BatchBuilder::append`].
    #[inline]
    pub(super) fn append_at(
        &mut self,
        record: NewRecord<'_>,
        offset_delta: u32,
    ) -> Result<(), BatchFull> {
        let base_timestamp = if self.is_empty() {
            record.timestamp
        } else {
            self.base_timestamp
        };
        let deltas = Deltas {
            timestamp: zigzag(record.timestamp.wrapping_sub(base_timestamp)),
            offset: u64::from(offset_delta) << 1,
        };
        if deltas.are_short_with(&record) {
            self.append_short(&record, deltas)?;
        } else {
            self.append_long(&record, deltas)?;
        }
        self.base_timestamp = base_timestamp;
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        self.count += 1;
        if self.used >= self.sum.due {
            self.sum_up();
            self.sum.due = self.used + SUM_BYTES;
        }
        Ok(())
    }

    #[inline(never)]
    fn sum_up(&mut self) {
        let new = self.buffer.get(self.sum.end..self.used);
        self.sum.crc = crc32c::crc32c_append(self.sum.crc, new.unwrap_or_default());
        self.sum.end = self.used;
    }

    /// What nearly every record takes: no headers, and no number longer than three bytes. Each number is encoded once, which
    /// gives its length too.
    #[inline]
    fn append_short(&mut self, record: &NewRecord<'_>, deltas: Deltas) -> Result<(), BatchFull> {
        let (key, value) = (
            record.key.unwrap_or_default(),
            record.value.unwrap_or_default(),
        );
        let times = Short::EMPTY.before(deltas.timestamp).before(ATTRIBUTES);
        let before_key = Short::EMPTY
            .before(code_of(record.key))
            .before(deltas.offset);
        let before_value = Short::EMPTY.before(code_of(record.value));
        let numbers = times.len() + before_key.len() + before_value.len() + NO_HEADERS.len();
        let body = numbers + key.len() + value.len();
        let front = times.before(zigzag_len(body));
        let total = body + front.len() - times.len();
        self.check_room(total)?;

        let mut writer = Writer::new(self.room(total));
        writer.put(front);
        writer.put(before_key);
        writer.bytes(key);
        writer.put(before_value);
        writer.bytes(value);
        writer.bytes(&NO_HEADERS);
        self.used += total;
        Ok(())
    }

    /// Any record.
    #[inline(never)]
    fn append_long(&mut self, record: &NewRecord<'_>, deltas: Deltas) -> Result<(), BatchFull> {
        let deltas_len = encoded_len(deltas.timestamp) + encoded_len(deltas.offset);
        let body = body_len(record, deltas_len);
        let total = body.saturating_add(encoded_len(zigzag_len(body)));
        self.check_room(total)?;

        let mut writer = Writer::new(self.room(total));
        writer.code(zigzag_len(body));
        writer.code(ATTRIBUTES);
        writer.code(deltas.timestamp);
        writer.code(deltas.offset);
        writer.nullable(record.key);
        writer.nullable(record.value);
        writer.code(zigzag_len(record.headers.len()));
        for (key, value) in record.headers {
            writer.nullable(Some(key.as_bytes()));
            writer.nullable(*value);
        }
        self.used += total;
        Ok(())
    }

    /// Bytes that `record` takes in a batch at most; a batch of it alone takes [`BATCH_HEADER_BYTES`] more.
    pub fn size_of(record: &NewRecord<'_>) -> usize {
        let body = body_len(record, MAX_DELTA_BYTES);
        body.saturating_add(encoded_len(zigzag_len(body)))
    }

    /// Bytes so far, header included, before compression.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Records so far.
    pub fn record_count(&self) -> u32 {
        self.count
    }

    /// Whether no record has been appended.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Ends the batch and compresses its records.
    ///
    /// # Errors
    /// [`RecordError::Empty`] without records; [`RecordError::CompressFailed`] if the codec gets no memory.
    pub fn close(self, compression: Compression) -> Result<ClosedBatch, RecordError> {
        self.close_with(compression, &mut Codecs::default())
    }

    /// The same with compressors that are kept from one batch to the next, which is faster for small batches.
    ///
    /// # Errors
    /// As [`BatchBuilder::close`].
    pub fn close_with(
        mut self,
        compression: Compression,
        codecs: &mut Codecs,
    ) -> Result<ClosedBatch, RecordError> {
        if self.is_empty() {
            return Err(RecordError::Empty);
        }
        let is_summed = compression == Compression::None && self.sum.end > BATCH_HEADER_BYTES;
        if is_summed {
            self.sum_up();
        }
        let records_crc = is_summed.then_some(self.sum.crc);
        self.buffer.truncate(self.used);
        let mut header = self.header(compression);
        let mut buffer = match compression {
            Compression::None => self.buffer,
            codec => compressed(&self.buffer, codec, codecs)?,
        };
        let bytes = buffer.len();
        header.length = i32::try_from(bytes - LENGTH_END)
            .map_err(|_| RecordError::Unrepresentable { bytes })?;
        header.write(&mut buffer);
        Ok(ClosedBatch::new(buffer, records_crc))
    }

    /// The records alone, and a header for them that has no checksum. For readers of other formats, not to be sent.
    pub(super) fn into_records(self) -> (BatchHeader, Bytes) {
        let mut header = self.header(Compression::None);
        header.length = i32::try_from(self.len() - LENGTH_END).unwrap_or(i32::MAX);
        let records = self.buffer.freeze().slice(BATCH_HEADER_BYTES..self.used);
        (header, records)
    }

    fn header(&self, compression: Compression) -> BatchHeader {
        let record_count = i32::try_from(self.count).unwrap_or(i32::MAX);
        BatchHeader {
            base_offset: 0,
            length: 0,
            partition_leader_epoch: NONE,
            crc: 0,
            attributes: Attributes::default().with_compression(compression),
            last_offset_delta: record_count - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: NONE.into(),
            producer_epoch: -1,
            base_sequence: NONE,
            record_count,
        }
    }

    /// Room for `bytes` behind what is used, and all that follows it.
    #[inline]
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        let end = self.used + bytes;
        if end > self.buffer.len() {
            self.grow(end);
        }
        self.buffer.get_mut(self.used..).unwrap_or_default()
    }

    /// Room is initialised a little ahead, so that it is in the cache when records are written to it.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, needed: usize) {
        let missing = needed - self.buffer.len();
        self.buffer.reserve(missing);
        let length = (needed + AHEAD_BYTES).min(self.buffer.capacity());
        self.buffer.resize(length, 0);
    }

    /// With no more than 2 GiB, the count stays far within 31 bits: a record takes seven bytes or more.
    #[inline]
    fn check_room(&self, bytes: usize) -> Result<(), BatchFull> {
        let fits = bytes <= self.limit.saturating_sub(self.len());
        let first = self.count == 0 && bytes <= MAX_BATCH_BYTES - BATCH_HEADER_BYTES;
        if fits || first {
            Ok(())
        } else {
            Err(BatchFull)
        }
    }
}

impl fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("len", &self.len())
            .field("limit", &self.limit)
            .field("record_count", &self.count)
            .finish_non_exhaustive()
    }
}

/// Codes of the numbers by which a record differs from the header.
#[derive(Clone, Copy)]
struct Deltas {
    timestamp: u64,
    offset: u64,
}

impl Deltas {
    /// Whether all numbers in `record` are short, and there are no headers. The length of the record is at most that of key and
    /// value and a few bytes, so it is short as well.
    #[inline]
    fn are_short_with(self, record: &NewRecord<'_>) -> bool {
        let lengths = code_of(record.key) | code_of(record.value);
        (self.timestamp | self.offset | lengths) < SHORT_CODES / 4 && record.headers.is_empty()
    }
}

/// The code of a length, or of null.
#[inline]
fn code_of(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(NULL, |bytes| zigzag_len(bytes.len()))
}

/// Bytes of a record after its length field, whose deltas take `delta_bytes`.
fn body_len(record: &NewRecord<'_>, delta_bytes: usize) -> usize {
    (1 + delta_bytes + nullable_len(record.key))
        .saturating_add(nullable_len(record.value))
        .saturating_add(headers_len(record.headers))
}

#[inline]
fn nullable_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| {
        bytes.len() + encoded_len(zigzag_len(bytes.len()))
    })
}

/// Bytes of the headers and their count.
#[inline]
fn headers_len(headers: &[(&str, Option<&[u8]>)]) -> usize {
    let mut length = encoded_len(zigzag_len(headers.len()));
    for (key, value) in headers {
        let header = nullable_len(Some(key.as_bytes())).saturating_add(nullable_len(*value));
        length = length.saturating_add(header);
    }
    length
}

/// Room for a header, then the records of `batch` compressed.
fn compressed(
    batch: &[u8],
    codec: Compression,
    codecs: &mut Codecs,
) -> Result<BytesMut, RecordError> {
    let records = batch.get(BATCH_HEADER_BYTES..).unwrap_or_default();
    let mut output = vec![0; BATCH_HEADER_BYTES];
    codecs.compress(codec, records, &mut output)?;
    // The vector has one owner, so neither step copies.
    Ok(BytesMut::from(Bytes::from(output)))
}

/// The length field counts what follows it and has 31 bits.
const MAX_BATCH_BYTES: usize = 0x7fff_ffff;
/// A 64-bit timestamp delta and a 32-bit offset delta.
const MAX_DELTA_BYTES: usize = 10 + 5;
/// No attribute of a record has a meaning yet.
const ATTRIBUTES: u64 = 0;
const NO_HEADERS: [u8; 1] = [0];
/// Little enough to be in the nearest cache still when it is written to.
const AHEAD_BYTES: usize = 1024;
/// Enough for the checksum's wide steps, and little enough to be in a near cache still. Batches that are no larger are summed in one.
const SUM_BYTES: usize = 16 << 10;
const NONE: i32 = -1;
