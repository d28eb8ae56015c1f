//! Where each assigned partition is read. Pure: it takes `now`, and somebody else asks the brokers.
//!
//! A partition has two places. Its *position* is what the application gets next, and moves when an event is handed over. What is
//! *fetched* next runs ahead of it. Whatever breaks the line from one to the other (seek, reset, a new assignment) gives the partition
//! a new *generation*, and answers to questions of an older one are ignored: a late "out of range" cannot undo a seek.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::consumer::patience::Patience;
use crate::error::Error;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// The assigned partitions.
#[derive(Debug)]
pub(crate) struct Positions {
    partitions: BTreeMap<TopicPartition, Partition>,
    generations: u64,
    fetches: u64,
    backoff: Backoff,
    patience: Patience,
}

#[derive(Debug)]
struct Partition {
    generation: u64,
    /// What the application gets next; `None` until it is known.
    position: Option<i64>,
    next: Next,
    paused: bool,
    high_watermark: Option<i64>,
    /// Completed fetches since the assignment.
    fetches: u64,
    /// When it was last fetched, in fetches of all partitions: the one that waits longest goes first.
    served: u64,
    trouble: Option<Trouble>,
}

/// What has to be done next to go on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The position has to be found out.
    Find { origin: Origin, asked: bool },
    /// This offset has to be fetched.
    Fetch(i64),
    /// The application has to take what was fetched, and then see an error or a gap.
    Take,
    /// Nothing, until a seek.
    Nothing,
}

/// Where a position that is not known comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// What the group committed.
    Committed,
    /// The first record in the log.
    Earliest,
    /// The end of the log.
    Latest,
}

/// Questions about a partition that fail.
#[derive(Debug)]
struct Trouble {
    not_before: Instant,
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
    pub(crate) fn add_at(&mut self, partition: TopicPartition, offset: i64) {
        self.add(partition, Some(offset), Next::Fetch(offset));
    }

    /// Adds a partition whose position has to be found out; one that is there starts over.
    pub(crate) fn add_from(&mut self, partition: TopicPartition, origin: Origin) {
        let asked = false;
        self.add(partition, None, Next::Find { origin, asked });
    }

    fn add(&mut self, partition: TopicPartition, position: Option<i64>, next: Next) {
        self.generations += 1;
        let entry = Partition {
            generation: self.generations,
            position,
            next,
            paused: false,
            high_watermark: None,
            fetches: 0,
            served: 0,
            trouble: None,
        };
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
        self.partitions.get(partition)?.position
    }

    /// Every known position.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (&TopicPartition, i64)> {
        let known = self.partitions.iter();
        known.filter_map(|(name, entry)| Some((name, entry.position?)))
    }

    /// Offset after the last replicated record, as of the last answer.
    pub(crate) fn high_watermark(&self, partition: &TopicPartition) -> Option<i64> {
        self.partitions.get(partition)?.high_watermark
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

    /// Goes on at `offset`, whatever the partition was at.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        if let Some(entry) = self.anew(partition) {
            entry.position = Some(offset);
            entry.next = Next::Fetch(offset);
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
        if let Some(position) = self.position(partition) {
            self.seek(partition, position);
        }
    }

    /// Stops at `position` until a seek.
    pub(crate) fn stop(&mut self, partition: &TopicPartition, position: Option<i64>) {
        if let Some(entry) = self.anew(partition) {
            entry.position = position;
            entry.next = Next::Nothing;
        }
    }

    fn anew(&mut self, partition: &TopicPartition) -> Option<&mut Partition> {
        let entry = self.partitions.get_mut(partition)?;
        self.generations += 1;
        entry.generation = self.generations;
        entry.trouble = None;
        Some(entry)
    }

    /// Partitions to fetch from the broker that `leads` them: those that wait longest first.
    pub(crate) fn wanted(
        &self,
        now: Instant,
        leads: impl Fn(&TopicPartition) -> bool,
    ) -> Vec<Wanted> {
        let ready = self.partitions.iter().filter_map(|(name, entry)| {
            let Next::Fetch(offset) = entry.next else {
                return None;
            };
            let ready = !entry.paused && entry.is_due(now) && leads(name);
            ready.then(|| (entry.served, entry.wanted(name, offset)))
        });
        let mut ready: Vec<_> = ready.collect();
        ready.sort_by_key(|(served, _)| *served);
        ready.into_iter().map(|(_, wanted)| wanted).collect()
    }

    /// A fetch came back without an error: the log ends at `high_watermark`, and fetching goes on at `next`, or not at all if there is
    /// something to see first. False if nobody waits for it any more.
    pub(crate) fn fetched(
        &mut self,
        asked: &Wanted,
        high_watermark: i64,
        next: Option<i64>,
    ) -> bool {
        self.fetches += 1;
        let served = self.fetches;
        let Some(entry) = self.asked(asked) else {
            return false;
        };
        if next != Some(asked.offset) {
            entry.served = served;
        }
        entry.fetches += 1;
        entry.trouble = None;
        if high_watermark >= 0 {
            entry.high_watermark = Some(high_watermark);
        }
        entry.next = next.map_or(Next::Take, Next::Fetch);
        true
    }

    /// The entry that `asked` is about, unless it has moved on.
    fn asked(&mut self, asked: &Wanted) -> Option<&mut Partition> {
        let entry = self.partitions.get_mut(&asked.partition)?;
        let current =
            entry.generation == asked.generation && entry.next == Next::Fetch(asked.offset);
        current.then_some(entry)
    }

    /// Records up to `next` were handed to the application, or there were none to show.
    pub(crate) fn moved(&mut self, partition: &TopicPartition, generation: u64, next: i64) {
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
            let Next::Find {
                origin,
                asked: false,
            } = entry.next
            else {
                continue;
            };
            if !entry.is_due(now) || !is_led(name) {
                continue;
            }
            entry.next = Next::Find {
                origin,
                asked: true,
            };
            lookups.push(Lookup {
                partition: name.clone(),
                generation: entry.generation,
                origin,
            });
        }
        lookups
    }

    /// The answer to a look-up. False if nobody waits for it any more.
    pub(crate) fn found(&mut self, lookup: &Lookup, offset: i64) -> bool {
        let current = self.is_current(&lookup.partition, lookup.generation);
        if current {
            self.seek(&lookup.partition, offset);
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
        if let Next::Find { origin, .. } = entry.next {
            let asked = false;
            entry.next = Next::Find { origin, asked };
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
            let waits = matches!(entry.next, Next::Find { asked: false, .. } | Next::Fetch(_));
            waits && !entry.paused && entry.is_due(now) && !is_led(name)
        });
        without
            .map(|(name, entry)| (name.clone(), entry.generation))
            .collect()
    }

    /// The next time at which something that failed may be tried again; `None` if nothing waits for that.
    pub(crate) fn next_retry(&self, now: Instant) -> Option<Instant> {
        let waiting = self.partitions.values().filter(|entry| !entry.paused);
        let times = waiting.filter_map(|entry| Some(entry.trouble.as_ref()?.not_before));
        times.filter(|time| *time > now).min()
    }
}

impl Partition {
    fn is_due(&self, now: Instant) -> bool {
        self.trouble
            .as_ref()
            .is_none_or(|trouble| trouble.not_before <= now)
    }

    fn wanted(&self, name: &TopicPartition, offset: i64) -> Wanted {
        Wanted {
            partition: name.clone(),
            generation: self.generation,
            offset,
        }
    }
}

#[cfg(test)]
mod tests;
