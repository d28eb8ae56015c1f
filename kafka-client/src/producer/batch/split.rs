//! A batch that a broker finds too large, as two.
//!
//! Its records are written anew, for each batch counts its own from 0. Both halves are compressed at once, as the whole was, so that they
//! need hardly more memory than it did; the few bytes of a second header are taken even if nothing is free.

use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::records::{
    BATCH_HEADER_BYTES, BatchBuilder, Codecs, CrcCheck, DecompressLimits, NewRecord, RecordBatch,
    RecordError, RecordRef,
};

use super::{Batch, Content};
use crate::producer::delivery::{Outcome, Parts};
use crate::producer::memory::{Memory, Permit};
use crate::producer::sequence::after;

/// What a batch was split into.
#[derive(Debug)]
pub(crate) struct Halves {
    /// The records up to some place.
    pub(crate) first: Batch,
    /// The others.
    pub(crate) second: Batch,
    /// Bytes of the larger one before compression.
    pub(crate) largest: usize,
}

impl Batch {
    /// Two batches with its records, under its numbers, for its memory; whoever waits for it waits for them from now on, and it
    /// is empty itself. Nothing happens if it cannot be read, which would be a mistake of ours.
    pub(crate) fn split(
        &mut self,
        memory: &Memory,
        codecs: &mut Codecs,
    ) -> Result<Halves, RecordError> {
        let (first, second) = match &self.content {
            Content::Sealed(bytes, _) => halve(bytes, codecs)?,
            Content::Open(_) | Content::Gone => return Err(RecordError::Empty),
        };
        self.content = Content::Gone;
        let largest = first.uncompressed.max(second.uncompressed);
        let mut purse = self.permit.take();
        let before = first.records;
        let first = self.part(first, 0, &mut purse, memory);
        let second = self.part(second, before, &mut purse, memory);
        self.completion.complete(Outcome::Split(Parts {
            first: first.completion.clone(),
            second: second.completion.clone(),
            at: before,
        }));
        Ok(Halves {
            first,
            second,
            largest,
        })
    }

    fn part(&self, half: Half, before: u32, purse: &mut Option<Permit>, memory: &Memory) -> Self {
        let stamp = self.stamp.map(|mut stamp| {
            stamp.base_sequence = after(stamp.base_sequence, before);
            stamp
        });
        Self {
            number: self.number + u64::from(before),
            completion: Arc::new(self.completion.sibling()),
            records: half.records,
            deadline: self.deadline,
            attempts: 0,
            stamp,
            maybe_written: self.maybe_written,
            is_fragment: self.maybe_written,
            cause: self.cause.clone(),
            on_its_way: false,
            limit: self.limit,
            capacity: half.bytes.len(),
            permit: Some(pay(half.bytes.len(), purse, memory)),
            content: Content::Sealed(half.bytes, None),
        }
    }
}

/// Memory for `bytes`: of the purse as far as it goes.
fn pay(bytes: usize, purse: &mut Option<Permit>, memory: &Memory) -> Permit {
    let Some(purse) = purse else {
        return memory.take_anyway(bytes);
    };
    let mut permit = purse.split(bytes);
    permit.merge(memory.take_anyway(bytes - permit.bytes()));
    permit
}

/// Some records of a batch, as a batch.
struct Half {
    bytes: Bytes,
    records: u32,
    uncompressed: usize,
}

/// The records of `batch` as two batches of about as many bytes; one record on each side at least.
fn halve(batch: &Bytes, codecs: &mut Codecs) -> Result<(Half, Half), RecordError> {
    let batch = RecordBatch::parse(batch, CrcCheck::Skip)?.ok_or(RecordError::Empty)?;
    let compression = batch.header().attributes.compression()?;
    let records = batch.open_with(&OURS, codecs)?;
    let middle = BATCH_HEADER_BYTES + records.size_bytes() / 2;
    let last = records.len().saturating_sub(1);
    let mut first = BatchBuilder::new(usize::MAX, middle);
    let mut second = BatchBuilder::new(usize::MAX, middle);
    for (place, record) in records.iter().enumerate() {
        let is_first = first.is_empty() || (first.len() < middle && place < last);
        let half = if is_first && second.is_empty() {
            &mut first
        } else {
            &mut second
        };
        copy(&record?, half)?;
    }
    let mut seal = |builder: BatchBuilder| {
        let (records, uncompressed) = (builder.record_count(), builder.len());
        let sealed = builder.close_with(compression, codecs)?.seal();
        Ok(Half {
            // Copied, for a builder has room to spare, which nobody paid for.
            bytes: Bytes::copy_from_slice(&sealed),
            records,
            uncompressed,
        })
    };
    Ok((seal(first)?, seal(second)?))
}

fn copy(record: &RecordRef<'_>, builder: &mut BatchBuilder) -> Result<(), RecordError> {
    let headers: Vec<_> = record.headers.iter().collect();
    let record = NewRecord {
        timestamp: record.timestamp,
        key: record.key,
        value: record.value,
        headers: &headers,
    };
    let bytes = builder.len();
    match builder.append(record) {
        Ok(_) => Ok(()),
        Err(_) => Err(RecordError::Unrepresentable { bytes }),
    }
}

/// What we have compressed ourselves may be as large as it was.
const OURS: DecompressLimits = DecompressLimits {
    max_output_bytes: 0x7fff_ffff,
    setting: "max_request_size",
};

#[cfg(test)]
mod tests;
