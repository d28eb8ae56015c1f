//! What the tasks of one consumer share: its state under a lock, and bells for those whom a change concerns.
//!
//! The lock is never held over an `await`. A bell that rings while nobody listens is heard by the next who does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kafka_wire::records::DecompressLimits;
use tokio::sync::{Notify, watch};
use tokio::time::{Duration, Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::consumer::chunk::OpenLimits;
use crate::consumer::config::ConsumerConfig;
use crate::consumer::patience::Patience;
use crate::consumer::position::Positions;
use crate::consumer::state::State;
use crate::retry::Backoff;

/// One consumer, as its tasks see it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) config: ConsumerConfig,
    /// Ends the connections that only this consumer uses.
    pub(crate) stop: CancellationToken,
    state: Mutex<State>,
    /// Fetch answers so far, of all brokers.
    answers: AtomicU64,
    ready: Notify,
    fetch: watch::Sender<()>,
    plan: watch::Sender<()>,
    group: watch::Sender<()>,
}

impl Shared {
    /// A consumer without partitions.
    pub(crate) fn new(cluster: Arc<Cluster>, config: ConsumerConfig) -> Arc<Self> {
        let limits = OpenLimits {
            batch: DecompressLimits {
                max_output_bytes: config.max_decompressed_bytes,
                setting: "max_decompressed_bytes",
            },
            event_bytes: config.max_partition_fetch_bytes,
        };
        let patience = Patience::new(cluster.config().request_timeout);
        let positions = Positions::new(backoff(&cluster), patience);
        let state = State::new(positions, config.reset, limits);
        let stop = cluster.child_stop();
        Arc::new(Self {
            cluster,
            config,
            stop,
            state: Mutex::new(state),
            answers: AtomicU64::new(0),
            ready: Notify::new(),
            fetch: watch::Sender::new(()),
            plan: watch::Sender::new(()),
            group: watch::Sender::new(()),
        })
    }

    /// Looks at the state, or changes it and rings the bells.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state);
        let changes = state.changes();
        drop(state);
        if changes.ready {
            self.ready.notify_one();
        }
        for (changed, bell) in [
            (changes.fetch, &self.fetch),
            (changes.plan, &self.plan),
            (changes.group, &self.group),
        ] {
            if changed {
                bell.send_replace(());
            }
        }
        result
    }

    /// A number that no other answer has.
    pub(crate) fn number_answer(&self) -> u64 {
        self.answers.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits for an event.
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Rings when there may be something to fetch.
    pub(crate) fn fetch_bell(&self) -> watch::Receiver<()> {
        self.fetch.subscribe()
    }

    /// Rings when topics, leaders or positions have to be found.
    pub(crate) fn plan_bell(&self) -> watch::Receiver<()> {
        self.plan.subscribe()
    }

    /// Rings when the group's task has something to look at.
    pub(crate) fn group_bell(&self) -> watch::Receiver<()> {
        self.group.subscribe()
    }

    /// Waits between tries, as the client is told to make them.
    pub(crate) fn backoff(&self) -> Backoff {
        backoff(&self.cluster)
    }

    /// How long failures that may pass are kept from the application.
    pub(crate) fn patience(&self) -> Patience {
        Patience::new(self.cluster.config().request_timeout)
    }
}

fn backoff(cluster: &Cluster) -> Backoff {
    let config = cluster.config();
    Backoff::new(config.retry_backoff, config.retry_backoff_max)
}

/// The time after `wait`; ages away if that is too far to say.
pub(crate) fn after(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now + AGES)
}

const AGES: Duration = Duration::from_hours(24 * 365 * 30);

/// Waits until `at`; for ever if there is no such time.
pub(crate) async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
