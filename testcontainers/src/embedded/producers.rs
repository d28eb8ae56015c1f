//! What a partition remembers of idempotent producers, so that a batch that comes twice is written once. Pure.
//!
//! The rules are those of Kafka's `ProducerStateManager`: the last five batches per producer, the same sequence range again is the old
//! success, a gap is refused, a new epoch starts at 0, and a producer nobody remembers may start anywhere.

use std::collections::{HashMap, VecDeque};

use kafka_wire::ErrorCode;
use kafka_wire::records::BatchHeader;

/// Producers of one partition.
#[derive(Debug, Default)]
pub(super) struct Producers {
    by_id: HashMap<i64, Producer>,
    uses: u64,
}

#[derive(Debug)]
struct Producer {
    epoch: i16,
    /// Oldest first, at most [`REMEMBERED`].
    batches: VecDeque<Written>,
    last_use: u64,
}

/// A batch that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    first_sequence: i32,
    last_sequence: i32,
    /// Offset of its first record.
    pub(super) first_offset: i64,
    /// Offset of its last record.
    pub(super) last_offset: i64,
    /// Its highest timestamp, as it lies in the log.
    pub(super) timestamp: i64,
}

/// What is to be done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is new: append it.
    Append,
    /// It was appended before: say so again.
    Duplicate(Written),
    /// It must not be appended.
    Refuse(ErrorCode),
}

impl Producers {
    /// What is to be done with a batch that has this header. A batch without a producer is always new.
    pub(super) fn check(&self, header: &BatchHeader) -> Verdict {
        let Some(producer) = self.by_id.get(&header.producer_id) else {
            return Verdict::Append;
        };
        if header.producer_id < 0 {
            return Verdict::Append;
        }
        if header.producer_epoch < producer.epoch {
            return Verdict::Refuse(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        let expected = if header.producer_epoch > producer.epoch {
            0
        } else if let Some(written) = producer.duplicate_of(header) {
            return Verdict::Duplicate(written);
        } else {
            // After the marker of a transaction (v2) nothing was written under the new epoch yet.
            let last = producer.batches.back();
            last.map_or(0, |last| after(last.last_sequence))
        };
        if expected == header.base_sequence {
            return Verdict::Append;
        }
        Verdict::Refuse(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    }

    /// Whether any batch of a producer is remembered.
    pub(super) fn knows(&self, id: i64) -> bool {
        let producer = self.by_id.get(&id);
        producer.is_some_and(|producer| !producer.batches.is_empty())
    }

    /// A batch was appended at `first_offset` with this highest timestamp; `header` is its header.
    pub(super) fn record(&mut self, header: &BatchHeader, first_offset: i64, timestamp: i64) {
        if header.producer_id < 0 {
            return;
        }
        let producer = self.used(header.producer_id, header.producer_epoch);
        if producer.batches.len() >= REMEMBERED {
            producer.batches.pop_front();
        }
        producer.batches.push_back(Written {
            first_sequence: header.base_sequence,
            last_sequence: last_sequence(header),
            first_offset,
            last_offset: first_offset.saturating_add(i64::from(header.last_offset_delta)),
            timestamp,
        });
    }

    /// The marker of a transaction was appended. A new epoch begins with it, if it brings one (KIP-890).
    pub(super) fn marked(&mut self, id: i64, epoch: i16) {
        self.used(id, epoch);
    }

    /// The log was cut: nothing from `end` on was written.
    pub(super) fn truncate(&mut self, end: i64) {
        self.by_id.retain(|_, producer| {
            producer.batches.retain(|batch| batch.last_offset < end);
            !producer.batches.is_empty()
        });
    }

    /// Nobody is remembered.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
    }

    fn used(&mut self, id: i64, epoch: i16) -> &mut Producer {
        self.make_room();
        self.uses += 1;
        let producer = self.by_id.entry(id).or_insert_with(|| Producer {
            epoch,
            batches: VecDeque::new(),
            last_use: 0,
        });
        if producer.epoch != epoch {
            producer.epoch = epoch;
            producer.batches.clear();
        }
        producer.last_use = self.uses;
        producer
    }

    fn make_room(&mut self) {
        if self.by_id.len() < MOST_PRODUCERS {
            return;
        }
        let oldest = self.by_id.iter().min_by_key(|(_, it)| it.last_use);
        if let Some(id) = oldest.map(|(id, _)| *id) {
            self.by_id.remove(&id);
        }
    }
}

impl Producer {
    fn duplicate_of(&self, header: &BatchHeader) -> Option<Written> {
        let range = (header.base_sequence, last_sequence(header));
        let mut batches = self.batches.iter();
        batches
            .find(|batch| (batch.first_sequence, batch.last_sequence) == range)
            .copied()
    }
}

/// Sequence of the last record of a batch: they wrap from the largest number to 0.
fn last_sequence(header: &BatchHeader) -> i32 {
    let last = i64::from(header.base_sequence) + i64::from(header.last_offset_delta);
    let wrapped = last % (i64::from(i32::MAX) + 1);
    i32::try_from(wrapped).unwrap_or(0)
}

fn after(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

/// Batches per producer, as many as a producer may have in flight.
const REMEMBERED: usize = 5;

/// Beyond it, the one that was silent longest is forgotten.
const MOST_PRODUCERS: usize = 10_000;

#[cfg(test)]
mod tests {
    use kafka_wire::records::Attributes;

    use super::*;

    /// Feeds batches as a partition would, and counts offsets.
    #[derive(Default)]
    struct Partition {
        producers: Producers,
        end: i64,
    }

    impl Partition {
        fn produce(&mut self, epoch: i16, sequence: i32, records: i32) -> Verdict {
            let header = header(epoch, sequence, records);
            let verdict = self.producers.check(&header);
            if verdict == Verdict::Append {
                self.producers.record(&header, self.end, -1);
                self.end += i64::from(records);
            }
            verdict
        }
    }

    fn header(producer_epoch: i16, base_sequence: i32, record_count: i32) -> BatchHeader {
        BatchHeader {
            base_offset: 0,
            length: 0,
            partition_leader_epoch: 0,
            crc: 0,
            attributes: Attributes::default(),
            last_offset_delta: record_count - 1,
            base_timestamp: 0,
            max_timestamp: 0,
            producer_id: 7,
            producer_epoch,
            base_sequence,
            record_count,
        }
    }

    fn duplicate(verdict: Verdict) -> i64 {
        match verdict {
            Verdict::Duplicate(written) => written.first_offset,
            other => panic!("{other:?}"),
        }
    }

    const GAP: Verdict = Verdict::Refuse(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);

    #[test]
    fn batches_in_order_are_appended() {
        let mut partition = Partition::default();
        for sequence in [0, 10, 20] {
            assert_eq!(partition.produce(0, sequence, 10), Verdict::Append);
        }
    }

    #[test]
    fn the_last_five_batches_are_recognised_and_older_ones_are_not() {
        let mut partition = Partition::default();
        for sequence in 0..6 {
            assert_eq!(partition.produce(0, sequence, 1), Verdict::Append);
        }
        for sequence in 1..6 {
            let offset = duplicate(partition.produce(0, sequence, 1));
            assert_eq!(offset, i64::from(sequence));
        }
        assert_eq!(partition.produce(0, 0, 1), GAP);
    }

    #[test]
    fn a_batch_that_overlaps_is_no_duplicate() {
        let mut partition = Partition::default();
        partition.produce(0, 0, 10);
        assert_eq!(partition.produce(0, 0, 9), GAP);
        assert_eq!(partition.produce(0, 5, 5), GAP);
    }

    #[test]
    fn a_gap_is_refused() {
        let mut partition = Partition::default();
        partition.produce(0, 0, 1);
        assert_eq!(partition.produce(0, 2, 1), GAP);
        assert_eq!(partition.produce(0, 1, 1), Verdict::Append);
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_fences_the_old_one() {
        let mut partition = Partition::default();
        partition.produce(0, 0, 3);
        assert_eq!(partition.produce(1, 3, 1), GAP);
        assert_eq!(partition.produce(1, 0, 1), Verdict::Append);
        let fenced = Verdict::Refuse(ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(partition.produce(0, 3, 1), fenced);
        assert_eq!(partition.produce(0, 0, 3), fenced, "not a duplicate either");
    }

    #[test]
    fn a_marker_may_bring_a_new_epoch() {
        let mut partition = Partition::default();
        partition.produce(0, 0, 3);
        partition.producers.marked(7, 0);
        assert_eq!(partition.produce(0, 3, 1), Verdict::Append, "v1");
        partition.producers.marked(7, 1);
        assert!(!partition.producers.knows(7));
        let fenced = Verdict::Refuse(ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(partition.produce(0, 4, 1), fenced);
        assert_eq!(partition.produce(1, 4, 1), GAP);
        assert_eq!(partition.produce(1, 0, 1), Verdict::Append, "v2");
    }

    #[test]
    fn a_forgotten_producer_may_start_anywhere() {
        let mut partition = Partition::default();
        assert_eq!(partition.produce(0, 17, 1), Verdict::Append);
        partition.producers.clear();
        assert_eq!(partition.produce(0, 99, 1), Verdict::Append);
    }

    #[test]
    fn sequences_wrap() {
        let mut partition = Partition::default();
        assert_eq!(partition.produce(0, i32::MAX - 1, 4), Verdict::Append);
        assert_eq!(duplicate(partition.produce(0, i32::MAX - 1, 4)), 0);
        assert_eq!(partition.produce(0, 2, 1), Verdict::Append);
        assert_eq!(partition.produce(0, i32::MAX, 1), GAP);
    }

    #[test]
    fn truncation_forgets_what_was_cut_off() {
        let mut partition = Partition::default();
        partition.produce(0, 0, 5);
        partition.produce(0, 5, 5);
        partition.producers.truncate(5);
        assert_eq!(partition.produce(0, 5, 5), Verdict::Append);
        partition.producers.truncate(0);
        assert_eq!(partition.produce(0, 42, 1), Verdict::Append);
    }

    #[test]
    fn without_a_producer_there_is_no_order() {
        let mut partition = Partition::default();
        let header = BatchHeader {
            producer_id: -1,
            ..header(-1, -1, 1)
        };
        for _ in 0..2 {
            assert_eq!(partition.producers.check(&header), Verdict::Append);
            partition.producers.record(&header, 0, -1);
        }
    }
}
