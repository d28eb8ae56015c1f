//! One direction of a connection: what a fault does to its bytes, and when they are due. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::Fault;
use super::frames::as_u64;

/// Bytes on their way, oldest first, under one fault.
#[derive(Debug)]
pub(super) struct Lane {
    fault: Fault,
    /// Bytes taken in since the fault took effect.
    taken: u64,
    waiting: VecDeque<(Instant, Action)>,
    waiting_bytes: usize,
    /// When the youngest is due: nothing overtakes it.
    last_due: Instant,
    /// Its end is waiting or was passed on: what still comes is lost.
    is_cut: bool,
    /// The sender has ended.
    is_read: bool,
}

/// What to do to the receiver.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Give it these.
    Pass(Bytes),
    /// Tell it that no more will come.
    Finish,
    /// Cut both sides off.
    Reset,
}

impl Lane {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            fault: Fault::None,
            taken: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            last_due: now,
            is_cut: false,
            is_read: false,
        }
    }

    /// Ends the fault before: what it held back is due now.
    pub(super) fn set(&mut self, fault: Fault, now: Instant) {
        // Zero is the only rate at which nothing would ever be due.
        self.fault = if fault == Fault::Rate(0) {
            Fault::Blackhole
        } else {
            fault
        };
        self.taken = 0;
        self.last_due = now;
        for (due, _) in &mut self.waiting {
            *due = (*due).min(now);
        }
        match fault {
            Fault::Refuse => {
                self.waiting.clear();
                self.is_cut = true;
                self.enqueue(Action::Reset, now);
            }
            Fault::ResetAfter(0) => self.end(Action::Reset, now),
            Fault::FinAfter(0) => self.end(Action::Finish, now),
            _ => {}
        }
    }

    /// Whether bytes may be read for it. If not, its sender feels it as a receiver that does not read.
    pub(super) fn wants(&self) -> bool {
        !self.is_read && self.fault != Fault::Blackhole && self.waiting_bytes < MOST_WAITING
    }

    /// Whether nothing more can come of it.
    pub(super) fn is_over(&self) -> bool {
        self.is_cut && self.waiting.is_empty()
    }

    /// Bytes from the sender.
    pub(super) fn push(&mut self, bytes: Bytes, now: Instant) {
        if self.is_cut || bytes.is_empty() {
            return;
        }
        let before = self.taken;
        self.taken = before.saturating_add(as_u64(bytes.len()));
        match self.fault {
            Fault::ResetAfter(limit) => self.cut(bytes, before, limit, Action::Reset, now),
            Fault::FinAfter(limit) => self.cut(bytes, before, limit, Action::Finish, now),
            Fault::CorruptAt(offset) => self.wait(corrupted(bytes, before, offset), now),
            Fault::Delay(delay) => self.wait(bytes, now + delay),
            Fault::Rate(rate) => self.pace(bytes, rate, now),
            Fault::None | Fault::Refuse | Fault::Blackhole => self.wait(bytes, now),
        }
    }

    /// The end of the sender's bytes; it takes as long as they do.
    pub(super) fn push_end(&mut self, now: Instant) {
        self.is_read = true;
        let delay = if let Fault::Delay(delay) = self.fault {
            delay
        } else {
            Duration::ZERO
        };
        self.end(Action::Finish, now + delay);
    }

    /// When there is something to do next; `None` while there is nothing.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.fault == Fault::Blackhole {
            return None;
        }
        self.waiting.front().map(|(due, _)| *due)
    }

    /// What to do next, once it is due.
    pub(super) fn front(&mut self) -> Option<&mut Action> {
        self.waiting.front_mut().map(|(_, action)| action)
    }

    /// `written` bytes were passed on, taken off the front.
    pub(super) fn passed(&mut self, written: usize) {
        self.waiting_bytes = self.waiting_bytes.saturating_sub(written);
        if matches!(self.front(), Some(Action::Pass(bytes)) if bytes.is_empty()) {
            self.waiting.pop_front();
        }
    }

    /// The front, an end, was passed on.
    pub(super) fn finished(&mut self) {
        self.waiting.pop_front();
    }

    /// Passes what is below `limit` of the bytes that begin at `before`; from there on, the end.
    fn cut(&mut self, mut bytes: Bytes, before: u64, limit: u64, end: Action, now: Instant) {
        let passing = limit.saturating_sub(before);
        if passing < as_u64(bytes.len()) || self.taken >= limit {
            bytes.truncate(usize::try_from(passing).unwrap_or(usize::MAX));
            self.wait(bytes, now);
            self.end(end, now);
        } else {
            self.wait(bytes, now);
        }
    }

    /// Spreads bytes over the time they take at `rate` per second, in steps of a twentieth of a second.
    fn pace(&mut self, mut bytes: Bytes, rate: u64, now: Instant) {
        let step = usize::try_from(rate / 20).unwrap_or(usize::MAX).max(1);
        while !bytes.is_empty() {
            let piece = bytes.split_to(step.min(bytes.len()));
            let due = self.last_due.max(now) + time_of(as_u64(piece.len()), rate);
            self.wait(piece, due);
        }
    }

    fn wait(&mut self, bytes: Bytes, due: Instant) {
        if !bytes.is_empty() {
            self.waiting_bytes = self.waiting_bytes.saturating_add(bytes.len());
            self.enqueue(Action::Pass(bytes), due);
        }
    }

    fn end(&mut self, action: Action, due: Instant) {
        if !self.is_cut {
            self.is_cut = true;
            self.enqueue(action, due);
        }
    }

    fn enqueue(&mut self, action: Action, due: Instant) {
        self.last_due = self.last_due.max(due);
        self.waiting.push_back((self.last_due, action));
    }
}

/// `bytes`, which begin at `before`, with a bit flipped if they reach `offset`.
fn corrupted(bytes: Bytes, before: u64, offset: u64) -> Bytes {
    let Some(at) = offset
        .checked_sub(before)
        .and_then(|at| usize::try_from(at).ok())
        .filter(|at| *at < bytes.len())
    else {
        return bytes;
    };
    let mut copy = BytesMut::from(bytes.as_ref());
    if let Some(byte) = copy.get_mut(at) {
        *byte ^= 1;
    }
    copy.freeze()
}

/// How long so many bytes take.
fn time_of(bytes: u64, rate: u64) -> Duration {
    let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// Bytes that wait in one direction; one more read may come on top.
const MOST_WAITING: usize = 4 << 20;

#[cfg(test)]
mod tests;
