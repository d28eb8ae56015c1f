//! The producer in a thousand bad days: each seed makes up a cluster, a configuration and what goes wrong, and the history checker judges
//! what became of every record.
//!
//! Time is tokio's paused clock: waits cost nothing, so that minutes of retries pass in milliseconds. One seed again, with a log:
//! `SIMULATION_SEED=42 cargo test -p kafka-client --test simulation -- --nocapture`; other numbers of seeds with `SIMULATION_SEEDS`.
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

use std::num::NonZeroU8;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use history::{History, Order, stored};
use kafka_client::{Client, ClientConfig, Compression, Producer, ProducerConfig};
use kafka_testcontainers::embedded::{Broker, Config, Control, Seen};
use kafka_wire::ErrorCode;
use kafka_wire::messages::find_coordinator::FindCoordinatorRequest;
use kafka_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_wire::messages::metadata::MetadataRequest;
use kafka_wire::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use kafka_wire::records::{CrcCheck, RecordBatch};

const TOPIC: &str = "orders";
const NODES: i32 = 3;
const SEEDS: u64 = 1000;
/// Rounds of a day; after each, everything is settled.
const ROUNDS: u64 = 6;
/// Records of a round.
const RECORDS: u64 = 60;
const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

#[test]
fn a_thousand_bad_days() {
    let mut told = Day::default();
    for seed in seeds() {
        let day = std::panic::catch_unwind(|| live(seed));
        let day =
            day.unwrap_or_else(|_| panic!("seed {seed}: SIMULATION_SEED={seed} shows it again"));
        told.acked += day.acked;
        told.failed += day.failed;
        told.faults += day.faults;
        told.splits += day.splits;
    }
    println!("{told:?}");
    assert!(
        told.acked > 20 * told.failed,
        "most records arrive: {told:?}"
    );
    assert!(told.splits > 0, "no batch was too large");
}

fn seeds() -> Range<u64> {
    let number = |name| Some(std::env::var(name).ok()?.parse::<u64>().unwrap());
    match (number("SIMULATION_SEED"), number("SIMULATION_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, seeds) => 0..seeds.unwrap_or(SEEDS),
    }
}

/// What became of a day's records.
#[derive(Debug, Default)]
struct Day {
    acked: usize,
    failed: usize,
    faults: usize,
    splits: u64,
}

fn live(seed: u64) -> Day {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(day(seed))
}

async fn day(seed: u64) -> Day {
    // The client's own dice: jitter, and which broker to ask.
    fastrand::seed(seed);
    let mut random = Rng::with_seed(seed);
    let partitions = random.u64(1..=3);
    let count = i32::try_from(partitions).unwrap();
    let broker = cluster(&mut random, count).await;
    let client = client(&broker);
    let config = config(&mut random);
    let mut history = history_within(config.delivery_timeout);
    let producer = Producer::new(&client, config).unwrap();

    let weather = Arc::new(Weather::new(seed));
    spoil(&broker, &weather);
    for round in 0..ROUNDS {
        weather.is_bad.store(true, Ordering::Relaxed);
        let numbers = round * RECORDS..(round + 1) * RECORDS;
        let sending = history.send(&producer, TOPIC, numbers, partitions);
        let misfortune = misfortune(&broker, &weather, random.fork());
        tokio::select! {
            () = sending => {}
            () = misfortune => unreachable!("misfortune never ends"),
        }
        // A node that is down would be down for ever otherwise.
        mend(&broker).await;
        weather.is_bad.store(false, Ordering::Relaxed);
        producer.flush().await;
        if random.u8(0..4) == 0 {
            // Only producers that are silent for long are forgotten.
            tokio::time::sleep(Duration::from_mins(2)).await;
            broker.expire_producer_ids();
        }
    }
    producer.close(Duration::from_mins(5)).await.ok();
    assert_eq!(producer.buffered_bytes(), 0, "I6: all memory is back");
    history.check(&stored(&broker, TOPIC, count));
    let stats = producer.stats().total;
    let day = Day {
        splits: stats.splits,
        acked: history.acked(),
        failed: history.failed().len(),
        faults: weather.faults(),
    };
    assert_eq!(
        day.acked + day.failed,
        usize::try_from(ROUNDS * RECORDS).unwrap(),
        "I4: every record has its outcome"
    );
    assert_eq!(usize::try_from(stats.records_written).unwrap(), day.acked);
    assert_eq!((stats.records_queued, stats.batches_queued), (0, 0));
    // Numbers have gaps only where a batch was given up. As long as none is, a refusal is not the head batch's fault, and whoever
    // raises the epoch has skipped a number or blamed the wrong batch.
    let epoch = weather.newest_epoch.load(Ordering::Relaxed);
    assert!(
        day.failed > 0 || epoch == 0,
        "epoch {epoch} without a failure"
    );
    client.shutdown().await;
    broker.shutdown();
    day
}

async fn cluster(random: &mut Rng, partitions: i32) -> Broker {
    let mut config = Config::nodes(usize::try_from(NODES).unwrap());
    // Room for any record alone, and for few batches.
    config.message_max_bytes = random.usize(150..500);
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic(TOPIC, partitions, -1).unwrap();
    broker
}

/// A paused clock allows for no more than what is promised.
fn history_within(delivery_timeout: Duration) -> History {
    let limit = delivery_timeout + Duration::from_millis(1);
    History::new(Order::OnceInOrder).resolved_within(limit)
}

fn client(broker: &Broker) -> Client {
    Client::new(ClientConfig {
        bootstrap: broker.bootstrap().split(',').map(str::to_owned).collect(),
        request_timeout: Duration::from_secs(2),
        ..Default::default()
    })
    .unwrap()
}

fn config(random: &mut Rng) -> ProducerConfig {
    ProducerConfig {
        linger: Duration::from_millis(random.u64(0..20)),
        batch_size: random.usize(100..600),
        batch_records: random.bool().then(|| random.u32(1..8)),
        request_timeout: Duration::from_millis(random.u64(500..3000)),
        delivery_timeout: Duration::from_secs(random.u64(5..60)),
        max_attempts: (random.u8(0..8) == 0).then_some(5),
        max_in_flight: random.usize(1..=5),
        retry_backoff: Duration::from_millis(random.u64(1..200)),
        compression: *random.choice(&CODECS).unwrap(),
        connections: NonZeroU8::new(random.u8(1..4)).unwrap(),
        ..Default::default()
    }
}

/// What goes wrong, and whether anything does at present.
struct Weather {
    random: Mutex<Rng>,
    is_bad: AtomicBool,
    faults: Mutex<usize>,
    /// The newest epoch that a batch was sent under.
    newest_epoch: AtomicI16,
}

impl Weather {
    fn new(seed: u64) -> Self {
        Self {
            random: Mutex::new(Rng::with_seed(!seed)),
            is_bad: AtomicBool::new(false),
            faults: Mutex::default(),
            newest_epoch: AtomicI16::new(0),
        }
    }

    fn faults(&self) -> usize {
        *self.faults.lock().unwrap()
    }
}

/// Has the broker drop, delay, refuse and garble from now on, as the weather is.
fn spoil(broker: &Broker, weather: &Arc<Weather>) {
    let weather = weather.clone();
    broker.control(move |seen| {
        if seen.is::<ProduceRequest>() {
            let epoch = newest_epoch(&seen.request::<ProduceRequest>().unwrap());
            weather.newest_epoch.fetch_max(epoch, Ordering::Relaxed);
        }
        if !weather.is_bad.load(Ordering::Relaxed) {
            return Control::Pass;
        }
        let control = fault(seen, &mut weather.random.lock().unwrap());
        if control != Control::Pass {
            *weather.faults.lock().unwrap() += 1;
        }
        control
    });
}

fn newest_epoch(request: &ProduceRequest) -> i16 {
    let topics = request.topic_data.iter();
    let batches = topics.flat_map(|topic| topic.partition_data.iter());
    let epochs = batches.map(|batch| {
        let records = batch.records.as_ref().unwrap();
        let batch = RecordBatch::parse(records, CrcCheck::Verify);
        batch.unwrap().unwrap().header().producer_epoch
    });
    epochs.max().unwrap_or_default()
}

fn fault(seen: &Seen<'_>, random: &mut Rng) -> Control {
    if seen.is::<ProduceRequest>() {
        return produce_fault(seen, random);
    }
    let concerns_us = seen.is::<MetadataRequest>() || seen.is::<FindCoordinatorRequest>();
    match random.u8(0..30) {
        0 if concerns_us => Control::Close,
        1 if concerns_us => Control::Drop,
        2 if concerns_us => Control::DelayAnswer(Duration::from_millis(random.u64(0..3000))),
        0..=5 if seen.is::<InitProducerIdRequest>() => {
            let answer = InitProducerIdResponse {
                error_code: ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
                ..Default::default()
            };
            seen.answer::<InitProducerIdRequest>(&answer).unwrap()
        }
        _ => Control::Pass,
    }
}

fn produce_fault(seen: &Seen<'_>, random: &mut Rng) -> Control {
    let millis = |random: &mut Rng, most| Duration::from_millis(random.u64(0..most));
    match random.u8(0..50) {
        0 => Control::Close,
        1 => Control::PassThenClose,
        2 => Control::PassThenCut(random.usize(0..40)),
        3 => Control::Drop,
        4 => Control::PassThenDrop,
        5 => refuse(seen, ErrorCode::NOT_ENOUGH_REPLICAS),
        6 => refuse(seen, ErrorCode::REQUEST_TIMED_OUT),
        7 => refuse(seen, ErrorCode::NOT_LEADER_OR_FOLLOWER),
        8 => refuse(seen, ErrorCode::KAFKA_STORAGE_ERROR),
        9 => Control::Delay(millis(random, 4000)),
        10 => Control::DelayAnswer(millis(random, 4000)),
        11..=13 => Control::DelayAnswer(millis(random, 50)),
        // The correlation id: of other bytes nobody can tell. Not its last byte either: spoiled, it may be the one before, whose answer was
        // dropped.
        14 => Control::CorruptAt(random.usize(0..3)),
        // A limit that is now here, now there: what is split may be written already.
        15 if random.bool() => refuse(seen, ErrorCode::MESSAGE_TOO_LARGE),
        _ => Control::Pass,
    }
}

/// All partitions of a produce request are refused with `code`; nothing is written.
fn refuse(seen: &Seen<'_>, code: ErrorCode) -> Control {
    let request = seen.request::<ProduceRequest>().unwrap();
    let responses = request.topic_data.into_iter().map(|topic| {
        let partitions = topic.partition_data.into_iter();
        TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            partition_responses: partitions
                .map(|partition| PartitionProduceResponse {
                    index: partition.index,
                    error_code: code,
                    base_offset: -1,
                    ..Default::default()
                })
                .collect(),
        }
    });
    let answer = ProduceResponse {
        responses: responses.collect(),
        ..Default::default()
    };
    seen.answer::<ProduceRequest>(&answer).unwrap()
}

/// Leaders move and nodes die, come back, freeze and thaw, for as long as it is polled.
async fn misfortune(broker: &Broker, weather: &Weather, mut random: Rng) {
    loop {
        tokio::time::sleep(Duration::from_millis(random.u64(1..400))).await;
        let node = random.i32(1..=NODES);
        match random.u8(0..12) {
            0 => {
                // Two of three stay.
                mend(broker).await;
                broker.kill(node).unwrap();
            }
            1 => {
                mend(broker).await;
                broker.pause(node).unwrap();
            }
            2..=4 => mend(broker).await,
            5..=7 => drop(broker.move_leader(TOPIC, random.i32(0..3), node)),
            _ => continue,
        }
        *weather.faults.lock().unwrap() += 1;
    }
}

/// All nodes are up again.
async fn mend(broker: &Broker) {
    for node in 1..=NODES {
        if broker.is_running(node) {
            broker.resume(node).ok();
        } else {
            broker.restart(node).await.unwrap();
        }
    }
}
