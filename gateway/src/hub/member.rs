//! One member of a group for all http-get requests of a plugin: it joins with the first, answers them one after the
//! other, and leaves when none has come for a while (kong-consume.md §2.2).
//!
//! The records of an answer count as given once its last byte was written. An answer that does not get there is
//! undone: the next one has the same records.

mod reading;

use std::sync::Arc;
use std::time::Duration;

use kafka_client::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::reading::{IDLE_TURN, Reading};
use super::Offsets;
use super::shelf::{Limits, Portion};
use super::source::Source;
use crate::config::plugin::Plugin;
use crate::http::Written;
use crate::settings::Settings;

/// What a request wants.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Records of these topics only.
    pub(crate) topics: Vec<String>,
    /// How many.
    pub(crate) limits: Limits,
    /// How long to wait for a first one.
    pub(crate) wait: Duration,
    /// Whether offsets are committed when the answer was written.
    pub(crate) commits: bool,
}

/// Records for one answer. Dropped before [`Taken::receipt`] is given back, they are taken back.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Of every partition that is ours, in order.
    pub(crate) portions: Vec<Portion>,
    /// To be given back with the answer's last byte.
    pub(crate) receipt: oneshot::Sender<Written>,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Kafka.
    Kafka(Error),
    /// The group took too long.
    Join,
    /// The member ended.
    Closed,
}

/// How long a member waits, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    join: Duration,
    idle: Duration,
    /// When a partition has enough records for the next answer.
    enough: Limits,
}

impl Patience {
    pub(crate) fn of(settings: &Settings) -> Patience {
        let consume = &settings.consume;
        Patience {
            join: consume.join_timeout,
            idle: consume.member_idle,
            enough: Limits {
                records: consume.max_records,
                bytes: consume.max_bytes,
                record_bytes: consume.record_max_bytes,
            },
        }
    }
}

/// What ends a member.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    /// The drain has begun.
    pub(super) drain: CancellationToken,
    /// There are no more requests.
    pub(super) stop: CancellationToken,
}

/// The way to a member. When the last one is gone, or after a while without requests, it leaves.
#[derive(Debug)]
pub(super) struct Member {
    plugin: Arc<Plugin>,
    /// Bounded: when it is full, requests wait in line before it.
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Take(Wish, oneshot::Sender<Result<Taken, Failure>>),
    Commit(Offsets, oneshot::Sender<Option<Result<(), Error>>>),
}

impl Member {
    /// A member, and its task.
    pub(super) fn new(
        plugin: Arc<Plugin>,
        source: Source,
        patience: Patience,
        ends: Ends,
    ) -> (Member, Actor) {
        let (orders, receiver) = mpsc::channel(ORDERS);
        let actor = Actor {
            source,
            patience,
            orders: receiver,
            ends,
            reading: None,
        };
        (Member { plugin, orders }, actor)
    }

    /// Whether it reads what `plugin` says, and goes on doing so.
    pub(super) fn serves(&self, plugin: &Arc<Plugin>) -> bool {
        let is_same = Arc::ptr_eq(&self.plugin, plugin) || self.plugin.config == plugin.config;
        is_same && !self.orders.is_closed()
    }

    /// Records for one answer; `None` if the member has left.
    pub(super) async fn take(&self, wish: Wish) -> Option<Result<Taken, Failure>> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Take(wish, reply)).await.ok()?;
        answer.await.ok()
    }

    /// Stores offsets and goes on from them; `None` if it is no member now.
    pub(super) async fn commit(&self, offsets: Offsets) -> Option<Result<(), Error>> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Commit(offsets, reply)).await.ok()?;
        answer.await.ok()?
    }
}

/// Requests in line.
const ORDERS: usize = 16;

/// The task of a member.
pub(super) struct Actor {
    source: Source,
    patience: Patience,
    orders: mpsc::Receiver<Order>,
    ends: Ends,
    reading: Option<Reading>,
}

impl Actor {
    /// Runs until nobody asks any more.
    pub(super) async fn run(mut self) {
        let mut idle_at = Instant::now() + self.patience.idle;
        loop {
            tokio::select! {
                biased;
                () = self.ends.stop.cancelled() => break,
                order = self.orders.recv() => {
                    let Some(order) = order else { break };
                    self.carry_out(order).await;
                    idle_at = Instant::now() + self.patience.idle;
                }
                () = turn(&mut self.reading) => {}
                () = sleep_until(idle_at) => break,
            }
        }
        // Whoever is still in line finds another member.
        self.orders.close();
        while self.orders.try_recv().is_ok() {}
        if let Some(reading) = self.reading.take() {
            reading.close().await;
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Take(wish, reply) => self.answer(wish, reply).await,
            Order::Commit(offsets, reply) => {
                let outcome = match &mut self.reading {
                    Some(reading) if reading.is_assigned => Some(reading.move_to(offsets).await),
                    _ => None,
                };
                let _ = reply.send(outcome);
            }
        }
    }

    async fn answer(&mut self, mut wish: Wish, mut reply: oneshot::Sender<Result<Taken, Failure>>) {
        let gathered = loop {
            tokio::select! {
                biased;
                // Nothing was taken yet.
                () = reply.closed() => return,
                () = self.ends.stop.cancelled() => break Err(Failure::Closed),
                // A running request is answered, but no longer waits for what may come.
                () = self.ends.drain.cancelled(), if !wish.wait.is_zero() => wish.wait = Duration::ZERO,
                gathered = gather(&self.source, self.patience, &mut self.reading, &wish) => break gathered,
            }
        };
        let portions = match gathered {
            Ok(portions) => portions,
            Err(failure) => {
                let _ = reply.send(Err(failure));
                return;
            }
        };
        let (receipt, fate) = oneshot::channel();
        let taken = Taken {
            portions: portions.clone(),
            receipt,
        };
        let is_sent = reply.send(Ok(taken)).is_ok();
        let Some(reading) = &mut self.reading else {
            return;
        };
        if portions.iter().all(|portion| portion.count == 0) {
            return;
        }
        if is_sent && is_written(fate).await {
            reading.written(&portions, wish.commits).await;
        } else {
            reading.put_back(&portions);
        }
    }
}

/// Whether an answer has reached the client's socket. The client may take its time, as long as it takes bytes (G-43).
///
/// What the socket took may still be lost on its way to a client that dies; HTTP has no way to tell. Then these
/// records are committed although nobody saw them. Who cannot have that uses `commit_strategy=off`.
async fn is_written(fate: oneshot::Receiver<Written>) -> bool {
    match fate.await {
        Ok(written) => written.wait().await.is_ok(),
        Err(_) => false,
    }
}

/// Lets a consumer that nobody asks now take part in its group.
async fn turn(reading: &mut Option<Reading>) {
    match reading {
        Some(reading) => drop(reading.turn(IDLE_TURN).await),
        None => std::future::pending().await,
    }
}

async fn gather(
    source: &Source,
    patience: Patience,
    reading: &mut Option<Reading>,
    wish: &Wish,
) -> Result<Vec<Portion>, Failure> {
    if reading.is_none() {
        let opened = source.open().await.map_err(Failure::Kafka)?;
        *reading = Some(Reading::new(opened, patience));
    }
    match reading {
        Some(reading) => reading.gather(wish).await,
        None => Err(Failure::Closed),
    }
}
