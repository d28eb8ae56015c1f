//! The header of a record batch: everything in front of its records.

use bytes::BufMut;
use nom::Parser;
use nom::number::complete::{be_i8, be_i16, be_i32, be_i64, be_u32};

use super::{Attributes, RecordError};

/// The header of a record batch, as on the wire but for the magic byte, which is 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the batch's first record (of the first ever: compaction may have removed it). 0 until a broker has given it one.
    pub base_offset: i64,
    /// Bytes of the batch after this field.
    pub length: i32,
    /// Epoch of the leader that appended the batch (KIP-101); -1 until one has.
    pub partition_leader_epoch: i32,
    /// CRC-32C of the bytes from the attributes to the end.
    pub crc: u32,
    /// Compression and flags.
    pub attributes: Attributes,
    /// Offset of the last record, counted from the base offset. Never changed by compaction.
    pub last_offset_delta: i32,
    /// What the records' timestamps count from: the first record's own, or the delete horizon. Milliseconds since 1970.
    pub base_timestamp: i64,
    /// The greatest timestamp of the records, or when the batch was appended. Milliseconds since 1970.
    pub max_timestamp: i64,
    /// The idempotent producer that wrote the batch (KIP-98); -1 for none.
    pub producer_id: i64,
    /// The producer's epoch; -1 for none.
    pub producer_epoch: i16,
    /// Sequence number of the first record, per producer and partition; -1 for none.
    pub base_sequence: i32,
    /// How many records the batch holds. At most `last_offset_delta + 1`, less after compaction.
    pub record_count: i32,
}

impl BatchHeader {
    /// Offset of the batch's last record, whether compaction has left it or not.
    pub fn last_offset(&self) -> i64 {
        self.base_offset
            .saturating_add(i64::from(self.last_offset_delta))
    }

    /// The first offset after the batch, where reading goes on.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// ```text
    /// RecordBatch =>
    ///   baseOffset: int64                   @0
    ///   batchLength: int32                  @8   bytes that follow
    ///   partitionLeaderEpoch: int32         @12
    ///   magic: int8                         @16  2
    ///   crc: uint32                         @17  CRC-32C of all that follows
    ///   attributes: int16                   @21
    ///   lastOffsetDelta: int32              @23
    ///   baseTimestamp: int64                @27
    ///   maxTimestamp: int64                 @35
    ///   producerId: int64                   @43
    ///   producerEpoch: int16                @51
    ///   baseSequence: int32                 @53
    ///   recordsCount: int32                 @57
    ///   records: [Record]                   @61  compressed as a whole, if at all
    /// ```
    ///
    /// `None` if `input` is shorter than that. Says nothing about whether the values make sense.
    pub(super) fn parse(input: &[u8]) -> Option<Self> {
        let front = (
            be_i64::<_, ()>,
            be_i32,
            be_i32,
            be_i8,
            be_u32,
            be_i16,
            be_i32,
        );
        let back = (be_i64, be_i64, be_i64, be_i16, be_i32, be_i32);
        let (_, (front, back)) = (front, back).parse(input).ok()?;
        let (
            base_offset,
            length,
            partition_leader_epoch,
            _magic,
            crc,
            attributes,
            last_offset_delta,
        ) = front;
        let (
            base_timestamp,
            max_timestamp,
            producer_id,
            producer_epoch,
            base_sequence,
            record_count,
        ) = back;
        Some(Self {
            base_offset,
            length,
            partition_leader_epoch,
            crc,
            attributes: Attributes(attributes),
            last_offset_delta,
            base_timestamp,
            max_timestamp,
            producer_id,
            producer_epoch,
            base_sequence,
            record_count,
        })
    }

    /// Writes the layout above over the first 61 bytes of `batch`; shorter ones stay as they are.
    pub(super) fn write(&self, batch: &mut [u8]) {
        let Some(mut slot) = batch.get_mut(..BATCH_HEADER_BYTES) else {
            return;
        };
        slot.put_i64(self.base_offset);
        slot.put_i32(self.length);
        slot.put_i32(self.partition_leader_epoch);
        slot.put_i8(MAGIC);
        slot.put_u32(self.crc);
        slot.put_i16(self.attributes.0);
        slot.put_i32(self.last_offset_delta);
        slot.put_i64(self.base_timestamp);
        slot.put_i64(self.max_timestamp);
        slot.put_i64(self.producer_id);
        slot.put_i16(self.producer_epoch);
        slot.put_i32(self.base_sequence);
        slot.put_i32(self.record_count);
    }

    /// Refuses offsets and counts that no batch can have, whatever its records are.
    pub(super) fn validate(&self) -> Result<(), RecordError> {
        let (base_offset, last_offset_delta) = (self.base_offset, self.last_offset_delta);
        let beyond_i64 = base_offset > i64::MAX - 1 - i64::from(last_offset_delta.max(0));
        if base_offset < 0 || last_offset_delta < 0 || beyond_i64 {
            return Err(RecordError::BadOffsets {
                base_offset,
                last_offset_delta,
            });
        }
        let offsets = i64::from(last_offset_delta) + 1;
        if self.record_count < 0 || i64::from(self.record_count) > offsets {
            return Err(RecordError::BadCount {
                count: self.record_count,
            });
        }
        Ok(())
    }
}

/// Bytes of the first batch of `input`. The length and the magic byte stand at the same place in every format.
///
/// `Ok(None)` if `input` ends before the batch does.
pub(super) fn batch_len(input: &[u8]) -> Result<Option<usize>, RecordError> {
    let Some(length) = length_at(input) else {
        return Ok(None);
    };
    let magic = read_at(input, MAGIC_AT).map(i8::from_be_bytes);
    let claimed = usize::try_from(length).map_err(|_| RecordError::BadLength { length })?;
    match magic {
        Some(MAGIC) | None if claimed < BATCH_HEADER_BYTES - LENGTH_END => {
            Err(RecordError::BadLength { length })
        }
        Some(MAGIC) => {
            let whole = claimed.saturating_add(LENGTH_END);
            Ok((whole <= input.len()).then_some(whole))
        }
        Some(magic) => Err(RecordError::UnsupportedMagic { magic }),
        None => Ok(None),
    }
}

/// The length field of a batch or message, which counts what stands behind it.
pub(super) fn length_at(input: &[u8]) -> Option<i32> {
    read_at(input, LENGTH_AT).map(i32::from_be_bytes)
}

/// The bytes at `at`, if there are any.
pub(super) fn read_at<const N: usize>(batch: &[u8], at: usize) -> Option<[u8; N]> {
    batch.get(at..)?.first_chunk().copied()
}

/// Writes `value` at `at`; a batch too short for it stays as it is.
pub(super) fn patch<const N: usize>(batch: &mut [u8], at: usize, value: [u8; N]) {
    if let Some(slot) = batch.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *slot = value;
    }
}

/// Bytes of a batch before its records.
pub const BATCH_HEADER_BYTES: usize = 61;

pub(super) const MAGIC: i8 = 2;
pub(super) const BASE_OFFSET_AT: usize = 0;
const LENGTH_AT: usize = 8;
pub(super) const LENGTH_END: usize = 12;
pub(super) const LEADER_EPOCH_AT: usize = 12;
pub(super) const MAGIC_AT: usize = 16;
pub(super) const CRC_AT: usize = 17;
pub(super) const ATTRIBUTES_AT: usize = 21;
pub(super) const PRODUCER_ID_AT: usize = 43;
pub(super) const PRODUCER_EPOCH_AT: usize = 51;
pub(super) const BASE_SEQUENCE_AT: usize = 53;
pub(super) const RECORD_COUNT_AT: usize = 57;
