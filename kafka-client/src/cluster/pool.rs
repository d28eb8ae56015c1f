//! Connections by broker and purpose, made when they are first needed.
//!
//! Produce and coordinator traffic each have their own, and whoever long-polls opens one for itself: neither a large batch nor a fetch
//! that waits may hold up a heartbeat. At most
//! one attempt to connect is under way for each, and after a failure the next one waits (`reconnect.backoff.ms`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::cluster::attempts::Attempts;
use crate::error::Error;
use crate::net::connection::{Connection, Surroundings};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// Metadata and other short questions.
    General,
    /// Produce requests. A broker works on one request of a connection at a time, so a producer may have several, by number.
    Produce(u8),
    /// Groups and their offsets.
    Coordinator,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    /// A broker by its number.
    Node(i32),
    /// A bootstrap server by its place in the configuration; its number is not known.
    Bootstrap(usize),
}

/// All connections of a client.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Mutex<HashMap<(Peer, Purpose), Arc<Slot>>>,
    /// Attempts to open connections that only one user has.
    private: Mutex<HashMap<i32, Attempts>>,
    around: Surroundings,
}

/// The place of one connection.
#[derive(Debug)]
struct Slot {
    current: ArcSwapOption<Connection>,
    /// Held while connecting, so that others wait instead of connecting too.
    connecting: tokio::sync::Mutex<()>,
    attempts: Mutex<Attempts>,
}

impl Pool {
    /// An empty one.
    pub(crate) fn new(around: Surroundings) -> Self {
        Self {
            slots: Mutex::default(),
            private: Mutex::default(),
            around,
        }
    }

    /// The connection to `peer` at `address` for `purpose`; connects if there is none. Dropping the future gives the attempt up.
    pub(crate) async fn get(
        &self,
        peer: Peer,
        purpose: Purpose,
        address: &Arc<str>,
    ) -> Result<Arc<Connection>, Error> {
        let slot = self.slot(peer, purpose);
        if let Some(connection) = slot.live(address) {
            return Ok(connection);
        }
        let _connecting = slot.connecting.lock().await;
        if let Some(connection) = slot.live(address) {
            return Ok(connection);
        }
        if self.around.stop.is_cancelled() {
            return Err(Error::Closed);
        }
        let before = slot.current.swap(None);
        if before.is_some_and(|connection| connection.was_of_use()) {
            slot.attempts().proved();
        }
        let not_before = slot.attempts().not_before();
        sleep_until(not_before).await;
        let mut attempt = slot.attempts().begin(Instant::now());
        let opened = Connection::open(address.clone(), node_id(peer), &self.around, &mut attempt);
        let opened = opened.await;
        slot.attempts().ended(attempt);
        match opened {
            Ok(connection) => {
                let connection = Arc::new(connection);
                slot.current.store(Some(connection.clone()));
                slot.attempts().connected(Instant::now());
                Ok(connection)
            }
            Err(error) => {
                if error.is_about_login() {
                    slot.attempts().refused(Instant::now());
                }
                Err(told(address, error))
            }
        }
    }

    /// A connection to a broker that nobody else uses, closed at the latest by `stop`.
    pub(crate) async fn private(
        &self,
        node_id: i32,
        address: Arc<str>,
        stop: CancellationToken,
    ) -> Result<Arc<Connection>, Error> {
        let not_before = self.private_attempts(node_id, |attempts| attempts.not_before());
        let waited = stop.run_until_cancelled(sleep_until(not_before)).await;
        if waited.is_none() || stop.is_cancelled() {
            return Err(Error::Closed);
        }
        let around = Surroundings {
            stop,
            ..self.around.clone()
        };
        let start = Instant::now();
        let mut attempt = self.private_attempts(node_id, |attempts| attempts.attempt(start));
        let opened = Connection::open(address.clone(), node_id, &around, &mut attempt).await;
        self.private_attempts(node_id, |attempts| {
            attempts.ended(attempt);
            match &opened {
                Ok(_) => attempts.connected(Instant::now()),
                Err(error) => {
                    attempts.failed(start);
                    if error.is_about_login() {
                        attempts.refused(Instant::now());
                    }
                }
            }
        });
        opened.map(Arc::new).map_err(|error| told(&address, error))
    }

    fn private_attempts<T>(&self, node_id: i32, act: impl FnOnce(&mut Attempts) -> T) -> T {
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Attempts::new(&self.around.config, Instant::now());
        act(private.entry(node_id).or_insert_with(new))
    }

    /// A connection for short questions that stands already, to any broker; one that may be asked at once if there is such a one.
    pub(crate) fn any_live(&self) -> Option<Arc<Connection>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let general = slots
            .iter()
            .filter(|((_, purpose), _)| *purpose == Purpose::General);
        general
            .filter_map(|(_, slot)| slot.current.load_full())
            .filter(|connection| connection.stands())
            .min_by_key(|connection| connection.muted_until())
    }

    /// When `peer` may next be connected to for short questions.
    pub(crate) fn not_before(&self, peer: Peer) -> Instant {
        self.slot(peer, Purpose::General).attempts().not_before()
    }

    /// Lets go of the connections to bootstrap servers: the brokers' own are used from now on. How often they were tried is remembered.
    pub(crate) fn forget_bootstrap(&self) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for ((peer, _), slot) in &*slots {
            if matches!(peer, Peer::Bootstrap(_)) {
                slot.current.store(None);
            }
        }
    }

    /// Lets go of the connections to brokers: the bootstrap servers are asked who they are now.
    pub(crate) fn forget_nodes(&self) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(peer, _), _| matches!(peer, Peer::Bootstrap(_)));
    }

    /// Lets go of all of them.
    pub(crate) fn clear(&self) {
        self.slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn slot(&self, peer: Peer, purpose: Purpose) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots
            .entry((peer, purpose))
            .or_insert_with(|| Arc::new(self.empty_slot()))
            .clone()
    }

    fn empty_slot(&self) -> Slot {
        Slot {
            current: ArcSwapOption::empty(),
            connecting: tokio::sync::Mutex::default(),
            attempts: Mutex::new(Attempts::new(&self.around.config, Instant::now())),
        }
    }
}

impl Slot {
    /// The connection, if it stands and leads where the broker is now.
    fn live(&self, address: &Arc<str>) -> Option<Arc<Connection>> {
        self.current
            .load_full()
            .filter(|connection| connection.broker() == address && connection.stands())
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told(broker: &str, error: Error) -> Error {
    tracing::debug!(broker, error = %crate::error::chain(&error), "cannot connect");
    error
}

fn node_id(peer: Peer) -> i32 {
    match peer {
        Peer::Node(id) => id,
        Peer::Bootstrap(_) => -1,
    }
}
