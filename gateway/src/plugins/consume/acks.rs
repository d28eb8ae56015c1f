//! What a WebSocket's client may say, and what of the records it got is acknowledged (kong-consume.md §4.3). Pure.

use std::collections::{HashMap, VecDeque};

use kafka_client::TopicPartition;
use serde_json::Value;

/// A message of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// Records are done.
    Acks(Vec<Ack>),
    /// From now on frames hold at most so many records; 0 for single records.
    Batch(usize),
}

/// Records of a partition are done, up to and including an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ack {
    topic: String,
    partition: i32,
    offset: i64,
}

/// What is wrong with a message; `Display` is what the client is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("invalid JSON")]
    Json,
    #[error("unknown message")]
    Unknown,
    #[error("invalid acknowledgement: {0}")]
    Ack(String),
    #[error("partition {0} is no longer assigned")]
    NotAssigned(TopicPartition),
}

impl Wrong {
    /// Whether it is the client's fault.
    pub(super) fn is_strike(&self) -> bool {
        !matches!(self, Wrong::NotAssigned(_))
    }
}

impl Message {
    /// Reads a text frame.
    pub(super) fn read(text: &str) -> Result<Message, Wrong> {
        let message: Value = serde_json::from_str(text).map_err(|_| Wrong::Json)?;
        let message = message.as_object().ok_or(Wrong::Unknown)?;
        match message.get("type").map(Value::as_str) {
            Some(Some("ack")) => Ok(Message::Acks(vec![Ack::read(message)?])),
            Some(Some("acks")) => acks(message.get("acks")),
            Some(Some("batch")) => {
                let most = message.get("max_records").and_then(Value::as_u64);
                let most = most.filter(|most| *most <= MAX_BATCH);
                let most = most.and_then(|most| usize::try_from(most).ok());
                most.map(Message::Batch).ok_or(Wrong::Unknown)
            }
            Some(_) => Err(Wrong::Unknown),
            None => match (message.get("ack"), message.get("acks")) {
                (Some(Value::Object(ack)), None) => Ok(Message::Acks(vec![Ack::read(ack)?])),
                (Some(_), None) => Err(Wrong::Ack("ack must be an object".to_owned())),
                (None, acknowledged @ Some(_)) => acks(acknowledged),
                _ => Err(Wrong::Unknown),
            },
        }
    }
}

fn acks(list: Option<&Value>) -> Result<Message, Wrong> {
    let list = list.and_then(Value::as_array);
    let list = list.ok_or_else(|| Wrong::Ack("acks must be an array".to_owned()))?;
    let read = list.iter().map(|ack| {
        let ack = ack.as_object();
        Ack::read(ack.ok_or_else(|| Wrong::Ack("ack must be an object".to_owned()))?)
    });
    read.collect::<Result<_, _>>().map(Message::Acks)
}

impl Ack {
    fn read(ack: &serde_json::Map<String, Value>) -> Result<Ack, Wrong> {
        let wrong = |why: &str| Wrong::Ack(why.to_owned());
        let topic = ack.get("topic").and_then(Value::as_str);
        let partition = ack.get("partition").and_then(Value::as_i64);
        let partition = partition.and_then(|partition| i32::try_from(partition).ok());
        let offset = ack.get("offset").and_then(Value::as_i64);
        Ok(Ack {
            topic: topic
                .ok_or_else(|| wrong("topic must be a string"))?
                .to_owned(),
            partition: partition.ok_or_else(|| wrong("partition must be an integer"))?,
            offset: offset.ok_or_else(|| wrong("offset must be an integer"))?,
        })
    }
}

/// Most records that a client may ask for in one frame.
const MAX_BATCH: u64 = 10_000;

/// What was delivered on one connection, and how much of it is done.
#[derive(Debug)]
pub(super) struct Acks {
    topics: Vec<String>,
    /// Whether the client decides what is done; else acknowledgements change nothing.
    decides: bool,
    partitions: HashMap<TopicPartition, Progress>,
    unacked: usize,
}

#[derive(Debug, Default)]
struct Progress {
    is_assigned: bool,
    /// Delivered since the assignment and not acknowledged, in order.
    unacked: VecDeque<i64>,
    /// The lowest and the highest offset delivered on this connection.
    delivered: Option<(i64, i64)>,
    /// The highest delivered before the partition was assigned last.
    before: Option<i64>,
    /// The highest acknowledged.
    acked: Option<i64>,
}

impl Acks {
    /// Nothing delivered yet. `decides` is `commit_strategy=off`.
    pub(super) fn new(topics: Vec<String>, decides: bool) -> Acks {
        Acks {
            topics,
            decides,
            partitions: HashMap::new(),
            unacked: 0,
        }
    }

    /// Delivered records that are not acknowledged; always 0 unless the client decides.
    pub(super) fn unacked(&self) -> usize {
        self.unacked
    }

    /// These partitions are read now, and no others. What was not acknowledged comes again.
    pub(super) fn assigned(&mut self, partitions: &[TopicPartition]) {
        self.unassigned();
        for partition in partitions {
            let progress = self.partitions.entry(partition.clone()).or_default();
            progress.is_assigned = true;
            progress.before = progress.delivered.map(|(_, last)| last);
        }
    }

    /// No partitions are read now.
    pub(super) fn unassigned(&mut self) {
        for progress in self.partitions.values_mut() {
            progress.is_assigned = false;
            progress.unacked.clear();
        }
        self.unacked = 0;
    }

    /// A record is on its way to the client.
    pub(super) fn delivered(&mut self, partition: &TopicPartition, offset: i64) {
        let Some(progress) = self.partitions.get_mut(partition) else {
            return;
        };
        progress.delivered = Some(match progress.delivered {
            Some((first, last)) => (first.min(offset), last.max(offset)),
            None => (offset, offset),
        });
        let is_done = progress.acked.is_some_and(|acked| offset <= acked);
        if self.decides && !is_done {
            progress.unacked.push_back(offset);
            self.unacked += 1;
        }
    }

    /// Takes an acknowledgement: the partition and its next offset, if there is something new to commit.
    pub(super) fn acknowledge(
        &mut self,
        ack: &Ack,
    ) -> Result<Option<(TopicPartition, i64)>, Wrong> {
        if !self.topics.contains(&ack.topic) {
            return Err(Wrong::Ack(format!("unknown topic {}", ack.topic)));
        }
        let partition = TopicPartition::new(ack.topic.as_str(), ack.partition);
        let Some(progress) = self.partitions.get_mut(&partition) else {
            return Err(Wrong::Ack(format!("unknown partition {partition}")));
        };
        if !progress.is_assigned {
            return Err(Wrong::NotAssigned(partition));
        }
        if progress.acked.is_some_and(|acked| ack.offset <= acked) {
            return Ok(None);
        }
        if !progress.was_delivered(ack.offset, self.decides) {
            return Err(Wrong::Ack(format!(
                "offset {} was not delivered",
                ack.offset
            )));
        }
        if !self.decides {
            return Ok(None);
        }
        progress.acked = Some(ack.offset);
        while progress
            .unacked
            .pop_front_if(|offset| *offset <= ack.offset)
            .is_some()
        {
            self.unacked -= 1;
        }
        Ok(Some((partition, ack.offset + 1)))
    }
}

impl Progress {
    fn was_delivered(&self, offset: i64, decides: bool) -> bool {
        let is_within = self
            .delivered
            .is_some_and(|(first, last)| (first..=last).contains(&offset));
        // Not every offset within has a record, and before a rebalance nobody remembers which.
        is_within
            && (!decides
                || self.before.is_some_and(|before| offset <= before)
                || self.unacked.binary_search(&offset).is_ok())
    }
}

#[cfg(test)]
mod tests;
