//! A batch under construction: records go straight to the place in the buffer that will be sent.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::closed::ClosedBatch;
use super::header::{BATCH_HEADER_BYTES, LENGTH_END};
use super::varint::{NULL, encoded_len, zigzag, zigzag_len};
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
    /// Room for the header, then the records so far.
    buffer: BytesMut,
    limit: usize,
    count: u32,
    base_timestamp: i64,
    max_timestamp: i64,
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
    pub fn with_buffer(limit_bytes: usize, mut buffer: BytesMut) -> Self {
        buffer.clear();
        buffer.resize(BATCH_HEADER_BYTES, 0);
        Self {
            buffer,
            limit: limit_bytes.min(MAX_BATCH_BYTES),
            count: 0,
            base_timestamp: 0,
            max_timestamp: 0,
        }
    }

    /// Appends a record and returns its index in the batch. The first record is taken even if it is beyond the limit, so
    /// that it is for the caller to refuse records that are too large.
    ///
    /// # Errors
    /// [`BatchFull`] if the record does not fit, or (even the first) if the batch would exceed 2 GiB.
    #[inline]
    pub fn append(&mut self, record: NewRecord<'_>) -> Result<u32, BatchFull> {
        let index = self.count;
        let base_timestamp = if index == 0 {
            record.timestamp
        } else {
            self.base_timestamp
        };
        let timestamp_delta = zigzag(record.timestamp.wrapping_sub(base_timestamp));
        let offset_delta = u64::from(index) << 1;
        let body = body_len(
            &record,
            encoded_len(timestamp_delta) + encoded_len(offset_delta),
        );
        let total = body.saturating_add(encoded_len(zigzag_len(body)));
        self.check_room(total)?;

        self.buffer.reserve(total);
        let mut front = Scratch::new();
        front.code(zigzag_len(body));
        front.byte(0);
        front.code(timestamp_delta);
        front.code(offset_delta);
        front.nullable(&mut self.buffer, record.key);
        front.nullable(&mut self.buffer, record.value);
        front.headers(&mut self.buffer, record.headers);
        front.flush(&mut self.buffer);

        self.base_timestamp = base_timestamp;
        self.max_timestamp = if index == 0 {
            record.timestamp
        } else {
            self.max_timestamp.max(record.timestamp)
        };
        self.count = index + 1;
        Ok(index)
    }

    /// Bytes that `record` takes in a batch at most; a batch of it alone takes [`BATCH_HEADER_BYTES`] more.
    pub fn size_of(record: &NewRecord<'_>) -> usize {
        let body = body_len(record, MAX_DELTA_BYTES);
        body.saturating_add(encoded_len(zigzag_len(body)))
    }

    /// Bytes so far, header included, before compression.
    pub fn len(&self) -> usize {
        self.buffer.len()
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
        self,
        compression: Compression,
        codecs: &mut Codecs,
    ) -> Result<ClosedBatch, RecordError> {
        if self.is_empty() {
            return Err(RecordError::Empty);
        }
        let mut header = self.header(compression);
        let mut buffer = match compression {
            Compression::None => self.buffer,
            codec => compressed(&self.buffer, codec, codecs)?,
        };
        let bytes = buffer.len();
        header.length = i32::try_from(bytes - LENGTH_END)
            .map_err(|_| RecordError::Unrepresentable { bytes })?;
        header.write(&mut buffer);
        Ok(ClosedBatch::new(buffer))
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

    /// With no more than 2 GiB, the count stays far within 31 bits: a record takes seven bytes or more.
    #[inline]
    fn check_room(&self, bytes: usize) -> Result<(), BatchFull> {
        let limit = if self.count == 0 {
            MAX_BATCH_BYTES
        } else {
            self.limit
        };
        if bytes > limit.saturating_sub(self.buffer.len()) {
            Err(BatchFull)
        } else {
            Ok(())
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

/// A few bytes on the stack, so that numbers in a row reach the buffer with one copy.
struct Scratch {
    bytes: [u8; SCRATCH_BYTES],
    used: usize,
}

impl Scratch {
    #[inline]
    fn new() -> Self {
        Self {
            bytes: [0; SCRATCH_BYTES],
            used: 0,
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.used) {
            *slot = byte;
            self.used += 1;
        }
    }

    #[inline]
    fn code(&mut self, mut code: u64) {
        while code >= 0x80 {
            let [low, ..] = code.to_le_bytes();
            self.byte(low | 0x80);
            code >>= 7;
        }
        let [low, ..] = code.to_le_bytes();
        self.byte(low);
    }

    /// A length, or -1 for null; then the bytes, and all that was here before them.
    #[inline]
    fn nullable(&mut self, buffer: &mut BytesMut, bytes: Option<&[u8]>) {
        match bytes {
            None => self.code(NULL),
            Some(bytes) => self.sized(buffer, bytes),
        }
    }

    #[inline]
    fn sized(&mut self, buffer: &mut BytesMut, bytes: &[u8]) {
        self.code(zigzag_len(bytes.len()));
        self.flush(buffer);
        buffer.extend_from_slice(bytes);
    }

    #[inline]
    fn headers(&mut self, buffer: &mut BytesMut, headers: &[(&str, Option<&[u8]>)]) {
        self.code(zigzag_len(headers.len()));
        for (key, value) in headers {
            self.sized(buffer, key.as_bytes());
            self.nullable(buffer, *value);
            self.flush(buffer);
        }
    }

    #[inline]
    fn flush(&mut self, buffer: &mut BytesMut) {
        buffer.extend_from_slice(self.bytes.get(..self.used).unwrap_or_default());
        self.used = 0;
    }
}

/// Bytes of a record after its length field, whose deltas take `delta_bytes`.
#[inline]
fn body_len(record: &NewRecord<'_>, delta_bytes: usize) -> usize {
    let mut length =
        1 + delta_bytes + nullable_len(record.key).saturating_add(nullable_len(record.value));
    length += encoded_len(zigzag_len(record.headers.len()));
    for (key, value) in record.headers {
        length = length
            .saturating_add(nullable_len(Some(key.as_bytes())))
            .saturating_add(nullable_len(*value));
    }
    length
}

#[inline]
fn nullable_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| {
        bytes.len() + encoded_len(zigzag_len(bytes.len()))
    })
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
/// Two lengths, attributes, two deltas, a null key, a null value, a count: the most that comes without bytes in between.
const SCRATCH_BYTES: usize = 5 + 1 + MAX_DELTA_BYTES + 5 + 5 + 5;
const NONE: i32 = -1;
