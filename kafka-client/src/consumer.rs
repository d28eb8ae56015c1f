//! The consumer: reads partitions that are assigned by hand, or by a group.
//!
//! ```text
//!   brokers ──▶ fetcher (a task per leader) ──▶ state ──▶ poll ──▶ Event::Records ──▶ PartitionRecords::iter
//!                 checksums, isolation            │ ▲
//!               planner: topics, leaders,  ◀──────┘ └──▶  group::driver: membership, heartbeats
//!               positions, starts fetchers                group::committer: offsets
//! ```
//! Everything pure is in [`state`] and what it is made of: [`position`], [`buffer`], [`chunk`] (with [`isolation`] and
//! [`records`]), [`membership`]. Tasks and the application meet there under one lock.
//!
//! The next fetch is on its way while the application reads the last answer: per broker one answer is read and one waits, so a
//! consumer holds at most twice `fetch_max_bytes` per broker (and what a single batch may be larger), whatever the size of its topics.
//!
//! Whether a new leader's log still has what was read is asked with `OffsetForLeaderEpoch`, and told by every fetch (KIP-320):
//! [`position`] judges, [`validation`] asks. A leader may name a replica nearby to fetch from (KIP-392).
//!
//! Patterns of topics are matched here, by [`pattern`]; whoever likes streams better than `poll` finds them in [`stream`].
//! What groups lack is said in [`group`](crate::group).

pub(crate) mod buffer;
pub(crate) mod chunk;
mod commits;
pub(crate) mod config;
mod fetch_session;
mod fetcher;
mod isolation;
mod list_offsets;
mod lookup;
pub(crate) mod membership;
pub(crate) mod patience;
pub(crate) mod pattern;
mod planner;
pub(crate) mod position;
pub(crate) mod queries;
pub(crate) mod record;
pub(crate) mod records;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod stream;
mod validation;

use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::DropGuard;

use crate::client::Client;
use crate::config::ConfigError;
use crate::consumer::config::{ConsumerConfig, Isolation, Start};
use crate::consumer::pattern::{Internal, Pattern};
use crate::consumer::records::PartitionRecords;
use crate::consumer::shared::{Shared, after};
use crate::consumer::state::State;
use crate::error::Error;
use crate::group::committer::Committer;
use crate::group::driver;
use crate::group::metadata::GroupMetadata;
use crate::group::offsets::Offsets;
use crate::topic_partition::TopicPartition;

/// Reads records. One application task owns it and calls [`poll`](Consumer::poll) again and again.
///
/// Its tasks start with the first `poll` or `commit`, and end when it is closed or dropped. Dropping a group member without
/// [`close`](Consumer::close) leaves its partitions unread until its session times out.
#[derive(Debug)]
pub struct Consumer {
    shared: Arc<Shared>,
    /// Where the group's offsets are; `None` without a group.
    offsets: Option<Offsets>,
    tasks: Option<Tasks>,
    /// Ends the connections of this consumer.
    _stop: DropGuard,
}

/// Dropping it ends the tasks.
#[derive(Debug)]
struct Tasks {
    /// Fetching, and being a member.
    reading: JoinSet<()>,
    /// Outlives reading, as closing commits last.
    _committing: JoinSet<()>,
    committer: Option<Committer>,
}

/// What [`Consumer::poll`] has to tell.
#[derive(Debug)]
pub enum Event {
    /// Records of one partition. They count as finished with the next call of `poll`.
    Records(PartitionRecords),
    /// The group has assigned these partitions, besides those that it left with the consumer; possibly none. Reading starts at the committed offsets, where there
    /// are none as [`ConsumerConfig::reset`] says; a `seek` before the next `poll` comes before any record.
    Assigned(Vec<TopicPartition>),
    /// The group wants these partitions back: all that the consumer had, or with a cooperative assignor and in the protocol of KIP-848 only those
    /// that others are to have. It waits for the next call of `poll` (at most
    /// `rebalance_timeout`): until then offsets can be committed.
    Revoked(Vec<TopicPartition>),
    /// The group has given these partitions to others already. Nothing can be committed for them any more.
    Lost(Vec<TopicPartition>),
    /// One partition has a problem; others go on. If its records cannot be read ([`Error::Records`]), were lost ([`Error::Truncated`]),
    /// or its position is out of range, it stops at its position until a `seek`; otherwise it is tried again, and the error told again
    /// once in a while.
    PartitionError {
        /// The partition.
        partition: TopicPartition,
        /// The problem.
        error: Error,
    },
}

impl Consumer {
    /// A consumer without partitions. Sends nothing yet.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub fn new(client: &Client, config: ConsumerConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let config = config.clamped();
        let group = config.group.clone();
        let offsets = group.map(|group| Offsets::new(client.cluster.clone(), group));
        let shared = Shared::new(client.cluster.clone(), config);
        let stop = shared.stop.clone().drop_guard();
        Ok(Self {
            shared,
            offsets,
            tasks: None,
            _stop: stop,
        })
    }

    /// Reads these partitions from now on and no others, each from where it says. A consumer that was subscribed leaves its group.
    pub fn assign(&mut self, partitions: impl IntoIterator<Item = (TopicPartition, Start)>) {
        self.shared
            .with(|state| state.assign(partitions.into_iter()));
    }

    /// Reads these topics as a member of the group from now on; none leaves the group. Partitions come with
    /// [`Event::Assigned`]. A topic that does not exist is waited for, and told as an error once in a while.
    pub fn subscribe(&mut self, topics: impl IntoIterator<Item = String>) {
        let topics = topics.into_iter().collect();
        match &self.offsets {
            Some(_) => self.shared.with(|state| state.subscribe(topics)),
            None => self.shared.with(|state| state.error(no_group("JoinGroup"))),
        }
    }

    /// Reads the topics that a regular expression matches from end to end as a member of the group from now on (syntax of the `regex`
    /// crate). The cluster is asked for its topics now and whenever metadata is old (`metadata_max_age`): the subscription follows, and
    /// so does the group. While nothing matches, the consumer is no member. Internal topics match only if
    /// [`ConsumerConfig::exclude_internal_topics`] says so.
    ///
    /// # Errors
    /// [`ConfigError::NotAPattern`]; nothing changes then.
    pub fn subscribe_pattern(&mut self, pattern: &str) -> Result<(), ConfigError> {
        let internal = if self.shared.config.exclude_internal_topics {
            Internal::Exclude
        } else {
            Internal::Include
        };
        let pattern = Pattern::new(pattern, internal)?;
        match &self.offsets {
            Some(_) => self.shared.with(|state| state.subscribe_pattern(pattern)),
            None => self.shared.with(|state| state.error(no_group("JoinGroup"))),
        }
        Ok(())
    }

    /// The next event, waited for at most `wait`; `None` if there was none. Zero only looks.
    ///
    /// What the last call returned counts as finished. Dropping the future loses nothing: positions move when an event is returned.
    ///
    /// # Errors
    /// What concerns more than one partition, such as a broker that refuses the group or a topic that is not there. The consumer goes
    /// on: calling `poll` again is right, and the error is told again once in a while as long as it lasts.
    pub async fn poll(&mut self, wait: Duration) -> Result<Option<Event>, Error> {
        self.start();
        // Lets other tasks run even if there is always something to return.
        tokio::task::coop::consume_budget().await;
        let deadline = after(wait);
        let _present = Present::enter(&self.shared);
        let mut next = self.shared.with(|state| {
            state.came_back();
            state.next()
        });
        loop {
            if let Some(next) = next {
                return next.map(Some);
            }
            if self.shared.cluster.is_closed() {
                return Err(Error::Closed);
            }
            if timeout_at(deadline, self.shared.ready()).await.is_err() {
                return Ok(None);
            }
            next = self.shared.with(State::next);
        }
    }

    /// Goes on reading a partition at `offset`, and drops what was fetched of it. An offset that the log does not have is treated as
    /// [`ConsumerConfig::reset`] says. Does nothing if the partition is not assigned.
    pub fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        self.seek_to(partition, Start::Offset(offset));
    }

    /// Goes on reading a partition there, and drops what was fetched of it. Where a broker has to be asked first, there is no
    /// [`position`](Consumer::position) until it has answered. Does nothing if the partition is not assigned.
    pub fn seek_to(&mut self, partition: &TopicPartition, start: Start) {
        self.shared.with(|state| state.seek_to(partition, start));
    }

    /// [`seek_to`](Consumer::seek_to) the first record that the log still has.
    pub fn seek_to_beginning(&mut self, partition: &TopicPartition) {
        self.seek_to(partition, Start::Earliest);
    }

    /// [`seek_to`](Consumer::seek_to) the end of the log; with [`Isolation::ReadCommitted`](crate::Isolation) to its last stable offset.
    pub fn seek_to_end(&mut self, partition: &TopicPartition) {
        self.seek_to(partition, Start::Latest);
    }

    /// [`seek_to`](Consumer::seek_to) the first record whose timestamp is not smaller, in milliseconds since 1970; to the end if there
    /// is none.
    pub fn seek_to_timestamp(&mut self, partition: &TopicPartition, timestamp: i64) {
        self.seek_to(partition, Start::Timestamp(timestamp));
    }

    /// Hands out no records of a partition any more, until [`resume`](Consumer::resume) or the next assignment.
    pub fn pause(&mut self, partition: &TopicPartition) {
        self.shared.with(|state| state.set_paused(partition, true));
    }

    /// Goes on with a partition that was paused.
    pub fn resume(&mut self, partition: &TopicPartition) {
        self.shared.with(|state| state.set_paused(partition, false));
    }

    /// The offset that the application gets next; `None` if the partition is not assigned or its position not found yet.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.shared
            .with(|state| state.positions.position(partition))
    }

    /// Who the consumer is to its group, for offsets that are committed inside a transaction (KIP-447). `None` without a group, and
    /// while the consumer should be a member and is none.
    pub fn group_metadata(&self) -> Option<GroupMetadata> {
        let group = self.offsets.as_ref()?.group().clone();
        let identity = self.shared.with(|state| state.membership.commits_as())?;
        Some(GroupMetadata {
            id: group.id,
            member_id: identity.member_id,
            generation: identity.generation,
            instance_id: group.instance_id,
        })
    }

    /// The partitions that are read now, in order. In a group this may run ahead of the events that `poll` has returned.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.shared
            .with(|state| state.positions.assignment().cloned().collect())
    }

    /// Offset after the last record that all in-sync replicas have, as of the last fetch; `None` before the first.
    pub fn high_watermark(&self, partition: &TopicPartition) -> Option<i64> {
        let ends = self.shared.with(|state| state.positions.ends(partition))?;
        (ends.high_watermark >= 0).then_some(ends.high_watermark)
    }

    /// How many offsets lie between the position and the end of what can be read now, as of the last fetch: the high watermark, with
    /// [`Isolation::ReadCommitted`](crate::Isolation) the last stable offset. `None` before the first fetch, and while the position is
    /// not known.
    pub fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        let isolation = self.shared.config.isolation;
        self.shared.with(|state| {
            let ends = state.positions.ends(partition)?;
            let end = match isolation {
                Isolation::ReadCommitted => ends.last_stable,
                Isolation::ReadUncommitted => ends.high_watermark,
            };
            let position = state.positions.position(partition)?;
            (end >= 0).then(|| end.saturating_sub(position).max(0))
        })
    }

    /// Bytes of records that were fetched and are not finished: of whole fetch answers, as they came. At most twice
    /// [`ConsumerConfig::fetch_max_bytes`] per broker, and what a single batch may be larger; what an event of compressed records
    /// decompresses to is beside it.
    pub fn buffered_bytes(&self) -> usize {
        self.shared.with(|state| state.buffered_bytes())
    }

    /// Completed fetches of a partition since it was assigned, with or without records. 0 if it is not assigned.
    pub fn fetches(&self, partition: &TopicPartition) -> u64 {
        self.shared.with(|state| state.positions.fetches(partition))
    }

    /// Stops reading, stores what was finished (with `auto_commit`; what the last `poll` returned is finished), and leaves the group.
    /// Takes at most `deadline`, whether the coordinator answers or not.
    ///
    /// # Errors
    /// Offsets could not be stored, or the group could not be left: then it waits for the session to time out.
    pub async fn close(mut self, deadline: Duration) -> Result<(), Error> {
        let until = after(deadline);
        let (Some(tasks), Some(offsets)) = (&mut self.tasks, self.offsets.clone()) else {
            return Ok(());
        };
        // No member any more on our side: what it last said about itself stands.
        tasks.reading.abort_all();
        while tasks.reading.join_next().await.is_some() {}
        let identity = self.shared.with(|state| {
            state.came_back();
            state.membership.identity().clone()
        });
        let mut result = Ok(());
        if self.shared.config.auto_commit.is_some() {
            result = self.commit_finished_until(until).await;
        }
        let left = driver::leave(&offsets, &identity, until).await;
        result.and(left)
    }

    fn start(&mut self) {
        if self.tasks.is_some() {
            return;
        }
        let mut reading = JoinSet::new();
        reading.spawn(planner::run(self.shared.clone(), self.offsets.clone()));
        let mut committing = JoinSet::new();
        let committer = self.offsets.clone().map(|offsets| {
            let (committer, task) = Committer::new(self.shared.clone(), offsets.clone());
            committing.spawn(task);
            reading.spawn(driver::run(self.shared.clone(), offsets, committer.clone()));
            committer
        });
        self.tasks = Some(Tasks {
            reading,
            _committing: committing,
            committer,
        });
    }
}

/// An application that waits in `poll`, for as long as it does.
struct Present<'a>(&'a Shared);

impl<'a> Present<'a> {
    fn enter(shared: &'a Shared) -> Self {
        shared.with(State::enter_poll);
        Self(shared)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        self.0.with(|state| state.membership.leave_poll(now));
    }
}

/// The error for what only a group can do.
fn no_group(api: &'static str) -> Error {
    Error::Refused {
        api,
        subject: "the consumer".into(),
        code: ErrorCode::INVALID_GROUP_ID,
        message: Some("no group is configured".into()),
    }
}
