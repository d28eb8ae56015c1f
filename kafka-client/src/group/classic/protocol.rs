//! What consumers of one group tell each other in the byte fields of join and sync: what each wants, and what each gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::group::consumer_protocol::{
    self, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use kafka_wire::messages::join_group::JoinGroupResponseMember;
use kafka_wire::messages::sync_group::SyncGroupRequestAssignment;
use kafka_wire::{DecodeError, EncodeError};

use crate::group::assignor::{Candidate, Partitions};
use crate::topic_partition::TopicPartition;

/// What a member tells the leader when it joins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscription<'a> {
    /// Topics that it wants to read.
    pub(crate) topics: &'a [String],
    /// What it has not given up (KIP-429). Eager members have nothing when they join.
    pub(crate) owned: &'a [TopicPartition],
    /// The generation `owned` is from (KIP-792); `None` if there is none.
    pub(crate) generation: Option<i32>,
    /// Where it runs (KIP-881). Kafka: `client.rack`.
    pub(crate) rack: Option<&'a str>,
    /// What it tells the assignor alone: [`Assignor::user_data`](crate::group::assignor::Assignor::user_data).
    pub(crate) user_data: Option<Bytes>,
}

/// What a member wants and has.
pub(super) fn subscription(told: Subscription<'_>) -> Bytes {
    let mut owned: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for one in told.owned {
        owned.entry(&one.topic).or_default().push(one.partition);
    }
    let owned = owned.into_iter();
    let subscription = ConsumerProtocolSubscription {
        topics: told.topics.to_vec(),
        user_data: told.user_data,
        owned_partitions: owned
            .map(|(topic, partitions)| consumer_protocol::TopicPartition {
                topic: topic.to_owned(),
                partitions,
            })
            .collect(),
        generation_id: told.generation.unwrap_or(NO_GENERATION),
        rack_id: told.rack.map(str::to_owned),
    };
    // Only a topic name or rack beyond 32 KiB cannot be written, and brokers have neither.
    let version = *consumer_protocol::VERSIONS.end();
    subscription.encode(version).unwrap_or_default()
}

/// What a member wants and has, as the leader reads it; one that cannot be understood wants nothing.
pub(crate) fn candidate(member: JoinGroupResponseMember) -> Candidate {
    let read = ConsumerProtocolSubscription::decode(&member.metadata);
    let subscription = read
        .map(|(subscription, _)| subscription)
        .unwrap_or_default();
    let mut owned = Partitions::new();
    for one in subscription.owned_partitions {
        owned.entry(one.topic).or_default().extend(one.partitions);
    }
    let generation = subscription.generation_id;
    Candidate {
        member_id: member.member_id,
        instance_id: member.group_instance_id,
        topics: subscription.topics,
        owned,
        generation: Some(generation).filter(|generation| *generation > NO_GENERATION),
        rack: subscription.rack_id.filter(|rack| !rack.is_empty()),
        user_data: subscription.user_data,
    }
}

/// What a member gets, as the leader writes it.
pub(crate) fn assignment_of(
    member_id: String,
    topics: impl IntoIterator<Item = (String, Vec<i32>)>,
) -> Result<SyncGroupRequestAssignment, EncodeError> {
    let partitions = topics.into_iter();
    let assignment = ConsumerProtocolAssignment {
        assigned_partitions: partitions
            .map(|(topic, partitions)| consumer_protocol::TopicPartition { topic, partitions })
            .collect(),
        user_data: None,
    };
    let assignment = assignment.encode(ASSIGNMENT_VERSION)?;
    Ok(SyncGroupRequestAssignment {
        member_id,
        assignment,
    })
}

/// What a member gets, in order. No bytes at all: the leader left it out, and it gets nothing.
pub(super) fn assignment(bytes: &Bytes) -> Result<Vec<TopicPartition>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let (assignment, _) = ConsumerProtocolAssignment::decode(bytes)?;
    let topics = assignment.assigned_partitions.into_iter();
    let partitions = topics.flat_map(|topic| {
        let name: Arc<str> = topic.topic.into();
        let numbers = topic.partitions.into_iter();
        numbers.map(move |number| TopicPartition::new(name.clone(), number))
    });
    let mut partitions: Vec<_> = partitions.collect();
    partitions.sort();
    partitions.dedup();
    Ok(partitions)
}

/// Of a subscription.
const NO_GENERATION: i32 = -1;
/// All versions are alike.
const ASSIGNMENT_VERSION: i16 = 0;

#[cfg(test)]
mod tests;
