//! Who sends, and the numbers of its records in one partition (KIP-98). Pure.

use kafka_wire::records::ProducerStamp;

/// Who sends, as the broker knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Given by `InitProducerId`.
    pub(crate) id: i64,
    /// Given with it; a partition raises it when its sequence has a gap (KIP-360).
    pub(crate) epoch: i16,
}

impl Identity {
    /// The same producer, one epoch later: what it sent before is fenced off. `None` if epochs are used up.
    pub(crate) fn next_epoch(self) -> Option<Self> {
        let epoch = self.epoch.checked_add(1)?;
        Some(Self { epoch, ..self })
    }
}

/// The sequence of one partition under one identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// Under which the numbers count.
    pub(crate) identity: Identity,
    /// Whether the broker has written anything under it. Before, it accepts any number as the first, so only one batch may be on its way.
    pub(crate) confirmed: bool,
    next: i32,
}

impl Sequence {
    /// A sequence that starts at 0.
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            confirmed: false,
            next: 0,
        }
    }

    /// Numbers for a batch of `records`. After 2^31 - 1 comes 0.
    pub(crate) fn take(&mut self, records: u32) -> ProducerStamp {
        let base_sequence = self.next;
        self.next = after(base_sequence, records);
        ProducerStamp {
            id: self.identity.id,
            epoch: self.identity.epoch,
            base_sequence,
        }
    }
}

/// The number that follows those of `records` from `base_sequence` on.
pub(crate) fn after(base_sequence: i32, records: u32) -> i32 {
    let after = (i64::from(base_sequence) + i64::from(records)) & i64::from(i32::MAX);
    i32::try_from(after).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Identity = Identity { id: 7, epoch: 0 };

    #[test]
    fn numbers_follow_one_another_without_a_gap() {
        let mut sequence = Sequence::new(FIRST);
        let bases = [3, 1, 10].map(|records| sequence.take(records).base_sequence);
        assert_eq!(bases, [0, 3, 4]);
        assert_eq!(sequence.take(1).base_sequence, 14);
    }

    #[test]
    fn numbers_wrap_to_zero_as_brokers_expect() {
        let mut sequence = Sequence::new(FIRST);
        sequence.next = i32::MAX - 1;
        assert_eq!(sequence.take(2).base_sequence, i32::MAX - 1);
        assert_eq!(sequence.take(1).base_sequence, 0);
        sequence.next = i32::MAX;
        assert_eq!(sequence.take(3).base_sequence, i32::MAX);
        assert_eq!(sequence.take(1).base_sequence, 2);
    }

    #[test]
    fn epochs_run_out() {
        assert_eq!(FIRST.next_epoch().unwrap().epoch, 1);
        assert_eq!(
            Identity {
                id: 7,
                epoch: i16::MAX
            }
            .next_epoch(),
            None
        );
    }
}
