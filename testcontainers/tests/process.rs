//! Real Apache Kafka on the local JVM: these tests need `java` and `mvn`, whatever `KAFKA_BACKEND` says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a failure is a failed test"
)]

use std::process::Stdio;
use std::time::Duration;

use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const PRODUCER: &str = "org.apache.kafka.tools.ConsoleProducer";

async fn start(spec: ClusterSpec) -> Cluster {
    let begin = Instant::now();
    let nodes = spec.nodes;
    let cluster = Cluster::start(spec.backend(Backend::Process))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    println!("{nodes} nodes ready after {:?}", begin.elapsed());
    cluster
}

/// Writes one line with Kafka's producer, acks=all.
async fn produce(cluster: &Cluster, topic: &str, line: &str) {
    let mut producer = cluster
        .tool(PRODUCER)
        .unwrap()
        .args(["--bootstrap-server", &cluster.bootstrap(), "--topic", topic])
        .args(["--command-property", "acks=all"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = producer.stdin.take().unwrap();
    stdin
        .write_all(format!("{line}\n").as_bytes())
        .await
        .unwrap();
    drop(stdin);
    let status = timeout(Duration::from_mins(2), producer.wait()).await;
    assert!(status.unwrap().unwrap().success());
}

/// Reads `count` lines from the beginning with Kafka's consumer.
async fn consume(cluster: &Cluster, topic: &str, count: usize) -> Vec<String> {
    let output = cluster
        .tool(CONSUMER)
        .unwrap()
        .args(["--bootstrap-server", &cluster.bootstrap(), "--topic", topic])
        .args(["--from-beginning", "--max-messages", &count.to_string()])
        .output();
    let output = timeout(Duration::from_mins(2), output)
        .await
        .unwrap()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn one_node_starts_takes_records_and_leaves_nothing_behind() {
    let cluster = start(ClusterSpec::nodes(1).property("num.partitions", "3")).await;
    assert_eq!(cluster.backend(), Backend::Process);
    assert_eq!(cluster.node_ids(), [1]);
    assert_eq!(cluster.bootstrap(), cluster.bootstrap_of(1));
    assert_eq!(cluster.bootstrap_of(2), "");

    cluster.create_topic("orders", 2, 1).await.unwrap();
    assert_eq!(cluster.leader("orders", 1).await.unwrap(), 1);
    produce(&cluster, "orders", "first").await;
    assert_eq!(consume(&cluster, "orders", 1).await, ["first"]);

    // A property of the test's own is in force: a topic made by itself has three partitions.
    produce(&cluster, "made-by-itself", "x").await;
    assert_eq!(cluster.leader("made-by-itself", 2).await.unwrap(), 1);

    let address = cluster.bootstrap();
    drop(cluster);
    tokio::net::TcpStream::connect(address).await.unwrap_err();
}
