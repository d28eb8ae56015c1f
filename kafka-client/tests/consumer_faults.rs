//! What brokers may do to a consumer, made to happen on the embedded broker.
//!
//! Rows of the fault matrix, and the tests that hold them (`unit` stands for tests inside `src/consumer`):
//!
//! | row | here | elsewhere |
//! |---|---|---|
//! | 16 out of range | [`a_stale_out_of_range_is_ignored_after_a_seek`], [`a_replica_nearby_is_read_and_left_when_it_errs`] | `consumer.rs`: `an_offset_out_of_range_is_reset`, `without_a_policy_out_of_range_is_told`, `records_that_the_broker_deleted_are_skipped` |
//! | 17 truncation | `a_truncated_log_…`, `a_truncation_…`, [`epoch_errors_are_waited_out`] | `consumer_offsets.rs`: `what_an_unclean_election_lost_is_noticed` (real Kafka); unit `position::validation`, `state` |
//! | 21 corrupt batches | [`what_cannot_be_read_stops_its_partition_and_no_other`] | `consumer.rs`: `a_corrupt_batch_stops_its_partition_until_a_seek`; unit `chunk`, `records` |
//! | 23 larger than `fetch.max` | | `consumer.rs`: `a_batch_larger_than_the_limits_is_read`, `old_segments_are_read_as_well`; `consumer_memory.rs` |
//! | 24, 25 bombs, caps | [`a_bomb_stops_its_partition_and_names_the_setting`] | unit `chunk`; `kafka-wire`: `records::compression` |
//! | 26 `read_committed` | | `consumer_offsets.rs`: `overlapping_transactions_are_told_apart`, `a_compacted_log_is_read_with_its_gaps` (real Kafka), `what_is_stable_is_the_end`; `consumer.rs`: `of_real_transactions_only_committed_ones_are_read`, `rolled_back_records_…`; unit `isolation` |
//! | 12, 40 commits | [`many_commits_end_with_a_coordinator_that_hangs_up`], [`commits_are_tried_again_while_that_may_help`], [`a_commit_under_a_stale_epoch_goes_out_again_under_the_next`] | `group.rs`: `closing_does_not_wait_for_a_coordinator_that_is_gone` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    reason = "test code: a failure is a failed test; not every test uses all of the support"
)]

#[path = "consuming/support.rs"]
mod support;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use kafka_client::{
    Client, ClientConfig, Compression, Consumer, ConsumerConfig, Error, ErrorCode, Event,
    OffsetAndMetadata, OffsetReset, Start, TopicPartition,
};
use kafka_testcontainers::embedded::{Control, Seen};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use kafka_wire::ApiKey;
use kafka_wire::messages::fetch::{
    FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use kafka_wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderTopicResult,
};
use kafka_wire::records::{BatchBuilder, NewRecord, stamp_base_offset};
use tokio::time::{Instant, timeout};

use support::*;

async fn embedded(nodes: usize) -> Cluster {
    start(ClusterSpec::nodes(nodes).backend(Backend::Embedded)).await
}

fn no_policy() -> ConsumerConfig {
    ConsumerConfig {
        reset: OffsetReset::Fail,
        ..Default::default()
    }
}

fn partition_error(event: Result<Event, Error>) -> Option<(TopicPartition, Error)> {
    match event.unwrap() {
        Event::PartitionError { partition, error } => Some((partition, error)),
        _ => None,
    }
}

/// The answer to a fetch in which each partition that was named gets what `data` says of it.
fn fetch_answer(seen: &Seen<'_>, data: impl Fn(i32, i64) -> PartitionData) -> Option<Control> {
    let request = seen
        .is::<FetchRequest>()
        .then(|| seen.request::<FetchRequest>());
    let request = request?.unwrap();
    if request.topics.is_empty() {
        return None;
    }
    let responses = request.topics.iter().map(|topic| FetchableTopicResponse {
        topic: topic.topic.clone(),
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|one| PartitionData {
                partition_index: one.partition,
                ..data(one.partition, one.fetch_offset)
            })
            .collect(),
    });
    let answer = FetchResponse {
        responses: responses.collect(),
        ..Default::default()
    };
    Some(seen.answer::<FetchRequest>(&answer).unwrap())
}

/// A consumer that has read records 0 to 9 of a topic, of which the last five are gone since; 20 and 21 are in their place.
async fn truncated(topic: &str, config: ConsumerConfig) -> (Cluster, Consumer) {
    let cluster = embedded(1).await;
    cluster.create_topic(topic, 1, 1).await.unwrap();
    let partition = tp(topic, 0);
    let mut consumer = truncate(&cluster, &partition, config, |_| {}).await;
    consumer.poll(Duration::ZERO).await.ok();
    (cluster, consumer)
}

async fn truncate(
    cluster: &Cluster,
    partition: &TopicPartition,
    config: ConsumerConfig,
    before: impl FnOnce(&Cluster),
) -> Consumer {
    let writer = client(cluster);
    write(&writer, partition, 0..5).await;
    write(&writer, partition, 5..10).await;
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&client(cluster), config, &start);
    assert_eq!(read(&mut consumer, 10).await[partition], expected(0, 0..10));
    before(cluster);
    let broker = cluster.embedded().unwrap();
    assert_eq!(broker.truncate(&partition.topic, 0, 5), Some(5));
    write(&client(cluster), partition, 20..22).await;
    consumer
}

#[tokio::test]
async fn a_truncated_log_is_read_from_where_it_is_the_same() {
    let (cluster, mut consumer) = truncated("cut", earliest()).await;
    let partition = tp("cut", 0);
    assert_eq!(
        read(&mut consumer, 2).await[&partition],
        expected(5, 20..22)
    );
    let asked = ApiKey::OFFSET_FOR_LEADER_EPOCH.0;
    assert!(cluster.embedded().unwrap().requests_seen(asked) > 0);
}

#[tokio::test]
async fn a_truncated_log_stops_its_partition_without_a_policy() {
    let (_cluster, mut consumer) = truncated("cut", no_policy()).await;
    let partition = tp("cut", 0);
    let (stopped, error) = event(&mut consumer, partition_error).await;
    assert_eq!(stopped, partition);
    let Error::Truncated {
        offset,
        leader_epoch,
        common,
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!((offset, leader_epoch, common), (10, Some(0), Some(5)));
    assert_eq!(consumer.position(&partition), Some(10), "it stands still");
    consumer.seek(&partition, common.unwrap());
    assert_eq!(
        read(&mut consumer, 2).await[&partition],
        expected(5, 20..22)
    );
}

/// Says of every place that asks that it is valid.
fn everything_is_valid(seen: &Seen<'_>) -> Control {
    if !seen.is::<OffsetForLeaderEpochRequest>() {
        return Control::Pass;
    }
    let request = seen.request::<OffsetForLeaderEpochRequest>().unwrap();
    let topics = request
        .topics
        .into_iter()
        .map(|topic| OffsetForLeaderTopicResult {
            topic: topic.topic,
            partitions: topic
                .partitions
                .iter()
                .map(|one| EpochEndOffset {
                    partition: one.partition,
                    leader_epoch: one.leader_epoch,
                    end_offset: 1000,
                    ..Default::default()
                })
                .collect(),
        });
    let answer = OffsetForLeaderEpochResponse {
        topics: topics.collect(),
        ..Default::default()
    };
    seen.answer::<OffsetForLeaderEpochRequest>(&answer).unwrap()
}

#[tokio::test]
async fn a_truncation_that_only_the_fetch_tells_is_noticed() {
    let cluster = embedded(1).await;
    cluster.create_topic("told", 1, 1).await.unwrap();
    let partition = tp("told", 0);
    let mut consumer = truncate(&cluster, &partition, no_policy(), |cluster| {
        cluster.embedded().unwrap().control(everything_is_valid);
    })
    .await;
    let (_, error) = event(&mut consumer, partition_error).await;
    assert!(
        matches!(
            error,
            Error::Truncated {
                common: Some(5),
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_truncation_is_noticed_by_who_goes_on_at_a_committed_offset() {
    let cluster = embedded(1).await;
    cluster.create_topic("stored", 1, 1).await.unwrap();
    let partition = tp("stored", 0);
    let config = ConsumerConfig {
        reset: OffsetReset::Fail,
        ..member("stored")
    };
    let mut first = truncate(&cluster, &partition, config.clone(), |_| {}).await;
    let committed = OffsetAndMetadata {
        leader_epoch: Some(0),
        metadata: "so far".into(),
        ..10.into()
    };
    let offsets = [(partition.clone(), committed.clone())];
    first.commit(&offsets).await.unwrap();
    drop(first);
    // Now the offset is inside of the log again, but what was before it is gone.
    let writer = client(&cluster);
    write(&writer, &partition, 22..40).await;
    let start = [(partition.clone(), Start::Committed)];
    let mut second = assigned(&client(&cluster), config.clone(), &start);
    let asked = std::slice::from_ref(&partition);
    assert_eq!(second.committed(asked).await.unwrap(), [Some(committed)]);
    let (_, error) = event(&mut second, partition_error).await;
    assert!(
        matches!(
            error,
            Error::Truncated {
                offset: 10,
                common: Some(5),
                ..
            }
        ),
        "{error:?}"
    );

    // Who says nothing of an epoch reads on.
    let start = [(partition.clone(), Start::Offset(10))];
    let mut third = assigned(&client(&cluster), config, &start);
    assert_eq!(read(&mut third, 15).await[&partition], expected(10, 25..40));
}

#[tokio::test(start_paused = true)]
async fn epoch_errors_are_waited_out() {
    let cluster = embedded(1).await;
    cluster.create_topic("epochs", 1, 1).await.unwrap();
    let partition = tp("epochs", 0);
    write(&client(&cluster), &partition, 0..10).await;
    let mut codes = vec![
        ErrorCode::OFFSET_NOT_AVAILABLE,
        ErrorCode::UNKNOWN_LEADER_EPOCH,
        ErrorCode::FENCED_LEADER_EPOCH,
        ErrorCode::KAFKA_STORAGE_ERROR,
    ];
    cluster.embedded().unwrap().control(move |seen| {
        let Some(code) = codes.last().copied() else {
            return Control::Pass;
        };
        let answer = fetch_answer(seen, |_, _| PartitionData {
            error_code: code,
            ..Default::default()
        });
        if answer.is_some() {
            codes.pop();
        }
        answer.unwrap_or(Control::Pass)
    });
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&client(&cluster), no_policy(), &start);
    assert_eq!(
        read(&mut consumer, 10).await[&partition],
        expected(0, 0..10)
    );
    let fetches = cluster.embedded().unwrap().requests_seen(ApiKey::FETCH.0);
    assert!(fetches >= 5, "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn a_stale_out_of_range_is_ignored_after_a_seek() {
    let cluster = embedded(1).await;
    cluster.create_topic("stale", 1, 1).await.unwrap();
    let partition = tp("stale", 0);
    write(&client(&cluster), &partition, 0..10).await;
    let asked = Arc::new(AtomicBool::new(false));
    let was_asked = asked.clone();
    cluster.embedded().unwrap().control(move |seen| {
        let is_first = seen.is::<FetchRequest>() && !asked.swap(true, Ordering::Relaxed);
        if is_first {
            Control::DelayAnswer(Duration::from_secs(2))
        } else {
            Control::Pass
        }
    });
    let start = [(partition.clone(), Start::Offset(9999))];
    let mut consumer = assigned(&client(&cluster), ConsumerConfig::default(), &start);
    // Polls until the question is on its way.
    while !was_asked.load(Ordering::Relaxed) {
        assert!(
            consumer
                .poll(Duration::from_millis(1))
                .await
                .unwrap()
                .is_none()
        );
    }
    consumer.seek(&partition, 3);
    assert_eq!(read(&mut consumer, 7).await[&partition], expected(3, 3..10));
    assert_eq!(consumer.position(&partition), Some(10));
}

/// Whom a consumer in rack `here` reads from, as the hook of [`near`] sees it.
#[derive(Default)]
struct Racks {
    leader: AtomicUsize,
    replica: AtomicUsize,
    is_spoiled: AtomicBool,
}

/// Has `leader` name `replica` to everybody in rack `here`; while it is spoiled, that does not have what is asked for.
fn near(cluster: &Cluster, leader: i32, replica: i32) -> Arc<Racks> {
    let racks = Arc::new(Racks::default());
    let seen_by = racks.clone();
    cluster.embedded().unwrap().control(move |seen| {
        if !seen.is::<FetchRequest>() {
            return Control::Pass;
        }
        assert_eq!(seen.request::<FetchRequest>().unwrap().rack_id, "here");
        let is_spoiled = seen_by.is_spoiled.load(Ordering::Relaxed);
        if seen.node == replica {
            seen_by.replica.fetch_add(1, Ordering::Relaxed);
            let out_of_range = |_, _| PartitionData {
                error_code: ErrorCode::OFFSET_OUT_OF_RANGE,
                ..Default::default()
            };
            let answer = fetch_answer(seen, out_of_range).filter(|_| is_spoiled);
            return answer.unwrap_or(Control::Pass);
        }
        assert_eq!(seen.node, leader);
        seen_by.leader.fetch_add(1, Ordering::Relaxed);
        if is_spoiled {
            return Control::Pass;
        }
        let named = fetch_answer(seen, |_, _| PartitionData {
            preferred_read_replica: replica,
            high_watermark: 10,
            ..Default::default()
        });
        named.unwrap_or(Control::Pass)
    });
    racks
}

async fn with_rack(topic: &str) -> (Cluster, TopicPartition, Consumer, Arc<Racks>, i32) {
    let cluster = embedded(3).await;
    cluster.create_topic(topic, 1, 3).await.unwrap();
    let partition = tp(topic, 0);
    write(&client(&cluster), &partition, 0..10).await;
    let leader = cluster.embedded().unwrap().leader(topic, 0).unwrap();
    let replica = leader % 3 + 1;
    let racks = near(&cluster, leader, replica);
    let config = ConsumerConfig {
        client_rack: Some("here".into()),
        fetch_max_wait: Duration::from_secs(1),
        ..no_policy()
    };
    let start = [(partition.clone(), Start::Offset(0))];
    let consumer = assigned(&client(&cluster), config, &start);
    (cluster, partition, consumer, racks, replica)
}

#[tokio::test(start_paused = true)]
async fn a_replica_nearby_is_read_and_left_when_it_errs() {
    let (cluster, partition, mut consumer, racks, _) = with_rack("near").await;
    let mut all = read(&mut consumer, 10).await;
    let (leader, replica) = (&racks.leader, &racks.replica);
    assert_eq!(leader.load(Ordering::Relaxed), 1, "it was asked once");
    assert!(replica.load(Ordering::Relaxed) >= 1);

    racks.is_spoiled.store(true, Ordering::Relaxed);
    write(&client(&cluster), &partition, 10..20).await;
    read_more(&mut consumer, &mut all, 20).await;
    assert_eq!(all[&partition], expected(0, 0..20), "nothing was reset");
    assert!(leader.load(Ordering::Relaxed) > 1);
}

#[tokio::test(start_paused = true)]
async fn a_replica_nearby_is_left_when_it_dies_and_after_a_while() {
    let (mut cluster, partition, mut consumer, racks, replica) = with_rack("nearby").await;
    let mut all = read(&mut consumer, 10).await;
    assert_eq!(racks.leader.load(Ordering::Relaxed), 1);
    let age = ClientConfig::default().metadata_max_age;
    let begun = Instant::now();
    while racks.leader.load(Ordering::Relaxed) == 1 {
        assert!(consumer.poll(POLL).await.unwrap().is_none());
        assert!(begun.elapsed() < 2 * age, "the leader was forgotten");
    }
    assert!(begun.elapsed() > age / 2, "it was asked too early");

    racks.is_spoiled.store(true, Ordering::Relaxed);
    cluster.kill(replica).await.unwrap();
    write(&client(&cluster), &partition, 10..20).await;
    read_more(&mut consumer, &mut all, 20).await;
    assert_eq!(all[&partition], expected(0, 0..20));
}

/// Bytes of three records at offset 0.
fn batch() -> BytesMut {
    let mut builder = BatchBuilder::new(1000, 0);
    for value in ["0", "1", "2"] {
        let record = NewRecord {
            value: Some(value.as_bytes()),
            ..NewRecord::default()
        };
        builder.append(record).unwrap();
    }
    let sealed = builder.close(Compression::None).unwrap().seal();
    let mut bytes = BytesMut::from(&sealed[..]);
    stamp_base_offset(&mut bytes, 0, 0);
    bytes
}

#[tokio::test]
async fn what_cannot_be_read_stops_its_partition_and_no_other() {
    // Where the layout of record batches has length, magic, checksum, last offset delta and count.
    let spoiled: [(usize, &[u8]); 9] = [
        (8, &(-5_i32).to_be_bytes()),
        (8, &0_i32.to_be_bytes()),
        (8, &48_i32.to_be_bytes()),
        (16, &[9]),
        (17, &[0, 0, 0, 0]),
        (23, &(-1_i32).to_be_bytes()),
        (57, &0_i32.to_be_bytes()),
        (57, &(-1_i32).to_be_bytes()),
        (57, &i32::MAX.to_be_bytes()),
    ];
    for check_crcs in [true, false] {
        for (place, wrong) in spoiled {
            // Without checksums nobody notices that one is wrong, and a batch may be empty.
            if check_crcs || !(place == 17 || wrong == 0_i32.to_be_bytes()) {
                spoil(place, wrong, check_crcs).await;
            }
        }
    }
}

async fn spoil(place: usize, wrong: &[u8], check_crcs: bool) {
    let cluster = embedded(1).await;
    cluster.create_topic("spoiled", 2, 1).await.unwrap();
    let (bad, good) = (tp("spoiled", 0), tp("spoiled", 1));
    let mut spoiled = batch();
    spoiled[place..place + wrong.len()].copy_from_slice(wrong);
    let (spoiled, fine): (Bytes, Bytes) = (spoiled.freeze(), batch().freeze());
    cluster.embedded().unwrap().control(move |seen| {
        let data = |partition, offset| PartitionData {
            high_watermark: 3,
            records: match (partition, offset) {
                (0, 0) => Some(spoiled.clone()),
                (_, 0) => Some(fine.clone()),
                _ => None,
            },
            ..Default::default()
        };
        fetch_answer(seen, data).unwrap_or(Control::Pass)
    });
    let config = ConsumerConfig {
        check_crcs,
        fetch_max_wait: Duration::from_millis(50),
        ..no_policy()
    };
    let start = [
        (bad.clone(), Start::Offset(0)),
        (good.clone(), Start::Offset(0)),
    ];
    let mut consumer = assigned(&client(&cluster), config, &start);
    let (mut seen, mut error) = (Read::new(), None);
    let both = async {
        while error.is_none() || count_of(&seen, &good) < 3 {
            match consumer.poll(POLL).await.unwrap() {
                Some(Event::PartitionError {
                    partition,
                    error: told,
                }) => {
                    assert_eq!(partition, bad);
                    error = Some(told);
                }
                // Of a batch that claims more records than it has, some can be read.
                Some(Event::Records(records)) if *records.topic_partition() == bad => {
                    assert!(records.iter().any(|record| record.is_err()));
                }
                Some(event) => keep(event, &mut seen),
                None => {}
            }
        }
    };
    let case = format!("{wrong:?} at {place}, checksums: {check_crcs}");
    assert!(timeout(LIMIT, both).await.is_ok(), "{case}: {error:?}");
    assert!(
        matches!(error, Some(Error::Records { .. })),
        "{case}: {error:?}"
    );
    assert_eq!(seen[&good], expected(0, 0..3), "{case}");
    assert!(consumer.position(&bad).unwrap() < 3, "{case}");
}

fn count_of(read: &Read, partition: &TopicPartition) -> usize {
    read.get(partition).map_or(0, Vec::len)
}

#[tokio::test]
async fn a_bomb_stops_its_partition_and_names_the_setting() {
    let codecs = [
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    let cluster = embedded(1).await;
    for codec in codecs {
        let topic = format!("bomb-{codec:?}").to_lowercase();
        cluster.create_topic(&topic, 2, 1).await.unwrap();
        let (bad, good) = (tp(&topic, 0), tp(&topic, 1));
        let client = client(&cluster);
        bomb(&client, &bad, codec).await;
        write(&client, &bad, 0..3).await;
        write(&client, &good, 0..3).await;
        let small = ConsumerConfig {
            max_decompressed_bytes: 50_000,
            ..earliest()
        };
        let start = [
            (bad.clone(), Start::Earliest),
            (good.clone(), Start::Earliest),
        ];
        let mut consumer = assigned(&client, small, &start);
        let (mut seen, mut error) = (Read::new(), None);
        while error.is_none() || count_of(&seen, &good) < 3 {
            match consumer.poll(LIMIT).await.unwrap().expect("an event") {
                Event::PartitionError {
                    partition,
                    error: told,
                } => {
                    assert_eq!(partition, bad);
                    error = Some(told);
                }
                event => keep(event, &mut seen),
            }
        }
        let error = error.unwrap();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause.contains("max_decompressed_bytes"),
            "{codec:?}: {cause}"
        );
        assert_eq!(consumer.position(&bad), Some(0));
        // The way out that the error names.
        assert!(error.to_string().contains("seek"), "{error}");
        consumer.seek(&bad, 1);
        assert_eq!(read(&mut consumer, 3).await[&bad], expected(1, 0..3));
    }
}

/// One record of a megabyte that compresses well.
async fn bomb(client: &Client, partition: &TopicPartition, compression: Compression) {
    use kafka_client::{Producer, ProducerConfig, ProducerRecord};
    let config = ProducerConfig {
        compression,
        max_request_size: 4 << 20,
        ..Default::default()
    };
    let producer = Producer::new(client, config).unwrap();
    let value = vec![b'x'; 900_000];
    let record = ProducerRecord {
        partition: Some(partition.partition),
        ..ProducerRecord::to(&partition.topic, &value)
    };
    producer.send(record).await.unwrap().await.unwrap();
}

/// Answers commits with `code`, each partition alike.
fn refuse_commit(seen: &Seen<'_>, code: ErrorCode) -> Control {
    let request = seen.request::<OffsetCommitRequest>().unwrap();
    let topics = request
        .topics
        .into_iter()
        .map(|topic| OffsetCommitResponseTopic {
            name: topic.name,
            topic_id: topic.topic_id,
            partitions: topic
                .partitions
                .iter()
                .map(|one| OffsetCommitResponsePartition {
                    partition_index: one.partition_index,
                    error_code: code,
                })
                .collect(),
        });
    let answer = OffsetCommitResponse {
        topics: topics.collect(),
        ..Default::default()
    };
    seen.answer::<OffsetCommitRequest>(&answer).unwrap()
}

#[tokio::test(start_paused = true)]
async fn many_commits_end_with_a_coordinator_that_hangs_up() {
    const COMMITS: i64 = 20_000;
    let cluster = embedded(1).await;
    cluster.create_topic("many", 1, 1).await.unwrap();
    let partition = tp("many", 0);
    write(&client(&cluster), &partition, 0..10).await;
    let hangs_up = Arc::new(AtomicBool::new(true));
    let still = hangs_up.clone();
    cluster.embedded().unwrap().control(move |seen| {
        if seen.is::<OffsetCommitRequest>() && still.load(Ordering::Relaxed) {
            Control::Close
        } else {
            Control::Pass
        }
    });
    let start = [(partition.clone(), Start::Earliest)];
    let client = client(&cluster);
    let mut consumer = assigned(&client, member("many"), &start);
    let begun = Instant::now();
    let commits = (0..COMMITS).map(|offset| consumer.commit_async(&[(partition.clone(), offset)]));
    let commits: Vec<_> = commits.collect();
    let mut outcomes = join_all(commits);
    // A coordinator that hangs up stops no fetch, and an unknown answer moves no position.
    let records = tokio::select! {
        outcomes = &mut outcomes => panic!("ended early: {:?}", outcomes.last()),
        records = read(&mut consumer, 10) => records,
    };
    assert_eq!(records[&partition], expected(0, 0..10));
    let outcomes = outcomes.await;
    let limit = ClientConfig::default().request_timeout;
    assert!(
        begun.elapsed() <= limit + Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert!(outcomes.iter().all(Result::is_err), "{:?}", outcomes.last());
    assert_eq!(consumer.position(&partition), Some(10));
    let asked = || {
        cluster
            .embedded()
            .unwrap()
            .requests_seen(ApiKey::OFFSET_COMMIT.0)
    };
    assert!(asked() < 1000, "they go together: {}", asked());

    hangs_up.store(false, Ordering::Relaxed);
    let before = asked();
    for offset in 0..COMMITS {
        // Nobody waits for these.
        drop(consumer.commit_async(&[(partition.clone(), offset % 7)]));
    }
    consumer.commit(&[(partition.clone(), 9)]).await.unwrap();
    assert!(asked() - before <= 3, "{}", asked() - before);
    let broker = cluster.embedded().unwrap();
    assert_eq!(
        broker.committed("many", "many", 0),
        Some(9),
        "the last one stays"
    );
}

#[tokio::test(start_paused = true)]
async fn commits_are_tried_again_while_that_may_help() {
    let cluster = embedded(1).await;
    cluster.create_topic("again", 1, 1).await.unwrap();
    let partition = tp("again", 0);
    let client = client(&cluster);
    client.partition_count("again").await.unwrap();
    for code in [
        ErrorCode::STALE_MEMBER_EPOCH,
        ErrorCode::UNSTABLE_OFFSET_COMMIT,
        ErrorCode::REBALANCE_IN_PROGRESS,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode::NOT_COORDINATOR,
        ErrorCode::REQUEST_TIMED_OUT,
    ] {
        let refusals = Arc::new(AtomicU32::new(0));
        let refused = refusals.clone();
        cluster.embedded().unwrap().control(move |seen| {
            let is_commit = seen.is::<OffsetCommitRequest>();
            if is_commit && refused.fetch_add(1, Ordering::Relaxed) < 3 {
                refuse_commit(seen, code)
            } else {
                Control::Pass
            }
        });
        let start = [(partition.clone(), Start::Earliest)];
        let mut consumer = assigned(&client, member("again"), &start);
        let offset = i64::from(code.0);
        consumer
            .commit(&[(partition.clone(), offset)])
            .await
            .unwrap();
        assert_eq!(refusals.load(Ordering::Relaxed), 4, "{code}");
        let broker = cluster.embedded().unwrap();
        assert_eq!(
            broker.committed("again", "again", 0),
            Some(offset),
            "{code}"
        );

        refusals.store(0, Ordering::Relaxed);
        let asked = std::slice::from_ref(&partition);
        let stored = consumer.committed(asked).await.unwrap();
        assert_eq!(stored, [Some(offset.into())]);
    }
}

#[tokio::test(start_paused = true)]
async fn of_commits_that_go_together_each_hears_of_its_own() {
    let cluster = embedded(1).await;
    cluster.create_topic("each", 2, 1).await.unwrap();
    let client = client(&cluster);
    client.partition_count("each").await.unwrap();
    let mut first = true;
    cluster.embedded().unwrap().control(move |seen| {
        let is_first = seen.is::<OffsetCommitRequest>() && std::mem::take(&mut first);
        if is_first {
            // Time for others to come together behind it.
            Control::DelayAnswer(Duration::from_secs(1))
        } else {
            Control::Pass
        }
    });
    let start = [(tp("each", 0), Start::Earliest)];
    let mut consumer = assigned(&client, member("each"), &start);
    let ahead = consumer.commit_async(&[(tp("each", 0), 1)]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let good = consumer.commit_async(&[(tp("each", 1), 5)]);
    let bad = consumer.commit_async(&[(tp("each", 7), 5)]);
    ahead.await.unwrap();
    good.await.unwrap();
    let error = bad.await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    let broker = cluster.embedded().unwrap();
    assert_eq!(broker.committed("each", "each", 1), Some(5));
}

#[tokio::test]
async fn a_commit_under_a_stale_epoch_goes_out_again_under_the_next() {
    let spec = ClusterSpec::nodes(1).backend(Backend::Embedded);
    let cluster = start(spec.property("group.initial.rebalance.delay.ms", "0")).await;
    cluster.create_topic("epoch", 2, 1).await.unwrap();
    let client = client(&cluster);
    let epochs = Arc::new(Mutex::new(Vec::new()));
    let seen_epochs = epochs.clone();
    cluster.embedded().unwrap().control(move |seen| {
        if !seen.is::<OffsetCommitRequest>() {
            return Control::Pass;
        }
        let request = seen.request::<OffsetCommitRequest>().unwrap();
        let epoch = request.generation_id_or_member_epoch;
        let mut epochs = seen_epochs.lock().unwrap();
        epochs.push(epoch);
        if epochs.first() == Some(&epoch) {
            refuse_commit(seen, ErrorCode::STALE_MEMBER_EPOCH)
        } else {
            Control::Pass
        }
    });
    let subscribed = || {
        let mut consumer = Consumer::new(&client, member("epoch")).unwrap();
        consumer.subscribe(["epoch".to_owned()]);
        consumer
    };
    let mut first = subscribed();
    event(&mut first, |event| match event.unwrap() {
        Event::Assigned(_) => Some(()),
        _ => None,
    })
    .await;
    let mut commit = first.commit_async(&[(tp("epoch", 0), 5)]);
    // Another member makes for another epoch.
    let mut second = subscribed();
    let committed = async {
        loop {
            tokio::select! {
                outcome = &mut commit => return outcome,
                event = first.poll(POLL) => drop(event.unwrap()),
                event = second.poll(POLL) => drop(event.unwrap()),
            }
        }
    };
    timeout(LIMIT, committed).await.expect("in time").unwrap();
    let epochs = epochs.lock().unwrap();
    assert!(
        epochs.is_sorted() && epochs[0] < *epochs.last().unwrap(),
        "{epochs:?}"
    );
    let broker = cluster.embedded().unwrap();
    assert_eq!(broker.committed("epoch", "epoch", 0), Some(5));
}
