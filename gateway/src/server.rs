//! The listeners, the connections on them, and their orderly end.
//!
//! ```text
//! listen.rs       opening sockets on IPv4 and IPv6
//! accept.rs       who gets in (G-45), and what to do when nobody can (G-51)
//! connection.rs   hyper over one socket
//! guard.rs        what hyper sees of that socket: checked, timed, accounted for
//! stream.rs       where requests begin and end (pure); head.rs and chunks.rs are its grammar
//! line.rs         what guard and service tell each other
//! sent.rs         the body of an answer on its way out
//! drain.rs        the end, in order (G-62, G-63)
//! ```
//!
//! Nothing here knows a route, a plugin or Kafka.

mod accept;
mod chunks;
mod connection;
mod drain;
mod guard;
mod head;
mod line;
mod listen;
mod sent;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use accept::{Backoff, Gate};
use connection::Signs;
use guard::Patience;

use crate::app::App;
use crate::config::snapshot::Snapshot;
use crate::http::Peer;
use crate::observe::{Health, Metrics, State};
use crate::settings::{Http, Settings};

pub(crate) use connection::Answer;
pub use drain::Drained;
pub use listen::ListenError;

/// A running gateway. Dropping it without [`Gateway::drain`] cuts everything.
#[derive(Debug)]
pub struct Gateway {
    app: Arc<App>,
    settings: Arc<Settings>,
    state: Arc<State>,
    addresses: Vec<SocketAddr>,
    health_address: Option<SocketAddr>,
    /// Accept loops and connections of the proxy port.
    tasks: TaskTracker,
    stop_accepting: CancellationToken,
    signs: Signs,
    /// Ends the health listener and its connections, last of all.
    end: CancellationToken,
}

impl Gateway {
    /// Opens the listeners and serves requests by `snapshot`. Nothing connects to Kafka before a request needs it.
    pub async fn start(settings: Settings, snapshot: Snapshot) -> Result<Gateway, ListenError> {
        let settings = Arc::new(settings);
        let app = Arc::new(App::new(Arc::clone(&settings), snapshot));
        let state = Arc::new(State::new());
        let end = CancellationToken::new();
        let health = listen::listen(&[settings.health.listen]).await?;
        let proxy = listen::listen(&settings.proxy.listen).await?;
        let mut gateway = Gateway {
            state,
            addresses: addresses(&proxy),
            health_address: addresses(&health).first().copied(),
            tasks: TaskTracker::new(),
            stop_accepting: CancellationToken::new(),
            signs: Signs {
                drain: app.shared().drain.clone(),
                cut: end.child_token(),
            },
            app,
            settings,
            end,
        };
        gateway.serve_health(health);
        gateway.serve_proxy(proxy);
        gateway.state.set_ready();
        Ok(gateway)
    }

    /// Where requests are taken; with port 0 in the settings, the ports that were found.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where health and metrics are told.
    pub fn health_address(&self) -> Option<SocketAddr> {
        self.health_address
    }

    /// The meters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.app.shared().metrics
    }

    /// Serves every request from now on by `snapshot`; requests under way keep the one they began with (G-65).
    pub fn apply(&self, snapshot: Snapshot) {
        self.app.apply(snapshot);
    }

    fn serve_proxy(&mut self, listeners: Vec<TcpListener>) {
        let http = &self.settings.http;
        let gate = Gate::new(
            http.max_connections,
            http.max_connections_per_ip,
            Arc::clone(self.metrics()),
        );
        for listener in listeners {
            let port = Port {
                listener,
                gate: gate.clone(),
                http: http.clone(),
                answer: Arc::clone(&self.app),
                signs: self.signs.clone(),
                stop: self.stop_accepting.clone(),
                tasks: self.tasks.clone(),
            };
            self.tasks.spawn(port.serve());
        }
    }

    fn serve_health(&mut self, listeners: Vec<TcpListener>) {
        // A probe is short; a few at once are plenty, and none may crowd out the others.
        let gate = Gate::new(
            HEALTH_CONNECTIONS,
            HEALTH_CONNECTIONS,
            Arc::new(Metrics::new()),
        );
        let answer = Arc::new(Health::new(
            Arc::clone(&self.state),
            Arc::clone(self.metrics()),
        ));
        for listener in listeners {
            let port = Port {
                listener,
                gate: gate.clone(),
                http: self.settings.http.clone(),
                answer: Arc::clone(&answer),
                signs: Signs {
                    drain: self.end.clone(),
                    cut: self.end.clone(),
                },
                stop: self.end.clone(),
                tasks: TaskTracker::new(),
            };
            tokio::spawn(port.serve());
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop_accepting.cancel();
        self.end.cancel();
    }
}

const HEALTH_CONNECTIONS: usize = 64;

fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners
        .iter()
        .filter_map(|listener| listener.local_addr().ok())
        .collect()
}

/// Small answers must not wait for company, and what was written should be on its way: a kernel that takes megabytes
/// of an answer whose client is gone would have us believe that it arrived. Best effort.
fn tune(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES);
}

/// Bytes that the kernel may hold back on top of those the client has room for.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;

/// One listener and what it serves.
struct Port<A> {
    listener: TcpListener,
    gate: Gate,
    http: Http,
    answer: Arc<A>,
    signs: Signs,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl<A: Answer> Port<A> {
    /// Accepts until told to stop; each connection is a task of its own.
    async fn serve(self) {
        let mut backoff = Backoff::new();
        let patience = Patience {
            head: self.http.head_timeout,
            keepalive: self.http.keepalive,
            max_head_bytes: self.http.max_head_bytes,
        };
        loop {
            let (socket, address, place) = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = self.gate.accept(&self.listener, &mut backoff) => accepted,
            };
            tune(&socket);
            let peer = Peer::new(address, self.http.write_stall);
            let answer = Arc::clone(&self.answer);
            let connection =
                connection::serve((socket, place), peer, patience, answer, self.signs.clone());
            self.tasks.spawn(connection);
        }
    }
}
