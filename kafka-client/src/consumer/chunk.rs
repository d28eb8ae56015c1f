//! What one fetch answer says of one partition: from the wire's fields to batches in line for the application. Pure.

use std::collections::VecDeque;

use kafka_wire::messages::fetch::PartitionData;
use kafka_wire::records::{Codecs, CrcCheck, DecompressLimits, LogEntries, LogEntry, RecordError};

use crate::consumer::isolation::Filter;
use crate::consumer::position::Wanted;
use crate::consumer::records::{PartitionRecords, unreadable};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// Batches of one partition from one answer, checked and filtered, not opened yet.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Whose they are.
    pub(crate) partition: TopicPartition,
    /// The partition's generation when they were asked for; another one now means that nobody wants them any more.
    pub(crate) generation: u64,
    /// The answer they came with. Answers of one broker are numbered.
    pub(crate) answer: u64,
    /// The position they continue.
    pub(crate) from: i64,
    /// The position behind them.
    pub(crate) next: i64,
    /// Offset after the last record that all in-sync replicas have.
    pub(crate) high_watermark: i64,
    /// What follows the batches.
    pub(crate) end: End,
    batches: VecDeque<LogEntry>,
}

/// What follows the batches of a chunk.
#[derive(Debug)]
pub(crate) enum End {
    /// More, in another answer.
    Open,
    /// Bytes that cannot be read: the partition stops there.
    Failed(Box<Error>),
    /// Nothing: the log does not have that offset.
    OutOfRange,
}

/// How to open batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenLimits {
    /// Of one batch.
    pub(crate) batch: DecompressLimits,
    /// Decompressed bytes after which an event is large enough.
    pub(crate) event_bytes: usize,
}

impl Chunk {
    /// The batches in `data`, which answers `asked`; old segments have messages instead, of which several stand for a batch. One that
    /// is cut off at the end is left out.
    pub(crate) fn read(asked: &Wanted, answer: u64, data: PartitionData, check: CrcCheck) -> Self {
        let mut chunk = Self::out_of_range(asked, answer);
        chunk.high_watermark = data.high_watermark;
        chunk.end = End::Open;
        let mut filter = Filter::new(data.aborted_transactions.as_deref());
        for entry in LogEntries::new(data.records.unwrap_or_default(), check) {
            let shown = entry.and_then(|entry| Ok((is_shown(&mut filter, &entry)?, entry)));
            match shown {
                Ok((shown, entry)) => chunk.append(entry, shown),
                Err(error) => {
                    let error = unreadable(&chunk.partition, chunk.next, error);
                    chunk.end = End::Failed(Box::new(error));
                    break;
                }
            }
        }
        chunk
    }

    /// Nothing, because the offset asked for is outside of the log.
    pub(crate) fn out_of_range(asked: &Wanted, answer: u64) -> Self {
        Self {
            partition: asked.partition.clone(),
            generation: asked.generation,
            answer,
            from: asked.offset,
            next: asked.offset,
            high_watermark: -1,
            end: End::OutOfRange,
            batches: VecDeque::new(),
        }
    }

    fn append(&mut self, batch: LogEntry, shown: bool) {
        if batch.next_offset() <= self.next {
            return;
        }
        self.next = batch.next_offset();
        if shown {
            self.batches.push_back(batch);
        }
    }

    /// Whether it changes nothing.
    pub(crate) fn is_void(&self) -> bool {
        matches!(self.end, End::Open) && self.from == self.next
    }

    /// The next event, as many batches as make one, and moves on behind it; `None` once there are no more records.
    ///
    /// A batch that cannot be opened becomes the chunk's end.
    pub(crate) fn take(
        &mut self,
        limits: &OpenLimits,
        codecs: &mut Codecs,
    ) -> Option<PartitionRecords> {
        let mut sets = Vec::with_capacity(self.batches.len());
        let (mut next, mut decompressed) = (self.next, 0);
        let mut reached = self.from;
        while let Some(batch) = self.batches.pop_front() {
            match batch.open_with(&limits.batch, codecs) {
                Ok(set) => {
                    // Messages are copied even if they were not compressed.
                    let is_copy = matches!(batch, LogEntry::Messages(_));
                    if is_copy || set.size_bytes() > batch.bytes().len() {
                        decompressed += set.size_bytes();
                    }
                    sets.push(set);
                    reached = batch.next_offset();
                }
                Err(error) => {
                    // Where compressed messages begin, nobody knows who cannot open them.
                    next = batch.first_offset().unwrap_or(reached).max(self.from);
                    self.fail(unreadable(&self.partition, next, error), next);
                    break;
                }
            }
            if decompressed >= limits.event_bytes && !self.batches.is_empty() {
                next = reached;
                break;
            }
        }
        let from = std::mem::replace(&mut self.from, next);
        if sets.is_empty() {
            return None;
        }
        let partition = self.partition.clone();
        Some(PartitionRecords::new(
            partition,
            (from, next),
            self.high_watermark,
            sets,
        ))
    }

    fn fail(&mut self, error: Error, at: i64) {
        self.end = End::Failed(Box::new(error));
        self.next = at;
        self.batches.clear();
    }

    /// Whether all records were taken and only its end is left.
    pub(crate) fn is_taken(&self) -> bool {
        self.batches.is_empty()
    }
}

/// Whether the application may see the records of `entry`. Old formats know neither transactions nor control batches.
fn is_shown(filter: &mut Filter, entry: &LogEntry) -> Result<bool, RecordError> {
    match entry {
        LogEntry::Batch(batch) => Ok(filter.shows(batch)? && batch.header().record_count > 0),
        LogEntry::Messages(_) => Ok(true),
    }
}

#[cfg(test)]
mod tests;
