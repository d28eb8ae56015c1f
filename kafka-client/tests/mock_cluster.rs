//! The producer against librdkafka's mock cluster: brokers that nobody here has written, in versions and with answers of their own.
//!
//! The mock refuses `ApiVersions` from version 3 on with an error and a body that makes no sense (row 27 of the fault matrix): whatever
//! goes through here has got past that. It knows Produce up to version 10 and no transactions v2. It looks at sequences only in
//! transactions: without one it appends what comes, as often as it comes. So the idempotent producer is held to its order with one batch in
//! flight, to nothing lost where connections break, and to everything in transactions.
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

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use history::{History, Order, read_back, record, within};
use kafka_client::{
    Client, ClientConfig, Isolation, Producer, ProducerConfig, TransactionConfig,
    TransactionalProducer,
};
use kafka_testcontainers::proxy::{Direction, Proxy};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

type Mock = MockCluster<'static, DefaultProducerContext>;

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 4;
const BROKERS: i32 = 3;

fn mock() -> Mock {
    let mock = within_its_means(MockCluster::new(BROKERS).unwrap());
    mock.create_topic(TOPIC, PARTITIONS, BROKERS).unwrap();
    mock
}

/// From version 9 on its metadata end with a byte too many.
fn within_its_means(mock: Mock) -> Mock {
    let key = RDKafkaApiKey::Metadata;
    mock.apiversion(key, Some(0), Some(8)).unwrap();
    mock.apiversion(RDKafkaApiKey::Fetch, Some(0), Some(11))
        .unwrap();
    mock
}

fn client(bootstrap: &str) -> Client {
    Client::new(ClientConfig {
        bootstrap: bootstrap.split(',').map(str::to_owned).collect(),
        request_timeout: Duration::from_secs(10),
        reconnect_backoff: Duration::from_millis(10),
        retry_backoff: Duration::from_millis(10),
        ..Default::default()
    })
    .unwrap()
}

fn config(max_in_flight: usize) -> ProducerConfig {
    ProducerConfig {
        linger: Duration::from_millis(1),
        batch_size: 2_000,
        max_in_flight,
        retry_backoff: Duration::from_millis(10),
        request_timeout: Duration::from_secs(10),
        ..Default::default()
    }
}

/// Sends while `trouble` makes it hard, and holds what the mock has against what the producer was told: so many records.
async fn check(
    mock: &Mock,
    order: Order,
    config: ProducerConfig,
    records: u64,
    trouble: impl Future<Output = ()>,
) {
    let client = client(&mock.bootstrap_servers());
    let producer = Producer::new(&client, config).unwrap();
    let mut history = History::new(order);
    let partitions = u64::try_from(PARTITIONS).unwrap();
    let sending = history.send(&producer, TOPIC, 0..records, partitions);
    within(60, async { tokio::join!(sending, trouble) }).await;
    assert!(history.failed().is_empty(), "{:?}", history.failed());
    producer.close(Duration::from_secs(10)).await.unwrap();
    let read = read_back(&client, TOPIC, PARTITIONS, Isolation::default());
    let logs = within(60, read).await;
    history.check(&logs);
    let read: usize = logs.values().map(Vec::len).sum();
    let records = usize::try_from(records).unwrap();
    assert!(read >= records, "{read} of {records}");
    if order == Order::OnceInOrder {
        assert_eq!(read, records);
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn records_are_where_their_deliveries_say() {
    check(&mock(), Order::OnceInOrder, config(5), 5_000, async {}).await;
}

#[tokio::test]
async fn older_versions_of_produce_carry_records_too() {
    // Version 5 of the mock's answer lacks its last field.
    for newest in [3, 7, 8, 9, 10] {
        let mock = mock();
        let key = RDKafkaApiKey::Produce;
        mock.apiversion(key, Some(0), Some(newest)).unwrap();
        check(&mock, Order::OnceInOrder, config(5), 200, async {}).await;
    }
}

#[tokio::test]
async fn leaders_that_move_are_followed() {
    let mock = mock();
    let moving = async {
        for round in 0..30 {
            for partition in 0..PARTITIONS {
                let leader = (round + partition) % BROKERS + 1;
                mock.partition_leader(TOPIC, partition, Some(leader))
                    .unwrap();
            }
            pause().await;
        }
    };
    check(&mock, Order::OnceInOrder, config(1), 20_000, moving).await;
}

#[tokio::test]
async fn a_partition_without_a_leader_is_waited_for() {
    let mock = mock();
    mock.partition_leader(TOPIC, 1, None).unwrap();
    let electing = async {
        pause().await;
        mock.partition_leader(TOPIC, 1, Some(2)).unwrap();
    };
    check(&mock, Order::OnceInOrder, config(1), 1_000, electing).await;
}

#[tokio::test]
async fn brokers_that_go_and_come_lose_nothing() {
    let mock = mock();
    let bouncing = async {
        for round in 0..6 {
            let broker = round % BROKERS + 1;
            mock.broker_down(broker).unwrap();
            pause().await;
            mock.broker_up(broker).unwrap();
            pause().await;
        }
    };
    check(&mock, Order::Repeated, config(1), 20_000, bouncing).await;
}

#[tokio::test]
async fn errors_that_pass_are_outlived() {
    use RDKafkaRespErr as E;
    let mock = mock();
    mock.request_errors(
        RDKafkaApiKey::InitProducerId,
        &[
            E::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            E::RD_KAFKA_RESP_ERR__TRANSPORT,
            E::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        ],
    );
    mock.request_errors(
        RDKafkaApiKey::Metadata,
        &[
            E::RD_KAFKA_RESP_ERR__TRANSPORT,
            E::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            E::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        ],
    );
    let pushing = async {
        for _ in 0..5 {
            mock.request_errors(
                RDKafkaApiKey::Produce,
                &[
                    E::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                    E::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                    E::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                    E::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                    E::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                    E::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                    E::RD_KAFKA_RESP_ERR__TRANSPORT,
                ],
            );
            pause().await;
        }
    };
    check(&mock, Order::OnceInOrder, config(1), 10_000, pushing).await;
}

#[tokio::test]
async fn brokers_that_are_far_away_get_everything() {
    let mock = mock();
    for broker in 1..=BROKERS {
        let rtt = Duration::from_millis(100);
        mock.broker_round_trip_time(broker, rtt).unwrap();
    }
    check(&mock, Order::OnceInOrder, config(5), 2_000, async {}).await;
}

/// The mock closes in on versions that it does not know with version 0 of the answer, and a body that fits none.
#[tokio::test]
async fn refused_versions_are_asked_for_again_in_words_that_the_mock_knows() {
    let mock = within_its_means(MockCluster::new(1).unwrap());
    let address = mock.bootstrap_servers().parse().unwrap();
    let proxy = Proxy::start(address).await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = seen.clone();
    proxy.tap(move |frame| {
        if frame.direction == Direction::Up {
            let request = (frame.client, frame.api_key, frame.api_version);
            asked.lock().unwrap().push(request);
        }
    });
    let client = client(&proxy.address().to_string());
    mock.create_topic(TOPIC, 1, 1).unwrap();
    let producer = Producer::new(&client, config(5)).unwrap();
    let sent = producer.send(record(TOPIC, 0, "0")).await.unwrap();
    within(30, sent).await.unwrap();
    let seen = seen.lock().unwrap();
    let (first, _, _) = seen[0];
    let versions: Vec<_> = seen
        .iter()
        .filter(|(client, key, _)| *client == first && *key == 18)
        .map(|(_, _, version)| *version)
        .collect();
    assert_eq!(versions.len(), 2, "refused once: {versions:?}");
    assert!(versions[0] >= 3 && versions[1] <= 2, "{versions:?}");
}

async fn transactional(client: &Client) -> TransactionalProducer {
    let transaction = TransactionConfig {
        id: "teller".into(),
        ..Default::default()
    };
    TransactionalProducer::start(client, transaction, config(5))
        .await
        .unwrap()
}

/// Where the mock minds sequences: five in flight, errors and lost connections among them.
#[tokio::test]
async fn transactions_keep_their_order_whatever_fails() {
    use RDKafkaRespErr as E;
    let mock = mock();
    let client = client(&mock.bootstrap_servers());
    let mut producer = transactional(&client).await;
    let mut history = History::new(Order::OnceInOrder);
    for round in 0..10_u64 {
        mock.request_errors(
            RDKafkaApiKey::AddPartitionsToTxn,
            &[
                E::RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
                E::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                E::RD_KAFKA_RESP_ERR__TRANSPORT,
            ],
        );
        mock.request_errors(
            RDKafkaApiKey::EndTxn,
            &[
                E::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                E::RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            ],
        );
        let transaction = producer.begin().await.unwrap();
        let mut waiting = Vec::new();
        for number in round * 1_000..(round + 1) * 1_000 {
            let partition = i32::try_from(number).unwrap() % PARTITIONS;
            let value = number.to_string();
            let send = transaction.send(record(TOPIC, partition, &value));
            waiting.extend(history.sent(number, partition, send).await);
            if number % 200 == 100 {
                mock.request_errors(
                    RDKafkaApiKey::Produce,
                    &[
                        E::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                        E::RD_KAFKA_RESP_ERR__TRANSPORT,
                    ],
                );
                mock.partition_leader(TOPIC, partition, Some(partition % BROKERS + 1))
                    .unwrap();
            }
        }
        for sent in waiting {
            history.take(sent).await;
        }
        within(60, transaction.commit()).await.unwrap();
    }
    assert!(history.failed().is_empty(), "{:?}", history.failed());
    let read = read_back(&client, TOPIC, PARTITIONS, Isolation::default());
    let logs = within(60, read).await;
    history.check(&logs);
    let read: usize = logs.values().map(Vec::len).sum();
    assert_eq!(read, 10_000);
}
