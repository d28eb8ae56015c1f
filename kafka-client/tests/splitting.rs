//! Batches that the broker finds too large: they arrive in parts, and every record learns where it is.
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

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use history::{History, Logs, Order, stored, within};
use kafka_client::{
    Acks, Client, ClientConfig, Compression, Delivered, ErrorCode, Producer, ProducerConfig,
    ProducerRecord, SendError, SendErrorKind, TransactionConfig, TransactionalProducer,
};
use kafka_testcontainers::embedded::{Broker, Config, Control, Seen};
use kafka_wire::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};

const TOPIC: &str = "orders";
/// What the broker takes in one batch.
const LIMIT: usize = 2_000;

struct Setup {
    broker: Broker,
    producer: Producer,
}

async fn setup(partitions: i32, config: ProducerConfig) -> Setup {
    setup_within(LIMIT, partitions, config).await
}

async fn setup_within(limit: usize, partitions: i32, config: ProducerConfig) -> Setup {
    let mut broker = Config::nodes(1);
    broker.message_max_bytes = limit;
    let broker = Broker::start(broker).await.unwrap();
    broker.create_topic(TOPIC, partitions, -1).unwrap();
    let client = Client::new(ClientConfig {
        bootstrap: vec![broker.bootstrap()],
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    })
    .unwrap();
    let producer = Producer::new(&client, config).unwrap();
    Setup { broker, producer }
}

/// Batches of up to ten times what the broker takes.
fn large() -> ProducerConfig {
    ProducerConfig {
        linger: Duration::from_millis(20),
        batch_size: 10 * LIMIT,
        retry_backoff: Duration::from_millis(10),
        delivery_timeout: Duration::from_secs(30),
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    }
}

impl Setup {
    fn logs(&self, partitions: i32) -> Logs {
        stored(&self.broker, TOPIC, partitions)
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

    /// Sends all at once, so that they share a batch, and waits for what becomes of each.
    async fn send_together(&self, values: &[Vec<u8>]) -> Vec<Result<Delivered, SendError>> {
        let mut deliveries = Vec::new();
        for value in values {
            let record = ProducerRecord {
                partition: Some(0),
                ..ProducerRecord::to(TOPIC, value)
            };
            deliveries.push(self.producer.send(record).await.unwrap());
        }
        let mut outcomes = Vec::new();
        for delivery in deliveries {
            outcomes.push(within(40, delivery).await);
        }
        outcomes
    }
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

/// Values that no codec makes much smaller.
fn noise(values: usize, size: usize) -> Vec<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(7);
    let value = |_| {
        std::iter::repeat_with(|| random.u8(..))
            .take(size)
            .collect()
    };
    (0..values).map(value).collect()
}

#[tokio::test]
async fn what_is_too_large_arrives_in_parts_in_order_whatever_compresses_it() {
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let config = ProducerConfig {
            compression: compression.parse::<Compression>().unwrap(),
            ..large()
        };
        // Numbers compress well.
        let setup = setup_within(LIMIT / 4, 2, config).await;
        let refused = Arc::new(AtomicUsize::new(0));
        let counted = refused.clone();
        setup.on_produce(move |_, seen| {
            let request: ProduceRequest = seen.request().unwrap();
            let batches = request.topic_data[0].partition_data.iter();
            let large = batches.filter(|it| it.records.as_ref().unwrap().len() > LIMIT / 4);
            counted.fetch_add(large.count(), Ordering::SeqCst);
            Control::Pass
        });
        let mut history = History::default();
        history.send(&setup.producer, TOPIC, 0..20_000, 2).await;
        assert_eq!(
            history.acked(),
            20_000,
            "{compression}: {:?}",
            history.failed()
        );
        history.check(&setup.logs(2));
        let refused = refused.load(Ordering::SeqCst);
        assert!(refused > 0, "{compression}: nothing was too large");
        assert!(
            refused < 200,
            "{compression}: {refused} were: it never learns"
        );
        assert_eq!(setup.producer.buffered_records(), 0);
        assert_eq!(setup.producer.buffered_bytes(), 0, "{compression}");
        let log = setup.broker.log(TOPIC, 0);
        assert!(log.iter().all(|record| record.producer_epoch == 0));
    }
}

#[tokio::test]
async fn a_record_too_large_for_the_topic_fails_alone_with_what_is_known_of_the_limit() {
    let setup = setup(1, large()).await;
    let mut values = noise(30, 100);
    values[17] = noise(1, 3000).remove(0);
    let outcomes = setup.send_together(&values).await;
    let failed: Vec<_> = (0..30).filter(|place| outcomes[*place].is_err()).collect();
    assert_eq!(failed, [17]);
    let error = outcomes[17].as_ref().unwrap_err();
    let SendErrorKind::TooLargeForTopic { size, written } = error.kind else {
        panic!("{error:?}");
    };
    assert!((3000..3200).contains(&size) && written < Some(LIMIT));
    assert_eq!(error.code(), Some(ErrorCode::MESSAGE_TOO_LARGE));
    assert!(!error.possibly_written);
    let log = setup.broker.log(TOPIC, 0);
    for (place, outcome) in outcomes.iter().enumerate() {
        if let Ok(delivered) = outcome {
            let offset = usize::try_from(delivered.offset).unwrap();
            assert_eq!(log[offset].value.as_deref(), Some(&*values[place]));
        }
    }
    assert_eq!(log.len(), 29);
    assert_eq!(setup.producer.buffered_bytes(), 0);

    let error = setup
        .send_together(&values[17..18])
        .await
        .remove(0)
        .unwrap_err();
    let SendErrorKind::TooLargeForTopic { written, .. } = error.kind else {
        panic!("{error:?}");
    };
    assert!(written.is_some_and(|written| (100..=LIMIT).contains(&written)));
}

#[tokio::test]
async fn what_was_written_although_nobody_heard_of_it_is_not_written_in_parts_again() {
    let setup = setup(1, large()).await;
    setup.send_together(&noise(1, 10)).await[0]
        .as_ref()
        .unwrap();
    // Written, and its answer lost; then the limit is lowered.
    setup.on_produce(|nth, seen| match nth {
        0 => Control::PassThenClose,
        1 => refuse(seen, ErrorCode::MESSAGE_TOO_LARGE),
        _ => Control::Pass,
    });
    let outcomes = setup.send_together(&noise(8, 100)).await;
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(error.possibly_written, "{error}");
        assert_eq!(error.code(), Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }
    assert_eq!(setup.broker.log(TOPIC, 0).len(), 9);
    let after = setup.send_together(&noise(1, 10)).await.remove(0).unwrap();
    assert_eq!(after.offset, 9);
    let log = setup.broker.log(TOPIC, 0);
    assert_eq!(log[9].producer_epoch, 0, "its numbers follow");
}

#[tokio::test]
async fn what_was_not_written_although_nobody_heard_of_it_arrives_in_parts() {
    let setup = setup(1, large()).await;
    setup.send_together(&noise(1, 10)).await[0]
        .as_ref()
        .unwrap();
    setup.on_produce(|nth, seen| match nth {
        0 => Control::Close,
        1 => refuse(seen, ErrorCode::RECORD_LIST_TOO_LARGE),
        _ => Control::Pass,
    });
    let values = noise(8, 100);
    let outcomes = setup.send_together(&values).await;
    let offsets: Vec<_> = outcomes.into_iter().map(|it| it.unwrap().offset).collect();
    assert_eq!(offsets, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn without_idempotence_what_is_too_large_arrives_in_parts_too() {
    for acks in [Acks::Leader, Acks::All] {
        let config = ProducerConfig {
            idempotent: false,
            acks,
            ..large()
        };
        let setup = setup(1, config).await;
        let mut history = History::new(Order::OnceInOrder);
        history.send(&setup.producer, TOPIC, 0..5000, 1).await;
        assert_eq!(history.acked(), 5000);
        history.check(&setup.logs(1));
        assert_eq!(setup.producer.buffered_bytes(), 0);
    }
}

#[tokio::test]
async fn what_must_not_be_sent_again_is_not_split_unless_numbers_keep_the_order() {
    let config = ProducerConfig {
        idempotent: false,
        max_attempts: Some(1),
        ..large()
    };
    let setup = setup(1, config).await;
    let outcomes = setup.send_together(&noise(30, 100)).await;
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Refused);
        assert_eq!(error.code(), Some(ErrorCode::MESSAGE_TOO_LARGE));
    }
    assert!(setup.broker.log(TOPIC, 0).is_empty());
}

#[tokio::test]
async fn a_flush_waits_for_all_parts() {
    let setup = setup(1, large()).await;
    let values = noise(100, 100);
    let mut deliveries = Vec::new();
    for value in &values {
        deliveries.push(
            setup
                .producer
                .send(ProducerRecord::to(TOPIC, value))
                .await
                .unwrap(),
        );
    }
    within(20, setup.producer.flush()).await;
    assert!(deliveries.iter().all(kafka_client::Delivery::is_done));
    assert_eq!(setup.broker.log(TOPIC, 0).len(), 100);
}

#[tokio::test]
async fn what_is_too_large_is_committed_in_parts() {
    let setup = setup(1, large()).await;
    let client = Client::new(ClientConfig {
        bootstrap: vec![setup.broker.bootstrap()],
        ..Default::default()
    })
    .unwrap();
    let transaction = TransactionConfig {
        id: "parts".into(),
        ..Default::default()
    };
    let starting = TransactionalProducer::start(&client, transaction, large());
    let mut producer = within(30, starting).await.unwrap();
    let value = vec![b'x'; 100];
    let records = || std::iter::repeat_n(ProducerRecord::to(TOPIC, &value), 100);
    for round in 0..3 {
        let transaction = within(30, producer.begin()).await.unwrap();
        let deliveries = within(30, transaction.send_all(records())).await.unwrap();
        within(30, transaction.flush()).await;
        for delivery in deliveries {
            within(30, delivery).await.unwrap();
        }
        if round == 1 {
            within(30, transaction.abort()).await.unwrap();
        } else {
            within(30, transaction.commit()).await.unwrap();
        }
    }
    let stats = producer.stats().total;
    assert!(stats.splits > 0, "nothing was too large");
    assert_eq!((stats.records_written, stats.records_failed), (300, 0));
    assert_eq!(setup.broker.log(TOPIC, 0).len(), 300);
    let (_, end) = setup.broker.offsets(TOPIC, 0).unwrap();
    assert_eq!(end, 303, "each transaction has its marker");
    let stable = setup.broker.last_stable_offset(TOPIC, 0);
    assert_eq!(stable, Some(end), "and none is open");
}
