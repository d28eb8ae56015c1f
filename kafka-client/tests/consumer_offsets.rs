//! Places in logs, and how a consumer gets there: by time, by age, by what was committed, and what those who read committed see of it.
//! Then the other ways of reading: streams, and topics by a pattern.
//!
//! What any broker can show runs on the backend that `KAFKA_BACKEND` names, on one cluster.

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

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Error, ErrorCode, Event, Isolation,
    OffsetAndMetadata, OffsetReset, Producer, ProducerConfig, ProducerRecord, Record, Start,
    TopicPartition, TransactionConfig, TransactionalProducer,
};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use tokio::time::timeout;

use support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_broker_knows_every_place() {
    let cluster = start(ClusterSpec::nodes(1)).await;
    tokio::join!(
        logs_are_searched_by_time(&cluster),
        a_consumer_goes_to_any_place(&cluster),
        no_record_is_older_than_the_policy_says(&cluster),
        unknown_partitions_are_told(&cluster),
        what_was_committed_comes_back(&cluster),
        what_is_stable_is_the_end(&cluster),
        overlapping_transactions_are_told_apart(&cluster),
        a_stream_gives_what_poll_gives(&cluster),
    );
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Writes a record for each time, in milliseconds since 1970: its number is its value.
async fn write_at(client: &Client, partition: &TopicPartition, times: &[i64]) {
    let producer = Producer::new(client, ProducerConfig::default()).unwrap();
    for (number, time) in times.iter().enumerate() {
        let value = number.to_string();
        let record = ProducerRecord {
            partition: Some(partition.partition),
            timestamp_ms: Some(*time),
            ..ProducerRecord::to(&partition.topic, value.as_bytes())
        };
        producer.send(record).await.unwrap().await.unwrap();
    }
}

async fn logs_are_searched_by_time(cluster: &Cluster) {
    cluster.create_topic("times", 2, 1).await.unwrap();
    let client = client(cluster);
    let (some, none) = (tp("times", 0), tp("times", 1));
    let begin = now_ms();
    let times = [begin, begin + 10, begin + 20];
    write_at(&client, &some, &times).await;
    let consumer = Consumer::new(&client, ConsumerConfig::default()).unwrap();
    let questions = [
        (some.clone(), begin + 1),
        (none.clone(), begin),
        (some.clone(), begin + 20),
    ];
    for (question, expected) in questions.into_iter().zip([Some(1), None, Some(2)]) {
        let found = consumer.offsets_for_times(&[question]).await.unwrap();
        let found = found[0];
        assert_eq!(found.map(|found| found.offset), expected);
        let timestamp = found.map(|found| found.timestamp);
        assert_eq!(timestamp, expected.map(|offset| begin + 10 * offset));
        let epoch = found.map(|found| found.leader_epoch);
        assert_eq!(epoch, expected.map(|_| Some(0)));
    }
    let later = [(some.clone(), begin + 21), (some.clone(), -7)];
    assert_eq!(
        consumer.offsets_for_times(&later[..1]).await.unwrap(),
        [None]
    );
    let first = consumer.offsets_for_times(&later[1..]).await.unwrap();
    assert_eq!(first[0].unwrap().offset, 0, "no time is before the first");

    let both = [none, some];
    assert_eq!(consumer.beginning_offsets(&both).await.unwrap(), [0, 0]);
    assert_eq!(consumer.end_offsets(&both).await.unwrap(), [0, 3]);
    assert_eq!(consumer.end_offsets(&[]).await.unwrap(), [0; 0]);
}

async fn a_consumer_goes_to_any_place(cluster: &Cluster) {
    cluster.create_topic("places", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("places", 0);
    let begin = now_ms();
    let times: Vec<_> = (0..10).map(|number| begin + number * 10).collect();
    write_at(&client, &partition, &times).await;
    let start = [(partition.clone(), Start::Timestamp(begin + 65))];
    let mut consumer = assigned(&client, ConsumerConfig::default(), &start);
    assert_eq!(consumer.lag(&partition), None, "nothing is known yet");
    assert_eq!(read(&mut consumer, 3).await[&partition], expected(7, 7..10));
    assert_eq!(consumer.lag(&partition), Some(0));

    consumer.seek_to_beginning(&partition);
    assert_eq!(consumer.position(&partition), None, "it is looked for");
    assert_eq!(read(&mut consumer, 10).await[&partition].len(), 10);
    consumer.seek_to_timestamp(&partition, begin + 11);
    assert_eq!(read(&mut consumer, 8).await[&partition], expected(2, 2..10));
    consumer.seek_to(
        &partition,
        Start::Position {
            offset: 4,
            leader_epoch: 0,
        },
    );
    assert_eq!(read(&mut consumer, 6).await[&partition], expected(4, 4..10));
    consumer.pause(&partition);
    consumer.seek(&partition, 4);
    assert_eq!(consumer.lag(&partition), Some(6));
    consumer.resume(&partition);

    // Both are the end: nothing is that young.
    for go in [Start::Latest, Start::Timestamp(begin + 1_000_000)] {
        consumer.seek_to(&partition, go);
        let found = async {
            while consumer.position(&partition).is_none() {
                assert!(consumer.poll(POLL).await.unwrap().is_none(), "{go:?}");
            }
        };
        timeout(LIMIT, found).await.unwrap();
        assert_eq!(consumer.position(&partition), Some(10), "{go:?}");
    }
    write(&client, &partition, 10..12).await;
    assert_eq!(
        read(&mut consumer, 2).await[&partition],
        expected(10, 10..12)
    );
}

async fn no_record_is_older_than_the_policy_says(cluster: &Cluster) {
    cluster.create_topic("young", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("young", 0);
    let (now, hour) = (now_ms(), 3_600_000);
    let times = [now - 5 * hour, now - 3 * hour, now - hour, now];
    write_at(&client, &partition, &times).await;
    let policy = |hours| ConsumerConfig {
        reset: OffsetReset::ByDuration(Duration::from_hours(hours)),
        ..Default::default()
    };
    for (hours, first) in [(2, 2), (4, 1), (1_000_000, 0)] {
        // Out of range, and nothing committed: the policy says.
        for begin in [Start::Offset(99), Start::Committed] {
            let start = [(partition.clone(), begin)];
            let mut consumer = assigned(&client, policy(hours), &start);
            let count = usize::try_from(4 - first).unwrap();
            let read = read(&mut consumer, count).await;
            assert_eq!(read[&partition], expected(first.into(), first..4));
        }
    }
}

async fn unknown_partitions_are_told(cluster: &Cluster) {
    cluster.create_topic("known", 1, 1).await.unwrap();
    let impatient = Client::new(ClientConfig {
        bootstrap: vec![cluster.bootstrap()],
        request_timeout: Duration::from_secs(10),
        allow_auto_topic_creation: false,
        ..Default::default()
    });
    let consumer = Consumer::new(&impatient.unwrap(), ConsumerConfig::default()).unwrap();
    let error = consumer.end_offsets(&[tp("unknown", 0)]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    let error = consumer.end_offsets(&[tp("known", 5)]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::LEADER_NOT_AVAILABLE));
    let error = consumer.committed(&[tp("known", 0)]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::INVALID_GROUP_ID));
}

async fn what_was_committed_comes_back(cluster: &Cluster) {
    cluster.create_topic("kept", 3, 1).await.unwrap();
    let client = client(cluster);
    let partitions = [0, 1, 2].map(|one| tp("kept", one));
    for one in &partitions {
        write(&client, one, 0..10).await;
    }
    let start = partitions.clone().map(|one| (one, Start::Committed));
    let mut consumer = assigned(&client, member("kept"), &start);
    let first = event(&mut consumer, |event| match event.unwrap() {
        Event::Records(records) => Some(records.to_commit()),
        _ => None,
    })
    .await;
    assert_eq!(first.1.leader_epoch, Some(0));
    let with_words = OffsetAndMetadata {
        metadata: "so far".into(),
        ..first.1
    };
    let committing = consumer.commit_async(&[(first.0.clone(), with_words.clone())]);
    committing.await.unwrap();
    let others: Vec<_> = partitions.iter().filter(|one| **one != first.0).collect();
    let alone = [(others[0].clone(), 4)];
    consumer.commit(&alone).await.unwrap();
    let asked = [first.0.clone(), others[0].clone(), others[1].clone()];
    let stored = consumer.committed(&asked).await.unwrap();
    assert_eq!(stored, [Some(with_words), Some(4.into()), None]);
    drop(consumer);

    let mut again = assigned(&client, member("kept"), &start);
    let rest = read(&mut again, 16).await;
    assert_eq!(rest.get(&first.0), None, "nothing is left there");
    assert_eq!(rest[others[0]], expected(4, 4..10));
    assert_eq!(rest[others[1]], expected(0, 0..10));
    assert!(again.poll(Duration::ZERO).await.unwrap().is_none());
    again.commit_finished().await.unwrap();
    let ends = again.committed(&asked[1..]).await.unwrap();
    let end = OffsetAndMetadata {
        leader_epoch: Some(0),
        ..10.into()
    };
    assert_eq!(ends, [Some(end.clone()), Some(end)]);
}

async fn transactional(client: &Client, id: &str) -> TransactionalProducer {
    let transaction = TransactionConfig {
        id: id.into(),
        timeout: LIMIT,
    };
    TransactionalProducer::start(client, transaction, ProducerConfig::default())
        .await
        .unwrap()
}

fn record<'a>(partition: &'a TopicPartition, value: &'a str) -> ProducerRecord<'a> {
    ProducerRecord {
        partition: Some(partition.partition),
        ..ProducerRecord::to(&partition.topic, value.as_bytes())
    }
}

fn read_committed() -> ConsumerConfig {
    ConsumerConfig {
        isolation: Isolation::ReadCommitted,
        ..earliest()
    }
}

async fn what_is_stable_is_the_end(cluster: &Cluster) {
    cluster.create_topic("stable", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("stable", 0);
    write(&client, &partition, 0..3).await;
    let mut producer = transactional(&client, "stable").await;
    let transaction = producer.begin().await.unwrap();
    for value in ["3", "4"] {
        let sent = transaction.send(record(&partition, value)).await.unwrap();
        transaction.flush().await;
        assert!(sent.is_done());
    }
    let one = std::slice::from_ref(&partition);
    let loose = Consumer::new(&client, ConsumerConfig::default()).unwrap();
    assert_eq!(loose.end_offsets(one).await.unwrap(), [5]);
    let latest = [(partition.clone(), Start::Latest)];
    let mut strict = assigned(&client, read_committed(), &latest);
    assert_eq!(strict.end_offsets(one).await.unwrap(), [3]);
    strict.poll(Duration::ZERO).await.unwrap();
    until("the end is found", || strict.position(&partition).is_some()).await;
    assert_eq!(strict.position(&partition), Some(3), "more is to come");
    strict.seek(&partition, 1);
    read(&mut strict, 2).await;
    until("a fetch", || strict.high_watermark(&partition) == Some(5)).await;
    assert_eq!(strict.lag(&partition), Some(0), "of what can be read");

    transaction.commit().await.unwrap();
    assert_eq!(read(&mut strict, 2).await[&partition], expected(3, 3..5));
    assert_eq!(
        strict.end_offsets(one).await.unwrap(),
        [6],
        "with its marker"
    );
}

async fn overlapping_transactions_are_told_apart(cluster: &Cluster) {
    cluster.create_topic("overlap", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("overlap", 0);
    let mut producers = Vec::new();
    for number in 0..3 {
        producers.push(transactional(&client, &format!("overlap-{number}")).await);
    }
    let mut committed = Vec::new();
    // Three at a time, whose records and ends are mixed in the log; each time others are rolled back.
    for round in 0..6_u32 {
        let mut open = Vec::new();
        for producer in &mut producers {
            open.push(Some(producer.begin().await.unwrap()));
        }
        for number in 0..9_u32 {
            let writer = usize::try_from(number % 3).unwrap();
            let value = format!("{round}-{number}");
            let transaction = open[writer].as_ref().unwrap();
            let sent = transaction.send(record(&partition, &value)).await.unwrap();
            transaction.flush().await;
            assert!(sent.is_done());
            if !(u32::try_from(writer).unwrap() + round).is_multiple_of(3) {
                committed.push(value);
            }
        }
        // Last begun, first ended, every other time.
        let order = if round.is_multiple_of(2) {
            [0, 1, 2]
        } else {
            [2, 1, 0]
        };
        for writer in order {
            let transaction = open[writer].take().unwrap();
            if (u32::try_from(writer).unwrap() + round).is_multiple_of(3) {
                transaction.abort().await.unwrap();
            } else {
                transaction.commit().await.unwrap();
            }
        }
    }
    for bytes in [150, 400, 1 << 20] {
        let config = ConsumerConfig {
            max_partition_fetch_bytes: bytes,
            ..read_committed()
        };
        let start = [(partition.clone(), Start::Earliest)];
        let mut consumer = assigned(&client, config, &start);
        let read = read(&mut consumer, committed.len()).await;
        let values = read[&partition].iter().map(|(_, value)| value.clone());
        assert_eq!(values.collect::<Vec<_>>(), committed, "{bytes} at a time");
        let offsets: Vec<_> = read[&partition].iter().map(|(offset, _)| *offset).collect();
        assert!(offsets.is_sorted_by(|before, after| before < after));
    }
}

async fn a_stream_gives_what_poll_gives(cluster: &Cluster) {
    cluster.create_topic("stream", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("stream", 0);
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let whole = ProducerRecord {
        partition: Some(0),
        key: Some(b"k"),
        headers: &[("a", Some(b"1")), ("a", None)],
        timestamp_ms: Some(1_700_000_000_000),
        ..ProducerRecord::to("stream", b"0")
    };
    producer.send(whole).await.unwrap().await.unwrap();
    write(&client, &partition, 1..200).await;
    let small = ConsumerConfig {
        max_partition_fetch_bytes: 700,
        ..Default::default()
    };
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&client, small, &start);
    let records = consumer.records().take(200).map(Result::unwrap);
    let records: Vec<Record> = timeout(LIMIT, records.collect()).await.unwrap();
    let first = Record {
        topic: "stream".into(),
        partition: 0,
        offset: 0,
        timestamp: 1_700_000_000_000,
        key: Some("k".into()),
        value: Some("0".into()),
        headers: vec![("a".into(), Some("1".into())), ("a".into(), None)],
    };
    assert_eq!(records[0], first);
    for (record, number) in records.iter().zip(0_i64..) {
        assert_eq!(record.offset, number);
        assert_eq!(record.value.as_deref(), Some(number.to_string().as_bytes()));
    }

    consumer.seek(&partition, 100);
    let mut events = consumer.events();
    let mut count = 0;
    while count < 100 {
        let event = timeout(LIMIT, events.next()).await.unwrap();
        if let Event::Records(records) = event.unwrap().unwrap() {
            count += records.owned().map(Result::unwrap).count();
        }
    }
    drop(events);
    assert_eq!(consumer.position(&partition), Some(200));
    // Not a stream for ever: it ends with the client.
    client.shutdown().await;
    let rest: Vec<_> = timeout(LIMIT, consumer.events().collect()).await.unwrap();
    assert!(matches!(rest[..], [Err(Error::Closed)]), "{rest:?}");
}

#[tokio::test]
async fn topics_that_match_a_pattern_are_read_old_and_new() {
    let cluster = start(ClusterSpec::nodes(1).backend(Backend::Embedded)).await;
    for topic in ["log-a", "log-b", "other", "catalog-a"] {
        cluster.create_topic(topic, 1, 1).await.unwrap();
        write(&client(&cluster), &tp(topic, 0), 0..5).await;
    }
    let young = Client::new(ClientConfig {
        bootstrap: vec![cluster.bootstrap()],
        metadata_max_age: Duration::from_millis(100),
        ..Default::default()
    });
    // What is read is stored before a rebalance, so that it is not read again after it.
    let config = ConsumerConfig {
        auto_commit: Some(Duration::from_millis(50)),
        ..member("pattern")
    };
    let mut consumer = Consumer::new(&young.unwrap(), config).unwrap();
    assert!(consumer.subscribe_pattern("log-(").is_err());
    consumer.subscribe_pattern("log-.*").unwrap();
    let mut all = read(&mut consumer, 10).await;
    cluster.create_topic("log-c", 2, 1).await.unwrap();
    write(&client(&cluster), &tp("log-c", 1), 0..5).await;
    read_more(&mut consumer, &mut all, 15).await;
    let topics = [tp("log-a", 0), tp("log-b", 0), tp("log-c", 1)];
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        topics.iter().collect::<Vec<_>>()
    );
    for topic in &topics {
        assert_eq!(all[topic], expected(0, 0..5), "each once: {topic}");
    }

    // Another pattern takes the place of the first; names take the place of a pattern.
    consumer.subscribe_pattern("oth.*").unwrap();
    let read_now = read(&mut consumer, 5).await;
    assert_eq!(read_now.keys().collect::<Vec<_>>(), [&tp("other", 0)]);
    consumer.subscribe(["catalog-a".to_owned()]);
    let read_now = read(&mut consumer, 5).await;
    assert_eq!(read_now.keys().collect::<Vec<_>>(), [&tp("catalog-a", 0)]);
    consumer.close(LIMIT).await.unwrap();
}

/// Replicas on nodes 1, which leads, and 2.
async fn create_on_two(cluster: &Cluster, topic: &str, configs: &[&str]) {
    let mut tool = cluster
        .tool("org.apache.kafka.tools.TopicCommand")
        .expect("Kafka's tools come with real brokers");
    tool.args(["--bootstrap-server", &cluster.bootstrap(), "--create"])
        .args(["--topic", topic, "--replica-assignment", "1:2"])
        .args(configs.iter().flat_map(|config| ["--config", config]));
    let output = timeout(LIMIT, tool.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(cluster.leader(topic, 0).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_of_real_kafka_are_read_nearby_and_may_lack_records() {
    let spec = ClusterSpec::nodes(3).backend(Backend::Process).proxied();
    let selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
    let spec = spec.property("replica.selector.class", selector);
    let spec = spec.property("log.cleaner.backoff.ms", "200");
    let mut cluster = start(spec).await;
    let unclean = [
        "unclean.leader.election.enable=true",
        "min.insync.replicas=1",
    ];
    let compact = [
        "cleanup.policy=compact",
        "segment.ms=200",
        "min.cleanable.dirty.ratio=0.01",
        "delete.retention.ms=100",
    ];
    create_on_two(&cluster, "nearby", &[]).await;
    create_on_two(&cluster, "compact", &compact).await;
    create_on_two(&cluster, "unclean", &unclean).await;
    tokio::join!(
        a_replica_in_the_same_rack_is_read(&cluster),
        a_compacted_log_is_read_with_its_gaps(&cluster),
    );
    what_an_unclean_election_lost_is_noticed(&mut cluster).await;
}

async fn a_replica_in_the_same_rack_is_read(cluster: &Cluster) {
    const SIZE: u16 = 50_000;
    let client = client(cluster);
    let partition = tp("nearby", 0);
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let value = vec![b'x'; SIZE.into()];
    for _ in 0..20 {
        let record = ProducerRecord::to("nearby", &value);
        producer.send(record).await.unwrap().await.unwrap();
    }
    cluster.in_sync("nearby").await.unwrap();
    let sent = |node| cluster.proxy(node).unwrap().stats().down_bytes;
    let (leader, replica) = (sent(1), sent(2));
    let config = ConsumerConfig {
        client_rack: Some("rack-2".into()),
        max_partition_fetch_bytes: SIZE.into(),
        reset: OffsetReset::Fail,
        ..Default::default()
    };
    let start = [(partition.clone(), Start::Offset(0))];
    let mut consumer = assigned(&client, config, &start);
    assert_eq!(read(&mut consumer, 20).await[&partition].len(), 20);
    let (leader, replica) = (sent(1) - leader, sent(2) - replica);
    assert!(
        replica >= 20 * u64::from(SIZE),
        "{replica} bytes from the replica"
    );
    assert!(leader < SIZE.into(), "{leader} bytes from the leader");
}

/// Offset and value of every record that is shown, up to where the log ends now.
async fn read_to_end(
    client: &Client,
    partition: &TopicPartition,
    config: ConsumerConfig,
) -> Vec<(i64, String)> {
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(client, config, &start);
    let end = consumer.end_offsets(std::slice::from_ref(partition)).await;
    let end = end.unwrap()[0];
    let mut read = Read::new();
    let all = async {
        while consumer.position(partition).is_none_or(|at| at < end) {
            if let Some(event) = consumer.poll(POLL).await.unwrap() {
                keep(event, &mut read);
            }
        }
    };
    timeout(LIMIT, all).await.expect("the end is reached");
    read.remove(partition).unwrap_or_default()
}

/// Writes each of three keys in each of many transactions, of which every third is rolled back; the last one counts.
async fn write_rounds(client: &Client, partition: &TopicPartition) {
    let mut producer = transactional(client, "compact").await;
    for round in 0..ROUNDS {
        let transaction = producer.begin().await.unwrap();
        for key in ["a", "b", "c"] {
            let value = format!("{round}{key}");
            let record = ProducerRecord {
                key: Some(key.as_bytes()),
                ..record(partition, &value)
            };
            drop(transaction.send(record).await.unwrap());
        }
        if round % 3 == 1 {
            transaction.abort().await.unwrap();
        } else {
            transaction.commit().await.unwrap();
        }
    }
}

const ROUNDS: usize = 30;

async fn a_compacted_log_is_read_with_its_gaps(cluster: &Cluster) {
    let client = client(cluster);
    let partition = tp("compact", 0);
    write_rounds(&client, &partition).await;
    let plain = Producer::new(&client, ProducerConfig::default()).unwrap();
    let small = ConsumerConfig {
        max_partition_fetch_bytes: 300,
        ..read_committed()
    };
    let compacted = async {
        loop {
            // Something new begins another segment: only old ones are compacted.
            let filler = ProducerRecord {
                key: Some(b"filler"),
                ..record(&partition, "filler")
            };
            plain.send(filler).await.unwrap().await.unwrap();
            let shown = read_to_end(&client, &partition, small.clone()).await;
            let ours = shown.iter().filter(|(_, value)| value != "filler").count();
            if ours < ROUNDS / 3 * 2 * 3 {
                return shown;
            }
        }
    };
    let shown = timeout(LIMIT, compacted).await.expect("it is compacted");
    assert!(
        shown.is_sorted_by(|before, after| before.0 < after.0),
        "{shown:?}"
    );
    for key in ["a", "b", "c"] {
        let mut values = shown.iter().filter(|(_, value)| value.ends_with(key));
        assert_eq!(
            values.next_back().unwrap().1,
            format!("{}{key}", ROUNDS - 1)
        );
    }
    let rolled_back = |value: &str| {
        let number = value.trim_end_matches(|letter: char| letter.is_alphabetic());
        number.parse::<usize>().is_ok_and(|round| round % 3 == 1)
    };
    assert!(
        !shown.iter().any(|(_, value)| rolled_back(value)),
        "{shown:?}"
    );
}

/// A leader dies that alone had the last records, and a replica without them takes over.
async fn what_an_unclean_election_lost_is_noticed(cluster: &mut Cluster) {
    let partition = tp("unclean", 0);
    let client = client(cluster);
    write(&client, &partition, 0..5).await;
    cluster.in_sync("unclean").await.unwrap();
    let begin = [(partition.clone(), Start::Earliest)];
    let strict = ConsumerConfig {
        reset: OffsetReset::Fail,
        ..Default::default()
    };
    let mut strict = assigned(&client, strict, &begin);
    let mut lenient = assigned(&client, earliest(), &begin);
    cluster.kill(2).await.unwrap();
    write(&client, &partition, 5..10).await;
    for consumer in [&mut strict, &mut lenient] {
        let all = read(consumer, 10).await;
        assert_eq!(all[&partition], expected(0, 0..10), "the leader has them");
    }
    cluster.kill(1).await.unwrap();
    cluster.restart(2).await.unwrap();
    assert_eq!(cluster.leader("unclean", 0).await.unwrap(), 2);
    write(&client, &partition, 20..22).await;

    let rest = read(&mut lenient, 2).await;
    assert_eq!(rest[&partition], expected(5, 20..22));
    let error = event(&mut strict, |event| match event {
        Ok(Event::PartitionError { error, .. }) if !error.is_retriable() => Some(error),
        _ => None,
    })
    .await;
    let Error::Truncated { offset, common, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((offset, common), (10, Some(5)));
}
