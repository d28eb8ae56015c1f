//! `Produce`: what is appended, what is refused, and what is recognised.

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_testcontainers::embedded::{Broker, Config};
use kafka_wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::produce::ProduceRequest;
use kafka_wire::records::{BatchBuilder, Compression, NewRecord};
use kafka_wire::{ApiKey, ErrorCode, Uuid};

use crate::client::{Client, batch, compressed, one_node, produce_request, sequenced, values};

async fn with_topic() -> (Broker, Client) {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let client = Client::to(&broker, 1).await;
    (broker, client)
}

#[tokio::test]
async fn what_was_produced_is_fetched_byte_for_byte() {
    let (_broker, mut client) = with_topic().await;
    for compression in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let first = client
            .produce("t", compressed(&["a", "b", "c"], compression))
            .await;
        assert_eq!(first.error_code, ErrorCode::NONE, "{compression}");
        let fetched = client.fetch("t", first.base_offset).await;
        let expected = [(0, "a"), (1, "b"), (2, "c")]
            .map(|(at, value)| (first.base_offset + at, value.to_owned()));
        assert_eq!(values(&fetched), expected, "{compression}");
    }
}

#[tokio::test]
async fn offsets_are_given_one_after_the_other() {
    let (broker, mut client) = with_topic().await;
    assert_eq!(client.produce("t", batch(&["a", "b"])).await.base_offset, 0);
    assert_eq!(client.produce("t", batch(&["c"])).await.base_offset, 2);
    let log = broker.log("t", 0);
    let found: Vec<_> = log
        .iter()
        .map(|it| (it.offset, it.value.clone().unwrap()))
        .collect();
    assert_eq!(
        found,
        [(0, "a".into()), (1, "b".into()), (2, Bytes::from("c"))]
    );
    assert_eq!(broker.offsets("t", 0), Some((0, 3)));
}

#[tokio::test]
async fn topics_are_named_by_id_since_version_13() {
    let (broker, mut client) = with_topic().await;
    let id = client.topic_id("t").await;
    let good = client
        .call(13, &produce_request("", id, 0, batch(&["a"]), -1))
        .await;
    assert_eq!(good.responses[0].topic_id, id);
    assert_eq!(
        good.responses[0].partition_responses[0].error_code,
        ErrorCode::NONE
    );
    let bad = client
        .call(
            13,
            &produce_request("", Uuid([7; 16]), 0, batch(&["a"]), -1),
        )
        .await;
    assert_eq!(
        bad.responses[0].partition_responses[0].error_code,
        ErrorCode::UNKNOWN_TOPIC_ID
    );
    assert_eq!(broker.log("t", 0).len(), 1);
}

#[tokio::test]
async fn without_acks_there_is_no_answer_and_a_failure_ends_the_connection() {
    let (broker, mut client) = with_topic().await;
    client
        .send(12, &produce_request("t", Uuid::ZERO, 0, batch(&["a"]), 0))
        .await;
    // The next answer is the next request's.
    assert_eq!(client.produce("t", batch(&["b"])).await.base_offset, 1);
    client
        .send(
            12,
            &produce_request("none", Uuid::ZERO, 0, batch(&["a"]), 0),
        )
        .await;
    assert!(client.frame().await.is_none());
    assert_eq!(broker.log("t", 0).len(), 2);
}

async fn refused(topic: &str, partition: i32, records: Bytes, acks: i16) -> ErrorCode {
    let (broker, mut client) = with_topic().await;
    let answer = client.produce_to(topic, partition, records, acks).await;
    assert_eq!(answer.base_offset, -1);
    assert!(broker.log("t", 0).is_empty(), "nothing was written");
    answer.error_code
}

/// A good batch with something else in one place, and a checksum that fits.
fn tampered(at: usize, bytes: &[u8]) -> Bytes {
    let mut batch = BytesMut::from(&batch(&["a", "b"])[..]);
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    let crc = crc32c::crc32c(&batch[21..]);
    (&mut batch[17..21]).put_u32(crc);
    batch.freeze()
}

#[tokio::test]
async fn what_kafka_refuses_is_refused() {
    let good = || batch(&["a", "b"]);
    let mut broken = BytesMut::from(&good()[..]);
    broken[70] ^= 1;
    let twice = [good(), good()].concat().into();
    let old_magic = tampered(16, &[1]);
    assert_eq!(
        refused("none", 0, good(), -1).await,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(
        refused("t", 1, good(), -1).await,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(
        refused("t", 0, good(), 2).await,
        ErrorCode::INVALID_REQUIRED_ACKS
    );
    assert_eq!(
        refused("t", 0, broken.freeze(), -1).await,
        ErrorCode::CORRUPT_MESSAGE
    );
    assert_eq!(refused("t", 0, twice, -1).await, ErrorCode::INVALID_RECORD);
    assert_eq!(
        refused("t", 0, Bytes::new(), -1).await,
        ErrorCode::INVALID_RECORD
    );
    assert_eq!(
        refused("t", 0, good().slice(..50), -1).await,
        ErrorCode::INVALID_RECORD
    );
    assert_eq!(
        refused("t", 0, old_magic, -1).await,
        ErrorCode::INVALID_RECORD
    );
    assert_eq!(
        refused("t", 0, tampered(22, &[1 << 5]), -1).await,
        ErrorCode::INVALID_RECORD,
        "a control batch"
    );
    assert_eq!(
        refused("t", 0, tampered(22, &[1 << 4]), -1).await,
        ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    );
    assert_eq!(
        refused("t", 0, tampered(0, &[0, 0, 0, 0, 0, 0, 0, 9]), -1).await,
        ErrorCode::INVALID_RECORD,
        "base offset"
    );
    assert_eq!(
        refused("t", 0, tampered(57, &[0, 0, 0, 1]), -1).await,
        ErrorCode::INVALID_RECORD,
        "record count"
    );
    assert_eq!(
        refused("t", 0, sequenced(&["a"], 5, 0, -1), -1).await,
        ErrorCode::INVALID_RECORD,
        "no sequence"
    );
}

#[tokio::test]
async fn a_batch_over_the_limit_is_too_large() {
    let config = Config {
        message_max_bytes: 1_000,
        ..Config::nodes(1)
    };
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let long = "x".repeat(1_000);
    assert_eq!(
        client.produce("t", batch(&[&long])).await.error_code,
        ErrorCode::MESSAGE_TOO_LARGE
    );
    assert_eq!(
        client.produce("t", batch(&["short"])).await.error_code,
        ErrorCode::NONE
    );
}

#[tokio::test]
async fn storage_has_a_limit_that_deleting_gives_back() {
    let config = Config {
        storage_max_bytes: 1_000,
        ..Config::nodes(1)
    };
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let half = "x".repeat(500);
    for (end, expected) in [(1, ErrorCode::NONE), (1, ErrorCode::KAFKA_STORAGE_ERROR)] {
        assert_eq!(
            client.produce("t", batch(&[&half])).await.error_code,
            expected
        );
        assert_eq!(broker.offsets("t", 0), Some((0, end)));
    }
    assert_eq!(broker.delete_records("t", 0, 1), Some(1));
    assert_eq!(
        client.produce("t", batch(&[&half])).await.error_code,
        ErrorCode::NONE
    );
    assert!(broker.delete_topic("t"));
    broker.create_topic("t", 1, 1).unwrap();
    assert_eq!(
        client.produce("t", batch(&[&half])).await.error_code,
        ErrorCode::NONE
    );
}

#[tokio::test]
async fn records_from_the_far_future_are_named() {
    let (_broker, mut client) = with_topic().await;
    let mut builder = BatchBuilder::new(1 << 20, 100);
    for timestamp in [1_000, i64::MAX / 2] {
        let record = NewRecord {
            timestamp,
            ..Default::default()
        };
        builder.append(record).unwrap();
    }
    let answer = client
        .produce("t", builder.close(Compression::None).unwrap().seal())
        .await;
    assert_eq!(answer.error_code, ErrorCode::INVALID_TIMESTAMP);
    assert_eq!(answer.record_errors[0].batch_index, 1);
}

async fn with_setting(key: &str, value: &str) -> (Broker, Client) {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "t".into(),
            num_partitions: 1,
            replication_factor: 1,
            configs: vec![CreatableTopicConfig {
                name: key.into(),
                value: Some(value.into()),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let created = client.call(7, &request).await;
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
    (broker, client)
}

#[tokio::test]
async fn a_topic_may_want_the_time_of_the_append() {
    let (broker, mut client) = with_setting("message.timestamp.type", "LogAppendTime").await;
    let answer = client.produce("t", batch(&["a", "b"])).await;
    assert!(answer.log_append_time_ms > 1_600_000_000_000);
    let times: Vec<_> = broker.log("t", 0).iter().map(|it| it.timestamp).collect();
    assert_eq!(times, [answer.log_append_time_ms; 2]);
    assert_eq!(
        values(&client.fetch("t", 0).await).len(),
        2,
        "the checksum fits"
    );
}

#[tokio::test]
async fn a_compacted_topic_wants_keys() {
    let (_broker, mut client) = with_setting("cleanup.policy", "compact").await;
    let answer = client.produce("t", batch(&["a"])).await;
    assert_eq!(answer.error_code, ErrorCode::INVALID_RECORD);
}

#[tokio::test]
async fn an_idempotent_producer_may_repeat_itself() {
    let (broker, mut client) = with_topic().await;
    let id = client
        .call(5, &InitProducerIdRequest::default())
        .await
        .producer_id;
    for sequence in 0..5 {
        let answer = client
            .produce("t", sequenced(&["x"], id, 0, sequence))
            .await;
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (ErrorCode::NONE, i64::from(sequence))
        );
    }
    for sequence in 0..5 {
        let again = client
            .produce("t", sequenced(&["x"], id, 0, sequence))
            .await;
        assert_eq!(
            (again.error_code, again.base_offset),
            (ErrorCode::NONE, i64::from(sequence))
        );
    }
    let gap = client.produce("t", sequenced(&["x"], id, 0, 6)).await;
    assert_eq!(gap.error_code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(
        client
            .produce("t", sequenced(&["x"], id, 1, 0))
            .await
            .base_offset,
        5
    );
    let fenced = client.produce("t", sequenced(&["x"], id, 0, 5)).await;
    assert_eq!(fenced.error_code, ErrorCode::INVALID_PRODUCER_EPOCH);
    broker.expire_producer_ids();
    let forgotten = client.produce("t", sequenced(&["x"], id, 0, 77)).await;
    assert_eq!(
        (forgotten.error_code, forgotten.base_offset),
        (ErrorCode::NONE, 6)
    );
}

#[tokio::test]
async fn producers_get_different_ids() {
    let (broker, mut client) = with_topic().await;
    let first = client.call(5, &InitProducerIdRequest::default()).await;
    let second = client.call(0, &InitProducerIdRequest::default()).await;
    assert_ne!(first.producer_id, second.producer_id);
    assert_eq!(
        (first.error_code, first.producer_epoch),
        (ErrorCode::NONE, 0)
    );
    assert_eq!(broker.requests_seen(ApiKey::INIT_PRODUCER_ID.0), 2);
}

#[tokio::test]
async fn a_node_that_does_not_lead_names_the_one_that_does() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    let old = broker.leader("t", 0).unwrap();
    let new = 3 - old;
    assert!(broker.move_leader("t", 0, new));
    let mut client = Client::to(&broker, old).await;
    let request = produce_request("t", Uuid::ZERO, 0, batch(&["a"]), -1);
    let answer = client.call(12, &request).await;
    let partition = &answer.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(
        (
            partition.current_leader.leader_id,
            partition.current_leader.leader_epoch
        ),
        (new, 1)
    );
    let port = broker.addr_of(new).unwrap().port();
    assert_eq!(
        (
            answer.node_endpoints[0].node_id,
            answer.node_endpoints[0].port
        ),
        (new, i32::from(port))
    );
    let before_hints = client.call(9, &request).await;
    assert_eq!(
        before_hints.responses[0].partition_responses[0].error_code,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
    assert!(before_hints.node_endpoints.is_empty());
}

#[tokio::test]
async fn acks_all_wants_enough_replicas() {
    let config = Config {
        min_insync_replicas: 2,
        ..Config::nodes(2)
    };
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("t", 1, 2).unwrap();
    let leader = broker.leader("t", 0).unwrap();
    broker.kill(3 - leader).unwrap();
    let mut client = Client::to(&broker, leader).await;
    assert_eq!(
        client
            .produce_to("t", 0, batch(&["a"]), -1)
            .await
            .error_code,
        ErrorCode::NOT_ENOUGH_REPLICAS
    );
    assert_eq!(
        client.produce_to("t", 0, batch(&["a"]), 1).await.error_code,
        ErrorCode::NONE
    );
}

#[tokio::test]
async fn versions_that_are_announced_but_gone_end_the_connection() {
    let (_broker, mut client) = with_topic().await;
    // Version 2 has the same header as version 3.
    let frame = kafka_wire::encode_request(&ProduceRequest::default(), 3, 1, None).unwrap();
    let mut frame = BytesMut::from(&frame.to_bytes()[..]);
    (&mut frame[6..8]).put_i16(2);
    tokio::io::AsyncWriteExt::write_all(&mut client.stream, &frame)
        .await
        .unwrap();
    assert!(client.frame().await.is_none());
}
