//! The batches of one partition, in order, and the rules that keep the order. Pure: no I/O, no clock, no task.
//!
//! ```text
//! append ─► open ─► ready ─► in flight ─► settled
//!                    ▲            │
//!                    └── again ───┘        back to its place, oldest first
//! ```
//! - With idempotence up to five batches are in flight; only one as long as the broker has not written any under the present numbers,
//!   and only one while any batch is being repeated: nothing overtakes it.
//! - Without idempotence one batch is in flight, unless nothing is ever repeated.
//! - Batches in flight are all with the same broker: after a change of leader, the new one gets nothing before the old one has answered
//!   or lost its connection.
//! - Numbers are given when a batch is first sent, and kept as long as the batch may be written under them ([`idempotence`](super::idempotence)).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::records::NewRecord;
use tokio::time::Instant;

use super::batch::Batch;
use super::delivery::{Completion, Failure, Outcome};
use super::idempotence::{Place, Trace};
use super::memory::{Buffer, Memory, capacity_for};
use super::send_error::SendErrorKind;
use super::sequence::{Identity, Sequence};

/// What holds for all partitions of a producer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Most bytes of a batch of several records.
    pub(crate) batch_size: usize,
    /// Most records of a batch.
    pub(crate) batch_records: u32,
    /// Longest wait for more records.
    pub(crate) linger: Duration,
    /// Longest life of a batch.
    pub(crate) delivery_timeout: Duration,
    /// Whether batches are numbered.
    pub(crate) idempotent: bool,
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
    not_before: Option<Instant>,
    next_number: u64,
    /// Bytes of the last batch: what to expect of the next.
    expected: usize,
    closed: bool,
    /// Whether a batch was started or became ready since somebody asked.
    changed: bool,
    /// Whether the sender has been told to look here.
    pub(crate) listed: bool,
}

/// A batch in flight, which is elsewhere meanwhile.
#[derive(Debug)]
struct Flight {
    number: u64,
    node: i32,
    deadline: Instant,
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
            not_before: None,
            next_number: 0,
            expected: 0,
            closed: false,
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
        if open.records >= self.rules.batch_records || open.len() >= self.rules.batch_size {
            self.close_open();
        }
        Some((completion, index))
    }

    /// Bytes to get for the next batch, whose first record takes at most `size`.
    pub(crate) fn wanted_capacity(&self, size: usize) -> usize {
        let least = size + kafka_wire::records::BATCH_HEADER_BYTES;
        capacity_for(self.expected.max(least), least, self.rules.batch_size)
    }

    /// Starts a batch in `buffer`. The last one, if it still took records, becomes ready.
    pub(crate) fn start(&mut self, buffer: Buffer, now: Instant) {
        self.close_open();
        let completion = Arc::new(Completion::new(self.topic.clone(), self.partition));
        let deadline = now + self.rules.delivery_timeout;
        let number = self.next_number;
        self.next_number += 1;
        self.changed = true;
        self.linger_until = now + self.rules.linger;
        self.open = Some(Batch::new(
            number,
            completion,
            deadline,
            self.rules.batch_size,
            buffer,
        ));
    }

    /// Whether the sender has to be told that something changed; at most once until it looks.
    #[inline]
    pub(crate) fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.changed) && !std::mem::replace(&mut self.listed, true)
    }

    /// How many batches take no records any more and wait.
    pub(crate) fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// Whether records are refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Bytes of the next batch to send, before compression.
    pub(crate) fn head_bytes(&self) -> usize {
        let head = self.ready.front().or(self.open.as_ref());
        head.map_or(0, Batch::len)
    }

    /// Whether there is no batch at all.
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
        self.closed = true;
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
        let next = [self.next_try(now), self.oldest_deadline()];
        Survey {
            is_ready: self.is_ready(now, patience),
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
            && let Err(instead) = self.number_head(identity)
        {
            return instead;
        }
        let Some(mut batch) = self.ready.pop_front() else {
            return Take::Nothing;
        };
        batch.attempts += 1;
        batch.on_its_way = true;
        self.not_before = None;
        self.in_flight.push_back(Flight {
            number: batch.number,
            node,
            deadline: batch.deadline,
            completion: batch.completion.clone(),
        });
        Take::Batch(batch)
    }

    /// Where a batch that is in flight stands.
    pub(crate) fn place(&self, batch: &Batch) -> Place {
        let number = batch.number;
        let before = |other: u64| other < number;
        let is_behind = self.in_flight.iter().any(|flight| before(flight.number))
            || self.ready.front().is_some_and(|other| before(other.number));
        match batch.stamp {
            None => Place::Unnumbered,
            Some(_) if is_behind => Place::Behind,
            Some(_) => Place::Head,
        }
    }

    /// A batch was written.
    pub(crate) fn written(&mut self, batch: &mut Batch) {
        self.land(batch);
        if let (Some(sequence), Some(stamp)) = (&mut self.sequence, batch.stamp)
            && (sequence.identity.id, sequence.identity.epoch) == (stamp.id, stamp.epoch)
        {
            sequence.confirmed = true;
        }
    }

    /// A batch failed for good: the numbers it had are a gap, unless it is written after all.
    pub(crate) fn failed(&mut self, batch: &mut Batch, trace: Trace) {
        self.land(batch);
        batch.maybe_written |= trace == Trace::Possible;
        self.gap_after(batch);
    }

    /// A batch goes again after `wait`, from its old place. Back it comes if it must fail instead: its time is up.
    pub(crate) fn again(
        &mut self,
        mut batch: Batch,
        trace: Trace,
        wait: Duration,
        now: Instant,
    ) -> Option<Batch> {
        self.land(&batch);
        batch.on_its_way = false;
        batch.maybe_written |= trace == Trace::Possible;
        if self.closed || batch.completion.is_done() || batch.deadline <= now {
            self.gap_after(&batch);
            return Some(batch);
        }
        if !wait.is_zero() {
            self.not_before = Some(now + wait).max(self.not_before);
        }
        let place = self
            .ready
            .partition_point(|other| other.number < batch.number);
        self.ready.insert(place, batch);
        None
    }

    /// A batch, and all after it, are sent under new numbers: the broker has none of them.
    pub(crate) fn renumber(&mut self, batch: &Batch) {
        let from = self.renumber_from.unwrap_or(batch.number);
        self.renumber_from = Some(from.min(batch.number));
    }

    /// The partition has another leader: no reason to wait, but one to be careful.
    pub(crate) fn moved(&mut self) {
        self.not_before = None;
        if let Some(sequence) = &mut self.sequence {
            sequence.confirmed = false;
        }
    }

    fn close_open(&mut self) {
        if let Some(batch) = self.open.take() {
            self.changed = true;
            self.expected = batch.len();
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
        let repeats = self.ready.front().is_some_and(|batch| batch.attempts > 0);
        let confirmed = || self.sequence.is_some_and(|sequence| sequence.confirmed);
        if repeats || (self.rules.idempotent && !confirmed()) {
            1
        } else {
            self.rules.window
        }
    }

    /// When waiting ends; `None` while only an answer can change anything.
    fn next_try(&self, now: Instant) -> Option<Instant> {
        if self.in_flight.len() >= self.window() {
            return None;
        }
        if self.ready.is_empty() {
            return self.open.as_ref().map(|_| self.linger_until.max(now));
        }
        self.not_before
    }

    fn oldest_deadline(&self) -> Option<Instant> {
        let waiting = self.ready.front().or(self.open.as_ref());
        let waiting = waiting.map(|batch| batch.deadline);
        let mut in_flight = self.in_flight.iter();
        let in_flight = in_flight.find(|flight| !flight.completion.is_done());
        let in_flight = in_flight.map(|flight| flight.deadline);
        [waiting, in_flight].into_iter().flatten().min()
    }

    fn expire(&mut self, now: Instant) -> Vec<Batch> {
        for flight in &self.in_flight {
            if flight.deadline <= now && !flight.completion.is_done() {
                // The socket may still hold its bytes, so the batch itself comes to rest only when its request does.
                flight
                    .completion
                    .complete(Outcome::Failed(Box::new(Failure {
                        kind: self.expiry(),
                        possibly_written: true,
                        cause: None,
                        blamed: Vec::new(),
                    })));
            }
        }
        if self.open.as_ref().is_some_and(|open| open.deadline <= now) {
            self.close_open();
        }
        let mut expired = Vec::new();
        while let Some(batch) = self.ready.pop_front_if(|batch| batch.deadline <= now) {
            self.gap_after(&batch);
            self.not_before = None;
            expired.push(batch);
        }
        expired
    }

    /// How a batch fails whose time is up.
    pub(crate) fn expiry(&self) -> SendErrorKind {
        SendErrorKind::Expired {
            after: self.rules.delivery_timeout,
        }
    }

    /// A batch is not in flight any more.
    fn land(&mut self, batch: &Batch) {
        self.in_flight
            .retain(|flight| flight.number != batch.number);
    }

    /// The broker waits in vain for the numbers of a batch that is certainly not written, so those after it need others. Of one that may
    /// be written nobody can tell; the answer to the next batch will.
    fn gap_after(&mut self, batch: &Batch) {
        if batch.stamp.is_some() && !batch.maybe_written {
            let from = self.renumber_from.unwrap_or(u64::MAX);
            self.renumber_from = Some(from.min(batch.number + 1));
        }
    }

    /// Gives numbers to the oldest batch that is ready, if it needs any.
    fn number_head(&mut self, identity: Option<Identity>) -> Result<(), Take> {
        let Some(head) = self.ready.front() else {
            return Ok(());
        };
        let renumber = self.renumber_from.is_some_and(|from| head.number >= from);
        if head.stamp.is_some() && !renumber {
            return Ok(());
        }
        if renumber || self.sequence.is_none() {
            if !self.in_flight.is_empty() {
                // What is in flight has the old numbers; first let it settle.
                return Err(Take::Nothing);
            }
            self.start_sequence(identity)?;
        }
        if let (Some(head), Some(sequence)) = (self.ready.front_mut(), &mut self.sequence) {
            head.stamp = Some(sequence.take(head.records));
        }
        Ok(())
    }

    /// Starts at 0 again: under the next epoch, or under another identity if there is none left.
    ///
    /// An idempotent producer raises its epoch by itself, for one partition alone, as Kafka's own client does: `InitProducerId` would give
    /// it another id, and then nothing would fence off what it sent before.
    fn start_sequence(&mut self, identity: Option<Identity>) -> Result<(), Take> {
        let used = self.sequence.map(|sequence| sequence.identity);
        let next = used
            .and_then(Identity::next_epoch)
            .or_else(|| identity.filter(|fresh| used.is_none_or(|used| used.id != fresh.id)));
        let next = next.ok_or(Take::Identity(used))?;
        self.sequence = Some(Sequence::new(next));
        self.renumber_from = None;
        for batch in &mut self.ready {
            batch.stamp = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
