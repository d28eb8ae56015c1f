//! What one fetch answer says of one partition: from the wire's fields to batches in line for the application. Pure.

use std::collections::VecDeque;

use kafka_wire::messages::fetch::PartitionData;
use kafka_wire::records::{Codecs, CrcCheck, DecompressLimits, LogEntries, LogEntry, RecordError};

use crate::consumer::isolation::Filter;
use crate::consumer::position::{Ends, Position, Wanted};
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
    /// Bytes of the records of all partitions in that answer.
    pub(crate) answer_bytes: usize,
    /// The position they continue.
    pub(crate) from: i64,
    /// The position behind them.
    pub(crate) next: i64,
    /// Leader epochs of the records before the two positions.
    epochs: (Option<i32>, Option<i32>),
    /// Ends of the log, as the answer has them.
    pub(crate) ends: Ends,
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
        chunk.ends = Ends {
            high_watermark: data.high_watermark,
            last_stable: data.last_stable_offset,
        };
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
            answer_bytes: 0,
            from: asked.offset,
            next: asked.offset,
            epochs: (asked.leader_epoch, asked.leader_epoch),
            ends: Ends::UNKNOWN,
            end: End::OutOfRange,
            batches: VecDeque::new(),
        }
    }

    fn append(&mut self, batch: LogEntry, shown: bool) {
        if batch.next_offset() <= self.next {
            return;
        }
        self.next = batch.next_offset();
        self.epochs.1 = epoch(&batch).or(self.epochs.1);
        if shown {
            self.batches.push_back(batch);
        }
    }

    /// The position that it continues now.
    pub(crate) fn start(&self) -> Position {
        Position {
            offset: self.from,
            leader_epoch: self.epochs.0,
        }
    }

    /// The position behind it.
    pub(crate) fn behind(&self) -> Position {
        Position {
            offset: self.next,
            leader_epoch: self.epochs.1,
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
        let (mut next, mut decompressed) = (self.behind(), 0);
        let mut reached = self.start();
        while let Some(batch) = self.batches.pop_front() {
            match batch.open_with(&limits.batch, codecs) {
                Ok(set) => {
                    // Messages are copied even if they were not compressed.
                    let is_copy = matches!(batch, LogEntry::Messages(_));
                    if is_copy || set.size_bytes() > batch.bytes().len() {
                        decompressed += set.size_bytes();
                    }
                    sets.push(set);
                    reached = Position {
                        offset: batch.next_offset(),
                        leader_epoch: epoch(&batch).or(reached.leader_epoch),
                    };
                }
                Err(error) => {
                    // Where compressed messages begin, nobody knows who cannot open them.
                    let at = batch.first_offset().unwrap_or(reached.offset);
                    next = reached;
                    next.offset = at.max(self.from);
                    self.fail(unreadable(&self.partition, next.offset, error), next);
                    break;
                }
            }
            if decompressed >= limits.event_bytes && !self.batches.is_empty() {
                next = reached;
                break;
            }
        }
        let from = std::mem::replace(&mut self.from, next.offset);
        self.epochs.0 = next.leader_epoch;
        if sets.is_empty() {
            return None;
        }
        let partition = self.partition.clone();
        Some(PartitionRecords::new(
            partition,
            (from, next),
            self.ends.high_watermark,
            sets,
        ))
    }

    fn fail(&mut self, error: Error, at: Position) {
        self.end = End::Failed(Box::new(error));
        self.next = at.offset;
        self.epochs.1 = at.leader_epoch;
        self.batches.clear();
    }

    /// Whether all records were taken and only its end is left.
    pub(crate) fn is_taken(&self) -> bool {
        self.batches.is_empty()
    }
}

/// Which leader appended it; old formats do not tell.
fn epoch(entry: &LogEntry) -> Option<i32> {
    match entry {
        LogEntry::Batch(batch) => {
            Some(batch.header().partition_leader_epoch).filter(|epoch| *epoch >= 0)
        }
        LogEntry::Messages(_) => None,
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
