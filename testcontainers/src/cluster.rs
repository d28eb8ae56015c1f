//! A Kafka cluster to test against, whatever kind of broker it is made of.
//!
//! What every backend does alike is here, asked over the wire: waiting until a cluster is ready, topics, leaders. What
//! differs is in `cluster/nodes.rs`.

mod in_process;
mod nodes;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::create_topics::CreatableTopicResult;
use kafka_wire::messages::metadata::MetadataResponseTopic;
use tokio::process::Command;
use tokio::time::Instant;

use self::nodes::Nodes;
use crate::embedded::Broker;
use crate::proxy::Proxy;
use crate::sasl::SaslListener;
use crate::{Backend, NodeError, StartError, jars, probe};

/// What cluster to start. Default: one node of the backend that [`Backend::choose`] names.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// How many nodes; their ids are 1 and up. Default: 1. 0 is an error.
    pub nodes: usize,
    /// What they are made of. Default: `None`, for [`Backend::choose`].
    pub backend: Option<Backend>,
    /// Properties of every broker, as in `server.properties`; they win over the ones set here. Default: none.
    ///
    /// The embedded broker understands a few and ignores the rest.
    pub properties: BTreeMap<String, String>,
    /// Whether a [`Proxy`] stands before every node, on each of its listeners for clients, and is what the node tells its clients to connect to.
    /// Brokers talk to each other past it. Default: `false`.
    pub proxied: bool,
    /// A second listener of every node, on which clients have to log in. Default: `None`. The embedded broker has none.
    pub sasl: Option<SaslListener>,
}

/// A running cluster. Dropping it ends it, and its data goes with it; this blocks for the moment it takes.
#[derive(Debug)]
pub struct Cluster {
    nodes: Nodes,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self {
            nodes: 1,
            backend: None,
            properties: BTreeMap::new(),
            proxied: false,
            sasl: None,
        }
    }
}

impl ClusterSpec {
    /// A cluster of so many nodes.
    pub fn nodes(nodes: usize) -> Self {
        Self {
            nodes,
            ..Self::default()
        }
    }

    /// The same on this backend.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// The same with a property of every broker: `property("num.partitions", "6")`.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(key.into(), value.into());
        self
    }

    /// The same with a listener on which clients have to log in: [`Cluster::sasl_bootstrap`].
    #[must_use]
    pub fn sasl(mut self, listener: SaslListener) -> Self {
        self.sasl = Some(listener);
        self
    }

    /// The same with a [`Proxy`] before every node.
    #[must_use]
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }
}

impl Cluster {
    /// Starts a cluster; it is ready: every node answers and knows all the others.
    ///
    /// A real one takes from two seconds to, on a busy machine, a minute; more the first time. Dropping the future
    /// ends what has started.
    pub async fn start(spec: ClusterSpec) -> Result<Self, StartError> {
        if spec.nodes == 0 {
            return Err(StartError::NoNodes);
        }
        let backend = spec.backend.map_or_else(Backend::choose, Ok)?;
        // Again with other ports if somebody took one of ours.
        let mut attempts = 1..=3;
        loop {
            attempts.next();
            let cluster = Self {
                nodes: Nodes::start(&spec, backend).await?,
            };
            match cluster.wait_until_ready().await {
                Ok(()) => return Ok(cluster),
                Err(StartError::Ended { node, .. })
                    if cluster.logs(node).contains(PORT_TAKEN) && !attempts.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The addresses of all nodes for a client: `127.0.0.1:40001,127.0.0.1:40002`.
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self
            .node_ids()
            .into_iter()
            .map(|node| self.bootstrap_of(node))
            .collect();
        addresses.join(",")
    }

    /// The address of one node for a client, its proxy's if it has one; empty if there is no such node.
    pub fn bootstrap_of(&self, node: i32) -> String {
        self.nodes
            .advertised(node)
            .map(|address| address.to_string())
            .unwrap_or_default()
    }

    /// The addresses of all nodes for a client that logs in; empty without [`ClusterSpec::sasl`].
    pub fn sasl_bootstrap(&self) -> String {
        let nodes = self.node_ids().into_iter();
        let addresses = nodes.filter_map(|node| Some(self.nodes.sasl(node)?.to_string()));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// What it is made of.
    pub fn backend(&self) -> Backend {
        self.nodes.backend()
    }

    /// The ids of all nodes, up or down: 1, 2, ….
    pub fn node_ids(&self) -> Vec<i32> {
        self.nodes.ids()
    }

    /// The proxy before a node; `None` if the cluster has none ([`ClusterSpec::proxied`]) or no such node.
    pub fn proxy(&self, node: i32) -> Option<&Proxy> {
        self.nodes.proxy(node)
    }

    /// The proxy before a node's listener for clients that log in; `None` if there is no such listener or proxy.
    pub fn sasl_proxy(&self, node: i32) -> Option<&Proxy> {
        self.nodes.sasl_proxy(node)
    }

    /// The embedded cluster itself, with its control hook and what else tests do to it; `None` for real brokers.
    pub fn embedded(&self) -> Option<&Broker> {
        self.nodes.embedded()
    }

    /// What a node has logged, across restarts; empty if there is no such node.
    pub fn logs(&self, node: i32) -> String {
        self.nodes.log(node).unwrap_or_default()
    }

    /// Ends a node without warning (SIGKILL), even a paused one. Returns when it is dead; its data stays.
    pub async fn kill(&mut self, node: i32) -> Result<(), NodeError> {
        self.nodes.kill(node).await
    }

    /// Ends a node in order (SIGTERM): it hands over what it leads. Returns when it has ended; its data stays.
    pub async fn stop(&mut self, node: i32) -> Result<(), NodeError> {
        self.nodes.stop(node).await
    }

    /// Freezes a node (SIGSTOP): its connections stay, and the kernel still accepts new ones.
    pub async fn pause(&mut self, node: i32) -> Result<(), NodeError> {
        self.nodes.pause(node).await
    }

    /// Lets a paused node go on (SIGCONT). Returns when it answers; whether it is in sync again tells
    /// [`Cluster::in_sync`].
    pub async fn resume(&mut self, node: i32) -> Result<(), NodeError> {
        self.nodes.resume(node)?;
        self.ready().await
    }

    /// Starts a node that is down, on its old address and data; one that is up is stopped first.
    ///
    /// Returns when the cluster is ready. The node may still be catching up: see [`Cluster::in_sync`].
    pub async fn restart(&mut self, node: i32) -> Result<(), NodeError> {
        match self.stop(node).await {
            Ok(()) | Err(NodeError::State { .. }) => {}
            Err(error) => return Err(error),
        }
        self.nodes.start_node(node).await?;
        self.wait_until_ready()
            .await
            .map_err(|source| NodeError::Start {
                node,
                source: Box::new(source),
            })
    }

    /// Waits until every running node answers and knows every running node.
    pub async fn ready(&self) -> Result<(), NodeError> {
        eventually("a cluster that is ready", || async {
            Ok(self.missing().await.is_none().then_some(()))
        })
        .await
    }

    /// Creates a topic; every running node knows it and its leaders when this returns.
    ///
    /// -1 partitions or replicas are as many as the brokers are configured for.
    pub async fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        replication: i16,
    ) -> Result<(), NodeError> {
        let is_unsure = AtomicBool::new(false);
        eventually("the creation of a topic", || async {
            let Some(result) = self.ask_to_create(name, partitions, replication).await else {
                // It may have been done all the same.
                is_unsure.store(true, Ordering::Relaxed);
                return Ok(None);
            };
            match result.error_code {
                ErrorCode::NONE => Ok(Some(())),
                ErrorCode::TOPIC_ALREADY_EXISTS if is_unsure.load(Ordering::Relaxed) => {
                    Ok(Some(()))
                }
                code if code.is_retriable() => Ok(None),
                code => Err(NodeError::Refused {
                    api: "CreateTopics",
                    subject: name.to_owned(),
                    code: result
                        .error_message
                        .map_or(code.to_string(), |message| format!("{code}: {message}")),
                }),
            }
        })
        .await?;
        self.agreed("a leader for every partition", name, |topic| {
            let found = &topic.partitions;
            let is_whole =
                partitions < 0 || usize::try_from(partitions).is_ok_and(|all| all == found.len());
            let is_led = found.iter().all(|it| self.leads(it.leader_id));
            (is_whole && is_led && !found.is_empty()).then_some(())
        })
        .await
    }

    /// The node that leads a partition: running, and the same in the eyes of all running nodes. Waits for one.
    pub async fn leader(&self, topic: &str, partition: i32) -> Result<i32, NodeError> {
        self.agreed("a leader", topic, |topic| {
            let mut partitions = topic.partitions.iter();
            let leader = partitions
                .find(|it| it.partition_index == partition)?
                .leader_id;
            self.leads(leader).then_some(leader)
        })
        .await
    }

    /// Waits until all replicas of all partitions of a topic are in sync: a restarted node has caught up.
    pub async fn in_sync(&self, topic: &str) -> Result<(), NodeError> {
        self.agreed("all replicas in sync", topic, |topic| {
            let complete = topic
                .partitions
                .iter()
                .all(|it| it.isr_nodes.len() == it.replica_nodes.len());
            complete.then_some(())
        })
        .await
    }

    /// One of Kafka's own Java tools, such as `org.apache.kafka.tools.consumer.ConsoleConsumer`, ready for its
    /// arguments; `None` unless the brokers run on the local JVM.
    ///
    /// The tool is killed when the child that the command spawns is dropped.
    pub fn tool(&self, class: &str) -> Option<Command> {
        self.nodes.tool(class)
    }

    fn leads(&self, node: i32) -> bool {
        self.nodes.running().iter().any(|&(id, _)| id == node)
    }

    async fn wait_until_ready(&self) -> Result<(), StartError> {
        let deadline = Instant::now() + LIMIT;
        loop {
            self.nodes.check()?;
            let Some(node) = self.missing().await else {
                return Ok(());
            };
            if Instant::now() >= deadline {
                return Err(StartError::NotReady {
                    after: LIMIT,
                    node,
                    log: jars::last_lines(&self.logs(node), 20),
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The first running node that does not answer, or does not know all the others.
    async fn missing(&self) -> Option<i32> {
        let running = self.nodes.running();
        for &(id, address) in &running {
            let known = probe::brokers(address).await.unwrap_or_default();
            if !running.iter().all(|(other, _)| known.contains(other)) {
                return Some(id);
            }
        }
        None
    }

    /// What some running node says to it; `None` if none answers.
    async fn ask_to_create(
        &self,
        name: &str,
        partitions: i32,
        replication: i16,
    ) -> Option<CreatableTopicResult> {
        let (_, address) = *self.nodes.running().first()?;
        probe::create_topic(address, name, partitions, replication)
            .await
            .ok()
    }

    /// Waits until every running node's view of a topic gives the same `T`.
    async fn agreed<T: PartialEq>(
        &self,
        what: &'static str,
        topic: &str,
        view: impl Fn(&MetadataResponseTopic) -> Option<T>,
    ) -> Result<T, NodeError> {
        eventually(what, || async {
            let mut agreed = None;
            for (_, address) in self.nodes.running() {
                let Ok(Some(topic)) = probe::topic(address, topic).await else {
                    return Ok(None);
                };
                let seen = view(&topic);
                if seen.is_none() || (agreed.is_some() && agreed != seen) {
                    return Ok(None);
                }
                agreed = seen;
            }
            Ok(agreed)
        })
        .await
    }
}

/// Tries until there is a result.
async fn eventually<T, F: Future<Output = Result<Option<T>, NodeError>>>(
    what: &'static str,
    mut attempt: impl FnMut() -> F,
) -> Result<T, NodeError> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(result) = attempt().await? {
            return Ok(result);
        }
        if Instant::now() >= deadline {
            return Err(NodeError::Timeout { what, after: LIMIT });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a broker logs whose port somebody else has.
const PORT_TAKEN: &str = "Address already in use";

/// For three nodes on two busy processors; an idle machine needs a tenth of it.
const LIMIT: Duration = Duration::from_mins(2);

/// Between two questions to a node that is not ready.
const PAUSE: Duration = Duration::from_millis(40);
