//! What is read: topics of a cluster, on behalf of a group, from where.

use std::time::Duration;

use kafka_client::{
    Client, Consumer, ConsumerConfig, Error, GroupConfig, Isolation, OffsetAndMetadata,
    OffsetReset, Start, TopicPartition,
};

use super::{CLOSE_PATIENCE, Offsets};
use crate::settings::Membership;

/// A description of a reader; opening it makes a consumer.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The cluster.
    pub(crate) client: Client,
    /// The group whose offsets count.
    pub(crate) group: String,
    /// The topics.
    pub(crate) topics: Vec<String>,
    /// Where a partition without a usable committed offset starts.
    pub(crate) start: OffsetReset,
    /// Whether the group divides the partitions, or all are read.
    pub(crate) membership: Membership,
    /// How much is fetched at a time.
    pub(crate) sizes: Sizes,
}

/// How much is fetched at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Of one partition, in bytes.
    pub(crate) partition_bytes: usize,
    /// In one answer of a broker, in bytes.
    pub(crate) answer_bytes: usize,
    /// How long a broker may wait for records.
    pub(crate) wait: Duration,
}

/// A consumer, and what it was given at once.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) consumer: Consumer,
    /// All partitions, if no group divides them; else the group says later.
    pub(super) assigned: Option<Vec<TopicPartition>>,
}

impl Source {
    /// Makes a consumer that has begun to join its group. Fails when a topic is not there, or the cluster cannot be
    /// asked, within its request time-out. Dropping the future leaves nothing behind.
    pub(super) async fn open(&self) -> Result<Opened, Error> {
        let mut partitions = Vec::new();
        for topic in &self.topics {
            let count = self.client.partition_count(topic).await?;
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            partitions.extend((0..count).map(|number| TopicPartition::new(topic.as_str(), number)));
        }
        let mut consumer = self.consumer()?;
        if self.membership == Membership::Group {
            consumer.subscribe(self.topics.iter().cloned());
            return Ok(Opened {
                consumer,
                assigned: None,
            });
        }
        let committed = consumer.committed(&partitions).await?;
        let starts = partitions.iter().cloned().zip(committed);
        consumer.assign(starts.map(|(partition, offset)| (partition, self.start_at(offset))));
        Ok(Opened {
            consumer,
            assigned: Some(partitions),
        })
    }

    /// Stores offsets without being a member; Kafka refuses while the group has members.
    pub(super) async fn commit(&self, offsets: &Offsets) -> Result<(), Error> {
        let mut consumer = self.consumer()?;
        let offsets: Vec<_> = offsets.clone().into_iter().collect();
        let outcome = consumer.commit(&offsets).await;
        // It never was a member, so there is nothing to leave.
        let _ = consumer.close(CLOSE_PATIENCE).await;
        outcome
    }

    fn consumer(&self) -> Result<Consumer, Error> {
        let config = ConsumerConfig {
            fetch_max_wait: self.sizes.wait,
            fetch_max_bytes: self.sizes.answer_bytes,
            max_partition_fetch_bytes: self.sizes.partition_bytes,
            isolation: Isolation::ReadCommitted,
            reset: self.start,
            group: Some(GroupConfig {
                id: self.group.clone(),
                rebalance_timeout: REBALANCE_TIMEOUT,
                ..GroupConfig::default()
            }),
            ..ConsumerConfig::default()
        };
        // What a plugin may say was checked when it was written; an empty group id is not among it.
        Consumer::new(&self.client, config).map_err(|error| {
            tracing::error!(%error, group = %self.group, "the consumer cannot be made");
            Error::Closed
        })
    }

    fn start_at(&self, committed: Option<OffsetAndMetadata>) -> Start {
        match (committed, self.start) {
            (Some(committed), _) => Start::Offset(committed.offset),
            (None, OffsetReset::Latest) => Start::Latest,
            (None, _) => Start::Earliest,
        }
    }
}

/// How long a rebalance waits for a member whose client is slow: longer than such a client is tolerated.
const REBALANCE_TIMEOUT: Duration = Duration::from_mins(1);
