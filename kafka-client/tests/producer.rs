//! The producer against brokers that fail in every way the embedded one can be told to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "test code: a failure is a failed test; not every test uses all of the history"
)]

#[path = "support/history.rs"]
mod history;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU8;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use history::{History, Logs, Order, stored, within};
use kafka_client::{
    Acks, Client, ClientConfig, CloseError, Compression, CompressionLevels, Delivered, ErrorCode,
    Keyless, Partitioner, Producer, ProducerConfig, ProducerRecord, SendError, SendErrorKind,
};
use kafka_testcontainers::embedded::{Broker, Config, Control, Seen};
use kafka_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_wire::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseTopic,
};
use kafka_wire::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use kafka_wire::records::{CrcCheck, RecordBatch};

const TOPIC: &str = "orders";

struct Setup {
    broker: Broker,
    client: Client,
    producer: Producer,
}

/// A cluster with a topic, and a producer that does not wait long.
async fn setup(nodes: usize, partitions: i32, config: ProducerConfig) -> Setup {
    let broker = Broker::start(Config::nodes(nodes)).await.unwrap();
    broker.create_topic(TOPIC, partitions, -1).unwrap();
    let client = client(&broker);
    let producer = Producer::new(&client, config).unwrap();
    Setup {
        broker,
        client,
        producer,
    }
}

fn client(broker: &Broker) -> Client {
    let bootstrap = broker.bootstrap().split(',').map(str::to_owned).collect();
    Client::new(ClientConfig {
        bootstrap,
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    })
    .unwrap()
}

fn hasty() -> ProducerConfig {
    ProducerConfig {
        linger: Duration::from_millis(1),
        retry_backoff: Duration::from_millis(10),
        delivery_timeout: Duration::from_secs(30),
        request_timeout: Duration::from_secs(5),
        max_block: Duration::from_secs(5),
        ..Default::default()
    }
}

/// Without idempotence.
fn plain(acks: Acks) -> ProducerConfig {
    ProducerConfig {
        idempotent: false,
        acks,
        ..hasty()
    }
}

impl Setup {
    async fn send(&self, value: &[u8]) -> Result<Delivered, SendError> {
        let delivery = within(10, self.producer.send(record(value))).await?;
        within(60, delivery).await
    }

    fn logs(&self, partitions: i32) -> Logs {
        stored(&self.broker, TOPIC, partitions)
    }

    fn values(&self, partition: i32) -> Vec<String> {
        let records = self.broker.log(TOPIC, partition).into_iter();
        records
            .map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap())
            .collect()
    }

    /// From now on produce requests number 0, 1, … get what `control` says.
    fn on_produce(
        &self,
        mut control: impl FnMut(usize, &Seen<'_>) -> Control + Send + 'static,
    ) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        self.broker.control(move |seen| {
            if seen.is::<ProduceRequest>() {
                control(counted.fetch_add(1, Ordering::SeqCst), seen)
            } else {
                Control::Pass
            }
        });
        count
    }
}

/// Waits until something is so.
async fn until(fact: impl Fn() -> bool) {
    let wait = async {
        while !fact() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    within(30, wait).await;
}

/// A record for partition 0.
fn record(value: &[u8]) -> ProducerRecord<'_> {
    ProducerRecord {
        partition: Some(0),
        ..ProducerRecord::to(TOPIC, value)
    }
}

/// The answer that every partition of a produce request failed with `code`, or was written at 0.
fn answer(seen: &Seen<'_>, code: ErrorCode, throttle_time_ms: i32) -> Control {
    let request: ProduceRequest = seen.request().unwrap();
    let topics = request.topic_data.into_iter().map(|topic| {
        let partitions = topic
            .partition_data
            .into_iter()
            .map(|data| PartitionProduceResponse {
                index: data.index,
                error_code: code,
                base_offset: if code.is_ok() { 0 } else { -1 },
                ..Default::default()
            });
        TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            partition_responses: partitions.collect(),
        }
    });
    let response = ProduceResponse {
        responses: topics.collect(),
        throttle_time_ms,
        ..Default::default()
    };
    seen.answer::<ProduceRequest>(&response).unwrap()
}

#[tokio::test]
async fn records_are_where_their_deliveries_say() {
    let setup = setup(1, 3, hasty()).await;
    let mut history = History::default();
    history.send(&setup.producer, TOPIC, 0..3000, 3).await;
    assert_eq!(history.acked(), 3000);
    history.check(&setup.logs(3));
    assert_eq!(setup.producer.buffered_records(), 0);
    assert_eq!(setup.producer.buffered_bytes(), 0);
}

#[tokio::test]
async fn everything_of_a_record_arrives() {
    let setup = setup(1, 1, hasty()).await;
    let record = ProducerRecord {
        topic: TOPIC,
        partition: None,
        key: Some(b"key"),
        value: None,
        headers: &[("a", Some(b"1")), ("a", None), ("", Some(b""))],
        timestamp_ms: Some(1_234_567),
    };
    let delivered = within(10, setup.producer.send(record).await.unwrap())
        .await
        .unwrap();
    assert_eq!((delivered.offset, delivered.timestamp_ms), (0, 1_234_567));
    let log = setup.broker.log(TOPIC, 0);
    let read = &log[0];
    assert_eq!(
        (read.key.as_deref(), read.value.as_deref()),
        (Some(&b"key"[..]), None)
    );
    assert_eq!(read.timestamp, 1_234_567);
    let headers: Vec<_> = read
        .headers
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_deref()))
        .collect();
    assert_eq!(headers, record.headers);
}

#[tokio::test]
async fn every_compression_arrives() {
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let config = ProducerConfig {
            compression: compression.parse::<Compression>().unwrap(),
            batch_size: 100_000,
            ..hasty()
        };
        let setup = setup(1, 2, config).await;
        let mut history = History::default();
        // More than is compressed on the sender's own thread.
        history.send(&setup.producer, TOPIC, 0..20_000, 2).await;
        assert_eq!(
            history.acked(),
            20_000,
            "{compression}: {:?}",
            history.failed().iter().next()
        );
        history.check(&setup.logs(2));
        assert_eq!(setup.producer.buffered_bytes(), 0, "{compression}");
    }
}

#[tokio::test]
async fn keyless_records_take_turns_from_partition_0() {
    let setup = setup(1, 3, hasty()).await;
    let mut partitions = Vec::new();
    for _ in 0..5 {
        let delivery = setup
            .producer
            .send(ProducerRecord::to(TOPIC, b"v"))
            .await
            .unwrap();
        partitions.push(within(10, delivery).await.unwrap().partition);
    }
    assert_eq!(partitions, [0, 1, 2, 0, 1]);
}

#[tokio::test]
async fn records_of_one_linger_share_a_request() {
    let config = ProducerConfig {
        linger: Duration::from_millis(200),
        ..hasty()
    };
    let setup = setup(1, 2, config).await;
    let count = setup.on_produce(|_, _| Control::Pass);
    let mut history = History::default();
    history.send(&setup.producer, TOPIC, 0..100, 2).await;
    history.check(&setup.logs(2));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn partitions_share_the_connections_and_keep_to_theirs() {
    let config = ProducerConfig {
        connections: NonZeroU8::new(2).unwrap(),
        ..hasty()
    };
    let setup = setup(1, 6, config).await;
    let used = Arc::new(Mutex::new(BTreeMap::<i32, BTreeSet<u64>>::new()));
    let seen_on = used.clone();
    setup.on_produce(move |_, seen| {
        let request = seen.request::<ProduceRequest>().unwrap();
        for topic in &request.topic_data {
            for data in &topic.partition_data {
                let mut used = seen_on.lock().unwrap();
                used.entry(data.index).or_default().insert(seen.connection);
            }
        }
        Control::Pass
    });
    let mut history = History::default();
    for round in 0..5 {
        let numbers = round * 60..(round + 1) * 60;
        history.send(&setup.producer, TOPIC, numbers, 6).await;
    }
    history.check(&setup.logs(6));
    let used = used.lock().unwrap();
    assert_eq!(used.len(), 6);
    assert!(used.values().all(|connections| connections.len() == 1));
    let connections: BTreeSet<_> = used.values().flatten().collect();
    assert_eq!(connections.len(), 2);
}

/// All on one thread: nothing is sent while the task that fills the batches keeps it to itself.
#[tokio::test]
async fn a_task_that_only_sends_is_no_obstacle_to_sending() {
    let setup = setup(1, 1, hasty()).await;
    setup.send(b"connected").await.unwrap();
    let first = setup.producer.send(record(b"first")).await.unwrap();
    let mut taken = 0;
    while !first.is_done() {
        assert!(taken < 30 << 10, "the buffer is about to be full");
        drop(setup.producer.send(record(&[0; 900])).await.unwrap());
        taken += 1;
    }
}

#[tokio::test]
async fn a_full_batch_does_not_linger_and_a_flush_does_not_either() {
    let config = ProducerConfig {
        linger: Duration::from_secs(25),
        batch_records: Some(2),
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    let first = setup
        .producer
        .send(ProducerRecord::to(TOPIC, b"1"))
        .await
        .unwrap();
    let second = setup
        .producer
        .send(ProducerRecord::to(TOPIC, b"2"))
        .await
        .unwrap();
    within(10, first).await.unwrap();
    within(10, second).await.unwrap();

    let third = setup
        .producer
        .send(ProducerRecord::to(TOPIC, b"3"))
        .await
        .unwrap();
    within(10, setup.producer.flush()).await;
    assert!(third.is_done());
}

#[tokio::test]
async fn a_lost_answer_writes_once() {
    let setup = setup(1, 2, hasty()).await;
    setup.on_produce(|nth, _| match nth % 3 {
        0 => Control::PassThenClose,
        _ => Control::Pass,
    });
    let mut history = History::default();
    history.send(&setup.producer, TOPIC, 0..2000, 2).await;
    assert_eq!(history.acked(), 2000);
    history.check(&setup.logs(2));
}

#[tokio::test]
async fn a_cut_or_corrupt_answer_writes_once() {
    let setup = setup(1, 2, hasty()).await;
    setup.on_produce(|nth, _| match nth {
        1 => Control::PassThenCut(7),
        3 => Control::CorruptAt(4),
        5 => Control::Close,
        _ => Control::Pass,
    });
    let mut history = History::default();
    history.send(&setup.producer, TOPIC, 0..2000, 2).await;
    assert_eq!(history.acked(), 2000);
    history.check(&setup.logs(2));
}

#[tokio::test]
async fn a_leader_that_moves_is_followed_in_order() {
    let setup = setup(3, 2, hasty()).await;
    let mut history = History::default();
    let broker = setup.broker.clone();
    let moves = AtomicUsize::new(0);
    setup.on_produce(move |nth, _| {
        if nth % 5 == 4 {
            let node = i32::try_from(moves.fetch_add(1, Ordering::SeqCst) % 3).unwrap() + 1;
            broker.move_leader(TOPIC, 0, node);
        }
        Control::Pass
    });
    for chunk in 0..20 {
        history
            .send(&setup.producer, TOPIC, chunk * 100..(chunk + 1) * 100, 2)
            .await;
    }
    setup.broker.clear_control();
    assert_eq!(history.acked(), 2000);
    history.check(&setup.logs(2));
}

#[tokio::test]
async fn without_idempotence_a_leader_that_moves_is_followed_in_order_too() {
    for acks in [Acks::Leader, Acks::All] {
        let setup = setup(3, 1, plain(acks)).await;
        let mut history = History::new(Order::Repeated);
        for chunk in 0..10 {
            history
                .send(&setup.producer, TOPIC, chunk * 100..(chunk + 1) * 100, 1)
                .await;
            let node = i32::try_from(chunk % 3).unwrap() + 1;
            setup.broker.move_leader(TOPIC, 0, node);
        }
        assert_eq!(history.acked(), 1000);
        history.check(&setup.logs(1));
    }
}

#[tokio::test]
async fn without_idempotence_a_retry_after_a_lost_answer_may_repeat_but_keeps_the_order() {
    let setup = setup(1, 1, plain(Acks::All)).await;
    setup.on_produce(|nth, _| match nth {
        1 | 3 => Control::PassThenClose,
        2 => Control::Close,
        _ => Control::Pass,
    });
    let mut history = History::new(Order::Repeated);
    history.send(&setup.producer, TOPIC, 0..2000, 1).await;
    assert_eq!(history.acked(), 2000);
    history.check(&setup.logs(1));
    assert!(setup.values(0).len() > 2000, "the test has lost an answer");
}

#[tokio::test]
async fn attempts_are_counted_in_all() {
    for (control, possibly_written) in [(None, false), (Some(Control::PassThenClose), true)] {
        let config = ProducerConfig {
            max_attempts: Some(3),
            ..plain(Acks::All)
        };
        let setup = setup(1, 1, config).await;
        let told = control.clone();
        let count = setup.on_produce(move |_, seen| match &told {
            Some(control) => control.clone(),
            None => answer(seen, ErrorCode::NOT_ENOUGH_REPLICAS, 0),
        });
        let error = setup.send(b"v").await.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Exhausted { attempts: 3 });
        assert_eq!(error.possibly_written, possibly_written);
        assert_eq!(count.load(Ordering::SeqCst), 3);
        if control.is_none() {
            assert_eq!(error.code(), Some(ErrorCode::NOT_ENOUGH_REPLICAS));
        }
        assert_eq!((&*error.topic, error.partition), (TOPIC, Some(0)));
    }
}

#[tokio::test]
async fn an_idempotent_producer_goes_on_after_attempts_ran_out() {
    let config = ProducerConfig {
        max_attempts: Some(2),
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    setup.send(b"before").await.unwrap();
    setup.on_produce(|_, _| Control::PassThenClose);
    assert!(setup.send(b"unsure").await.unwrap_err().possibly_written);
    setup.on_produce(|_, _| Control::Close);
    assert!(
        setup
            .send(b"unsure too")
            .await
            .unwrap_err()
            .possibly_written
    );
    setup.broker.clear_control();
    setup.send(b"after").await.unwrap();
    assert_eq!(setup.values(0), ["before", "unsure", "after"]);
}

#[tokio::test]
async fn what_will_not_get_better_fails_at_once_and_alone() {
    let setup = setup(1, 1, hasty()).await;
    setup.send(b"0").await.unwrap();
    let count = setup.on_produce(|nth, seen| match nth {
        0 => answer(seen, ErrorCode::TOPIC_AUTHORIZATION_FAILED, 0),
        _ => Control::Pass,
    });
    let error = setup.send(b"1").await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Refused);
    assert_eq!(error.code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    assert!(!error.possibly_written && error.to_string().contains(TOPIC));
    assert_eq!(count.load(Ordering::SeqCst), 1);

    let delivered = setup.send(b"2").await.unwrap();
    assert_eq!(delivered.offset, 1);
    assert_eq!(
        setup.broker.log(TOPIC, 0)[1].producer_epoch,
        1,
        "the gap was closed by a new epoch"
    );
}

#[tokio::test]
async fn a_log_that_lost_its_end_starts_a_new_epoch_in_order() {
    let setup = setup(1, 1, hasty()).await;
    for value in [b"0", b"1", b"2"] {
        setup.send(value).await.unwrap();
    }
    assert_eq!(setup.broker.truncate(TOPIC, 0, 1), Some(1));
    let mut history = History::default();
    history.send(&setup.producer, TOPIC, 3..1000, 1).await;
    assert_eq!(history.acked(), 997);
    let log = setup.broker.log(TOPIC, 0);
    assert_eq!((log[1].producer_epoch, log[1].base_sequence), (1, 0));
    let numbers: Vec<usize> = setup
        .values(0)
        .iter()
        .map(|value| value.parse().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers.len() == 998);
}

#[tokio::test]
async fn gaps_and_forgotten_producers_are_sent_under_new_numbers() {
    for code in [
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode::UNKNOWN_PRODUCER_ID,
    ] {
        let setup = setup(1, 2, hasty()).await;
        setup.on_produce(move |nth, seen| match nth {
            2 | 3 | 9 => answer(seen, code, 0),
            _ => Control::Pass,
        });
        let mut history = History::default();
        for chunk in 0..20 {
            history
                .send(&setup.producer, TOPIC, chunk * 100..(chunk + 1) * 100, 2)
                .await;
        }
        assert_eq!(history.acked(), 2000);
        history.check(&setup.logs(2));
    }
}

#[tokio::test]
async fn brokers_that_forget_producers_change_nothing() {
    let setup = setup(1, 1, hasty()).await;
    let mut history = History::default();
    for chunk in 0..5 {
        history
            .send(&setup.producer, TOPIC, chunk * 100..(chunk + 1) * 100, 1)
            .await;
        setup.broker.expire_producer_ids();
    }
    assert_eq!(history.acked(), 500);
    history.check(&setup.logs(1));
}

#[tokio::test]
async fn a_repetition_that_the_broker_no_longer_remembers_is_success_without_an_offset() {
    let setup = setup(1, 1, hasty()).await;
    setup.on_produce(|nth, seen| match nth {
        0 => answer(seen, ErrorCode::DUPLICATE_SEQUENCE_NUMBER, 0),
        _ => Control::Pass,
    });
    assert_eq!(setup.send(b"v").await.unwrap().offset, -1);
}

#[tokio::test]
async fn a_broker_that_dies_loses_nothing() {
    let setup = setup(3, 4, hasty()).await;
    let mut history = History::default();
    let requests = setup.on_produce(|_, _| Control::Pass);
    let broker = setup.broker.clone();
    let killer = tokio::spawn(async move {
        let mut seen = 0;
        for node in [1, 2, 3] {
            seen += 5;
            until(|| requests.load(Ordering::SeqCst) >= seen).await;
            broker.kill(node).unwrap();
            broker.ended(node).await.unwrap();
            seen += 5;
            until(|| requests.load(Ordering::SeqCst) >= seen).await;
            broker.restart(node).await.unwrap();
        }
    });
    let mut next = 0;
    while !killer.is_finished() || next < 2000 {
        history
            .send(&setup.producer, TOPIC, next..next + 500, 4)
            .await;
        next += 500;
    }
    killer.await.unwrap();
    let failed = history.failed();
    assert!(failed.is_empty(), "{:?}", failed.iter().next());
    history.check(&setup.logs(4));
}

#[tokio::test]
async fn records_wait_for_a_cluster_that_is_down() {
    let setup = setup(1, 1, hasty()).await;
    setup.send(b"before").await.unwrap();
    setup.broker.kill(1).unwrap();
    setup.broker.ended(1).await.unwrap();
    let delivery = setup.producer.send(record(b"meanwhile")).await.unwrap();
    assert!(!delivery.is_done());
    setup.broker.restart(1).await.unwrap();
    within(20, delivery).await.unwrap();
    assert_eq!(setup.values(0), ["before", "meanwhile"]);
}

#[tokio::test]
async fn a_request_without_an_answer_goes_again_over_another_connection() {
    let config = ProducerConfig {
        request_timeout: Duration::from_millis(1500),
        ..hasty()
    };
    for control in [Control::Drop, Control::PassThenDrop] {
        let setup = setup(1, 1, config.clone()).await;
        setup.send(b"0").await.unwrap();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let seen_on = connections.clone();
        setup.on_produce(move |nth, seen| {
            seen_on.lock().unwrap().push(seen.connection);
            match nth {
                0 => control.clone(),
                _ => Control::Pass,
            }
        });
        setup.send(b"1").await.unwrap();
        assert_eq!(setup.values(0), ["0", "1"]);
        let connections = connections.lock().unwrap();
        assert!(connections.len() == 2 && connections[0] != connections[1]);
    }
}

#[tokio::test]
async fn a_leader_that_is_hinted_needs_no_metadata() {
    let setup = setup(3, 1, hasty()).await;
    setup.send(b"0").await.unwrap();
    let leader = setup.broker.leader(TOPIC, 0).unwrap();
    let asked = setup.broker.requests_seen(3);
    setup.broker.move_leader(TOPIC, 0, leader % 3 + 1);
    setup.send(b"1").await.unwrap();
    assert_eq!(setup.broker.requests_seen(3), asked);
}

#[tokio::test]
async fn a_topic_that_is_created_anew_is_written_from_its_start() {
    let setup = setup(1, 2, hasty()).await;
    let mut history = History::default();
    history.send(&setup.producer, TOPIC, 0..200, 2).await;
    assert!(setup.broker.delete_topic(TOPIC));
    setup.broker.create_topic(TOPIC, 2, -1).unwrap();
    let mut history = History::default();
    history.send(&setup.producer, TOPIC, 200..400, 2).await;
    assert_eq!(history.acked(), 200, "{:?}", history.failed().iter().next());
    history.check(&setup.logs(2));
    assert_eq!(setup.logs(2)[&0].len(), 100);
}

#[tokio::test]
async fn whatever_fails_records_are_there_once_and_in_order() {
    for seed in 0..8 {
        println!("seed {seed}");
        let setup = setup(3, 3, hasty()).await;
        let mut random = fastrand::Rng::with_seed(seed);
        let broker = setup.broker.clone();
        setup.on_produce(move |_, seen| match random.u32(0..20) {
            0 => Control::Close,
            1 => Control::PassThenClose,
            2 => Control::PassThenCut(random.usize(0..40)),
            3 => answer(seen, ErrorCode::NOT_ENOUGH_REPLICAS, 0),
            4 => answer(seen, ErrorCode::REQUEST_TIMED_OUT, 0),
            5 => answer(seen, ErrorCode::NOT_LEADER_OR_FOLLOWER, 0),
            6 => Control::DelayAnswer(Duration::from_millis(random.u64(0..20))),
            7 => {
                broker.move_leader(TOPIC, random.i32(0..3), random.i32(1..=3));
                Control::Pass
            }
            // The correlation id: of other bytes nobody can tell.
            8 => Control::CorruptAt(random.usize(0..4)),
            _ => Control::Pass,
        });
        let mut history = History::default();
        for chunk in 0..40 {
            history
                .send(&setup.producer, TOPIC, chunk * 50..(chunk + 1) * 50, 3)
                .await;
        }
        setup.broker.clear_control();
        assert!(history.acked() >= 1000, "{:?}", history.failed());
        history.check(&setup.logs(3));
    }
}

#[tokio::test]
async fn a_record_that_is_too_large_fails_alone_with_size_and_limit() {
    let setup = setup(1, 1, hasty()).await;
    let large = vec![0; 2 << 20];
    let error = setup.send(&large).await.unwrap_err();
    assert!(
        matches!(error.kind, SendErrorKind::TooLarge { size, limit } if size > 2 << 20 && limit == 1 << 20)
    );
    assert!(!error.possibly_written);
    setup.send(b"small").await.unwrap();
    let nearly = vec![b'x'; (1 << 20) - 100];
    setup.send(&nearly).await.unwrap();
}

#[tokio::test]
async fn an_unknown_topic_is_named_in_the_time_given() {
    let mut config = Config::nodes(1);
    config.auto_create_topics = false;
    let broker = Broker::start(config).await.unwrap();
    let config = ProducerConfig {
        max_block: Duration::from_secs(2),
        ..hasty()
    };
    let producer = Producer::new(&client(&broker), config).unwrap();
    let error = within(20, producer.send(ProducerRecord::to("nowhere", b"v")))
        .await
        .unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Topic);
    assert_eq!(&*error.topic, "nowhere");
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
}

#[tokio::test]
async fn a_topic_is_created_by_sending_to_it() {
    let broker = Broker::start(Config::nodes(1)).await.unwrap();
    let producer = Producer::new(&client(&broker), hasty()).unwrap();
    let delivery = within(10, producer.send(ProducerRecord::to("new", b"v")))
        .await
        .unwrap();
    assert_eq!(within(10, delivery).await.unwrap().offset, 0);

    let error = within(5, producer.send(ProducerRecord::to("no such name!", b"v")))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::INVALID_TOPIC_EXCEPTION));
}

#[tokio::test]
async fn a_full_buffer_holds_senders_back_and_refuses_those_that_will_not_wait() {
    let config = ProducerConfig {
        batch_size: 10_000,
        buffer_memory: 40_000,
        linger: Duration::from_secs(20),
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    within(10, setup.client.partition_count(TOPIC))
        .await
        .unwrap();
    let released = Arc::new(tokio::sync::Semaphore::new(0));
    let is_open = released.clone();
    setup.on_produce(move |_, _| {
        if is_open.is_closed() {
            Control::Pass
        } else {
            Control::Close
        }
    });
    let value = vec![b'x'; 3000];
    let record = ProducerRecord::to(TOPIC, &value);
    let mut taken = Vec::new();
    let error = loop {
        match setup.producer.try_send(record) {
            Ok(delivery) => taken.push(delivery),
            Err(error) => break error,
        }
        assert!(taken.len() < 20);
    };
    assert_eq!(
        error.kind,
        SendErrorKind::BufferFull {
            waited: Duration::ZERO
        }
    );
    assert!(setup.producer.buffered_bytes() <= 40_000);
    assert_eq!(setup.producer.buffered_records(), taken.len());

    let mut waiting = std::pin::pin!(setup.producer.send(record));
    let early = tokio::time::timeout(Duration::from_millis(50), waiting.as_mut()).await;
    assert!(early.is_err(), "there is no room");
    released.close();
    taken.push(within(20, waiting).await.unwrap());
    setup.producer.flush().await;
    for delivery in taken {
        within(20, delivery).await.unwrap();
    }
    assert_eq!(setup.producer.buffered_bytes(), 0);
}

#[tokio::test]
async fn a_send_that_is_dropped_while_it_waits_has_taken_nothing() {
    let config = ProducerConfig {
        batch_size: 4000,
        buffer_memory: 4000,
        linger: Duration::from_secs(20),
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    setup.on_produce(|_, _| Control::Close);
    let value = vec![b'x'; 3000];
    let first = within(10, setup.producer.send(ProducerRecord::to(TOPIC, &value)))
        .await
        .unwrap();
    for _ in 0..5 {
        let dropped = tokio::time::timeout(
            Duration::from_millis(20),
            setup.producer.send(ProducerRecord::to(TOPIC, &value)),
        );
        assert!(dropped.await.is_err());
    }
    setup.broker.clear_control();
    within(20, first).await.unwrap();
    within(20, setup.producer.flush()).await;
    assert_eq!(setup.values(0).len(), 1);
    assert_eq!(setup.producer.buffered_bytes(), 0);
}

#[tokio::test]
async fn no_answer_in_time_is_a_failure_that_may_have_been_written() {
    let config = ProducerConfig {
        delivery_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(10),
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    setup.send(b"0").await.unwrap();
    setup.on_produce(|nth, _| match nth {
        0 => Control::DelayAnswer(Duration::from_secs(3)),
        _ => Control::Pass,
    });
    let start = tokio::time::Instant::now();
    let error = setup.send(b"1").await.unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(1999));
    let after = Duration::from_secs(2);
    assert_eq!(error.kind, SendErrorKind::Expired { after });
    assert!(error.possibly_written);
    // Its memory is held as long as a socket may. The late answer finds nobody, and what follows is in its place.
    assert!(setup.producer.buffered_bytes() > 0);
    until(|| setup.producer.buffered_bytes() == 0).await;
    assert_eq!(setup.send(b"2").await.unwrap().offset, 2);
    assert_eq!(setup.values(0), ["0", "1", "2"]);
    assert_eq!(setup.producer.buffered_bytes(), 0);
}

#[tokio::test]
async fn what_was_never_sent_expires_as_not_written() {
    let config = ProducerConfig {
        delivery_timeout: Duration::from_secs(2),
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    setup.send(b"0").await.unwrap();
    setup.broker.kill(1).unwrap();
    let error = setup.send(b"1").await.unwrap_err();
    assert!(matches!(error.kind, SendErrorKind::Expired { .. }));
}

#[tokio::test]
async fn unacknowledged_records_arrive_without_an_offset() {
    let setup = setup(1, 2, plain(Acks::None)).await;
    let mut numbers = Vec::new();
    for number in 0..1000_usize {
        let value = number.to_string();
        let record = ProducerRecord {
            partition: Some(i32::try_from(number % 2).unwrap()),
            ..ProducerRecord::to(TOPIC, value.as_bytes())
        };
        numbers.push(setup.producer.send(record).await.unwrap());
    }
    for delivery in numbers {
        assert_eq!(within(10, delivery).await.unwrap().offset, -1);
    }
    until(|| setup.values(0).len() + setup.values(1).len() == 1000).await;
    let even: Vec<usize> = setup
        .values(0)
        .iter()
        .map(|value| value.parse().unwrap())
        .collect();
    assert!(even.is_sorted() && even.iter().all(|number| number % 2 == 0));
}

#[tokio::test]
async fn without_an_identity_nothing_is_sent_and_the_reason_is_told() {
    let setup = setup(1, 1, hasty()).await;
    setup.broker.control(|seen| {
        if !seen.is::<InitProducerIdRequest>() {
            return Control::Pass;
        }
        let refusal = InitProducerIdResponse {
            error_code: ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
            ..Default::default()
        };
        seen.answer::<InitProducerIdRequest>(&refusal).unwrap()
    });
    let error = setup.send(b"v").await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED));
    assert!(!error.possibly_written);
    setup.broker.clear_control();
    setup.send(b"v").await.unwrap();
}

#[tokio::test]
async fn a_broker_that_holds_us_back_gets_nothing_meanwhile() {
    let setup = setup(1, 1, plain(Acks::Leader)).await;
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen_at = times.clone();
    setup.on_produce(move |_, seen| {
        seen_at.lock().unwrap().push(tokio::time::Instant::now());
        answer(seen, ErrorCode::NONE, 200)
    });
    setup.send(b"1").await.unwrap();
    setup.send(b"2").await.unwrap();
    let times = times.lock().unwrap();
    assert!(
        times[1] - times[0] >= Duration::from_millis(199),
        "{:?}",
        times[1] - times[0]
    );
}

#[tokio::test]
async fn closing_sends_what_was_taken_and_refuses_more() {
    let config = ProducerConfig {
        linger: Duration::from_secs(20),
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    let delivery = setup
        .producer
        .send(ProducerRecord::to(TOPIC, b"v"))
        .await
        .unwrap();
    let other = setup.producer.clone();
    within(10, setup.producer.close(Duration::from_secs(10)))
        .await
        .unwrap();
    assert!(delivery.is_done());
    assert_eq!(setup.values(0), ["v"]);
    let error = other
        .send(ProducerRecord::to(TOPIC, b"late"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Closed);
}

#[tokio::test]
async fn closing_gives_up_at_its_deadline_and_says_how_many_were_lost() {
    let setup = setup(1, 1, hasty()).await;
    setup.send(b"0").await.unwrap();
    let asked = setup.on_produce(|_, _| Control::Drop);
    let delivery = setup
        .producer
        .send(ProducerRecord::to(TOPIC, b"v"))
        .await
        .unwrap();
    until(|| asked.load(Ordering::SeqCst) > 0).await;
    let closed = within(10, setup.producer.close(Duration::from_millis(100))).await;
    assert_eq!(closed, Err(CloseError { lost: 1 }));
    let error = within(1, delivery).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Closed);
    assert!(error.possibly_written, "it was on its way");
}

#[tokio::test]
async fn a_producer_that_is_dropped_sends_what_it_has_taken() {
    let config = ProducerConfig {
        linger: Duration::from_secs(20),
        ..hasty()
    };
    let Setup {
        broker,
        client,
        producer,
    } = setup(1, 1, config).await;
    let delivery = producer
        .send(ProducerRecord::to(TOPIC, b"v"))
        .await
        .unwrap();
    drop(producer);
    drop(client);
    within(10, delivery).await.unwrap();
    assert_eq!(broker.log(TOPIC, 0).len(), 1);
    // Its task has ended with it, and so have the connections.
    until(|| broker.connections() == 0).await;
}

#[tokio::test]
async fn closing_before_anything_was_sent_is_immediate() {
    let setup = setup(1, 1, hasty()).await;
    within(5, setup.producer.close(Duration::from_secs(10)))
        .await
        .unwrap();
    let error = within(5, setup.producer.send(ProducerRecord::to(TOPIC, b"v")))
        .await
        .unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Closed);
}

#[tokio::test]
async fn a_partition_that_does_not_exist_is_refused() {
    let setup = setup(1, 1, hasty()).await;
    let record = ProducerRecord {
        partition: Some(1),
        ..ProducerRecord::to(TOPIC, b"v")
    };
    let error = within(10, setup.producer.send(record)).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Partition { partitions: 1 });
}

#[tokio::test]
async fn every_partitioner_spreads_records_without_a_key_and_keeps_equal_keys_together() {
    for partitioner in [
        Partitioner::Murmur2,
        Partitioner::Crc32Modulo,
        Partitioner::ConsistentRandom,
        Partitioner::Murmur2Random,
        Partitioner::Fnv1aRandom,
    ] {
        let config = ProducerConfig {
            partitioner,
            keyless: Keyless::JAVA,
            batch_size: 200,
            ..hasty()
        };
        let setup = setup(1, 3, config).await;
        let mut sent = Vec::new();
        for key in [Some(&b"key"[..]), None] {
            let mut partitions = Vec::new();
            for _ in 0..100 {
                let record = ProducerRecord {
                    key,
                    ..ProducerRecord::to(TOPIC, &[0; 50])
                };
                let delivery = within(10, setup.producer.send(record)).await.unwrap();
                partitions.push(delivery.partition());
                within(10, delivery).await.unwrap();
            }
            partitions.sort_unstable();
            partitions.dedup();
            sent.push(partitions);
        }
        assert_eq!(sent[0].len(), 1, "{partitioner:?}");
        assert_eq!(sent[1], [0, 1, 2], "{partitioner:?}");
    }
}

#[tokio::test]
async fn many_records_are_taken_in_order_and_each_has_its_delivery() {
    let setup = setup(1, 3, hasty()).await;
    let values: Vec<_> = (0..5000).map(|number| number.to_string()).collect();
    let records = values
        .iter()
        .enumerate()
        .map(|(place, value)| ProducerRecord {
            partition: Some(i32::try_from(place / 100 % 3).unwrap()),
            ..ProducerRecord::to(TOPIC, value.as_bytes())
        });
    let deliveries = within(20, setup.producer.send_all(records)).await.unwrap();
    assert_eq!(deliveries.len(), 5000);
    let mut history = History::default();
    for (number, delivery) in (0..).zip(deliveries) {
        let partition = delivery.partition();
        history.resolve(number, partition, within(20, delivery).await);
    }
    assert_eq!(history.acked(), 5000);
    history.check(&setup.logs(3));
    assert_eq!(setup.producer.buffered_bytes(), 0);
}

#[tokio::test]
async fn many_records_wait_for_room_and_end_before_the_first_that_cannot_be_taken() {
    let config = ProducerConfig {
        batch_size: 1000,
        buffer_memory: 4000,
        max_request_size: 4000,
        ..hasty()
    };
    let setup = setup(1, 1, config).await;
    let value = vec![b'x'; 100];
    let large = vec![b'x'; 5000];
    let mut records = vec![record(&value); 200];
    records[150] = record(&large);
    let error = within(20, setup.producer.send_all(records))
        .await
        .unwrap_err();
    assert!(matches!(
        error.error.kind,
        SendErrorKind::TooLarge { limit: 4000, .. }
    ));
    assert_eq!(
        error.to_string(),
        "record 150 of those to send was not taken"
    );
    assert_eq!(error.taken.len(), 150);
    for delivery in error.taken {
        within(20, delivery).await.unwrap();
    }
    assert_eq!(setup.values(0).len(), 150);
    assert_eq!(setup.producer.buffered_bytes(), 0);
    assert!(
        within(5, setup.producer.send_all([]))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn topics_may_be_compressed_each_in_its_way() {
    let broker = Broker::start(Config::nodes(1)).await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    broker.control(move |request| {
        if request.is::<ProduceRequest>() {
            let request: ProduceRequest = request.request().unwrap();
            for topic in request.topic_data {
                let records = topic.partition_data[0].records.as_ref().unwrap();
                let batch = RecordBatch::parse(records, CrcCheck::Verify);
                let header = *batch.unwrap().unwrap().header();
                let codec = header.attributes.compression().unwrap();
                noted.lock().unwrap().push((topic.name, codec));
            }
        }
        Control::Pass
    });
    let topics = [
        ("plain", Compression::None),
        ("small", Compression::Zstd),
        ("other", Compression::Gzip),
    ];
    for (topic, _) in topics {
        broker.create_topic(topic, 1, -1).unwrap();
    }
    let [plain, small, _] = topics.map(|(topic, codec)| (topic.to_owned(), codec));
    let config = ProducerConfig {
        compression: Compression::Gzip,
        topic_compression: [plain, small].into(),
        compression_levels: CompressionLevels { gzip: 9, zstd: 1 },
        ..hasty()
    };
    let producer = Producer::new(&client(&broker), config).unwrap();
    for (topic, expected) in topics {
        let delivery = within(10, producer.send(ProducerRecord::to(topic, &[b'x'; 500]))).await;
        within(10, delivery.unwrap()).await.unwrap();
        let (_, codec) = seen.lock().unwrap().pop().unwrap();
        assert_eq!(codec, expected, "{topic}");
        let value = broker.log(topic, 0)[0].value.clone();
        assert_eq!(value.as_deref(), Some(&[b'x'; 500][..]));
    }
}

#[tokio::test]
async fn a_topic_that_we_may_not_see_is_named_and_others_go_on() {
    let setup = setup(1, 1, hasty()).await;
    setup.broker.create_topic("secret", 1, -1).unwrap();
    setup.broker.control(|seen| {
        if !seen.is::<MetadataRequest>() {
            return Control::Pass;
        }
        let request: MetadataRequest = seen.request().unwrap();
        let topics = request.topics.unwrap_or_default();
        let asks = |topic: &MetadataRequestTopic| topic.name.as_deref() == Some("secret");
        if !topics.iter().any(asks) {
            return Control::Pass;
        }
        let refusal = MetadataResponseTopic {
            name: Some("secret".into()),
            error_code: ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            ..Default::default()
        };
        let answer = MetadataResponse {
            topics: vec![refusal],
            ..Default::default()
        };
        seen.answer::<MetadataRequest>(&answer).unwrap()
    });
    setup.send(b"before").await.unwrap();
    let start = tokio::time::Instant::now();
    let error = within(10, setup.producer.send(ProducerRecord::to("secret", b"v")))
        .await
        .unwrap_err();
    assert!(
        start.elapsed() < hasty().max_block,
        "there is nothing to wait for"
    );
    assert_eq!(
        (&*error.topic, error.kind.clone()),
        ("secret", SendErrorKind::Topic)
    );
    assert_eq!(error.code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    assert!(error.to_string().contains("secret") && !error.possibly_written);
    setup.send(b"after").await.unwrap();
}

#[tokio::test]
async fn a_configuration_that_cannot_work_makes_no_producer_and_names_both_fields() {
    let client = Client::new(ClientConfig {
        bootstrap: vec!["localhost:1".into()],
        ..Default::default()
    })
    .unwrap();
    let refusal = |config| Producer::new(&client, config).unwrap_err().to_string();
    let leader_only = ProducerConfig {
        acks: Acks::Leader,
        ..Default::default()
    };
    let lazy = ProducerConfig {
        linger: Duration::from_mins(3),
        ..Default::default()
    };
    for (config, fields) in [
        (leader_only, ["idempotent", "acks"]),
        (lazy, ["linger", "delivery_timeout"]),
    ] {
        let refusal = refusal(config);
        assert!(
            fields.iter().all(|field| refusal.contains(field)),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn topics_that_are_forgotten_are_found_again_and_nothing_is_taken_for_a_repetition() {
    let broker = Broker::start(Config::nodes(1)).await.unwrap();
    let client = Client::new(ClientConfig {
        bootstrap: vec![broker.bootstrap()],
        metadata_max_idle: Duration::from_millis(100),
        ..Default::default()
    })
    .unwrap();
    let producer = Producer::new(&client, hasty()).unwrap();
    let topics: Vec<_> = (0..8).map(|number| format!("topic-{number}")).collect();
    for round in 0..3 {
        for topic in &topics {
            let value = format!("{topic} {round}");
            let record = ProducerRecord::to(topic, value.as_bytes());
            let delivery = within(10, producer.send(record)).await.unwrap();
            assert_eq!(within(10, delivery).await.unwrap().offset, round);
        }
        // Four are kept.
        until(|| producer.stats().topics.len() == 4).await;
    }
    for topic in &topics {
        let log = broker.log(topic, 0);
        let sequences: Vec<_> = log
            .iter()
            .map(|it| (it.producer_epoch, it.base_sequence))
            .collect();
        assert_eq!(sequences, [(0, 0), (0, 1), (0, 2)], "{topic}");
        let values = (0..3).map(|round| format!("{topic} {round}").into_bytes());
        let found = log
            .iter()
            .map(|record| record.value.clone().unwrap().to_vec());
        assert_eq!(found.collect::<Vec<_>>(), values.collect::<Vec<_>>());
    }
    assert_eq!(producer.stats().total.records_written, 24);
}
