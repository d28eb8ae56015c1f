//! What consumers of one group tell each other in the byte fields of join and sync: what each wants, and what each gets.

use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::group::consumer_protocol::{
    self, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use kafka_wire::messages::join_group::JoinGroupResponseMember;
use kafka_wire::messages::sync_group::SyncGroupRequestAssignment;
use kafka_wire::{DecodeError, EncodeError};

use crate::group::assignor::Candidate;
use crate::topic_partition::TopicPartition;

/// What a member wants.
pub(super) fn subscription(topics: &[String]) -> Bytes {
    let subscription = ConsumerProtocolSubscription {
        topics: topics.to_vec(),
        ..Default::default()
    };
    // Only a topic name beyond 32 KiB cannot be written, and no topic has one.
    subscription
        .encode(SUBSCRIPTION_VERSION)
        .unwrap_or_default()
}

/// What a member wants, as the leader reads it; one that cannot be understood wants nothing.
pub(crate) fn candidate(member: JoinGroupResponseMember) -> Candidate {
    let subscription = ConsumerProtocolSubscription::decode(&member.metadata);
    Candidate {
        member_id: member.member_id,
        instance_id: member.group_instance_id,
        topics: subscription.map_or_else(|_| Vec::new(), |(subscription, _)| subscription.topics),
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

/// Knows owned partitions; eager members have none when they join.
const SUBSCRIPTION_VERSION: i16 = 1;
/// All versions are alike.
const ASSIGNMENT_VERSION: i16 = 0;
