//! Many records at once: those that follow one another into the same batch share one lock.

use std::iter::Peekable;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use super::Accumulator;
use crate::producer::delivery::Delivery;
use crate::producer::partitioner::{Choice, Keyless};
use crate::producer::record::ProducerRecord;
use crate::producer::send_error::Refusal;
use crate::producer::topics::TopicLanes;

/// How far many records came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All are taken.
    Done,
    /// Not yet: the sender should have its turn.
    Pause,
}

/// Where a record goes if its batch takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    partition: usize,
    /// Whether the topic counts what it gets.
    sticks: bool,
}

impl Accumulator {
    /// Puts records into batches as long as that needs no waiting. What was not taken, because of the refusal if there is one, is left in
    /// `records`.
    pub(crate) fn append_all<'a, I>(
        &self,
        records: &mut Peekable<I>,
        taken: &mut Vec<Delivery>,
    ) -> Result<Progress, Refusal>
    where
        I: Iterator<Item = ProducerRecord<'a>>,
    {
        while let Some(record) = records.peek().copied() {
            if self.append_run(record.topic, records, taken) == 0 {
                taken.push(self.append(&record, None)?);
                records.next();
            }
            if self.owes_a_turn() {
                return Ok(Progress::Pause);
            }
        }
        Ok(Progress::Done)
    }

    /// Takes what goes into one open batch. Whatever is out of the ordinary ends the run: how many it took.
    fn append_run<'a, I>(
        &self,
        topic: &str,
        records: &mut Peekable<I>,
        taken: &mut Vec<Delivery>,
    ) -> usize
    where
        I: Iterator<Item = ProducerRecord<'a>>,
    {
        let mut first = self.first.iter().map_while(OnceLock::get);
        let topics = self.topics.load();
        let known = first.find(|known| known.name() == topic);
        let Some(topic) = known.or_else(|| topics.get(topic)) else {
            return 0;
        };
        let place = records.peek().and_then(|it| self.place(topic, it));
        let partition = place.and_then(|place| topic.partition(place.partition));
        let (Some(place), Some(partition)) = (place, partition) else {
            return 0;
        };
        if self.is_closing() {
            return 0;
        }
        let (before, mut bytes) = (taken.len(), 0);
        let mut lane = partition.lane();
        while let Some(record) = records.peek() {
            let follows = taken.len() == before
                || record.topic == topic.name() && self.place(topic, record) == Some(place);
            let incoming = if follows {
                self.incoming(record, None).ok()
            } else {
                None
            };
            let Some(incoming) = incoming else { break };
            let appended = lane.append(incoming.record, incoming.size, &self.memory);
            let Some((batch, index)) = appended else {
                break;
            };
            bytes += incoming.size;
            taken.push(Delivery::new(batch, index, incoming.record.timestamp));
            records.next();
        }
        let count = taken.len() - before;
        // While the lane is locked: the sender must not settle what was not counted.
        self.records.fetch_add(count, Ordering::Relaxed);
        if place.sticks {
            topic.got(bytes);
        }
        self.notify(partition, lane);
        count
    }

    /// Where a record goes as long as the batch there takes it; `None` if that is not so simple.
    fn place(&self, topic: &TopicLanes, record: &ProducerRecord<'_>) -> Option<Place> {
        let at = |partition| Place {
            partition,
            sticks: false,
        };
        if let Some(partition) = record.partition {
            return usize::try_from(partition).ok().map(at);
        }
        let key = record.key.filter(|_| !self.ignore_keys);
        let keyless = match self.partitioner.choose(key, topic.count()) {
            Choice::Partition(partition) => return Some(at(partition)),
            Choice::RoundRobin => return None,
            Choice::Keyless => self.keyless,
            Choice::Random => Keyless::RANDOM,
        };
        if keyless == Keyless::Turns {
            return Some(at(topic.turn().partition));
        }
        let (partition, bytes) = topic.stuck_to()?;
        let sticks = bytes < self.rules.batch_size;
        sticks.then_some(Place { partition, sticks })
    }
}

#[cfg(test)]
mod tests;
