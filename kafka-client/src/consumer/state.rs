//! All that a consumer knows: positions, what was fetched, events in line, its part in the group. Pure.
//!
//! The application (through `poll`), the fetch tasks and the group's task meet here and nowhere else; [`shared`](super::shared) puts a
//! lock around it and wakes whom a change concerns.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use kafka_wire::ErrorCode;
use kafka_wire::records::Codecs;
use tokio::time::Instant;

use crate::consumer::Event;
use crate::consumer::buffer::{Buffer, Verdict};
use crate::consumer::chunk::{Chunk, End, OpenLimits};
use crate::consumer::config::{OffsetReset, Start};
use crate::consumer::membership::Membership;
use crate::consumer::position::{Lookup, Origin, Positions, Wanted};
use crate::consumer::records::{Fault, unreadable};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// What everybody who has to do with one consumer shares.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) positions: Positions,
    pub(crate) membership: Membership,
    buffer: Buffer,
    /// Told before any records. Errors beyond [`MAX_PENDING`] are dropped.
    pending: VecDeque<Result<Event, Error>>,
    /// What the application got from the last `poll`, until it comes back.
    unfinished: Option<Unfinished>,
    reset: OffsetReset,
    limits: OpenLimits,
    codecs: Codecs,
    changes: Changes,
}

/// Who has to look at the state again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The application: there is an event.
    pub(crate) ready: bool,
    /// Fetch tasks: there may be something to fetch.
    pub(crate) fetch: bool,
    /// The task that finds topics, leaders and positions.
    pub(crate) plan: bool,
    /// The group's task.
    pub(crate) group: bool,
}

#[derive(Debug)]
struct Unfinished {
    partition: TopicPartition,
    generation: u64,
    from: i64,
    fault: Arc<Fault>,
}

impl State {
    /// Nothing assigned yet.
    pub(crate) fn new(positions: Positions, reset: OffsetReset, limits: OpenLimits) -> Self {
        Self {
            positions,
            membership: Membership::default(),
            buffer: Buffer::default(),
            pending: VecDeque::new(),
            unfinished: None,
            reset,
            limits,
            codecs: Codecs::default(),
            changes: Changes::default(),
        }
    }

    /// Who has to be woken since the last call.
    pub(crate) fn changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    // What the application does.

    /// Replaces the assignment.
    pub(crate) fn assign(&mut self, partitions: impl Iterator<Item = (TopicPartition, Start)>) {
        self.forget_assignment();
        self.membership.unsubscribe();
        self.pending.retain(|next| matches!(next, Err(_)));
        for (partition, start) in partitions {
            match start {
                Start::Offset(offset) => self.positions.add_at(partition, offset),
                Start::Earliest => self.positions.add_from(partition, Origin::Earliest),
                Start::Latest => self.positions.add_from(partition, Origin::Latest),
            }
        }
        self.changed_assignment();
    }

    /// Reads `topics` as a member of the group from now on.
    pub(crate) fn subscribe(&mut self, topics: Vec<String>) {
        if !self.membership.is_subscribed() {
            self.forget_assignment();
        }
        self.membership.subscribe(topics);
        self.changed_assignment();
    }

    /// Goes on at `offset`.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        self.buffer.discard(partition);
        self.positions.seek(partition, offset);
        self.changes.fetch = true;
    }

    /// Stops or resumes handing out records of a partition, and fetching it.
    pub(crate) fn set_paused(&mut self, partition: &TopicPartition, paused: bool) {
        self.positions.set_paused(partition, paused);
        self.changes.fetch = true;
        self.changes.plan = true;
        self.changes.ready |= !paused;
    }

    /// The application is back: what it got from the last `poll` is finished, and a revocation that it was told of is done.
    pub(crate) fn came_back(&mut self) {
        if let Some(last) = self.unfinished.take()
            && let Some((offset, error)) = last.fault.get()
            && self.positions.is_current(&last.partition, last.generation)
        {
            let error = unreadable(&last.partition, offset, error);
            self.stop(last.partition, offset, error);
        }
        if let Some(node) = self.buffer.done_reading() {
            self.changes.fetch |= self.buffer.answers(node) < MAX_ANSWERS;
        }
        self.changes.group |= self.membership.came_back();
    }

    /// The next event; `None` if there is nothing to tell. What is returned has to reach the application: positions have moved.
    pub(crate) fn next(&mut self) -> Option<Result<Event, Error>> {
        if let Some(next) = self.pending.pop_front() {
            if matches!(next, Ok(Event::Revoked(_))) {
                let offsets = self.committable();
                self.membership.revocation_told(offsets);
                self.forget_assignment();
            }
            return Some(next);
        }
        loop {
            let positions = &self.positions;
            let (node, mut chunk) = self.buffer.next(|chunk| judge(positions, chunk))?;
            if let Some(event) = self.open(node, &mut chunk) {
                if !chunk.is_taken() || !matches!(chunk.end, End::Open) {
                    self.buffer.put_back(node, chunk);
                }
                return Some(Ok(event));
            }
            if let Some(event) = self.end(chunk) {
                return Some(Ok(event));
            }
        }
    }

    fn open(&mut self, node: i32, chunk: &mut Chunk) -> Option<Event> {
        let from = chunk.from;
        let records = chunk.take(&self.limits, &mut self.codecs);
        self.positions
            .moved(&chunk.partition, chunk.generation, chunk.from);
        let records = records?;
        self.buffer.read(node, chunk.answer);
        self.unfinished = Some(Unfinished {
            partition: chunk.partition.clone(),
            generation: chunk.generation,
            from,
            fault: records.fault().clone(),
        });
        Some(Event::Records(records))
    }

    /// All records of a chunk were taken: what comes behind them?
    fn end(&mut self, chunk: Chunk) -> Option<Event> {
        // Hidden batches may have been all that an answer had.
        self.changes.fetch = true;
        let partition = chunk.partition;
        match (chunk.end, self.reset) {
            (End::Open, _) => return None,
            (End::OutOfRange, OffsetReset::Earliest) => {
                self.positions.reset(&partition, Origin::Earliest);
            }
            (End::OutOfRange, OffsetReset::Latest) => {
                self.positions.reset(&partition, Origin::Latest);
            }
            (End::OutOfRange, OffsetReset::Fail) => {
                let error = refused("Fetch", &partition, ErrorCode::OFFSET_OUT_OF_RANGE);
                self.positions.stop(&partition, Some(chunk.next));
                return Some(Event::PartitionError { partition, error });
            }
            (End::Failed(error), _) => {
                self.positions.stop(&partition, Some(chunk.next));
                let error = *error;
                return Some(Event::PartitionError { partition, error });
            }
        }
        self.changes.plan = true;
        None
    }

    /// Offsets up to which the application has finished: all but what the last `poll` handed out.
    pub(crate) fn committable(&self) -> Vec<(TopicPartition, i64)> {
        let offsets = self.positions.positions().map(|(partition, position)| {
            let unfinished = self.unfinished.as_ref().filter(|last| {
                last.partition == *partition
                    && self.positions.is_current(partition, last.generation)
            });
            (
                partition.clone(),
                unfinished.map_or(position, |last| last.from),
            )
        });
        offsets.collect()
    }

    // What fetch tasks and look-ups do.

    /// What to fetch from `node` now; empty if there is nothing, or no room for the answer.
    pub(crate) fn to_fetch(
        &mut self,
        node: i32,
        now: Instant,
        leads: impl Fn(&TopicPartition) -> bool,
    ) -> Vec<Wanted> {
        if self.membership.is_revoking() {
            return Vec::new();
        }
        let wanted = self.positions.wanted(now, leads);
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

    /// Something went wrong that the application should know; reading goes on.
    pub(crate) fn error(&mut self, error: Error) {
        self.tell(Err(error));
    }

    /// The same about one partition.
    pub(crate) fn partition_error(&mut self, partition: TopicPartition, error: Error) {
        self.tell(Ok(Event::PartitionError { partition, error }));
    }

    // What the group does.

    /// The group rebalances: partitions have to be given up. Nothing is fetched any more; the application is told, and asked for
    /// with [`Membership::revoked`].
    pub(crate) fn revoke(&mut self) {
        if !self.membership.is_subscribed() {
            self.membership.nothing_to_revoke();
            return;
        }
        if self.take_back_assigned() || self.positions.is_empty() {
            self.forget_assignment();
            self.membership.nothing_to_revoke();
            return;
        }
        self.membership.revoking();
        let partitions = self.positions.assignment().cloned().collect();
        self.tell(Ok(Event::Revoked(partitions)));
    }

    /// The group has given the member up, and its partitions to others.
    pub(crate) fn lost(&mut self) {
        if !self.membership.is_subscribed() {
            return;
        }
        self.pending
            .retain(|next| !matches!(next, Ok(Event::Revoked(_))));
        self.membership.revocation_over();
        let unknown = self.take_back_assigned();
        let partitions: Vec<_> = self.positions.assignment().cloned().collect();
        self.forget_assignment();
        if !unknown && !partitions.is_empty() {
            self.tell(Ok(Event::Lost(partitions)));
        }
    }

    /// The group has assigned partitions.
    pub(crate) fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        if !self.membership.is_subscribed() {
            return;
        }
        self.membership.revocation_over();
        self.forget_assignment();
        for partition in &partitions {
            self.positions
                .add_from(partition.clone(), Origin::Committed);
        }
        self.changed_assignment();
        self.tell(Ok(Event::Assigned(partitions)));
    }

    /// Takes an assignment back that the application has not been told of; true if there was one.
    fn take_back_assigned(&mut self) -> bool {
        let before = self.pending.len();
        self.pending
            .retain(|next| !matches!(next, Ok(Event::Assigned(_))));
        self.pending.len() < before
    }

    fn stop(&mut self, partition: TopicPartition, position: i64, error: Error) {
        self.buffer.discard(&partition);
        self.positions.stop(&partition, Some(position));
        self.partition_error(partition, error);
    }

    fn forget_assignment(&mut self) {
        self.positions.clear();
        self.buffer.clear();
        self.changes.fetch = true;
    }

    fn changed_assignment(&mut self) {
        self.changes.plan = true;
        self.changes.fetch = true;
        self.changes.group = true;
    }

    fn tell(&mut self, next: Result<Event, Error>) {
        let is_error = matches!(next, Err(_) | Ok(Event::PartitionError { .. }));
        if is_error && self.pending.len() >= MAX_PENDING {
            return;
        }
        self.pending.push_back(next);
        self.changes.ready = true;
    }
}

/// A chunk is next if it continues the position. One that is ahead of it waits for what another broker sent before.
fn judge(positions: &Positions, chunk: &Chunk) -> Verdict {
    if !positions.is_current(&chunk.partition, chunk.generation) {
        return Verdict::Drop;
    }
    match positions.position(&chunk.partition) {
        Some(position) if chunk.from == position => {
            if positions.is_paused(&chunk.partition) {
                Verdict::Keep
            } else {
                Verdict::Take
            }
        }
        Some(position) if chunk.from > position => Verdict::Keep,
        _ => Verdict::Drop,
    }
}

/// A broker's no, about one partition.
pub(crate) fn refused(api: &'static str, partition: &TopicPartition, code: ErrorCode) -> Error {
    Error::Refused {
        api,
        subject: partition.to_string(),
        code,
        message: None,
    }
}

/// Answers of one broker held at a time: one that is read, one that waits.
const MAX_ANSWERS: usize = 2;
/// Errors in line for an application that does not ask; more are dropped, as they will come again.
const MAX_PENDING: usize = 64;

#[cfg(test)]
mod tests;
