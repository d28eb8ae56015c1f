//! What a consumer holds while its application is slow, counted by itself and by the allocator. The one test of its binary, for others
//! would be counted with it.

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

use std::alloc::System;

use kafka_client::{
    Client, Compression, Consumer, ConsumerConfig, Event, Producer, ProducerConfig, ProducerRecord,
    Start, TopicPartition,
};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use support::*;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PARTITIONS: i32 = 4;
/// Of one record; batches hold about sixteen.
const RECORD: usize = 1000;
const BATCH: usize = 16 << 10;
/// Limit of one answer.
const FETCH_MAX: usize = 256 << 10;
/// Beside the records: connections, tasks, and what the broker in this process copies of an answer that it sends.
const BESIDE: usize = 2 << 20;

/// Bytes that are allocated now.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// How much is written: many times what may be held. Other sizes with `CONSUMER_MEMORY_MIB`.
fn total_bytes() -> usize {
    let asked = std::env::var("CONSUMER_MEMORY_MIB").ok();
    asked.map_or(24, |mebibytes| mebibytes.parse().unwrap()) << 20
}

#[tokio::test]
async fn a_slow_reader_holds_no_more_than_the_limits_say() {
    for compression in [Compression::None, Compression::Lz4] {
        let cluster = start(ClusterSpec::nodes(1).backend(Backend::Embedded)).await;
        cluster.create_topic("large", PARTITIONS, 1).await.unwrap();
        let records = total_bytes() / RECORD;
        fill(&cluster, compression, records).await;
        read_slowly(&cluster, records).await;
    }
}

async fn fill(cluster: &Cluster, compression: Compression, records: usize) {
    let client = client(cluster);
    let config = ProducerConfig {
        compression,
        batch_size: BATCH,
        ..Default::default()
    };
    let producer = Producer::new(&client, config).unwrap();
    let mut value = vec![0; RECORD];
    for number in 0..records {
        // Nothing that compresses well.
        fastrand::Rng::new().fill(&mut value);
        let record = ProducerRecord {
            partition: Some(i32::try_from(number).unwrap() % PARTITIONS),
            ..ProducerRecord::to("large", &value)
        };
        drop(producer.send(record).await.unwrap());
    }
    producer.close(LIMIT).await.unwrap();
    client.shutdown().await;
}

async fn read_slowly(cluster: &Cluster, records: usize) {
    let client = client(cluster);
    let config = ConsumerConfig {
        fetch_max_bytes: FETCH_MAX,
        max_partition_fetch_bytes: FETCH_MAX / 2,
        ..Default::default()
    };
    let start = (0..PARTITIONS).map(|one| (TopicPartition::new("large", one), Start::Earliest));
    let start: Vec<_> = start.collect();
    let before = held();
    let mut consumer = assigned(&client, config, &start);
    let (mut count, mut most, mut most_held) = (0, 0, 0);
    while count < records {
        let event = consumer.poll(LIMIT).await.unwrap().expect("more records");
        // Time for everything that may come without being asked for.
        settle(&client, &consumer).await;
        most = most.max(consumer.buffered_bytes());
        most_held = most_held.max(held().saturating_sub(before));
        if let Event::Records(records) = event {
            count += records.iter().map(Result::unwrap).count();
        }
    }
    assert_eq!(count, records);
    // An answer ends with a batch that begins within the limit.
    let bound = 2 * (FETCH_MAX + 2 * BATCH);
    assert!(most <= bound, "{most} bytes are held, {bound} are allowed");
    assert!(most > FETCH_MAX, "two answers are held: {most}");
    // Decompressed, an event is as large as its partition's part of an answer.
    let bound = bound + FETCH_MAX / 2 + 2 * BATCH + BESIDE;
    assert!(most_held <= bound, "{most_held} are held, {bound} allowed");
    assert!(total_bytes() > 4 * bound, "the topic is far larger");
}

/// Waits until the consumer holds two answers, or asks for no more: the broker has answered other questions meanwhile.
async fn settle(client: &Client, consumer: &Consumer) {
    for _ in 0..5 {
        let before = consumer.buffered_bytes();
        client.partition_count("large").await.unwrap();
        tokio::task::yield_now().await;
        if before > FETCH_MAX {
            return;
        }
    }
}
