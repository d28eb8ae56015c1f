//! Batches that the broker finds too large: which are split, and where the halves go.
//!
//! A refused batch was not written, so its halves go under its own numbers, and what was sent behind it keeps its own: the broker refuses
//! that as out of order until the halves are there. For a while new batches of the partition are no larger than the halves.

use std::time::Duration;

use tokio::time::Instant;

use super::Lane;
use crate::producer::batch::{Batch, Halves};
use crate::producer::send_error::SendErrorKind;

impl Lane {
    /// Why a batch that is too large for the broker fails instead of being split, if it does.
    pub(crate) fn oversize(&self, batch: &Batch) -> Option<SendErrorKind> {
        if batch.records < 2 {
            return Some(SendErrorKind::TooLargeForTopic {
                size: batch.len(),
                // One that was written is no limit any more if it has been lowered since.
                written: Some(self.largest_written).filter(|it| (1..batch.len()).contains(it)),
            });
        }
        // Batches behind it may have been written, and nothing but numbers keeps the order then.
        let may_be_overtaken = !self.rules.idempotent && self.rules.window > 1;
        may_be_overtaken.then_some(SendErrorKind::Refused)
    }

    /// The halves of a batch that was in flight take its place.
    pub(crate) fn split(&mut self, halves: Halves, now: Instant) {
        // The first one has the number of the whole.
        self.land(&halves.first);
        self.put_back(halves.first);
        self.put_back(halves.second);
        self.limit = self.limit.min(halves.largest);
        self.narrow_until = now + NARROW;
    }
}

/// How long new batches stay as small as the last halves. Then the limit is tried again: it may have been raised, or records may
/// compress better; else this costs one more split.
const NARROW: Duration = Duration::from_mins(10);
