//! What becomes of the batches of a lane once they were sent, and under which numbers they go.

use std::time::Duration;

use tokio::time::Instant;

use super::Lane;
use crate::producer::batch::Batch;
use crate::producer::idempotence::{Place, Trace};
use crate::producer::sequence::{Identity, Sequence};

/// What a batch has to wait for before it gets its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// That nothing is in flight.
    Quiet,
    /// An identity; another one than this.
    Identity(Option<Identity>),
}

/// Far less than any sensible `producer.id.expiration.ms`, whose default is a day, and long enough to cost nothing.
const SILENCE: Duration = Duration::from_mins(1);

impl Lane {
    /// Where a batch that is in flight stands.
    pub(crate) fn place(&self, batch: &Batch) -> Place {
        let number = batch.number;
        let before = |other: u64| other < number;
        let is_behind = self.in_flight.iter().any(|flight| before(flight.number))
            || self.ready.front().is_some_and(|other| before(other.number));
        match batch.stamp {
            None => Place::Unnumbered,
            Some(_) if is_behind => Place::Behind,
            Some(_) if batch.is_fragment => Place::Unresolved,
            Some(_) if batch.maybe_written && self.unresolved.is_some() => Place::Unresolved,
            Some(_) => Place::Head,
        }
    }

    /// A batch was written.
    pub(crate) fn written(&mut self, batch: &mut Batch) {
        self.land(batch);
        self.largest_written = self.largest_written.max(batch.len());
        if let (Some(sequence), Some(stamp)) = (&mut self.sequence, batch.stamp)
            && (sequence.identity.id, sequence.identity.epoch) == (stamp.id, stamp.epoch)
        {
            sequence.confirmed = true;
            // Numbers have no gap, so what is before it is there as well.
            self.unresolved = self.unresolved.filter(|lost| *lost > batch.number);
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
        if self.is_over(&batch, now) {
            self.gap_after(&batch);
            return Some(batch);
        }
        if !wait.is_zero() {
            self.not_before = Some(now + wait).max(self.not_before);
        }
        self.put_back(batch);
        None
    }

    /// Whether a batch must not be sent any more.
    pub(crate) fn is_over(&self, batch: &Batch, now: Instant) -> bool {
        self.is_closed() || batch.completion.is_done() || batch.deadline <= now
    }

    /// Puts a batch to its place among those that are ready.
    pub(super) fn put_back(&mut self, batch: Batch) {
        let place = self
            .ready
            .partition_point(|other| other.number < batch.number);
        self.ready.insert(place, batch);
    }

    /// A batch, and all after it, are sent under new numbers: the broker has none of them.
    pub(crate) fn renumber(&mut self, batch: &Batch) {
        let from = self.renumber_from.unwrap_or(batch.number);
        self.renumber_from = Some(from.min(batch.number));
    }

    /// Nothing is numbered any more: another epoch has begun, or will have.
    pub(crate) fn forget_sequence(&mut self) {
        self.sequence = None;
        self.renumber_from = None;
        self.unresolved = None;
    }

    /// Where the numbers go on.
    pub(crate) fn sequence(&self) -> Option<Sequence> {
        self.sequence
    }

    /// The numbers go on where they were when the topic was forgotten.
    pub(crate) fn resume(&mut self, mut sequence: Sequence) {
        // The broker may have forgotten the producer by now.
        sequence.confirmed = false;
        self.sequence = Some(sequence);
    }

    /// The partition has another leader: no reason to wait, but one to be careful.
    pub(crate) fn moved(&mut self) {
        self.not_before = None;
        if let Some(sequence) = &mut self.sequence {
            sequence.confirmed = false;
        }
    }

    /// A broker forgets producers that are silent for long (`producer.id.expiration.ms`) and then takes any number for the first one:
    /// after a silence, one batch goes ahead of the others.
    pub(super) fn doubt(&mut self, now: Instant) {
        if let Some(sequence) = &mut self.sequence
            && self.in_flight.is_empty()
            && now.saturating_duration_since(self.last_sent) > SILENCE
        {
            sequence.confirmed = false;
        }
    }

    /// A batch is not in flight any more.
    pub(super) fn land(&mut self, batch: &Batch) {
        self.in_flight
            .retain(|flight| flight.number != batch.number);
    }

    /// The broker waits in vain for the numbers of a batch that is certainly not written, so those after it need others. Of one that may
    /// be written nobody can tell; the answer to the next batch will.
    pub(super) fn gap_after(&mut self, batch: &Batch) {
        if batch.stamp.is_none() {
            return;
        }
        if batch.maybe_written {
            self.unresolved = self.unresolved.max(Some(batch.number));
        } else {
            let from = self.renumber_from.unwrap_or(u64::MAX);
            self.renumber_from = Some(from.min(batch.number + 1));
        }
    }

    /// Gives numbers to the oldest batch that is ready, if it needs any.
    pub(super) fn number_head(&mut self, identity: Option<Identity>) -> Result<(), Missing> {
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
                return Err(Missing::Quiet);
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
    fn start_sequence(&mut self, identity: Option<Identity>) -> Result<(), Missing> {
        let used = self.sequence.map(|sequence| sequence.identity);
        let own = |used: Identity| used.next_epoch().filter(|_| !self.rules.transactional);
        let next = used
            .and_then(own)
            .or_else(|| identity.filter(|fresh| used.is_none_or(|used| used.id != fresh.id)));
        let next = next.ok_or(Missing::Identity(used))?;
        self.sequence = Some(Sequence::new(next));
        self.renumber_from = None;
        self.unresolved = None;
        for batch in &mut self.ready {
            batch.stamp = None;
        }
        Ok(())
    }
}
