//! What fetch tasks and look-ups do to a consumer's state.

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_wire::ErrorCode;
use tokio::time::Instant;

use crate::consumer::chunk::{Chunk, End};
use crate::consumer::position::{Leader, Lookup, Parted, Position, Validation, Wanted};
use crate::consumer::state::{MAX_ANSWERS, State, refused};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

impl State {
    /// What to fetch from `node` now; empty if there is nothing, or no room for the answer.
    pub(crate) fn next_fetch(
        &mut self,
        node: i32,
        now: Instant,
        leader: impl Fn(&TopicPartition) -> Option<Leader>,
    ) -> Vec<Wanted> {
        self.see(&leader);
        let stays = |partition: &TopicPartition| !self.membership.gives_up(partition);
        let source = |one: &TopicPartition| leader(one).filter(|_| stays(one));
        let wanted = self.positions.wanted(node, now, source);
        if wanted.is_empty() || self.buffer.answers(node) < MAX_ANSWERS {
            return wanted;
        }
        // Paused partitions do not hold up the others: what was fetched of them is fetched again later.
        let held: Vec<_> = self.buffer.partitions(node).cloned().collect();
        if !held
            .iter()
            .all(|partition| self.positions.is_paused(partition))
        {
            return Vec::new();
        }
        for partition in held {
            self.buffer.discard(&partition);
            self.positions.rewind(&partition);
        }
        if self.buffer.answers(node) < MAX_ANSWERS {
            wanted
        } else {
            Vec::new()
        }
    }

    /// Looks who leads now: what somebody else told before may have to be validated.
    pub(crate) fn see(&mut self, leader: impl Fn(&TopicPartition) -> Option<Leader>) {
        let seen = self.positions.see(leader);
        self.changes.plan |= seen.validate;
        for asked in seen.anew {
            // Once what was fetched of the old topic is read, the policy says where to begin with the new one.
            let nothing = Chunk::out_of_range(&asked, 0);
            self.fetched(NO_NODE, &asked, nothing);
        }
    }

    /// What came of a partition that was asked for.
    pub(crate) fn fetched(&mut self, node: i32, asked: &Wanted, chunk: Chunk) {
        let next = matches!(chunk.end, End::Open).then(|| chunk.behind());
        if self.positions.fetched(asked, chunk.ends, next) && !chunk.is_void() {
            self.buffer.push(node, chunk);
            self.changes.ready = true;
        }
    }

    /// `node` says that its log does not have the offset. If that is a replica, the leader is asked.
    pub(crate) fn out_of_range(&mut self, node: i32, asked: &Wanted, answer: u64, now: Instant) {
        if self.positions.give_up_replica(&asked.partition, node) {
            let code = ErrorCode::OFFSET_NOT_AVAILABLE;
            let error = refused("Fetch", &asked.partition, code);
            self.failed(&asked.partition, asked.generation, error, now);
        } else {
            self.fetched(node, asked, Chunk::out_of_range(asked, answer));
        }
    }

    /// The leader names a replica to read from.
    pub(crate) fn prefer(&mut self, asked: &Wanted, node: i32, until: Instant) {
        if self.positions.prefer(asked, node, until) {
            self.changes.plan = true;
            self.changes.fetch = true;
        }
    }

    /// A broker cannot be reached: what was read from it on its leaders' advice is read from them again.
    pub(crate) fn give_up_replicas(&mut self, node: i32) {
        let gave_up = self.positions.give_up_replicas(node);
        self.changes.plan |= gave_up;
        self.changes.fetch |= gave_up;
    }

    /// A leader told how far its log is the one that was read.
    pub(crate) fn validated(&mut self, asked: &Validation, end: Position) {
        let parted = self.positions.validated(asked, end);
        self.parted(&asked.partition, parted);
    }

    /// The same, in answer to a fetch.
    pub(crate) fn diverged(&mut self, asked: &Wanted, end: Position) {
        let parted = self.positions.diverged(asked, end);
        self.parted(&asked.partition, parted);
    }

    fn parted(&mut self, partition: &TopicPartition, parted: Parted) {
        self.changes.fetch = true;
        self.changes.plan = true;
        let (position, at) = match parted {
            Parted::Stale | Parted::Nowhere => return,
            Parted::Ahead => return self.buffer.discard(partition),
            Parted::Behind { position, at } => (position, at),
        };
        self.buffer.discard(partition);
        let common = at.map(|at| at.offset);
        tracing::warn!(%partition, position = position.offset, common, "the log was truncated");
        match (self.reset.origin(), at) {
            (Some(_), Some(at)) => self.positions.seek(partition, at),
            (Some(origin), None) => self.positions.reset(partition, origin),
            (None, _) => {
                let error = Error::Truncated {
                    topic: partition.topic.clone(),
                    partition: partition.partition,
                    offset: position.offset,
                    leader_epoch: position.leader_epoch,
                    common,
                };
                self.stop(partition.clone(), position, error);
            }
        }
    }

    /// A fetch or look-up of a partition failed; it will be tried again.
    pub(crate) fn failed(
        &mut self,
        partition: &TopicPartition,
        generation: u64,
        error: Error,
        now: Instant,
    ) {
        if self.positions.failed(partition, generation, &error, now) {
            self.partition_error(partition.clone(), error);
        }
        self.changes.plan = true;
        self.changes.fetch = true;
    }

    /// A topic is not there, or may not be read.
    pub(crate) fn topic_error(&mut self, topic: &str, error: &Error) {
        let assigned = self.positions.assignment();
        let assigned: Vec<_> = assigned
            .filter(|one| *one.topic == *topic)
            .cloned()
            .collect();
        if assigned.is_empty() {
            self.error(error.clone());
        }
        for partition in assigned {
            self.partition_error(partition, error.clone());
        }
    }

    /// Topics that somebody has to know the leaders of.
    pub(crate) fn topics(&self) -> BTreeSet<Arc<str>> {
        let assigned = self.positions.assignment().map(|one| one.topic.clone());
        let subscribed = self.membership.subscription().iter();
        assigned
            .chain(subscribed.map(|topic| topic.as_str().into()))
            .collect()
    }

    /// The group has no offset for a partition.
    pub(crate) fn not_committed(&mut self, lookup: &Lookup) {
        let (partition, generation) = (&lookup.partition, lookup.generation);
        if !self.positions.is_current(partition, generation) {
            return;
        }
        if let Some(origin) = self.reset.origin() {
            self.positions.reset(partition, origin);
        } else {
            self.positions.stop(partition, None);
            let error = refused("OffsetFetch", partition, ErrorCode::OFFSET_OUT_OF_RANGE);
            self.partition_error(partition.clone(), error);
        }
        self.changes.plan = true;
    }

    /// A position was found out, without or by a leader of epoch `leader_epoch`.
    pub(crate) fn found(&mut self, lookup: &Lookup, position: Position, leader_epoch: Option<i32>) {
        self.changes.fetch |= self.positions.found(lookup, position, leader_epoch);
    }
}

/// The broker of what no broker sent.
const NO_NODE: i32 = -1;
