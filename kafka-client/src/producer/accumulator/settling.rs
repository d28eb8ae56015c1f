//! The end of records: what is settled, what failed, and waiting for both.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::Accumulator;
use crate::error::Error;
use crate::producer::batch::Batch;
use crate::producer::delivery::{Completion, Outcome};
use crate::producer::metrics::{BatchSettled, End};
use crate::producer::send_error::{SendError, SendErrorKind};
use crate::producer::topics::Partition;

impl Accumulator {
    /// Makes every batch ready, and tells which have no outcome yet.
    pub(crate) fn flush(&self) -> Vec<Arc<Completion>> {
        let mut unsettled = Vec::new();
        for partition in self.partitions() {
            let mut lane = partition.lane();
            unsettled.append(&mut lane.flush());
            self.notify(&partition, lane);
        }
        unsettled
    }

    /// The outcome of a batch is known, and nothing of it is on its way any more.
    pub(crate) fn settle(&self, partition: &Partition, batch: Batch, outcome: Outcome) {
        let records = usize::try_from(batch.records).unwrap_or_default();
        let (count, bytes, attempts) = (batch.records, batch.len(), batch.attempts);
        let started = batch.deadline - self.rules.delivery_timeout;
        let completion = batch.completion.clone();
        // One that has expired on its way stays failed, whatever the late answer says.
        let end = match &outcome {
            Outcome::Written { .. } if !completion.has_failed() => End::Written,
            _ => End::Failed,
        };
        // First, so that whoever is told finds it counted.
        partition.counters.settled(end, count, bytes);
        batch.complete(outcome, &self.memory);
        if let Some(observer) = &self.observer {
            observer.batch_settled(&BatchSettled {
                topic: &partition.topic,
                partition: partition.number,
                records: count,
                bytes,
                attempts,
                latency: started.elapsed(),
                error: completion.failure().as_ref(),
            });
        }
        if end == End::Failed {
            self.lost.fetch_add(records, Ordering::Relaxed);
            if self.rules.transactional {
                let mut failure = self.failure();
                *failure = failure.take().or_else(|| completion.failure());
            }
        }
        if self.records.fetch_sub(records, Ordering::Relaxed) == records {
            self.settled.notify_waiters();
        }
    }

    /// Waits until nothing that was taken is unsettled, nor with a socket.
    pub(crate) async fn settled(&self) {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            if self.records() == 0 {
                return;
            }
            settled.await;
        }
    }

    /// The first failure since the last time, within transactions.
    pub(crate) fn take_failure(&self) -> Option<SendError> {
        self.failure().take()
    }

    /// Gives up every batch that no broker has: its transaction is aborted.
    pub(crate) fn abort(&self) {
        for partition in self.partitions() {
            self.give_up(&partition, &SendErrorKind::Aborted, None);
        }
    }

    /// Gives up the batches of a partition that no broker has, because of `trouble`.
    pub(crate) fn refuse(&self, partition: &Partition, trouble: &Arc<Error>) {
        self.give_up(partition, &SendErrorKind::Refused, Some(trouble));
    }

    fn give_up(&self, partition: &Partition, kind: &SendErrorKind, cause: Option<&Arc<Error>>) {
        let batches = partition.lane().give_up();
        for mut batch in batches {
            if cause.is_some() {
                batch.cause = cause.cloned();
            }
            let given_up = batch.failure(kind.clone());
            self.settle(partition, batch, given_up);
        }
    }

    /// Records taken whose batch is not settled.
    pub(crate) fn records(&self) -> usize {
        self.records.load(Ordering::Relaxed)
    }

    /// Records that failed so far.
    pub(crate) fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }

    fn failure(&self) -> MutexGuard<'_, Option<SendError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
