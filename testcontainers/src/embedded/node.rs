//! One node: its port, its mode, the tasks of its listener and connections, and what only it remembers.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cluster::Cluster;
use super::connection;
use super::fetch_session::Sessions;
use crate::NodeError;
use crate::process::ports::Port;

/// A node of the cluster, up or down.
#[derive(Debug)]
pub(super) struct Node {
    id: i32,
    port: Port,
    /// Where clients are sent, if not to the port itself.
    advertised: Mutex<SocketAddr>,
    mode: watch::Sender<Mode>,
    life: Mutex<Life>,
    sessions: Mutex<Sessions>,
    log: Mutex<VecDeque<String>>,
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It answers.
    Running,
    /// It reads and writes nothing.
    Paused,
    /// It ends: idle connections close, the others when their answer is written.
    Draining,
    /// It has no socket.
    Down,
}

/// From a start to a kill.
#[derive(Debug, Clone, Default)]
struct Life {
    /// Over when it accepts no more connections.
    listening: CancellationToken,
    /// Over when every connection ends at once.
    living: CancellationToken,
    tasks: TaskTracker,
    /// Counts changes of the mode.
    changes: u64,
}

impl Node {
    /// A node that is down, with a port of its own.
    pub(super) fn new(id: i32, fetch_sessions: usize) -> io::Result<Self> {
        let port = Port::reserve()?;
        Ok(Self {
            id,
            advertised: Mutex::new(port.address()),
            port,
            mode: watch::Sender::new(Mode::Down),
            life: Mutex::default(),
            sessions: Mutex::new(Sessions::new(fetch_sessions)),
            log: Mutex::default(),
        })
    }

    pub(super) fn id(&self) -> i32 {
        self.id
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where clients are told to connect to.
    pub(super) fn advertised(&self) -> SocketAddr {
        *lock(&self.advertised)
    }

    pub(super) fn advertise(&self, address: SocketAddr) {
        *lock(&self.advertised) = address;
    }

    pub(super) fn mode(&self) -> Mode {
        *self.mode.borrow()
    }

    /// The mode, to wait for changes of it.
    pub(super) fn modes(&self) -> watch::Receiver<Mode> {
        self.mode.subscribe()
    }

    /// How often the mode has changed: a timer looks whether it is still wanted.
    pub(super) fn changes(&self) -> u64 {
        lock(&self.life).changes
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    /// Opens the port and begins to answer.
    pub(super) async fn start(&self, cluster: &Arc<Cluster>) -> io::Result<()> {
        let listener = TcpListener::bind(self.port.address()).await?;
        let life = {
            let mut life = lock(&self.life);
            *life = Life {
                changes: life.changes + 1,
                ..Life::default()
            };
            life.clone()
        };
        *self.sessions() = Sessions::new(cluster.config().fetch_sessions);
        self.mode.send_replace(Mode::Running);
        self.note(format_args!("listens on {}", self.port.address()));
        let accepting = accept(cluster.clone(), self.id, listener, life.clone());
        life.tasks.spawn_on(accepting, cluster.runtime());
        Ok(())
    }

    /// From one of the modes `from` to `to`.
    pub(super) fn change(
        &self,
        from: &[Mode],
        to: Mode,
        action: &'static str,
    ) -> Result<(), NodeError> {
        let mut life = lock(&self.life);
        if !from.contains(&self.mode()) {
            return Err(self.wrong_state(action));
        }
        life.changes += 1;
        self.mode.send_replace(to);
        match to {
            Mode::Running | Mode::Paused => {}
            Mode::Draining => life.listening.cancel(),
            Mode::Down => {
                life.listening.cancel();
                life.living.cancel();
                life.tasks.close();
            }
        }
        drop(life);
        self.note(format_args!("{}", to.name()));
        Ok(())
    }

    /// An error unless it is in this mode.
    pub(super) fn expect(&self, mode: Mode, action: &'static str) -> Result<(), NodeError> {
        if self.mode() == mode {
            return Ok(());
        }
        Err(self.wrong_state(action))
    }

    fn wrong_state(&self, action: &'static str) -> NodeError {
        NodeError::State {
            node: self.id,
            state: self.mode().name(),
            action,
        }
    }

    /// Waits until listener and connections are gone; a node that was not told to end never is.
    pub(super) async fn ended(&self) {
        let tasks = lock(&self.life).tasks.clone();
        tasks.wait().await;
    }

    /// Waits until what is being answered is answered, but not for ever.
    pub(super) async fn drained(&self) {
        let tasks = lock(&self.life).tasks.clone();
        tasks.close();
        let _ = tokio::time::timeout(DRAIN_LIMIT, tasks.wait()).await;
    }

    /// Remembers a line for whoever looks into the logs; the oldest ones go.
    pub(super) fn note(&self, line: std::fmt::Arguments<'_>) {
        tracing::debug!(node = self.id, "{line}");
        let mut log = lock(&self.log);
        if log.len() >= MOST_LINES {
            log.pop_front();
        }
        log.push_back(line.to_string());
    }

    /// The lines, oldest first.
    pub(super) fn log(&self) -> String {
        let lines = lock(&self.log);
        lines.iter().flat_map(|line| [line, "\n"]).collect()
    }
}

impl Mode {
    /// As errors name it.
    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Draining => "stopping",
            Self::Down => "down",
        }
    }
}

/// Takes connections until it is told not to.
async fn accept(cluster: Arc<Cluster>, node: i32, listener: TcpListener, life: Life) {
    loop {
        let accepted = tokio::select! {
            () = life.listening.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let serving = connection::serve(cluster.clone(), node, stream, peer);
                let living = life.living.clone();
                life.tasks.spawn(async move {
                    let _ = living.run_until_cancelled_owned(serving).await;
                });
            }
            // No descriptor is left, say: others may be given back meanwhile.
            Err(error) => {
                cluster.note(node, format_args!("cannot accept: {error}"));
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A lock whatever happened under it before.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// How long a node that is stopped waits for answers in the making.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

const MOST_LINES: usize = 10_000;
