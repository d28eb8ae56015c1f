//! What time takes away: batches that were not written in time, lanes that nobody uses.

use std::time::Duration;

use tokio::time::Instant;

use super::{Door, Lane};
use crate::producer::batch::Batch;
use crate::producer::delivery::{Failure, Outcome};
use crate::producer::send_error::SendErrorKind;

impl Lane {
    /// When the next batch's time is up.
    pub(super) fn oldest_deadline(&self) -> Option<Instant> {
        let waiting = self.ready.front().or(self.open.as_ref());
        let waiting = waiting.map(|batch| batch.deadline);
        let mut in_flight = self.in_flight.iter();
        let in_flight = in_flight.find(|flight| !flight.completion.is_done());
        let in_flight = in_flight.map(|flight| flight.deadline);
        [waiting, in_flight].into_iter().flatten().min()
    }

    /// Since when a batch has waited that takes no records any more.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        let oldest = self.ready.front()?;
        Some(oldest.deadline - self.rules.delivery_timeout)
    }

    /// Ends what has waited too long for whoever waits for it, and takes out what is here of it.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Batch> {
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

    /// Whether the topic has to be found again.
    pub(crate) fn is_retired(&self) -> bool {
        self.door == Door::Retired
    }

    /// Takes no records any more if nothing is here, or was for `limit`, and nothing is left to be settled with the broker.
    pub(crate) fn retire(&mut self, limit: Duration, now: Instant) -> bool {
        let is_empty = self.open.is_none() && self.ready.is_empty() && self.in_flight.is_empty();
        let is_settled = self.renumber_from.is_none() && self.unresolved.is_none();
        let is_idle = is_empty && is_settled && now >= self.last_sent + limit;
        if is_idle && self.door == Door::Open {
            self.door = Door::Retired;
        }
        self.door == Door::Retired
    }

    /// Takes records again: its topic is not forgotten after all.
    pub(crate) fn revive(&mut self) {
        if self.door == Door::Retired {
            self.door = Door::Open;
        }
    }
}
