//! What fetch tasks and look-ups do to a consumer's state.

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_wire::ErrorCode;
use tokio::time::Instant;

use crate::consumer::chunk::{Chunk, End};
use crate::consumer::config::OffsetReset;
use crate::consumer::position::{Lookup, Origin, Wanted};
use crate::consumer::state::{MAX_ANSWERS, State, refused};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

impl State {
    /// What to fetch from `node` now; empty if there is nothing, or no room for the answer.
    pub(crate) fn next_fetch(
        &mut self,
        node: i32,
        now: Instant,
        leads: impl Fn(&TopicPartition) -> bool,
    ) -> Vec<Wanted> {
        let stays = |partition: &TopicPartition| !self.membership.gives_up(partition);
        let wanted = self.positions.wanted(now, |one| leads(one) && stays(one));
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

    /// What came of a partition that was asked for.
    pub(crate) fn fetched(&mut self, node: i32, asked: &Wanted, chunk: Chunk) {
        let next = matches!(chunk.end, End::Open).then_some(chunk.next);
        if self.positions.fetched(asked, chunk.high_watermark, next) && !chunk.is_void() {
            self.buffer.push(node, chunk);
            self.changes.ready = true;
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
        match self.reset {
            OffsetReset::Earliest => self.positions.reset(partition, Origin::Earliest),
            OffsetReset::Latest => self.positions.reset(partition, Origin::Latest),
            OffsetReset::Fail => {
                self.positions.stop(partition, None);
                let error = refused("OffsetFetch", partition, ErrorCode::OFFSET_OUT_OF_RANGE);
                self.partition_error(partition.clone(), error);
            }
        }
        self.changes.plan = true;
    }

    /// A position was found out.
    pub(crate) fn found(&mut self, lookup: &Lookup, offset: i64) {
        self.changes.fetch |= self.positions.found(lookup, offset);
    }
}
