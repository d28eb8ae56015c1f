//! The producer against real Kafka behind the fault proxy: three nodes that clients reach through proxies alone, one trouble after the
//! other, and after each the whole topic is read back and held against what the sender was told.
//!
//! | row of the fault matrix | here, real Kafka | embedded broker, `producer.rs` |
//! |---|---|---|
//! | 1, leader change | `leaders_move_in_order` | `a_leader_that_moves_is_followed_in_order`, `a_leader_that_is_hinted_needs_no_metadata`, `without_idempotence_a_leader_that_moves_is_followed_in_order_too` |
//! | 2, answer lost | `answers_are_lost`, `a_leader_is_killed` | `a_lost_answer_writes_once`, `a_cut_or_corrupt_answer_writes_once`, `a_broker_that_dies_loses_nothing` |
//! | 3, partial frame | `answers_end_in_the_middle` | `a_cut_or_corrupt_answer_writes_once` |
//! | 4, black hole | `answers_vanish` | `a_request_without_an_answer_goes_again_over_another_connection` |
//! | 5, slow broker | `bytes_come_slowly` | - |
//! | 19, gaps and forgotten producers | - (a broker cannot be told to) | `a_log_that_lost_its_end_starts_a_new_epoch_in_order`, `gaps_and_forgotten_producers_are_sent_under_new_numbers`, `brokers_that_forget_producers_change_nothing` |
//! | 20, expired in flight (CVE-2026-35554) | `batches_expire_in_flight` | `no_answer_in_time_is_a_failure_that_may_have_been_written` |
//! | 22, lengths that are none | `a_length_is_corrupt` | `a_cut_or_corrupt_answer_writes_once` |
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use history::{History, Order, read_back, within};
use kafka_client::{Client, ClientConfig, Isolation, Producer, ProducerConfig, SendErrorKind};
use kafka_testcontainers::proxy::{Direction, Fault, Plan, Trigger};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use kafka_wire::Request as _;
use kafka_wire::messages::produce::ProduceRequest;

const PARTITIONS: i32 = 3;
/// Records of one burst, and the pause after it.
const BURST: u64 = 300;
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_reordered_whatever_the_network_does() {
    let spec = ClusterSpec::nodes(3).backend(Backend::Process).proxied();
    let mut cluster = Cluster::start(spec).await.unwrap();
    answers_are_lost(&cluster).await;
    answers_end_in_the_middle(&cluster).await;
    a_length_is_corrupt(&cluster).await;
    answers_vanish(&cluster).await;
    bytes_come_slowly(&cluster).await;
    batches_expire_in_flight(&cluster).await;
    leaders_move_in_order(&mut cluster).await;
    a_leader_is_killed(&mut cluster).await;
}

fn client(cluster: &Cluster) -> Client {
    Client::new(ClientConfig {
        bootstrap: cluster.bootstrap().split(',').map(str::to_owned).collect(),
        request_timeout: Duration::from_secs(3),
        ..Default::default()
    })
    .unwrap()
}

fn config() -> ProducerConfig {
    ProducerConfig {
        linger: Duration::from_millis(1),
        // Many requests, so that faults have something to meet.
        batch_size: 1_000,
        request_timeout: Duration::from_secs(3),
        retry_backoff: Duration::from_millis(50),
        ..Default::default()
    }
}

/// Sends to a new topic for as long as `trouble` makes it hard, and a little longer; all of it arrives, once and in order.
async fn survive(client: &Client, topic: &str, trouble: impl Future<Output = ()>) {
    let producer = Producer::new(client, config()).unwrap();
    let mut history = History::new(Order::OnceInOrder);
    let partitions = u64::try_from(PARTITIONS).unwrap();
    // Connections are there and identities known before anything happens.
    history.send(&producer, topic, 0..BURST, partitions).await;
    let is_over = AtomicBool::new(false);
    let sending = async {
        let mut sent = BURST;
        loop {
            let is_last = is_over.load(Ordering::Relaxed);
            let numbers = sent..sent + BURST;
            history.send(&producer, topic, numbers, partitions).await;
            sent += BURST;
            if is_last {
                return sent;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let trouble = async {
        trouble.await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (sent, ()) = within(150, async { tokio::join!(sending, trouble) }).await;
    let failed = history.failed();
    assert!(failed.is_empty(), "{topic}: {failed:?}");
    producer.close(Duration::from_secs(30)).await.unwrap();
    let read = read_back(client, topic, PARTITIONS, Isolation::default());
    let logs = within(60, read).await;
    history.check(&logs);
    let read: usize = logs.values().map(Vec::len).sum();
    assert_eq!(read, usize::try_from(sent).unwrap(), "{topic}");
}

/// A topic on all nodes.
async fn topic<'a>(cluster: &Cluster, name: &'a str) -> &'a str {
    cluster.create_topic(name, PARTITIONS, 3).await.unwrap();
    name
}

/// Nothing is wrong with the network any more.
fn calm(cluster: &Cluster) {
    for node in cluster.node_ids() {
        cluster.proxy(node).unwrap().set(Plan::default());
    }
}

/// From now on each node's `nth` Produce answer, and what is behind it on its connection, meets `fault`. Returns when all have.
async fn meet(cluster: &Cluster, nth: u32, fault: Fault) {
    let plan = Plan::down(fault).on(Trigger::OnApi {
        key: ProduceRequest::KEY,
        nth,
        direction: Direction::Down,
    });
    for node in cluster.node_ids() {
        cluster.proxy(node).unwrap().set(plan);
    }
    for node in cluster.node_ids() {
        let proxy = cluster.proxy(node).unwrap();
        within(60, proxy.triggered()).await;
    }
}

async fn answers_are_lost(cluster: &Cluster) {
    let topic = topic(cluster, "lost").await;
    let losing = async {
        for nth in [1, 5, 3] {
            meet(cluster, nth, Fault::ResetAfter(0)).await;
        }
    };
    survive(&client(cluster), topic, losing).await;
}

async fn answers_end_in_the_middle(cluster: &Cluster) {
    let topic = topic(cluster, "cut").await;
    let cutting = async {
        for bytes in [3, 20] {
            meet(cluster, 2, Fault::FinAfter(bytes)).await;
        }
    };
    survive(&client(cluster), topic, cutting).await;
}

/// The lowest bit of a length's first byte makes it 16 MiB longer: more than will come.
async fn a_length_is_corrupt(cluster: &Cluster) {
    let topic = topic(cluster, "corrupt").await;
    let corrupting = meet(cluster, 2, Fault::CorruptAt(0));
    survive(&client(cluster), topic, corrupting).await;
}

/// Nothing tells the client but its request timeout; nothing mends the connection but another one.
async fn answers_vanish(cluster: &Cluster) {
    let topic = topic(cluster, "vanish").await;
    let swallowing = meet(cluster, 2, Fault::Blackhole);
    survive(&client(cluster), topic, swallowing).await;
}

async fn bytes_come_slowly(cluster: &Cluster) {
    let topic = topic(cluster, "slow").await;
    for node in cluster.node_ids() {
        let late = Plan::both(Fault::Delay(Duration::from_millis(50)));
        cluster.proxy(node).unwrap().set(late);
    }
    survive(&client(cluster), topic, async {}).await;
    calm(cluster);
}

/// A node that is stopped in order hands over what it leads.
async fn leaders_move_in_order(cluster: &mut Cluster) {
    let topic = topic(cluster, "moving").await;
    let client = client(cluster);
    let moving = async {
        let old = cluster.leader(topic, 0).await.unwrap();
        cluster.stop(old).await.unwrap();
        assert_ne!(cluster.leader(topic, 0).await.unwrap(), old);
        cluster.restart(old).await.unwrap();
        cluster.in_sync(topic).await.unwrap();
    };
    survive(&client, topic, moving).await;
}

/// The leader dies while its answers are on their way, and nobody hears of any of it.
async fn a_leader_is_killed(cluster: &mut Cluster) {
    let topic = topic(cluster, "killed").await;
    let client = client(cluster);
    let killing = async {
        let old = cluster.leader(topic, 0).await.unwrap();
        cluster
            .proxy(old)
            .unwrap()
            .set(Plan::down(Fault::Blackhole));
        cluster.kill(old).await.unwrap();
        calm(cluster);
        assert_ne!(cluster.leader(topic, 0).await.unwrap(), old);
    };
    survive(&client, topic, killing).await;
}

/// Batches that are written, and whose answers come after everybody has given up: they are reported as perhaps written, their memory is not
/// used for others while a socket may still read it, and what follows is in its place, in its partition.
async fn batches_expire_in_flight(cluster: &Cluster) {
    let topic = topic(cluster, "expire").await;
    let client = client(cluster);
    let limit = Duration::from_secs(2);
    let config = ProducerConfig {
        delivery_timeout: limit,
        // Longer than records live, so that nothing is sent again.
        request_timeout: Duration::from_secs(20),
        ..config()
    };
    let producer = Producer::new(&client, config).unwrap();
    let mut history = History::new(Order::OnceInOrder);
    let partitions = u64::try_from(PARTITIONS).unwrap();
    history.send(&producer, topic, 0..300, partitions).await;
    assert!(history.failed().is_empty(), "{:?}", history.failed());

    let mut numbers = 300..600_u64;
    for round in 0..3 {
        for node in cluster.node_ids() {
            let proxy = cluster.proxy(node).unwrap();
            proxy.set(Plan::down(Fault::Blackhole));
        }
        history
            .send(&producer, topic, numbers.clone(), partitions)
            .await;
        let failed = history.failed().range(numbers.clone());
        let expired = failed.filter(|(_, error)| {
            matches!(error.kind, SendErrorKind::Expired { .. }) && error.possibly_written
        });
        assert!(expired.count() > 0, "round {round}: nothing was in flight");
        // What was held back comes now, and finds nobody.
        calm(cluster);
        let next = numbers.end..numbers.end + 300;
        await_answers(&producer).await;
        history
            .send(&producer, topic, next.clone(), partitions)
            .await;
        let failed = history.failed().range(next.clone()).count();
        assert_eq!(failed, 0, "round {round}: {:?}", history.failed());
        numbers = next.end..next.end + 300;
    }
    producer.close(Duration::from_secs(30)).await.unwrap();
    let read = read_back(&client, topic, PARTITIONS, Isolation::default());
    history.check(&within(60, read).await);
}

/// Waits until no socket holds anything of the producer's.
async fn await_answers(producer: &Producer) {
    within(30, async {
        while producer.buffered_bytes() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
