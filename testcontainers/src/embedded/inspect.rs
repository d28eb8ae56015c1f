//! What tests see of a cluster without asking as a client, and what they do to it behind the clients' backs.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::Broker;
use super::consumer_group::ConsumerGroup;
use super::coordinator::Missing;
use super::log::LIMITS;
use super::partition::PartitionState;
use super::topics::{NewTopic, Trial};
use crate::NodeError;

/// A record as it lies in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Where it is.
    pub offset: i64,
    /// In milliseconds since 1970.
    pub timestamp: i64,
    /// `None` for null.
    pub key: Option<Bytes>,
    /// `None` for null.
    pub value: Option<Bytes>,
    /// In order; a value may be null.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Who wrote it; -1 without idempotence.
    pub producer_id: i64,
    /// Of the producer; -1 without idempotence.
    pub producer_epoch: i16,
    /// Sequence of the first record of its batch; -1 without idempotence.
    pub base_sequence: i32,
    /// Of the leader that appended it.
    pub leader_epoch: i32,
}

/// A member of a classic group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMember {
    /// Given by the coordinator.
    pub member_id: String,
    /// Set for a static member (KIP-345).
    pub instance_id: Option<String>,
    /// Whose connection it joined by.
    pub client_id: String,
    /// What it got in the last rebalance; see `kafka_wire::group`.
    pub assignment: Bytes,
}

/// A member of a group of the protocol of KIP-848.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerGroupMember {
    /// Chosen by the member (KIP-1082).
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// The epoch it has reached; -2 for a static member that is away.
    pub member_epoch: i32,
    /// What it may read, topic and partition; a topic that is gone is left out.
    pub assignment: Vec<(String, i32)>,
}

impl Broker {
    /// Makes a topic; -1 stands for the default. Every node knows it when this returns.
    ///
    /// # Errors
    /// As Kafka refuses.
    pub fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        replication: i16,
    ) -> Result<(), NodeError> {
        self.create_topic_with(name, partitions, replication, &[])
    }

    /// The same with settings of the topic's own, by their names: `("max.message.bytes", "1000")`.
    ///
    /// # Errors
    /// As Kafka refuses.
    pub fn create_topic_with(
        &self,
        name: &str,
        partitions: i32,
        replication: i16,
        settings: &[(&str, &str)],
    ) -> Result<(), NodeError> {
        let settings = settings.iter();
        let new = NewTopic {
            name: name.to_owned(),
            partitions,
            replication,
            settings: settings
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..NewTopic::default()
        };
        let created = self.cluster.create_topic(new, Trial::Real);
        created.map(drop).map_err(|refused| NodeError::Refused {
            api: "CreateTopics",
            subject: name.to_owned(),
            code: format!("{}: {}", refused.code, refused.message),
        })
    }

    /// Takes a topic away with all its records and committed offsets. Whether there was one.
    pub fn delete_topic(&self, name: &str) -> bool {
        let topic = self.cluster.topics().named(name).cloned();
        topic.is_some_and(|topic| {
            self.cluster.delete_topic(&topic);
            true
        })
    }

    /// Who leads a partition; `None` if nobody does, or there is no such partition.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<i32> {
        self.look(topic, partition, |state| state.leader).flatten()
    }

    /// Its leader epoch; `None` if there is no such partition.
    pub fn leader_epoch(&self, topic: &str, partition: i32) -> Option<i32> {
        self.look(topic, partition, |state| state.leader_epoch)
    }

    /// Makes a node the leader of a partition, with the next leader epoch. If it was no replica, it takes the old leader's place among
    /// them, and the old leader has the partition no more. Whether there is such a partition and node.
    pub fn move_leader(&self, topic: &str, partition: i32, node: i32) -> bool {
        self.cluster.node(node).is_ok()
            && self.cluster.move_leader(topic, partition, node).is_some()
    }

    /// First offset and end of a log; `None` if there is no such partition.
    pub fn offsets(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        self.look(topic, partition, |state| {
            (state.log.start(), state.log.end())
        })
    }

    /// The offset before which every transaction is decided: how far consumers of committed records get. `None` if there is no such partition.
    pub fn last_stable_offset(&self, topic: &str, partition: i32) -> Option<i64> {
        self.look(topic, partition, |state| state.last_stable_offset())
    }

    /// Every record of a partition, committed or not, as a consumer from its start would get them; none if there is no such partition.
    pub fn log(&self, topic: &str, partition: i32) -> Vec<Record> {
        let found = self.look(topic, partition, |state| {
            (state.log.start(), state.log.batches())
        });
        let Some((start, batches)) = found else {
            return Vec::new();
        };
        let mut records = Vec::new();
        for batch in batches {
            let header = *batch.header();
            if header.attributes.is_control() {
                continue;
            }
            let Ok(set) = batch.open(&LIMITS) else {
                continue;
            };
            let read = set.iter().flatten().filter(|record| record.offset >= start);
            records.extend(read.map(|record| {
                Record {
                    offset: record.offset,
                    timestamp: record.timestamp,
                    key: record.key.map(|it| set.share(it)),
                    value: record.value.map(|it| set.share(it)),
                    headers: record
                        .headers
                        .iter()
                        .map(|(key, value)| (key.to_owned(), value.map(|it| set.share(it))))
                        .collect(),
                    producer_id: header.producer_id,
                    producer_epoch: header.producer_epoch,
                    base_sequence: header.base_sequence,
                    leader_epoch: header.partition_leader_epoch,
                }
            }));
        }
        records
    }

    /// Takes away every record before `up_to`, as `DeleteRecords` and retention do. The new first offset; `None` if there is no such partition.
    pub fn delete_records(&self, topic: &str, partition: i32, up_to: i64) -> Option<i64> {
        let (before, after, start) = self.look(topic, partition, |state| {
            let before = state.log.bytes();
            state.log.delete_before(up_to);
            state.stability.delete_before(state.log.start());
            state.wake();
            (before, state.log.bytes(), state.log.start())
        })?;
        self.cluster.meter().release(before - after);
        Some(start)
    }

    /// Takes away every batch that reaches `from` or beyond, with the next leader epoch, as an unclean election does. The new end;
    /// `None` if there is no such partition.
    pub fn truncate(&self, topic: &str, partition: i32, from: i64) -> Option<i64> {
        let (before, after, end) = self.look(topic, partition, |state| {
            let before = state.log.bytes();
            let end = state.truncate(from);
            state.lead(state.leader);
            (before, state.log.bytes(), end)
        })?;
        self.cluster.meter().release(before - after);
        Some(end)
    }

    /// Forgets every idempotent producer, as Kafka does after `producer.id.expiration.ms`.
    pub fn expire_producer_ids(&self) {
        let topics: Vec<_> = self.cluster.topics().iter().cloned().collect();
        for topic in topics {
            for (_, partition) in topic.partitions() {
                partition.lock().producers.clear();
            }
        }
    }

    /// How many requests of an API came, over all nodes, whatever became of them. See `kafka_wire::ApiKey`.
    pub fn requests_seen(&self, api_key: i16) -> u64 {
        self.cluster.meter().requests(api_key)
    }

    /// How many connections are open, over all nodes.
    pub fn connections(&self) -> usize {
        self.cluster.meter().open_connections()
    }

    /// The node that coordinates a group; `None` while no node is up.
    pub fn coordinator(&self, group: &str) -> Option<i32> {
        self.cluster.coordinator().node_of(group)
    }

    /// Makes a node the coordinator of a group, and of those that share its place in `__consumer_offsets`. Whether there is such a node.
    pub fn move_coordinator(&self, group: &str, node: i32) -> bool {
        let is_node = self.cluster.node(node).is_ok();
        if is_node {
            self.cluster.coordinator().move_to(group, node);
        }
        is_node
    }

    /// The node that coordinates a transactional id; `None` while no node is up.
    pub fn transaction_coordinator(&self, transactional_id: &str) -> Option<i32> {
        self.cluster.transactions().node_of(transactional_id)
    }

    /// Makes a node the coordinator of a transactional id, and of those that share its place in `__transaction_state`. Whether there is
    /// such a node.
    pub fn move_transaction_coordinator(&self, transactional_id: &str, node: i32) -> bool {
        let is_node = self.cluster.node(node).is_ok();
        if is_node {
            self.cluster.transactions().move_to(transactional_id, node);
        }
        is_node
    }

    /// Where a transactional id stands, as Kafka's tools say it: `Empty`, `Ongoing`, `CompleteCommit` or `CompleteAbort`. `None` if nobody has
    /// used it.
    pub fn transaction_state(&self, transactional_id: &str) -> Option<&'static str> {
        self.cluster.transactions().open().state(transactional_id)
    }

    /// Tells clients from their next connection on how to speak of transactions: see [`Config::transaction_version`](super::Config). As
    /// `UpdateFeatures` does for `transaction.version`.
    pub fn finalize_transaction_version(&self, level: i16) {
        let version = self.cluster.transaction_version();
        version.store(level, Ordering::Relaxed);
    }

    /// The members of a group of the protocol of KIP-848 by id; none if there is no such group.
    pub fn consumer_group_members(&self, group: &str) -> Vec<ConsumerGroupMember> {
        let topics = self.cluster.topics();
        let name = |id| topics.with_id(id).map(|topic| topic.name.to_string());
        let coordinator = self.cluster.coordinator();
        let members = coordinator.with(group, Missing::Leave, |entry| {
            let members = entry.modern.iter().flat_map(ConsumerGroup::members);
            members
                .map(|member| ConsumerGroupMember {
                    member_id: member.id.clone(),
                    instance_id: member.instance.clone(),
                    member_epoch: member.epoch,
                    assignment: member
                        .assigned
                        .iter()
                        .filter_map(|(id, index)| Some((name(*id)?, *index)))
                        .collect(),
                })
                .collect()
        });
        members.unwrap_or_default()
    }

    /// The members of a classic group in the order in which they came; none if there is no such group.
    pub fn group_members(&self, group: &str) -> Vec<GroupMember> {
        let members = self
            .cluster
            .coordinator()
            .with(group, Missing::Leave, |entry| {
                let members = entry.group.members().iter();
                members
                    .map(|member| GroupMember {
                        member_id: member.id.clone(),
                        instance_id: member.instance.clone(),
                        client_id: member.client_id.clone(),
                        assignment: member.assignment.clone(),
                    })
                    .collect()
            });
        members.unwrap_or_default()
    }

    /// State and generation of a group, `("Stable", 3)`, or its epoch if it is one of the protocol of KIP-848; `None` if there is no such group.
    pub fn group_state(&self, group: &str) -> Option<(&'static str, i32)> {
        self.cluster
            .coordinator()
            .with(group, Missing::Leave, |entry| {
                let epoch = entry.modern.as_ref().map(ConsumerGroup::epoch);
                let generation = epoch.unwrap_or_else(|| entry.group.generation());
                (entry.state(), generation)
            })
    }

    /// Where a group will go on; `None` if it has not committed.
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        let id = self.cluster.topics().named(topic)?.id;
        let committed = self
            .cluster
            .coordinator()
            .with(group, Missing::Leave, |entry| {
                entry.offsets.get(&(id, partition)).map(|it| it.offset)
            });
        committed.flatten()
    }

    fn look<T>(
        &self,
        topic: &str,
        partition: i32,
        look: impl FnOnce(&mut PartitionState) -> T,
    ) -> Option<T> {
        let topic = self.cluster.topics().named(topic)?.clone();
        let mut state = topic.partition(partition)?.lock();
        Some(look(&mut state))
    }
}
