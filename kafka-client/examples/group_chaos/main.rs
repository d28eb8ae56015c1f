//! A group of six for minutes, two members each of this client, of Java and of librdkafka, one of whom is killed or stopped every few
//! seconds while somebody else takes its place: `cargo run --release -p kafka-client --example group_chaos -- MINUTES PROTOCOL [SEED]`, PROTOCOL
//! being `cooperative` (classic, cooperative-sticky) or `consumer` (KIP-848).
//!
//! Real Kafka on one node, started by this program; members are processes, so that SIGKILL is what it says. At the end every record has to
//! have been read, and none again that a member of ours had which was not killed. The program panics if that is not so; what other clients let
//! be read again it counts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that takes too long for the suite: a failure is a panic"
)]

mod account;
mod member;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use account::Account;
use kafka_client::{Client, ClientConfig, Producer, ProducerConfig, ProducerRecord};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use member::{Kind, Member, Protocol};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const TOPIC: &str = "group-chaos";
const GROUP: &str = "chaos";
const PARTITIONS: i32 = 24;
/// Records of one burst, and the pause after it.
const BURST: usize = 100;
const PAUSE: Duration = Duration::from_millis(50);
/// For the rest to be read once nobody is hurt any more.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [what, kind, bootstrap, protocol] = args.as_slice()
        && what == "member"
    {
        return member::run(kind, bootstrap, Protocol::named(protocol)).await;
    }
    let [minutes, protocol, rest @ ..] = args.as_slice() else {
        panic!("usage: group_chaos MINUTES cooperative|consumer [SEED]");
    };
    let minutes = minutes.parse().unwrap();
    let seed = rest
        .first()
        .map_or_else(|| fastrand::u64(..), |text| text.parse().unwrap());
    println!("{minutes} minutes, {protocol}, seed {seed}");
    run(
        minutes,
        Protocol::named(protocol),
        fastrand::Rng::with_seed(seed),
    )
    .await;
}

async fn run(minutes: u64, protocol: Protocol, mut random: fastrand::Rng) {
    let cluster = start().await;
    let account = Arc::new(Account::default());
    let stop = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn(send(cluster.bootstrap(), stop.clone()));
    let kinds = [Kind::Ours, Kind::Java, Kind::Librdkafka];
    let mut members: Vec<Member> = Vec::new();
    for kind in kinds.into_iter().cycle().take(6) {
        members.push(Member::start(kind, protocol, &cluster, &account));
    }
    let end = Instant::now() + Duration::from_mins(minutes);
    let (mut kills, mut stops) = (0, 0);
    while Instant::now() < end {
        sleep(Duration::from_millis(random.u64(2000..6000))).await;
        let place = random.usize(..members.len());
        let member = members.swap_remove(place);
        let kind = member.kind;
        if random.bool() {
            kills += 1;
            member.kill(&account).await;
        } else {
            stops += 1;
            member.stop().await;
        }
        sleep(Duration::from_millis(random.u64(0..3000))).await;
        members.push(Member::start(kind, protocol, &cluster, &account));
    }
    stop.store(true, Ordering::SeqCst);
    let sent = sending.await.unwrap();
    finish(&account, &sent).await;
    for member in members {
        member.stop().await;
    }
    println!("{}; {kills} kills, {stops} stops", account.verdict(&sent));
}

async fn start() -> Cluster {
    let spec = ClusterSpec::nodes(1)
        .backend(Backend::Process)
        .property("group.initial.rebalance.delay.ms", "0")
        .property("group.consumer.min.heartbeat.interval.ms", "500")
        .property("group.consumer.heartbeat.interval.ms", "1000")
        .property("group.consumer.min.session.timeout.ms", "6000")
        .property("group.consumer.session.timeout.ms", "6000");
    let cluster = Cluster::start(spec).await.unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).await.unwrap();
    cluster
}

/// Sends until it is told to stop; where each partition ends then.
async fn send(bootstrap: String, stop: Arc<AtomicBool>) -> Vec<i64> {
    let client = Client::new(ClientConfig {
        bootstrap: vec![bootstrap],
        ..Default::default()
    });
    let producer = Producer::new(&client.unwrap(), ProducerConfig::default()).unwrap();
    let mut ends = vec![0; usize::try_from(PARTITIONS).unwrap()];
    let mut partitions = (0..PARTITIONS).cycle();
    while !stop.load(Ordering::SeqCst) {
        let mut deliveries = Vec::with_capacity(BURST);
        for partition in partitions.by_ref().take(BURST) {
            let record = ProducerRecord {
                partition: Some(partition),
                ..ProducerRecord::to(TOPIC, b"a record")
            };
            deliveries.push(producer.send(record).await.unwrap());
        }
        for delivery in deliveries {
            let delivered = delivery.await.unwrap();
            let end = &mut ends[usize::try_from(delivered.partition).unwrap()];
            *end = delivered.offset + 1;
        }
        sleep(PAUSE).await;
    }
    ends
}

/// Waits until all was read.
async fn finish(account: &Account, sent: &[i64]) {
    let deadline = Instant::now() + PATIENCE;
    while account.unread(sent) > 0 {
        assert!(
            Instant::now() < deadline,
            "{} records were never read: {}",
            account.unread(sent),
            account.first_unread(sent),
        );
        sleep(Duration::from_millis(200)).await;
    }
}

/// A task that ends with its owner.
type Reading = JoinHandle<()>;
