//! All that a consumer knows: positions, what was fetched, events in line, its part in the group. Pure.
//!
//! The application (through `poll`), the fetch tasks and the group's task meet here and nowhere else; [`shared`](super::shared) puts a
//! lock around it and wakes whom a change concerns.

mod fetching;
mod rebalance;

use std::collections::VecDeque;
use std::sync::Arc;

use kafka_wire::ErrorCode;
use kafka_wire::records::Codecs;

use crate::consumer::Event;
use crate::consumer::buffer::{Buffer, Verdict};
use crate::consumer::chunk::{Chunk, End, OpenLimits};
use crate::consumer::config::{OffsetReset, Start};
use crate::consumer::membership::Membership;
use crate::consumer::pattern::Pattern;
use crate::consumer::position::{Origin, Position, Positions};
use crate::consumer::records::{Fault, unreadable};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// What everybody who has to do with one consumer shares.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) positions: Positions,
    pub(crate) membership: Membership,
    /// Where the topics of the subscription come from, if they were not named.
    pattern: Option<Arc<Pattern>>,
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
#[expect(
    clippy::struct_excessive_bools,
    reason = "four bells, each of which rings or does not"
)]
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
    line: Option<u64>,
    from: Position,
    fault: Arc<Fault>,
}

impl State {
    /// Nothing assigned yet.
    pub(crate) fn new(positions: Positions, reset: OffsetReset, limits: OpenLimits) -> Self {
        Self {
            positions,
            membership: Membership::default(),
            pattern: None,
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

    /// Replaces the assignment.
    pub(crate) fn assign(&mut self, partitions: impl Iterator<Item = (TopicPartition, Start)>) {
        self.forget_assignment();
        self.pattern = None;
        self.membership.unsubscribe();
        self.pending.retain(Result::is_err);
        for (partition, start) in partitions {
            match place(start) {
                Ok(position) => self.positions.add_at(partition, position),
                Err(origin) => self.positions.add_from(partition, origin),
            }
        }
        self.changed_assignment();
    }

    /// Reads `topics` as a member of the group from now on.
    pub(crate) fn subscribe(&mut self, topics: Vec<String>) {
        self.pattern = None;
        self.subscribe_to(topics);
    }

    /// Reads the topics that `pattern` matches as a member of the group from now on; which they are, will be told.
    pub(crate) fn subscribe_pattern(&mut self, pattern: Pattern) {
        self.pattern = Some(Arc::new(pattern));
        if !self.membership.is_subscribed() {
            self.subscribe_to(Vec::new());
        }
        self.changes.plan = true;
    }

    /// Where the topics of the subscription come from, if they were not named.
    pub(crate) fn pattern(&self) -> Option<Arc<Pattern>> {
        self.pattern.clone()
    }

    /// Whether that is still so.
    pub(crate) fn is_pattern(&self, pattern: &Arc<Pattern>) -> bool {
        let now = self.pattern.as_ref();
        now.is_some_and(|now| Arc::ptr_eq(now, pattern))
    }

    /// These are all topics that `pattern` matches.
    pub(crate) fn matched(&mut self, pattern: &Arc<Pattern>, mut topics: Vec<String>) {
        topics.sort();
        if self.is_pattern(pattern) && self.membership.subscription() != topics {
            self.subscribe_to(topics);
        }
    }

    fn subscribe_to(&mut self, topics: Vec<String>) {
        if !self.membership.is_subscribed() {
            self.forget_assignment();
        }
        self.membership.subscribe(topics);
        self.changed_assignment();
    }

    /// Goes on there.
    pub(crate) fn seek_to(&mut self, partition: &TopicPartition, start: Start) {
        self.buffer.discard(partition);
        match place(start) {
            Ok(position) => self.positions.seek(partition, position),
            Err(origin) => self.positions.reset(partition, origin),
        }
        self.changes.fetch = true;
        self.changes.plan = true;
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
            && self.positions.line(&last.partition) == last.line
        {
            let error = unreadable(&last.partition, offset, error);
            self.stop(last.partition, offset.into(), error);
        }
        if let Some(node) = self.buffer.done_reading() {
            self.changes.fetch |= self.buffer.answers(node) < MAX_ANSWERS;
        }
        self.changes.group |= self.membership.came_back();
    }

    /// The application is in `poll`.
    pub(crate) fn enter_poll(&mut self) {
        self.changes.group |= self.membership.enter_poll();
    }

    /// The next event; `None` if there is nothing to tell. What is returned has to reach the application: positions have moved.
    pub(crate) fn next(&mut self) -> Option<Result<Event, Error>> {
        if let Some(next) = self.pending.pop_front() {
            if let Ok(Event::Revoked(partitions)) = &next {
                let mut offsets = self.finished();
                offsets.retain(|(partition, _)| partitions.contains(partition));
                self.membership.revocation_told(offsets);
                for partition in partitions {
                    self.forget(partition);
                }
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
        let from = chunk.start();
        let records = chunk.take(&self.limits, &mut self.codecs);
        self.positions
            .moved(&chunk.partition, chunk.generation, chunk.start());
        let records = records?;
        self.buffer.read(node, chunk);
        self.unfinished = Some(Unfinished {
            partition: chunk.partition.clone(),
            line: self.positions.line(&chunk.partition),
            from,
            fault: records.fault().clone(),
        });
        Some(Event::Records(records))
    }

    /// All records of a chunk were taken: what comes behind them?
    fn end(&mut self, chunk: Chunk) -> Option<Event> {
        // Hidden batches may have been all that an answer had.
        self.changes.fetch = true;
        let position = Some(chunk.behind());
        let partition = chunk.partition;
        let error = match (chunk.end, self.reset.origin()) {
            (End::Open, _) => return None,
            (End::OutOfRange, Some(origin)) => {
                self.positions.reset(&partition, origin);
                self.changes.plan = true;
                return None;
            }
            (End::OutOfRange, None) => refused("Fetch", &partition, ErrorCode::OFFSET_OUT_OF_RANGE),
            (End::Failed(error), _) => *error,
        };
        self.positions.stop(&partition, position);
        Some(Event::PartitionError { partition, error })
    }

    /// Positions up to which the application has finished: all but what the last `poll` handed out.
    pub(crate) fn finished(&self) -> Vec<(TopicPartition, Position)> {
        let positions = self.positions.positions().map(|(partition, position)| {
            let unfinished = self.unfinished.as_ref().filter(|last| {
                last.partition == *partition && self.positions.line(partition) == last.line
            });
            (
                partition.clone(),
                unfinished.map_or(position, |last| last.from),
            )
        });
        positions.collect()
    }

    /// Bytes of the fetch answers that are held.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.buffer.bytes()
    }

    /// Something went wrong that the application should know; reading goes on.
    pub(crate) fn error(&mut self, error: Error) {
        self.tell(Err(error));
    }

    /// The same about one partition.
    pub(crate) fn partition_error(&mut self, partition: TopicPartition, error: Error) {
        self.tell(Ok(Event::PartitionError { partition, error }));
    }

    fn stop(&mut self, partition: TopicPartition, position: Position, error: Error) {
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

/// A place that is known, or how to find it.
fn place(start: Start) -> Result<Position, Origin> {
    match start {
        Start::Earliest => Err(Origin::Earliest),
        Start::Latest => Err(Origin::Latest),
        Start::Timestamp(time) => Err(Origin::Timestamp(time)),
        Start::Committed => Err(Origin::Committed),
        Start::Offset(offset) => Ok(offset.into()),
        Start::Position {
            offset,
            leader_epoch,
        } => Ok(Position::told(offset, leader_epoch)),
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
