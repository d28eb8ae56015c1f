//! How a sender learns what became of its record.
//!
//! All records of a batch share one [`Completion`]; what a caller holds is a reference to it and the record's place. Nothing is
//! allocated per record, and only callers that wait are woken. A batch that is split has that for its outcome, and whoever
//! waits goes over to the part that has the record.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use super::send_error::{SendError, SendErrorKind};
use crate::error::Error;

/// What becomes of a record that was taken. Ready when it is acknowledged or has failed, at the latest after `delivery_timeout`.
///
/// Dropping it is free and changes nothing: the record is sent all the same.
#[must_use = "only the delivery tells whether the record was written; drop it explicitly if that does not matter"]
pub struct Delivery {
    batch: Arc<Completion>,
    timestamp_ms: i64,
    index: u32,
    slot: Slot,
}

/// Where a record is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The partition.
    pub partition: i32,
    /// The record's offset in it; -1 if the broker did not tell (`acks=0`, or a repetition that it no longer remembers).
    pub offset: i64,
    /// The record's timestamp, in milliseconds since 1970: the broker's if the topic uses log append time, else the sender's.
    pub timestamp_ms: i64,
}

impl Delivery {
    /// A handle for record `index` of a batch.
    pub(crate) fn new(batch: Arc<Completion>, index: u32, timestamp_ms: i64) -> Self {
        Self {
            batch,
            timestamp_ms,
            index,
            slot: NO_SLOT,
        }
    }

    /// The partition that the record goes to.
    pub fn partition(&self) -> i32 {
        self.batch.partition
    }

    /// Whether the outcome is known, so that awaiting it does not wait.
    pub fn is_done(&self) -> bool {
        let (mut batch, mut index) = (&self.batch, self.index);
        while let Some(Outcome::Split(parts)) = batch.outcome.get() {
            (batch, index) = parts.part_of(index);
        }
        batch.is_done()
    }

    /// Goes over to the part of a batch that was split.
    #[cold]
    fn follow(&mut self, parts: &Parts) {
        let (batch, index) = parts.part_of(self.index);
        self.batch = batch.clone();
        self.index = index;
        self.slot = NO_SLOT;
    }

    fn delivered(&self, base_offset: i64, log_append_ms: Option<i64>) -> Delivered {
        Delivered {
            partition: self.batch.partition,
            offset: if base_offset < 0 {
                -1
            } else {
                base_offset.saturating_add(i64::from(self.index))
            },
            timestamp_ms: log_append_ms.unwrap_or(self.timestamp_ms),
        }
    }

    #[cold]
    fn error(&self, failure: &Failure) -> SendError {
        self.batch.error(failure, failure.kind_of(self.index))
    }
}

impl Future for Delivery {
    type Output = Result<Delivered, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match this.batch.poll(&mut this.slot, context.waker()) {
                Some(Outcome::Written {
                    base_offset,
                    log_append_ms,
                }) => return Poll::Ready(Ok(this.delivered(*base_offset, *log_append_ms))),
                Some(Outcome::Failed(failure)) => return Poll::Ready(Err(this.error(failure))),
                Some(Outcome::Split(parts)) => {
                    let parts = parts.clone();
                    this.follow(&parts);
                }
                None => return Poll::Pending,
            }
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.batch.forget(self.slot);
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("topic", &self.batch.topic)
            .field("partition", &self.batch.partition)
            .field("index", &self.index)
            .field("outcome", &self.batch.outcome.get())
            .finish_non_exhaustive()
    }
}

/// What became of a batch.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// It is in the log.
    Written {
        /// Offset of its first record; -1 if unknown.
        base_offset: i64,
        /// When it was appended, if the topic keeps that time instead of the sender's.
        log_append_ms: Option<i64>,
    },
    /// It is not, or nobody knows.
    Failed(Box<Failure>),
    /// It was too large and goes as two.
    Split(Parts),
}

/// What a batch was split into.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// Its first records.
    pub(crate) first: Arc<Completion>,
    /// The others.
    pub(crate) second: Arc<Completion>,
    /// The index of the first of the others.
    pub(crate) at: u32,
}

impl Parts {
    /// Where record `index` of the whole is, and which one it is there.
    fn part_of(&self, index: u32) -> (&Arc<Completion>, u32) {
        match index.checked_sub(self.at) {
            Some(beyond) => (&self.second, beyond),
            None => (&self.first, index),
        }
    }
}

/// Why a batch failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) kind: SendErrorKind,
    /// Whether it may be in the log all the same.
    pub(crate) possibly_written: bool,
    /// What the last attempt met.
    pub(crate) cause: Option<Arc<Error>>,
    /// The records that spoiled it, if the broker named them (KIP-467).
    pub(crate) blamed: Vec<(u32, Option<String>)>,
}

impl Failure {
    fn kind_of(&self, index: u32) -> SendErrorKind {
        match self.blamed.iter().find(|(blamed, _)| *blamed == index) {
            _ if self.blamed.is_empty() => self.kind.clone(),
            Some((_, message)) => SendErrorKind::RecordRefused {
                message: message.clone(),
            },
            None => SendErrorKind::NeighbourRefused,
        }
    }
}

/// The outcome of one batch, and everybody who waits for it.
pub(crate) struct Completion {
    topic: Arc<str>,
    partition: i32,
    outcome: OnceLock<Outcome>,
    waiting: Mutex<Vec<Option<Waker>>>,
}

impl Completion {
    /// The outcome of a batch is not known yet.
    pub(crate) fn new(topic: Arc<str>, partition: i32) -> Self {
        Self {
            topic,
            partition,
            outcome: OnceLock::new(),
            waiting: Mutex::default(),
        }
    }

    /// For a part of the batch.
    pub(crate) fn sibling(&self) -> Self {
        Self::new(self.topic.clone(), self.partition)
    }

    /// Tells everybody; false if they had been told already, and then nothing changes.
    pub(crate) fn complete(&self, outcome: Outcome) -> bool {
        if self.outcome.set(outcome).is_err() {
            return false;
        }
        let waiting = std::mem::take(&mut *self.waiting());
        for waker in waiting.into_iter().flatten() {
            waker.wake();
        }
        true
    }

    /// Whether the outcome is known.
    pub(crate) fn is_done(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// Whether the outcome is known and bad.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.outcome.get(), Some(Outcome::Failed(_)))
    }

    /// Why the batch failed, or part of it, if it has.
    #[cold]
    pub(crate) fn failure(&self) -> Option<SendError> {
        match self.outcome.get()? {
            Outcome::Written { .. } => None,
            Outcome::Failed(failure) => Some(self.error(failure, failure.kind.clone())),
            Outcome::Split(parts) => parts.first.failure().or_else(|| parts.second.failure()),
        }
    }

    fn error(&self, failure: &Failure, kind: SendErrorKind) -> SendError {
        SendError {
            kind,
            possibly_written: failure.possibly_written,
            topic: self.topic.clone(),
            partition: Some(self.partition),
            cause: failure.cause.clone(),
        }
    }

    /// Waits for the outcome, whatever it is; for those of all parts of a batch that is split.
    pub(crate) async fn done(&self) {
        let mut parts = Vec::new();
        self.told(&mut parts).await;
        while let Some(part) = parts.pop() {
            part.told(&mut parts).await;
        }
    }

    /// Waits for the outcome; the parts if it is that there are some.
    async fn told(&self, parts: &mut Vec<Arc<Self>>) {
        let mut ticket = Ticket {
            batch: self,
            slot: NO_SLOT,
        };
        std::future::poll_fn(|context| {
            match ticket.batch.poll(&mut ticket.slot, context.waker()) {
                Some(_) => Poll::Ready(()),
                None => Poll::Pending,
            }
        })
        .await;
        if let Some(Outcome::Split(split)) = self.outcome.get() {
            parts.extend([split.second.clone(), split.first.clone()]);
        }
    }

    #[inline]
    fn poll(&self, slot: &mut Slot, waker: &Waker) -> Option<&Outcome> {
        self.outcome.get().or_else(|| self.wait(slot, waker))
    }

    /// Puts `waker` in the list, unless the outcome came meanwhile.
    fn wait(&self, slot: &mut Slot, waker: &Waker) -> Option<&Outcome> {
        let mut waiting = self.waiting();
        // `complete` empties the list after the outcome is there: either it sees us, or we see the outcome.
        if let Some(outcome) = self.outcome.get() {
            return Some(outcome);
        }
        match waiting.get_mut(*slot) {
            Some(Some(known)) => known.clone_from(waker),
            Some(place) => *place = Some(waker.clone()),
            None => {
                *slot = waiting.len();
                waiting.push(Some(waker.clone()));
            }
        }
        None
    }

    fn forget(&self, slot: Slot) {
        if slot == NO_SLOT || self.is_done() {
            return;
        }
        let mut waiting = self.waiting();
        if let Some(place) = waiting.get_mut(slot) {
            *place = None;
        }
        while let Some(None) = waiting.last() {
            waiting.pop();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Option<Waker>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("outcome", &self.outcome.get())
            .finish_non_exhaustive()
    }
}

/// Somebody who waits for a batch without having a record in it.
struct Ticket<'a> {
    batch: &'a Completion,
    slot: Slot,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.batch.forget(self.slot);
    }
}

/// Place in the list of those who wait.
type Slot = usize;
const NO_SLOT: Slot = Slot::MAX;

#[cfg(test)]
mod tests;
