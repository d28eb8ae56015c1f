//! What a producer says of itself: counters by topic and partition, and an observer that is told of every batch.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_client::{
    BatchSent, BatchSettled, BatchSplit, Client, ClientConfig, Delivery, ErrorCode, Producer,
    ProducerConfig, ProducerObserver, ProducerRecord, SendErrorKind,
};
use kafka_testcontainers::embedded::{Broker, Config, Control, Seen};
use kafka_wire::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(30);

async fn start(max_batch: usize) -> Broker {
    let mut config = Config::nodes(1);
    config.message_max_bytes = max_batch;
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("orders", 2, -1).unwrap();
    broker.create_topic("bills", 1, -1).unwrap();
    broker
}

fn producer(broker: &Broker, config: ProducerConfig) -> Producer {
    let client = Client::new(ClientConfig {
        bootstrap: vec![broker.bootstrap()],
        ..Default::default()
    });
    Producer::new(&client.unwrap(), config).unwrap()
}

fn hasty() -> ProducerConfig {
    ProducerConfig {
        linger: Duration::from_millis(1),
        retry_backoff: Duration::from_millis(10),
        ..Default::default()
    }
}

async fn take(producer: &Producer, topic: &str, partition: i32) -> Delivery {
    let record = ProducerRecord {
        partition: Some(partition),
        ..ProducerRecord::to(topic, b"value")
    };
    timeout(LIMIT, producer.send(record))
        .await
        .unwrap()
        .unwrap()
}

/// The answer that every partition of a produce request failed with `code`.
fn refuse(seen: &Seen<'_>, code: ErrorCode) -> Control {
    let request: ProduceRequest = seen.request().unwrap();
    let topics = request.topic_data.into_iter().map(|topic| {
        let partitions = topic.partition_data.into_iter();
        let partitions = partitions.map(|data| PartitionProduceResponse {
            index: data.index,
            error_code: code,
            base_offset: -1,
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
        ..Default::default()
    };
    seen.answer::<ProduceRequest>(&response).unwrap()
}

/// Bytes of all batches in a request.
fn bytes(seen: &Seen<'_>) -> usize {
    let request: ProduceRequest = seen.request().unwrap();
    let topics = request.topic_data.iter();
    let batches = topics.flat_map(|topic| &topic.partition_data);
    batches.map(|it| it.records.as_ref().unwrap().len()).sum()
}

#[tokio::test]
async fn what_was_written_is_counted_by_topic_and_partition() {
    let broker = start(1 << 20).await;
    let on_the_wire = Arc::new(AtomicUsize::new(0));
    let counted = on_the_wire.clone();
    broker.control(move |seen| {
        if seen.is::<ProduceRequest>() {
            counted.fetch_add(bytes(seen), Ordering::SeqCst);
        }
        Control::Pass
    });
    let producer = producer(&broker, hasty());
    assert_eq!(producer.stats().topics.len(), 0);
    let mut deliveries = Vec::new();
    for (topic, partition, records) in [("orders", 0, 30), ("orders", 1, 20), ("bills", 0, 10)] {
        for _ in 0..records {
            deliveries.push(take(&producer, topic, partition).await);
        }
    }
    timeout(LIMIT, producer.flush()).await.unwrap();
    let stats = producer.stats();
    let orders = &stats.topics["orders"];
    let written = orders.partitions.iter().map(|it| it.records_written);
    assert_eq!(written.collect::<Vec<_>>(), [30, 20]);
    assert_eq!(orders.total.records_written, 50);
    assert_eq!(stats.topics["bills"].total.records_written, 10);
    let total = stats.total;
    assert_eq!((total.records_written, total.records_failed), (60, 0));
    assert_eq!((total.records_queued, total.batches_queued), (0, 0));
    assert!((3..=60).contains(&total.batches_written));
    let on_the_wire = on_the_wire.load(Ordering::SeqCst);
    assert_eq!(usize::try_from(total.bytes_written).unwrap(), on_the_wire);
}

#[tokio::test]
async fn what_waits_is_counted_until_it_is_settled() {
    let broker = start(1 << 20).await;
    broker.control(|seen| {
        if seen.is::<ProduceRequest>() {
            Control::Drop
        } else {
            Control::Pass
        }
    });
    let config = ProducerConfig {
        delivery_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(1),
        ..hasty()
    };
    let producer = producer(&broker, config);
    let mut deliveries = Vec::new();
    for _ in 0..7 {
        deliveries.push(take(&producer, "orders", 1).await);
    }
    let waiting = producer.stats();
    let queued = waiting.topics["orders"].partitions[1].records_queued;
    assert_eq!((queued, waiting.total.records_queued), (7, 7));
    assert!(waiting.total.batches_queued > 0 && waiting.buffered_bytes > 0);
    for delivery in deliveries {
        timeout(LIMIT, delivery).await.unwrap().unwrap_err();
    }
    while producer.buffered_records() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let total = producer.stats().total;
    assert_eq!((total.records_queued, total.batches_queued), (0, 0));
    assert_eq!((total.records_written, total.records_failed), (0, 7));
    assert!(total.retries > 0 && total.batches_failed > 0);
}

/// Writes down what it is told.
#[derive(Debug, Default)]
struct Diary(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    sent: Vec<(String, i32, u32, usize, u32)>,
    split: Vec<u32>,
    settled: Vec<(String, u32, usize, u32, Option<SendErrorKind>)>,
}

impl ProducerObserver for Diary {
    fn batch_sent(&self, batch: &BatchSent<'_>) {
        let mut notes = self.0.lock().unwrap();
        assert!(batch.age < LIMIT && batch.node == 1);
        let topic = batch.topic.to_owned();
        let sent = (
            topic,
            batch.partition,
            batch.records,
            batch.bytes,
            batch.attempt,
        );
        notes.sent.push(sent);
    }

    fn batch_split(&self, batch: &BatchSplit<'_>) {
        assert_eq!((batch.topic, batch.partition), ("orders", 0));
        self.0.lock().unwrap().split.push(batch.records);
    }

    fn batch_settled(&self, batch: &BatchSettled<'_>) {
        assert!(batch.latency < LIMIT);
        let error = batch.error.map(|error| {
            assert_eq!(&*error.topic, batch.topic);
            error.kind.clone()
        });
        let topic = batch.topic.to_owned();
        let settled = (topic, batch.records, batch.bytes, batch.attempts, error);
        self.0.lock().unwrap().settled.push(settled);
    }
}

fn observed(broker: &Broker, linger: Duration) -> (Producer, Arc<Diary>) {
    let diary = Arc::new(Diary::default());
    let config = ProducerConfig {
        linger,
        observer: Some(diary.clone()),
        ..hasty()
    };
    (producer(broker, config), diary)
}

#[tokio::test]
async fn an_observer_hears_of_each_attempt_and_of_the_end() {
    let broker = start(1 << 20).await;
    let count = AtomicUsize::new(0);
    broker.control(move |seen| {
        if !seen.is::<ProduceRequest>() {
            return Control::Pass;
        }
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => refuse(seen, ErrorCode::NOT_ENOUGH_REPLICAS),
            2 => refuse(seen, ErrorCode::TOPIC_AUTHORIZATION_FAILED),
            _ => Control::Pass,
        }
    });
    let (producer, diary) = observed(&broker, Duration::from_millis(1));
    let delivery = take(&producer, "orders", 1).await;
    timeout(LIMIT, delivery).await.unwrap().unwrap();
    let delivery = take(&producer, "bills", 0).await;
    timeout(LIMIT, delivery).await.unwrap().unwrap_err();

    let notes = diary.0.lock().unwrap();
    let bytes = notes.sent[0].3;
    assert!((62..100).contains(&bytes));
    let sent = |topic: &str, partition, attempt| (topic.to_owned(), partition, 1, bytes, attempt);
    let expected = [
        sent("orders", 1, 1),
        sent("orders", 1, 2),
        sent("bills", 0, 1),
    ];
    assert_eq!(notes.sent, expected);
    let expected = [
        ("orders".to_owned(), 1, bytes, 2, None),
        (
            "bills".to_owned(),
            1,
            bytes,
            1,
            Some(SendErrorKind::Refused),
        ),
    ];
    assert_eq!(notes.settled, expected);
    let total = producer.stats().total;
    assert_eq!((total.retries, total.records_failed), (1, 1));
}

#[tokio::test]
async fn parts_of_a_batch_are_settled_in_its_place() {
    let broker = start(200).await;
    let (producer, diary) = observed(&broker, Duration::from_secs(20));
    let mut deliveries = Vec::new();
    for _ in 0..20 {
        deliveries.push(take(&producer, "orders", 0).await);
    }
    timeout(LIMIT, producer.flush()).await.unwrap();
    for delivery in deliveries {
        timeout(LIMIT, delivery).await.unwrap().unwrap();
    }
    let notes = diary.0.lock().unwrap();
    assert_eq!(notes.split, [20], "the halves fit");
    let settled = notes.settled.iter().map(|(_, records, ..)| *records);
    assert_eq!(settled.collect::<Vec<_>>(), [10, 10]);
    let stats = producer.stats().topics["orders"].partitions[0];
    assert_eq!((stats.splits, stats.batches_written), (1, 2));
    assert_eq!((stats.records_written, stats.records_queued), (20, 0));
}
