//! What the coordinator knows of one transactional id. Pure: it takes `now`, and hands back which markers are to be written.
//!
//! ```text
//!                   add                      end, or the timeout
//! Empty ─────────────────────────▶ Ongoing ─────────────────────▶ Committed, Aborted
//!   ▲                                 ▲                              │      │
//!   └── init, from anywhere ──────────┼───── init ───────────────────┘      │
//!                                     └───── add ───────────────────────────┘
//! ```
//! The rules are those of Kafka's `TransactionCoordinator`: KIP-98, KIP-360 (who goes on with a higher epoch), KIP-890 (transactions v2:
//! each end raises the epoch). Markers are written in the same step as the decision, so that its `PREPARE_*` states last no time here.

use std::collections::BTreeSet;
use std::time::Duration;

use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Instant;

use super::stability::End;

/// The transactions of one transactional id: at most one is open.
#[derive(Debug)]
pub(super) struct Transaction {
    /// Epoch -1 before the first [`Transaction::init`].
    writer: Writer,
    /// The id before the epochs of this one began; -1 for none.
    previous_id: i64,
    /// The epoch whose owner may repeat what raised it; -1 for none.
    last_epoch: i16,
    timeout: Duration,
    state: State,
    participants: BTreeSet<Participant>,
}

/// A producer and its epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) id: i64,
    pub(super) epoch: i16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Ongoing { since: Instant },
    Ended(End),
}

/// How a client speaks of transactions (`transaction.version`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// The epoch stays from one transaction to the next.
    V1,
    /// Each end raises it (KIP-890).
    V2,
}

/// What a transaction writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Participant {
    /// A partition of a topic.
    Partition(Uuid, i32),
    /// The offsets of the groups in this slot.
    Offsets(usize),
}

/// A decision that participants have to hear of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) end: End,
    /// Who the markers are from.
    pub(super) writer: Writer,
    pub(super) participants: BTreeSet<Participant>,
}

/// What becomes of an [`Transaction::init`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Init {
    /// The producer may begin.
    Ready(Writer),
    /// What its predecessor left is aborted, and it has to ask again.
    Abort(Ending),
}

impl Transaction {
    /// Of a producer id that was never used.
    pub(super) fn new(producer_id: i64) -> Self {
        Self {
            writer: Writer {
                id: producer_id,
                epoch: -1,
            },
            previous_id: -1,
            last_epoch: -1,
            timeout: Duration::ZERO,
            state: State::Empty,
            participants: BTreeSet::new(),
        }
    }

    /// A producer registers; one that goes on says who it was.
    ///
    /// # Errors
    /// It was fenced.
    pub(super) fn init(
        &mut self,
        known: Option<Writer>,
        timeout: Duration,
        fresh_id: impl FnOnce() -> i64,
    ) -> Result<Init, ErrorCode> {
        if known.is_some_and(|known| !self.may_be(known)) {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        if matches!(self.state, State::Ongoing { .. }) {
            return Ok(Init::Abort(self.fence()));
        }
        let (epoch, last) = (self.writer.epoch, self.last_epoch);
        match known.map(|known| known.epoch) {
            known if is_exhausted(epoch) && known.is_none_or(|known| known == epoch) => {
                self.rotate(fresh_id());
                self.last_epoch = known.unwrap_or(-1);
            }
            None => self.raise(-1),
            Some(known) if epoch == -1 || known == epoch => self.raise(epoch),
            // It did not hear the answer.
            Some(known) if known == last => {}
            Some(_) => return Err(ErrorCode::PRODUCER_FENCED),
        }
        self.state = State::Empty;
        self.timeout = timeout;
        Ok(Init::Ready(self.writer))
    }

    /// The transaction writes to these, too; the first of them begin it.
    ///
    /// # Errors
    /// `writer` is not who has the id.
    pub(super) fn add(
        &mut self,
        writer: Writer,
        participants: impl IntoIterator<Item = Participant>,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        self.check(writer)?;
        if !matches!(self.state, State::Ongoing { .. }) {
            self.state = State::Ongoing { since: now };
            self.participants.clear();
        }
        self.participants.extend(participants);
        Ok(())
    }

    /// `Ok` if the transaction writes to `participant`.
    pub(super) fn verify(&self, writer: Writer, participant: Participant) -> Result<(), ErrorCode> {
        self.check(writer)?;
        let is_open = matches!(self.state, State::Ongoing { .. });
        if is_open && self.participants.contains(&participant) {
            return Ok(());
        }
        Err(ErrorCode::TRANSACTION_ABORTABLE)
    }

    /// The producer ends its transaction. Who writes the next one, and what is to be done.
    ///
    /// # Errors
    /// `writer` is not who has the id, or there is nothing to end in this way.
    pub(super) fn end(
        &mut self,
        writer: Writer,
        end: End,
        protocol: Protocol,
        fresh_id: impl FnOnce() -> i64,
    ) -> Result<(Writer, Option<Ending>), ErrorCode> {
        match protocol {
            Protocol::V1 => self.may_end_v1(writer, end)?,
            Protocol::V2 if self.may_end_v2(writer, end)? == Repeated::Yes => {
                return Ok((self.writer, None));
            }
            Protocol::V2 => {}
        }
        if protocol == Protocol::V1 && self.state == State::Ended(end) {
            return Ok((self.writer, None));
        }
        let is_last = protocol == Protocol::V2 && is_exhausted(self.writer.epoch);
        if protocol == Protocol::V2 {
            self.raise(self.writer.epoch);
        }
        let ending = self.finish(end);
        if is_last {
            self.rotate(fresh_id());
        }
        Ok((self.writer, Some(ending)))
    }

    /// When [`Transaction::on_time`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Ongoing { since } => Some(since + self.timeout),
            State::Empty | State::Ended(_) => None,
        }
    }

    /// Aborts what is open for too long, and fences its producer.
    pub(super) fn on_time(&mut self, now: Instant) -> Option<Ending> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        Some(self.fence())
    }

    /// What tools call its state.
    pub(super) fn state(&self) -> &'static str {
        match self.state {
            State::Empty => "Empty",
            State::Ongoing { .. } => "Ongoing",
            State::Ended(End::Commit) => "CompleteCommit",
            State::Ended(End::Abort) => "CompleteAbort",
        }
    }

    fn check(&self, writer: Writer) -> Result<(), ErrorCode> {
        if writer.id != self.writer.id {
            return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        }
        if writer.epoch != self.writer.epoch {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        Ok(())
    }

    fn may_be(&self, known: Writer) -> bool {
        self.writer.epoch == -1
            || known.id == self.writer.id
            || (known.id == self.previous_id && is_exhausted(known.epoch))
    }

    fn may_end_v1(&self, writer: Writer, end: End) -> Result<(), ErrorCode> {
        self.check(writer)?;
        match self.state {
            State::Ongoing { .. } => Ok(()),
            State::Ended(ended) if ended == end => Ok(()),
            State::Empty | State::Ended(_) => Err(ErrorCode::INVALID_TXN_STATE),
        }
    }

    /// Whether the same was asked before: the epoch tells, so that the answer may be lost.
    fn may_end_v2(&self, writer: Writer, end: End) -> Result<Repeated, ErrorCode> {
        let is_over = matches!(self.state, State::Ended(_));
        let over_the_top = is_over
            && writer.id == self.previous_id
            && writer.epoch == i16::MAX - 1
            && self.writer.epoch == 0;
        if writer.id != self.writer.id && !over_the_top {
            return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        }
        let raised = is_over && writer.epoch.checked_add(1) == Some(self.writer.epoch);
        let is_repeated = raised || over_the_top;
        if writer.epoch != self.writer.epoch && !is_repeated {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        match (self.state, end) {
            (State::Ended(ended), end) if is_repeated && ended == end => Ok(Repeated::Yes),
            (State::Ended(_), _) if is_repeated => Err(ErrorCode::INVALID_TXN_STATE),
            // An abort of nothing still raises the epoch.
            (State::Ongoing { .. }, _) | (_, End::Abort) => Ok(Repeated::No),
            (State::Empty | State::Ended(_), End::Commit) => Err(ErrorCode::INVALID_TXN_STATE),
        }
    }

    /// Aborts what is open under an epoch that nobody has.
    fn fence(&mut self) -> Ending {
        self.raise(-1);
        self.finish(End::Abort)
    }

    fn finish(&mut self, end: End) -> Ending {
        self.state = State::Ended(end);
        Ending {
            end,
            writer: self.writer,
            participants: std::mem::take(&mut self.participants),
        }
    }

    fn raise(&mut self, last_epoch: i16) {
        self.writer.epoch = self.writer.epoch.saturating_add(1);
        self.last_epoch = last_epoch;
    }

    /// The epochs of the id are used up.
    fn rotate(&mut self, fresh_id: i64) {
        self.previous_id = self.writer.id;
        self.last_epoch = -1;
        self.writer = Writer {
            id: fresh_id,
            epoch: 0,
        };
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeated {
    Yes,
    No,
}

/// The last epoch is kept for fencing.
fn is_exhausted(epoch: i16) -> bool {
    epoch >= i16::MAX - 1
}

#[cfg(test)]
mod tests;
