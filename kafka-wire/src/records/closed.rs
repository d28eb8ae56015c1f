//! A batch whose records are final, being stamped with who sends it.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::Attributes;
use super::checksum::join;
use super::header::{
    ATTRIBUTES_AT, BASE_OFFSET_AT, BASE_SEQUENCE_AT, BATCH_HEADER_BYTES, CRC_AT, LEADER_EPOCH_AT,
    PRODUCER_EPOCH_AT, PRODUCER_ID_AT, RECORD_COUNT_AT, patch, read_at,
};

/// A finished batch, uncompressed or compressed, that may still be stamped. [`ClosedBatch::seal`] makes it the bytes to send.
pub struct ClosedBatch {
    buffer: BytesMut,
    /// CRC-32C of what follows the header, if it is known.
    records_crc: Option<u32>,
}

impl ClosedBatch {
    pub(super) fn new(buffer: BytesMut, records_crc: Option<u32>) -> Self {
        Self {
            buffer,
            records_crc,
        }
    }

    /// A sealed batch again, to be stamped anew after its producer got another epoch. The buffer is reused if
    /// nobody else holds `sealed`, else copied.
    ///
    /// Bytes that no [`ClosedBatch::seal`] made come out as nonsense, but never panic.
    pub fn reopen(sealed: Bytes) -> Self {
        Self::new(
            sealed
                .try_into_mut()
                .unwrap_or_else(|shared| BytesMut::from(&*shared)),
            None,
        )
    }

    /// Says which idempotent producer sends the batch, and its place in the producer's order (KIP-98).
    pub fn set_producer(&mut self, stamp: ProducerStamp) {
        patch(&mut self.buffer, PRODUCER_ID_AT, stamp.id.to_be_bytes());
        patch(
            &mut self.buffer,
            PRODUCER_EPOCH_AT,
            stamp.epoch.to_be_bytes(),
        );
        patch(
            &mut self.buffer,
            BASE_SEQUENCE_AT,
            stamp.base_sequence.to_be_bytes(),
        );
    }

    /// Says whether the batch belongs to the producer's transaction. Default: it does not.
    pub fn set_transactional(&mut self, transactional: bool) {
        self.set_attributes(|attributes| attributes.with_transactional(transactional));
    }

    /// Says whether the batch holds transaction markers, which only brokers write. Default: it does not.
    pub fn set_control(&mut self, control: bool) {
        self.set_attributes(|attributes| attributes.with_control(control));
    }

    /// How many records the batch holds.
    pub fn record_count(&self) -> u32 {
        read_at(&self.buffer, RECORD_COUNT_AT).map_or(0, u32::from_be_bytes)
    }

    /// Bytes on the wire, header included.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a closed batch has a header and a record at least"
    )]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Computes the checksum and gives the bytes to send, without copying them.
    pub fn seal(mut self) -> Bytes {
        let crc = match (self.buffer.get(..BATCH_HEADER_BYTES), self.records_crc) {
            (Some(header), Some(records)) => {
                let header = crc32c::crc32c(header.get(ATTRIBUTES_AT..).unwrap_or_default());
                join(header, records, self.buffer.len() - BATCH_HEADER_BYTES)
            }
            _ => crc32c::crc32c(self.buffer.get(ATTRIBUTES_AT..).unwrap_or_default()),
        };
        patch(&mut self.buffer, CRC_AT, crc.to_be_bytes());
        self.buffer.freeze()
    }

    fn set_attributes(&mut self, change: impl FnOnce(Attributes) -> Attributes) {
        let current = read_at(&self.buffer, ATTRIBUTES_AT).map_or(0, i16::from_be_bytes);
        patch(
            &mut self.buffer,
            ATTRIBUTES_AT,
            change(Attributes(current)).0.to_be_bytes(),
        );
    }
}

impl fmt::Debug for ClosedBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClosedBatch")
            .field("len", &self.len())
            .field("record_count", &self.record_count())
            .finish_non_exhaustive()
    }
}

/// Who sends a batch, for brokers to recognise repetitions and gaps (KIP-98).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerStamp {
    /// The id that `InitProducerId` gave.
    pub id: i64,
    /// The epoch that `InitProducerId` gave.
    pub epoch: i16,
    /// Sequence number of the batch's first record in its partition.
    pub base_sequence: i32,
}

/// What a broker writes into a batch as it appends it: the offset of its first record and the epoch of the leader. Both
/// lie outside the checksum. Bytes too short for a batch stay as they are.
pub fn stamp_base_offset(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    patch(batch, BASE_OFFSET_AT, base_offset.to_be_bytes());
    patch(batch, LEADER_EPOCH_AT, leader_epoch.to_be_bytes());
}
