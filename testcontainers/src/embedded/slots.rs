//! Which node coordinates what: a key's hash chooses a slot, and a slot has a node.
//!
//! A real broker has the partitions of `__consumer_offsets` or `__transaction_state` here, and their leaders.

use std::collections::BTreeSet;
use std::sync::Mutex;

use kafka_wire::ErrorCode;

use super::node::lock;

/// The slots of one kind of coordinator.
#[derive(Debug)]
pub(super) struct Slots {
    nodes: Mutex<Vec<Option<i32>>>,
    count: usize,
}

impl Slots {
    /// So many, at least one, without any node; see [`Slots::follow`].
    pub(super) fn new(count: usize) -> Self {
        let count = count.max(1);
        Self {
            nodes: Mutex::new(vec![None; count]),
            count,
        }
    }

    /// The slot of a key, as Kafka finds the partition: by Java's hash of the text.
    pub(super) fn of(&self, key: &str) -> usize {
        let mut hash = 0_u32;
        for unit in key.encode_utf16() {
            hash = hash.wrapping_mul(31).wrapping_add(u32::from(unit));
        }
        let positive = usize::try_from(hash & 0x7fff_ffff).unwrap_or(0);
        positive.checked_rem(self.count).unwrap_or(0)
    }

    /// The node that coordinates `key`; `None` while no node is up.
    pub(super) fn node_of(&self, key: &str) -> Option<i32> {
        lock(&self.nodes).get(self.of(key)).copied().flatten()
    }

    /// `Ok` if `node` coordinates `key`.
    pub(super) fn check(&self, key: &str, node: i32) -> Result<(), ErrorCode> {
        match self.node_of(key) {
            None => Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
            Some(coordinator) if coordinator != node => Err(ErrorCode::NOT_COORDINATOR),
            Some(_) => Ok(()),
        }
    }

    /// These nodes are up: slots of others move to them, and stay. Which ones moved.
    pub(super) fn follow(&self, up: &BTreeSet<i32>) -> BTreeSet<usize> {
        let mut moved = BTreeSet::new();
        for (index, node) in lock(&self.nodes).iter_mut().enumerate() {
            if node.is_some_and(|node| up.contains(&node)) {
                continue;
            }
            let place = index.checked_rem(up.len()).unwrap_or(0);
            *node = up.iter().nth(place).copied();
            moved.insert(index);
        }
        moved
    }

    /// Another node coordinates `key`, and all that share its slot. Which slot that is.
    pub(super) fn move_to(&self, key: &str, node: i32) -> usize {
        let slot = self.of(key);
        if let Some(place) = lock(&self.nodes).get_mut(slot) {
            *place = Some(node);
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_java() {
        let slots = Slots::new(50);
        // "hello".hashCode() is 99162322 (jshell).
        assert_eq!(slots.of("hello"), 22);
        assert_eq!(slots.of(""), 0);
    }

    #[test]
    fn slots_move_only_if_they_must() {
        let slots = Slots::new(4);
        let nodes = || lock(&slots.nodes).clone();
        slots.follow(&[1, 2, 3].into());
        assert_eq!(nodes(), [1, 2, 3, 1].map(Some));
        assert_eq!(slots.follow(&[1, 3].into()), [1].into());
        assert_eq!(nodes(), [1, 3, 3, 1].map(Some));
        slots.follow(&[1, 2, 3].into());
        assert_eq!(nodes(), [1, 3, 3, 1].map(Some));
        slots.follow(&BTreeSet::new());
        assert_eq!(nodes(), [None; 4]);
    }
}
