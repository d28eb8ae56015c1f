//! The same questions to a real Kafka and to the embedded broker: a different answer is a bug of the embedded one.
//!
//! What is compared is what clients act on: error codes, offsets, epochs, null or empty. Texts, ids and times are each broker's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    dead_code,
    missing_docs,
    reason = "test code: a failure is a failed test, a list of questions is long, and the tiny client has more than is used here"
)]

#[path = "embedded/client.rs"]
mod client;
#[path = "agreement/consumer_groups.rs"]
mod consumer_groups;
#[path = "agreement/groups.rs"]
mod groups;
#[path = "agreement/records.rs"]
mod records;
#[path = "agreement/topics.rs"]
mod topics;
#[path = "embedded/transactional.rs"]
mod transactional;
#[path = "agreement/transactions.rs"]
mod transactions;

use std::fmt::Debug;

use kafka_testcontainers::{Backend, Cluster, ClusterSpec};

use client::Client;

/// What a broker said, a line per question.
#[derive(Debug, Default)]
pub(crate) struct Said(Vec<String>);

impl Said {
    pub(crate) fn note(&mut self, question: impl Debug, answer: impl Debug) {
        self.0.push(format!("{question:?}: {answer:?}"));
    }
}

/// One node, without auto-creation where a scenario would trip over it.
async fn start(backend: Backend) -> Cluster {
    let spec = ClusterSpec::nodes(1)
        .backend(backend)
        .property("group.min.session.timeout.ms", "100")
        // A real broker takes its time over who gets what, or does it aside.
        .property("group.consumer.min.assignment.interval.ms", "0")
        .property("group.consumer.assignment.interval.ms", "0")
        .property("group.consumer.assignor.offload.enable", "false")
        // A real broker looks for transactions that are late every 10 s.
        .property(
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
            "200",
        );
    Cluster::start(spec).await.unwrap()
}

async fn ask_everything(cluster: &Cluster) -> Said {
    let mut said = Said::default();
    let address = cluster.bootstrap();
    let plain = ["records", "times", "groups"];
    let transactional = ["txn-one", "txn-two", "txn-other", "txn-fence", "txn-late"];
    for topic in plain.into_iter().chain(transactional) {
        cluster.create_topic(topic, 1, 1).await.unwrap();
    }
    cluster.create_topic("modern", 4, 1).await.unwrap();
    // The first group makes a real broker create the topic that groups live in.
    groups::wait_for_coordinator(&address).await;
    let connect = async || Client::at(address.as_str()).await;
    topics::ask(&mut connect().await, &mut said).await;
    records::ask_produce(&mut connect().await, &mut said).await;
    records::ask_idempotent(&mut connect().await, &mut said).await;
    records::ask_fetch(&mut connect().await, &mut said).await;
    records::ask_sessions(&mut connect().await, &mut said).await;
    records::ask_offsets(&mut connect().await, &mut said).await;
    groups::ask_alone(&mut connect().await, &mut said).await;
    groups::ask_offsets(&mut connect().await, &mut said).await;
    groups::ask_static(&mut connect().await, &mut said).await;
    groups::ask_two(&mut connect().await, &mut connect().await, &mut said).await;
    consumer_groups::ask_refusals(&mut connect().await, &mut said).await;
    consumer_groups::ask_two(&mut connect().await, &mut said).await;
    consumer_groups::ask_static(&mut connect().await, &mut said).await;
    transactions::ask(&mut connect().await, &mut said).await;
    said
}

#[tokio::test]
async fn the_embedded_broker_answers_as_kafka_does() {
    let real = ask_everything(&start(Backend::Process).await).await;
    let embedded = ask_everything(&start(Backend::Embedded).await).await;
    let differing: Vec<_> = real
        .0
        .iter()
        .zip(&embedded.0)
        .filter(|(real, ours)| real != ours)
        .collect();
    assert!(differing.is_empty(), "(Kafka, embedded):\n{differing:#?}");
    assert_eq!(real.0.len(), embedded.0.len());
    assert!(real.0.len() > 100, "{} questions were asked", real.0.len());
}
