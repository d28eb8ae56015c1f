//! What a producer holds while its broker stands still, counted by the allocator itself. The one test of its binary, for others would be
//! counted with it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::alloc::System;

use kafka_client::{
    Client, ClientConfig, Compression, Producer, ProducerConfig, ProducerRecord, SendErrorKind,
};
use kafka_testcontainers::proxy::{Fault, Plan};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TOPIC: &str = "stalled";
const PARTITIONS: i32 = 6;
/// What may be held beside the buffer.
const BESIDE: usize = 8 << 20;
/// Senders that wait for room.
const WAITING: usize = 1000;

/// Bytes that are allocated now.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

#[tokio::test]
async fn a_broker_that_stands_still_makes_nobody_grow() {
    let spec = ClusterSpec::nodes(1).backend(Backend::Embedded).proxied();
    let cluster = Cluster::start(spec).await.unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).await.unwrap();
    for (size, compression) in [
        (10, Compression::None),
        (1024, Compression::None),
        (1024, Compression::Lz4),
        (100_000, Compression::None),
    ] {
        stall(&cluster, size, compression).await;
    }
}

async fn stall(cluster: &Cluster, size: usize, compression: Compression) {
    let proxy = cluster.proxy(0).or(cluster.proxy(1)).unwrap();
    proxy.set(Plan::default());
    let client = Client::new(ClientConfig {
        bootstrap: vec![cluster.bootstrap()],
        ..Default::default()
    });
    let config = ProducerConfig {
        compression,
        batch_size: 1_000_000,
        ..Default::default()
    };
    let bound = config.buffer_memory;
    let producer = Producer::new(&client.unwrap(), config).unwrap();
    let value = vec![b'x'; size];
    let sent = producer.send(ProducerRecord::to(TOPIC, &value)).await;
    sent.unwrap().await.unwrap();

    proxy.set(Plan {
        up: Fault::Blackhole,
        down: Fault::Blackhole,
        ..Plan::default()
    });
    let before = held();
    let taken = fill(&producer, &value).await;
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let (producer, value) = (producer.clone(), value.clone());
            tokio::spawn(async move {
                let sent = producer.send(ProducerRecord::to(TOPIC, &value)).await;
                drop(sent);
            })
        })
        .collect();
    // One thread: each of them gets as far as it can.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let grown = held().saturating_sub(before);
    let theirs = WAITING * size;
    println!(
        "{size} B, {compression:?}: {taken} records, {grown} bytes held, the bound is {bound}"
    );
    assert!(grown > bound / 2, "{grown}: the buffer is not even full");
    assert!(
        grown <= bound + BESIDE + theirs,
        "{grown} bytes for {taken} records of {size}"
    );
    assert!(producer.buffered_bytes() <= bound);
    for waits in waiting {
        waits.abort();
    }
}

/// Hands records in until there is no room; how many there were.
async fn fill(producer: &Producer, value: &[u8]) -> i32 {
    let mut taken = 0;
    loop {
        let record = ProducerRecord {
            partition: Some(taken % PARTITIONS),
            ..ProducerRecord::to(TOPIC, value)
        };
        match producer.try_send(record) {
            Ok(delivery) => drop(delivery),
            Err(error) => match error.kind {
                SendErrorKind::BufferFull { .. } => return taken,
                kind => panic!("{kind:?}"),
            },
        }
        taken += 1;
        if taken % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
}
