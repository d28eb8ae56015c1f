//! Every API and version that a real broker offers and the table has: a request that means something is sent at that version, the
//! answer is read to its last byte, and writing it again gives the broker's bytes.
//!
//! Which versions there are is the broker's word (`ApiVersions`), so that a newer Kafka widens the sweep by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

#[path = "sweep/broker.rs"]
mod broker;
#[path = "sweep/cluster.rs"]
mod cluster;
#[path = "sweep/groups.rs"]
mod groups;
#[path = "sweep/records.rs"]
mod records;
#[path = "sweep/security.rs"]
mod security;
#[path = "sweep/transactions.rs"]
mod transactions;

use std::collections::BTreeSet;

use broker::Broker;
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use kafka_wire::ApiKey;
use kafka_wire::messages::APIS;

/// What a broker offers only with a plugin that wants clients' metrics (KIP-714), which Kafka does not bring.
const NOT_OFFERED: [ApiKey; 2] = [ApiKey::GET_TELEMETRY_SUBSCRIPTIONS, ApiKey::PUSH_TELEMETRY];

/// The topic that requests are about, of two partitions.
const TOPIC: &str = "sweep";

#[test]
fn every_version_that_a_broker_offers_is_spoken() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let spec = ClusterSpec::nodes(1).backend(Backend::Process);
    let cluster = runtime.block_on(Cluster::start(spec)).unwrap();
    runtime.block_on(cluster.create_topic(TOPIC, 2, 1)).unwrap();
    let mut broker = Broker::connect(&cluster.bootstrap());

    cluster::sweep(&mut broker);
    records::sweep(&mut broker);
    groups::sweep(&mut broker);
    transactions::sweep(&mut broker);
    security::sweep(&mut broker);
    cluster::sweep_what_changes_it(&mut broker);

    let asked: BTreeSet<_> = broker.asked.keys().copied().collect();
    let ours: BTreeSet<_> = APIS.iter().map(|api| api.key).collect();
    let not_asked: Vec<_> = ours.difference(&asked).copied().collect();
    assert_eq!(not_asked, NOT_OFFERED);
    for key in not_asked {
        assert_eq!(broker.ranges.range(key), None, "{key} is offered");
    }
    let versions: usize = broker.asked.values().sum();
    println!(
        "{} APIs, {versions} versions, {} bytes of answers",
        asked.len(),
        broker.bytes
    );
}
