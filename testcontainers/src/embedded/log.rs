//! The log of one partition, in memory. Pure: no clock, no lock, no I/O.
//!
//! ```text
//! chunks (shared)                           tail (still grows)
//! ├ batch ┼ batch ┼ batch ┤├ batch ┼ batch ┤├ batch ┼ batch ┼ … spare …
//! start                                                     end
//! ```
//! A batch is copied once, when it is appended, and stamped where it lies. Reading freezes the tail into a chunk; a chunk is handed out in
//! slices, so that batches that lie side by side are read without another copy.
//!
//! Nothing is compacted, and nothing expires: what leaves a log is what [`Log::delete_before`] and [`Log::truncate`] take out.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use kafka_wire::records::{BatchHeader, CrcCheck, DecompressLimits, RecordBatch, TimestampType};

use super::epochs::Epochs;

/// What a broker writes into a batch before it keeps it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// Of the partition, at the time of the append.
    pub(super) leader_epoch: i32,
    /// Type and value of the batch's highest timestamp, if they are not what the producer wrote.
    pub(super) max_timestamp: Option<(TimestampType, i64)>,
}

/// The batches of a partition, and where they stand.
#[derive(Debug, Default)]
pub(super) struct Log {
    start: i64,
    end: i64,
    chunks: VecDeque<Chunk>,
    tail: Tail,
    epochs: Epochs,
    bytes: usize,
}

/// Batches that lie side by side and do not change any more.
#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    batches: Vec<Placed>,
}

/// The newest batches, and room for more.
#[derive(Debug, Default)]
struct Tail {
    buffer: BytesMut,
    batches: Vec<Placed>,
    /// How much the last buffer could take.
    capacity: usize,
}

/// A batch, and the first byte of it in its chunk.
#[derive(Debug, Clone, Copy)]
struct Placed {
    at: usize,
    header: BatchHeader,
}

/// What a read found: pieces of chunks, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    parts: Vec<Bytes>,
    len: usize,
}

/// A record's place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is.
    pub(super) offset: i64,
    /// When it was written, in milliseconds.
    pub(super) timestamp: i64,
    /// Leader epoch of its batch.
    pub(super) leader_epoch: i32,
}

impl Log {
    /// First offset that can be read.
    pub(super) fn start(&self) -> i64 {
        self.start
    }

    /// The offset that the next record gets.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    /// Bytes of all batches.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Which leader wrote what.
    pub(super) fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// A leader begins: what is appended from here on is its.
    pub(super) fn begin_epoch(&mut self, leader_epoch: i32) {
        self.epochs.assign(leader_epoch, self.end);
    }

    /// Appends a batch that was validated before; `header` is its header. The offset of its first record.
    pub(super) fn append(&mut self, batch: &Bytes, header: &BatchHeader, stamp: Stamp) -> i64 {
        if self.tail.buffer.capacity() - self.tail.buffer.len() < batch.len() {
            self.seal();
            self.tail.grow(batch.len());
        }
        let base_offset = self.end;
        let at = self.tail.buffer.len();
        self.tail.buffer.extend_from_slice(batch);
        let mut header = *header;
        header.base_offset = base_offset;
        header.partition_leader_epoch = stamp.leader_epoch;
        if let Some(kept) = self.tail.buffer.get_mut(at..) {
            write_stamp(kept, &mut header, stamp);
        }
        self.tail.batches.push(Placed { at, header });
        self.bytes += batch.len();
        self.end = header.next_offset();
        self.epochs.assign(stamp.leader_epoch, base_offset);
        base_offset
    }

    /// Batches from the one that holds the start of `offsets` on, and before their end, which is where a batch begins. At most `max_bytes`
    /// of them: the last one may be cut off in the middle, as Kafka's may. A first batch that is longer comes whole if `oversize` allows
    /// it, else there is nothing.
    pub(super) fn read(
        &mut self,
        offsets: Range<i64>,
        max_bytes: usize,
        oversize: Oversize,
    ) -> Read {
        self.seal();
        let mut read = Read::default();
        let offset = offsets.start;
        let first = self
            .chunks
            .partition_point(|chunk| chunk.next_offset() <= offset);
        let Some((mut at, length)) = self.chunks.get(first).and_then(|it| it.place_of(offset))
        else {
            return read;
        };
        let limit = match oversize {
            _ if length <= max_bytes => max_bytes,
            Oversize::Whole => length,
            Oversize::Nothing => return read,
        };
        for chunk in self.chunks.range(first..) {
            let stop = chunk.bytes_before(offsets.end);
            if read.len >= limit || stop <= at {
                break;
            }
            let end = at.saturating_add(limit - read.len).min(stop);
            read.push(chunk.bytes.slice(at..end));
            at = 0;
        }
        read
    }

    /// The first record of `timestamp` or later; `None` if there is none.
    pub(super) fn first_at_or_after(&mut self, timestamp: i64) -> Option<Found> {
        let start = self.start;
        self.find(
            |header| header.max_timestamp >= timestamp && header.last_offset() >= start,
            |offset, time| offset >= start && time >= timestamp,
        )
    }

    /// The first of the records with the highest timestamp; `None` if there are none.
    pub(super) fn latest_in_time(&mut self) -> Option<Found> {
        let start = self.start;
        let highest = self
            .headers()
            .filter(|header| header.last_offset() >= start)
            .map(|header| header.max_timestamp)
            .max()?;
        self.first_at_or_after(highest)
    }

    /// Headers of all batches, as they were stamped.
    pub(super) fn headers(&self) -> impl Iterator<Item = &BatchHeader> {
        let chunks = self.chunks.iter().flat_map(|chunk| &chunk.batches);
        chunks
            .chain(&self.tail.batches)
            .map(|placed| &placed.header)
    }

    /// All batches, as they would be fetched.
    pub(super) fn batches(&mut self) -> Vec<RecordBatch> {
        self.seal();
        let chunks = self.chunks.iter();
        chunks
            .flat_map(|chunk| {
                chunk
                    .batches
                    .iter()
                    .filter_map(|placed| chunk.batch(placed))
            })
            .collect()
    }

    /// Takes out everything before `offset`, which is at most the end; what was in front of it is not read any more.
    pub(super) fn delete_before(&mut self, offset: i64) {
        self.start = offset.clamp(self.start, self.end);
        self.seal();
        while let Some(chunk) = self.chunks.front()
            && chunk.next_offset() <= self.start
        {
            self.bytes -= chunk.bytes.len();
            self.chunks.pop_front();
        }
        self.epochs.begin_at(self.start);
    }

    /// Takes out every batch that reaches `offset` or beyond it. The new end.
    pub(super) fn truncate(&mut self, offset: i64) -> i64 {
        self.seal();
        while let Some(mut chunk) = self.chunks.pop_back() {
            let keep = chunk
                .batches
                .partition_point(|placed| placed.header.next_offset() <= offset);
            let cut = chunk.batches.get(keep).map(|placed| placed.at);
            let before = chunk.bytes.len();
            if let Some(at) = cut {
                chunk.bytes.truncate(at);
                chunk.batches.truncate(keep);
                self.bytes -= before - at;
            }
            if !chunk.batches.is_empty() {
                self.chunks.push_back(chunk);
            }
            if keep > 0 {
                break;
            }
        }
        let end = self.chunks.back().map_or(self.start, Chunk::next_offset);
        self.end = end.max(self.start);
        self.epochs.end_at(self.end);
        self.end
    }

    /// Makes the tail a chunk.
    fn seal(&mut self) {
        if self.tail.batches.is_empty() {
            return;
        }
        self.chunks.push_back(Chunk {
            bytes: self.tail.buffer.split().freeze(),
            batches: std::mem::take(&mut self.tail.batches),
        });
    }

    fn find(
        &mut self,
        batch_may_have_it: impl Fn(&BatchHeader) -> bool,
        is_it: impl Fn(i64, i64) -> bool,
    ) -> Option<Found> {
        self.seal();
        let batches = self
            .chunks
            .iter()
            .flat_map(|chunk| chunk.batches.iter().map(move |placed| (chunk, placed)));
        for (chunk, placed) in batches.filter(|(_, placed)| batch_may_have_it(&placed.header)) {
            let records = chunk.batch(placed)?.open(&LIMITS).ok()?;
            let record = records
                .iter()
                .flatten()
                .find(|record| is_it(record.offset, record.timestamp));
            if let Some(record) = record {
                return Some(Found {
                    offset: record.offset,
                    timestamp: record.timestamp,
                    leader_epoch: placed.header.partition_leader_epoch,
                });
            }
        }
        None
    }
}

/// What happens to a first batch that is longer than a read may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oversize {
    /// It is read all the same, so that a consumer gets past it.
    Whole,
    /// Nothing is read.
    Nothing,
}

impl Chunk {
    fn next_offset(&self) -> i64 {
        self.batches
            .last()
            .map_or(0, |placed| placed.header.next_offset())
    }

    /// First byte and length of the batch that holds `offset`, or of the next one after it.
    fn place_of(&self, offset: i64) -> Option<(usize, usize)> {
        let index = self
            .batches
            .partition_point(|placed| placed.header.next_offset() <= offset);
        let at = self.batches.get(index)?.at;
        let end = self.batches.get(index + 1).map(|next| next.at);
        Some((at, end.unwrap_or(self.bytes.len()) - at))
    }

    /// Bytes of the batches that begin before `offset`.
    fn bytes_before(&self, offset: i64) -> usize {
        let count = self
            .batches
            .partition_point(|placed| placed.header.base_offset < offset);
        self.batches
            .get(count)
            .map_or(self.bytes.len(), |next| next.at)
    }

    fn batch(&self, placed: &Placed) -> Option<RecordBatch> {
        let bytes = self.bytes.slice(placed.at.min(self.bytes.len())..);
        RecordBatch::parse(&bytes, CrcCheck::Skip).ok().flatten()
    }
}

impl Tail {
    /// A new buffer with room for `needed` bytes; each is larger than the last, up to a limit, so that small logs stay small.
    fn grow(&mut self, needed: usize) {
        self.capacity = (self.capacity * 2).clamp(FIRST_CHUNK_BYTES, LARGEST_CHUNK_BYTES);
        self.buffer = BytesMut::with_capacity(self.capacity.max(needed));
    }
}

impl Read {
    /// Bytes in all.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bytes in one piece: a slice if they lie side by side, else a copy.
    pub(super) fn into_bytes(mut self) -> Bytes {
        if self.parts.len() <= 1 {
            return self.parts.pop().unwrap_or_default();
        }
        self.parts.concat().into()
    }

    fn push(&mut self, part: Bytes) {
        self.len += part.len();
        self.parts.push(part);
    }
}

/// Base offset and leader epoch lie outside the checksum; the timestamp does not.
fn write_stamp(batch: &mut [u8], header: &mut BatchHeader, stamp: Stamp) {
    patch(batch, BASE_OFFSET_AT, header.base_offset.to_be_bytes());
    patch(batch, LEADER_EPOCH_AT, stamp.leader_epoch.to_be_bytes());
    let Some((kind, max_timestamp)) = stamp.max_timestamp else {
        return;
    };
    header.attributes = header.attributes.with_timestamp_type(kind);
    header.max_timestamp = max_timestamp;
    patch(batch, ATTRIBUTES_AT, header.attributes.0.to_be_bytes());
    patch(batch, MAX_TIMESTAMP_AT, max_timestamp.to_be_bytes());
    header.crc = crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default());
    patch(batch, CRC_AT, header.crc.to_be_bytes());
}

fn patch<const N: usize>(batch: &mut [u8], at: usize, value: [u8; N]) {
    if let Some(place) = batch.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = value;
    }
}

/// Where fields stand in a batch; see `kafka_wire::records`.
const BASE_OFFSET_AT: usize = 0;
const LEADER_EPOCH_AT: usize = 12;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

const FIRST_CHUNK_BYTES: usize = 4 << 10;
const LARGEST_CHUNK_BYTES: usize = 1 << 20;

/// A batch of a megabyte may hold far more than that; a bomb may hold more than this.
pub(super) const LIMITS: DecompressLimits = DecompressLimits {
    max_output_bytes: 256 << 20,
    setting: "the embedded broker",
};

#[cfg(test)]
mod tests;
