//! Which part of a log is stable: where open transactions begin, and which ones were aborted (KIP-98). Pure.
//!
//! A consumer of committed records reads up to the last stable offset, and skips what the aborted transactions wrote.

use std::collections::HashMap;

/// The transactions of one partition.
#[derive(Debug, Default)]
pub(super) struct Stability {
    /// By producer id.
    open: HashMap<i64, Open>,
    /// In the order of their markers.
    aborted: Vec<Aborted>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    epoch: i16,
    first_offset: i64,
}

/// A transaction that was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aborted {
    pub(super) producer_id: i64,
    pub(super) first_offset: i64,
    /// Of its marker.
    pub(super) last_offset: i64,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    Abort,
}

impl Stability {
    /// A batch of a transaction was appended at `first_offset`.
    pub(super) fn written(&mut self, producer_id: i64, epoch: i16, first_offset: i64) {
        let open = self.open.entry(producer_id).or_insert(Open {
            epoch,
            first_offset,
        });
        open.epoch = epoch;
    }

    /// The marker that ends what the producer had open here lies at `offset`.
    pub(super) fn ended(&mut self, producer_id: i64, offset: i64, end: End) {
        let open = self.open.remove(&producer_id);
        if let (Some(open), End::Abort) = (open, end) {
            self.aborted.push(Aborted {
                producer_id,
                first_offset: open.first_offset,
                last_offset: offset,
            });
        }
    }

    /// Whether a producer has a transaction open here, under whatever epoch.
    pub(super) fn has_open(&self, producer_id: i64) -> bool {
        self.open.contains_key(&producer_id)
    }

    /// Whether it has one open under this epoch.
    pub(super) fn is_open(&self, producer_id: i64, epoch: i16) -> bool {
        let open = self.open.get(&producer_id);
        open.is_some_and(|open| open.epoch == epoch)
    }

    /// The offset before which everything is decided, in a log from `start` to `end`.
    pub(super) fn last_stable_offset(&self, start: i64, end: i64) -> i64 {
        let first = self.open.values().map(|open| open.first_offset).min();
        first.unwrap_or(end).clamp(start, end)
    }

    /// The aborted transactions that have records at `offset` or after it.
    pub(super) fn aborted_from(&self, offset: i64) -> impl Iterator<Item = &Aborted> {
        let later = self.aborted.iter();
        later.filter(move |aborted| aborted.last_offset >= offset)
    }

    /// Nothing before `start` is there any more.
    pub(super) fn delete_before(&mut self, start: i64) {
        self.aborted.retain(|aborted| aborted.last_offset >= start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_open_transaction_bounds_what_is_stable() {
        let mut stability = Stability::default();
        assert_eq!(stability.last_stable_offset(0, 9), 9);
        stability.written(7, 0, 3);
        stability.written(8, 0, 5);
        stability.written(7, 0, 6);
        assert_eq!(stability.last_stable_offset(0, 9), 3);
        assert_eq!(stability.last_stable_offset(4, 9), 4, "deleted up to there");
        stability.ended(7, 9, End::Commit);
        assert_eq!(stability.last_stable_offset(0, 10), 5);
        stability.ended(8, 10, End::Abort);
        assert_eq!(stability.last_stable_offset(0, 11), 11);
    }

    #[test]
    fn aborted_transactions_are_told_to_whoever_reads_any_of_them() {
        let mut stability = Stability::default();
        stability.written(7, 0, 3);
        stability.ended(7, 5, End::Abort);
        stability.written(7, 1, 6);
        stability.ended(7, 7, End::Commit);
        let aborted = Aborted {
            producer_id: 7,
            first_offset: 3,
            last_offset: 5,
        };
        for (offset, expected) in [(0, Some(&aborted)), (5, Some(&aborted)), (6, None)] {
            assert_eq!(stability.aborted_from(offset).next(), expected);
        }
        stability.delete_before(6);
        assert_eq!(stability.aborted_from(0).next(), None);
    }

    #[test]
    fn a_marker_for_nothing_changes_nothing() {
        let mut stability = Stability::default();
        stability.ended(7, 0, End::Abort);
        assert_eq!(stability.aborted_from(0).next(), None);
        assert!(!stability.has_open(7));
    }

    #[test]
    fn a_transaction_is_open_under_its_epoch() {
        let mut stability = Stability::default();
        stability.written(7, 2, 0);
        assert!(stability.is_open(7, 2) && stability.has_open(7));
        assert!(!stability.is_open(7, 3));
    }
}
