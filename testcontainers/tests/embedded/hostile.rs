//! Bytes that no client should send: they end their connection and nothing else.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_testcontainers::embedded::{Broker, Config, Control};
use kafka_wire::messages::fetch::FetchRequest;
use kafka_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use kafka_wire::messages::metadata::MetadataRequest;
use kafka_wire::{Request, Uuid, encode_request};
use tokio::io::AsyncWriteExt as _;

use crate::client::{Client, batch, fetch_request, one_node, produce_request, until};

/// Sends bytes on a connection of their own, and reads whatever comes until the broker closes it, or we do.
async fn poke(broker: &Broker, bytes: &[u8]) {
    let mut client = Client::to(broker, 1).await;
    let _ = client.stream.write_all(bytes).await;
    let _ = client.stream.shutdown().await;
    while client.frame().await.is_some() {}
}

async fn still_works(broker: &Broker) {
    let mut client = Client::to(broker, 1).await;
    assert!(!client.topic_id("t").await.is_zero());
}

fn framed<R: Request>(request: &R, version: i16) -> Bytes {
    encode_request(request, version, 1, Some("hostile"))
        .unwrap()
        .to_bytes()
}

fn requests() -> Vec<Bytes> {
    let id = Uuid([7; 16]);
    let join = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 1,
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: "m".into(),
        }],
        ..Default::default()
    };
    vec![
        framed(
            &produce_request("t", Uuid::ZERO, 0, batch(&["a", "b"]), -1),
            12,
        ),
        framed(&produce_request("", id, 0, batch(&["a", "b"]), -1), 13),
        framed(&fetch_request("t", Uuid::ZERO, 0), 12),
        framed(
            &FetchRequest {
                session_epoch: 0,
                ..fetch_request("", id, 0)
            },
            17,
        ),
        framed(&MetadataRequest::default(), 12),
        framed(&join, 6),
        framed(&join, 3),
    ]
}

/// Requests that would be waited with for long are not let through: a wrong byte may ask for a century.
fn impatient(broker: &Broker) {
    broker.control(|seen| {
        let fetch = seen
            .is::<FetchRequest>()
            .then(|| seen.request::<FetchRequest>());
        let join = seen
            .is::<JoinGroupRequest>()
            .then(|| seen.request::<JoinGroupRequest>());
        let waits = fetch.is_some_and(|it| it.is_ok_and(|it| it.max_wait_ms > 10))
            || join.is_some_and(|it| it.is_ok_and(|it| it.rebalance_timeout_ms != 1));
        if waits { Control::Close } else { Control::Pass }
    });
}

#[tokio::test]
async fn frames_cut_off_anywhere_or_wrong_in_one_byte_harm_nobody() {
    for frame in requests() {
        let broker = one_node().await;
        broker.create_topic("t", 1, 1).unwrap();
        impatient(&broker);
        for cut in 0..frame.len() {
            poke(&broker, &frame[..cut]).await;
        }
        for at in 4..frame.len() {
            for wrong in [0xff, 0x00, 0x80, frame[at] ^ 1] {
                let mut frame = BytesMut::from(&frame[..]);
                frame[at] = wrong;
                poke(&broker, &frame).await;
            }
        }
        still_works(&broker).await;
        until(|| broker.connections() == 0).await;
        let logs = broker.logs(1);
        let begun = logs.matches(" from 127").count();
        assert!(begun > frame.len());
        assert_eq!(logs.matches(" ends: ").count(), begun, "no task panicked");
    }
}

#[tokio::test]
async fn lengths_that_cannot_be_end_the_connection_at_once() {
    let mut config = Config::nodes(1);
    config.set("socket.request.max.bytes", "1000").unwrap();
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    for start in [
        &(-1_i32).to_be_bytes()[..],
        &1001_i32.to_be_bytes(),
        &i32::MAX.to_be_bytes(),
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x16, 3, 1, 2, 0],
    ] {
        let mut client = Client::to(&broker, 1).await;
        client.stream.write_all(start).await.unwrap();
        let end = tokio::time::timeout(Duration::from_secs(10), client.frame()).await;
        assert_eq!(end, Ok(None), "{start:?}");
    }
    still_works(&broker).await;
}

#[tokio::test]
async fn frames_may_come_byte_by_byte_and_many_at_once() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let frame = framed(&MetadataRequest::default(), 12);
    for byte in &frame[..] {
        client.stream.write_all(&[*byte]).await.unwrap();
    }
    assert!(client.frame().await.is_some());
    let many = frame.repeat(100);
    client.stream.write_all(&many).await.unwrap();
    for _ in 0..100 {
        assert!(client.frame().await.is_some());
    }
}

#[tokio::test]
async fn a_lie_about_records_changes_nothing() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let good = batch(&["a", "b"]);
    let mut client = Client::to(&broker, 1).await;
    for at in 0..good.len() {
        for wrong in [0x00, 0x7f, 0xff] {
            let mut batch = BytesMut::from(&good[..]);
            batch[at] = wrong;
            let crc = crc32c::crc32c(&batch[21..]);
            (&mut batch[17..21]).put_u32(crc);
            let answer = client.produce("t", batch.freeze()).await;
            let is_whole = broker.log("t", 0).len() % 2 == 0;
            assert!(is_whole, "byte {at} as {wrong:#x}: {}", answer.error_code);
        }
    }
    still_works(&broker).await;
}
