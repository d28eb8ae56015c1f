//! The topics and partitions of a producer: made known, brought up to date, forgotten when nobody sends to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Accumulator;
use crate::cluster::metadata;
use crate::producer::lane::Rules;
use crate::producer::metrics::{ProducerStats, SendStats};
use crate::producer::sequence::Sequence;
use crate::producer::topics::{Partition, TopicLanes};

/// All partitions, by an id that is never used again.
#[derive(Debug, Default)]
pub(super) struct Registry {
    partitions: BTreeMap<usize, Arc<Partition>>,
    next_id: usize,
    /// Where the numbers of forgotten partitions go on. Were they to start anew, the broker would take new records for repetitions.
    sequences: HashMap<(Arc<str>, i32), Sequence>,
    /// What forgotten topics have counted.
    forgotten: SendStats,
    finished: bool,
}

impl Accumulator {
    /// A partition by its id.
    pub(crate) fn partition(&self, id: usize) -> Option<Arc<Partition>> {
        self.registry().partitions.get(&id).cloned()
    }

    /// All partitions, by their id.
    pub(crate) fn partitions(&self) -> Vec<Arc<Partition>> {
        self.registry().partitions.values().cloned().collect()
    }

    /// All partitions; from now on there will be no others.
    pub(super) fn last_partitions(&self) -> Vec<Arc<Partition>> {
        let mut registry = self.registry();
        registry.finished = true;
        registry.partitions.values().cloned().collect()
    }

    /// Makes a topic known, as `topic` describes it, or brings it up to date. False once the producer has finished.
    pub(crate) fn put_topic(&self, topic: &metadata::Topic) -> bool {
        let mut registry = self.registry();
        if registry.finished {
            return false;
        }
        let compression = self.compression.get(&*topic.name).copied();
        let rules = Rules {
            compression: compression.unwrap_or(self.rules.compression),
            ..self.rules
        };
        let first_id = registry.next_id;
        let known = self.topics.load().get(&topic.name).cloned();
        let lanes = if let Some(known) = known {
            known.grow(topic, first_id, rules);
            known
        } else {
            let lanes = Arc::new(TopicLanes::new(topic, first_id, rules));
            registry.resume(&lanes);
            let mut topics = HashMap::clone(&self.topics.load());
            topics.insert(topic.name.clone(), lanes.clone());
            self.topics.store(Arc::new(topics));
            if let Some(place) = self.first.iter().find(|place| place.get().is_none()) {
                let _ = place.set(lanes.clone());
            }
            lanes
        };
        for new in lanes.partitions().filter(|it| it.id >= first_id) {
            registry.next_id = registry.next_id.max(new.id + 1);
            registry.partitions.insert(new.id, new.clone());
        }
        true
    }

    /// Takes over new leaders and new partitions; the partitions that have moved.
    pub(crate) fn follow(&self, metadata: &metadata::Metadata) -> Vec<Arc<Partition>> {
        let mut moved = Vec::new();
        let topics = self.topics.load_full();
        for (name, lanes) in &*topics {
            let Some(topic) = metadata.topic(name) else {
                continue;
            };
            moved.append(&mut lanes.follow(topic));
            self.put_topic(topic);
        }
        moved
    }

    /// Whether there are topics that may be forgotten. The first few never are: they are found without taking part in any count.
    pub(crate) fn may_forget(&self) -> bool {
        self.topics.load().len() > self.first.len()
    }

    /// Forgets topics that nobody has sent to for `limit`; the ids of their partitions. Whoever sends to one again finds it anew.
    pub(crate) fn forget(&self, limit: Duration, now: Instant) -> Vec<usize> {
        let mut registry = self.registry();
        let mut left = HashMap::clone(&self.topics.load());
        let first = || self.first.iter().map_while(OnceLock::get);
        let gone = left.extract_if(|name, lanes| {
            let is_first = first().any(|it| it.name() == &**name);
            !is_first && lanes.retire(limit, now)
        });
        let gone: Vec<_> = gone.collect();
        let mut ids = Vec::new();
        for (name, lanes) in gone {
            for partition in lanes.partitions() {
                registry.partitions.remove(&partition.id);
                registry.forgotten += partition.counters.snapshot();
                if let Some(sequence) = partition.lane().sequence() {
                    let key = (name.clone(), partition.number);
                    registry.sequences.insert(key, sequence);
                }
                ids.push(partition.id);
            }
        }
        self.topics.store(Arc::new(left));
        ids
    }

    /// The next batch of every partition begins a new sequence.
    pub(crate) fn forget_sequences(&self) {
        self.registry().sequences.clear();
        for partition in self.partitions() {
            partition.lane().forget_sequence();
        }
    }

    /// What was done so far.
    pub(crate) fn stats(&self) -> ProducerStats {
        // Before the topics: one that is forgotten meanwhile is missing rather than there twice.
        let mut total = self.registry().forgotten;
        let topics = self.topics.load();
        let topics = topics.iter().map(|(name, topic)| {
            let stats = topic.stats();
            total += stats.total;
            (name.clone(), stats)
        });
        let topics = topics.collect();
        ProducerStats {
            buffered_bytes: self.memory.used(),
            total,
            topics,
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// Has a topic that was forgotten go on where it was.
    fn resume(&mut self, lanes: &TopicLanes) {
        for partition in lanes.partitions() {
            let key = (partition.topic.clone(), partition.number);
            if let Some(sequence) = self.sequences.remove(&key) {
                partition.lane().resume(sequence);
            }
        }
    }
}
