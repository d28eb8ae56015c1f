//! Reading from the closest replica (KIP-392): the leader names one, which is read until it errs or the time is up. Pure.

use std::collections::BTreeSet;

use tokio::time::Instant;

use crate::consumer::position::{Leader, Positions, Wanted};
use crate::topic_partition::TopicPartition;

/// Whom the leader wants us to read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preferred {
    pub(super) node: i32,
    /// Then the leader is asked again, as somebody closer may have come, or this one be far behind.
    pub(super) until: Instant,
}

impl Positions {
    /// The leader wants a partition to be read from `node`, which is done until the time is up. False if nobody cares any more.
    pub(crate) fn prefer(&mut self, asked: &Wanted, node: i32, until: Instant) -> bool {
        let current = self.is_current(&asked.partition, asked.generation);
        if let Some(entry) = self.partitions.get_mut(&asked.partition)
            && current
        {
            entry.preferred = Some(Preferred { node, until });
        }
        current
    }

    /// Goes back to the leader of a partition if it was read from `node` on the leader's advice; whether it was.
    pub(crate) fn give_up_replica(&mut self, partition: &TopicPartition, node: i32) -> bool {
        let entry = self.partitions.get_mut(partition);
        entry.is_some_and(|entry| {
            let preferred = entry.preferred.take_if(|preferred| preferred.node == node);
            preferred.is_some()
        })
    }

    /// The same for every partition that was read from `node`; whether there was one.
    pub(crate) fn give_up_replicas(&mut self, node: i32) -> bool {
        let mut any = false;
        for entry in self.partitions.values_mut() {
            let preferred = entry.preferred.take_if(|preferred| preferred.node == node);
            any |= preferred.is_some();
        }
        any
    }

    /// Whether something is to be fetched from `node`, now or later.
    pub(crate) fn is_source(
        &self,
        node: i32,
        now: Instant,
        leader: impl Fn(&TopicPartition) -> Option<Leader>,
    ) -> bool {
        let mut entries = self.partitions.iter();
        entries.any(|(name, entry)| entry.source(now, leader(name)) == Some(node))
    }

    /// All brokers of which that is so.
    pub(crate) fn sources(
        &self,
        now: Instant,
        leader: impl Fn(&TopicPartition) -> Option<Leader>,
    ) -> BTreeSet<i32> {
        let entries = self.partitions.iter();
        entries
            .filter_map(|(name, entry)| entry.source(now, leader(name)))
            .collect()
    }
}
