//! The consumer over assigned partitions, against brokers.
//!
//! What any broker can show runs on the backend that `KAFKA_BACKEND` names; what needs a broker that errs runs on the embedded one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

#[path = "consuming/support.rs"]
mod support;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use kafka_client::{
    Client, ClientConfig, Compression, Consumer, ConsumerConfig, Error, ErrorCode, Event,
    Isolation, OffsetReset, Producer, ProducerConfig, ProducerRecord, Start, TopicPartition,
};
use kafka_testcontainers::embedded::Control;
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use kafka_wire::ApiKey;
use kafka_wire::messages::fetch::{
    AbortedTransaction, FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use tokio::time::{Instant, timeout};

use support::*;

async fn embedded(nodes: usize) -> Cluster {
    start(ClusterSpec::nodes(nodes).backend(Backend::Embedded)).await
}

fn partition_error(event: Result<Event, Error>) -> Option<(TopicPartition, Error)> {
    match event.unwrap() {
        Event::PartitionError { partition, error } => Some((partition, error)),
        _ => None,
    }
}

/// Starts the consumer's tasks without waiting for what they do.
async fn begin(consumer: &mut Consumer) {
    tokio::select! {
        biased;
        event = consumer.poll(LIMIT) => panic!("{event:?} before any task has run"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn one_broker_is_read_in_every_way() {
    let cluster = start(ClusterSpec::nodes(1)).await;
    tokio::join!(
        every_codec_is_read_in_order(&cluster),
        a_dropped_poll_loses_nothing(&cluster),
        a_seek_goes_back_and_forth(&cluster),
        an_offset_out_of_range_is_reset(&cluster),
        without_a_policy_out_of_range_is_told(&cluster),
        the_end_is_where_new_records_come(&cluster),
        an_empty_partition_is_fetched_too(&cluster),
        a_batch_larger_than_the_limits_is_read(&cluster),
        a_paused_partition_waits(&cluster),
        a_topic_that_comes_later_is_read(&cluster),
    );
}

async fn every_codec_is_read_in_order(cluster: &Cluster) {
    cluster.create_topic("codecs", 5, 1).await.unwrap();
    let client = client(cluster);
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for (number, codec) in (0..).zip(codecs) {
        write_compressed(&client, &tp("codecs", number), 0..300, codec).await;
    }
    let partitions: Vec<_> = (0..5)
        .map(|one| (tp("codecs", one), Start::Earliest))
        .collect();
    let mut consumer = assigned(&client, ConsumerConfig::default(), &partitions);
    let read = read(&mut consumer, 1500).await;
    for number in 0..5 {
        assert_eq!(read[&tp("codecs", number)], expected(0, 0..300), "{number}");
    }
    assert_eq!(consumer.position(&tp("codecs", 0)), Some(300));
    assert_eq!(consumer.high_watermark(&tp("codecs", 0)), Some(300));
}

async fn a_dropped_poll_loses_nothing(cluster: &Cluster) {
    cluster.create_topic("dropped", 2, 1).await.unwrap();
    let client = client(cluster);
    for number in 0..2 {
        write(&client, &tp("dropped", number), 0..500).await;
    }
    let small = ConsumerConfig {
        max_partition_fetch_bytes: 700,
        fetch_max_bytes: 1000,
        ..Default::default()
    };
    let partitions = [
        (tp("dropped", 0), Start::Earliest),
        (tp("dropped", 1), Start::Earliest),
    ];
    let mut consumer = assigned(&client, small, &partitions);
    let mut read = Read::new();
    let all = async {
        while count(&read) < 1000 {
            // Most of these are dropped while they wait.
            let polled = timeout(Duration::from_micros(100), consumer.poll(POLL)).await;
            if let Ok(event) = polled
                && let Some(event) = event.unwrap()
            {
                keep(event, &mut read);
            }
        }
    };
    timeout(LIMIT, all).await.unwrap();
    for number in 0..2 {
        assert_eq!(read[&tp("dropped", number)], expected(0, 0..500));
    }
}

async fn a_seek_goes_back_and_forth(cluster: &Cluster) {
    cluster.create_topic("seek", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("seek", 0);
    write(&client, &partition, 0..100).await;
    let mut consumer = assigned(
        &client,
        ConsumerConfig::default(),
        &[(partition.clone(), Start::Offset(90))],
    );
    assert_eq!(
        read(&mut consumer, 10).await[&partition],
        expected(90, 90..100)
    );
    for from in [5_u32, 42, 0, 99] {
        consumer.seek(&partition, from.into());
        assert_eq!(consumer.position(&partition), Some(from.into()));
        let rest = usize::try_from(100 - from).unwrap();
        let read = read(&mut consumer, rest).await;
        assert_eq!(read[&partition], expected(from.into(), from..100));
    }
}

async fn an_offset_out_of_range_is_reset(cluster: &Cluster) {
    cluster.create_topic("range", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("range", 0);
    write(&client, &partition, 0..10).await;
    let beyond = [(partition.clone(), Start::Offset(10_000))];
    let mut consumer = assigned(&client, earliest(), &beyond);
    assert_eq!(
        read(&mut consumer, 10).await[&partition],
        expected(0, 0..10)
    );
}

async fn without_a_policy_out_of_range_is_told(cluster: &Cluster) {
    cluster.create_topic("policy", 2, 1).await.unwrap();
    let client = client(cluster);
    let (lost, good) = (tp("policy", 0), tp("policy", 1));
    write(&client, &lost, 0..10).await;
    write(&client, &good, 0..10).await;
    let config = ConsumerConfig {
        reset: OffsetReset::Fail,
        ..Default::default()
    };
    let start = [
        (lost.clone(), Start::Offset(10_000)),
        (good.clone(), Start::Latest),
    ];
    let mut consumer = assigned(&client, config, &start);
    let (partition, error) = event(&mut consumer, partition_error).await;
    assert_eq!(partition, lost);
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
    assert_eq!(
        consumer.position(&lost),
        Some(10_000),
        "it stands where it stood"
    );

    until("the end is found", || consumer.position(&good).is_some()).await;
    write(&client, &good, 10..20).await;
    assert_eq!(
        read(&mut consumer, 10).await[&good],
        expected(10, 10..20),
        "others go on"
    );

    consumer.seek(&lost, 3);
    assert_eq!(read(&mut consumer, 7).await[&lost], expected(3, 3..10));
}

async fn the_end_is_where_new_records_come(cluster: &Cluster) {
    cluster.create_topic("end", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("end", 0);
    write(&client, &partition, 0..10).await;
    let mut consumer = assigned(
        &client,
        ConsumerConfig::default(),
        &[(partition.clone(), Start::Latest)],
    );
    let nothing = consumer.poll(Duration::ZERO).await.unwrap();
    assert!(nothing.is_none(), "zero only looks");
    until("the end is found", || {
        consumer.position(&partition).is_some()
    })
    .await;
    write(&client, &partition, 10..20).await;
    assert_eq!(
        read(&mut consumer, 10).await[&partition],
        expected(10, 10..20)
    );
}

async fn an_empty_partition_is_fetched_too(cluster: &Cluster) {
    cluster.create_topic("empty", 2, 1).await.unwrap();
    let client = client(cluster);
    let config = ConsumerConfig {
        fetch_max_wait: Duration::from_millis(50),
        ..Default::default()
    };
    let partitions = [tp("empty", 0), tp("empty", 1)];
    let start = partitions.clone().map(|one| (one, Start::Earliest));
    let mut consumer = assigned(&client, config, &start);
    assert_eq!(consumer.fetches(&partitions[0]), 0);
    assert_eq!(consumer.high_watermark(&partitions[0]), None);
    assert!(consumer.poll(Duration::ZERO).await.unwrap().is_none());
    for one in &partitions {
        // Twice, as a session mentions an empty partition only once.
        until("two fetches", || consumer.fetches(one) >= 2).await;
        assert_eq!(consumer.high_watermark(one), Some(0));
        assert_eq!(consumer.position(one), Some(0));
    }
}

async fn a_batch_larger_than_the_limits_is_read(cluster: &Cluster) {
    cluster.create_topic("large", 2, 1).await.unwrap();
    let client = client(cluster);
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let value = vec![b'x'; 500_000];
    for number in 0..6 {
        let record = ProducerRecord {
            partition: Some(number % 2),
            ..ProducerRecord::to("large", &value)
        };
        producer.send(record).await.unwrap().await.unwrap();
    }
    let tiny = ConsumerConfig {
        max_partition_fetch_bytes: 100,
        fetch_max_bytes: 100,
        ..Default::default()
    };
    let start = [
        (tp("large", 0), Start::Earliest),
        (tp("large", 1), Start::Earliest),
    ];
    let mut consumer = assigned(&client, tiny, &start);
    let read = read(&mut consumer, 6).await;
    assert!(
        read.values()
            .flatten()
            .all(|(_, value)| value.len() == 500_000)
    );
}

async fn a_paused_partition_waits(cluster: &Cluster) {
    cluster.create_topic("paused", 2, 1).await.unwrap();
    let client = client(cluster);
    let (still, moving) = (tp("paused", 0), tp("paused", 1));
    write(&client, &still, 0..50).await;
    write(&client, &moving, 0..500).await;
    let small = ConsumerConfig {
        max_partition_fetch_bytes: 700,
        ..Default::default()
    };
    let start = [
        (still.clone(), Start::Earliest),
        (moving.clone(), Start::Earliest),
    ];
    let mut consumer = assigned(&client, small, &start);
    consumer.pause(&still);
    let first = read(&mut consumer, 500).await;
    assert_eq!(first.keys().collect::<Vec<_>>(), [&moving]);
    consumer.resume(&still);
    assert_eq!(read(&mut consumer, 50).await[&still], expected(0, 0..50));
}

async fn a_topic_that_comes_later_is_read(cluster: &Cluster) {
    let impatient = Client::new(ClientConfig {
        bootstrap: vec![cluster.bootstrap()],
        request_timeout: Duration::from_secs(5),
        allow_auto_topic_creation: false,
        ..Default::default()
    })
    .unwrap();
    let partition = tp("late", 0);
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&impatient, ConsumerConfig::default(), &start);
    let (missing, error) = event(&mut consumer, partition_error).await;
    assert_eq!(missing, partition);
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));

    cluster.create_topic("late", 1, 1).await.unwrap();
    write(&client(cluster), &partition, 0..10).await;
    assert_eq!(
        read(&mut consumer, 10).await[&partition],
        expected(0, 0..10)
    );
}

#[tokio::test]
async fn reading_survives_the_death_of_a_leader() {
    let mut cluster = start(ClusterSpec::nodes(3)).await;
    cluster.create_topic("leaders", 3, 3).await.unwrap();
    let client = client(&cluster);
    let partitions = [0, 1, 2].map(|one| tp("leaders", one));
    for one in &partitions {
        write(&client, one, 0..200).await;
    }
    let start = partitions.clone().map(|one| (one, Start::Earliest));
    let small = ConsumerConfig {
        max_partition_fetch_bytes: 700,
        ..Default::default()
    };
    let mut consumer = assigned(&client, small, &start);
    let mut read = Read::new();
    while count(&read) < 100 {
        if let Some(event) = consumer.poll(POLL).await.unwrap() {
            keep(event, &mut read);
        }
    }
    let leader = cluster.leader("leaders", 0).await.unwrap();
    cluster.kill(leader).await.unwrap();
    read_more(&mut consumer, &mut read, 600).await;
    for one in &partitions {
        write(&client, one, 200..300).await;
    }
    read_more(&mut consumer, &mut read, 900).await;
    for one in &partitions {
        assert_eq!(read[one], expected(0, 0..300), "{one}");
    }
}

#[tokio::test]
async fn reading_goes_on_where_a_leader_moves() {
    let cluster = embedded(3).await;
    cluster.create_topic("moves", 1, 3).await.unwrap();
    let client = client(&cluster);
    let partition = tp("moves", 0);
    let config = ConsumerConfig {
        fetch_max_wait: Duration::from_millis(20),
        ..Default::default()
    };
    let mut consumer = assigned(&client, config, &[(partition.clone(), Start::Earliest)]);
    let mut read = Read::new();
    for round in 0..6_u32 {
        let node = i32::try_from(round % 3).unwrap() + 1;
        assert!(cluster.embedded().unwrap().move_leader("moves", 0, node));
        write(&client, &partition, round * 50..(round + 1) * 50).await;
        let so_far = usize::try_from((round + 1) * 50).unwrap();
        read_more(&mut consumer, &mut read, so_far).await;
    }
    assert_eq!(read[&partition], expected(0, 0..300));
}

#[tokio::test]
async fn broken_connections_cost_nothing_but_time() {
    let cluster = embedded(1).await;
    cluster.create_topic("broken", 2, 1).await.unwrap();
    let client = client(&cluster);
    for number in 0..2 {
        write(&client, &tp("broken", number), 0..300).await;
    }
    let mut fetches = 0;
    cluster.embedded().unwrap().control(move |seen| {
        if !seen.is::<FetchRequest>() {
            return Control::Pass;
        }
        fetches += 1;
        match fetches % 6 {
            1 => Control::PassThenClose,
            3 => Control::PassThenCut(300),
            5 => Control::Close,
            _ => Control::Pass,
        }
    });
    let small = ConsumerConfig {
        max_partition_fetch_bytes: 2000,
        ..Default::default()
    };
    let start = [
        (tp("broken", 0), Start::Earliest),
        (tp("broken", 1), Start::Earliest),
    ];
    let mut consumer = assigned(&client, small, &start);
    let read = read(&mut consumer, 600).await;
    for number in 0..2 {
        assert_eq!(read[&tp("broken", number)], expected(0, 0..300));
    }
}

#[tokio::test]
async fn a_broker_without_room_for_sessions_is_read_all_the_same() {
    for slots in ["0", "1"] {
        let spec = ClusterSpec::nodes(1).backend(Backend::Embedded);
        let spec = spec.property("max.incremental.fetch.session.cache.slots", slots);
        let cluster = start(spec).await;
        cluster.create_topic("slots", 3, 1).await.unwrap();
        let client = client(&cluster);
        let partitions = [0, 1, 2].map(|one| tp("slots", one));
        for one in &partitions {
            write(&client, one, 0..100).await;
        }
        let small = ConsumerConfig {
            max_partition_fetch_bytes: 700,
            ..Default::default()
        };
        let start = partitions.clone().map(|one| (one, Start::Earliest));
        // With one slot, two consumers push each other's session out.
        let mut two = [0, 1].map(|_| assigned(&client, small.clone(), &start));
        let [first, second] = &mut two;
        let (first, second) = tokio::join!(read(first, 300), read(second, 300));
        for one in &partitions {
            assert_eq!(first[one], expected(0, 0..100));
            assert_eq!(second[one], expected(0, 0..100));
        }
    }
}

#[tokio::test]
async fn a_corrupt_batch_stops_its_partition_until_a_seek() {
    let cluster = embedded(1).await;
    cluster.create_topic("corrupt", 2, 1).await.unwrap();
    let client = client(&cluster);
    let (bad, good) = (tp("corrupt", 0), tp("corrupt", 1));
    write(&client, &bad, 0..10).await;
    write(&client, &good, 0..10).await;
    let broker = cluster.embedded().unwrap();
    let spoiled = Arc::new(AtomicU32::new(0));
    let times = spoiled.clone();
    broker.control(move |seen| {
        let is_bad = seen.is::<FetchRequest>()
            && seen
                .request::<FetchRequest>()
                .unwrap()
                .topics
                .iter()
                .any(|topic| topic.partitions.iter().any(|one| one.partition == 0));
        if is_bad && times.fetch_add(1, Ordering::Relaxed) == 0 {
            // The middle of the answer is in the records.
            Control::Corrupt
        } else {
            Control::Pass
        }
    });
    let start = [(bad.clone(), Start::Earliest)];
    let mut consumer = assigned(&client, ConsumerConfig::default(), &start);
    let (partition, error) = event(&mut consumer, partition_error).await;
    assert_eq!(partition, bad);
    assert!(
        matches!(error, Error::Records { offset: 0, .. }),
        "{error:?}"
    );
    assert_eq!(consumer.position(&bad), Some(0));
    assert!(
        consumer.poll(POLL).await.unwrap().is_none(),
        "it stands still"
    );

    // It was the way here that was bad, not the log.
    consumer.seek(&bad, 0);
    assert_eq!(read(&mut consumer, 10).await[&bad], expected(0, 0..10));
    consumer.assign([(good.clone(), Start::Earliest)]);
    assert_eq!(read(&mut consumer, 10).await[&good], expected(0, 0..10));
}

#[tokio::test]
async fn of_real_transactions_only_committed_ones_are_read() {
    let cluster = start(ClusterSpec::nodes(1).backend(Backend::Process)).await;
    cluster.create_topic("input", 1, 1).await.unwrap();
    cluster.create_topic("output", 1, 1).await.unwrap();
    let client = client(&cluster);
    write(&client, &tp("input", 0), 0..300).await;
    // Copies five records per transaction, and rolls about every third back before it tries again.
    let class = "org.apache.kafka.tools.TransactionalMessageCopier";
    let mut tool = cluster
        .tool(class)
        .expect("Kafka's tools come with real brokers");
    tool.args([
        "--broker-list",
        &cluster.bootstrap(),
        "--transactional-id",
        "copier",
    ]);
    tool.args([
        "--input-topic",
        "input",
        "--input-partition",
        "0",
        "--output-topic",
        "output",
    ]);
    tool.args(["--consumer-group", "copier", "--max-messages", "300"]);
    tool.args(["--transaction-size", "5", "--enable-random-aborts"]);
    let copied = timeout(LIMIT, tool.output()).await.unwrap().unwrap();
    assert!(copied.status.success(), "{copied:?}");

    let output = tp("output", 0);
    let start = [(output.clone(), Start::Earliest)];
    let committed = ConsumerConfig {
        isolation: Isolation::ReadCommitted,
        max_partition_fetch_bytes: 2000,
        ..Default::default()
    };
    let mut consumer = assigned(&client, committed, &start);
    let values = |read: &Read| {
        let records = read[&output].iter();
        records.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let every_once: Vec<_> = (0..300).map(|number| number.to_string()).collect();
    assert_eq!(values(&read(&mut consumer, 300).await), every_once);

    let mut consumer = assigned(&client, ConsumerConfig::default(), &start);
    let mut all = Read::new();
    while count(&all) <= 300 {
        let event = consumer.poll(LIMIT).await.unwrap();
        keep(event.expect("more than were committed"), &mut all);
    }
}

#[tokio::test]
async fn rolled_back_records_are_hidden_from_those_who_read_committed() {
    let cluster = embedded(1).await;
    cluster.create_topic("aborted", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("aborted", 0);
    write(&client, &partition, 0..5).await;
    let broker = cluster.embedded().unwrap();
    // The records of an idempotent producer become those of a transaction that was rolled back.
    let producer_id = broker.log("aborted", 0)[0].producer_id;
    let batch = transactional_batch(producer_id);
    broker.control(move |seen| {
        let Ok(request) = seen.request::<FetchRequest>() else {
            return Control::Pass;
        };
        if !seen.is::<FetchRequest>() || request.topics.is_empty() {
            return Control::Pass;
        }
        assert_eq!(request.isolation_level, 1);
        let asked = &request.topics[0];
        if asked.partitions[0].fetch_offset > 0 {
            return Control::Drop;
        }
        let topic = FetchableTopicResponse {
            topic: asked.topic.clone(),
            topic_id: asked.topic_id,
            partitions: vec![PartitionData {
                high_watermark: 5,
                records: Some(batch.clone()),
                aborted_transactions: Some(vec![AbortedTransaction {
                    producer_id,
                    first_offset: 0,
                }]),
                ..Default::default()
            }],
        };
        let answer = FetchResponse {
            responses: vec![topic],
            ..Default::default()
        };
        seen.answer::<FetchRequest>(&answer).unwrap()
    });
    let config = ConsumerConfig {
        isolation: Isolation::ReadCommitted,
        ..Default::default()
    };
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&client, config, &start);
    assert!(consumer.poll(Duration::ZERO).await.unwrap().is_none());
    until("a fetch", || consumer.fetches(&partition) > 0).await;
    assert!(
        consumer.poll(POLL).await.unwrap().is_none(),
        "there is nothing to see"
    );
    assert_eq!(
        consumer.position(&partition),
        Some(3),
        "and it is behind the reader"
    );
}

/// Three records at offset 0 in a transaction.
fn transactional_batch(id: i64) -> Bytes {
    use kafka_wire::records::{BatchBuilder, NewRecord, ProducerStamp};
    let mut builder = BatchBuilder::new(1000, 0);
    for _ in 0..3 {
        builder.append(NewRecord::default()).unwrap();
    }
    let mut closed = builder.close(Compression::None).unwrap();
    closed.set_transactional(true);
    closed.set_producer(ProducerStamp {
        id,
        epoch: 0,
        base_sequence: 0,
    });
    closed.seal()
}

#[tokio::test]
async fn a_dropped_consumer_leaves_no_task_and_no_connection() {
    let cluster = embedded(1).await;
    cluster.create_topic("tasks", 3, 1).await.unwrap();
    let client = client(&cluster);
    // What all consumers share stays: the metadata task, and a connection each for short questions to brokers and coordinators.
    let shared = Consumer::new(&client, member("tasks")).unwrap();
    shared.committed(&[tp("tasks", 0)]).await.unwrap();
    until("that is all", || client.stats().tasks == 3).await;
    drop(shared);
    let broker = cluster.embedded().unwrap();
    until("that is all", || broker.connections() == 2).await;
    let mut consumers: Vec<Consumer> = Vec::new();
    for number in 0..3 {
        let start = [(tp("tasks", number), Start::Earliest)];
        let config = if number == 2 {
            member("tasks")
        } else {
            ConsumerConfig::default()
        };
        let mut consumer = assigned(&client, config, &start);
        if number == 2 {
            consumer.subscribe(["tasks".to_owned()]);
        }
        while consumer.fetches(&tp("tasks", number)) == 0 {
            consumer.poll(POLL).await.unwrap();
        }
        consumers.push(consumer);
    }
    assert!(client.stats().tasks > 3);
    drop(consumers);
    until("the tasks end", || client.stats().tasks == 3).await;
    until("the connections end", || broker.connections() == 2).await;
    client.shutdown().await;
    assert_eq!(client.stats().tasks, 0);
}

#[tokio::test]
async fn an_application_that_reads_nothing_is_not_sent_more() {
    let cluster = embedded(1).await;
    cluster.create_topic("bound", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("bound", 0);
    write(&client, &partition, 0..2000).await;
    let small = ConsumerConfig {
        max_partition_fetch_bytes: 700,
        ..Default::default()
    };
    let mut consumer = assigned(&client, small, &[(partition.clone(), Start::Earliest)]);
    begin(&mut consumer).await;
    let fetches = || cluster.embedded().unwrap().requests_seen(ApiKey::FETCH.0);
    until("two fetches", || fetches() == 2).await;
    // A third would have come by the time that this one is answered a hundred times.
    for _ in 0..100 {
        client.partition_count("bound").await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(fetches(), 2);
    assert_eq!(
        read(&mut consumer, 2000).await[&partition],
        expected(0, 0..2000)
    );
}

#[tokio::test]
async fn records_that_the_broker_deleted_are_skipped() {
    let cluster = embedded(1).await;
    cluster.create_topic("deleted", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("deleted", 0);
    write(&client, &partition, 0..200).await;
    let config = ConsumerConfig {
        max_partition_fetch_bytes: 100,
        ..earliest()
    };
    let mut consumer = assigned(&client, config, &[(partition.clone(), Start::Earliest)]);
    begin(&mut consumer).await;
    // Two answers are held when the records behind them go.
    let broker = cluster.embedded().unwrap();
    until("two fetches", || broker.requests_seen(ApiKey::FETCH.0) == 2).await;
    until("their answers", || consumer.fetches(&partition) == 2).await;
    broker.delete_records("deleted", 0, 150).unwrap();
    let mut read = Read::new();
    while read
        .get(&partition)
        .is_none_or(|records| records.last().unwrap().0 < 199)
    {
        let event = consumer
            .poll(LIMIT)
            .await
            .unwrap()
            .expect("an event in time");
        keep(event, &mut read);
    }
    let offsets: Vec<_> = read[&partition].iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets[0], 0, "what was fetched before is read");
    assert!(
        offsets.windows(2).all(|pair| pair[0] < pair[1]),
        "{offsets:?}"
    );
    assert!(
        offsets.ends_with(&(150..200).collect::<Vec<_>>()),
        "{offsets:?}"
    );
}

#[tokio::test]
async fn old_segments_are_read_as_well() {
    let cluster = embedded(1).await;
    cluster.create_topic("old", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("old", 0);
    // Offsets 42-45, and what the size limit left of the next message.
    let old = include_bytes!("../../kafka-wire/tests/data/java-v1-gzip.messages");
    let records = Bytes::from([&old[..], &old[..50]].concat());
    cluster.embedded().unwrap().control(move |seen| {
        let Ok(request) = seen.request::<FetchRequest>() else {
            return Control::Pass;
        };
        if !seen.is::<FetchRequest>() || request.topics.is_empty() {
            return Control::Pass;
        }
        let asked = &request.topics[0];
        if asked.partitions[0].fetch_offset > 45 {
            return Control::Drop;
        }
        let topic = FetchableTopicResponse {
            topic: asked.topic.clone(),
            topic_id: asked.topic_id,
            partitions: vec![PartitionData {
                high_watermark: 46,
                records: Some(records.clone()),
                ..Default::default()
            }],
        };
        let answer = FetchResponse {
            responses: vec![topic],
            ..Default::default()
        };
        seen.answer::<FetchRequest>(&answer).unwrap()
    });
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&client, ConsumerConfig::default(), &start);
    let Some(Event::Records(records)) = consumer.poll(POLL).await.unwrap() else {
        panic!("an event without records")
    };
    let read: Vec<_> = records
        .iter()
        .map(Result::unwrap)
        .map(|record| (record.offset, record.timestamp, record.key))
        .collect();
    let expected: [(i64, i64, Option<&[u8]>); 4] = [
        (42, 1_700_000_000_000, Some(b"key")),
        (43, 1_700_000_000_250, None),
        (44, 1_699_999_999_999, Some(b"gone")),
        (45, 1_700_000_000_001, Some(b"")),
    ];
    assert_eq!(read, expected);
    assert_eq!(consumer.position(&partition), Some(46));
}

#[tokio::test]
async fn a_broker_that_throttles_is_left_alone() {
    const THROTTLE: Duration = Duration::from_millis(400);
    let cluster = embedded(1).await;
    cluster.create_topic("throttle", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("throttle", 0);
    write(&client, &partition, 0..10).await;
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen_at = times.clone();
    cluster.embedded().unwrap().control(move |seen| {
        if !seen.is::<FetchRequest>() {
            return Control::Pass;
        }
        let mut times = seen_at.lock().unwrap();
        times.push(Instant::now());
        if times.len() > 1 {
            return Control::Pass;
        }
        let answer = FetchResponse {
            throttle_time_ms: 400,
            ..Default::default()
        };
        seen.answer::<FetchRequest>(&answer).unwrap()
    });
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&client, ConsumerConfig::default(), &start);
    assert_eq!(
        read(&mut consumer, 10).await[&partition],
        expected(0, 0..10)
    );
    let times = times.lock().unwrap();
    assert!(times[1] - times[0] >= THROTTLE, "{:?}", times[1] - times[0]);
}

#[tokio::test]
async fn a_topic_created_anew_under_its_name_is_read() {
    let cluster = embedded(1).await;
    cluster.create_topic("anew", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("anew", 0);
    write(&client, &partition, 0..20).await;
    let mut consumer = assigned(&client, earliest(), &[(partition.clone(), Start::Earliest)]);
    read(&mut consumer, 20).await;
    assert!(cluster.embedded().unwrap().delete_topic("anew"));
    cluster.create_topic("anew", 1, 1).await.unwrap();
    let other = support::client(&cluster);
    write(&other, &partition, 0..5).await;
    // The position lies beyond the end of the new log.
    assert_eq!(read(&mut consumer, 5).await[&partition], expected(0, 0..5));
}

#[tokio::test]
async fn a_consumer_can_be_moved_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let cluster = embedded(1).await;
    let client = client(&cluster);
    let mut consumer = is_send(Consumer::new(&client, ConsumerConfig::default()).unwrap());
    let nothing = is_send(consumer.poll(Duration::ZERO)).await.unwrap();
    assert!(nothing.is_none());
    let forever = timeout(Duration::from_millis(1), consumer.poll(Duration::MAX)).await;
    assert!(forever.is_err(), "the longest wait is no overflow");
    is_send(consumer.close(Duration::MAX)).await.unwrap();
}

#[tokio::test]
async fn a_client_that_was_shut_down_says_so() {
    let cluster = embedded(1).await;
    cluster.create_topic("shut", 1, 1).await.unwrap();
    let client = client(&cluster);
    let start = [(tp("shut", 0), Start::Earliest)];
    let mut consumer = assigned(&client, ConsumerConfig::default(), &start);
    consumer.poll(Duration::ZERO).await.unwrap();
    client.shutdown().await;
    let error = event(&mut consumer, Result::err).await;
    assert!(matches!(error, Error::Closed), "{error:?}");
}
