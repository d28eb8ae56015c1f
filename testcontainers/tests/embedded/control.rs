//! The control hook: every way in which it may interfere.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_testcontainers::embedded::{Broker, Control};
use kafka_wire::messages::metadata::{MetadataRequest, MetadataResponse};
use kafka_wire::messages::produce::ProduceRequest;
use kafka_wire::{ApiKey, Request as _, Uuid};
use tokio::time::Instant;

use crate::client::{Client, batch, one_node, produce_request, until};

async fn with_topic() -> (Broker, Client) {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let client = Client::to(&broker, 1).await;
    (broker, client)
}

/// Answers the first `Produce` that comes with `control`, and passes everything else.
fn once(broker: &Broker, control: Control) {
    let mut control = Some(control);
    broker.control(move |seen| {
        let first = if seen.is::<ProduceRequest>() {
            control.take()
        } else {
            None
        };
        first.unwrap_or(Control::Pass)
    });
}

fn write() -> ProduceRequest {
    produce_request("t", Uuid::ZERO, 0, batch(&["a"]), -1)
}

#[tokio::test]
async fn a_hook_sees_every_request() {
    let (broker, mut client) = with_topic().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    broker.control(move |request| {
        let acks = request.request::<ProduceRequest>().ok().map(|it| it.acks);
        let client_id = request.client_id.map(str::to_owned);
        let note = (
            request.node,
            request.api_key,
            request.api_version,
            request.correlation_id,
            client_id,
            acks,
        );
        notes.lock().unwrap().push(note);
        Control::Pass
    });
    client.call(12, &write()).await;
    client.topic_id("t").await;
    broker.clear_control();
    client.topic_id("t").await;
    let tiny = || Some("tiny".to_owned());
    assert_eq!(
        *seen.lock().unwrap(),
        [(1, 0, 12, 1, tiny(), Some(-1)), (1, 3, 13, 2, tiny(), None)]
    );
    assert_eq!(broker.requests_seen(ApiKey::METADATA.0), 2);
}

#[tokio::test]
async fn dropping_does_nothing_and_the_connection_stays() {
    let (broker, mut client) = with_topic().await;
    once(&broker, Control::Drop);
    client.send(12, &write()).await;
    // The next answer is the next request's.
    client.topic_id("t").await;
    assert!(broker.log("t", 0).is_empty());
}

#[tokio::test]
async fn closing_does_nothing_and_ends_the_connection() {
    let (broker, mut client) = with_topic().await;
    once(&broker, Control::Close);
    assert!(client.try_call(12, &write()).await.is_none());
    assert!(broker.log("t", 0).is_empty());
}

#[tokio::test]
async fn the_answer_may_get_lost_after_the_work() {
    let (broker, mut client) = with_topic().await;
    once(&broker, Control::PassThenDrop);
    client.send(12, &write()).await;
    client.topic_id("t").await;
    assert_eq!(broker.log("t", 0).len(), 1);
    once(&broker, Control::PassThenClose);
    assert!(client.try_call(12, &write()).await.is_none());
    assert_eq!(broker.log("t", 0).len(), 2);
    let mut client = Client::to(&broker, 1).await;
    once(&broker, Control::PassThenCut(10));
    assert!(client.try_call(12, &write()).await.is_none());
    assert_eq!(client.rest(), 10);
    assert_eq!(broker.log("t", 0).len(), 3);
}

#[tokio::test]
async fn delays_hold_up_their_connection_alone() {
    const DELAY: Duration = Duration::from_millis(100);
    let (broker, mut slow) = with_topic().await;
    let mut quick = Client::to(&broker, 1).await;
    for (control, written) in [(Control::Delay(DELAY), 1), (Control::DelayAnswer(DELAY), 2)] {
        once(&broker, control);
        let begin = Instant::now();
        slow.send(12, &write()).await;
        quick.topic_id("t").await;
        slow.receive::<ProduceRequest>(12).await.unwrap();
        assert!(begin.elapsed() >= DELAY);
        assert_eq!(broker.log("t", 0).len(), written);
    }
}

#[tokio::test]
async fn a_test_may_answer_itself() {
    let (broker, mut client) = with_topic().await;
    broker.control(|seen| {
        if !seen.is::<MetadataRequest>() {
            return Control::Pass;
        }
        let response = MetadataResponse {
            controller_id: 42,
            ..Default::default()
        };
        seen.answer::<MetadataRequest>(&response).unwrap()
    });
    for version in MetadataRequest::stable_versions().skip(1) {
        let request = MetadataRequest::default();
        assert_eq!(client.call(version, &request).await.controller_id, 42);
    }
    broker.control(|_| Control::AnswerThenClose(bytes::Bytes::from_static(&[0, 0, 0, 9, 1])));
    client.send(12, &MetadataRequest::default()).await;
    assert_eq!(client.frame().await.unwrap(), [0, 0, 0, 9, 1][..]);
    assert!(client.frame().await.is_none());
}

#[tokio::test]
async fn answers_may_be_corrupt_in_one_bit() {
    let (broker, mut client) = with_topic().await;
    client.send(12, &MetadataRequest::default()).await;
    let right = client.frame().await.unwrap();
    for (control, expected) in [
        (Control::Corrupt, None),
        (Control::CorruptAt(5), Some(5)),
        (Control::CorruptAt(usize::MAX), Some(right.len() - 1)),
    ] {
        broker.control(move |_| control.clone());
        client.send(12, &MetadataRequest::default()).await;
        let wrong = client.frame().await.unwrap();
        let differing: Vec<usize> = (4..right.len())
            .filter(|at| right[*at] != wrong[*at])
            .collect();
        assert_eq!(differing.len(), 1);
        assert_eq!(right[differing[0]] ^ wrong[differing[0]], 1);
        assert!(expected.is_none_or(|at| differing == [at]));
    }
}

#[tokio::test]
async fn a_hook_may_use_the_broker_and_take_itself_out() {
    let (broker, mut client) = with_topic().await;
    let handle = broker.clone();
    broker.control(move |_| {
        handle.clear_control();
        handle.create_topic("made", 1, 1).unwrap();
        Control::Pass
    });
    client.topic_id("t").await;
    client.topic_id("t").await;
    assert_eq!(broker.leader("made", 0), Some(1));
    let handle = broker.clone();
    broker.control(move |seen| {
        handle.kill(seen.node).unwrap();
        Control::Pass
    });
    assert!(client.try_call(12, &write()).await.is_none());
    until(|| broker.connections() == 0).await;
    assert!(broker.log("t", 0).is_empty());
}
