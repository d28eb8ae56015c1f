//! `Metadata`: nodes, topics, leaders.

use kafka_wire::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_wire::{ErrorCode, Uuid};

use super::Context;
use crate::embedded::topics::{NewTopic, Topic, Trial, is_valid_name};

pub(super) fn answer(context: &Context<'_>, request: MetadataRequest) -> MetadataResponse {
    let up = context.cluster.up();
    let operations = request.include_topic_authorized_operations;
    let mut topics = topics(context, request, &up);
    if operations {
        // As Kafka: an id that nobody has has no operations either, a name that nobody has does.
        for topic in topics.iter_mut().filter(|it| it.name.is_some()) {
            topic.topic_authorized_operations = TOPIC_OPERATIONS;
        }
    }
    MetadataResponse {
        brokers: brokers(context, &up),
        cluster_id: Some(context.cluster.id().to_owned()),
        controller_id: up.first().copied().unwrap_or(-1),
        topics,
        ..MetadataResponse::default()
    }
}

fn brokers(context: &Context<'_>, up: &[i32]) -> Vec<MetadataResponseBroker> {
    let has_racks = context.cluster.nodes().len() > 1;
    let brokers = up.iter().filter_map(|&node_id| {
        let address = context.cluster.endpoint(node_id)?;
        Some(MetadataResponseBroker {
            node_id,
            host: address.ip().to_string(),
            port: address.port().into(),
            rack: has_racks.then(|| format!("rack-{node_id}")),
        })
    });
    brokers.collect()
}

fn topics(
    context: &Context<'_>,
    request: MetadataRequest,
    up: &[i32],
) -> Vec<MetadataResponseTopic> {
    let may_create =
        request.allow_auto_topic_creation && context.cluster.config().auto_create_topics;
    match request.topics {
        // Version 0 has no null: an empty list is a wish for all.
        Some(topics) if !(topics.is_empty() && context.version == 0) => topics
            .into_iter()
            .map(|topic| named(context, topic, up, may_create))
            .collect(),
        _ => {
            let all: Vec<_> = context.cluster.topics().iter().cloned().collect();
            all.iter().map(|topic| described(topic, up)).collect()
        }
    }
}

fn named(
    context: &Context<'_>,
    asked: MetadataRequestTopic,
    up: &[i32],
    may_create: bool,
) -> MetadataResponseTopic {
    let Some(name) = asked.name else {
        let topic = context.cluster.topics().with_id(asked.topic_id).cloned();
        return match topic {
            Some(topic) => described(&topic, up),
            None => missing(context, None, asked.topic_id, ErrorCode::UNKNOWN_TOPIC_ID),
        };
    };
    let topic = context.cluster.topics().named(&name).cloned();
    if let Some(topic) = topic {
        return described(&topic, up);
    }
    let code = if is_valid_name(&name) {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    } else {
        ErrorCode::INVALID_TOPIC_EXCEPTION
    };
    if may_create && code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
        create(context, &name);
    }
    missing(context, Some(name), Uuid::ZERO, code)
}

/// The topic is there when the client asks again: as in Kafka, this answer does not know it yet.
fn create(context: &Context<'_>, name: &str) {
    let new = NewTopic {
        name: name.to_owned(),
        partitions: -1,
        replication: -1,
        ..NewTopic::default()
    };
    if let Err(refused) = context.cluster.create_topic(new, Trial::Real) {
        context.cluster.note(
            context.node,
            format_args!("cannot create {name}: {}", refused.message),
        );
    }
}

fn missing(
    context: &Context<'_>,
    name: Option<String>,
    topic_id: Uuid,
    error_code: ErrorCode,
) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code,
        // Before version 12 there is no null for a topic that has only an id.
        name: name.or_else(|| (context.version < 12).then(String::new)),
        topic_id,
        ..MetadataResponseTopic::default()
    }
}

fn described(topic: &Topic, up: &[i32]) -> MetadataResponseTopic {
    MetadataResponseTopic {
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        partitions: topic
            .partitions()
            .map(|(partition_index, partition)| {
                let partition = partition.lock();
                let (live, offline): (Vec<i32>, Vec<i32>) = partition
                    .replicas
                    .iter()
                    .partition(|node| up.contains(node));
                MetadataResponsePartition {
                    error_code: match partition.leader {
                        Some(_) => ErrorCode::NONE,
                        None => ErrorCode::LEADER_NOT_AVAILABLE,
                    },
                    partition_index,
                    leader_id: partition.leader.unwrap_or(-1),
                    leader_epoch: partition.leader_epoch,
                    replica_nodes: partition.replicas.clone(),
                    isr_nodes: live,
                    offline_replicas: offline,
                }
            })
            .collect(),
        ..MetadataResponseTopic::default()
    }
}

/// Without an authorizer everything is allowed: bits of read, write, create, delete, alter, describe, and both of configurations.
const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
