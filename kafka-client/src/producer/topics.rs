//! The topics that a producer sends to, their partitions and whose turn it is among them.

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use kafka_wire::Uuid;
use kafka_wire::records::Compression;
use tokio::time::Instant;

use super::lane::{Lane, Rules};
use super::metrics::{Counters, SendStats, TopicStats};
use super::partitioner::{Keyless, Turn, weighted};
use crate::cluster::metadata;

/// A topic as the producer sees it.
#[derive(Debug)]
pub(crate) struct TopicLanes {
    name: Arc<str>,
    id: Mutex<Uuid>,
    partitions: Grown<Arc<Partition>>,
    /// Whose turn it is among records without a key.
    turns: Turns,
    /// Which partition has records without a key, if they stick.
    sticky: Sticky,
    /// Records that were sent round robin.
    round: AtomicUsize,
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
    /// How its batches are compressed.
    pub(crate) compression: Compression,
    leader: AtomicI32,
    lane: Mutex<Lane>,
    /// What became of its batches.
    pub(crate) counters: Counters,
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

    /// What became of its batches, and what waits.
    pub(crate) fn stats(&self) -> SendStats {
        let counted = self.counters.snapshot();
        let settled = counted.records_written + counted.records_failed;
        let lane = self.lane();
        SendStats {
            records_queued: lane.records_taken().saturating_sub(settled),
            ..counted
        }
    }

    /// Whether a full batch has waited here for longer than `patience`.
    fn has_waited(&self, patience: Duration, now: Instant) -> bool {
        let since = self.lane().waiting_since();
        since.is_some_and(|since| now.saturating_duration_since(since) > patience)
    }

    /// True if that is news.
    fn set_leader(&self, leader: Option<i32>) -> bool {
        let leader = leader.unwrap_or(NO_LEADER);
        self.leader.swap(leader, Ordering::Relaxed) != leader
    }
}

impl TopicLanes {
    /// A topic as `topic` describes it, whose partitions get ids from `first_id` on.
    pub(crate) fn new(topic: &metadata::Topic, first_id: usize, rules: Rules) -> Self {
        Self {
            name: topic.name.clone(),
            id: Mutex::new(topic.id),
            partitions: Grown::new(partitions(topic, 0, first_id, rules)),
            turns: Turns::default(),
            sticky: Sticky::default(),
            round: AtomicUsize::new(0),
        }
    }

    /// Its name.
    #[inline]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A partition by its number.
    #[inline]
    pub(crate) fn partition(&self, number: usize) -> Option<&Arc<Partition>> {
        self.partitions.get(number)
    }

    /// How many partitions it has.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.partitions.len()
    }

    /// Its partitions, by number.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.partitions.iter()
    }

    /// Takes no records any more if nobody has sent any for `limit`.
    pub(crate) fn retire(&self, limit: Duration, now: Instant) -> bool {
        let is_idle = self.partitions().all(|it| it.lane().retire(limit, now));
        if !is_idle {
            self.partitions().for_each(|it| it.lane().revive());
        }
        is_idle
    }

    /// What became of its batches, and what waits.
    pub(crate) fn stats(&self) -> TopicStats {
        let mut total = SendStats::default();
        let partitions = self.partitions().map(|partition| partition.stats());
        let partitions: Vec<_> = partitions.inspect(|stats| total += *stats).collect();
        TopicStats { total, partitions }
    }

    /// Adds the partitions that `topic` has beyond these, with ids from `first_id` on. Called by one at a time.
    pub(crate) fn grow(&self, topic: &metadata::Topic, first_id: usize, rules: Rules) {
        let added = partitions(topic, self.count(), first_id, rules);
        if !added.is_empty() {
            self.partitions.append(added);
        }
    }

    /// Takes over new leaders; the partitions that have moved. A topic created anew has moved as a whole.
    pub(crate) fn follow(&self, topic: &metadata::Topic) -> Vec<Arc<Partition>> {
        let mut id = self.id.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = std::mem::replace(&mut *id, topic.id) != topic.id;
        let pairs = self.partitions().zip(&topic.partitions);
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
            .unwrap_or_else(|| Turn::first(self.count(), |place| self.has_leader(place)))
    }

    /// The turn after `turn`.
    pub(crate) fn turn_after(&self, turn: Turn) -> Turn {
        turn.next(self.count(), |place| self.has_leader(place))
    }

    /// Sets the turn, unless somebody else was faster.
    pub(crate) fn replace_turn(&self, old: Turn, new: Turn) {
        self.turns.replace(old, new);
    }

    /// The next partition that has a leader, and the next one the next time.
    pub(crate) fn next_in_round(&self) -> usize {
        let round = self.round.fetch_add(1, Ordering::Relaxed);
        let led = || (0..self.count()).filter(|place| self.has_leader(*place));
        match round.checked_rem(led().count()) {
            Some(place) => led().nth(place).unwrap_or_default(),
            None => round.checked_rem(self.count()).unwrap_or_default(),
        }
    }

    /// The partition that records without a key stick to, and the bytes it has got so far.
    pub(crate) fn stuck_to(&self) -> Option<(usize, usize)> {
        let partition = self.sticky.partition.load(Ordering::Relaxed);
        let bytes = self.sticky.bytes.load(Ordering::Relaxed);
        (partition != NO_TURN).then_some((partition, bytes))
    }

    /// It has got more.
    pub(crate) fn got(&self, bytes: usize) {
        self.sticky.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Has them stick to another partition from now on, unless somebody else was faster.
    pub(crate) fn stick_to(&self, old: Option<usize>, new: usize) {
        let (old, relaxed) = (old.unwrap_or(NO_TURN), Ordering::Relaxed);
        let partition = &self.sticky.partition;
        if partition
            .compare_exchange(old, new, relaxed, relaxed)
            .is_ok()
        {
            self.sticky.bytes.store(0, relaxed);
        }
    }

    /// A partition for records to stick to: one that has a leader and has not kept batches waiting, as far as there are any.
    pub(crate) fn choose(&self, keyless: Keyless, now: Instant) -> usize {
        let (adaptive, patience) = match keyless {
            Keyless::Turns => (false, Duration::ZERO),
            Keyless::Sticky {
                adaptive,
                availability_timeout,
            } => (adaptive, availability_timeout),
        };
        let queue = |partition: &Partition| {
            if adaptive {
                partition.counters.queue()
            } else {
                0
            }
        };
        let led = |partition: &Arc<Partition>| partition.leader().map(|_| queue(partition));
        let good = |partition: &Arc<Partition>| {
            led(partition).filter(|_| patience.is_zero() || !partition.has_waited(patience, now))
        };
        let roll = |sum| fastrand::u64(0..sum);
        let among = |queues: Vec<_>| weighted(&queues, roll);
        among(self.partitions().map(good).collect())
            .or_else(|| among(self.partitions().map(led).collect()))
            .unwrap_or_else(|| fastrand::usize(0..self.count().max(1)))
    }

    fn has_leader(&self, place: usize) -> bool {
        let partition = self.partition(place);
        partition.is_some_and(|partition| partition.leader().is_some())
    }
}

/// The partitions of `topic` from number `from` on.
fn partitions(
    topic: &metadata::Topic,
    from: usize,
    first_id: usize,
    rules: Rules,
) -> Vec<Arc<Partition>> {
    let partitions = topic.partitions.iter().enumerate().skip(from);
    let partitions = partitions.zip(first_id..).map(|((place, partition), id)| {
        let number = i32::try_from(place).unwrap_or(i32::MAX);
        let lane = Lane::new(rules, topic.name.clone(), number, Instant::now());
        Arc::new(Partition {
            id,
            topic: topic.name.clone(),
            number,
            compression: rules.compression,
            leader: AtomicI32::new(partition.leader.unwrap_or(NO_LEADER)),
            lane: Mutex::new(lane),
            counters: Counters::default(),
        })
    });
    partitions.collect()
}

/// A list that grows at its end while others read it, and in which nothing ever moves: blocks, each of which knows the next.
#[derive(Debug)]
struct Grown<T> {
    items: Vec<T>,
    more: OnceLock<Box<Self>>,
}

impl<T> Grown<T> {
    fn new(items: Vec<T>) -> Self {
        Self {
            items,
            more: OnceLock::new(),
        }
    }

    #[inline]
    fn get(&self, place: usize) -> Option<&T> {
        self.items.get(place).or_else(|| {
            let beyond = place.checked_sub(self.items.len())?;
            self.more.get()?.get(beyond)
        })
    }

    #[inline]
    fn len(&self) -> usize {
        self.items.len() + self.more.get().map_or(0, |more| more.len())
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        let blocks =
            std::iter::successors(Some(self), |block| block.more.get().map(|more| &**more));
        blocks.flat_map(|block| &block.items)
    }

    fn append(&self, items: Vec<T>) {
        match self.more.get() {
            Some(more) => more.append(items),
            None => drop(self.more.set(Box::new(Self::new(items)))),
        }
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
}

impl Default for Turns {
    fn default() -> Self {
        Self(AtomicUsize::new(NO_TURN))
    }
}

/// The partition that records without a key stick to. The two change without regard to each other: a record more or less is no matter.
#[derive(Debug)]
struct Sticky {
    partition: AtomicUsize,
    bytes: AtomicUsize,
}

impl Default for Sticky {
    fn default() -> Self {
        Self {
            partition: AtomicUsize::new(NO_TURN),
            bytes: AtomicUsize::new(0),
        }
    }
}

const NO_LEADER: i32 = -1;
const NO_TURN: usize = usize::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_grows_and_nothing_in_it_moves() {
        let list = Grown::new(vec![0, 1]);
        let first = list.get(0).unwrap();
        list.append(vec![2]);
        list.append(vec![3, 4]);
        assert_eq!(first, &0);
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!((list.len(), list.get(4), list.get(5)), (5, Some(&4), None));
    }
}
