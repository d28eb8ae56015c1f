use std::pin::Pin;
use std::time::Duration;

use kafka_wire::Uuid;

use super::*;
use crate::cluster::metadata;
use crate::producer::batch::Batch;
use crate::producer::delivery::Outcome;
use crate::producer::lane::{Patience, Take};
use crate::producer::sequence::Identity;

const WHO: Option<Identity> = Some(Identity { id: 7, epoch: 0 });

fn accumulator(leaders: &[Option<i32>], config: &ProducerConfig) -> Accumulator {
    let accumulator = Accumulator::new(config, false);
    assert!(accumulator.put_topic(&topic(leaders)));
    accumulator
}

fn topic(leaders: &[Option<i32>]) -> metadata::Topic {
    let partition = |leader: &Option<i32>| metadata::Partition {
        leader: *leader,
        leader_epoch: 0,
    };
    metadata::Topic {
        told_in: 1,
        name: "orders".into(),
        id: Uuid([1; 16]),
        error: kafka_wire::ErrorCode::NONE,
        partitions: leaders.iter().map(partition).collect(),
    }
}

fn send(accumulator: &Accumulator, record: ProducerRecord<'_>) -> Delivery {
    accumulator.append(&record, None).unwrap()
}

fn keyless(accumulator: &Accumulator) -> i32 {
    send(accumulator, ProducerRecord::to("orders", b"value")).partition()
}

fn refused(accumulator: &Accumulator, record: ProducerRecord<'_>) -> SendErrorKind {
    match accumulator.append(&record, None) {
        Err(Refusal::Failed(error)) => error.kind,
        other => panic!("not refused: {other:?}"),
    }
}

/// Sends what the partition has, as the sender would.
fn drain(accumulator: &Accumulator, partition: i32) -> Batch {
    let id = usize::try_from(partition).unwrap();
    let partition = accumulator.partition(id).unwrap();
    let take = partition
        .lane()
        .take(1, Instant::now(), Patience::None, WHO);
    match take {
        Take::Batch(batch) => batch,
        other => panic!("no batch: {other:?}"),
    }
}

#[test]
fn records_without_a_key_fill_one_batch_after_the_other_from_the_lowest_partition_up() {
    let accumulator = accumulator(
        &[Some(1), Some(1), None, Some(1)],
        &ProducerConfig::default(),
    );
    assert_eq!([(); 3].map(|()| keyless(&accumulator)), [0, 0, 0]);
    drain(&accumulator, 0);
    assert_eq!([(); 2].map(|()| keyless(&accumulator)), [1, 1]);
    drain(&accumulator, 1);
    assert_eq!(keyless(&accumulator), 3, "2 has no leader");
    drain(&accumulator, 3);
    assert_eq!(keyless(&accumulator), 0);
}

#[test]
fn a_full_batch_passes_the_turn_on_too() {
    let config = ProducerConfig {
        batch_records: Some(2),
        ..Default::default()
    };
    let accumulator = accumulator(&[Some(1); 3], &config);
    let partitions = [(); 7].map(|()| keyless(&accumulator));
    assert_eq!(partitions, [0, 0, 1, 1, 2, 2, 0]);
}

#[test]
fn keys_and_explicit_partitions_decide_for_themselves() {
    let accumulator = accumulator(&[Some(1); 5], &ProducerConfig::default());
    let mut record = ProducerRecord::to("orders", b"value");
    record.key = Some(b"21");
    let by_key = send(&accumulator, record).partition();
    assert_eq!(send(&accumulator, record).partition(), by_key);
    record.partition = Some(3);
    assert_eq!(send(&accumulator, record).partition(), 3);
}

#[test]
fn a_partition_that_does_not_exist_is_refused_with_their_number() {
    let accumulator = accumulator(&[Some(1); 2], &ProducerConfig::default());
    for partition in [2, -1] {
        let record = ProducerRecord {
            partition: Some(partition),
            ..ProducerRecord::to("orders", b"value")
        };
        let kind = refused(&accumulator, record);
        assert_eq!(kind, SendErrorKind::Partition { partitions: 2 });
    }
}

#[test]
fn a_record_that_is_too_large_fails_alone_with_size_and_limit() {
    let config = ProducerConfig {
        max_request_size: 20_000,
        ..Default::default()
    };
    let accumulator = accumulator(&[Some(1)], &config);
    let kind = refused(&accumulator, ProducerRecord::to("orders", &vec![0; 20_000]));
    let SendErrorKind::TooLarge { size, limit } = kind else {
        panic!("{kind:?}");
    };
    assert!(size > 20_000 && limit == 20_000);
    assert_eq!(keyless(&accumulator), 0);
    assert_eq!(accumulator.records(), 1);
}

#[test]
fn without_memory_the_record_is_not_taken_and_the_bytes_it_needs_are_told() {
    let config = ProducerConfig {
        buffer_memory: 16 << 10,
        ..Default::default()
    };
    let accumulator = accumulator(&[Some(1); 2], &config);
    let record = |partition| ProducerRecord {
        partition: Some(partition),
        ..ProducerRecord::to("orders", &[0; 9000])
    };
    drop(send(&accumulator, record(0)));
    let Err(Refusal::NoMemory(bytes)) = accumulator.append(&record(1), None) else {
        panic!("there is no memory");
    };
    assert!(bytes > 9000);
    assert_eq!(accumulator.records(), 1);

    let batch = drain(&accumulator, 0);
    let written = Outcome::Written {
        base_offset: 0,
        log_append_ms: None,
    };
    accumulator.settle(&accumulator.partition(0).unwrap(), batch, written);
    drop(send(&accumulator, record(1)));
}

#[test]
fn the_sender_hears_of_a_batch_twice_and_of_records_never() {
    let config = ProducerConfig {
        batch_records: Some(100),
        ..Default::default()
    };
    let accumulator = accumulator(&[Some(1)], &config);
    keyless(&accumulator);
    assert_eq!(accumulator.take_notices().len(), 1, "a batch was started");
    accumulator.partition(0).unwrap().lane().listed = false;
    for _ in 1..99 {
        keyless(&accumulator);
    }
    assert!(accumulator.take_notices().is_empty());
    keyless(&accumulator);
    assert_eq!(accumulator.take_notices().len(), 1, "it is full");
}

#[test]
fn a_topic_that_grows_keeps_its_batches_and_its_turn() {
    let accumulator = accumulator(&[Some(1)], &ProducerConfig::default());
    keyless(&accumulator);
    assert!(accumulator.put_topic(&topic(&[Some(1), Some(1)])));
    assert_eq!(keyless(&accumulator), 0, "the same batch");
    drain(&accumulator, 0);
    assert_eq!(keyless(&accumulator), 1);
    let numbers: Vec<_> = accumulator
        .partitions()
        .iter()
        .map(|p| (p.id, p.number))
        .collect();
    assert_eq!(numbers, [(0, 0), (1, 1)]);
}

#[test]
fn leaders_are_followed() {
    let accumulator = accumulator(&[Some(1), None], &ProducerConfig::default());
    let answer = |leader_id| kafka_wire::messages::metadata::MetadataResponse {
        topics: vec![kafka_wire::messages::metadata::MetadataResponseTopic {
            name: Some("orders".into()),
            topic_id: Uuid([1; 16]),
            partitions: [1, leader_id]
                .into_iter()
                .zip(0..)
                .map(|(leader_id, partition_index)| {
                    kafka_wire::messages::metadata::MetadataResponsePartition {
                        leader_id,
                        partition_index,
                        ..Default::default()
                    }
                })
                .collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let metadata = metadata::Metadata::default().merged(&answer(2));
    let moved = accumulator.follow(&metadata);
    assert_eq!(moved.len(), 1);
    assert_eq!((moved[0].number, moved[0].leader()), (1, Some(2)));
    assert!(accumulator.follow(&metadata).is_empty());
}

#[test]
fn after_the_end_records_are_refused_and_what_was_there_has_failed() {
    let accumulator = accumulator(&[Some(1)], &ProducerConfig::default());
    let delivery = send(&accumulator, ProducerRecord::to("orders", b"value"));
    accumulator.finish();
    assert!(delivery.is_done());
    assert_eq!((accumulator.records(), accumulator.lost()), (0, 1));
    assert_eq!(accumulator.memory.used(), 0);
    let kind = refused(&accumulator, ProducerRecord::to("orders", b"value"));
    assert_eq!(kind, SendErrorKind::Closed);
    assert!(!accumulator.put_topic(&topic(&[Some(1)])));
}

#[test]
fn a_flush_makes_batches_ready_and_tells_what_to_wait_for() {
    let accumulator = accumulator(&[Some(1); 3], &ProducerConfig::default());
    for partition in [0, 2] {
        let record = ProducerRecord {
            partition: Some(partition),
            ..ProducerRecord::to("orders", b"value")
        };
        drop(send(&accumulator, record));
    }
    assert_eq!(accumulator.flush().len(), 2);
    let ready = |id| accumulator.partition(id).unwrap().lane().ready_count();
    assert_eq!([0, 1, 2].map(ready), [1, 0, 1]);
}

/// Where `count` records of a hundred bytes go, one after the other.
fn places(accumulator: &Accumulator, count: usize, key: Option<&[u8]>) -> Vec<i32> {
    let mut record = ProducerRecord::to("orders", &[0; 80]);
    record.key = key;
    let places = (0..count).map(|_| send(accumulator, record).partition());
    places.collect()
}

fn sticky(leaders: &[Option<i32>], keyless: Keyless) -> Accumulator {
    let config = ProducerConfig {
        keyless,
        batch_size: 1000,
        ..Default::default()
    };
    accumulator(leaders, &config)
}

/// The lengths of runs of equal numbers, and the numbers.
fn runs(places: &[i32]) -> Vec<(usize, i32)> {
    let runs = places.chunk_by(|a, b| a == b);
    runs.map(|run| (run.len(), run[0])).collect()
}

#[test]
fn records_stick_to_a_partition_for_about_a_batch_and_all_get_their_share() {
    fastrand::seed(7);
    let accumulator = sticky(&[Some(1), Some(1), None, Some(1)], Keyless::RANDOM);
    let places = places(&accumulator, 3000, None);
    let runs = runs(&places);
    for (length, _) in &runs[..runs.len() - 1] {
        assert!(*length >= 8, "{runs:?}");
    }
    for partition in [0, 1, 3] {
        let share = places.iter().filter(|place| **place == partition).count();
        assert!((700..1300).contains(&share), "{partition} got {share}");
    }
    assert!(!places.contains(&2), "it has no leader");
}

#[test]
fn a_partition_whose_batches_wait_gets_fewer() {
    fastrand::seed(7);
    let accumulator = sticky(&[Some(1), Some(1)], Keyless::JAVA);
    let record = ProducerRecord {
        partition: Some(0),
        ..ProducerRecord::to("orders", &[0; 900])
    };
    for _ in 0..50 {
        drop(send(&accumulator, record));
    }
    let places = places(&accumulator, 200, None);
    let slow = places.iter().filter(|place| **place == 0).count();
    assert!(slow < 50, "{slow} of 200");
}

#[test]
fn a_partition_whose_batches_have_waited_too_long_gets_none() {
    let timeout = Duration::from_secs(1);
    let keyless = Keyless::Sticky {
        adaptive: false,
        availability_timeout: timeout,
    };
    let accumulator = sticky(&[Some(1), Some(1)], keyless);
    let record = ProducerRecord {
        partition: Some(0),
        ..ProducerRecord::to("orders", &[0; 2000])
    };
    drop(send(&accumulator, record));
    let topics = accumulator.topics.load();
    let topic = &topics["orders"];
    let later = Instant::now() + timeout * 2;
    for _ in 0..50 {
        assert_eq!(topic.choose(keyless, later), 1);
    }
    let record = ProducerRecord {
        partition: Some(1),
        ..record
    };
    drop(send(&accumulator, record));
    let chosen: Vec<_> = (0..50).map(|_| topic.choose(keyless, later)).collect();
    assert!(chosen.contains(&0) && chosen.contains(&1), "all wait");
}

#[test]
fn without_leaders_records_stick_to_something_all_the_same() {
    let accumulator = sticky(&[None, None], Keyless::JAVA);
    assert_eq!(runs(&places(&accumulator, 5, None)).len(), 1);
}

#[test]
fn round_robin_sends_each_record_elsewhere() {
    let config = ProducerConfig {
        partitioner: Partitioner::RoundRobin,
        ..Default::default()
    };
    let accumulator = accumulator(&[Some(1), None, Some(1), Some(1)], &config);
    let places = places(&accumulator, 8, Some(b"key"));
    assert_eq!(places, [0, 2, 3, 0, 2, 3, 0, 2], "1 has no leader");
}

#[test]
fn keys_that_are_ignored_keep_nothing_together() {
    let config = ProducerConfig {
        ignore_keys: true,
        batch_records: Some(1),
        ..Default::default()
    };
    let accumulator = accumulator(&[Some(1); 3], &config);
    assert_eq!(places(&accumulator, 4, Some(b"key")), [0, 1, 2, 0]);
}

/// Looks at the counters when it is woken.
struct Look(Accumulator, AtomicUsize);

impl std::task::Wake for Look {
    fn wake(self: Arc<Self>) {
        let written = self.0.stats().total.records_written;
        self.1
            .store(usize::try_from(written).unwrap(), Ordering::SeqCst);
    }
}

#[test]
fn whoever_is_told_of_a_record_finds_it_counted() {
    let accumulator = accumulator(&[Some(1)], &ProducerConfig::default());
    let look = Arc::new(Look(accumulator, AtomicUsize::new(0)));
    let accumulator = &look.0;
    let mut delivery = send(accumulator, ProducerRecord::to("orders", b"value"));
    let batch = drain(accumulator, 0);
    let waker = std::task::Waker::from(look.clone());
    let mut context = std::task::Context::from_waker(&waker);
    assert!(Pin::new(&mut delivery).poll(&mut context).is_pending());
    let written = Outcome::Written {
        base_offset: 0,
        log_append_ms: None,
    };
    accumulator.settle(&accumulator.partition(0).unwrap(), batch, written);
    assert_eq!(look.1.load(Ordering::SeqCst), 1);
}

/// An accumulator that knows six topics, of which the last has been sent to last.
fn six(now: Instant) -> (Accumulator, metadata::Topic) {
    let accumulator = Accumulator::new(&ProducerConfig::default(), false);
    let mut last = topic(&[Some(1), Some(1)]);
    for name in ["a", "b", "c", "d", "e", "f"] {
        last.name = name.into();
        assert!(accumulator.put_topic(&last));
    }
    let record = ProducerRecord {
        partition: Some(1),
        ..ProducerRecord::to("f", b"value")
    };
    drop(send(&accumulator, record));
    let id = accumulator.stats().topics.len() * 2 - 1;
    let partition = accumulator.partition(id).unwrap();
    let take = partition.lane().take(1, now, Patience::None, WHO);
    let Take::Batch(mut batch) = take else {
        panic!("no batch");
    };
    partition.lane().written(&mut batch);
    let written = Outcome::Written {
        base_offset: 0,
        log_append_ms: None,
    };
    accumulator.settle(&partition, batch, written);
    (accumulator, last)
}

fn names(accumulator: &Accumulator) -> Vec<String> {
    let topics = accumulator.stats().topics;
    topics.keys().map(ToString::to_string).collect()
}

const IDLE: Duration = Duration::from_mins(5);

#[test]
fn topics_that_nobody_sends_to_are_forgotten_but_for_the_first_few() {
    let now = Instant::now();
    let (accumulator, _) = six(now + IDLE / 2);
    assert!(accumulator.may_forget());
    assert!(accumulator.forget(IDLE, now + IDLE / 4).is_empty());
    assert_eq!(accumulator.forget(IDLE, now + IDLE + IDLE / 4), [8, 9]);
    assert_eq!(names(&accumulator), ["a", "b", "c", "d", "f"]);
    assert_eq!(accumulator.forget(IDLE, now + IDLE * 2), [10, 11]);
    assert_eq!(names(&accumulator), ["a", "b", "c", "d"]);
    assert_eq!(accumulator.partitions().len(), 8);
    assert!(!accumulator.may_forget());
    let total = accumulator.stats().total;
    assert_eq!((total.records_written, total.records_queued), (1, 0));
}

#[test]
fn a_topic_with_records_is_not_forgotten_and_takes_more() {
    let now = Instant::now();
    let (accumulator, _) = six(now);
    drop(send(&accumulator, ProducerRecord::to("f", b"value")));
    assert_eq!(accumulator.forget(IDLE, now + IDLE * 2), [8, 9]);
    drop(send(&accumulator, ProducerRecord::to("f", b"value")));
    assert_eq!(accumulator.stats().topics["f"].total.records_queued, 2);
}

#[test]
fn a_topic_that_is_found_again_goes_on_with_its_numbers() {
    let now = Instant::now();
    let (accumulator, last) = six(now);
    let stale = accumulator.partition(11).unwrap();
    accumulator.forget(IDLE, now + IDLE * 2);
    assert!(stale.lane().is_retired());
    let record = ProducerRecord {
        partition: Some(1),
        ..ProducerRecord::to("f", b"value")
    };
    assert!(matches!(
        accumulator.append(&record, None),
        Err(Refusal::NoTopic)
    ));
    assert!(accumulator.put_topic(&last));
    drop(send(&accumulator, record));
    let partition = accumulator.partition(13).expect("ids are not used again");
    let take = partition.lane().take(1, now, Patience::None, WHO);
    let Take::Batch(batch) = take else {
        panic!("no batch");
    };
    let stamp = batch.stamp.unwrap();
    assert_eq!((stamp.epoch, stamp.base_sequence), (0, 1));
}
