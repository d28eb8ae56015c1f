//! The producer against real Kafka on three nodes, one of which is killed.
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

use std::time::Duration;

use history::{History, read_back, within};
use kafka_client::{Client, ClientConfig, Isolation, Producer, ProducerConfig};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;
const RECORDS: u64 = 50_000;

fn client(cluster: &Cluster) -> Client {
    let bootstrap = cluster.bootstrap().split(',').map(str::to_owned).collect();
    Client::new(ClientConfig {
        bootstrap,
        ..Default::default()
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_leader_amid_50_000_sends_loses_doubles_and_reorders_nothing() {
    let spec = ClusterSpec::nodes(3).backend(Backend::Process);
    let mut cluster = Cluster::start(spec).await.unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 3).await.unwrap();
    let leader = cluster.leader(TOPIC, 0).await.unwrap();
    let client = client(&cluster);
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();

    let (at_a_third, third) = tokio::sync::oneshot::channel();
    let sends = tokio::spawn({
        let producer = producer.clone();
        let partitions = u64::try_from(PARTITIONS).unwrap();
        async move {
            let mut history = History::default();
            history
                .send(&producer, TOPIC, 0..RECORDS / 3, partitions)
                .await;
            at_a_third.send(()).unwrap();
            history
                .send(&producer, TOPIC, RECORDS / 3..RECORDS, partitions)
                .await;
            history
        }
    });
    third.await.unwrap();
    cluster.kill(leader).await.unwrap();
    assert!(
        !sends.is_finished(),
        "the leader was to be killed in the middle"
    );

    let history = within(150, sends).await.unwrap();
    let failed = history.failed();
    assert_eq!(
        history.acked() + failed.len(),
        usize::try_from(RECORDS).unwrap()
    );
    assert!(
        failed.is_empty(),
        "{} failed: {}",
        failed.len(),
        failed.values().next().unwrap()
    );
    within(60, producer.close(Duration::from_secs(30)))
        .await
        .unwrap();

    let logs = within(
        60,
        read_back(&client, TOPIC, PARTITIONS, Isolation::default()),
    )
    .await;
    history.check(&logs);
    let read: usize = logs.values().map(Vec::len).sum();
    assert_eq!(read, usize::try_from(RECORDS).unwrap());
}
