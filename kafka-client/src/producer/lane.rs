//! The batches of one partition, in order, and the rules that keep the order. Pure: no I/O, no clock, no task.
//!
//! ```text
//! append ─► open ─► ready ─► in flight ─► settled
//!                    ▲            │
//!                    └── again ───┘        back to its place, oldest first
//! ```
//! - With idempotence up to five batches are in flight; only one as long as the broker has not written any under the present numbers
//!   or may have forgotten them since, and only one while any batch is being repeated: nothing overtakes it.
//! - Without idempotence one batch is in flight, unless nothing is ever repeated.
//! - Batches in flight are all with the same broker: after a change of leader, the new one gets nothing before the old one has answered
//!   or lost its connection.
//! - Numbers are given when a batch is first sent, and kept as long as the batch may be written under them: `lane/outcome.rs`.
//! - The halves of a batch that the broker finds too large take its place and its numbers, and the batches after it keep theirs:
//!   `lane/splitting.rs`.

mod expiry;
mod outcome;
mod splitting;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::records::{Compression, NewRecord};
use tokio::time::Instant;

use self::outcome::Missing;
use super::batch::Batch;
use super::delivery::Completion;
use super::memory::{Buffer, Memory, capacity_for};
use super::sequence::{Identity, Sequence};

/// What holds for all partitions of a producer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Most bytes of a batch of several records.
    pub(crate) batch_size: usize,
    /// Most records of a batch.
    pub(crate) batch_records: u32,
    /// How batches will be compressed.
    pub(crate) compression: Compression,
    /// Longest wait for more records.
    pub(crate) linger: Duration,
    /// Longest life of a batch.
    pub(crate) delivery_timeout: Duration,
    /// Whether batches are numbered.
    pub(crate) idempotent: bool,
    /// Whether they come in transactions: then the coordinator alone gives out epochs.
    pub(crate) transactional: bool,
    /// Batches in flight at a time when nothing is amiss.
    pub(crate) window: usize,
}

/// Whether batches may wait for more records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// For `linger`.
    Linger,
    /// Not at all: somebody waits for memory, or the producer is being closed.
    None,
}

/// One partition's batches.
#[derive(Debug)]
pub(crate) struct Lane {
    rules: Rules,
    topic: Arc<str>,
    partition: i32,
    /// Takes records.
    open: Option<Batch>,
    /// When the open batch has waited long enough.
    linger_until: Instant,
    /// Take no records any more; oldest first, so those to be repeated are in front.
    ready: VecDeque<Batch>,
    /// With a broker, oldest first.
    in_flight: VecDeque<Flight>,
    sequence: Option<Sequence>,
    /// Batches from this one on need numbers of another epoch.
    renumber_from: Option<u64>,
    /// The newest batch that failed and may be written all the same, as long as no later one has been.
    unresolved: Option<u64>,
    not_before: Option<Instant>,
    /// When a batch was last sent.
    last_sent: Instant,
    /// The number of the next batch: records of those before.
    next_number: u64,
    /// Most bytes of a new batch.
    limit: usize,
    /// Until when that is less than the rules allow.
    narrow_until: Instant,
    /// Bytes of the largest batch that a broker took.
    largest_written: usize,
    /// Bytes of the last batch: what to expect of the next.
    expected: usize,
    door: Door,
    /// Whether a batch was started or became ready since somebody asked.
    changed: bool,
    /// Whether the sender has been told to look here.
    pub(crate) listed: bool,
}

/// What becomes of new records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// They are taken.
    Open,
    /// The topic is forgotten: they go to another lane.
    Retired,
    /// They are refused.
    Closed,
}

/// A batch in flight, which is elsewhere meanwhile.
#[derive(Debug)]
struct Flight {
    number: u64,
    node: i32,
    deadline: Instant,
    is_repeated: bool,
    completion: Arc<Completion>,
}

/// What there is to do for a partition.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// A batch can be sent now.
    pub(crate) is_ready: bool,
    /// When to look again, if nothing happens before.
    pub(crate) next: Option<Instant>,
    /// Batches whose time is up, taken out.
    pub(crate) expired: Vec<Batch>,
}

/// A batch to send, or why there is none.
#[derive(Debug)]
pub(crate) enum Take {
    /// This one.
    Batch(Batch),
    /// None now.
    Nothing,
    /// One, as soon as there is an identity; another one than this.
    Identity(Option<Identity>),
}

impl Lane {
    /// No batches yet.
    pub(crate) fn new(rules: Rules, topic: Arc<str>, partition: i32, now: Instant) -> Self {
        Self {
            rules,
            topic,
            partition,
            open: None,
            linger_until: now,
            ready: VecDeque::new(),
            in_flight: VecDeque::new(),
            sequence: None,
            renumber_from: None,
            unresolved: None,
            not_before: None,
            last_sent: now,
            next_number: 0,
            limit: rules.batch_size,
            narrow_until: now,
            largest_written: 0,
            expected: 0,
            door: Door::Open,
            changed: false,
            listed: false,
        }
    }

    /// Appends a record of at most `size` bytes to the open batch: the batch's completion and the record's index, or `None` if a
    /// new batch is needed. A batch that is full becomes ready.
    #[inline]
    pub(crate) fn append(
        &mut self,
        record: NewRecord<'_>,
        size: usize,
        memory: &Memory,
    ) -> Option<(Arc<Completion>, u32)> {
        let open = self.open.as_mut()?;
        let Some(index) = open.append(record, size, memory) else {
            self.close_open();
            return None;
        };
        let completion = open.completion.clone();
        if open.records >= self.rules.batch_records || open.len() >= self.limit {
            self.close_open();
        }
        Some((completion, index))
    }

    /// Bytes to get for the next batch, whose first record takes at most `size`.
    pub(crate) fn wanted_capacity(&self, size: usize) -> usize {
        let least = size + kafka_wire::records::BATCH_HEADER_BYTES;
        capacity_for(self.expected.max(least), least, self.limit)
    }

    /// Starts a batch in `buffer`. The last one, if it still took records, becomes ready.
    pub(crate) fn start(&mut self, buffer: Buffer, now: Instant) {
        self.close_open();
        let completion = Arc::new(Completion::new(self.topic.clone(), self.partition));
        let deadline = now + self.rules.delivery_timeout;
        if now >= self.narrow_until {
            self.limit = self.rules.batch_size;
        }
        let rules = Rules {
            batch_size: self.limit,
            ..self.rules
        };
        self.changed = true;
        self.linger_until = now + self.rules.linger;
        self.open = Some(Batch::new(
            self.next_number,
            completion,
            deadline,
            &rules,
            buffer,
        ));
    }

    /// Whether the sender has to be told that something changed; at most once until it looks.
    #[inline]
    pub(crate) fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.changed) && !std::mem::replace(&mut self.listed, true)
    }

    /// Records that were put here so far.
    pub(crate) fn records_taken(&self) -> u64 {
        let open = self.open.as_ref();
        open.map_or(self.next_number, |open| {
            open.number + u64::from(open.records)
        })
    }

    /// How many batches take no records any more and wait.
    #[cfg(test)]
    pub(crate) fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// Whether records are refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.door == Door::Closed
    }

    /// Bytes of the next batch to send, before compression.
    pub(crate) fn head_bytes(&self) -> usize {
        let head = self.ready.front().or(self.open.as_ref());
        head.map_or(0, Batch::len)
    }

    /// Whether there is no batch at all.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_none() && self.ready.is_empty() && self.in_flight.is_empty()
    }

    /// Makes the open batch ready at once, and tells what has no outcome yet.
    pub(crate) fn flush(&mut self) -> Vec<Arc<Completion>> {
        self.close_open();
        let in_flight = self.in_flight.iter().map(|flight| &flight.completion);
        let ready = self.ready.iter().map(|batch| &batch.completion);
        in_flight.chain(ready).cloned().collect()
    }

    /// Refuses records from now on and gives up all batches that are here.
    pub(crate) fn close(&mut self) -> Vec<Batch> {
        self.door = Door::Closed;
        self.give_up()
    }

    /// Gives up all batches that are here.
    pub(crate) fn give_up(&mut self) -> Vec<Batch> {
        self.close_open();
        let batches: Vec<_> = self.ready.drain(..).collect();
        for batch in &batches {
            self.gap_after(batch);
        }
        batches
    }

    /// What there is to do. Takes out what has expired.
    pub(crate) fn survey(&mut self, now: Instant, patience: Patience) -> Survey {
        let expired = self.expire(now);
        self.doubt(now);
        let is_ready = self.is_ready(now, patience);
        // What is ready needs no alarm: whoever has it in line will come.
        let next_try = self.next_try().filter(|_| !is_ready);
        let next = [next_try, self.oldest_deadline()];
        Survey {
            is_ready,
            next: next.into_iter().flatten().min(),
            expired,
        }
    }

    /// The next batch to send to `node`.
    pub(crate) fn take(
        &mut self,
        node: i32,
        now: Instant,
        patience: Patience,
        identity: Option<Identity>,
    ) -> Take {
        self.doubt(now);
        let elsewhere = self
            .in_flight
            .front()
            .is_some_and(|flight| flight.node != node);
        if elsewhere || !self.is_ready(now, patience) {
            return Take::Nothing;
        }
        if self.ready.is_empty() {
            self.close_open();
        }
        if self.rules.idempotent
            && let Err(missing) = self.number_head(identity)
        {
            return match missing {
                Missing::Quiet => Take::Nothing,
                Missing::Identity(used) => Take::Identity(used),
            };
        }
        let Some(mut batch) = self.ready.pop_front() else {
            return Take::Nothing;
        };
        batch.attempts += 1;
        batch.on_its_way = true;
        self.not_before = None;
        self.last_sent = now;
        self.in_flight.push_back(Flight {
            number: batch.number,
            node,
            deadline: batch.deadline,
            is_repeated: batch.attempts > 1,
            completion: batch.completion.clone(),
        });
        Take::Batch(batch)
    }

    fn close_open(&mut self) {
        if let Some(batch) = self.open.take() {
            self.changed = true;
            self.expected = batch.len();
            self.next_number = batch.number + u64::from(batch.records.max(1));
            self.ready.push_back(batch);
        }
    }

    fn is_ready(&self, now: Instant, patience: Patience) -> bool {
        if self.in_flight.len() >= self.window() {
            return false;
        }
        if self.ready.is_empty() {
            self.open.is_some() && (patience == Patience::None || self.linger_until <= now)
        } else {
            self.not_before.is_none_or(|at| at <= now)
        }
    }

    fn window(&self) -> usize {
        let repeats = self.ready.front().is_some_and(|batch| batch.attempts > 0)
            || self.in_flight.iter().any(|flight| flight.is_repeated);
        let confirmed = || self.sequence.is_some_and(|sequence| sequence.confirmed);
        if repeats || (self.rules.idempotent && !confirmed()) {
            1
        } else {
            self.rules.window
        }
    }

    /// When waiting ends; `None` while only an answer can change anything.
    fn next_try(&self) -> Option<Instant> {
        if self.in_flight.len() >= self.window() {
            return None;
        }
        if self.ready.is_empty() {
            return self.open.as_ref().map(|_| self.linger_until);
        }
        self.not_before
    }
}

#[cfg(test)]
mod tests;
