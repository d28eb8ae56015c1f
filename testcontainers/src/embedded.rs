//! Kafka in this very process: a cluster of one or more nodes on real TCP, and a hook that sees every request.
//!
//! It is there for tests, and for trying things out without a Kafka: it keeps records in memory and loses them with the process. What it
//! answers is what Kafka 4.3.1 answers (`tests/agreement.rs` asks both); where a client can tell the two apart, that is a bug here, or
//! stands below.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use kafka_testcontainers::embedded::{Broker, Config, Control};
//! use kafka_wire::messages::produce::ProduceRequest;
//!
//! let broker = Broker::start(Config::nodes(3)).await?;
//! let mut writes = 0;
//! broker.control(move |seen| {
//!     writes += usize::from(seen.is::<ProduceRequest>());
//!     if writes == 3 { Control::PassThenClose } else { Control::Pass }
//! });
//! println!("{}", broker.bootstrap());
//! # Ok(()) }
//! ```
//!
//! # The map
//! ```text
//! embedded.rs inspect.rs    the handle: nodes up and down; what tests look into and change behind clients' backs
//! config.rs control.rs      what can be set; what a hook may say
//! node.rs connection.rs     ports, modes and tasks; frames in, answers out, in order
//! api.rs api/               a file per family of requests: structures in, structures out
//! cluster.rs                what nodes share, who is up, who takes over
//! topics.rs partition.rs    names, placement; leader, log and waiters of a partition
//! coordinator.rs            who coordinates which group, committed offsets, the groups' deadlines
//! transactions.rs           who coordinates which transactional id, and the deadlines of what is open
//! slots.rs timer.rs         what both need: places for keys, a task that sleeps
//! log.rs epochs.rs producers.rs stability.rs marker.rs fetch_session.rs
//! group.rs group/ consumer_group.rs consumer_group/ transaction.rs    the rules, pure: no lock, no task, no I/O
//! ```
//!
//! # What it does
//! - **Requests of one connection** are worked on one after the other; waiting ones hold up no other connection.
//! - **Replication** is pretended: all replicas of a partition share one log, so that nothing is lost when a leader dies and
//!   every live replica is in sync. Killing a node moves its leaders at once ([`Config::failover_delay`]), pausing it after
//!   [`Config::broker_session_timeout`]; leaders do not move back by themselves.
//! - **Transactions** (KIP-98, KIP-360, KIP-447, KIP-890) are decided and marked in one step: nobody meets a transaction whose markers are
//!   still being written, as one may in Kafka. Whoever takes the transactional id over an open transaction is told
//!   `CONCURRENT_TRANSACTIONS` once. What a coordinator knows survives it.
//! - **Groups** are classic or of the protocol of KIP-848, and a group of one kind refuses members of the other while it has any. Targets are
//!   made at once, as with `group.consumer.assignment.interval.ms=0` and without offloading; which of several even divisions comes out is
//!   not always Kafka's choice.
//! - **Bytes from clients** that make no sense end their connection, and nothing else. Frames, batches and the log as a whole have caps.
//! - **Time** is tokio's, timestamps of records included: a paused clock rules it all.
//!
//! # What it does not do
//! Not offered yet, as `ApiVersions` says: share groups, streams groups, two-phase commit (KIP-939),
//! `DescribeTransactions`, `DescribeConfigs` and the other admin APIs, SASL; nor is there TLS.
//! A group does not change its kind while it has members (Kafka: `group.consumer.migration.policy`), and subscriptions by pattern
//! (`SubscribedTopicRegex`) get `INVALID_REGULAR_EXPRESSION`. Group configs are the cluster's alone.
//! Nothing is ever compacted or expires; topics that ask for another compression than their producers' get what the producers sent.
//! Nobody is throttled, and idle connections are never closed. There is no `__consumer_offsets` topic to see, replicas do not fetch from one another, no replica is preferred for its rack, and a
//! fetch session that outlives its topic sees `UNKNOWN_TOPIC_ID` where Kafka may say `INCONSISTENT_TOPIC_ID`.

mod api;
mod cluster;
mod config;
mod connection;
mod consumer_group;
mod control;
mod coordinator;
mod epochs;
mod fetch_session;
mod group;
mod inspect;
mod log;
mod marker;
mod node;
mod partition;
mod producers;
mod slots;
mod stability;
mod timer;
mod topics;
mod transaction;
mod transactions;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

pub use config::{Config, PropertyError};
pub use control::{Control, Seen};
pub use inspect::{ConsumerGroupMember, GroupMember, Record};

use crate::NodeError;
use cluster::Cluster;
use node::{Mode, Node};

/// An embedded cluster. Cloning gives another handle; the cluster ends with the last one.
///
/// A control hook that holds a handle keeps the cluster alive until [`Broker::clear_control`] or [`Broker::shutdown`].
#[derive(Debug, Clone)]
pub struct Broker {
    cluster: Arc<Cluster>,
    _owner: Arc<Owner>,
}

/// Ends the cluster when nobody holds it.
#[derive(Debug)]
struct Owner(Arc<Cluster>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

impl Broker {
    /// Starts a cluster on ports of 127.0.0.1 that the system picks. It is ready when this returns.
    ///
    /// # Errors
    /// No nodes at all, or no ports for them.
    pub async fn start(config: Config) -> io::Result<Self> {
        if config.nodes == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a cluster has at least one node",
            ));
        }
        let cluster = Arc::new(Cluster::new(config)?);
        let broker = Self {
            _owner: Arc::new(Owner(cluster.clone())),
            cluster: cluster.clone(),
        };
        for node in cluster.nodes() {
            node.start(&cluster).await?;
        }
        cluster.join(&broker.node_ids());
        let groups = cluster.clone();
        tokio::spawn(async move {
            let coordinator = groups.coordinator();
            let due = coordinator
                .timer
                .keep(groups.end().clone(), |now| coordinator.on_time(now));
            due.await;
        });
        tokio::spawn(async move {
            let timer = &cluster.transactions().timer;
            let due = timer.keep(cluster.end().clone(), |now| {
                cluster.abort_late_transactions(now)
            });
            due.await;
        });
        Ok(broker)
    }

    /// The addresses of all nodes, for a client: `127.0.0.1:40001,127.0.0.1:40002`.
    pub fn bootstrap(&self) -> String {
        let nodes = self.cluster.nodes().iter();
        let addresses: Vec<_> = nodes.map(|it| it.advertised().to_string()).collect();
        addresses.join(",")
    }

    /// The ids of all nodes, up or down: 1, 2, ….
    pub fn node_ids(&self) -> Vec<i32> {
        self.cluster.nodes().iter().map(Node::id).collect()
    }

    /// Where a node listens, whatever clients are told; `None` if there is no such node.
    pub fn addr_of(&self, node: i32) -> Option<SocketAddr> {
        self.cluster.node(node).ok().map(Node::address)
    }

    /// Where clients are told to connect to; `None` if there is no such node.
    pub fn advertised(&self, node: i32) -> Option<SocketAddr> {
        self.cluster.node(node).ok().map(Node::advertised)
    }

    /// Tells clients from now on to find a node here: at a proxy that stands before it. Kafka: `advertised.listeners`.
    ///
    /// # Errors
    /// There is no such node.
    pub fn advertise(&self, node: i32, address: SocketAddr) -> Result<(), NodeError> {
        self.cluster.node(node)?.advertise(address);
        Ok(())
    }

    /// Whether a node runs: not paused, not down. `false` if there is no such node.
    pub fn is_running(&self, node: i32) -> bool {
        let node = self.cluster.node(node);
        node.is_ok_and(|node| node.mode() == Mode::Running)
    }

    /// Ends a node without warning: its listener and connections die, its leaders move to other replicas, with the next leader epoch.
    /// Its data stays.
    ///
    /// Leaders have moved when this returns; that all sockets are closed can be waited for with [`Broker::ended`].
    ///
    /// # Errors
    /// There is no such node, or it is down.
    pub fn kill(&self, node: i32) -> Result<(), NodeError> {
        let node = self.cluster.node(node)?;
        let alive = [Mode::Running, Mode::Paused, Mode::Draining];
        node.change(&alive, Mode::Down, "be killed")?;
        let delay = self.cluster.config().failover_delay;
        self.cluster.leave_after(node, delay);
        Ok(())
    }

    /// Waits until a node that was killed or stopped has closed every socket.
    ///
    /// # Errors
    /// There is no such node, or it is up.
    pub async fn ended(&self, node: i32) -> Result<(), NodeError> {
        let node = self.cluster.node(node)?;
        node.expect(Mode::Down, "be waited for")?;
        node.ended().await;
        Ok(())
    }

    /// Ends a node in order: its leaders move first, then it answers what it has been asked, but no longer than two seconds. Its data stays.
    ///
    /// # Errors
    /// There is no such node, or it is down.
    pub async fn stop(&self, node: i32) -> Result<(), NodeError> {
        let node = self.cluster.node(node)?;
        let alive = [Mode::Running, Mode::Paused];
        node.change(&alive, Mode::Draining, "be stopped")?;
        self.cluster.leave(node.id());
        node.drained().await;
        // Somebody may have killed it meanwhile.
        let _ = node.change(&[Mode::Draining], Mode::Down, "end");
        node.ended().await;
        Ok(())
    }

    /// Freezes a node: its connections stay, new ones are taken, nothing is read or answered. Others take over after
    /// [`Config::broker_session_timeout`].
    ///
    /// # Errors
    /// There is no such node, or it does not run.
    pub fn pause(&self, node: i32) -> Result<(), NodeError> {
        let node = self.cluster.node(node)?;
        node.change(&[Mode::Running], Mode::Paused, "be paused")?;
        let delay = self.cluster.config().broker_session_timeout;
        self.cluster.leave_after(node, delay);
        Ok(())
    }

    /// Lets a paused node go on.
    ///
    /// # Errors
    /// There is no such node, or it is not paused.
    pub fn resume(&self, node: i32) -> Result<(), NodeError> {
        let node = self.cluster.node(node)?;
        node.change(&[Mode::Paused], Mode::Running, "be resumed")?;
        self.cluster.join(&[node.id()]);
        Ok(())
    }

    /// Starts a node that is down, on its old port; one that is up is stopped first. It leads what nobody else leads.
    ///
    /// # Errors
    /// There is no such node, or somebody took its port.
    pub async fn restart(&self, node: i32) -> Result<(), NodeError> {
        match self.stop(node).await {
            Ok(()) | Err(NodeError::State { .. }) => {}
            Err(error) => return Err(error),
        }
        let node = self.cluster.node(node)?;
        node.ended().await;
        let started = node.start(&self.cluster).await;
        started.map_err(|source| NodeError::Start {
            node: node.id(),
            source: Box::new(crate::StartError::Io {
                doing: "listen on",
                path: node.address().to_string().into(),
                source,
            }),
        })?;
        self.cluster.join(&[node.id()]);
        Ok(())
    }

    /// What happened on a node, a line each: connections, and why they ended. Empty if there is no such node; the oldest of very many lines go.
    pub fn logs(&self, node: i32) -> String {
        self.cluster.node(node).map(Node::log).unwrap_or_default()
    }

    /// From now on `hook` sees every request of every node before anything else does, and says what becomes of it. One hook at a time: it
    /// takes the place of another.
    ///
    /// Requests wait for each other in it, so it should be quick; it may use the broker, even take itself out. Requests whose header
    /// cannot be read are not shown.
    pub fn control(&self, hook: impl FnMut(&Seen<'_>) -> Control + Send + 'static) {
        self.cluster.controls().set(hook);
    }

    /// Requests are not shown to any hook any more.
    pub fn clear_control(&self) {
        self.cluster.controls().clear();
    }

    /// Ends all nodes at once, whoever holds a handle.
    pub fn shutdown(&self) {
        self.cluster.shut_down();
    }
}
