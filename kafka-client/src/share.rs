//! Share groups (KIP-932; Kafka 4.2 and later): a topic as a queue.
//!
//! Any number of members read the same partitions. The broker hands each record to one of them and locks it for a while; the member
//! says what became of it, and what it says nothing of in time, somebody gets again. There are no positions and no order to keep.
//!
//! ```text
//!   coordinator ◀─heartbeat─ driver (member: pure) ──assignment──▶ state ◀──▶ poll, acknowledge, commit
//!   leaders ◀─ShareFetch, ShareAcknowledge─ fetcher (a task per leader; session: pure) ──records──▶ │
//!                                            ◀────────────── acknowledgements ────────────────────────┘
//! ```
//! A fetcher asks only while the application waits in `poll`: what is fetched is locked, and the lock's time runs.

pub(crate) mod config;
mod driver;
mod fetcher;
mod held;
mod member;
mod records;
mod session;
mod shared;
mod state;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::DropGuard;

pub use config::{Acknowledging, ShareConfig};
pub use held::Acknowledgement;
pub use records::{ShareRecord, ShareRecordIter, ShareRecords};

use crate::client::Client;
use crate::config::ConfigError;
use crate::consumer::shared::after;
use crate::error::Error;
use crate::topic_partition::TopicPartition;
use shared::Shared;

/// A member of a share group. One application task owns it and calls [`poll`](ShareConsumer::poll) again and again.
///
/// Its tasks start with the first `poll`, and end when it is closed or dropped. Dropping it without [`close`](ShareConsumer::close) leaves
/// what it holds locked until the locks run out.
#[derive(Debug)]
pub struct ShareConsumer {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    is_started: bool,
    /// Ends the connections of this consumer.
    _stop: DropGuard,
}

/// What [`ShareConsumer::poll`] has to tell.
#[derive(Debug)]
pub enum ShareEvent {
    /// Records of one partition, locked for this member.
    Records(ShareRecords),
    /// The broker did not take what was said of some records of a partition: their locks had run out, or the broker or the connection is
    /// another one now. They will be handed out again, to this member or another.
    Unacknowledged {
        /// The partition.
        partition: TopicPartition,
        /// Why.
        error: Error,
    },
    /// One partition cannot be read now; others go on, and it is tried again.
    PartitionError {
        /// The partition.
        partition: TopicPartition,
        /// Why.
        error: Error,
    },
}

impl ShareConsumer {
    /// A consumer that reads nothing yet, and sends nothing.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub fn new(client: &Client, config: ShareConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let shared = Shared::new(client.cluster.clone(), config);
        let stop = shared.stop.clone().drop_guard();
        Ok(Self {
            shared,
            tasks: JoinSet::new(),
            is_started: false,
            _stop: stop,
        })
    }

    /// Reads these topics from now on; none leaves the group.
    pub fn subscribe(&mut self, topics: impl IntoIterator<Item = String>) {
        let mut topics: Vec<_> = topics.into_iter().collect();
        topics.sort();
        topics.dedup();
        self.shared.with(|state| state.subscribe(topics));
    }

    /// The next event, waited for at most `wait`; `None` if there was none.
    ///
    /// What the last call returned and [`acknowledge`](ShareConsumer::acknowledge) was not called for is accepted now, or released, as
    /// [`ShareConfig::acknowledging`] says. Dropping the future loses nothing.
    ///
    /// # Errors
    /// What concerns more than one partition, such as a coordinator that refuses the group. The consumer goes on: calling `poll` again is
    /// right.
    pub async fn poll(&mut self, wait: Duration) -> Result<Option<ShareEvent>, Error> {
        self.start();
        tokio::task::coop::consume_budget().await;
        let deadline = after(wait);
        self.shared.with(state::State::came_back);
        let _waiting = Waiting::enter(&self.shared);
        loop {
            if let Some(next) = self.shared.with(state::State::next) {
                return next.map(Some);
            }
            if self.shared.cluster.is_closed() {
                return Err(Error::Closed);
            }
            if timeout_at(deadline, self.shared.ready()).await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Says what became of a record that the last `poll` returned; the last word counts. False if it was not returned by it.
    ///
    /// Sent with the next request to the broker; [`commit`](ShareConsumer::commit) waits for its answer.
    pub fn acknowledge(
        &mut self,
        partition: &TopicPartition,
        offset: i64,
        what: Acknowledgement,
    ) -> bool {
        self.shared
            .with(|state| state.acknowledge(partition, offset, what))
    }

    /// Sends what was said of records, and waits for the answers at most until `deadline` has passed. Records that nothing was said of stay
    /// the application's.
    ///
    /// # Errors
    /// The first acknowledgement that was not taken; the records concerned will be handed out again. [`Error::Timeout`] if answers are
    /// missing.
    pub async fn commit(&mut self, deadline: Duration) -> Result<(), Error> {
        let until = after(deadline);
        self.shared.with(state::State::send_said);
        self.settle(until).await
    }

    async fn settle(&self, until: Instant) -> Result<(), Error> {
        let started = Instant::now();
        loop {
            if self.shared.with(|state| state.is_settled()) {
                break;
            }
            if timeout_at(until, self.shared.ready()).await.is_err() {
                return Err(Error::Timeout {
                    api: "ShareAcknowledge",
                    broker: "the leaders".into(),
                    after: started.elapsed(),
                });
            }
        }
        match self.shared.with(state::State::take_unacknowledged) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Settles what the last `poll` returned as the next one would, sends what was said, releases the rest, and leaves the group. Takes at
    /// most `deadline`.
    ///
    /// # Errors
    /// As [`commit`](ShareConsumer::commit), or the group could not be left: then it waits for the session to time out.
    pub async fn close(mut self, deadline: Duration) -> Result<(), Error> {
        let until = after(deadline);
        if !self.is_started {
            return Ok(());
        }
        self.shared.with(state::State::came_back);
        let settled = self.settle(until).await;
        self.shared.with(state::State::close);
        // Each task ends by saying good-bye: to the leaders and to the coordinator.
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let left = timeout_at(until, all).await;
        settled.and(left.map_err(|_| Error::Timeout {
            api: "ShareGroupHeartbeat",
            broker: "the coordinator".into(),
            after: deadline,
        }))
    }

    fn start(&mut self) {
        if !std::mem::replace(&mut self.is_started, true) {
            self.tasks.spawn(driver::run(self.shared.clone()));
        }
    }
}

/// An application that waits for records, for as long as it does.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn enter(shared: &'a Shared) -> Self {
        shared.with(|state| state.set_waiting(true));
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.set_waiting(false));
    }
}
