//! What a producer does, in numbers: counters that anybody may read, and an observer that is told of every batch.
//!
//! Counted is once per batch, never per record. There is no global recorder: whoever wants the numbers elsewhere takes them there.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::send_error::SendError;

/// Is told of every batch of a producer, for metrics and traces: [`ProducerConfig::observer`](super::ProducerConfig::observer).
///
/// Called by the task that sends, so whatever takes long or waits holds up the producer. What it does not care for it leaves out.
pub trait ProducerObserver: fmt::Debug + Send + Sync {
    /// A batch is in line for the socket of its broker. Told again each time it is repeated.
    fn batch_sent(&self, batch: &BatchSent<'_>) {
        let _ = batch;
    }

    /// The broker found a batch too large; its parts will be sent and settled in its place.
    fn batch_split(&self, batch: &BatchSplit<'_>) {
        let _ = batch;
    }

    /// Every record of a batch has its outcome, and nothing of the batch is on its way any more. Told once for each.
    fn batch_settled(&self, batch: &BatchSettled<'_>) {
        let _ = batch;
    }
}

/// A batch on its way.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchSent<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// The broker it goes to.
    pub node: i32,
    /// Records in it.
    pub records: u32,
    /// Its bytes on the wire: compressed, its header included.
    pub bytes: usize,
    /// 1 for the first time it is sent.
    pub attempt: u32,
    /// Time since its first record was taken.
    pub age: Duration,
}

/// A batch that goes on as two.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchSplit<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Records in it.
    pub records: u32,
    /// Its bytes on the wire, which are over the broker's limit.
    pub bytes: usize,
}

/// A batch that has come to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchSettled<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Records in it.
    pub records: u32,
    /// Its bytes on the wire if it was sent, else those before compression.
    pub bytes: usize,
    /// How often it was sent, not counting attempts that failed for another batch's sake; 0 if it never was.
    pub attempts: u32,
    /// Time since its first record was taken.
    pub latency: Duration,
    /// Why it failed; `None` if it was written. Single records of it may have other errors, if the broker told them apart.
    pub error: Option<&'a SendError>,
}

/// What a producer has done so far: [`Producer::stats`](super::Producer::stats).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducerStats {
    /// Bytes of `buffer_memory` in use.
    pub buffered_bytes: usize,
    /// All topics together, with those that were forgotten because nobody sent to them (`metadata_max_idle`).
    pub total: SendStats,
    /// Each topic that has been sent to and is not forgotten.
    pub topics: BTreeMap<Arc<str>, TopicStats>,
}

/// The same for one topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStats {
    /// All partitions together.
    pub total: SendStats,
    /// Each partition, by its number.
    pub partitions: Vec<SendStats>,
}

/// Counters of one partition, or sums of some. They only ever grow, but for what is queued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendStats {
    /// Records that were written.
    pub records_written: u64,
    /// Batches that were written.
    pub batches_written: u64,
    /// Bytes of those on the wire: compressed, their headers included.
    pub bytes_written: u64,
    /// Records that failed; some of them may have been written all the same.
    pub records_failed: u64,
    /// Batches that failed.
    pub batches_failed: u64,
    /// How often a batch was put back to be sent again.
    pub retries: u64,
    /// How often a batch was split because the broker found it too large.
    pub splits: u64,
    /// Records that were taken and are not settled.
    pub records_queued: u64,
    /// Batches that are not settled: taking records, waiting, or with a broker.
    pub batches_queued: u64,
}

impl AddAssign for SendStats {
    fn add_assign(&mut self, other: Self) {
        self.records_written += other.records_written;
        self.batches_written += other.batches_written;
        self.bytes_written += other.bytes_written;
        self.records_failed += other.records_failed;
        self.batches_failed += other.batches_failed;
        self.retries += other.retries;
        self.splits += other.splits;
        self.records_queued += other.records_queued;
        self.batches_queued += other.batches_queued;
    }
}

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It is in the log.
    Written,
    /// It is not, or nobody knows.
    Failed,
}

/// Counters of one partition.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches_started: AtomicU64,
    records_written: AtomicU64,
    batches_written: AtomicU64,
    bytes_written: AtomicU64,
    records_failed: AtomicU64,
    batches_failed: AtomicU64,
    retries: AtomicU64,
    splits: AtomicU64,
}

impl Counters {
    /// A batch was started.
    pub(crate) fn started(&self) {
        add(&self.batches_started, 1);
    }

    /// Batches that are not settled.
    pub(crate) fn queue(&self) -> u64 {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let settled = read(&self.batches_written) + read(&self.batches_failed);
        let started = read(&self.batches_started) + read(&self.splits);
        started.saturating_sub(settled)
    }

    /// A batch is settled.
    pub(crate) fn settled(&self, end: End, records: u32, bytes: usize) {
        match end {
            End::Written => {
                add(&self.records_written, records);
                add(&self.batches_written, 1);
                let bytes = u64::try_from(bytes).unwrap_or_default();
                self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
            }
            End::Failed => {
                add(&self.records_failed, records);
                add(&self.batches_failed, 1);
            }
        }
    }

    /// A batch goes again.
    pub(crate) fn retried(&self) {
        add(&self.retries, 1);
    }

    /// A batch was split.
    pub(crate) fn split(&self) {
        add(&self.splits, 1);
    }

    /// What was counted, but for the records that are queued.
    pub(crate) fn snapshot(&self) -> SendStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SendStats {
            records_written: read(&self.records_written),
            batches_written: read(&self.batches_written),
            bytes_written: read(&self.bytes_written),
            records_failed: read(&self.records_failed),
            batches_failed: read(&self.batches_failed),
            retries: read(&self.retries),
            splits: read(&self.splits),
            batches_queued: self.queue(),
            ..SendStats::default()
        }
    }
}

fn add(counter: &AtomicU64, more: u32) {
    counter.fetch_add(more.into(), Ordering::Relaxed);
}
