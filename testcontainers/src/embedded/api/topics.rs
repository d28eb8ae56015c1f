//! `CreateTopics` and `DeleteTopics`. Every node is as good as a controller.

use std::collections::BTreeMap;

use kafka_wire::ErrorCode;
use kafka_wire::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfigs, CreatableTopicResult,
    CreateTopicsRequest, CreateTopicsResponse,
};
use kafka_wire::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};

use super::Context;
use crate::embedded::topics::{NewTopic, Refused, Topic, Trial};

pub(super) fn create(context: &Context<'_>, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let trial = if request.validate_only {
        Trial::Trial
    } else {
        Trial::Real
    };
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(topic.name.clone()).or_default() += 1;
    }
    let mut topics = Vec::new();
    for asked in request.topics {
        let name = asked.name.clone();
        // A name that comes twice is refused once.
        let result = match times.remove(&name) {
            None => continue,
            Some(1) => {
                new_topic(context, asked).and_then(|new| context.cluster.create_topic(new, trial))
            }
            Some(_) => Err(Refused {
                code: ErrorCode::INVALID_REQUEST,
                message: "the request names this topic twice".into(),
            }),
        };
        topics.push(match result {
            Ok(topic) => created(&topic),
            Err(refused) => CreatableTopicResult {
                name,
                error_code: refused.code,
                error_message: Some(refused.message),
                ..CreatableTopicResult::default()
            },
        });
    }
    CreateTopicsResponse {
        topics,
        ..CreateTopicsResponse::default()
    }
}

fn created(topic: &Topic) -> CreatableTopicResult {
    let configs = topic.settings.given.iter();
    let configs = configs.map(|(name, value)| CreatableTopicConfigs {
        name: name.clone(),
        value: Some(value.clone()),
        config_source: TOPIC_CONFIG,
        ..CreatableTopicConfigs::default()
    });
    CreatableTopicResult {
        name: topic.name.to_string(),
        topic_id: topic.id,
        num_partitions: i32::try_from(topic.partitions().count()).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(topic.replication()).unwrap_or(i16::MAX),
        configs: Some(configs.collect()),
        ..CreatableTopicResult::default()
    }
}

fn new_topic(context: &Context<'_>, asked: CreatableTopic) -> Result<NewTopic, Refused> {
    if !asked.assignments.is_empty() && (asked.num_partitions, asked.replication_factor) != (-1, -1)
    {
        return Err(Refused {
            code: ErrorCode::INVALID_REQUEST,
            message: "beside an assignment of replicas, both numbers have to be -1".into(),
        });
    }
    let settings = asked.configs.into_iter();
    Ok(NewTopic {
        name: asked.name,
        partitions: asked.num_partitions,
        replication: asked.replication_factor,
        assignment: assignment(asked.assignments, &context.cluster.up())?,
        settings: settings
            .filter_map(|it| Some((it.name, it.value?)))
            .collect(),
    })
}

/// Replicas of partitions 0, 1, …: all of them, each on different nodes that are up, and as many everywhere.
fn assignment(
    mut assignments: Vec<CreatableReplicaAssignment>,
    up: &[i32],
) -> Result<Vec<Vec<i32>>, Refused> {
    assignments.sort_by_key(|it| it.partition_index);
    let replicas = assignments.first().map_or(0, |it| it.broker_ids.len());
    for (index, partition) in (0..).zip(&assignments) {
        let nodes = &partition.broker_ids;
        let distinct: std::collections::BTreeSet<_> = nodes.iter().collect();
        let fits = partition.partition_index == index
            && !nodes.is_empty()
            && nodes.len() == replicas
            && distinct.len() == nodes.len()
            && nodes.iter().all(|node| up.contains(node));
        if !fits {
            return Err(Refused {
                code: ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                message: format!(
                    "partition {} cannot be assigned like this",
                    partition.partition_index
                ),
            });
        }
    }
    Ok(assignments.into_iter().map(|it| it.broker_ids).collect())
}

pub(super) fn delete(context: &Context<'_>, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let by_name = request.topic_names.into_iter();
    let by_name = by_name.map(|name| DeleteTopicState {
        name: Some(name),
        ..DeleteTopicState::default()
    });
    DeleteTopicsResponse {
        responses: request
            .topics
            .into_iter()
            .chain(by_name)
            .map(|asked| delete_one(context, asked))
            .collect(),
        ..DeleteTopicsResponse::default()
    }
}

fn delete_one(context: &Context<'_>, asked: DeleteTopicState) -> DeletableTopicResult {
    let (topic, unknown) = match &asked.name {
        Some(name) => (
            context.cluster.topics().named(name).cloned(),
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ),
        None => (
            context.cluster.topics().with_id(asked.topic_id).cloned(),
            ErrorCode::UNKNOWN_TOPIC_ID,
        ),
    };
    let Some(topic) = topic else {
        return DeletableTopicResult {
            name: asked.name,
            topic_id: asked.topic_id,
            error_code: unknown,
            ..DeletableTopicResult::default()
        };
    };
    context.cluster.delete_topic(&topic);
    DeletableTopicResult {
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        ..DeletableTopicResult::default()
    }
}

/// Where a setting comes from: it was given for the topic.
const TOPIC_CONFIG: i8 = 1;
