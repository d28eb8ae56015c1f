//! `ListOffsets` and `OffsetForLeaderEpoch`: where records are, by time and by leader.

use std::collections::BTreeSet;

use kafka_wire::ErrorCode;
use kafka_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use kafka_wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};

use super::Context;
use crate::embedded::log::Found;
use crate::embedded::partition::{PartitionState, Role};

pub(super) fn list(context: &Context<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let twice = named_twice(&request.topics);
    let topics = request.topics.into_iter();
    ListOffsetsResponse {
        topics: topics
            .map(|topic| ListOffsetsTopicResponse {
                partitions: topic
                    .partitions
                    .iter()
                    .map(|partition| {
                        let key = (topic.name.clone(), partition.partition_index);
                        let found = if twice.contains(&key) {
                            Err(ErrorCode::INVALID_REQUEST)
                        } else {
                            sought(context, &topic.name, partition, request.isolation_level)
                        };
                        listed(context.version, partition, found)
                    })
                    .collect(),
                name: topic.name,
            })
            .collect(),
        ..ListOffsetsResponse::default()
    }
}

fn named_twice(topics: &[ListOffsetsTopic]) -> BTreeSet<(String, i32)> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for topic in topics {
        for partition in &topic.partitions {
            let key = (topic.name.clone(), partition.partition_index);
            if !seen.insert(key.clone()) {
                twice.insert(key);
            }
        }
    }
    twice
}

fn sought(
    context: &Context<'_>,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation_level: i8,
) -> Result<Found, ErrorCode> {
    let (partition, leader_epoch) = (asked.partition_index, asked.current_leader_epoch);
    led(context, topic, partition, leader_epoch, |state| {
        let end = match isolation_level {
            0 => state.log.end(),
            _ => state.last_stable_offset(),
        };
        find(state, asked.timestamp, context.version, end)
    })
    .flatten()
}

fn listed(
    version: i16,
    asked: &ListOffsetsPartition,
    found: Result<Found, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    match found {
        Ok(found) => ListOffsetsPartitionResponse {
            partition_index: asked.partition_index,
            timestamp: found.timestamp,
            offset: found.offset,
            // Before version 4 there is no place for it.
            leader_epoch: if version >= 4 { found.leader_epoch } else { -1 },
            ..ListOffsetsPartitionResponse::default()
        },
        Err(error_code) => ListOffsetsPartitionResponse {
            partition_index: asked.partition_index,
            error_code,
            ..ListOffsetsPartitionResponse::default()
        },
    }
}

/// Where `timestamp` is; records at `end` or after it do not count.
fn find(
    state: &mut PartitionState,
    timestamp: i64,
    version: i16,
    end: i64,
) -> Result<Found, ErrorCode> {
    let first_version = match timestamp {
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        EARLIEST_PENDING_UPLOAD => 11,
        i64::MIN..EARLIEST_PENDING_UPLOAD => i16::MAX,
        _ => 0,
    };
    if version < first_version {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let at = |offset, leader_epoch| Found {
        offset,
        timestamp: -1,
        leader_epoch,
    };
    let log = &mut state.log;
    let visible = |found: Option<Found>| found.filter(|found| found.offset < end);
    Ok(match timestamp {
        LATEST => at(end, state.leader_epoch),
        EARLIEST | EARLIEST_LOCAL => at(log.start(), log.epochs().at(log.start())),
        // There is no second tier.
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => NOTHING,
        MAX_TIMESTAMP => visible(log.latest_in_time()).unwrap_or(NOTHING),
        time => visible(log.first_at_or_after(time)).unwrap_or(NOTHING),
    })
}

pub(super) fn epoch_ends(
    context: &Context<'_>,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter();
    OffsetForLeaderEpochResponse {
        topics: topics
            .map(|topic| OffsetForLeaderTopicResult {
                partitions: topic
                    .partitions
                    .iter()
                    .map(|partition| epoch_end(context, &topic.topic, partition))
                    .collect(),
                topic: topic.topic,
            })
            .collect(),
        ..OffsetForLeaderEpochResponse::default()
    }
}

fn epoch_end(
    context: &Context<'_>,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> EpochEndOffset {
    let end = led(
        context,
        topic,
        asked.partition,
        asked.current_leader_epoch,
        |state| {
            state
                .log
                .epochs()
                .end_of(asked.leader_epoch, state.log.end())
        },
    );
    match end {
        Ok(end) => EpochEndOffset {
            partition: asked.partition,
            leader_epoch: end.epoch,
            end_offset: end.end_offset,
            ..EpochEndOffset::default()
        },
        Err(error_code) => EpochEndOffset {
            partition: asked.partition,
            error_code,
            ..EpochEndOffset::default()
        },
    }
}

/// Looks into a partition that this node leads.
fn led<T>(
    context: &Context<'_>,
    topic: &str,
    partition: i32,
    leader_epoch: i32,
    look: impl FnOnce(&mut PartitionState) -> T,
) -> Result<T, ErrorCode> {
    let topic = context.cluster.topics().named(topic).cloned();
    let topic = topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let mut state = topic
        .partition(partition)
        .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?
        .lock();
    state
        .check(context.node, leader_epoch, Role::Leader)
        .map_err(|elsewhere| elsewhere.code)?;
    Ok(look(&mut state))
}

/// Kafka's answer when there is no such record.
const NOTHING: Found = Found {
    offset: -1,
    timestamp: -1,
    leader_epoch: -1,
};

/// Timestamps that are questions.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;
