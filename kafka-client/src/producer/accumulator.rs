//! Where records gather until they are sent: topics, their partitions, and the way of a record into a batch.
//!
//! Callers append on their own task, under the lock of one partition, straight into the buffer that will be sent. The sender is told
//! of a partition when a batch is started or becomes ready, not of records. Nothing here waits.

mod keyless;
mod registry;
mod run;
mod settling;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use kafka_wire::records::{BATCH_HEADER_BYTES, BatchBuilder, Compression, NewRecord};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::registry::Registry;
pub(crate) use self::run::Progress;
use super::config::ProducerConfig;
use super::delivery::{Completion, Delivery};
use super::lane::{Lane, Rules};
use super::memory::{Buffer, Memory};
use super::metrics::ProducerObserver;
use super::partitioner::{Choice, Keyless, Partitioner};
use super::record::{ProducerRecord, now_ms};
use super::send_error::{Refusal, SendError, SendErrorKind};
use super::topics::{Partition, TopicLanes};

/// Everything that callers and the sender share.
#[derive(Debug)]
pub(crate) struct Accumulator {
    rules: Rules,
    /// What some topics have instead of the compression of the rules.
    compression: BTreeMap<String, Compression>,
    record_limit: usize,
    partitioner: Partitioner,
    ignore_keys: bool,
    keyless: Keyless,
    observer: Option<Arc<dyn ProducerObserver>>,
    /// What batches live on.
    pub(crate) memory: Memory,
    topics: ArcSwap<HashMap<Arc<str>, Arc<TopicLanes>>>,
    /// The first few of them, which are found by looking: most producers have one.
    first: [OnceLock<Arc<TopicLanes>>; 4],
    registry: Mutex<Registry>,
    /// Partitions for the sender to look at; each at most once, so as many as there are partitions at most.
    notices: Mutex<Vec<Arc<Partition>>>,
    /// Whether there are any that the sender has not seen.
    unheard: AtomicBool,
    /// Wakes the sender.
    pub(crate) wake: Notify,
    records: AtomicUsize,
    lost: AtomicUsize,
    /// The first failure of a transaction; stays `None` outside of one.
    failure: Mutex<Option<SendError>>,
    /// Told when nothing that was taken is unsettled any more.
    settled: Notify,
    closing: AtomicBool,
}

/// A record on its way into a batch.
struct Incoming<'a> {
    record: NewRecord<'a>,
    /// Bytes it takes at most.
    size: usize,
    /// A buffer that was waited for.
    buffer: Option<Buffer>,
}

impl Accumulator {
    /// Without any topic.
    pub(crate) fn new(config: &ProducerConfig, transactional: bool) -> Self {
        let retries = config.max_attempts != Some(1) && config.acks.wire() != 0;
        let rules = Rules {
            batch_size: config.batch_size,
            batch_records: config.batch_records.unwrap_or(u32::MAX),
            compression: config.compression,
            linger: config.linger,
            delivery_timeout: config.delivery_timeout,
            idempotent: config.idempotent,
            transactional,
            window: if config.idempotent || !retries {
                config.max_in_flight
            } else {
                1
            },
        };
        Self {
            rules,
            compression: config.topic_compression.clone(),
            record_limit: config.record_limit(),
            partitioner: config.partitioner,
            ignore_keys: config.ignore_keys,
            keyless: config.keyless,
            observer: config.observer.clone(),
            memory: Memory::new(config.buffer_memory),
            topics: ArcSwap::default(),
            first: Default::default(),
            registry: Mutex::default(),
            notices: Mutex::default(),
            unheard: AtomicBool::new(false),
            wake: Notify::new(),
            records: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            failure: Mutex::default(),
            settled: Notify::new(),
            closing: AtomicBool::new(false),
        }
    }

    /// Puts a record into a batch, in a buffer that was waited for, if any. All or nothing.
    #[inline]
    pub(crate) fn append(
        &self,
        record: &ProducerRecord<'_>,
        buffer: Option<Buffer>,
    ) -> Result<Delivery, Refusal> {
        if self.is_closing() {
            return Err(failed(record, SendErrorKind::Closed));
        }
        let mut first = self.first.iter().map_while(OnceLock::get);
        if let Some(topic) = first.find(|topic| topic.name() == record.topic) {
            return self.append_to(topic, record, buffer);
        }
        let topics = self.topics.load();
        let topic = topics.get(record.topic).ok_or(Refusal::NoTopic)?;
        self.append_to(topic, record, buffer)
    }

    /// A record as batches take it, unless it is too large.
    #[inline]
    fn incoming<'a>(
        &self,
        record: &ProducerRecord<'a>,
        buffer: Option<Buffer>,
    ) -> Result<Incoming<'a>, Refusal> {
        let new = NewRecord {
            timestamp: record.timestamp_ms.unwrap_or_else(now_ms),
            key: record.key,
            value: record.value,
            headers: record.headers,
        };
        let size = BatchBuilder::size_of(&new);
        let alone = size.saturating_add(BATCH_HEADER_BYTES);
        if alone > self.record_limit {
            let limit = self.record_limit;
            return Err(failed(
                record,
                SendErrorKind::TooLarge { size: alone, limit },
            ));
        }
        Ok(Incoming {
            record: new,
            size,
            buffer,
        })
    }

    #[inline]
    fn append_to(
        &self,
        topic: &TopicLanes,
        record: &ProducerRecord<'_>,
        buffer: Option<Buffer>,
    ) -> Result<Delivery, Refusal> {
        let mut incoming = self.incoming(record, buffer)?;
        let count = topic.count();
        let key = record.key.filter(|_| !self.ignore_keys);
        let index = match record.partition {
            Some(partition) => usize::try_from(partition).unwrap_or(usize::MAX),
            None => match self.partitioner.choose(key, count) {
                Choice::Partition(index) => index,
                Choice::RoundRobin => topic.next_in_round(),
                Choice::Keyless => return self.append_keyless(topic, &mut incoming, self.keyless),
                Choice::Random => {
                    return self.append_keyless(topic, &mut incoming, Keyless::RANDOM);
                }
            },
        };
        let Some(partition) = topic.partition(index) else {
            let partitions = count;
            return Err(failed(record, SendErrorKind::Partition { partitions }));
        };
        // A batch of its own takes any record; were it not so, waiting for room would be the thing to do.
        self.append_at(partition, &mut incoming, Starting::Allowed)?
            .ok_or(Refusal::NoMemory(incoming.size + BATCH_HEADER_BYTES))
    }

    /// Puts a record into the partition's batch; `None` if it would have to start one and may not.
    #[inline]
    fn append_at(
        &self,
        partition: &Arc<Partition>,
        incoming: &mut Incoming<'_>,
        starting: Starting,
    ) -> Result<Option<Delivery>, Refusal> {
        let mut lane = partition.lane();
        let Some(taken) = lane.append(incoming.record, incoming.size, &self.memory) else {
            return self.start_at(partition, lane, incoming, starting);
        };
        Ok(Some(self.taken(partition, lane, taken, incoming)))
    }

    /// The same for a record that does not fit into the batch, or finds none.
    #[cold]
    fn start_at(
        &self,
        partition: &Arc<Partition>,
        mut lane: MutexGuard<'_, Lane>,
        incoming: &mut Incoming<'_>,
        starting: Starting,
    ) -> Result<Option<Delivery>, Refusal> {
        if lane.is_closed() {
            let kind = SendErrorKind::Closed;
            let error = SendError::untaken(&partition.topic, kind, None);
            return Err(Refusal::Failed(error));
        }
        if lane.is_retired() {
            return Err(Refusal::NoTopic);
        }
        if starting == Starting::Forbidden {
            self.notify(partition, lane);
            return Ok(None);
        }
        let capacity = lane.wanted_capacity(incoming.size);
        let buffer = incoming.buffer.take();
        let buffer = buffer.or_else(|| self.memory.buffer(capacity));
        let Some(buffer) = buffer else {
            // A batch that could not grow is ready now.
            self.notify(partition, lane);
            return Err(Refusal::NoMemory(capacity));
        };
        lane.start(buffer, Instant::now());
        partition.counters.started();
        let taken = lane.append(incoming.record, incoming.size, &self.memory);
        Ok(taken.map(|taken| self.taken(partition, lane, taken, incoming)))
    }

    #[inline]
    fn taken(
        &self,
        partition: &Arc<Partition>,
        lane: MutexGuard<'_, Lane>,
        (batch, index): (Arc<Completion>, u32),
        incoming: &Incoming<'_>,
    ) -> Delivery {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.notify(partition, lane);
        Delivery::new(batch, index, incoming.record.timestamp)
    }

    /// Tells the sender to look at a partition, if there is anything new; lets go of the lock first.
    #[inline]
    fn notify(&self, partition: &Arc<Partition>, mut lane: MutexGuard<'_, Lane>) {
        let has_news = lane.has_news();
        drop(lane);
        if has_news {
            self.notices().push(partition.clone());
            self.unheard.store(true, Ordering::Relaxed);
            self.wake.notify_one();
        }
    }

    /// Whether a caller should let other tasks run: it has given the sender something to do, which may have to run on the same thread.
    /// True once for each such thing.
    #[inline]
    pub(crate) fn owes_a_turn(&self) -> bool {
        self.unheard.load(Ordering::Relaxed) && self.unheard.swap(false, Ordering::Relaxed)
    }

    /// What callers have left to look at since the last time.
    pub(crate) fn take_notices(&self) -> Vec<Arc<Partition>> {
        self.unheard.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.notices())
    }

    /// Refuses records from now on, and has the sender end when all are settled.
    pub(crate) fn begin_to_close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }

    /// Whether records are refused.
    #[inline]
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// The end: gives up every batch that is here, and takes none any more.
    pub(crate) fn finish(&self) {
        self.closing.store(true, Ordering::SeqCst);
        for partition in self.last_partitions() {
            let batches = partition.lane().close();
            for batch in batches {
                let closed = batch.failure(SendErrorKind::Closed);
                self.settle(&partition, batch, closed);
            }
        }
    }

    fn notices(&self) -> MutexGuard<'_, Vec<Arc<Partition>>> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a record may start a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Starting {
    Allowed,
    Forbidden,
}

#[cold]
fn failed(record: &ProducerRecord<'_>, kind: SendErrorKind) -> Refusal {
    Refusal::Failed(SendError {
        partition: record.partition,
        ..SendError::untaken(record.topic, kind, None)
    })
}

#[cfg(test)]
mod tests;
