//! What a client knows of a cluster, and what it does when that is out of date, forbidden or gone.
//!
//! Rows of the fault matrix, and the tests that inflict them:
//!
//! | row | test |
//! |---|---|
//! | 7 stale metadata | `a_broker_that_is_behind_does_not_move_a_leader_back`; `cluster::metadata`: `a_leader_never_goes_back_to_an_older_epoch` |
//! | 8 unknown topic; deleted and created anew | `a_topic_that_does_not_exist_is_waited_for_and_named`, `a_topic_created_anew_is_noticed`; `cluster::metadata`: `a_deleted_topic_that_comes_back_as_another_starts_over` |
//! | 9 all brokers down; other brokers | `all_brokers_may_go_and_come_back`, `a_broker_may_send_its_clients_back_to_the_bootstrap_servers`, `brokers_that_do_not_answer_are_forgotten_after_the_trigger`, `without_recovery_the_known_brokers_are_asked_for_ever`; `cluster::tests`: `brokers_that_refuse_are_not_tried_in_a_circle` |
//! | 10 another address, or another broker, behind a name | `cluster::tests`: `a_name_that_moved_is_followed`, `two_brokers_may_share_an_address` |
//!
//! Rows 3 to 6, 22 and 27 are in `connection.rs`, and why what is asserted on a paused clock is so careful.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Error, ErrorCode, MetadataRecovery, Producer,
    ProducerConfig, ProducerRecord, Start, TopicPartition,
};
use kafka_testcontainers::embedded::{Broker, Config, Control, Seen};
use kafka_wire::Uuid;
use kafka_wire::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use kafka_wire::messages::produce::ProduceRequest;
use tokio::time::{Instant, sleep};

const TOPIC: &str = "orders";

async fn broker(nodes: usize) -> Broker {
    let config = Config {
        auto_create_topics: false,
        ..Config::nodes(nodes)
    };
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic(TOPIC, 1, -1).unwrap();
    broker
}

fn config(broker: &Broker) -> ClientConfig {
    ClientConfig {
        bootstrap: broker.bootstrap().split(',').map(str::to_owned).collect(),
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    }
}

fn producer(client: &Client) -> Producer {
    let config = ProducerConfig {
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    };
    Producer::new(client, config).unwrap()
}

async fn send(producer: &Producer, topic: &str) -> i64 {
    let delivery = producer.send(ProducerRecord::to(topic, b"value")).await;
    delivery.unwrap().await.unwrap().offset
}

fn described(broker: &Broker, node_id: i32) -> MetadataResponseBroker {
    let address = broker.addr_of(node_id).unwrap();
    MetadataResponseBroker {
        node_id,
        host: address.ip().to_string(),
        port: address.port().into(),
        rack: None,
    }
}

/// An answer to a question for metadata that knows of one topic.
fn answer(broker: &Broker, seen: &Seen<'_>, topic: MetadataResponseTopic) -> Control {
    let nodes = broker.node_ids().into_iter();
    let response = MetadataResponse {
        brokers: nodes.map(|node| described(broker, node)).collect(),
        topics: vec![topic],
        ..Default::default()
    };
    seen.answer::<MetadataRequest>(&response).unwrap()
}

/// The topics that a question for metadata names.
fn asked(seen: &Seen<'_>) -> Vec<String> {
    let request = seen.request::<MetadataRequest>().unwrap();
    let topics = request.topics.unwrap().into_iter();
    topics.filter_map(|topic| topic.name).collect()
}

/// Sends a record; the id of the topic that it goes to.
async fn id_when_sending(broker: &Broker, producer: &Producer) -> Uuid {
    let id = Arc::new(Mutex::new(None));
    let seen_id = id.clone();
    broker.control(move |seen| {
        if seen.is::<ProduceRequest>() {
            let request = seen.request::<ProduceRequest>().unwrap();
            *seen_id.lock().unwrap() = Some(request.topic_data[0].topic_id);
        }
        Control::Pass
    });
    send(producer, TOPIC).await;
    let id = *id.lock().unwrap();
    id.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_behind_does_not_move_a_leader_back() {
    let broker = broker(2).await;
    let old = broker.leader(TOPIC, 0).unwrap();
    let new = 3 - old;
    let client = Client::new(ClientConfig {
        metadata_max_age: Duration::from_secs(1),
        ..config(&broker)
    })
    .unwrap();
    let producer = producer(&client);
    send(&producer, TOPIC).await;
    let stale_epoch = broker.leader_epoch(TOPIC, 0).unwrap();
    broker.move_leader(TOPIC, 0, new);
    let id = id_when_sending(&broker, &producer).await;

    let (stale, misled) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (told, led) = (stale.clone(), misled.clone());
    let handle = broker.clone();
    broker.control(move |seen| {
        if seen.is::<ProduceRequest>() && seen.node == old {
            led.fetch_add(1, Ordering::Relaxed);
        }
        if !seen.is::<MetadataRequest>() {
            return Control::Pass;
        }
        told.fetch_add(1, Ordering::Relaxed);
        let partition = MetadataResponsePartition {
            leader_id: old,
            leader_epoch: stale_epoch,
            ..Default::default()
        };
        let topic = MetadataResponseTopic {
            name: Some(TOPIC.into()),
            topic_id: id,
            partitions: vec![partition],
            ..Default::default()
        };
        answer(&handle, seen, topic)
    });
    for _ in 0..10 {
        sleep(Duration::from_secs(1)).await;
        send(&producer, TOPIC).await;
    }
    broker.clear_control();
    assert!(stale.load(Ordering::Relaxed) >= 5, "metadata was refreshed");
    assert_eq!(
        misled.load(Ordering::Relaxed),
        0,
        "the old leader was asked"
    );
}

#[tokio::test]
async fn a_topic_that_does_not_exist_is_waited_for_and_named() {
    let broker = broker(1).await;
    let client = Client::new(ClientConfig {
        request_timeout: Duration::from_secs(3),
        ..config(&broker)
    })
    .unwrap();
    let start = Instant::now();
    let error = client.partition_count("missing").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "topic missing is not known to the cluster (UNKNOWN_TOPIC_OR_PARTITION (3)) after 3s"
    );
    assert!(start.elapsed() >= Duration::from_secs(3));
    // Others go on meanwhile, and nobody waits for their sake.
    assert_eq!(client.partition_count(TOPIC).await.unwrap(), 1);

    let waiting = client.partition_count("late");
    let (waiting, ()) = tokio::join!(waiting, async {
        broker.create_topic("late", 2, -1).unwrap();
    });
    assert_eq!(waiting.unwrap(), 2);
}

#[tokio::test]
async fn a_topic_created_anew_is_noticed() {
    let broker = broker(1).await;
    let client = Client::new(config(&broker)).unwrap();
    let producer = producer(&client);
    for offset in 0..3 {
        assert_eq!(send(&producer, TOPIC).await, offset);
    }
    assert!(broker.delete_topic(TOPIC));
    broker.create_topic(TOPIC, 1, -1).unwrap();
    assert_eq!(send(&producer, TOPIC).await, 0);
    assert_eq!(broker.log(TOPIC, 0).len(), 1);
}

#[tokio::test]
async fn a_topic_that_is_forbidden_is_named_at_once_and_asked_for_anew() {
    let broker = broker(1).await;
    broker.create_topic("secret", 1, -1).unwrap();
    let is_forbidden = Arc::new(AtomicBool::new(true));
    let (forbidden, handle) = (is_forbidden.clone(), broker.clone());
    broker.control(move |seen| {
        if !forbidden.load(Ordering::Relaxed)
            || !seen.is::<MetadataRequest>()
            || asked(seen) != ["secret"]
        {
            return Control::Pass;
        }
        let refused = MetadataResponseTopic {
            error_code: ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            name: Some("secret".into()),
            ..Default::default()
        };
        answer(&handle, seen, refused)
    });
    let client = Client::new(ClientConfig {
        request_timeout: Duration::from_mins(1),
        ..config(&broker)
    })
    .unwrap();
    let start = Instant::now();
    for _ in 0..3 {
        let error = client.partition_count("secret").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "Metadata of secret: TOPIC_AUTHORIZATION_FAILED (29)"
        );
    }
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "it is not waited for"
    );
    is_forbidden.store(false, Ordering::Relaxed);
    assert_eq!(client.partition_count("secret").await.unwrap(), 1);
    broker.clear_control();
}

#[tokio::test(start_paused = true)]
async fn all_brokers_may_go_and_come_back() {
    let broker = broker(3).await;
    let client = Client::new(config(&broker)).unwrap();
    let producer = producer(&client);
    assert_eq!(send(&producer, TOPIC).await, 0);
    for node in broker.node_ids() {
        broker.kill(node).unwrap();
        broker.ended(node).await.unwrap();
    }
    let waiting = producer.send(ProducerRecord::to(TOPIC, b"value")).await;
    let error = client.partition_count("other").await.unwrap_err();
    assert!(
        matches!(error, Error::NoBroker { source: Some(_) }),
        "{error:?}"
    );
    for node in broker.node_ids() {
        broker.restart(node).await.unwrap();
    }
    let start = Instant::now();
    assert_eq!(waiting.unwrap().await.unwrap().offset, 1);
    // A few rounds of the longest backoffs, over six candidates.
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "{:?}",
        start.elapsed()
    );
}

/// A cluster whose node 2 tells of node 1 alone, a client that bootstraps on node 2, and the nodes that were asked for metadata.
async fn led_away(
    recovery: MetadataRecovery,
) -> (Broker, Client, Arc<Mutex<Vec<i32>>>, Arc<AtomicBool>) {
    let broker = broker(2).await;
    let client = Client::new(ClientConfig {
        bootstrap: vec![broker.addr_of(2).unwrap().to_string()],
        metadata_recovery: recovery,
        ..config(&broker)
    })
    .unwrap();
    let (nodes, is_silent) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(AtomicBool::new(false)),
    );
    let (seen_at, silent, handle) = (nodes.clone(), is_silent.clone(), broker.clone());
    broker.control(move |seen| {
        if !seen.is::<MetadataRequest>() {
            return Control::Pass;
        }
        seen_at.lock().unwrap().push(seen.node);
        if seen.node == 1 && silent.load(Ordering::Relaxed) {
            return Control::Drop;
        }
        let response = MetadataResponse {
            brokers: vec![described(&handle, 1)],
            ..Default::default()
        };
        seen.answer::<MetadataRequest>(&response).unwrap()
    });
    client.connect().await.unwrap();
    let _ = client.partition_count("missing").await;
    let asked = std::mem::take(&mut *nodes.lock().unwrap());
    assert_eq!(asked[0], 2, "the bootstrap server");
    assert!(
        asked.len() > 1 && asked[1..].iter().all(|node| *node == 1),
        "{asked:?}"
    );
    (broker, client, nodes, is_silent)
}

#[tokio::test]
async fn brokers_that_do_not_answer_are_forgotten_after_the_trigger() {
    let trigger = Duration::from_mins(1);
    let recovery = MetadataRecovery::Rebootstrap { trigger };
    let (broker, client, nodes, is_silent) = led_away(recovery).await;
    is_silent.store(true, Ordering::Relaxed);
    tokio::time::pause();
    let start = Instant::now();
    while !nodes.lock().unwrap().contains(&2) {
        client.partition_count("missing").await.unwrap_err();
        assert!(start.elapsed() < trigger * 2, "{:?}", nodes.lock().unwrap());
    }
    broker.clear_control();
}

#[tokio::test]
async fn without_recovery_the_known_brokers_are_asked_for_ever() {
    let (broker, client, nodes, is_silent) = led_away(MetadataRecovery::None).await;
    is_silent.store(true, Ordering::Relaxed);
    tokio::time::pause();
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(20) {
        client.partition_count("missing").await.unwrap_err();
    }
    broker.kill(1).unwrap();
    broker.ended(1).await.unwrap();
    client.partition_count("missing").await.unwrap_err();
    let nodes = nodes.lock().unwrap();
    assert!(
        nodes.len() > 20 && nodes.iter().all(|node| *node == 1),
        "{nodes:?}"
    );
    broker.clear_control();
}

#[tokio::test]
async fn known_brokers_that_are_gone_make_way_for_the_bootstrap_servers_at_once() {
    let (broker, client, nodes, _) = led_away(MetadataRecovery::default()).await;
    broker.kill(1).unwrap();
    broker.ended(1).await.unwrap();
    client.partition_count("missing").await.unwrap_err();
    assert!(nodes.lock().unwrap().contains(&2));
    broker.clear_control();
}

#[tokio::test]
async fn a_broker_may_send_its_clients_back_to_the_bootstrap_servers() {
    let (broker, client, _, _) = led_away(MetadataRecovery::default()).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = asked.clone();
    broker.control(move |seen| {
        if !seen.is::<MetadataRequest>() {
            return Control::Pass;
        }
        let mut notes = notes.lock().unwrap();
        notes.push(seen.node);
        if notes.len() > 1 {
            return Control::Pass;
        }
        let response = MetadataResponse {
            error_code: ErrorCode::REBOOTSTRAP_REQUIRED,
            ..Default::default()
        };
        seen.answer::<MetadataRequest>(&response).unwrap()
    });
    assert_eq!(client.partition_count(TOPIC).await.unwrap(), 1);
    assert_eq!(asked.lock().unwrap()[..2], [1, 2]);
    broker.clear_control();
}

#[tokio::test]
async fn topics_that_nobody_uses_are_not_asked_for_any_more() {
    let broker = broker(1).await;
    for topic in ["read", "seen"] {
        broker.create_topic(topic, 1, -1).unwrap();
    }
    let last = Arc::new(Mutex::new(Vec::new()));
    let notes = last.clone();
    broker.control(move |seen| {
        if seen.is::<MetadataRequest>() {
            *notes.lock().unwrap() = asked(seen);
        }
        Control::Pass
    });
    let client = Client::new(ClientConfig {
        metadata_max_age: Duration::from_secs(30),
        metadata_max_idle: Duration::from_mins(2),
        ..config(&broker)
    })
    .unwrap();
    client.partition_count("seen").await.unwrap();
    let mut consumer = Consumer::new(&client, ConsumerConfig::default()).unwrap();
    let read = TopicPartition {
        topic: "read".into(),
        partition: 0,
    };
    consumer.assign([(read, Start::Earliest)]);
    let producer = producer(&client);
    tokio::time::pause();
    for _ in 0..10 {
        send(&producer, TOPIC).await;
        let nothing = consumer.poll(Duration::from_mins(1)).await.unwrap();
        assert!(nothing.is_none(), "{nothing:?}");
    }
    assert_eq!(*last.lock().unwrap(), [TOPIC, "read"], "those in use");
    sleep(Duration::from_mins(5)).await;
    assert_eq!(*last.lock().unwrap(), ["read"], "nothing was sent for long");
    tokio::time::resume();
    let before = broker.offsets(TOPIC, 0).unwrap().1;
    assert_eq!(send(&producer, TOPIC).await, before, "found again");
    assert_eq!(client.partition_count("seen").await.unwrap(), 1);
    drop(consumer);
    broker.clear_control();
}
