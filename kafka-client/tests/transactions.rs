//! Transactions against real Kafka, read back by Kafka's own consumer: what was committed is there once, what was not is not there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "test code: a failure is a failed test; not every test uses all of the support"
)]

#[path = "support/history.rs"]
mod history;
#[path = "transactional/scenarios.rs"]
mod scenarios;
#[path = "consuming/support.rs"]
mod support;

use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use scenarios::{every_scenario, survives_kills};
use support::{LIMIT, start};
use tokio::time::timeout;

const FEATURES: &str = "org.apache.kafka.tools.FeatureCommand";

async fn three_nodes() -> Cluster {
    let spec = ClusterSpec::nodes(3).backend(Backend::Process);
    // Overdue transactions are looked for every 10 s by default.
    let spec = spec.property(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "500",
    );
    start(spec).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_v2() {
    let cluster = three_nodes().await;
    every_scenario(&cluster).await;
}

/// The way of clusters before Kafka 4.0, which newer ones can be told to keep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_v1() {
    let cluster = three_nodes().await;
    let mut tool = cluster.tool(FEATURES).unwrap();
    tool.args(["--bootstrap-server", &cluster.bootstrap()])
        .args(["downgrade", "--feature", "transaction.version=1"]);
    let output = timeout(LIMIT, tool.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    every_scenario(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_survive_their_coordinator() {
    let mut cluster = three_nodes().await;
    survives_kills(&mut cluster).await;
}
