//! The producer: records in, batches out, one outcome for each record.
//!
//! ```text
//! send ─► accumulator ─► lane (one per partition) ─► sender ─► request ─► Connection
//!            │ partitioner      │ sequence, order       ▲          │
//!            │ memory           │                       └─ answer ─┘ idempotence: what it means
//!            ▼                  ▼
//!         Delivery ◄────── Completion (one per batch)
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `config`, `record`, `send_error` | what callers say and hear |
//! | `partitioner`, `sequence`, `idempotence`, `lane` | the rules, pure: where records go, their numbers, their order, what answers mean |
//! | `memory`, `batch`, `delivery` | buffers and their budget, one batch, one outcome |
//! | `metrics` | counters, and what an observer is told |
//! | `accumulator`, `topics`, `many` | where callers put records, one by one or many at once |
//! | `sender` | the task that sends them |
//! | `transaction` | records that become visible together |

mod accumulator;
mod batch;
mod config;
mod delivery;
mod idempotence;
mod lane;
mod many;
mod memory;
mod metrics;
mod partitioner;
mod record;
mod send_error;
mod sender;
mod sequence;
mod topics;
mod transaction;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

pub use config::{Acks, ProducerConfig};
pub use delivery::{Delivered, Delivery};
pub use many::SendAllError;
pub use metrics::{
    BatchSent, BatchSettled, BatchSplit, ProducerObserver, ProducerStats, SendStats, TopicStats,
};
pub use partitioner::{Keyless, Partitioner};
pub use record::ProducerRecord;
pub use send_error::{CloseError, SendError, SendErrorKind};
pub use transaction::{Transaction, TransactionConfig, TransactionError, TransactionalProducer};

use crate::client::Client;
use crate::cluster::Cluster;
use crate::cluster::metadata::Topic;
use crate::config::ConfigError;
use crate::error::Error;
use accumulator::Accumulator;
use send_error::Refusal;
use sender::Sender;
use transaction::Transactions;

/// Sends records to a cluster. Cheap to clone; clones are the same producer.
///
/// A record that was taken is sent, whatever becomes of the futures around it: dropping [`Delivery`] changes nothing, and when
/// the last handle is dropped, what was taken is sent before the producer ends. Each record has its outcome at the latest
/// `delivery_timeout` after it was taken.
///
/// With idempotence (the default) no failure makes a duplicate or changes the order within a partition. Without it the order is kept, but a
/// retry after a lost connection may write a record twice.
#[derive(Clone)]
pub struct Producer {
    handle: Arc<Handle>,
}

struct Handle {
    accumulator: Arc<Accumulator>,
    cluster: Arc<Cluster>,
    config: Arc<ProducerConfig>,
    sender: OnceLock<()>,
    transactions: Option<Transactions>,
    /// Ends the sender at once.
    abort: CancellationToken,
    /// The sender has ended.
    finished: CancellationToken,
}

impl Producer {
    /// A producer for the cluster of `client`. Sends nothing and starts no task: the first record does.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub fn new(client: &Client, config: ProducerConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self::with(client, config.bounded(), None))
    }

    /// A producer with a configuration that was checked, whose records come in transactions or not.
    fn with(client: &Client, config: ProducerConfig, transactions: Option<Transactions>) -> Self {
        let accumulator = Accumulator::new(&config, transactions.is_some());
        Self {
            handle: Arc::new(Handle {
                accumulator: Arc::new(accumulator),
                cluster: client.cluster.clone(),
                config: Arc::new(config),
                sender: OnceLock::new(),
                transactions,
                abort: CancellationToken::new(),
                finished: CancellationToken::new(),
            }),
        }
    }

    /// As [`flush`](Self::flush); the first record of a transaction that failed, if any did.
    async fn flush_all(&self) -> Option<SendError> {
        let mut failure = None;
        for batch in self.handle.accumulator.flush() {
            batch.done().await;
            failure = failure.or_else(|| batch.failure());
        }
        self.handle.accumulator.take_failure().or(failure)
    }

    /// Waits until nothing is unsettled, nor on its way.
    async fn settled(&self) {
        self.handle.accumulator.settled().await;
    }

    /// Gives up what no broker has, because its transaction is aborted.
    fn give_up(&self) {
        self.handle.accumulator.abort();
    }

    /// What failed before does not concern the next transaction.
    fn forget_failure(&self) {
        drop(self.handle.accumulator.take_failure());
    }

    /// Another epoch begins.
    fn forget_sequences(&self) {
        self.handle.accumulator.forget_sequences();
    }

    /// Takes a record: copies it into its partition's batch. Waits at most `max_block`, and only if the topic is not known yet or the
    /// buffer is full. What becomes of the record is told by the [`Delivery`].
    ///
    /// Dropping the future before it is ready takes nothing; afterwards the record is taken as a whole. A task that sends without ever
    /// waiting for anything is made to yield once a batch, so that what sends them gets its turn.
    ///
    /// # Errors
    /// The record was not taken, and will not be written: it is too large, its topic or partition cannot be used, the buffer
    /// stayed full, or the producer is closed.
    #[inline]
    pub async fn send(&self, record: ProducerRecord<'_>) -> Result<Delivery, SendError> {
        if self.handle.accumulator.owes_a_turn() {
            yield_now().await;
        }
        match self.handle.accumulator.append(&record, None) {
            Ok(delivery) => Ok(delivery),
            Err(Refusal::Failed(error)) => Err(error),
            // Boxed: callers pay for the room of this rare case only when it occurs.
            Err(_) => Box::pin(self.wait_and_send(record)).await,
        }
    }

    /// Takes a record if that needs no waiting.
    ///
    /// # Errors
    /// As [`send`](Self::send); [`SendErrorKind::BufferFull`] at once if there is no room, and [`SendErrorKind::Topic`] without a
    /// cause if nothing is known of the topic yet, which [`Client::partition_count`] changes.
    pub fn try_send(&self, record: ProducerRecord<'_>) -> Result<Delivery, SendError> {
        let handle = &self.handle;
        let mut outcome = handle.accumulator.append(&record, None);
        if matches!(outcome, Err(Refusal::NoTopic)) {
            let metadata = handle.cluster.metadata();
            let topic = metadata.topic(record.topic);
            let can_start = tokio::runtime::Handle::try_current().is_ok();
            let is_usable = |topic: &&Arc<Topic>| topic.error.is_ok() && can_start;
            if let Some(topic) = topic.filter(is_usable) {
                self.use_topic(topic);
                outcome = handle.accumulator.append(&record, None);
            }
        }
        outcome.map_err(|refusal| match refusal {
            Refusal::Failed(error) => error,
            Refusal::NoTopic => SendError::untaken(record.topic, SendErrorKind::Topic, None),
            Refusal::NoMemory(_) => buffer_full(&record, Duration::ZERO),
        })
    }

    /// Sends everything that was taken so far without lingering, and waits until each record has its outcome: at most
    /// `delivery_timeout`. Dropping the future stops the waiting only.
    pub async fn flush(&self) {
        for batch in self.handle.accumulator.flush() {
            batch.done().await;
        }
    }

    /// Takes no records any more, sends what was taken, and ends: when all is settled, or after `deadline`. Other handles find the producer
    /// closed. Dropping the future leaves the producer closing.
    ///
    /// # Errors
    /// How many records failed meanwhile, or were given up at the deadline. Each one's delivery says more.
    pub async fn close(&self, deadline: Duration) -> Result<(), CloseError> {
        let handle = &self.handle;
        let lost_before = handle.accumulator.lost();
        handle.accumulator.begin_to_close();
        // From here on no sender starts any more.
        if handle.sender.set(()).is_ok() {
            handle.accumulator.finish();
            handle.finished.cancel();
        }
        if timeout(deadline, handle.finished.cancelled())
            .await
            .is_err()
        {
            handle.abort.cancel();
            handle.finished.cancelled().await;
        }
        // What was on its way to a broker when the sender ended has failed with its request.
        let failed = handle.accumulator.lost().saturating_sub(lost_before);
        match failed + handle.accumulator.records() {
            0 => Ok(()),
            lost => Err(CloseError { lost }),
        }
    }

    /// Bytes of `buffer_memory` in use: records that are not settled, with the room that their batches have still to fill.
    pub fn buffered_bytes(&self) -> usize {
        self.handle.accumulator.memory.used()
    }

    /// What was done so far, by topic and partition. Locks each partition for a moment, one after the other, so the numbers may be a moment
    /// apart.
    pub fn stats(&self) -> ProducerStats {
        self.handle.accumulator.stats()
    }

    /// Records that were taken and are not settled.
    pub fn buffered_records(&self) -> usize {
        self.handle.accumulator.records()
    }

    async fn wait_and_send(&self, record: ProducerRecord<'_>) -> Result<Delivery, SendError> {
        let (handle, max_block) = (&self.handle, self.handle.config.max_block);
        let deadline = Instant::now() + max_block;
        let mut buffer = None;
        loop {
            match handle.accumulator.append(&record, buffer.take()) {
                Ok(delivery) => return Ok(delivery),
                Err(Refusal::Failed(error)) => return Err(error),
                Err(Refusal::NoTopic) => self.find_topic(&record, deadline).await?,
                Err(Refusal::NoMemory(bytes)) => {
                    // The sender has to know that lingering is in vain.
                    let mut waiting = std::pin::pin!(handle.accumulator.memory.take(bytes));
                    let waiting = std::future::poll_fn(|context| {
                        let polled = waiting.as_mut().poll(context);
                        handle.accumulator.wake.notify_one();
                        polled
                    });
                    match timeout_at(deadline, waiting).await {
                        Ok(taken) => buffer = taken,
                        Err(_) => return Err(buffer_full(&record, max_block)),
                    }
                }
            }
        }
    }

    async fn find_topic(
        &self,
        record: &ProducerRecord<'_>,
        deadline: Instant,
    ) -> Result<(), SendError> {
        let wait = deadline.saturating_duration_since(Instant::now());
        match self.handle.cluster.topic(record.topic, wait).await {
            Ok(topic) if self.use_topic(&topic) => Ok(()),
            Ok(_) | Err(Error::Closed) => Err(SendError::untaken(
                record.topic,
                SendErrorKind::Closed,
                None,
            )),
            Err(error) => Err(SendError::untaken(
                record.topic,
                SendErrorKind::Topic,
                Some(error),
            )),
        }
    }

    /// Makes a topic known, and starts the sender with the first one.
    fn use_topic(&self, topic: &Topic) -> bool {
        let handle = &self.handle;
        handle.cluster.want(&topic.name);
        handle.sender.get_or_init(|| {
            let accumulator = handle.accumulator.clone();
            let sender = Sender::new(
                accumulator,
                handle.cluster.clone(),
                handle.config.clone(),
                handle.transactions.clone(),
            );
            tokio::spawn(sender.run(handle.abort.clone(), handle.finished.clone()));
        });
        handle.accumulator.put_topic(topic)
    }
}

fn buffer_full(record: &ProducerRecord<'_>, waited: Duration) -> SendError {
    SendError {
        partition: record.partition,
        ..SendError::untaken(record.topic, SendErrorKind::BufferFull { waited }, None)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.accumulator.begin_to_close();
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("config", &self.handle.config)
            .field("buffered_records", &self.buffered_records())
            .finish_non_exhaustive()
    }
}
