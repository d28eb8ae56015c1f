//! What the nodes share: topics, groups, transactions, who is up, and who takes over.
//!
//! Locks are taken in this order, and none over an `await`: who is up, transactions, topics, a partition; groups.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI16, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::control::Controls;
use super::coordinator::Coordinator;
use super::node::{Mode, Node, lock};
use super::topics::{NewTopic, Refused, Topic, Topics, Trial, random_id};
use super::transaction::{Ending, Participant};
use super::transactions::Transactions;
use crate::NodeError;

/// The state of a cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    config: Config,
    id: String,
    runtime: Handle,
    clock: Clock,
    nodes: Vec<Node>,
    up: Mutex<BTreeSet<i32>>,
    topics: Mutex<Topics>,
    coordinator: Coordinator,
    transactions: Transactions,
    controls: Controls,
    meter: Meter,
    producer_ids: AtomicI64,
    /// See [`Config::transaction_version`].
    transaction_version: AtomicI16,
    /// Ends the tasks that belong to no node.
    end: CancellationToken,
}

/// Wall time that follows tokio's clock, so that a paused clock rules it, too.
#[derive(Debug)]
struct Clock {
    started: Instant,
    started_wall: Duration,
}

/// What happened, in numbers.
#[derive(Debug, Default)]
pub(super) struct Meter {
    requests: Mutex<HashMap<i16, u64>>,
    open_connections: AtomicUsize,
    connections: AtomicU64,
    stored: AtomicUsize,
}

impl Cluster {
    /// A cluster whose nodes are down.
    pub(super) fn new(config: Config) -> io::Result<Self> {
        let ids = 1..=i32::try_from(config.nodes).unwrap_or(i32::MAX);
        let nodes = ids
            .map(|id| Node::new(id, config.fetch_sessions))
            .collect::<io::Result<Vec<_>>>()?;
        let end = CancellationToken::new();
        Ok(Self {
            id: random_id().to_string(),
            runtime: Handle::current(),
            clock: Clock {
                started: Instant::now(),
                started_wall: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
            },
            nodes,
            up: Mutex::default(),
            topics: Mutex::default(),
            coordinator: Coordinator::new(config.coordinator_slots),
            transactions: Transactions::new(config.transaction_slots),
            controls: Controls::default(),
            meter: Meter::default(),
            producer_ids: AtomicI64::new(1_000),
            transaction_version: AtomicI16::new(config.transaction_version),
            end,
            config,
        })
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Kafka's cluster id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Where tasks are spawned, whatever thread asks.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn node(&self, id: i32) -> Result<&Node, NodeError> {
        let mut nodes = self.nodes.iter();
        nodes
            .find(|node| node.id() == id)
            .ok_or(NodeError::Unknown { node: id })
    }

    pub(super) fn topics(&self) -> MutexGuard<'_, Topics> {
        lock(&self.topics)
    }

    pub(super) fn coordinator(&self) -> &Coordinator {
        &self.coordinator
    }

    pub(super) fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    pub(super) fn controls(&self) -> &Controls {
        &self.controls
    }

    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Over when the cluster is.
    pub(super) fn end(&self) -> &CancellationToken {
        &self.end
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> i64 {
        let wall = self.clock.started_wall + self.clock.started.elapsed();
        i64::try_from(wall.as_millis()).unwrap_or(i64::MAX)
    }

    pub(super) fn next_producer_id(&self) -> i64 {
        self.producer_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// How clients are told to speak of transactions.
    pub(super) fn transaction_version(&self) -> &AtomicI16 {
        &self.transaction_version
    }

    /// A line for the logs of a node.
    pub(super) fn note(&self, node: i32, line: std::fmt::Arguments<'_>) {
        if let Ok(node) = self.node(node) {
            node.note(line);
        }
    }

    /// The nodes that the cluster counts on: not always those that run.
    pub(super) fn up(&self) -> Vec<i32> {
        lock(&self.up).iter().copied().collect()
    }

    /// Where clients find a node; `None` if the cluster does not count on it.
    pub(super) fn endpoint(&self, id: i32) -> Option<SocketAddr> {
        if !lock(&self.up).contains(&id) {
            return None;
        }
        self.node(id).ok().map(Node::advertised)
    }

    /// Makes a topic; see [`Topics::create`].
    pub(super) fn create_topic(&self, new: NewTopic, trial: Trial) -> Result<Arc<Topic>, Refused> {
        let up = lock(&self.up);
        let nodes: Vec<i32> = up.iter().copied().collect();
        self.topics().create(new, &self.config, &nodes, trial)
    }

    /// Takes a topic out of the cluster, with its records and what groups committed for it.
    pub(super) fn delete_topic(&self, topic: &Topic) {
        self.topics().remove(topic);
        for (_, partition) in topic.partitions() {
            let mut partition = partition.lock();
            partition.is_deleted = true;
            self.meter.release(partition.log.bytes());
            let end = partition.log.end();
            partition.log.delete_before(end);
            partition.wake();
        }
        self.coordinator.forget_topic(topic.id);
    }

    /// Nodes take part: they lead what has no leader.
    pub(super) fn join(&self, ids: &[i32]) {
        let mut up = lock(&self.up);
        up.extend(ids);
        for topic in self.topics().iter() {
            for (_, partition) in topic.partitions() {
                let mut partition = partition.lock();
                if partition.leader.is_none() {
                    partition.lead_by_first_of(&up);
                }
            }
        }
        self.coordinator.follow(&up);
        self.transactions.follow(&up);
    }

    /// A node takes part no more: other replicas lead.
    pub(super) fn leave(&self, id: i32) {
        let mut up = lock(&self.up);
        up.remove(&id);
        for topic in self.topics().iter() {
            for (_, partition) in topic.partitions() {
                let mut partition = partition.lock();
                if partition.leader == Some(id) {
                    partition.lead_by_first_of(&up);
                }
            }
        }
        self.coordinator.follow(&up);
        self.transactions.follow(&up);
    }

    /// The same after a while, unless the node's mode changes before.
    pub(super) fn leave_after(self: &Arc<Self>, node: &Node, delay: Duration) {
        if delay.is_zero() {
            self.leave(node.id());
            return;
        }
        let (cluster, id, changes) = (self.clone(), node.id(), node.changes());
        let end = self.end.clone();
        self.runtime.spawn(async move {
            let waited = end.run_until_cancelled(tokio::time::sleep(delay)).await;
            let is_same = cluster.node(id).is_ok_and(|node| node.changes() == changes);
            if waited.is_some() && is_same {
                cluster.leave(id);
            }
        });
    }

    /// Moves the lead of a partition to a node; it becomes a replica in the old leader's place if it was none.
    /// `None` if there is no such partition.
    pub(super) fn move_leader(&self, topic: &str, partition: i32, to: i32) -> Option<()> {
        let topic = self.topics().named(topic)?.clone();
        let mut partition = topic.partition(partition)?.lock();
        if !partition.replicas.contains(&to) {
            let old = partition.leader;
            let place = partition.replicas.iter_mut();
            let mut place = place.filter(|node| old.is_none_or(|old| **node == old));
            *place.next()? = to;
        }
        partition.lead(Some(to));
        Some(())
    }

    /// Whoever took part in a transaction hears how it ends. The caller has the table of transactions locked.
    pub(super) fn conclude(&self, ending: &Ending) {
        for participant in &ending.participants {
            let (topic, index) = match *participant {
                Participant::Partition(topic, index) => (topic, index),
                Participant::Offsets(slot) => {
                    self.coordinator
                        .conclude(slot, ending.writer.id, ending.end);
                    continue;
                }
            };
            let topic = self.topics().with_id(topic).cloned();
            if let Some(partition) = topic.as_ref().and_then(|topic| topic.partition(index)) {
                let mut state = partition.lock();
                let bytes = state.conclude(ending.end, ending.writer, self.now_ms());
                // However full it is: a transaction that cannot end would be worse.
                self.meter.reserve(bytes, usize::MAX);
            }
        }
    }

    /// Aborts transactions that are open for too long. When one will be.
    pub(super) fn abort_late_transactions(&self, now: Instant) -> Option<Instant> {
        let mut table = self.transactions.open();
        let (late, next) = table.on_time(now);
        for ending in &late {
            self.conclude(ending);
        }
        self.transactions.timer.set(next);
        next
    }

    /// Ends everything at once.
    pub(super) fn shut_down(&self) {
        self.end.cancel();
        self.controls.clear();
        for node in &self.nodes {
            let _ = node.change(
                &[Mode::Running, Mode::Paused, Mode::Draining],
                Mode::Down,
                "end",
            );
        }
    }
}

impl Meter {
    /// A request came; before anybody looked at it.
    pub(super) fn count(&self, api_key: i16) {
        *lock(&self.requests).entry(api_key).or_default() += 1;
    }

    pub(super) fn requests(&self, api_key: i16) -> u64 {
        lock(&self.requests).get(&api_key).copied().unwrap_or(0)
    }

    /// Connections that are open now.
    pub(super) fn open_connections(&self) -> usize {
        self.open_connections.load(Ordering::Relaxed)
    }

    /// A connection opens; its number.
    pub(super) fn opened(&self) -> u64 {
        self.open_connections.fetch_add(1, Ordering::Relaxed);
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn closed(&self) {
        self.open_connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes room for batches; whether there was any.
    pub(super) fn reserve(&self, bytes: usize, limit: usize) -> bool {
        let fits = |stored: usize| stored.checked_add(bytes).filter(|sum| *sum <= limit);
        let taken = self
            .stored
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.is_ok()
    }

    pub(super) fn release(&self, bytes: usize) {
        self.stored.fetch_sub(bytes, Ordering::Relaxed);
    }
}
