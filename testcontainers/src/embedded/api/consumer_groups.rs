//! `ConsumerGroupHeartbeat` and `ConsumerGroupDescribe`: groups in which the broker divides (KIP-848). What a group does is in
//! [`crate::embedded::consumer_group`].

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_wire::messages::consumer_group_describe::{
    Assignment as DescribedAssignment, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
    DescribedGroup, Member as DescribedMember, TopicPartitions as DescribedPartitions,
};
use kafka_wire::messages::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Instant;

use super::Context;
use super::coordination::{CLIENT_HOST, GROUP_OPERATIONS};
use crate::embedded::consumer_group::{
    Assignor, ConsumerGroup, Heartbeat, JOINS, LEAVES, LEAVES_FOR_A_WHILE, Partitions, Told,
};
use crate::embedded::coordinator::Missing;
use crate::embedded::topics::random_id;

pub(super) fn heartbeat(
    context: &Context<'_>,
    request: ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupHeartbeatResponse {
    let mut member = request.member_id.clone();
    if member.is_empty() && context.version == 0 {
        member = random_id().to_string();
    }
    match beat(context, request, &member) {
        Ok(told) => ConsumerGroupHeartbeatResponse {
            member_id: Some(member),
            member_epoch: told.epoch,
            heartbeat_interval_ms: if told.epoch < 0 {
                0
            } else {
                millis(context.cluster.config().consumer_heartbeat_interval)
            },
            assignment: told.assignment.map(|it| Assignment {
                topic_partitions: by_topic(&it)
                    .into_iter()
                    .map(|(topic_id, partitions)| TopicPartitions {
                        topic_id,
                        partitions,
                    })
                    .collect(),
            }),
            ..ConsumerGroupHeartbeatResponse::default()
        },
        Err(error_code) => ConsumerGroupHeartbeatResponse {
            error_code,
            error_message: error_code.name().map(str::to_owned),
            ..ConsumerGroupHeartbeatResponse::default()
        },
    }
}

fn beat(
    context: &Context<'_>,
    request: ConsumerGroupHeartbeatRequest,
    member: &str,
) -> Result<Told, ErrorCode> {
    validate(context.version, &request)?;
    let coordinator = context.cluster.coordinator();
    coordinator.check(&request.group_id, context.node)?;
    let config = context.cluster.config();
    let missing = if request.member_epoch == JOINS {
        Missing::Create {
            initial_delay: config.initial_rebalance_delay,
        }
    } else {
        Missing::Leave
    };
    let group = request.group_id.clone();
    let beat = said(context, request, member)?;
    // Topics come before groups in the order of locks, so that nobody sees an older picture after a newer one.
    let topics = context.cluster.topics();
    let find = |name: &str| {
        let topic = topics.named(name)?;
        Some((topic.id, i32::try_from(topic.partitions().count()).ok()?))
    };
    let session_timeout = config.consumer_session_timeout;
    let told = coordinator.with(&group, missing, |entry| {
        if entry.modern.is_none() && beat.epoch == JOINS && entry.group.is_idle() {
            entry.modern = Some(ConsumerGroup::new(session_timeout));
        }
        let modern = entry.modern.as_mut();
        let modern = modern.ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        modern.heartbeat(beat, find, Instant::now())
    });
    told.unwrap_or(Err(ErrorCode::GROUP_ID_NOT_FOUND))
}

/// What can be said of a request by itself.
fn validate(version: i16, request: &ConsumerGroupHeartbeatRequest) -> Result<(), ErrorCode> {
    let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
    let is_nameless = request.member_id.is_empty() && (version >= 1 || request.member_epoch != 0);
    if request.group_id.is_empty()
        || is_nameless
        || is_empty(&request.instance_id)
        || is_empty(&request.rack_id)
    {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let names = request.subscribed_topic_names.as_ref();
    let pattern = request.subscribed_topic_regex.as_ref();
    let is_sound = match request.member_epoch {
        JOINS => {
            let owned = request.topic_partitions.as_ref();
            request.rebalance_timeout_ms != -1
                && owned.is_some_and(Vec::is_empty)
                && (names.is_some() || pattern.is_some())
        }
        LEAVES_FOR_A_WHILE => request.instance_id.is_some(),
        epoch => epoch >= LEAVES,
    };
    if !is_sound {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    // There are no patterns here.
    if pattern.is_some_and(|it| !it.is_empty()) {
        return Err(ErrorCode::INVALID_REGULAR_EXPRESSION);
    }
    Ok(())
}

fn said(
    context: &Context<'_>,
    request: ConsumerGroupHeartbeatRequest,
    member: &str,
) -> Result<Heartbeat, ErrorCode> {
    let assignor = request.server_assignor.as_deref().map(|name| {
        let assignor = Assignor::named(name);
        assignor.ok_or(ErrorCode::UNSUPPORTED_ASSIGNOR)
    });
    let timeout = u64::try_from(request.rebalance_timeout_ms).ok();
    let owned = request.topic_partitions.map(|topics| {
        let topics = topics.into_iter();
        topics
            .flat_map(
                |TopicPartitions {
                     topic_id,
                     partitions,
                 }| { partitions.into_iter().map(move |index| (topic_id, index)) },
            )
            .collect()
    });
    Ok(Heartbeat {
        member: member.to_owned(),
        epoch: request.member_epoch,
        instance: request.instance_id,
        rack: request.rack_id,
        client_id: context.client_id.to_owned(),
        rebalance_timeout: timeout.map(Duration::from_millis),
        topics: request.subscribed_topic_names,
        assignor: assignor.transpose()?,
        owned,
    })
}

pub(super) fn describe(
    context: &Context<'_>,
    request: ConsumerGroupDescribeRequest,
) -> ConsumerGroupDescribeResponse {
    let groups = request.group_ids.into_iter().map(|group_id| {
        let mut group = match described(context, &group_id) {
            Ok(group) => group,
            Err(error_code) => DescribedGroup {
                error_code,
                error_message: error_code.name().map(str::to_owned),
                ..DescribedGroup::default()
            },
        };
        group.group_id = group_id;
        if request.include_authorized_operations && group.error_code.is_ok() {
            group.authorized_operations = GROUP_OPERATIONS;
        }
        group
    });
    ConsumerGroupDescribeResponse {
        groups: groups.collect(),
        ..ConsumerGroupDescribeResponse::default()
    }
}

fn described(context: &Context<'_>, group: &str) -> Result<DescribedGroup, ErrorCode> {
    let coordinator = context.cluster.coordinator();
    coordinator.check(group, context.node)?;
    let topics = context.cluster.topics();
    let name = |id| topics.with_id(id).map(|topic| topic.name.to_string());
    let found = coordinator.with(group, Missing::Leave, |entry| {
        entry.modern.as_ref().map(|group| told_of(group, name))
    });
    found.flatten().ok_or(ErrorCode::GROUP_ID_NOT_FOUND)
}

fn told_of(group: &ConsumerGroup, name: impl Fn(Uuid) -> Option<String>) -> DescribedGroup {
    let named = |partitions: &Partitions| DescribedAssignment {
        topic_partitions: by_topic(partitions)
            .into_iter()
            .filter_map(|(topic_id, partitions)| {
                Some(DescribedPartitions {
                    topic_id,
                    topic_name: name(topic_id)?,
                    partitions,
                })
            })
            .collect(),
    };
    let members = group.members().map(|member| DescribedMember {
        member_id: member.id.clone(),
        instance_id: member.instance.clone(),
        rack_id: member.rack.clone(),
        member_epoch: member.epoch,
        client_id: member.client_id.clone(),
        client_host: CLIENT_HOST.into(),
        subscribed_topic_names: member.topics.clone(),
        // With what it is still giving up.
        assignment: named(&member.holds().into_iter().collect()),
        target_assignment: named(&group.target_of(&member.id)),
        member_type: CONSUMER_MEMBER,
        ..DescribedMember::default()
    });
    DescribedGroup {
        group_state: group.state().into(),
        group_epoch: group.epoch(),
        assignment_epoch: group.assignment_epoch(),
        assignor_name: group.assignor().name().into(),
        members: members.collect(),
        ..DescribedGroup::default()
    }
}

fn by_topic(partitions: &Partitions) -> BTreeMap<Uuid, Vec<i32>> {
    let mut topics = BTreeMap::<_, Vec<_>>::new();
    for (topic, index) in partitions {
        topics.entry(*topic).or_default().push(*index);
    }
    topics
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

/// A member that speaks the protocol of KIP-848 (KIP-1099).
const CONSUMER_MEMBER: i8 = 1;
