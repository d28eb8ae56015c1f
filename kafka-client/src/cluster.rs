//! A cluster as a client sees it: what is known of it, and the connections to it.
//!
//! [`metadata`] is the pure picture, [`pool`] holds the connections and [`attempts`] says when to make them, [`refresher`] is the task that
//! keeps the picture fresh, [`wanted`] says for which topics and [`recovery`] when to start over; [`topics`] waits for a topic, and
//! [`coordinator`] finds who looks after a group.

mod attempts;
pub(crate) mod coordinator;
pub(crate) mod metadata;
pub(crate) mod pool;
mod recovery;
mod refresher;
mod topics;
pub(crate) mod wanted;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::coordinator::Coordinators;
use crate::cluster::metadata::{Metadata, Partition};
use crate::cluster::pool::{Peer, Pool, Purpose};
use crate::cluster::wanted::Wanted;
use crate::config::{ClientConfig, ConfigError, MetadataRecovery, Security};
use crate::error::Error;
use crate::net::connection::{Connection, Surroundings};
use crate::net::resolve::{Resolve, SystemResolver};
use crate::security::login::Authenticator;

/// Everything that producers and consumers of one client share. Its tasks end when it is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    config: Arc<ClientConfig>,
    pool: Pool,
    metadata: ArcSwap<Metadata>,
    /// Told the number of each new picture.
    generations: watch::Sender<u64>,
    /// Topics that somebody uses: each refresh asks for them.
    wanted: Arc<Mutex<Wanted>>,
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
        Self::resolving(config, Arc::new(SystemResolver))
    }

    /// The same with names looked up by `resolver`.
    pub(crate) fn resolving(
        config: ClientConfig,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Arc<Self>, ConfigError> {
        config.check()?;
        let authenticator = authenticator(&config);
        let config = Arc::new(config);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let around = Surroundings {
            config: config.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
            resolver,
            authenticator,
        };
        Ok(Arc::new(Self {
            config,
            pool: Pool::new(around),
            metadata: ArcSwap::default(),
            generations: watch::Sender::new(0),
            wanted: Arc::default(),
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
        let mut muted = match self.pool.any_live() {
            Some(connection) if connection.muted_until().is_some() => Some(connection),
            Some(connection) => return Ok(connection),
            None => None,
        };
        let mut last = None;
        for (peer, address) in self.candidates() {
            if muted.is_some() && matches!(peer, Peer::Bootstrap(_)) {
                // It may be the very broker that wants to be left alone.
                continue;
            }
            match self.pool.get(peer, Purpose::General, &address).await {
                Ok(connection) if connection.muted_until().is_none() => return Ok(connection),
                Ok(connection) => muted = Some(connection),
                Err(Error::Closed) => return Err(Error::Closed),
                Err(error) => last = Some(error),
            }
        }
        // Who is not let in is told so; all else may pass.
        muted.ok_or_else(|| match last {
            Some(error) if error.is_about_login() => error,
            last => Error::NoBroker {
                source: last.map(Arc::new),
            },
        })
    }

    /// Known brokers, then bootstrap servers if there are none or they may be gone (KIP-899), each in random order; before all of them those
    /// whose last attempt to connect is long enough ago.
    fn candidates(&self) -> Vec<(Peer, Arc<str>)> {
        let metadata = self.metadata.load();
        let known = metadata.brokers.iter();
        let mut candidates: Vec<_> = known
            .map(|(id, at)| (Peer::Node(*id), at.clone()))
            .collect();
        if candidates.is_empty() || self.config.metadata_recovery != MetadataRecovery::None {
            let named = self.config.bootstrap.iter().enumerate();
            candidates
                .extend(named.map(|(place, at)| (Peer::Bootstrap(place), at.as_str().into())));
        }
        fastrand::shuffle(&mut candidates);
        candidates.sort_by_cached_key(|(peer, _)| {
            let not_before = self.pool.not_before(*peer);
            let wait = not_before.saturating_duration_since(Instant::now());
            (wait, matches!(peer, Peer::Bootstrap(_)))
        });
        candidates
    }

    /// Forgets the brokers and goes by the bootstrap servers again (KIP-899, KIP-1102). Requests under way end as they may; topics stay,
    /// those of another cluster have other ids.
    fn rebootstrap(&self, reason: &'static str) {
        let brokers = self.metadata().brokers.len();
        tracing::info!(reason, brokers, servers = ?self.config.bootstrap, "rebootstrap");
        self.publish(|metadata| Some(metadata.without_brokers()));
        self.coordinators.clear();
        self.pool.forget_nodes();
    }

    /// Asks for a fresh picture soon and returns at once; many calls make one request.
    pub(crate) fn refresh(self: &Arc<Self>) {
        self.start();
        self.refresh.notify_one();
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
            self.check_login()?;
        }
        Ok(())
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

    /// An error if the brokers do not let us in: waiting would not help.
    fn check_login(&self) -> Result<(), Error> {
        let refusal = self.trouble().filter(Error::is_about_login);
        refusal.map_or(Ok(()), Err)
    }

    fn trouble(&self) -> Option<Error> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn start(self: &Arc<Self>) {
        self.refresher.get_or_init(|| refresher::start(self));
    }
}

/// What logs connections in, if the configuration says so.
fn authenticator(config: &ClientConfig) -> Option<Arc<Authenticator>> {
    match &config.security {
        Security::Plaintext => None,
        Security::InsecureSasl(sasl) => {
            let authenticator = Authenticator::new(sasl.clone(), config.request_timeout);
            Some(Arc::new(authenticator))
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[cfg(test)]
mod tests;
