//! What the tests of the consumer and of groups share.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Compression, Consumer, ConsumerConfig, Error, ErrorCode, Event,
    GroupConfig, OffsetReset, Producer, ProducerConfig, ProducerRecord, Start, TopicPartition,
};
use kafka_testcontainers::{Cluster, ClusterSpec};
use tokio::time::{Instant, timeout};

/// Longer than anything here takes, on any machine.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);
/// How long one `poll` waits in these tests.
pub(crate) const POLL: Duration = Duration::from_millis(200);

pub(crate) async fn start(spec: ClusterSpec) -> Cluster {
    Cluster::start(spec).await.unwrap()
}

pub(crate) fn client(cluster: &Cluster) -> Client {
    let bootstrap = cluster.bootstrap();
    Client::new(ClientConfig {
        bootstrap: bootstrap.split(',').map(ToOwned::to_owned).collect(),
        allow_auto_topic_creation: false,
        ..Default::default()
    })
    .unwrap()
}

pub(crate) fn tp(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

/// Writes `numbers` as text to one partition, in batches of a few.
pub(crate) async fn write(client: &Client, partition: &TopicPartition, numbers: Range<u32>) {
    write_compressed(client, partition, numbers, Compression::None).await;
}

pub(crate) async fn write_compressed(
    client: &Client,
    partition: &TopicPartition,
    numbers: Range<u32>,
    compression: Compression,
) {
    let config = ProducerConfig {
        compression,
        batch_size: 500,
        linger: Duration::from_millis(1),
        ..Default::default()
    };
    let producer = Producer::new(client, config).unwrap();
    let mut deliveries = Vec::new();
    for number in numbers {
        let value = number.to_string();
        let record = ProducerRecord {
            partition: Some(partition.partition),
            ..ProducerRecord::to(&partition.topic, value.as_bytes())
        };
        deliveries.push(producer.send(record).await.unwrap());
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    producer.close(LIMIT).await.unwrap();
}

pub(crate) fn assigned(
    client: &Client,
    config: ConsumerConfig,
    partitions: &[(TopicPartition, Start)],
) -> Consumer {
    let mut consumer = Consumer::new(client, config).unwrap();
    consumer.assign(partitions.iter().cloned());
    consumer
}

/// Offset and value of each record, by partition.
pub(crate) type Read = BTreeMap<TopicPartition, Vec<(i64, String)>>;

pub(crate) fn keep(event: Event, read: &mut Read) {
    match event {
        Event::Records(records) => {
            let of = read.entry(records.topic_partition().clone()).or_default();
            for record in &records {
                let record = record.unwrap();
                let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                of.push((record.offset, value));
            }
        }
        // A topic that was created a moment ago.
        Event::PartitionError { error, .. }
            if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {}
        Event::PartitionError { partition, error } => panic!("{partition}: {error:?}"),
        _ => {}
    }
}

pub(crate) fn count(read: &Read) -> usize {
    read.values().map(Vec::len).sum()
}

/// Reads until there are so many records.
pub(crate) async fn read(consumer: &mut Consumer, records: usize) -> Read {
    let mut read = Read::new();
    read_more(consumer, &mut read, records).await;
    read
}

pub(crate) async fn read_more(consumer: &mut Consumer, read: &mut Read, records: usize) {
    let all = async {
        while count(read) < records {
            if let Some(event) = consumer.poll(POLL).await.unwrap() {
                keep(event, read);
            }
        }
    };
    let in_time = timeout(LIMIT, all).await;
    assert!(in_time.is_ok(), "only {} of {records} records", count(read));
    assert_eq!(count(read), records);
}

/// The records that [`write`] wrote as `numbers` from offset `first` on.
pub(crate) fn expected(first: i64, numbers: Range<u32>) -> Vec<(i64, String)> {
    (first..)
        .zip(numbers.map(|number| number.to_string()))
        .collect()
}

/// The first event that `pick` takes; others are dropped.
pub(crate) async fn event<T>(
    consumer: &mut Consumer,
    mut pick: impl FnMut(Result<Event, Error>) -> Option<T>,
) -> T {
    let found = async {
        loop {
            let polled = consumer.poll(POLL).await.transpose();
            if let Some(found) = polled.and_then(&mut pick) {
                return found;
            }
        }
    };
    timeout(LIMIT, found).await.expect("the event did not come")
}

/// Waits for a fact that can only be asked for.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn earliest() -> ConsumerConfig {
    ConsumerConfig {
        reset: OffsetReset::Earliest,
        ..Default::default()
    }
}

/// A member that notices rebalances quickly. Its session is the shortest that brokers allow.
pub(crate) fn member(group: &str) -> ConsumerConfig {
    ConsumerConfig {
        group: Some(GroupConfig {
            id: group.into(),
            session_timeout: Duration::from_secs(6),
            heartbeat_interval: Duration::from_millis(100),
            ..Default::default()
        }),
        ..earliest()
    }
}
