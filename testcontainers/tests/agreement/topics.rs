//! Topics and versions.

use kafka_wire::Uuid;
use kafka_wire::messages::api_versions::ApiVersionsRequest;
use kafka_wire::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use kafka_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use kafka_wire::{ApiKey, ApiRanges};

use crate::Said;
use crate::client::{Client, soon};

pub(crate) async fn ask(client: &mut Client, said: &mut Said) {
    versions(client, said).await;
    create(client, said).await;
    create_oddly(client, said).await;
    metadata(client, said).await;
    delete(client, said).await;
    let blank = InitProducerIdRequest {
        transactional_id: Some(String::new()),
        transaction_timeout_ms: 1_000,
        ..Default::default()
    };
    let anybody = InitProducerIdRequest::default();
    // A real broker needs a moment for its first block of ids.
    soon(async { while !client.call(5, &anybody).await.error_code.is_ok() {} }).await;
    for version in 0..=5 {
        let refused = client.call(version, &blank).await;
        said.note(
            ("blank transactional id", version),
            (
                refused.error_code,
                refused.producer_id,
                refused.producer_epoch,
            ),
        );
        let given = client
            .call(version, &InitProducerIdRequest::default())
            .await;
        said.note(
            ("producer id", version),
            (given.error_code, given.producer_epoch),
        );
    }
}

/// What the embedded broker is to offer in the same versions as Kafka; the rest of the table it does not speak.
const EMBEDDED: [ApiKey; 22] = [
    ApiKey::PRODUCE,
    ApiKey::FETCH,
    ApiKey::LIST_OFFSETS,
    ApiKey::METADATA,
    ApiKey::OFFSET_COMMIT,
    ApiKey::OFFSET_FETCH,
    ApiKey::FIND_COORDINATOR,
    ApiKey::JOIN_GROUP,
    ApiKey::HEARTBEAT,
    ApiKey::LEAVE_GROUP,
    ApiKey::SYNC_GROUP,
    ApiKey::DESCRIBE_GROUPS,
    ApiKey::LIST_GROUPS,
    ApiKey::API_VERSIONS,
    ApiKey::CREATE_TOPICS,
    ApiKey::DELETE_TOPICS,
    ApiKey::INIT_PRODUCER_ID,
    ApiKey::OFFSET_FOR_LEADER_EPOCH,
    ApiKey::ADD_PARTITIONS_TO_TXN,
    ApiKey::ADD_OFFSETS_TO_TXN,
    ApiKey::END_TXN,
    ApiKey::TXN_OFFSET_COMMIT,
];

async fn versions(client: &mut Client, said: &mut Said) {
    let good = ApiVersionsRequest {
        client_software_name: "tiny".into(),
        client_software_version: "1".into(),
    };
    let ranges = ApiRanges::from_response(&client.call(4, &good).await);
    for key in EMBEDDED {
        said.note(("versions", key), ranges.range(key));
    }
    for name in ["", "a b", "-a", "a-", "a.b-c", "ä"] {
        let request = ApiVersionsRequest {
            client_software_name: name.into(),
            ..good.clone()
        };
        said.note(
            ("software", name),
            client.call(3, &request).await.error_code,
        );
    }
}

fn topic(
    name: &str,
    num_partitions: i32,
    replication_factor: i16,
    config: Option<(&str, &str)>,
) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        num_partitions,
        replication_factor,
        configs: config
            .into_iter()
            .map(|(name, value)| CreatableTopicConfig {
                name: name.into(),
                value: Some(value.into()),
            })
            .collect(),
        ..Default::default()
    }
}

async fn create(client: &mut Client, said: &mut Said) {
    let long = "x".repeat(250);
    for new in [
        topic("made", -1, -1, None),
        topic("made", 1, 1, None),
        topic("a b", 1, 1, None),
        topic("", 1, 1, None),
        topic("..", 1, 1, None),
        topic(&long, 1, 1, None),
        topic("zero", 0, 1, None),
        topic("minus", -2, 1, None),
        topic("none", 1, 0, None),
        topic("many", 1, 2, None),
        topic("set", 1, 1, Some(("retention.ms", "1000"))),
        topic("wrong", 1, 1, Some(("max.message.bytes", "x"))),
        topic("unknown", 1, 1, Some(("no.such.setting", "1"))),
    ] {
        let request = CreateTopicsRequest {
            topics: vec![new.clone()],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = client.call(7, &request).await;
        let result = &answer.topics[0];
        said.note(
            (
                "create",
                &new.name,
                new.num_partitions,
                new.replication_factor,
            ),
            (
                result.error_code,
                result.num_partitions,
                result.replication_factor,
                result.topic_id.is_zero(),
                result.error_message.is_some(),
            ),
        );
    }
}

async fn create_oddly(client: &mut Client, said: &mut Said) {
    let assigned = |nodes: &[&[i32]]| CreatableTopic {
        assignments: (0..)
            .zip(nodes)
            .map(|(partition_index, nodes)| CreatableReplicaAssignment {
                partition_index,
                broker_ids: nodes.to_vec(),
            })
            .collect(),
        ..topic("assigned", -1, -1, None)
    };
    let both = CreatableTopic {
        num_partitions: 1,
        ..assigned(&[&[1]])
    };
    let simple = |name| topic(name, 1, 1, None);
    for (what, topics, validate_only) in [
        ("trial", vec![topic("trial", 3, 1, None)], true),
        (
            "twice",
            vec![simple("twice"), simple("twice"), simple("once")],
            false,
        ),
        ("assigned to nobody", vec![assigned(&[&[7]])], false),
        ("assigned to nothing", vec![assigned(&[&[]])], false),
        ("assigned twice", vec![assigned(&[&[1, 1]])], false),
        ("assigned and counted", vec![both], false),
        ("assigned", vec![assigned(&[&[1], &[1]])], false),
    ] {
        let request = CreateTopicsRequest {
            topics,
            validate_only,
            timeout_ms: 10_000,
        };
        let answer = client.call(7, &request).await;
        let results = answer.topics.iter();
        let mut results: Vec<_> = results
            .map(|it| {
                (
                    &it.name,
                    it.error_code,
                    it.num_partitions,
                    it.replication_factor,
                )
            })
            .collect();
        results.sort();
        said.note(("create", what), results);
    }
}

async fn metadata(client: &mut Client, said: &mut Said) {
    for (version, name, topic_id) in [
        (12, Some("made"), Uuid::ZERO),
        (9, Some("made"), Uuid::ZERO),
        (12, Some("a b"), Uuid::ZERO),
        (12, Some("absent"), Uuid::ZERO),
        (12, None, Uuid([7; 16])),
    ] {
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                topic_id,
                name: name.map(str::to_owned),
            }]),
            allow_auto_topic_creation: false,
            include_topic_authorized_operations: true,
            ..Default::default()
        };
        let answer = client.call(version, &request).await;
        let topic = &answer.topics[0];
        let partitions: Vec<_> = topic
            .partitions
            .iter()
            .map(|it| (it.error_code, it.leader_id, it.leader_epoch, &it.isr_nodes))
            .collect();
        said.note(
            ("metadata", version, name),
            (
                topic.error_code,
                &topic.name,
                topic.is_internal,
                partitions,
                topic.topic_authorized_operations,
                answer.controller_id,
            ),
        );
    }
    let auto = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some("auto".into()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    said.note(
        "auto-create",
        client.call(12, &auto).await.topics[0].error_code,
    );
    let nothing = MetadataRequest {
        topics: Some(vec![]),
        ..Default::default()
    };
    said.note("no topics", client.call(12, &nothing).await.topics.len());
}

async fn delete(client: &mut Client, said: &mut Said) {
    for (name, topic_id) in [
        (Some("absent"), Uuid::ZERO),
        (None, Uuid([7; 16])),
        (Some("set"), Uuid::ZERO),
    ] {
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState {
                name: name.map(str::to_owned),
                topic_id,
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = client.call(6, &request).await;
        said.note(
            ("delete", name),
            (answer.responses[0].error_code, &answer.responses[0].name),
        );
    }
}
