//! The task of one connection: moves bytes between two sockets and sleeps, as its [`Link`] says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::WriteHalf;
use tokio::sync::watch;
use tokio::time::Instant;

use super::lane::{Action, Lane};
use super::link::Link;
use super::tap::Follower;
use super::{Armed, Counters, Direction, Fault, Plan, Trigger};

/// A connection that was accepted.
pub(super) struct Connection {
    pub(super) client: SocketAddr,
    pub(super) broker: SocketAddr,
    pub(super) plan: watch::Receiver<Arc<Armed>>,
    pub(super) counters: Arc<Counters>,
    /// Who looks on, if anybody does.
    pub(super) tap: Option<Follower>,
}

/// How a connection went.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Both sides have ended.
    Finished,
    /// A plan wants a reset.
    Reset,
}

impl Connection {
    /// Runs it to its end. Dropping the future closes both sockets.
    pub(super) async fn run(mut self, client: TcpStream) {
        let _open = Open::count(Arc::clone(&self.counters));
        if self.is_refused() {
            self.reset(&[&client]);
            return;
        }
        let broker = match TcpStream::connect(self.broker).await {
            Ok(broker) => broker,
            Err(error) => {
                tracing::info!(client = %self.client, broker = %self.broker, %error, "no broker");
                // As far as the client can tell, the broker is down.
                let _ = client.set_zero_linger();
                return;
            }
        };
        // Small writes must not wait for each other: timing is the plan's.
        let _ = (client.set_nodelay(true), broker.set_nodelay(true));
        self.relay(client, broker).await;
    }

    async fn relay(&mut self, mut client: TcpStream, mut broker: TcpStream) {
        match self.pump(&mut client, &mut broker).await {
            Ok(End::Finished) => {}
            Ok(End::Reset) => self.reset(&[&client, &broker]),
            // One side is gone without an orderly end: the other shall see it.
            Err(error) => {
                tracing::debug!(client = %self.client, %error, "connection lost");
                let _ = (client.set_zero_linger(), broker.set_zero_linger());
            }
        }
    }

    async fn pump(&mut self, client: &mut TcpStream, broker: &mut TcpStream) -> io::Result<End> {
        let plan = Arc::clone(&self.plan.borrow_and_update());
        let mut link = Link::new(plan, Instant::now());
        let (mut from_client, mut to_client) = client.split();
        let (mut from_broker, mut to_broker) = broker.split();
        let (mut requests, mut answers) = (BytesMut::new(), BytesMut::new());
        while !link.is_over() {
            let event = {
                let (up, down) = link.lanes();
                let (wants_up, wants_down) = (up.wants(), down.wants());
                requests.reserve(READ_BYTES);
                answers.reserve(READ_BYTES);
                tokio::select! {
                    biased;
                    changed = self.plan.changed() => Event::Plan(changed.is_ok()),
                    acted = act(up, &mut to_broker) => Event::Acted(Direction::Up, acted?),
                    acted = act(down, &mut to_client) => Event::Acted(Direction::Down, acted?),
                    read = from_client.read_buf(&mut requests), if wants_up => Event::Read(Direction::Up, read?),
                    read = from_broker.read_buf(&mut answers), if wants_down => Event::Read(Direction::Down, read?),
                }
            };
            let now = Instant::now();
            match event {
                Event::Plan(true) => link.set(Arc::clone(&self.plan.borrow_and_update()), now),
                // The proxy is gone; so are we, any moment now.
                Event::Plan(false) => break,
                Event::Acted(_, Acted::Reset) => return Ok(End::Reset),
                Event::Acted(direction, Acted::Passed(bytes)) => {
                    self.counters.passed(direction, bytes);
                }
                Event::Acted(_, Acted::Finished) => {}
                Event::Read(direction, 0) => link.push_end(direction, now),
                Event::Read(direction, _) => {
                    let buffer = match direction {
                        Direction::Up => &mut requests,
                        Direction::Down => &mut answers,
                    };
                    let bytes = buffer.split().freeze();
                    if let Some(tap) = &mut self.tap {
                        tap.push(direction, &bytes);
                    }
                    link.push(direction, bytes, now);
                }
            }
        }
        Ok(End::Finished)
    }

    /// Whether the plan turns new connections away.
    fn is_refused(&self) -> bool {
        let plan = self.plan.borrow();
        let Plan { up, down, on } = plan.plan;
        let is_refused = on == Trigger::Now && (up == Fault::Refuse || down == Fault::Refuse);
        if is_refused {
            plan.take_effect();
        }
        is_refused
    }

    /// Makes the sockets end with a reset when they are dropped, which they are next.
    fn reset(&self, sockets: &[&TcpStream]) {
        tracing::info!(client = %self.client, broker = %self.broker, "connection reset");
        self.counters.resets.fetch_add(1, Ordering::Relaxed);
        for socket in sockets {
            // A socket that is gone already cannot be reset, and need not be.
            let _ = socket.set_zero_linger();
        }
    }
}

/// Does what is due in a lane, once it is. Dropping the future loses nothing.
async fn act(lane: &mut Lane, receiver: &mut WriteHalf<'_>) -> io::Result<Acted> {
    let Some(due) = lane.due() else {
        return std::future::pending().await;
    };
    if due > Instant::now() {
        tokio::time::sleep_until(due).await;
    }
    match lane.front() {
        Some(Action::Pass(bytes)) => {
            let written = receiver.write_buf(bytes).await?;
            lane.passed(written);
            Ok(Acted::Passed(written))
        }
        Some(Action::Finish) => {
            receiver.shutdown().await?;
            lane.finished();
            Ok(Acted::Finished)
        }
        Some(Action::Reset) => Ok(Acted::Reset),
        None => std::future::pending().await,
    }
}

/// What woke a connection up.
enum Event {
    /// There is a new plan; `false`: there will be none any more.
    Plan(bool),
    Read(Direction, usize),
    Acted(Direction, Acted),
}

enum Acted {
    Passed(usize),
    Finished,
    Reset,
}

/// Counts a connection as open until dropped.
struct Open(Arc<Counters>);

impl Open {
    fn count(counters: Arc<Counters>) -> Self {
        counters.open.fetch_add(1, Ordering::Relaxed);
        Self(counters)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Room for a read, at least.
const READ_BYTES: usize = 16 << 10;
