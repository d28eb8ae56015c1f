//! What a plugin is given, what it gives back, and which plugin answers.
//!
//! A plugin family is a folder. It has a type that lives as long as the process ([`produce::Produce`]): it owns
//! what outlives a request (producers, consumers), and has three methods that [`Plugins`] calls:
//!
//! ```text
//! answer(plugin id, config, &mut Call) -> Result<Reply, Problem>    one request
//! retain(&Snapshot)                                                 after a reload: let go of what is not configured any more
//! drain(deadline) -> Loss                                           finish what was accepted, then let go of everything
//! ```
//!
//! [`Shared`] is what all families are made of: settings, metrics and the sign that the drain has begun.
//! A plugin never writes to a socket and never logs an access line: it returns a [`Reply`] or a [`Problem`].

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::plugin::{Plugin, PluginConfig};
use crate::config::route::Scheme;
use crate::config::snapshot::{RouteEntry, Snapshot};
use crate::http::{Peer, Problem, Reply, RequestId, Upload};
use crate::observe::Metrics;
use crate::settings::Settings;

pub mod consume;
pub mod failure;
pub mod produce;

/// One request on its way to a plugin.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path and query as the client wrote them.
    pub uri: Uri,
    /// The request's headers, without those that only the gateway may set (G-13).
    pub headers: HeaderMap,
    /// The body, unread. What a plugin leaves is drained by the server (G-12).
    pub body: Upload,
    /// The connection itself, if the client asked for an upgrade: answer 101 with the handshake's headers, then
    /// await this in a task of [`Shared::tasks`]. Left alone, the request is an ordinary one.
    pub upgrade: Option<OnUpgrade>,
    /// The request's name in answer and log.
    pub id: RequestId,
    /// When the request head was complete, on the monotonic clock.
    pub started: Instant,
    /// How the request came in.
    pub scheme: Scheme,
    /// The client (G-14).
    pub client: IpAddr,
    /// The connection, to learn when bytes were written.
    pub peer: Arc<Peer>,
    /// The route that took the request.
    pub route: Arc<RouteEntry>,
}

/// What every plugin family is made of. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Process settings.
    pub settings: Arc<Settings>,
    /// The meters.
    pub metrics: Arc<Metrics>,
    /// Cancelled when the drain begins: streams end themselves then (G-62).
    pub drain: CancellationToken,
    /// Tasks that the drain waits for, such as WebSocket sessions.
    pub tasks: tokio_util::task::TaskTracker,
}

/// Records that were accepted and did not reach a broker (G-63, G-64).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loss {
    /// How many records.
    pub records: u64,
}

impl std::ops::Add for Loss {
    type Output = Loss;

    fn add(self, other: Loss) -> Loss {
        Loss {
            records: self.records + other.records,
        }
    }
}

/// All plugin families.
#[derive(Debug)]
pub struct Plugins {
    consume: consume::Consume,
    produce: produce::Produce,
}

impl Plugins {
    /// The families, idle: nothing connects to Kafka before the first request.
    pub fn new(shared: &Shared) -> Plugins {
        Plugins {
            consume: consume::Consume::new(shared.clone()),
            produce: produce::Produce::new(shared.clone()),
        }
    }

    /// The answer of one plugin. Dropping the future is the client going away.
    pub async fn answer(&self, plugin: &Arc<Plugin>, call: &mut Call) -> Result<Reply, Problem> {
        match &plugin.config {
            PluginConfig::KafkaUpstream(config) => self.produce.answer(plugin, config, call).await,
            PluginConfig::KafkaConsume(config) => self.consume.answer(plugin, config, call).await,
        }
    }

    /// Lets go of what `snapshot` does not mention (G-65).
    pub fn retain(&self, snapshot: &Snapshot) {
        self.consume.retain(snapshot);
        self.produce.retain(snapshot);
    }

    /// Finishes what was accepted until `deadline`, and says what could not be.
    pub async fn drain(&self, deadline: Instant) -> Loss {
        let (loss, ()) = tokio::join!(self.produce.drain(deadline), self.consume.drain(deadline));
        loss
    }
}
