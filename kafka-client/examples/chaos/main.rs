//! Sends for minutes while brokers are killed, frozen and restarted, and says whether anything was lost, doubled or reordered:
//! `cargo run --release -p kafka-client --example chaos -- MINUTES [SEED]`.
//!
//! Real Kafka on three nodes, started by this program. One node at a time is hurt, so that two stay in sync. At the end the whole topic is
//! read back and held against what every sender was told (`tests/support/history.rs`); the program panics if the two disagree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    dead_code,
    reason = "a test that takes too long for the suite: a failure is a panic"
)]

#[path = "../../tests/support/history.rs"]
mod history;

use std::time::Duration;

use history::{History, read_back};
use kafka_client::{Client, ClientConfig, Isolation, Producer, ProducerConfig};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use tokio::time::{Instant, sleep};

const TOPIC: &str = "chaos";
const PARTITIONS: u64 = 6;
/// Records of one burst, and the pause after it.
const BURST: u64 = 200;
const PAUSE: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let minutes = args.next().map_or(1, |text| text.parse().unwrap());
    let seed = args
        .next()
        .map_or_else(|| fastrand::u64(..), |text| text.parse().unwrap());
    println!("{minutes} minutes, seed {seed}");
    let spec = ClusterSpec::nodes(3).backend(Backend::Process);
    let mut cluster = Cluster::start(spec.property("min.insync.replicas", "2"))
        .await
        .unwrap();
    let partitions = i32::try_from(PARTITIONS).unwrap();
    cluster.create_topic(TOPIC, partitions, 3).await.unwrap();
    let client = Client::new(ClientConfig {
        bootstrap: cluster.bootstrap().split(',').map(str::to_owned).collect(),
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    })
    .unwrap();

    let end = Instant::now() + Duration::from_mins(minutes);
    let sending = tokio::spawn(send(client.clone(), end));
    let hurt = hurt(&mut cluster, end, fastrand::Rng::with_seed(seed)).await;
    let (history, slowest) = sending.await.unwrap();
    let logs = read_back(&client, TOPIC, partitions, Isolation::default()).await;
    history.check(&logs);
    let read: usize = logs.values().map(Vec::len).sum();
    println!(
        "{} acknowledged, {} failed, {read} read; slowest burst {slowest:?}; {hurt}; nothing lost, doubled or reordered",
        history.acked(),
        history.failed().len(),
    );
}

/// Sends until `end`; what became of everything, and the longest that a burst took.
async fn send(client: Client, end: Instant) -> (History, Duration) {
    let config = ProducerConfig {
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    };
    let producer = Producer::new(&client, config).unwrap();
    let mut history = History::default();
    let (mut numbers, mut slowest) = (0..BURST, Duration::ZERO);
    while Instant::now() < end {
        let start = Instant::now();
        history
            .send(&producer, TOPIC, numbers.clone(), PARTITIONS)
            .await;
        slowest = slowest.max(start.elapsed());
        numbers = numbers.end..numbers.end + BURST;
        sleep(PAUSE).await;
    }
    producer.close(Duration::from_mins(2)).await.unwrap();
    (history, slowest)
}

/// Hurts one node after the other until `end`, and leaves all well.
async fn hurt(cluster: &mut Cluster, end: Instant, mut random: fastrand::Rng) -> String {
    let (mut kills, mut stops, mut pauses) = (0, 0, 0);
    while Instant::now() < end {
        let node = random.i32(1..=3);
        let down = Duration::from_millis(random.u64(200..8000));
        match random.u8(0..3) {
            0 => {
                kills += 1;
                cluster.kill(node).await.unwrap();
                sleep(down).await;
                cluster.restart(node).await.unwrap();
            }
            1 => {
                stops += 1;
                cluster.stop(node).await.unwrap();
                cluster.restart(node).await.unwrap();
            }
            _ => {
                pauses += 1;
                cluster.pause(node).await.unwrap();
                sleep(down).await;
                cluster.resume(node).await.unwrap();
            }
        }
        // Until all replicas are in sync again: hurting the last one that has a record would lose it, whatever the client does.
        cluster.in_sync(TOPIC).await.unwrap();
        sleep(Duration::from_millis(random.u64(0..3000))).await;
    }
    format!("{kills} kills, {stops} stops, {pauses} pauses")
}
