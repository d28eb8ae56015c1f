//! The topics that a producer sends to, their partitions and whose turn it is among them.

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kafka_wire::Uuid;
use tokio::time::Instant;

use super::lane::{Lane, Rules};
use super::partitioner::Turn;
use crate::cluster::metadata;

/// A topic as the producer sees it. Replaced as a whole when the topic grows or is created anew.
#[derive(Debug)]
pub(crate) struct TopicLanes {
    name: Arc<str>,
    id: Uuid,
    partitions: Vec<Arc<Partition>>,
    /// Whose turn it is among records without a key.
    turns: Turns,
}

/// A partition: its batches and its leader.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Number among all partitions of the producer.
    pub(crate) id: usize,
    /// Its topic.
    pub(crate) topic: Arc<str>,
    /// Its number in the topic.
    pub(crate) number: i32,
    leader: AtomicI32,
    lane: Mutex<Lane>,
}

impl Partition {
    /// Its batches.
    #[inline]
    pub(crate) fn lane(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The broker to send to, if there is one.
    pub(crate) fn leader(&self) -> Option<i32> {
        let leader = self.leader.load(Ordering::Relaxed);
        (leader != NO_LEADER).then_some(leader)
    }

    /// True if that is news.
    fn set_leader(&self, leader: Option<i32>) -> bool {
        let leader = leader.unwrap_or(NO_LEADER);
        self.leader.swap(leader, Ordering::Relaxed) != leader
    }
}

impl TopicLanes {
    /// A topic as `topic` describes it; what was `known` of it stays, its batches above all. New partitions get ids from `first_id` on.
    pub(crate) fn new(
        topic: &metadata::Topic,
        known: Option<&Self>,
        first_id: usize,
        rules: Rules,
    ) -> Self {
        let mut partitions = known.map_or_else(Vec::new, |known| known.partitions.clone());
        let fresh = topic.partitions.iter().enumerate().skip(partitions.len());
        let fresh = fresh.zip(first_id..).map(|((place, partition), id)| {
            let number = i32::try_from(place).unwrap_or(i32::MAX);
            let lane = Lane::new(rules, topic.name.clone(), number, Instant::now());
            Arc::new(Partition {
                id,
                topic: topic.name.clone(),
                number,
                leader: AtomicI32::new(partition.leader.unwrap_or(NO_LEADER)),
                lane: Mutex::new(lane),
            })
        });
        partitions.extend(fresh);
        Self {
            name: topic.name.clone(),
            id: topic.id,
            partitions,
            turns: known.map_or_else(Turns::default, |known| known.turns.copy()),
        }
    }

    /// Its name.
    #[inline]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its partitions, by number.
    #[inline]
    pub(crate) fn partitions(&self) -> &[Arc<Partition>] {
        &self.partitions
    }

    /// Whether `topic` is the same topic and has not grown.
    pub(crate) fn is_up_to_date(&self, topic: &metadata::Topic) -> bool {
        self.id == topic.id && self.partitions.len() >= topic.partitions.len()
    }

    /// Takes over new leaders; the partitions that have moved. A topic created anew has moved as a whole.
    pub(crate) fn follow(&self, topic: &metadata::Topic) -> Vec<Arc<Partition>> {
        let is_new = topic.id != self.id;
        let pairs = self.partitions.iter().zip(&topic.partitions);
        let moved = pairs.filter(|(partition, now)| partition.set_leader(now.leader) || is_new);
        moved
            .map(|(partition, _)| {
                partition.lane().moved();
                partition.clone()
            })
            .collect()
    }

    /// Whose turn it is among records without a key.
    pub(crate) fn turn(&self) -> Turn {
        self.turns
            .current()
            .unwrap_or_else(|| Turn::first(self.partitions.len(), |place| self.has_leader(place)))
    }

    /// The turn after `turn`.
    pub(crate) fn turn_after(&self, turn: Turn) -> Turn {
        turn.next(self.partitions.len(), |place| self.has_leader(place))
    }

    /// Sets the turn, unless somebody else was faster.
    pub(crate) fn replace_turn(&self, old: Turn, new: Turn) {
        self.turns.replace(old, new);
    }

    fn has_leader(&self, place: usize) -> bool {
        let partition = self.partitions.get(place);
        partition.is_some_and(|partition| partition.leader().is_some())
    }
}

/// A [`Turn`] that many callers read and few change: partition times two, plus one if it is used.
#[derive(Debug)]
struct Turns(AtomicUsize);

impl Turns {
    fn current(&self) -> Option<Turn> {
        let code = self.0.load(Ordering::Relaxed);
        (code != NO_TURN).then_some(Turn {
            partition: code / 2,
            used: code % 2 == 1,
        })
    }

    /// Unless somebody else was faster.
    fn replace(&self, old: Turn, new: Turn) {
        let code = |turn: Turn| turn.partition * 2 + usize::from(turn.used);
        let (ok, relaxed) = (Ordering::Relaxed, Ordering::Relaxed);
        if self
            .0
            .compare_exchange(code(old), code(new), ok, relaxed)
            .is_err()
        {
            let _ = self.0.compare_exchange(NO_TURN, code(new), ok, relaxed);
        }
    }

    fn copy(&self) -> Self {
        Self(AtomicUsize::new(self.0.load(Ordering::Relaxed)))
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self(AtomicUsize::new(NO_TURN))
    }
}

const NO_LEADER: i32 = -1;
const NO_TURN: usize = usize::MAX;
