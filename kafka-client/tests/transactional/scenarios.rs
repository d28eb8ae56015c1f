//! What transactions must do, whatever broker they are asked of: told in full, from registering to what readers see.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_client::{
    Client, Consumer, ConsumerConfig, ErrorCode, Event, GroupConfig, GroupMetadata, Isolation,
    OffsetReset, ProducerConfig, ProducerRecord, Start, TransactionConfig, TransactionError,
    TransactionalProducer,
};
use kafka_testcontainers::Cluster;
use tokio::time::timeout;

use crate::history::read_back;
use crate::support::{self, LIMIT, client, read, tp, write};

const CONSOLE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

pub(crate) async fn transactional(client: &Client, id: &str) -> TransactionalProducer {
    within_time(Duration::from_mins(1), client, id)
        .await
        .unwrap()
}

pub(crate) async fn within_time(
    timeout: Duration,
    client: &Client,
    id: &str,
) -> Result<TransactionalProducer, TransactionError> {
    let id = id.to_owned();
    let transaction = TransactionConfig { id, timeout };
    let config = ProducerConfig {
        linger: Duration::from_millis(1),
        ..Default::default()
    };
    TransactionalProducer::start(client, transaction, config).await
}

pub(crate) fn record<'a>(topic: &'a str, partition: i32, value: &'a str) -> ProducerRecord<'a> {
    ProducerRecord {
        partition: Some(partition),
        ..ProducerRecord::to(topic, value.as_bytes())
    }
}

/// What Kafka's console consumer shows of committed records, sorted, or ours where there is no Kafka; it should be so many. On a busy machine it may give up before it
/// has begun, so that too few are asked for again, with more patience.
async fn committed(cluster: &Cluster, topic: &str, records: usize) -> Vec<String> {
    if let Some(broker) = cluster.embedded() {
        let partitions = (0..).take_while(|it| broker.offsets(topic, *it).is_some());
        let partitions = i32::try_from(partitions.count()).unwrap();
        let client = client(cluster);
        let read = read_back(&client, topic, partitions, Isolation::ReadCommitted);
        let logs = timeout(LIMIT, read).await.unwrap();
        let values = logs.into_values().flatten();
        let mut lines: Vec<_> = values
            .map(|(_, value)| String::from_utf8(value).unwrap())
            .collect();
        lines.sort();
        return lines;
    }
    let mut lines = Vec::new();
    for patience in ["8000", "16000", "32000"] {
        let mut tool = cluster.tool(CONSOLE_CONSUMER).unwrap();
        tool.args(["--bootstrap-server", &cluster.bootstrap()])
            .args(["--topic", topic, "--from-beginning"])
            .args(["--isolation-level", "read_committed"])
            // One more than there should be: it gives up waiting for that.
            .args(["--max-messages", &(records + 1).to_string()])
            .args(["--timeout-ms", patience]);
        let output = timeout(2 * LIMIT, tool.output()).await.unwrap().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        lines = text.lines().map(ToOwned::to_owned).collect();
        if lines.len() >= records {
            break;
        }
    }
    lines.sort();
    lines
}

pub(crate) async fn every_scenario(cluster: &Cluster) {
    commit_abort_and_drop(cluster).await;
    what_is_too_large_comes_in_parts(cluster).await;
    the_second_fences_the_first(cluster).await;
    what_takes_too_long_is_aborted(cluster).await;
    offsets_come_with_the_records(cluster).await;
    a_lost_member_commits_nothing(cluster).await;
    what_another_life_left_open_is_aborted(cluster).await;
}

async fn commit_abort_and_drop(cluster: &Cluster) {
    cluster.create_topic("plain", 3, 3).await.unwrap();
    let client = client(cluster);
    let mut producer = transactional(&client, "plain").await;
    // One that holds nothing.
    producer.begin().await.unwrap().commit().await.unwrap();
    producer.begin().await.unwrap().abort().await.unwrap();
    for round in 0..6 {
        let transaction = producer.begin().await.unwrap();
        let mut deliveries = Vec::new();
        for number in 0..30 {
            let value = format!("{round}-{number:02}");
            let sent = transaction.send(record("plain", number % 3, &value));
            deliveries.push(sent.await.unwrap());
        }
        match round % 3 {
            0 => {
                transaction.commit().await.unwrap();
                for delivery in deliveries {
                    assert!(delivery.is_done());
                    delivery.await.unwrap();
                }
            }
            // Some of it is written by then, some is not.
            1 => transaction.abort().await.unwrap(),
            _ => drop(transaction),
        }
    }
    producer.close(LIMIT).await.unwrap();
    let expected: Vec<_> = [0, 3]
        .iter()
        .flat_map(|round| (0..30).map(move |number| format!("{round}-{number:02}")))
        .collect();
    assert_eq!(committed(cluster, "plain", 60).await, expected);

    let config = ConsumerConfig {
        isolation: Isolation::ReadCommitted,
        ..Default::default()
    };
    let mut consumer = Consumer::new(&client, config).unwrap();
    consumer.assign((0..3).map(|partition| (tp("plain", partition), Start::Earliest)));
    let read = read(&mut consumer, 60).await;
    let mut ours: Vec<_> = read
        .into_values()
        .flatten()
        .map(|(_, value)| value)
        .collect();
    ours.sort();
    assert_eq!(ours, expected);
}

/// A topic that takes small batches alone.
async fn narrow_topic(cluster: &Cluster) {
    if let Some(broker) = cluster.embedded() {
        let settings = [("max.message.bytes", "1000")];
        return broker.create_topic_with("narrow", 2, 3, &settings).unwrap();
    }
    let mut tool = cluster.tool(TOPICS).unwrap();
    tool.args(["--bootstrap-server", &cluster.bootstrap()])
        .args(["--create", "--topic", "narrow", "--partitions", "2"])
        .args(["--replication-factor", "3"])
        .args(["--config", "max.message.bytes=1000"]);
    let output = timeout(LIMIT, tool.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
}

async fn what_is_too_large_comes_in_parts(cluster: &Cluster) {
    narrow_topic(cluster).await;
    let client = client(cluster);
    let mut producer = transactional(&client, "narrow").await;
    let mut expected = Vec::new();
    for round in 0..3 {
        let transaction = producer.begin().await.unwrap();
        for number in 0..100 {
            let value = format!("{round}-{number:03}-{}", "x".repeat(50));
            let delivery = transaction.send(record("narrow", number % 2, &value));
            drop(delivery.await.unwrap());
            if round != 1 {
                expected.push(value);
            }
        }
        if round == 1 {
            transaction.abort().await.unwrap();
        } else {
            transaction.commit().await.unwrap();
        }
    }
    assert_eq!(committed(cluster, "narrow", expected.len()).await, expected);
}

async fn the_second_fences_the_first(cluster: &Cluster) {
    cluster.create_topic("fenced", 1, 3).await.unwrap();
    let client = client(cluster);
    let mut first = transactional(&client, "fenced").await;
    let open = first.begin().await.unwrap();
    let sent = open.send(record("fenced", 0, "first")).await.unwrap();
    sent.await.unwrap();
    let mut second = transactional(&client, "fenced").await;
    let error = open.commit().await.unwrap_err();
    assert!(
        matches!(error, TransactionError::Fenced { .. }),
        "{error:?}"
    );
    let again = first.begin().await.unwrap_err();
    assert!(again.is_final());

    let transaction = second.begin().await.unwrap();
    drop(
        transaction
            .send(record("fenced", 0, "second"))
            .await
            .unwrap(),
    );
    transaction.commit().await.unwrap();
    assert_eq!(committed(cluster, "fenced", 1).await, ["second"]);
}

async fn what_takes_too_long_is_aborted(cluster: &Cluster) {
    cluster.create_topic("late", 1, 3).await.unwrap();
    let client = client(cluster);
    let mut producer = within_time(Duration::from_secs(2), &client, "late")
        .await
        .unwrap();
    let transaction = producer.begin().await.unwrap();
    let sent = transaction.send(record("late", 0, "late")).await.unwrap();
    sent.await.unwrap();
    // The marker of the abort takes the next offset.
    let mut end = 0;
    let config = ConsumerConfig {
        isolation: Isolation::ReadCommitted,
        ..Default::default()
    };
    let mut consumer = Consumer::new(&client, config).unwrap();
    consumer.assign([(tp("late", 0), Start::Earliest)]);
    let aborted = async {
        while end < 2 {
            assert!(consumer.poll(support::POLL).await.unwrap().is_none());
            end = consumer.position(&tp("late", 0)).unwrap_or(0);
        }
    };
    timeout(LIMIT, aborted).await.unwrap();
    let error = transaction.commit().await.unwrap_err();
    assert!(
        matches!(error, TransactionError::Fenced { .. }),
        "{error:?}"
    );
    assert_eq!(committed(cluster, "late", 0).await, Vec::<String>::new());
    let too_long = within_time(Duration::from_hours(24), &client, "long").await;
    let error = too_long.unwrap_err();
    let TransactionError::Refused(cause) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(cause.code(), Some(ErrorCode::INVALID_TRANSACTION_TIMEOUT));
}

/// From one topic to another, every third transaction aborted and read again: each record arrives once.
async fn offsets_come_with_the_records(cluster: &Cluster) {
    cluster.create_topic("from", 1, 3).await.unwrap();
    cluster.create_topic("to", 2, 3).await.unwrap();
    let client = client(cluster);
    // Small batches, so that there are many steps.
    for first in (0..100).step_by(10) {
        write(&client, &tp("from", 0), first..first + 10).await;
    }
    let mut producer = transactional(&client, "pipe").await;
    let mut reached = 0;
    let mut lives = 0;
    while reached < 100 {
        lives += 1;
        let mut consumer = member(&client, "pipe", "from");
        let mut position = committed_start(&mut consumer).await;
        for step in 0.. {
            let Some(batch) = next_batch(&mut consumer, position).await else {
                break;
            };
            let mut transaction = producer.begin().await.unwrap();
            let next = batch.last().unwrap().0 + 1;
            for (offset, value) in &batch {
                let partition = i32::try_from(offset % 2).unwrap();
                drop(
                    transaction
                        .send(record("to", partition, value))
                        .await
                        .unwrap(),
                );
            }
            let group = consumer.group_metadata().unwrap();
            assert!(group.generation > 0 && !group.member_id.is_empty());
            let offsets = [(tp("from", 0), next)];
            transaction.send_offsets(&offsets, &group).await.unwrap();
            if step == 2 && lives < 4 {
                transaction.abort().await.unwrap();
                break;
            }
            transaction.commit().await.unwrap();
            position = next;
            reached = next;
        }
        consumer.close(LIMIT).await.unwrap();
    }
    assert!(lives > 2, "it was meant to start over");
    let mut expected: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    expected.sort();
    assert_eq!(committed(cluster, "to", 100).await, expected);
}

fn member(client: &Client, group: &str, topic: &str) -> Consumer {
    let config = ConsumerConfig {
        group: Some(GroupConfig {
            id: group.into(),
            session_timeout: Duration::from_secs(6),
            heartbeat_interval: Duration::from_millis(500),
            ..Default::default()
        }),
        reset: OffsetReset::Earliest,
        auto_commit: None,
        isolation: Isolation::ReadCommitted,
        max_partition_fetch_bytes: 300,
        ..Default::default()
    };
    let mut consumer = Consumer::new(client, config).unwrap();
    consumer.subscribe([topic.to_owned()]);
    consumer
}

/// Waits until the member has its partition and knows where to start.
async fn committed_start(consumer: &mut Consumer) -> i64 {
    support::event(consumer, |event| match event.unwrap() {
        Event::Assigned(list) if !list.is_empty() => Some(()),
        _ => None,
    })
    .await;
    0
}

/// The next records at or after `position`; `None` at the end.
async fn next_batch(consumer: &mut Consumer, position: i64) -> Option<Vec<(i64, String)>> {
    let wait = async {
        loop {
            if let Some(Event::Records(records)) = consumer.poll(support::POLL).await.unwrap() {
                let records = records.into_iter().map(|record| {
                    let record = record.unwrap();
                    let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                    (record.offset, value)
                });
                return records.collect::<Vec<_>>();
            }
            if position >= 100 {
                return Vec::new();
            }
        }
    };
    let batch = timeout(LIMIT, wait).await.unwrap();
    (!batch.is_empty()).then_some(batch)
}

async fn a_lost_member_commits_nothing(cluster: &Cluster) {
    cluster.create_topic("lost", 1, 3).await.unwrap();
    let client = client(cluster);
    write(&client, &tp("lost", 0), 0..10).await;
    let mut consumer = member(&client, "lost", "lost");
    committed_start(&mut consumer).await;
    let stale = GroupMetadata {
        generation: 77,
        ..consumer.group_metadata().unwrap()
    };
    let mut producer = transactional(&client, "lost").await;
    let mut transaction = producer.begin().await.unwrap();
    drop(transaction.send(record("lost", 0, "never")).await.unwrap());
    let offsets = [(tp("lost", 0), 5)];
    let error = transaction
        .send_offsets(&offsets, &stale)
        .await
        .unwrap_err();
    let TransactionError::MustAbort(cause) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(cause.code(), Some(ErrorCode::ILLEGAL_GENERATION));
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, TransactionError::MustAbort(_)), "{error:?}");
    // It goes on.
    let mut transaction = producer.begin().await.unwrap();
    let group = consumer.group_metadata().unwrap();
    transaction.send_offsets(&offsets, &group).await.unwrap();
    transaction.commit().await.unwrap();
    consumer.close(LIMIT).await.unwrap();
    let numbers: Vec<_> = (0..10).map(|number| number.to_string()).collect();
    assert_eq!(committed(cluster, "lost", 10).await, numbers);
    let mut next = member(&client, "lost", "lost");
    let first = read(&mut next, 5).await;
    assert_eq!(first[&tp("lost", 0)][0].0, 5);
    next.close(LIMIT).await.unwrap();
}

async fn what_another_life_left_open_is_aborted(cluster: &Cluster) {
    cluster.create_topic("lives", 1, 3).await.unwrap();
    let client = client(cluster);
    for life in 0..3 {
        let mut producer = transactional(&client, "lives").await;
        for (what, end) in [("kept", true), ("left", false)] {
            let transaction = producer.begin().await.unwrap();
            let value = format!("{what}-{life}");
            let sent = transaction.send(record("lives", 0, &value)).await.unwrap();
            sent.await.unwrap();
            if end {
                transaction.commit().await.unwrap();
            }
        }
        // Neither closed nor aborted: the next life sees to it.
        drop(producer);
    }
    let mut last = transactional(&client, "lives").await;
    last.begin().await.unwrap().abort().await.unwrap();
    assert_eq!(
        committed(cluster, "lives", 3).await,
        ["kept-0", "kept-1", "kept-2"]
    );
}

pub(crate) async fn survives_kills(cluster: &mut Cluster) {
    cluster.create_topic("survive", 3, 3).await.unwrap();
    let client = client(cluster);
    let mut producer = transactional(&client, "survive").await;
    let mut expected = BTreeMap::new();
    let nodes = cluster.node_ids();
    for round in 0..30 {
        // Whoever it is that coordinates, it is killed, and so is each leader.
        if round % 8 == 4 {
            let node = nodes[(round / 8) % nodes.len()];
            cluster.kill(node).await.unwrap();
            cluster.restart(node).await.unwrap();
        }
        let transaction = producer.begin().await.unwrap();
        let mut deliveries = Vec::new();
        for number in 0..10 {
            let value = format!("{round:02}-{number}");
            let sent = transaction.send(record("survive", number % 3, &value));
            let delivery = sent.await.unwrap();
            deliveries.push((value, delivery));
        }
        timeout(LIMIT, transaction.commit()).await.unwrap().unwrap();
        for (value, delivery) in deliveries {
            expected.insert(value, delivery.await.unwrap());
        }
    }
    producer.close(LIMIT).await.unwrap();
    let seen = committed(cluster, "survive", 300).await;
    assert_eq!(seen, expected.into_keys().collect::<Vec<_>>());
}
