//! One producer, and what is owed to those who do not wait for it.
//!
//! This and `identity.rs` are the only files of the plugin that know `kafka_client`'s producer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use kafka_client::{
    Client, ConfigError, Delivery, Producer, ProducerRecord, SendError, SendErrorKind,
};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::identity::Identity;
use crate::http::RequestId;
use crate::plugins::{Loss, Shared, failure};

/// A record that a request became.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) topic: &'a str,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: &'a [u8],
    pub(super) headers: &'a [(&'a str, Option<&'a [u8]>)],
}

impl<'a> Record<'a> {
    /// What it takes in memory, about.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len))
            .sum();
        self.topic.len() + self.key.map_or(0, <[u8]>::len) + self.value.len() + headers
    }

    fn to_send(&self) -> ProducerRecord<'a> {
        ProducerRecord {
            topic: self.topic,
            partition: None,
            key: self.key,
            value: Some(self.value),
            headers: self.headers,
            timestamp_ms: None,
        }
    }
}

/// The meters of one plugin and topic.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) topic: String,
    pub(super) sent: Counter,
    pub(super) failed: Counter,
    pub(super) lost: Counter,
}

/// Who sent a record and does not wait for it.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) id: RequestId,
    pub(super) meters: Arc<Meters>,
}

/// A producer of one identity.
#[derive(Debug)]
pub(super) struct Outlet {
    client: Client,
    producer: Producer,
    /// Records and bytes in memory at most, under `producer_async`.
    max_records: usize,
    max_bytes: usize,
    watched: mpsc::Sender<Watched>,
    watcher: std::sync::Mutex<Option<JoinHandle<()>>>,
    /// Records whose topic is not known yet.
    waiting: Arc<Waiting>,
    waiters: TaskTracker,
    give_up: CancellationToken,
    lost: Arc<LossCount>,
}

/// Records that wait outside of the producer.
#[derive(Debug, Default)]
struct Waiting {
    records: AtomicUsize,
    bytes: AtomicUsize,
}

/// Records answered with 200 that no broker took, counted from the beginning of the drain on.
#[derive(Debug)]
struct LossCount {
    drain: CancellationToken,
    records: AtomicU64,
}

/// What the watcher is told.
#[derive(Debug)]
enum Watched {
    /// Look at the outcome of this one.
    Delivery(Delivery, Origin),
    /// There is no more.
    End,
}

/// Why a record was not queued.
#[derive(Debug)]
pub(super) enum NotQueued {
    /// There is no room.
    Full,
    /// It can never be sent.
    Refused(SendError),
}

impl Outlet {
    /// A producer that connects when it is first used.
    pub(super) fn new(identity: &Identity, shared: &Shared) -> Result<Outlet, ConfigError> {
        let client = Client::new(identity.client_config(&shared.settings))?;
        let producer = Producer::new(&client, identity.producer_config(&shared.settings))?;
        let (watched, deliveries) = mpsc::channel(identity.max_records().min(MAX_WATCHED));
        let lost = Arc::new(LossCount {
            drain: shared.drain.clone(),
            records: AtomicU64::new(0),
        });
        Ok(Outlet {
            client,
            producer,
            max_records: identity.max_records(),
            max_bytes: shared.settings.produce.buffer_bytes,
            watched,
            watcher: std::sync::Mutex::new(Some(tokio::spawn(watch(
                deliveries,
                Arc::clone(&lost),
            )))),
            waiting: Arc::default(),
            waiters: TaskTracker::new(),
            give_up: CancellationToken::new(),
            lost,
        })
    }

    /// Takes a record whose sender waits for the outcome.
    pub(super) async fn send(&self, record: &Record<'_>) -> Result<Delivery, SendError> {
        self.producer.send(record.to_send()).await
    }

    /// Takes a record whose sender does not wait, without waiting. From here on it is sent, or counted and logged as
    /// lost.
    pub(super) async fn queue(&self, record: &Record<'_>, origin: Origin) -> Result<(), NotQueued> {
        if !self.has_room(record) {
            return Err(NotQueued::Full);
        }
        match self.producer.try_send(record.to_send()) {
            Ok(delivery) => self.watch(delivery, origin).await,
            Err(error) => match error.kind {
                SendErrorKind::BufferFull { .. } => return Err(NotQueued::Full),
                // Nobody knows the topic's partitions yet.
                SendErrorKind::Topic if error.cause.is_none() => self.queue_unknown(record, origin),
                _ => return Err(NotQueued::Refused(error)),
            },
        }
        Ok(())
    }

    /// The bounds of G-48; the producer's own bytes are bounded by itself as well.
    fn has_room(&self, record: &Record<'_>) -> bool {
        let waiting_records = self.waiting.records.load(Ordering::Relaxed);
        let waiting_bytes = self.waiting.bytes.load(Ordering::Relaxed);
        let records = self.producer.buffered_records() + waiting_records;
        records < self.max_records
            && (waiting_bytes == 0 || waiting_bytes + record.bytes() <= self.max_bytes)
    }

    async fn watch(&self, delivery: Delivery, origin: Origin) {
        // As long as the queue's bound holds there is room; the watcher only ends with us.
        let _ = self.watched.send(Watched::Delivery(delivery, origin)).await;
    }

    /// Keeps a record until its topic is known, or cannot be.
    fn queue_unknown(&self, record: &Record<'_>, origin: Origin) {
        let owned = Owned::of(record);
        let (producer, watched) = (self.producer.clone(), self.watched.clone());
        let (waiting, lost, give_up) = (
            Arc::clone(&self.waiting),
            Arc::clone(&self.lost),
            self.give_up.clone(),
        );
        let bytes = record.bytes();
        waiting.records.fetch_add(1, Ordering::Relaxed);
        waiting.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.waiters.spawn(async move {
            let headers = owned.headers();
            let sending = producer.send(owned.record(&headers));
            let sent = tokio::select! {
                sent = sending => Some(sent),
                () = give_up.cancelled() => None,
            };
            waiting.records.fetch_sub(1, Ordering::Relaxed);
            waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
            match sent {
                Some(Ok(delivery)) => {
                    let _ = watched.send(Watched::Delivery(delivery, origin)).await;
                }
                Some(Err(error)) => lost.add(&origin, &failure::chain(&error)),
                None => lost.add(&origin, "the gateway ended before the topic was known"),
            }
        });
    }

    /// Sends what was taken, until `deadline`, and ends. Says what is lost.
    pub(super) async fn close(&self, deadline: Instant) -> Loss {
        self.waiters.close();
        if timeout_at(deadline, self.waiters.wait()).await.is_err() {
            self.give_up.cancel();
            self.waiters.wait().await;
        }
        // What it loses is told by the deliveries.
        let left = deadline.saturating_duration_since(Instant::now());
        let _ = self.producer.close(left).await;
        // Every delivery has its outcome by now; the watcher only has to look at them.
        let watcher = self
            .watcher
            .lock()
            .ok()
            .and_then(|mut watcher| watcher.take());
        if let Some(watcher) = watcher {
            let _ = self.watched.send(Watched::End).await;
            let _ = watcher.await;
        }
        self.client.shutdown().await;
        Loss {
            records: self.lost.records.load(Ordering::Acquire),
        }
    }
}

/// Deliveries that wait for a look at their outcome; their sender waits beyond.
const MAX_WATCHED: usize = 1 << 20;

/// Looks at every outcome, in order: a record cannot be settled long before the ones taken before it.
async fn watch(mut deliveries: mpsc::Receiver<Watched>, lost: Arc<LossCount>) {
    while let Some(Watched::Delivery(delivery, origin)) = deliveries.recv().await {
        match delivery.await {
            Ok(_) => {
                origin.meters.sent.inc();
            }
            Err(error) => lost.add(&origin, &failure::chain(&error)),
        }
    }
}

impl LossCount {
    fn add(&self, origin: &Origin, reason: &str) {
        origin.meters.failed.inc();
        origin.meters.lost.inc();
        if self.drain.is_cancelled() {
            self.records.fetch_add(1, Ordering::AcqRel);
        }
        tracing::error!(request_id = %origin.id, topic = origin.meters.topic, reason, "record lost");
    }
}

/// A record that outlives its request.
struct Owned {
    topic: String,
    key: Option<Bytes>,
    value: Bytes,
    headers: Vec<(String, Option<Bytes>)>,
}

impl Owned {
    fn of(record: &Record<'_>) -> Owned {
        let headers = record.headers.iter();
        Owned {
            topic: record.topic.to_owned(),
            key: record.key.map(Bytes::copy_from_slice),
            value: Bytes::copy_from_slice(record.value),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.map(Bytes::copy_from_slice)))
                .collect(),
        }
    }

    fn headers(&self) -> Vec<(&str, Option<&[u8]>)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect()
    }

    fn record<'a>(&'a self, headers: &'a [(&'a str, Option<&'a [u8]>)]) -> ProducerRecord<'a> {
        Record {
            topic: &self.topic,
            key: self.key.as_deref(),
            value: &self.value,
            headers,
        }
        .to_send()
    }
}
