//! `Metadata`, `CreateTopics`, `DeleteTopics`.

use kafka_testcontainers::embedded::{Broker, Config};
use kafka_wire::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicResult, CreateTopicsRequest,
};
use kafka_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use kafka_wire::{ErrorCode, Uuid};

use crate::client::{Client, one_node};

fn named(name: &str, allow_auto_topic_creation: bool) -> MetadataRequest {
    MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(name.into()),
            ..Default::default()
        }]),
        allow_auto_topic_creation,
        ..Default::default()
    }
}

async fn ask(client: &mut Client, request: &MetadataRequest) -> MetadataResponse {
    client.call(12, request).await
}

#[tokio::test]
async fn metadata_names_nodes_and_leaders() {
    let broker = Broker::start(Config::nodes(3)).await.unwrap();
    broker.create_topic("t", 3, 2).unwrap();
    let mut client = Client::to(&broker, 2).await;
    let metadata = ask(&mut client, &named("t", false)).await;
    let ports: Vec<_> = metadata
        .brokers
        .iter()
        .map(|it| (it.node_id, it.port))
        .collect();
    let expected: Vec<_> = (1..=3)
        .map(|id| (id, i32::from(broker.addr_of(id).unwrap().port())))
        .collect();
    assert_eq!(ports, expected);
    assert!(metadata.cluster_id.is_some_and(|id| id.len() == 22));
    let topic = &metadata.topics[0];
    let mut leaders: Vec<_> = topic.partitions.iter().map(|it| it.leader_id).collect();
    leaders.sort_unstable();
    assert_eq!(leaders, [1, 2, 3]);
    assert!(topic.partitions.iter().all(|it| it.isr_nodes.len() == 2));
    assert!(!topic.topic_id.is_zero());
}

#[tokio::test]
async fn an_unknown_topic_is_made_if_both_sides_want_it() {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    assert_eq!(
        ask(&mut client, &named("a", false)).await.topics[0].error_code,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(broker.leader("a", 0), None);
    let first = ask(&mut client, &named("a", true)).await;
    assert_eq!(
        first.topics[0].error_code,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        "as Kafka: not yet"
    );
    let second = ask(&mut client, &named("a", true)).await;
    assert_eq!(
        (
            second.topics[0].error_code,
            second.topics[0].partitions.len()
        ),
        (ErrorCode::NONE, 1)
    );
    let invalid = ask(&mut client, &named("no spaces", true)).await;
    assert_eq!(
        invalid.topics[0].error_code,
        ErrorCode::INVALID_TOPIC_EXCEPTION
    );

    let mut config = Config::nodes(1);
    config.set("auto.create.topics.enable", "false").unwrap();
    let broker = Broker::start(config).await.unwrap();
    let mut client = Client::to(&broker, 1).await;
    ask(&mut client, &named("a", true)).await;
    assert_eq!(broker.leader("a", 0), None);
}

#[tokio::test]
async fn all_topics_none_or_those_with_an_id() {
    let broker = one_node().await;
    broker.create_topic("a", 1, 1).unwrap();
    broker.create_topic("b", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let with = |topics| MetadataRequest {
        topics,
        ..Default::default()
    };
    assert_eq!(ask(&mut client, &with(None)).await.topics.len(), 2);
    assert_eq!(ask(&mut client, &with(Some(vec![]))).await.topics.len(), 0);
    let all_of_old = client.call(0, &with(Some(vec![]))).await;
    assert_eq!(all_of_old.topics.len(), 2, "version 0 has no null");
    let id = client.topic_id("b").await;
    for (topic_id, code, name) in [
        (id, ErrorCode::NONE, Some("b".to_owned())),
        (Uuid([7; 16]), ErrorCode::UNKNOWN_TOPIC_ID, None),
    ] {
        let by_id = MetadataRequestTopic {
            topic_id,
            name: None,
        };
        let found = ask(&mut client, &with(Some(vec![by_id]))).await;
        assert_eq!(
            (found.topics[0].error_code, found.topics[0].name.clone()),
            (code, name)
        );
    }
}

#[tokio::test]
async fn clients_are_sent_to_the_advertised_address() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    broker.advertise(2, ([127, 0, 0, 1], 9).into()).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let metadata = ask(&mut client, &named("t", false)).await;
    assert_eq!(metadata.brokers[1].port, 9);
    assert!(broker.bootstrap().ends_with(":9"));
}

async fn create(
    client: &mut Client,
    topic: CreatableTopic,
    validate_only: bool,
) -> CreatableTopicResult {
    let request = CreateTopicsRequest {
        topics: vec![topic],
        validate_only,
        ..Default::default()
    };
    client.call(7, &request).await.topics[0].clone()
}

fn topic(name: &str) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        num_partitions: -1,
        replication_factor: -1,
        ..Default::default()
    }
}

fn assigned(broker_ids: &[&[i32]]) -> CreatableTopic {
    CreatableTopic {
        assignments: (0..)
            .zip(broker_ids)
            .map(|(partition_index, broker_ids)| CreatableReplicaAssignment {
                partition_index,
                broker_ids: broker_ids.to_vec(),
            })
            .collect(),
        ..topic("assigned")
    }
}

#[tokio::test]
async fn topics_are_created_as_asked() {
    let broker = Broker::start(Config::nodes(3)).await.unwrap();
    let mut client = Client::to(&broker, 3).await;
    let trial = create(&mut client, topic("a"), true).await;
    assert_eq!(trial.error_code, ErrorCode::NONE);
    assert_eq!(broker.leader("a", 0), None);
    let created = create(&mut client, topic("a"), false).await;
    assert_eq!((created.num_partitions, created.replication_factor), (1, 3));
    assert_eq!(created.topic_id, client.topic_id("a").await);
    let again = create(&mut client, topic("a"), false).await;
    assert_eq!(again.error_code, ErrorCode::TOPIC_ALREADY_EXISTS);
    assert_eq!(
        again.error_message.as_deref(),
        Some("there is a topic a already")
    );
    assert_eq!(
        create(&mut client, assigned(&[&[3, 1], &[2, 1]]), false)
            .await
            .error_code,
        ErrorCode::NONE
    );
    assert_eq!(
        (broker.leader("assigned", 0), broker.leader("assigned", 1)),
        (Some(3), Some(2))
    );
    for wrong in [&[&[1, 1][..]][..], &[&[4]], &[&[]], &[&[1], &[1, 2]]] {
        let refused = create(&mut client, assigned(wrong), false).await;
        assert_eq!(refused.error_code, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    }
}

#[tokio::test]
async fn a_name_that_comes_twice_is_refused() {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let request = CreateTopicsRequest {
        topics: vec![topic("a"), topic("a"), topic("b")],
        ..Default::default()
    };
    let created = client.call(7, &request).await;
    let codes: Vec<_> = created
        .topics
        .iter()
        .map(|it| (it.name.as_str(), it.error_code))
        .collect();
    assert_eq!(
        codes,
        [("a", ErrorCode::INVALID_REQUEST), ("b", ErrorCode::NONE)]
    );
}

#[tokio::test]
async fn a_topic_made_again_has_another_id_and_no_records() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    client.produce("t", crate::client::batch(&["a"])).await;
    let id = client.topic_id("t").await;
    let by_id = DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            name: None,
            topic_id: id,
        }],
        ..Default::default()
    };
    let deleted = client.call(6, &by_id).await;
    assert_eq!(
        (
            deleted.responses[0].error_code,
            deleted.responses[0].name.as_deref()
        ),
        (ErrorCode::NONE, Some("t"))
    );
    assert_eq!(
        client.call(6, &by_id).await.responses[0].error_code,
        ErrorCode::UNKNOWN_TOPIC_ID
    );
    broker.create_topic("t", 1, 1).unwrap();
    assert_ne!(client.topic_id("t").await, id);
    assert_eq!(broker.offsets("t", 0), Some((0, 0)));
    let by_name = DeleteTopicsRequest {
        topic_names: vec!["t".into(), "none".into()],
        ..Default::default()
    };
    let codes: Vec<_> = client
        .call(5, &by_name)
        .await
        .responses
        .iter()
        .map(|it| it.error_code)
        .collect();
    assert_eq!(
        codes,
        [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]
    );
}
