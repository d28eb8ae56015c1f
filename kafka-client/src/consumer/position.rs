//! Where each assigned partition is read. Pure: it takes `now`, and somebody else asks the brokers.
//!
//! A partition has two places. Its *position* is what the application gets next, and moves when an event is handed over. What is
//! *fetched* next runs ahead of it. Whatever breaks the line from one to the other (seek, reset, a new assignment) gives the partition
//! a new *generation*, and answers to questions of an older one are ignored: a late "out of range" cannot undo a seek.
//!
//! Both places carry the leader epoch of the record before them. When somebody else leads, `validation` asks whether the new
//! leader's log still has what was read (KIP-320); `replica` remembers who reads closer than the leader (KIP-392).

mod entry;
mod place;
mod replica;
mod validation;

pub(crate) use place::{Ends, Leader, Origin, Position};
pub(crate) use validation::{Parted, Validation};

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::consumer::patience::Patience;
use crate::consumer::position::entry::{Entry, Next, Trouble};
use crate::error::Error;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// The assigned partitions.
#[derive(Debug)]
pub(crate) struct Positions {
    partitions: BTreeMap<TopicPartition, Entry>,
    generations: u64,
    fetches: u64,
    backoff: Backoff,
    patience: Patience,
}

/// A partition to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The partition.
    pub(crate) partition: TopicPartition,
    /// Its generation.
    pub(crate) generation: u64,
    /// The offset to fetch.
    pub(crate) offset: i64,
    /// Leader epoch of the record before it.
    pub(crate) leader_epoch: Option<i32>,
}

/// A position to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// The partition.
    pub(crate) partition: TopicPartition,
    /// Its generation.
    pub(crate) generation: u64,
    /// Where the position comes from.
    pub(crate) origin: Origin,
}

impl Positions {
    /// No partitions. Questions that fail are asked again after `backoff`, and reported as `patience` says.
    pub(crate) fn new(backoff: Backoff, patience: Patience) -> Self {
        Self {
            partitions: BTreeMap::new(),
            generations: 0,
            fetches: 0,
            backoff,
            patience,
        }
    }

    /// Adds a partition that starts at a known offset; one that is there starts over.
    pub(crate) fn add_at(&mut self, partition: TopicPartition, position: impl Into<Position>) {
        let position = position.into();
        self.add(partition, Some(position), Next::Fetch(position));
    }

    /// Adds a partition whose position has to be found out; one that is there starts over.
    pub(crate) fn add_from(&mut self, partition: TopicPartition, origin: Origin) {
        let asked = false;
        self.add(partition, None, Next::Find { origin, asked });
    }

    fn add(&mut self, partition: TopicPartition, position: Option<Position>, next: Next) {
        self.generations += 1;
        let entry = Entry::new(self.generations, position, next);
        self.partitions.insert(partition, entry);
    }

    /// Removes a partition.
    pub(crate) fn remove(&mut self, partition: &TopicPartition) {
        self.partitions.remove(partition);
    }

    /// Removes all partitions.
    pub(crate) fn clear(&mut self) {
        self.partitions.clear();
    }

    /// The partitions, in order.
    pub(crate) fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.keys()
    }

    /// Whether it is one of them.
    pub(crate) fn is_assigned(&self, partition: &TopicPartition) -> bool {
        self.partitions.contains_key(partition)
    }

    /// What the application gets next; `None` if it is not known, or the partition not assigned.
    pub(crate) fn position(&self, partition: &TopicPartition) -> Option<i64> {
        Some(self.partitions.get(partition)?.position?.offset)
    }

    /// Every known position.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (&TopicPartition, Position)> {
        let known = self.partitions.iter();
        known.filter_map(|(name, entry)| Some((name, entry.position?)))
    }

    /// Ends of the log, as of the last answer; `None` if the partition is not assigned.
    pub(crate) fn ends(&self, partition: &TopicPartition) -> Option<Ends> {
        Some(self.partitions.get(partition)?.ends)
    }

    /// Completed fetches since the assignment.
    pub(crate) fn fetches(&self, partition: &TopicPartition) -> u64 {
        self.partitions
            .get(partition)
            .map_or(0, |entry| entry.fetches)
    }

    /// Whether the partition is assigned and in this generation.
    pub(crate) fn is_current(&self, partition: &TopicPartition, generation: u64) -> bool {
        let entry = self.partitions.get(partition);
        entry.is_some_and(|entry| entry.generation == generation)
    }

    /// What the application reads without a gap: another number after a seek or a reset. `None` if the partition is not assigned.
    pub(crate) fn line(&self, partition: &TopicPartition) -> Option<u64> {
        Some(self.partitions.get(partition)?.line)
    }

    /// Whether the application asked not to get records of it.
    pub(crate) fn is_paused(&self, partition: &TopicPartition) -> bool {
        self.partitions
            .get(partition)
            .is_some_and(|entry| entry.paused)
    }

    /// Stops or resumes a partition. What was fetched stays.
    pub(crate) fn set_paused(&mut self, partition: &TopicPartition, paused: bool) {
        if let Some(entry) = self.partitions.get_mut(partition) {
            entry.paused = paused;
        }
    }

    /// Goes on at a place, whatever the partition was at. With an epoch the place is validated first.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, position: impl Into<Position>) {
        let position = position.into();
        if let Some(entry) = self.anew(partition) {
            entry.position = Some(position);
            entry.next = Next::Fetch(position);
            entry.validated = None;
        }
    }

    /// Looks for the position again; until it is found there is none.
    pub(crate) fn reset(&mut self, partition: &TopicPartition, origin: Origin) {
        let asked = false;
        if let Some(entry) = self.anew(partition) {
            entry.position = None;
            entry.next = Next::Find { origin, asked };
        }
    }

    /// Fetches again from the position: what was fetched beyond it was dropped.
    pub(crate) fn rewind(&mut self, partition: &TopicPartition) {
        if let Some(entry) = self.partitions.get_mut(partition)
            && let Some(position) = entry.position
        {
            self.generations += 1;
            entry.generation = self.generations;
            entry.trouble = None;
            entry.next = Next::Fetch(position);
        }
    }

    /// Stops at `position` until a seek.
    pub(crate) fn stop(&mut self, partition: &TopicPartition, position: Option<Position>) {
        if let Some(entry) = self.anew(partition) {
            entry.position = position;
            entry.next = Next::Nothing;
        }
    }

    fn anew(&mut self, partition: &TopicPartition) -> Option<&mut Entry> {
        let entry = self.partitions.get_mut(partition)?;
        self.generations += 1;
        entry.generation = self.generations;
        entry.line = self.generations;
        entry.trouble = None;
        Some(entry)
    }

    /// Partitions to fetch from `node`: those that wait longest first.
    pub(crate) fn wanted(
        &self,
        node: i32,
        now: Instant,
        leader: impl Fn(&TopicPartition) -> Option<Leader>,
    ) -> Vec<Wanted> {
        let ready = self.partitions.iter().filter_map(|(name, entry)| {
            let Next::Fetch(place) = entry.next else {
                return None;
            };
            let ready = !entry.paused && entry.is_due(now);
            let ready = ready && entry.source(now, leader(name)) == Some(node);
            ready.then(|| (entry.served, entry.wanted(name, place)))
        });
        let mut ready: Vec<_> = ready.collect();
        ready.sort_by_key(|(served, _)| *served);
        ready.into_iter().map(|(_, wanted)| wanted).collect()
    }

    /// A fetch came back without an error: the log ends there, and fetching goes on at `next`, or not at all if there is something
    /// to see first. False if nobody waits for it any more.
    pub(crate) fn fetched(&mut self, asked: &Wanted, ends: Ends, next: Option<Position>) -> bool {
        self.fetches += 1;
        let served = self.fetches;
        let Some(entry) = self.asked(asked) else {
            return false;
        };
        if next.map(|next| next.offset) != Some(asked.offset) {
            entry.served = served;
        }
        entry.fetches += 1;
        entry.trouble = None;
        entry.learn(ends);
        entry.next = next.map_or(Next::Take, Next::Fetch);
        true
    }

    /// The entry that `asked` is about, unless it has moved on.
    fn asked(&mut self, asked: &Wanted) -> Option<&mut Entry> {
        let entry = self.partitions.get_mut(&asked.partition)?;
        let waits = matches!(entry.next, Next::Fetch(place) if place.offset == asked.offset);
        (waits && entry.generation == asked.generation).then_some(entry)
    }

    /// Records up to `next` were handed to the application, or there were none to show.
    pub(crate) fn moved(&mut self, partition: &TopicPartition, generation: u64, next: Position) {
        if let Some(entry) = self.partitions.get_mut(partition)
            && entry.generation == generation
        {
            entry.position = Some(next);
        }
    }

    /// Positions to find out now, of partitions that a broker leads; they count as asked for.
    pub(crate) fn lookups(
        &mut self,
        now: Instant,
        is_led: impl Fn(&TopicPartition) -> bool,
    ) -> Vec<Lookup> {
        let mut lookups = Vec::new();
        for (name, entry) in &mut self.partitions {
            let due = entry.is_due(now) && is_led(name);
            let generation = entry.generation;
            if let Next::Find { origin, asked } = &mut entry.next
                && !*asked
                && due
            {
                *asked = true;
                lookups.push(Lookup {
                    partition: name.clone(),
                    generation,
                    origin: *origin,
                });
            }
        }
        lookups
    }

    /// The answer to a look-up, from a leader of `epoch`. False if nobody waits for it any more.
    pub(crate) fn found(
        &mut self,
        lookup: &Lookup,
        position: Position,
        epoch: Option<i32>,
    ) -> bool {
        let current = self.is_current(&lookup.partition, lookup.generation);
        if current {
            self.seek(&lookup.partition, position);
            if let Some(entry) = self.partitions.get_mut(&lookup.partition) {
                entry.validated = epoch;
            }
        }
        current
    }

    /// A question about a partition failed; it is asked again after a wait. True if the application should be told.
    pub(crate) fn failed(
        &mut self,
        partition: &TopicPartition,
        generation: u64,
        error: &Error,
        now: Instant,
    ) -> bool {
        let entry = self.partitions.get_mut(partition);
        let Some(entry) = entry.filter(|entry| entry.generation == generation) else {
            return false;
        };
        if let Next::Find { asked, .. } | Next::Validate { asked, .. } = &mut entry.next {
            *asked = false;
        }
        let trouble = entry.trouble.get_or_insert_with(|| Trouble {
            not_before: now,
            backoff: self.backoff.clone(),
            patience: self.patience.clone(),
        });
        trouble.not_before = now + trouble.backoff.failed();
        trouble.patience.failed(error, now)
    }

    /// Partitions that nothing can be asked about now, as no broker leads them; each with its generation.
    pub(crate) fn leaderless(
        &self,
        now: Instant,
        is_led: impl Fn(&TopicPartition) -> bool,
    ) -> Vec<(TopicPartition, u64)> {
        let without = self.partitions.iter().filter(|(name, entry)| {
            entry.waits_for_leader() && !entry.paused && entry.is_due(now) && !is_led(name)
        });
        without
            .map(|(name, entry)| (name.clone(), entry.generation))
            .collect()
    }

    /// The next time at which something may be tried again, or elsewhere; `None` if nothing waits for that.
    pub(crate) fn next_retry(&self, now: Instant) -> Option<Instant> {
        let waiting = self.partitions.values().filter(|entry| !entry.paused);
        waiting
            .flat_map(Entry::times)
            .filter(|time| *time > now)
            .min()
    }
}

#[cfg(test)]
mod tests;
