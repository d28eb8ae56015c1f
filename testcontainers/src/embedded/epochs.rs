//! Which leader epoch wrote which part of a log (KIP-101, KIP-320). Pure.

/// Epochs in rising order, each with its first offset.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    entries: Vec<Epoch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Epoch {
    epoch: i32,
    start: i64,
}

/// An epoch, and the offset after its last record; both -1 for "not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EpochEnd {
    pub(super) epoch: i32,
    pub(super) end_offset: i64,
}

impl EpochEnd {
    /// Kafka's answer for an epoch that nobody can know.
    pub(super) const UNKNOWN: Self = Self {
        epoch: -1,
        end_offset: -1,
    };
}

impl Epochs {
    /// Epoch `epoch` begins at `start`, unless it or a newer one began before. An epoch that wrote nothing is forgotten.
    pub(super) fn assign(&mut self, epoch: i32, start: i64) {
        if self.entries.last().is_some_and(|last| last.epoch >= epoch) {
            return;
        }
        self.end_at(start);
        self.entries.push(Epoch { epoch, start });
    }

    /// Nothing from `end` on exists any more.
    pub(super) fn end_at(&mut self, end: i64) {
        self.entries.retain(|entry| entry.start < end);
    }

    /// Nothing before `start` exists any more.
    pub(super) fn begin_at(&mut self, start: i64) {
        let gone = self
            .entries
            .partition_point(|entry| entry.start <= start)
            .saturating_sub(1);
        self.entries.drain(..gone);
        if let Some(first) = self.entries.first_mut() {
            first.start = first.start.max(start);
        }
    }

    /// The epoch that wrote the record at `offset`, or will write it; -1 before the first.
    pub(super) fn at(&self, offset: i64) -> i32 {
        let after = self.entries.partition_point(|entry| entry.start <= offset);
        let index = after.checked_sub(1);
        index
            .and_then(|index| self.entries.get(index))
            .map_or(-1, |entry| entry.epoch)
    }

    /// Where `epoch` ended, or the newest epoch before it that wrote anything; `log_end` is where the log ends.
    pub(super) fn end_of(&self, epoch: i32, log_end: i64) -> EpochEnd {
        if epoch < 0 {
            return EpochEnd::UNKNOWN;
        }
        if self.entries.last().is_some_and(|last| last.epoch == epoch) {
            return EpochEnd {
                epoch,
                end_offset: log_end,
            };
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let Some(next) = self.entries.get(higher) else {
            return EpochEnd::UNKNOWN;
        };
        let floor = higher
            .checked_sub(1)
            .and_then(|index| self.entries.get(index));
        EpochEnd {
            epoch: floor.map_or(epoch, |floor| floor.epoch),
            end_offset: next.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> Epochs {
        let mut epochs = Epochs::default();
        for &(epoch, start) in entries {
            epochs.assign(epoch, start);
        }
        epochs
    }

    fn check(epochs: &Epochs, asked: i32, epoch: i32, end_offset: i64) {
        let expected = EpochEnd { epoch, end_offset };
        assert_eq!(epochs.end_of(asked, 100), expected, "epoch {asked}");
    }

    #[test]
    fn an_epoch_ends_where_the_next_one_begins() {
        let epochs = epochs(&[(1, 0), (3, 10), (6, 40)]);
        check(&epochs, 6, 6, 100);
        check(&epochs, 3, 3, 40);
        check(&epochs, 5, 3, 40);
        check(&epochs, 1, 1, 10);
        check(&epochs, 0, 0, 0);
    }

    #[test]
    fn an_epoch_above_all_is_unknown() {
        check(&epochs(&[(1, 0)]), 2, -1, -1);
        check(&epochs(&[]), 0, -1, -1);
        check(&epochs(&[(1, 0)]), -1, -1, -1);
    }

    #[test]
    fn an_epoch_that_wrote_nothing_is_forgotten() {
        let epochs = epochs(&[(1, 0), (2, 10), (3, 10)]);
        check(&epochs, 2, 1, 10);
        assert_eq!(epochs.at(10), 3);
        assert_eq!(epochs.at(9), 1);
    }

    #[test]
    fn older_epochs_do_not_come_back() {
        let mut epochs = epochs(&[(1, 0), (4, 10)]);
        epochs.assign(4, 20);
        epochs.assign(2, 20);
        check(&epochs, 4, 4, 100);
        assert_eq!(epochs.at(20), 4);
    }

    #[test]
    fn deleting_and_truncating_move_the_ends() {
        let mut epochs = epochs(&[(1, 0), (3, 10), (6, 40)]);
        epochs.begin_at(20);
        assert_eq!((epochs.at(19), epochs.at(20)), (-1, 3));
        epochs.end_at(40);
        check(&epochs, 3, 3, 100);
        check(&epochs, 6, -1, -1);
    }
}
