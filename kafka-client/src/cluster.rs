//! A cluster as a client sees it: what is known of it, and the connections to it.
//!
//! [`metadata`] is the pure picture, [`pool`] holds the connections, [`refresher`] the task that keeps the picture fresh, and
//! [`coordinator`] finds who looks after a group.

pub(crate) mod coordinator;
pub(crate) mod metadata;
pub(crate) mod pool;
mod refresher;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use kafka_wire::ErrorCode;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::coordinator::Coordinators;
use crate::cluster::metadata::{Metadata, Partition, Topic};
use crate::cluster::pool::{Peer, Pool, Purpose};
use crate::config::{ClientConfig, ConfigError};
use crate::error::Error;
use crate::net::connection::{Connection, Surroundings};

/// Everything that producers and consumers of one client share. Its tasks end when it is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    config: Arc<ClientConfig>,
    pool: Pool,
    metadata: ArcSwap<Metadata>,
    /// Told the number of each new picture.
    generations: watch::Sender<u64>,
    /// Topics that somebody uses: each refresh asks for them.
    wanted: Mutex<BTreeSet<Arc<str>>>,
    /// Why the last refresh failed; `None` after one that did not.
    trouble: Mutex<Option<Error>>,
    refresh: Arc<Notify>,
    refresher: OnceLock<()>,
    coordinators: Coordinators,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Cluster {
    /// A cluster that nothing is known of yet. Nothing is sent before the first question.
    pub(crate) fn new(config: ClientConfig) -> Result<Arc<Self>, ConfigError> {
        config.check()?;
        let config = Arc::new(config);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let around = Surroundings {
            config: config.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        Ok(Arc::new(Self {
            config,
            pool: Pool::new(around),
            metadata: ArcSwap::default(),
            generations: watch::Sender::new(0),
            wanted: Mutex::default(),
            trouble: Mutex::default(),
            refresh: Arc::default(),
            refresher: OnceLock::new(),
            coordinators: Coordinators::default(),
            tasks,
            stop,
        }))
    }

    /// What the client was told.
    pub(crate) fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// The latest picture of the cluster; empty before the first answer.
    pub(crate) fn metadata(&self) -> Arc<Metadata> {
        self.metadata.load_full()
    }

    /// Tells the number of each new picture.
    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.generations.subscribe()
    }

    /// The connection to a broker for a purpose.
    pub(crate) async fn broker(
        &self,
        node_id: i32,
        purpose: Purpose,
    ) -> Result<Arc<Connection>, Error> {
        let Some(address) = self.metadata.load().brokers.get(&node_id).cloned() else {
            return Err(Error::NoBroker { source: None });
        };
        self.pool.get(Peer::Node(node_id), purpose, &address).await
    }

    /// A connection to a broker for one user alone, who waits between failures and ends it with `stop`.
    ///
    /// For requests that a broker holds back (a long poll, a join): it answers nothing else on that connection meanwhile, so they
    /// would hold up everybody else's.
    pub(crate) async fn private(
        &self,
        node_id: i32,
        stop: &CancellationToken,
    ) -> Result<Arc<Connection>, Error> {
        let Some(address) = self.metadata.load().brokers.get(&node_id).cloned() else {
            return Err(Error::NoBroker { source: None });
        };
        self.pool.private(node_id, address, stop.clone()).await
    }

    /// A token that is cancelled with the client at the latest, for the connections of [`Cluster::private`].
    pub(crate) fn child_stop(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// A connection to any broker: one that stands, else a known one, else a bootstrap server.
    pub(crate) async fn any(&self) -> Result<Arc<Connection>, Error> {
        if let Some(connection) = self.pool.any_live() {
            return Ok(connection);
        }
        let mut last = None;
        for (peer, address) in self.candidates() {
            match self.pool.get(peer, Purpose::General, &address).await {
                Ok(connection) => return Ok(connection),
                Err(Error::Closed) => return Err(Error::Closed),
                Err(error) => last = Some(Arc::new(error)),
            }
        }
        Err(Error::NoBroker { source: last })
    }

    /// Known brokers, then bootstrap servers (KIP-899), each in random order.
    fn candidates(&self) -> Vec<(Peer, Arc<str>)> {
        let metadata = self.metadata.load();
        let mut known: Vec<_> = metadata
            .brokers
            .iter()
            .map(|(id, at)| (Peer::Node(*id), at.clone()))
            .collect();
        let named = self.config.bootstrap.iter().enumerate();
        let mut bootstrap: Vec<_> = named
            .map(|(place, at)| (Peer::Bootstrap(place), Arc::from(at.as_str())))
            .collect();
        fastrand::shuffle(&mut known);
        fastrand::shuffle(&mut bootstrap);
        known.append(&mut bootstrap);
        known
    }

    /// Asks for a fresh picture soon and returns at once; many calls make one request.
    pub(crate) fn refresh(self: &Arc<Self>) {
        self.start();
        self.refresh.notify_one();
    }

    /// A topic that can be used, waited for at most `wait`: every partition has had a leader, and no error stands.
    ///
    /// A topic that does not exist is created by asking, if client and broker allow that.
    pub(crate) async fn topic(
        self: &Arc<Self>,
        name: &str,
        wait: Duration,
    ) -> Result<Arc<Topic>, Error> {
        let deadline = Instant::now() + wait;
        let mut generations = self.changed();
        loop {
            generations.borrow_and_update();
            match self.metadata.load().topic(name) {
                Some(topic) if topic.is_usable() => return Ok(topic.clone()),
                Some(topic) if !topic.error.is_ok() && !topic.error.is_retriable() => {
                    return Err(refused(topic));
                }
                _ => {}
            }
            self.want(name);
            self.refresh();
            if timeout_at(deadline, generations.changed()).await.is_err() {
                return Err(self.unknown(name, wait));
            }
        }
    }

    /// Waits until anything is known of the cluster, at most `wait`.
    pub(crate) async fn known(self: &Arc<Self>, wait: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + wait;
        let mut generations = self.changed();
        while self.metadata.load().brokers.is_empty() {
            self.refresh();
            if timeout_at(deadline, generations.changed()).await.is_err() {
                return Err(self.trouble().unwrap_or(Error::NoBroker { source: None }));
            }
        }
        Ok(())
    }

    /// Has every refresh from now on ask for a topic.
    pub(crate) fn want(&self, topic: &str) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if !wanted.contains(topic) {
            wanted.insert(topic.into());
        }
    }

    /// A broker that refused told who leads instead (KIP-951); used at once if it is news.
    pub(crate) fn hint_leader(
        &self,
        topic: &str,
        partition: i32,
        leader: Partition,
        endpoint: Option<&(i32, Arc<str>)>,
    ) {
        self.publish(|metadata| metadata.with_leader(topic, partition, leader, endpoint.cloned()));
    }

    /// The address of a broker that is not in the picture yet.
    pub(crate) fn learn_broker(&self, node_id: i32, address: &Arc<str>) {
        self.publish(|metadata| {
            if metadata.brokers.get(&node_id) == Some(address) {
                return None;
            }
            let mut next = metadata.clone();
            next.generation += 1;
            next.brokers.insert(node_id, address.clone());
            Some(next)
        });
    }

    /// Replaces the picture by what `next` makes of it, if anything.
    fn publish(&self, next: impl Fn(&Metadata) -> Option<Metadata>) {
        let mut news = None;
        self.metadata.rcu(|metadata| {
            let next = next(metadata).map(Arc::new);
            news = next.as_ref().map(|next| next.generation);
            next.unwrap_or_else(|| Arc::clone(metadata))
        });
        if let Some(generation) = news {
            self.generations.send_replace(generation);
        }
    }

    /// Ends every task and every connection, and waits for that.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.pool.clear();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Tasks alive: one for each socket, one that keeps the picture fresh.
    pub(crate) fn task_count(&self) -> usize {
        self.tasks.len()
    }

    /// Whether the client was shut down.
    pub(crate) fn is_closed(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn trouble(&self) -> Option<Error> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Why `topic` is not there: no broker answers, or the brokers do not know it.
    fn unknown(&self, topic: &str, waited: Duration) -> Error {
        if let Some(error) = self.trouble() {
            return error;
        }
        let metadata = self.metadata.load();
        let code = metadata
            .topic(topic)
            .map_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, |known| known.error);
        let code = if code.is_ok() {
            ErrorCode::LEADER_NOT_AVAILABLE
        } else {
            code
        };
        Error::UnknownTopic {
            topic: topic.into(),
            code,
            waited,
        }
    }

    fn start(self: &Arc<Self>) {
        self.refresher.get_or_init(|| refresher::start(self));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Topic {
    /// Whether records can be sent to and read from all of it.
    fn is_usable(&self) -> bool {
        self.error.is_ok() && !self.partitions.is_empty()
    }
}

fn refused(topic: &Topic) -> Error {
    Error::Refused {
        api: "Metadata",
        subject: topic.name.to_string(),
        code: topic.error,
        message: None,
    }
}
