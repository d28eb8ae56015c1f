//! How far a client has come, and what of it is stored. Pure.

use std::collections::{BTreeMap, VecDeque};

use kafka_client::TopicPartition;

/// Of each partition the next offset to read.
pub(crate) type Offsets = BTreeMap<TopicPartition, i64>;

/// Pieces of a stream that are on their way to the client, and the offsets that are finished once they are written.
///
/// Pieces are numbered from 1 in the order in which they are sent, and are written in that order.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    sent: u64,
    on_the_way: VecDeque<(u64, TopicPartition, i64)>,
    finished: Offsets,
}

impl Ledger {
    /// One more piece was sent; once it is written, `partition` is finished up to `next`. The piece's number.
    pub(crate) fn sent(&mut self, partition: &TopicPartition, next: i64) -> u64 {
        self.sent += 1;
        // As many as the bytes that may be queued for one client allow.
        self.on_the_way
            .push_back((self.sent, partition.clone(), next));
        self.sent
    }

    /// The number of the last piece that was sent; 0 for none.
    pub(crate) fn last(&self) -> u64 {
        self.sent
    }

    /// Pieces up to `number` were written.
    pub(crate) fn written(&mut self, number: u64) {
        while let Some((_, partition, next)) = self
            .on_the_way
            .pop_front_if(|(piece, _, _)| *piece <= number)
        {
            self.finished.insert(partition, next);
        }
    }

    /// Everything that was sent so far was written.
    pub(crate) fn all_written(&mut self) {
        self.written(self.sent);
    }

    /// What was finished since the last call.
    pub(crate) fn take(&mut self) -> Offsets {
        std::mem::take(&mut self.finished)
    }

    /// The partitions are not ours any more.
    pub(crate) fn clear(&mut self) {
        self.on_the_way.clear();
        self.finished.clear();
    }
}

/// Offsets that are to be stored.
#[derive(Debug, Default)]
pub(super) struct Unstored {
    waiting: Offsets,
    stored: Offsets,
}

impl Unstored {
    /// A client has finished up to `offsets`.
    pub(super) fn add(&mut self, offsets: Offsets) {
        for (partition, next) in offsets {
            if self.stored.get(&partition) != Some(&next) {
                self.waiting.insert(partition, next);
            }
        }
    }

    /// What is to be stored; empty if nothing is.
    pub(super) fn due(&self) -> Vec<(TopicPartition, i64)> {
        let waiting = self.waiting.iter();
        waiting
            .map(|(partition, next)| (partition.clone(), *next))
            .collect()
    }

    /// They are stored.
    pub(super) fn stored(&mut self, offsets: Vec<(TopicPartition, i64)>) {
        for (partition, next) in offsets {
            if self.waiting.get(&partition) == Some(&next) {
                self.waiting.remove(&partition);
            }
            self.stored.insert(partition, next);
        }
    }

    /// The partitions belong to others now, or start over.
    pub(super) fn clear(&mut self) {
        *self = Unstored::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t", number)
    }

    #[test]
    fn only_what_was_written_is_finished() {
        let mut ledger = Ledger::default();
        let first = ledger.sent(&partition(0), 5);
        let second = ledger.sent(&partition(1), 7);
        let third = ledger.sent(&partition(0), 9);
        ledger.written(first);
        assert_eq!(ledger.take(), Offsets::from([(partition(0), 5)]));
        ledger.written(second);
        ledger.written(third);
        let expected = Offsets::from([(partition(0), 9), (partition(1), 7)]);
        assert_eq!(ledger.take(), expected);
        assert_eq!(ledger.take(), Offsets::new(), "told once");
    }

    #[test]
    fn a_stream_that_never_rests_is_finished_piece_by_piece() {
        let mut ledger = Ledger::default();
        for next in 1..1000 {
            ledger.sent(&partition(0), next);
        }
        ledger.written(998);
        assert_eq!(ledger.take(), Offsets::from([(partition(0), 998)]));
        ledger.all_written();
        assert_eq!(ledger.take(), Offsets::from([(partition(0), 999)]));
    }

    #[test]
    fn what_is_stored_is_not_stored_again() {
        let mut unstored = Unstored::default();
        unstored.add(Offsets::from([(partition(0), 5)]));
        let due = unstored.due();
        unstored.add(Offsets::from([(partition(0), 6)]));
        unstored.stored(due);
        assert_eq!(unstored.due(), [(partition(0), 6)], "came in the meantime");
        unstored.stored(vec![(partition(0), 6)]);
        unstored.add(Offsets::from([(partition(0), 6)]));
        assert_eq!(unstored.due(), []);
    }
}
