//! A TCP proxy that breaks the way between a client and one broker, on command and at an exact place.
//!
//! Bytes pass as they come until a [`Plan`] takes effect: for every connection at once, or for the one that carries
//! "the third `Produce` answer". Never decodes more than the head of a frame, never starts a fault by chance: the same
//! plan and the same bytes give the same fault. What passes can be looked at: [`Proxy::tap`].
//!
//! ```text
//! proxy.rs          Fault, Trigger, Plan, Proxy; accepts connections
//!   proxy/pump.rs   the task of one connection: moves bytes and sleeps
//!   proxy/link.rs   both directions of it: when a plan takes effect (pure)
//!   proxy/lane.rs   one direction of it: what a fault does to bytes (pure)
//!   proxy/frames.rs where Kafka's frames begin in a stream (pure)
//!   proxy/tap.rs    whole frames, for whoever looks on (pure)
//! ```

mod frames;
mod lane;
mod link;
mod pump;
mod tap;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

pub use self::tap::Tapped;
use self::tap::Taps;

/// What happens to the bytes of one direction. Offsets count from where the fault took effect on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing: they pass.
    #[default]
    None,
    /// Connections are reset, new ones as soon as they are accepted.
    Refuse,
    /// Each byte arrives this much later; as many as fit 4 MiB are under way at a time.
    Delay(Duration),
    /// So many bytes per second pass. 0 is [`Fault::Blackhole`].
    Rate(u64),
    /// Nothing passes, not even the end of the connection, which stays open. What was held back passes when the
    /// next plan allows it.
    Blackhole,
    /// So many bytes pass, then both sides get a reset (RST).
    ResetAfter(u64),
    /// So many bytes pass, then the receiver gets an orderly end (FIN) and the rest is lost.
    FinAfter(u64),
    /// All pass, and of the byte at this offset the lowest bit is flipped.
    CorruptAt(u64),
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the broker: requests.
    Up,
    /// From the broker to the client: answers.
    Down,
}

/// When a plan's faults take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trigger {
    /// At once, on all connections, also those to come.
    #[default]
    Now,
    /// Once: right before the `nth` frame (from 1, counted over all connections since the plan was set) that is a
    /// request (`Up`) or an answer (`Down`) of the API `key`, on the connection that carries it.
    ///
    /// Not on TLS: there only bytes can be counted.
    OnApi {
        /// Kafka's number of the API: 0 for `Produce`.
        key: i16,
        /// Which one, from 1.
        nth: u32,
        /// Whether requests or answers are counted.
        direction: Direction,
    },
    /// On each connection and in each direction when so many bytes have passed since the plan was set.
    AfterBytes(u64),
}

/// What breaks, and when. The default breaks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// What happens to requests.
    pub up: Fault,
    /// What happens to answers.
    pub down: Fault,
    /// When.
    pub on: Trigger,
}

/// A proxy before one broker, on a port of 127.0.0.1 that the system picked. Dropping it ends all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    plan: watch::Sender<Arc<Armed>>,
    counters: Arc<Counters>,
    taps: Taps,
    _accept: AbortOnDropHandle<()>,
}

/// What a proxy has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted, refused ones among them.
    pub accepted: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Bytes passed on to the broker.
    pub up_bytes: u64,
    /// Bytes passed on to clients.
    pub down_bytes: u64,
    /// Connections that a plan reset or turned away.
    pub resets: u64,
}

impl Plan {
    /// The same fault in both directions, at once.
    pub fn both(fault: Fault) -> Self {
        Self {
            up: fault,
            down: fault,
            on: Trigger::Now,
        }
    }

    /// A fault on the way to the broker, at once.
    pub fn up(fault: Fault) -> Self {
        Self {
            up: fault,
            ..Self::default()
        }
    }

    /// A fault on the way to the client, at once.
    pub fn down(fault: Fault) -> Self {
        Self {
            down: fault,
            ..Self::default()
        }
    }

    /// The same plan with another trigger.
    #[must_use]
    pub fn on(mut self, trigger: Trigger) -> Self {
        self.on = trigger;
        self
    }
}

impl Proxy {
    /// A proxy to `broker`, which need not be up: clients are reset while it is not.
    ///
    /// It lives on the runtime of the caller.
    pub async fn start(broker: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (plan, _) = watch::channel(Arc::new(Armed::new(Plan::default())));
        let counters = Arc::new(Counters::default());
        let taps = Taps::default();
        let door = Door {
            broker,
            proxy: address,
            plan: plan.clone(),
            counters: Arc::clone(&counters),
            taps: taps.clone(),
        };
        let accept = AbortOnDropHandle::new(tokio::spawn(door.accept(listener)));
        Ok(Self {
            address,
            plan,
            counters,
            taps,
            _accept: accept,
        })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts a plan in the place of the one before, whose faults end: what they held back passes now.
    pub fn set(&self, plan: Plan) {
        tracing::info!(proxy = %self.address, ?plan, "fault plan set");
        self.plan.send_replace(Arc::new(Armed::new(plan)));
    }

    /// Waits until the plan set last has taken effect on some connection.
    pub async fn triggered(&self) {
        let mut taken = self.plan.borrow().taken.subscribe();
        // The sender lives as long as the plan; a plan that was replaced meanwhile never takes effect.
        if taken.wait_for(|taken| *taken).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Shows every frame of every connection accepted from now on to `look`, in place of who looked on before.
    ///
    /// A frame is shown when its last byte has come from its sender, before any fault touches it, and answers carry the API and
    /// version of their request. `look` runs inside the connection's task, one call at a time: it must not block, and
    /// not call this method. A frame that is not whole yet is kept until it is: memory is bounded by the longest frame.
    ///
    /// ```
    /// # async fn example(proxy: &kafka_testcontainers::proxy::Proxy) {
    /// use std::sync::{Arc, Mutex};
    ///
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let notes = Arc::clone(&seen);
    /// proxy.tap(move |tapped| notes.lock().unwrap().push((tapped.api_key, tapped.direction)));
    /// # }
    /// ```
    pub fn tap(&self, look: impl FnMut(&Tapped) + Send + 'static) {
        self.taps.set(look);
    }

    /// What it has seen so far.
    pub fn stats(&self) -> Stats {
        let counters = &self.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            accepted: read(&counters.accepted),
            open: read(&counters.open),
            up_bytes: read(&counters.up_bytes),
            down_bytes: read(&counters.down_bytes),
            resets: read(&counters.resets),
        }
    }
}

/// A plan in force, shared by all connections.
#[derive(Debug)]
struct Armed {
    plan: Plan,
    /// Frames counted for [`Trigger::OnApi`].
    seen: AtomicU32,
    taken: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    open: AtomicU64,
    up_bytes: AtomicU64,
    down_bytes: AtomicU64,
    resets: AtomicU64,
}

/// What lets connections in.
struct Door {
    broker: SocketAddr,
    proxy: SocketAddr,
    plan: watch::Sender<Arc<Armed>>,
    counters: Arc<Counters>,
    taps: Taps,
}

impl Armed {
    fn new(plan: Plan) -> Self {
        Self {
            plan,
            seen: AtomicU32::new(0),
            taken: watch::Sender::new(false),
        }
    }

    fn take_effect(&self) {
        self.taken.send_replace(true);
    }

    /// Counts a frame of the API that the trigger names; whether it is the one.
    fn is_nth(&self, nth: u32) -> bool {
        self.seen.fetch_add(1, Ordering::Relaxed).saturating_add(1) == nth
    }
}

impl Counters {
    fn passed(&self, direction: Direction, bytes: usize) {
        let counter = match direction {
            Direction::Up => &self.up_bytes,
            Direction::Down => &self.down_bytes,
        };
        counter.fetch_add(frames::as_u64(bytes), Ordering::Relaxed);
    }
}

impl Door {
    async fn accept(self, listener: TcpListener) {
        let mut links = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((client, peer)) => {
                        self.counters.accepted.fetch_add(1, Ordering::Relaxed);
                        links.spawn(self.connection(peer).run(client));
                    }
                    // Out of file descriptors, or the client is gone again.
                    Err(error) => {
                        tracing::warn!(proxy = %self.proxy, %error, "accept failed");
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                },
                Some(_) = links.join_next() => {}
            }
        }
    }

    fn connection(&self, client: SocketAddr) -> pump::Connection {
        pump::Connection {
            client,
            broker: self.broker,
            plan: self.plan.subscribe(),
            counters: Arc::clone(&self.counters),
            tap: self.taps.follow(client),
        }
    }
}
