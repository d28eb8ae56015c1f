//! `Fetch`, `ListOffsets` and `OffsetForLeaderEpoch`: reading, waiting, sessions, and where things are.

use std::time::Duration;

use kafka_testcontainers::embedded::{Broker, Config};
use kafka_wire::messages::fetch::{FetchPartition, FetchRequest, ForgottenTopic, PartitionData};
use kafka_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};
use kafka_wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Instant;

use crate::client::{Client, batch, fetch_request, one_node, until, values};

/// A topic of one partition with three batches: 0-1, 2, 3.
async fn with_records() -> (Broker, Client) {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    for values in [&["a", "b"][..], &["c"], &["d"]] {
        client.produce("t", batch(values)).await;
    }
    (broker, client)
}

fn only(response: &kafka_wire::messages::fetch::FetchResponse) -> &PartitionData {
    &response.responses[0].partitions[0]
}

#[tokio::test]
async fn an_offset_in_the_middle_of_a_batch_gives_the_whole_batch() {
    let (_broker, mut client) = with_records().await;
    let fetched = client.fetch("t", 1).await;
    assert_eq!(values(&fetched)[0], (0, "a".into()));
    assert_eq!(values(&fetched).len(), 4);
    let data = only(&fetched);
    assert_eq!(
        (
            data.high_watermark,
            data.last_stable_offset,
            data.log_start_offset
        ),
        (4, 4, 0)
    );
}

#[tokio::test]
async fn offsets_out_of_range_are_an_error() {
    let (broker, mut client) = with_records().await;
    broker.delete_records("t", 0, 2);
    for offset in [1, 5, -1] {
        let fetched = client.fetch("t", offset).await;
        assert_eq!(only(&fetched).error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
        assert_eq!(only(&fetched).high_watermark, -1);
    }
    assert_eq!(only(&client.fetch("t", 2).await).log_start_offset, 2);
    assert_eq!(
        only(&client.fetch("t", 4).await).error_code,
        ErrorCode::NONE
    );
}

#[tokio::test]
async fn one_batch_comes_whatever_the_limit() {
    let (_broker, mut client) = with_records().await;
    let mut request = fetch_request("t", Uuid::ZERO, 0);
    request.max_bytes = 1;
    assert_eq!(values(&client.call(12, &request).await).len(), 2);
    request.max_bytes = 1 << 20;
    request.topics[0].partitions[0].partition_max_bytes = 1;
    assert_eq!(values(&client.call(12, &request).await).len(), 2);
}

#[tokio::test]
async fn the_limit_of_an_answer_holds_over_all_partitions() {
    let broker = one_node().await;
    broker.create_topic("t", 2, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    for partition in 0..2 {
        client
            .produce_to("t", partition, batch(&["some value"]), 1)
            .await;
    }
    let mut request = fetch_request("t", Uuid::ZERO, 0);
    let first = request.topics[0].partitions[0].clone();
    request.topics[0].partitions.push(FetchPartition {
        partition: 1,
        ..first
    });
    request.max_bytes = 80;
    let fetched = client.call(12, &request).await;
    let sizes: Vec<_> = fetched.responses[0]
        .partitions
        .iter()
        .map(|it| it.records.as_ref().unwrap().len())
        .collect();
    assert!(sizes[0] > 0);
    assert_eq!(sizes[1], 0, "what is left would cut the first batch");
}

#[tokio::test]
async fn a_fetch_waits_for_records_and_no_longer() {
    let (broker, mut consumer) = with_records().await;
    let mut request = fetch_request("t", Uuid::ZERO, 4);
    request.max_wait_ms = 60_000;
    consumer.send(12, &request).await;
    until(|| broker.requests_seen(1) == 1).await;
    let mut producer = Client::to(&broker, 1).await;
    producer.produce("t", batch(&["e"])).await;
    let fetched = consumer.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(values(&fetched), [(4, "e".into())]);
}

#[tokio::test]
async fn a_fetch_waits_for_as_many_bytes_as_it_wants() {
    let (broker, mut consumer) = with_records().await;
    let mut request = fetch_request("t", Uuid::ZERO, 4);
    request.max_wait_ms = 60_000;
    request.min_bytes = 2 * i32::try_from(batch(&["e"]).len()).unwrap();
    consumer.send(12, &request).await;
    let mut producer = Client::to(&broker, 1).await;
    for value in ["e", "f"] {
        producer.produce("t", batch(&[value])).await;
    }
    let fetched = consumer.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(values(&fetched).len(), 2);
}

#[tokio::test]
async fn a_fetch_that_waited_in_vain_is_answered_empty() {
    let (_broker, mut client) = with_records().await;
    let mut request = fetch_request("t", Uuid::ZERO, 4);
    request.max_wait_ms = 50;
    let begin = Instant::now();
    let fetched = client.call(12, &request).await;
    assert!(values(&fetched).is_empty());
    assert!(begin.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn an_error_is_not_waited_with() {
    let (broker, mut client) = with_records().await;
    let mut request = fetch_request("t", Uuid::ZERO, 99);
    request.max_wait_ms = 60_000;
    assert_eq!(
        only(&client.call(12, &request).await).error_code,
        ErrorCode::OFFSET_OUT_OF_RANGE
    );
    request.topics[0].partitions[0].fetch_offset = 4;
    client.send(12, &request).await;
    until(|| broker.requests_seen(1) == 2).await;
    broker.delete_topic("t");
    let fetched = client.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(
        only(&fetched).error_code,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
}

#[tokio::test]
async fn read_committed_gets_a_list_of_aborted_transactions() {
    let (_broker, mut client) = with_records().await;
    let mut request = fetch_request("t", Uuid::ZERO, 0);
    assert_eq!(
        only(&client.call(12, &request).await).aborted_transactions,
        None
    );
    request.isolation_level = 1;
    assert_eq!(
        only(&client.call(12, &request).await).aborted_transactions,
        Some(vec![])
    );
}

#[tokio::test]
async fn topics_are_named_by_id_since_version_13() {
    let (_broker, mut client) = with_records().await;
    let id = client.topic_id("t").await;
    for version in 13..=18 {
        let fetched = client.call(version, &fetch_request("", id, 0)).await;
        assert_eq!(fetched.responses[0].topic_id, id);
        assert_eq!(values(&fetched).len(), 4);
        let unknown = client
            .call(version, &fetch_request("", Uuid([7; 16]), 0))
            .await;
        assert_eq!(only(&unknown).error_code, ErrorCode::UNKNOWN_TOPIC_ID);
    }
}

#[tokio::test]
async fn a_session_tells_only_what_changes() {
    let (_broker, mut client) = with_records().await;
    let id = client.topic_id("t").await;
    let mut full = fetch_request("", id, 4);
    full.session_epoch = 0;
    let opened = client.call(17, &full).await;
    assert_ne!(opened.session_id, 0);
    assert_eq!(opened.responses.len(), 1);
    let next = |session_epoch| FetchRequest {
        session_id: opened.session_id,
        session_epoch,
        min_bytes: 1,
        ..Default::default()
    };
    assert_eq!(client.call(17, &next(1)).await.responses, []);
    client.produce("t", batch(&["e"])).await;
    let fetched = client.call(17, &next(2)).await;
    assert_eq!(fetched.session_id, opened.session_id);
    assert_eq!(values(&fetched), [(4, "e".into())]);
    assert_eq!(
        client.call(17, &next(2)).await.error_code,
        ErrorCode::INVALID_FETCH_SESSION_EPOCH
    );
    let mut moved = next(3);
    moved.topics = fetch_request("", id, 5).topics;
    assert_eq!(client.call(17, &moved).await.responses, []);
    let mut forgotten = next(4);
    forgotten.forgotten_topics_data = vec![ForgottenTopic {
        topic_id: id,
        partitions: vec![0],
        ..Default::default()
    }];
    assert_eq!(
        client.call(17, &forgotten).await.session_id,
        0,
        "nothing is left of it"
    );
    let gone = client.call(17, &next(5)).await;
    assert_eq!(gone.error_code, ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
}

#[tokio::test]
async fn sessions_belong_to_a_node_and_die_with_it() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let mut full = fetch_request("t", Uuid::ZERO, 0);
    full.session_epoch = 0;
    let session_id = client.call(12, &full).await.session_id;
    broker.restart(1).await.unwrap();
    let mut client = Client::to(&broker, 1).await;
    let next = FetchRequest {
        session_id,
        session_epoch: 1,
        ..Default::default()
    };
    assert_eq!(
        client.call(12, &next).await.error_code,
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
    );
}

#[tokio::test]
async fn leader_epochs_are_checked_and_hints_given() {
    let broker = Broker::start(Config::nodes(3)).await.unwrap();
    broker.create_topic("t", 1, 2).unwrap();
    let old = broker.leader("t", 0).unwrap();
    let new = (1..=3).find(|node| *node != old).unwrap();
    broker.move_leader("t", 0, new);
    let mut client = Client::to(&broker, new).await;
    let id = client.topic_id("t").await;
    let mut request = fetch_request("", id, 0);
    for (epoch, code) in [
        (0, ErrorCode::FENCED_LEADER_EPOCH),
        (1, ErrorCode::NONE),
        (2, ErrorCode::UNKNOWN_LEADER_EPOCH),
    ] {
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let fetched = client.call(17, &request).await;
        assert_eq!(only(&fetched).error_code, code);
        let hint = &only(&fetched).current_leader;
        let is_fenced = code == ErrorCode::FENCED_LEADER_EPOCH;
        assert_eq!(hint.leader_id, if is_fenced { new } else { -1 });
        assert_eq!(fetched.node_endpoints.len(), usize::from(is_fenced));
    }
}

#[tokio::test]
async fn a_node_without_the_partition_says_who_leads() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    let leader = broker.leader("t", 0).unwrap();
    let mut client = Client::to(&broker, 3 - leader).await;
    let id = client.topic_id("t").await;
    let fetched = client.call(16, &fetch_request("", id, 0)).await;
    assert_eq!(only(&fetched).error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(only(&fetched).current_leader.leader_id, leader);
    let port = broker.addr_of(leader).unwrap().port();
    assert_eq!(fetched.node_endpoints[0].port, i32::from(port));
}

#[tokio::test]
async fn followers_serve_consumers_since_version_11() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    broker.create_topic("t", 1, 2).unwrap();
    let follower = 3 - broker.leader("t", 0).unwrap();
    let mut client = Client::to(&broker, follower).await;
    let request = fetch_request("t", Uuid::ZERO, 0);
    assert_eq!(
        only(&client.call(11, &request).await).error_code,
        ErrorCode::NONE
    );
    assert_eq!(
        only(&client.call(10, &request).await).error_code,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
}

#[tokio::test]
async fn a_log_that_was_cut_is_told_by_its_epochs() {
    let (broker, mut client) = with_records().await;
    assert_eq!(broker.truncate("t", 0, 3), Some(3));
    client.produce("t", batch(&["other"])).await;
    let mut request = fetch_request("t", Uuid::ZERO, 4);
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let fetched = client.call(12, &request).await;
    let diverging = &only(&fetched).diverging_epoch;
    assert_eq!((diverging.epoch, diverging.end_offset), (0, 3));
    let end = epoch_end(&mut client, 0, -1).await;
    assert_eq!(
        (end.error_code, end.leader_epoch, end.end_offset),
        (ErrorCode::NONE, 0, 3)
    );
    let end = epoch_end(&mut client, 1, 1).await;
    assert_eq!((end.leader_epoch, end.end_offset), (1, 4));
    assert_eq!(
        epoch_end(&mut client, 0, 0).await.error_code,
        ErrorCode::FENCED_LEADER_EPOCH
    );
}

async fn epoch_end(
    client: &mut Client,
    leader_epoch: i32,
    current_leader_epoch: i32,
) -> EpochEndOffset {
    let request = OffsetForLeaderEpochRequest {
        topics: vec![OffsetForLeaderTopic {
            topic: "t".into(),
            partitions: vec![OffsetForLeaderPartition {
                partition: 0,
                current_leader_epoch,
                leader_epoch,
            }],
        }],
        ..Default::default()
    };
    client.call(4, &request).await.topics[0].partitions[0].clone()
}

async fn offset(client: &mut Client, version: i16, timestamp: i64) -> ListOffsetsPartitionResponse {
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: "t".into(),
            partitions: vec![ListOffsetsPartition {
                timestamp,
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    client.call(version, &request).await.topics[0].partitions[0].clone()
}

#[tokio::test]
async fn offsets_are_listed_by_time() {
    let (broker, mut client) = with_records().await;
    broker.delete_records("t", 0, 1);
    for version in 1..=11 {
        assert_eq!(offset(&mut client, version, -1).await.offset, 4, "the end");
        assert_eq!(
            offset(&mut client, version, -2).await.offset,
            1,
            "the start"
        );
        let found = offset(&mut client, version, 1_001).await;
        assert_eq!((found.offset, found.timestamp), (1, 1_001));
        let none = offset(&mut client, version, 2_000).await;
        assert_eq!(
            (none.error_code, none.offset, none.timestamp),
            (ErrorCode::NONE, -1, -1)
        );
        let latest = offset(&mut client, version, -3).await;
        if version >= 7 {
            assert_eq!((latest.offset, latest.timestamp), (1, 1_001));
        } else {
            assert_eq!(latest.error_code, ErrorCode::UNSUPPORTED_VERSION);
        }
    }
    assert_eq!(offset(&mut client, 11, -1).await.leader_epoch, 0);
}
