//! The task that sends: it takes batches that are ready to the leaders of their partitions, and acts on what comes back.
//!
//! It owns no socket and no batch that is under way: requests carry their batches and bring them back. It wakes when a batch is
//! started or ready, when an answer comes, when time is up or when the cluster has changed, never for a single record. One
//! request per broker is filled at a time, with one batch of each partition; while as many are under way as the connection
//! takes, batches go on gathering.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::accumulator::Accumulator;
use super::config::ProducerConfig;
use super::lane::Patience;
use super::topics::Partition;
use super::transaction::Transactions;
use crate::cluster::Cluster;
use crate::retry::Backoff;

mod answer;
mod enlisting;
mod identity;
mod request;
mod sink;
mod timers;

use answer::Answer;
use enlisting::Enlisting;
use identity::Known;
use request::{Event, Sent, Work};
use sink::{Route, Sink};
use timers::{Alarm, Timers};

/// The sender of one producer.
pub(crate) struct Sender {
    accumulator: Arc<Accumulator>,
    cluster: Arc<Cluster>,
    config: Arc<ProducerConfig>,
    /// What is known of each partition, by its id.
    tracked: HashMap<usize, Tracked>,
    sinks: HashMap<Route, Sink>,
    /// Partitions with something to send and no leader.
    homeless: Vec<Arc<Partition>>,
    identity: Known,
    /// `None` outside of transactions.
    enlisting: Option<Enlisting>,
    timers: Timers,
    work: FuturesUnordered<Work>,
    /// Whether batches were hurried the last time round.
    patience: Patience,
}

/// A partition as the sender sees it.
struct Tracked {
    /// Whether it is in line at a sink, or homeless, or waits for an identity.
    is_in_line: bool,
    /// Whether its batches got new numbers and none has been written since.
    renumbered: bool,
    backoff: Backoff,
}

impl Sender {
    /// A sender that has not looked at anything yet.
    pub(crate) fn new(
        accumulator: Arc<Accumulator>,
        cluster: Arc<Cluster>,
        config: Arc<ProducerConfig>,
        transactions: Option<Transactions>,
    ) -> Self {
        Self {
            identity: Known::new(&config),
            enlisting: transactions.map(Enlisting::new),
            accumulator,
            cluster,
            config,
            tracked: HashMap::new(),
            sinks: HashMap::new(),
            homeless: Vec::new(),
            timers: Timers::default(),
            work: FuturesUnordered::new(),
            patience: Patience::Linger,
        }
    }

    /// Runs until the producer is closed and everything is settled, or until `abort`. Says so through `finished`, even if it is dropped.
    pub(crate) async fn run(mut self, abort: CancellationToken, finished: CancellationToken) {
        let end = End {
            accumulator: self.accumulator.clone(),
            finished,
        };
        let _ = abort.run_until_cancelled(self.drive()).await;
        // Requests go first: their batches fail as possibly written.
        drop(self);
        drop(end);
    }

    async fn drive(&mut self) {
        let mut generations = self.cluster.changed();
        loop {
            let now = Instant::now();
            self.hear(now);
            self.ring(now);
            self.dispatch(now).await;
            if self.is_idle() {
                if self.accumulator.is_closing() {
                    return;
                }
                if self.accumulator.memory.has_spare() {
                    self.timers.arm(Alarm::Spare, now + IDLE);
                }
            }
            if self.accumulator.may_forget() {
                self.timers.arm(Alarm::Forget, now + self.topic_idle());
            }
            self.wait(&mut generations).await;
        }
    }

    /// Waits for anything to happen, and takes in what has.
    async fn wait(&mut self, generations: &mut watch::Receiver<u64>) {
        let alarm = self.timers.next();
        tokio::select! {
            biased;
            Some(event) = self.work.next(), if !self.work.is_empty() => self.take_in(event),
            () = self.accumulator.wake.notified() => {}
            Ok(()) = generations.changed() => self.follow(Instant::now()),
            () = sleep_until(alarm.unwrap_or_else(Instant::now)), if alarm.is_some() => {}
        }
    }

    /// One event, and all that are there with it.
    fn take_in(&mut self, event: Event) {
        let now = Instant::now();
        self.handle(event, now);
        while let Some(Some(event)) = self.work.next().now_or_never() {
            self.handle(event, now);
        }
    }

    fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Sent {
                route,
                codecs,
                spoiled,
                outcome,
            } => {
                let sink = self.sinks.entry(route).or_default();
                sink.is_sending = false;
                sink.codecs = Some(codecs);
                self.spoiled(spoiled, now);
                match outcome {
                    Ok(Sent::Awaited(answer)) => self.work.push(answer),
                    Ok(Sent::Unanswered(parcels)) => {
                        self.landed(route);
                        self.unacknowledged(parcels, now);
                    }
                    Err((parcels, error)) => {
                        self.landed(route);
                        self.unanswered(route.node, parcels, error, now);
                    }
                }
            }
            Event::Answered {
                route,
                parcels,
                topics,
                answer,
            } => {
                self.landed(route);
                match answer {
                    Ok(response) => {
                        let answer = Answer {
                            route,
                            topics,
                            response,
                        };
                        self.answered(parcels, answer, now);
                    }
                    Err(error) => self.unanswered(route.node, parcels, error, now),
                }
            }
            Event::Identity(outcome) => self.identified(outcome, now),
            Event::Enlisted {
                partitions,
                enlistment,
                outcome,
            } => self.enlisted(partitions, enlistment, outcome, now),
        }
    }

    fn landed(&mut self, route: Route) {
        if let Some(sink) = self.sinks.get_mut(&route) {
            sink.in_flight = sink.in_flight.saturating_sub(1);
        }
    }

    /// Looks at the partitions that callers have left a notice for; at all of them if patience has run out.
    fn hear(&mut self, now: Instant) {
        let patience = self.patience_now();
        let impatient = patience == Patience::None && self.patience == Patience::Linger;
        self.patience = patience;
        for partition in self.accumulator.take_notices() {
            self.look(&partition, now);
        }
        if impatient {
            for partition in self.accumulator.partitions() {
                self.look(&partition, now);
            }
        }
    }

    fn patience_now(&self) -> Patience {
        if self.accumulator.is_closing() || self.accumulator.memory.is_short() {
            Patience::None
        } else {
            Patience::Linger
        }
    }

    fn ring(&mut self, now: Instant) {
        while let Some(alarm) = self.timers.ring(now) {
            match alarm {
                Alarm::Partition(id) => {
                    if let Some(partition) = self.accumulator.partition(id) {
                        self.look(&partition, now);
                    }
                }
                Alarm::Sink(route) => {
                    if let Some(sink) = self.sinks.get_mut(&route) {
                        sink.muted_until = None;
                    }
                }
                Alarm::Identity => self.ask_for_identity(),
                Alarm::Forget => {
                    for id in self.accumulator.forget(self.topic_idle(), now) {
                        self.tracked.remove(&id);
                    }
                }
                Alarm::Spare if self.is_idle() => self.accumulator.memory.drop_spare(),
                Alarm::Spare => {}
            }
        }
    }

    /// Sees to a partition: ends what has expired, puts it in line if it has something to send, and remembers when to look again.
    fn look(&mut self, partition: &Arc<Partition>, now: Instant) {
        let patience = self.patience;
        let (survey, expiry) = {
            let mut lane = partition.lane();
            lane.listed = false;
            (lane.survey(now, patience), lane.expiry())
        };
        for mut batch in survey.expired {
            batch.cause = batch.cause.take().or_else(|| self.identity.trouble.clone());
            let expired = batch.failure(expiry.clone());
            self.accumulator.settle(partition, batch, expired);
        }
        if let Some(at) = survey.next {
            self.timers.arm(Alarm::Partition(partition.id), at);
        }
        if survey.is_ready {
            self.put_in_line(partition);
        }
    }

    fn put_in_line(&mut self, partition: &Arc<Partition>) {
        let config = &self.config;
        let new = || Tracked {
            is_in_line: false,
            renumbered: false,
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
        };
        let tracked = self.tracked.entry(partition.id).or_insert_with(new);
        if std::mem::replace(&mut tracked.is_in_line, true) {
            return;
        }
        if let Some(node) = partition.leader() {
            // As the partition's number says, so it is the same for its whole life.
            let connections = self.config.connections.get();
            let connection = partition.id % usize::from(connections);
            let connection = u8::try_from(connection).unwrap_or_default();
            self.sinks
                .entry(Route { node, connection })
                .or_default()
                .line
                .push_back(partition.clone());
        } else {
            self.homeless.push(partition.clone());
            self.cluster.refresh();
        }
    }

    fn leaves_line(&mut self, partition: &Partition) {
        if let Some(tracked) = self.tracked.get_mut(&partition.id) {
            tracked.is_in_line = false;
        }
    }

    /// The cluster has changed.
    fn follow(&mut self, now: Instant) {
        let metadata = self.cluster.metadata();
        for partition in self.accumulator.follow(&metadata) {
            self.look(&partition, now);
        }
        for partition in std::mem::take(&mut self.homeless) {
            self.leaves_line(&partition);
            self.look(&partition, now);
        }
    }

    /// How long a topic is kept that nobody sends to.
    fn topic_idle(&self) -> Duration {
        self.cluster.config().metadata_max_idle.min(LONGEST_IDLE)
    }

    /// Whether nothing is under way and nothing waits.
    fn is_idle(&self) -> bool {
        self.accumulator.records() == 0
    }
}

/// A producer that has nothing to send for so long lets go of its buffers.
const IDLE: Duration = Duration::from_secs(5);

/// What can be added to any clock.
const LONGEST_IDLE: Duration = Duration::from_hours(24 * 365);

/// Ends the producer with its sender, however that ends.
struct End {
    accumulator: Arc<Accumulator>,
    finished: CancellationToken,
}

impl Drop for End {
    fn drop(&mut self) {
        self.accumulator.finish();
        self.finished.cancel();
    }
}
