//! Whether the log still has what was read before somebody else began to lead it (KIP-320). Pure.
//!
//! A leader that was not in sync when it was elected may lack records that its predecessor had, and have others at their offsets.
//! Asked for the end of the epoch of the last record that was read, it tells how far the two logs are the same. What is fetched next is
//! validated first; if the logs part before it, what was fetched ahead is dropped, and the position itself is validated. Only if they
//! part before that, records that the application has seen are gone.

use kafka_wire::Uuid;
use tokio::time::Instant;

use crate::consumer::position::entry::{Entry, Next};
use crate::consumer::position::{Leader, Position, Positions, Wanted};
use crate::topic_partition::TopicPartition;

/// A place that a leader has to be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validation {
    /// The partition.
    pub(crate) partition: TopicPartition,
    /// Its generation.
    pub(crate) generation: u64,
    /// The place.
    pub(crate) offset: i64,
    /// Leader epoch of the record before it.
    pub(crate) leader_epoch: i32,
    /// Who is asked.
    pub(crate) leader: Leader,
}

/// What became of a place that a leader was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parted {
    /// Nobody waits for the answer any more.
    Stale,
    /// The log is the same up to there.
    Nowhere,
    /// Beyond what the application has seen: it goes on from its position, and what was fetched is void.
    Ahead,
    /// Before what the application gets next.
    Behind {
        /// What it would get next.
        position: Position,
        /// Where the logs part; `None` if the leader knows nothing of the epoch.
        at: Option<Position>,
    },
}

/// What a new picture of the cluster means for what is fetched next.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Something has to be validated.
    pub(crate) validate: bool,
    /// Topics that were created anew: their logs have nothing of what was read.
    pub(crate) anew: Vec<Wanted>,
}

impl Positions {
    /// Looks who leads now. What an earlier leader told has to be validated before the next fetch.
    pub(crate) fn see(&mut self, leader: impl Fn(&TopicPartition) -> Option<Leader>) -> Seen {
        let mut seen = Seen::default();
        for (name, entry) in &mut self.partitions {
            let (Some(leader), Next::Fetch(at) | Next::Validate { at, .. }) =
                (leader(name), entry.next)
            else {
                continue;
            };
            if entry.is_of_another(leader.topic_id) {
                entry.next = Next::Fetch(at.offset.into());
                entry.validated = None;
                entry.preferred = None;
                seen.anew.push(entry.wanted(name, at.offset.into()));
            }
            if !leader.topic_id.is_zero() {
                entry.topic_id = leader.topic_id;
            }
            seen.validate |= entry.follow(leader);
        }
        seen
    }

    /// Places to ask leaders about now; they count as asked for.
    pub(crate) fn validations(
        &mut self,
        now: Instant,
        leader: impl Fn(&TopicPartition) -> Option<Leader>,
    ) -> Vec<Validation> {
        let mut validations = Vec::new();
        for (name, entry) in &mut self.partitions {
            let due = entry.is_due(now);
            let generation = entry.generation;
            if let Next::Validate { at, asked } = &mut entry.next
                && let (Some(leader), Some(leader_epoch)) = (leader(name), at.leader_epoch)
                && due
                && !*asked
            {
                *asked = true;
                validations.push(Validation {
                    partition: name.clone(),
                    generation,
                    offset: at.offset,
                    leader_epoch,
                    leader,
                });
            }
        }
        validations
    }

    /// What the leader answered: the last epoch up to the one that was asked for which its log has, and the offset after it.
    pub(crate) fn validated(&mut self, asked: &Validation, end: Position) -> Parted {
        let entry = self.partitions.get_mut(&asked.partition);
        let Some(entry) = entry.filter(|entry| entry.generation == asked.generation) else {
            return Parted::Stale;
        };
        match entry.next {
            Next::Validate { at, .. } if at.offset == asked.offset => {
                entry.validated = Some(asked.leader.epoch);
                self.judge(&asked.partition, at, end)
            }
            _ => Parted::Stale,
        }
    }

    /// A fetch was answered with the place where the logs part, instead of records.
    pub(crate) fn diverged(&mut self, asked: &Wanted, end: Position) -> Parted {
        let place = Position {
            offset: asked.offset,
            leader_epoch: asked.leader_epoch,
        };
        match self.asked(asked) {
            Some(_) => self.judge(&asked.partition, place, end),
            None => Parted::Stale,
        }
    }

    fn judge(&mut self, partition: &TopicPartition, at: Position, end: Position) -> Parted {
        let Some(entry) = self.partitions.get_mut(partition) else {
            return Parted::Stale;
        };
        entry.trouble = None;
        let known = end.leader_epoch.is_some() && end.offset >= 0;
        if known && end.offset >= at.offset {
            // An epoch that wrote nothing leaves no trace in the logs of others: theirs is the one before.
            let same = Position {
                offset: at.offset,
                leader_epoch: end.leader_epoch,
            };
            if entry.position == Some(at) {
                entry.position = Some(same);
            }
            entry.next = Next::Fetch(same);
            return Parted::Nowhere;
        }
        match entry.position {
            Some(position) if position.offset < at.offset => {
                self.rewind(partition);
                if let Some(entry) = self.partitions.get_mut(partition)
                    && position.leader_epoch.is_some()
                {
                    let (at, asked) = (position, false);
                    entry.next = Next::Validate { at, asked };
                }
                Parted::Ahead
            }
            _ => Parted::Behind {
                position: at,
                at: known.then_some(end),
            },
        }
    }
}

impl Entry {
    fn is_of_another(&self, topic_id: Uuid) -> bool {
        !self.topic_id.is_zero() && !topic_id.is_zero() && self.topic_id != topic_id
    }

    /// True if what is fetched next has to be validated by this leader.
    fn follow(&mut self, leader: Leader) -> bool {
        let Next::Fetch(at) = self.next else {
            return false;
        };
        if leader.epoch < 0 || self.validated.is_some_and(|epoch| epoch >= leader.epoch) {
            return false;
        }
        if at.leader_epoch.is_none() {
            self.validated = Some(leader.epoch);
            return false;
        }
        let asked = false;
        self.next = Next::Validate { at, asked };
        true
    }
}

#[cfg(test)]
mod tests;
