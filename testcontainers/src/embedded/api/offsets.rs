//! `OffsetCommit` and `OffsetFetch`: where groups go on.

use std::sync::Arc;

use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Instant;

use super::Context;
use crate::embedded::coordinator::{Committed, Entry, Missing};
use crate::embedded::group::Identity;
use crate::embedded::topics::Topic;

pub(super) fn commit(context: &Context<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let refused = may_commit(context, &request).err();
    let topics = request.topics.into_iter();
    let by = Committer {
        group: &request.group_id,
        member: &request.member_id,
        epoch: request.generation_id_or_member_epoch,
    };
    let topics = topics.map(|topic| commit_topic(context, by, topic, refused));
    OffsetCommitResponse {
        topics: topics.collect(),
        ..OffsetCommitResponse::default()
    }
}

/// Who commits.
#[derive(Debug, Clone, Copy)]
struct Committer<'a> {
    group: &'a str,
    member: &'a str,
    epoch: i32,
}

fn may_commit(context: &Context<'_>, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
    let coordinator = context.cluster.coordinator();
    coordinator.check_any(&request.group_id, context.node)?;
    let who = Identity {
        member: &request.member_id,
        instance: request.group_instance_id.as_deref(),
        generation: request.generation_id_or_member_epoch,
    };
    let allowed = coordinator.with(&request.group_id, Missing::Leave, |entry| {
        let Some(modern) = &entry.modern else {
            return entry.group.commit(who, Instant::now()).check();
        };
        match modern.commits(who.member, who.generation) {
            // Epochs of members have no place in older versions.
            Ok(()) if context.version < 9 && who.generation >= 0 => {
                Err(ErrorCode::UNSUPPORTED_VERSION)
            }
            allowed => allowed,
        }
    });
    match allowed {
        Some(allowed) => allowed,
        // A consumer without a group protocol makes its group by committing.
        None if who.generation < 0 => Ok(()),
        None if context.version >= 9 => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        None => Err(ErrorCode::ILLEGAL_GENERATION),
    }
}

fn commit_topic(
    context: &Context<'_>,
    by: Committer<'_>,
    asked: OffsetCommitRequestTopic,
    refused: Option<ErrorCode>,
) -> OffsetCommitResponseTopic {
    let topic = topic(context, &asked.name, asked.topic_id);
    let partitions = asked.partitions.into_iter().map(|partition| {
        let partition_index = partition.partition_index;
        let committed = match (refused, &topic) {
            (Some(code), _) => Err(code),
            (None, Err(code)) => Err(*code),
            (None, Ok(topic)) => commit_partition(context, by, topic, partition),
        };
        OffsetCommitResponsePartition {
            partition_index,
            error_code: committed.err().unwrap_or_default(),
        }
    });
    OffsetCommitResponseTopic {
        partitions: partitions.collect(),
        name: asked.name,
        topic_id: asked.topic_id,
    }
}

fn commit_partition(
    context: &Context<'_>,
    by: Committer<'_>,
    topic: &Topic,
    asked: OffsetCommitRequestPartition,
) -> Result<(), ErrorCode> {
    let metadata = asked.committed_metadata.unwrap_or_default();
    if topic.partition(asked.partition_index).is_none() {
        return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
    let config = context.cluster.config();
    if metadata.len() > config.offset_metadata_max_bytes {
        return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
    }
    let missing = Missing::Create {
        initial_delay: config.initial_rebalance_delay,
    };
    let committed = Committed {
        offset: asked.committed_offset,
        leader_epoch: asked.committed_leader_epoch,
        metadata,
    };
    let key = (topic.id, asked.partition_index);
    let coordinator = context.cluster.coordinator();
    let stored = coordinator.with(by.group, missing, |entry| {
        if let Some(modern) = &entry.modern {
            modern.commits_for(by.member, by.epoch, &key)?;
        }
        entry.offsets.insert(key, committed);
        Ok(())
    });
    stored.unwrap_or(Ok(()))
}

pub(super) fn fetch(context: &Context<'_>, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let wanted = if request.require_stable {
        Wanted::Stable
    } else {
        Wanted::Committed
    };
    if context.version >= 8 {
        let groups = request.groups.into_iter();
        let groups = groups.map(|group| match may_fetch(context, &group) {
            Ok(()) => fetch_group(context, group.group_id, group.topics, wanted),
            Err(error_code) => OffsetFetchResponseGroup {
                group_id: group.group_id,
                error_code,
                ..OffsetFetchResponseGroup::default()
            },
        });
        return OffsetFetchResponse {
            groups: groups.collect(),
            ..OffsetFetchResponse::default()
        };
    }
    let topics = request.topics.map(|topics| {
        let topics = topics.into_iter();
        let topics = topics.map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..OffsetFetchRequestTopics::default()
        });
        topics.collect::<Vec<_>>()
    });
    let group = fetch_group(context, request.group_id, topics, wanted);
    single(context, group)
}

/// What a consumer wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// What is committed now.
    Committed,
    /// The same, unless an open transaction may change it (KIP-447).
    Stable,
}

/// The one group of an answer before version 8; version 1 has errors for partitions only.
fn single(context: &Context<'_>, group: OffsetFetchResponseGroup) -> OffsetFetchResponse {
    let code = group.error_code;
    let topics = group
        .topics
        .into_iter()
        .map(|topic| OffsetFetchResponseTopic {
            name: topic.name,
            partitions: topic
                .partitions
                .into_iter()
                .map(|partition| OffsetFetchResponsePartition {
                    partition_index: partition.partition_index,
                    committed_offset: partition.committed_offset,
                    committed_leader_epoch: partition.committed_leader_epoch,
                    metadata: partition.metadata,
                    error_code: if context.version < 2 {
                        code
                    } else {
                        partition.error_code
                    },
                })
                .collect(),
        });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: code,
        ..OffsetFetchResponse::default()
    }
}

/// Members of groups of the protocol of KIP-848 say who they are.
fn may_fetch(context: &Context<'_>, asked: &OffsetFetchRequestGroup) -> Result<(), ErrorCode> {
    let (group, epoch) = (&asked.group_id, asked.member_epoch);
    let member = asked.member_id.as_deref();
    let coordinator = context.cluster.coordinator();
    // Another node's group is refused with its partitions.
    let is_ours = coordinator.check_any(group, context.node).is_ok();
    let allowed = coordinator.with(group, Missing::Leave, |entry| match &entry.modern {
        Some(modern) if is_ours && (member.is_some() || epoch >= 0) => {
            modern.knows(member.unwrap_or_default(), epoch)
        }
        _ => Ok(()),
    });
    allowed.unwrap_or(Ok(()))
}

/// Without `topics`, everything that the group committed.
fn fetch_group(
    context: &Context<'_>,
    group_id: String,
    topics: Option<Vec<OffsetFetchRequestTopics>>,
    wanted: Wanted,
) -> OffsetFetchResponseGroup {
    let coordinator = context.cluster.coordinator();
    let error_code = coordinator.check_any(&group_id, context.node).err();
    let topics = match (error_code, topics) {
        (Some(_), None) => Vec::new(),
        (Some(_), Some(topics)) => topics
            .into_iter()
            .map(|topic| asked(topic, |_| nothing()))
            .collect(),
        (None, None) => coordinator
            .with(&group_id, Missing::Leave, |entry| all_of(entry, wanted))
            .map(|all| named(context, all))
            .unwrap_or_default(),
        (None, Some(topics)) => topics
            .into_iter()
            .map(|topic| fetch_topic(context, &group_id, topic, wanted))
            .collect(),
    };
    OffsetFetchResponseGroup {
        group_id,
        topics,
        error_code: error_code.unwrap_or_default(),
    }
}

fn fetch_topic(
    context: &Context<'_>,
    group: &str,
    request: OffsetFetchRequestTopics,
    wanted: Wanted,
) -> OffsetFetchResponseTopics {
    let topic = match topic(context, &request.name, request.topic_id) {
        Ok(topic) => topic,
        // A name that nobody has was never committed; an id that nobody has is an error.
        Err(code) => {
            return asked(request, |_| OffsetFetchResponsePartitions {
                error_code: if context.version >= 10 {
                    code
                } else {
                    ErrorCode::NONE
                },
                ..nothing()
            });
        }
    };
    let coordinator = context.cluster.coordinator();
    let found = coordinator.with(group, Missing::Leave, |entry| {
        let indexes = request.partition_indexes.iter();
        let found = indexes.map(|index| {
            let key = (topic.id, *index);
            if is_unstable(entry, &key, wanted) {
                return unstable(*index);
            }
            let committed = entry.offsets.get(&key).cloned();
            committed.map_or_else(nothing, |it| told(*index, it))
        });
        found.collect::<Vec<_>>()
    });
    let mut found = found.unwrap_or_default().into_iter();
    asked(request, |_| found.next().unwrap_or_else(nothing))
}

/// Whether a transaction that is still open has other plans for a partition that `wanted` makes it wait for.
fn is_unstable(entry: &Entry, key: &(Uuid, i32), wanted: Wanted) -> bool {
    let mut pending = entry.pending.values();
    wanted == Wanted::Stable && pending.any(|offsets| offsets.contains_key(key))
}

/// An answer for each partition that was asked for.
fn asked(
    topic: OffsetFetchRequestTopics,
    mut answer: impl FnMut(i32) -> OffsetFetchResponsePartitions,
) -> OffsetFetchResponseTopics {
    let indexes = topic.partition_indexes.into_iter();
    OffsetFetchResponseTopics {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: indexes
            .map(|partition_index| OffsetFetchResponsePartitions {
                partition_index,
                ..answer(partition_index)
            })
            .collect(),
    }
}

fn all_of(entry: &Entry, wanted: Wanted) -> Vec<(Uuid, OffsetFetchResponsePartitions)> {
    let offsets = entry.offsets.iter();
    let all = offsets.map(|(key, committed)| {
        let (topic, index) = *key;
        if is_unstable(entry, key, wanted) {
            return (topic, unstable(index));
        }
        (topic, told(index, committed.clone()))
    });
    all.collect()
}

/// Offsets by topic; they come sorted by it.
fn named(
    context: &Context<'_>,
    all: Vec<(Uuid, OffsetFetchResponsePartitions)>,
) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for (topic_id, told) in all {
        if let Some(last) = topics.last_mut()
            && last.topic_id == topic_id
        {
            last.partitions.push(told);
            continue;
        }
        let Some(topic) = context.cluster.topics().with_id(topic_id).cloned() else {
            continue;
        };
        topics.push(OffsetFetchResponseTopics {
            name: topic.name.to_string(),
            topic_id,
            partitions: vec![told],
        });
    }
    topics
}

fn told(partition_index: i32, committed: Committed) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: committed.offset,
        committed_leader_epoch: committed.leader_epoch,
        metadata: Some(committed.metadata),
        ..OffsetFetchResponsePartitions::default()
    }
}

/// Whoever asks has to wait for the end of a transaction.
fn unstable(partition_index: i32) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        error_code: ErrorCode::UNSTABLE_OFFSET_COMMIT,
        ..nothing()
    }
}

/// Nothing was committed.
fn nothing() -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        committed_offset: -1,
        metadata: Some(String::new()),
        ..OffsetFetchResponsePartitions::default()
    }
}

/// By id since version 10, by name before.
fn topic(context: &Context<'_>, name: &str, id: Uuid) -> Result<Arc<Topic>, ErrorCode> {
    let topics = context.cluster.topics();
    if context.version >= 10 {
        topics
            .with_id(id)
            .cloned()
            .ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
    } else {
        let topic = topics.named(name).cloned();
        topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}
