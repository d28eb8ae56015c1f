//! Connections by broker and purpose, made when they are first needed.
//!
//! Produce and coordinator traffic each have their own, and whoever long-polls opens one for itself: neither a large batch nor a fetch
//! that waits may hold up a heartbeat. At most
//! one attempt to connect is under way for each, and after a failure the next one waits (`reconnect.backoff.ms`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::net::connection::{Connection, Surroundings};
use crate::retry::Backoff;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// Metadata and other short questions.
    General,
    /// Produce requests.
    Produce,
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
    around: Surroundings,
}

/// The place of one connection.
#[derive(Debug)]
struct Slot {
    current: ArcSwapOption<Connection>,
    /// Held while connecting, so that others wait instead of connecting too.
    attempts: tokio::sync::Mutex<Attempts>,
}

#[derive(Debug)]
struct Attempts {
    backoff: Backoff,
    not_before: Instant,
}

impl Pool {
    /// An empty one.
    pub(crate) fn new(around: Surroundings) -> Self {
        Self {
            slots: Mutex::default(),
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
        let mut attempts = slot.attempts.lock().await;
        if let Some(connection) = slot.live(address) {
            return Ok(connection);
        }
        if self.around.stop.is_cancelled() {
            return Err(Error::Closed);
        }
        sleep_until(attempts.not_before).await;
        match Connection::open(address.clone(), node_id(peer), &self.around).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                slot.current.store(Some(connection.clone()));
                attempts.backoff.reset();
                Ok(connection)
            }
            Err(error) => {
                attempts.not_before = Instant::now() + attempts.backoff.failed();
                tracing::debug!(broker = %address, error = %crate::error::chain(&error), "cannot connect");
                Err(error)
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
        if stop.is_cancelled() {
            return Err(Error::Closed);
        }
        let around = Surroundings {
            stop,
            ..self.around.clone()
        };
        Connection::open(address, node_id, &around)
            .await
            .map(Arc::new)
    }

    /// A connection for short questions that stands already, to any broker.
    pub(crate) fn any_live(&self) -> Option<Arc<Connection>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let general = slots
            .iter()
            .filter(|((_, purpose), _)| *purpose == Purpose::General);
        general
            .filter_map(|(_, slot)| slot.current.load_full())
            .find(|connection| !connection.is_closed())
    }

    /// Lets go of the connections to bootstrap servers: the brokers' own are used from now on.
    pub(crate) fn forget_bootstrap(&self) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(peer, _), _| matches!(peer, Peer::Node(_)));
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
        let config = &self.around.config;
        let backoff = Backoff::new(config.reconnect_backoff, config.reconnect_backoff_max);
        Slot {
            current: ArcSwapOption::empty(),
            attempts: tokio::sync::Mutex::new(Attempts {
                backoff,
                not_before: Instant::now(),
            }),
        }
    }
}

impl Slot {
    /// The connection, if it stands and leads where the broker is now.
    fn live(&self, address: &Arc<str>) -> Option<Arc<Connection>> {
        self.current
            .load_full()
            .filter(|connection| !connection.is_closed() && connection.broker() == address)
    }
}

fn node_id(peer: Peer) -> i32 {
    match peer {
        Peer::Node(id) => id,
        Peer::Bootstrap(_) => -1,
    }
}
