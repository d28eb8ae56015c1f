//! On records of the embedded broker: there is no other way to come by them.

use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Event, Producer, ProducerConfig,
    ProducerRecord, Start,
};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};

use super::*;

const LIMITS: Limits = Limits {
    records: 100,
    bytes: 1 << 20,
    record_bytes: 1 << 20,
};

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("t", number)
}

/// A shelf with these values, of each list in a partition of its own.
async fn shelf(values: &[&[&str]]) -> Shelf {
    let cluster = Cluster::start(ClusterSpec::nodes(1).backend(Backend::Embedded))
        .await
        .unwrap();
    let count = i32::try_from(values.len()).unwrap();
    cluster.create_topic("t", count, 1).await.unwrap();
    let client = Client::new(ClientConfig {
        bootstrap: vec![cluster.bootstrap()],
        ..ClientConfig::default()
    })
    .unwrap();
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    for (number, values) in (0..).zip(values) {
        for value in *values {
            let mut record = ProducerRecord::to("t", value.as_bytes());
            record.partition = Some(number);
            producer.send(record).await.unwrap().await.unwrap();
        }
    }
    let mut shelf = Shelf::default();
    let partitions: Vec<_> = (0..count).map(partition).collect();
    shelf.assign(partitions.clone());
    let mut consumer = Consumer::new(&client, ConsumerConfig::default()).unwrap();
    consumer.assign(partitions.into_iter().map(|one| (one, Start::Earliest)));
    let mut missing: usize = values.iter().map(|values| values.len()).sum();
    while missing > 0 {
        let event = tokio::time::timeout(
            Duration::from_secs(10),
            consumer.poll(Duration::from_secs(1)),
        );
        if let Some(Event::Records(records)) = event.await.unwrap().unwrap() {
            missing -= records.iter().count();
            shelf.push(records, LIMITS);
        }
    }
    shelf
}

/// The values of an answer, by partition.
fn take(shelf: &mut Shelf, limits: Limits) -> (Vec<Portion>, Vec<Vec<String>>) {
    let portions = shelf.take(&shelf.partitions(|_| true), limits);
    let values = portions.iter().map(|portion| {
        let values = portion.records().map(|record| record.value.unwrap());
        values
            .map(|value| String::from_utf8(value.to_vec()).unwrap())
            .collect()
    });
    let values = values.collect();
    (portions, values)
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_take_turns_until_a_limit_is_reached() {
    let mut shelf = shelf(&[&["a1", "a2", "a3", "a4"], &["b1"], &["c1", "c2", "c3"]]).await;
    let limits = Limits {
        records: 5,
        ..LIMITS
    };
    let (portions, first) = take(&mut shelf, limits);
    assert_eq!(first, [vec!["a1", "a2"], vec!["b1"], vec!["c1", "c2"]]);
    let until: Vec<i64> = portions.iter().map(|portion| portion.until).collect();
    assert_eq!(until, [2, 1, 2]);
    let (_, second) = take(&mut shelf, limits);
    assert_eq!(second, [vec!["a3", "a4"], vec![], vec!["c3"]]);
    assert!(!shelf.has_records(&shelf.partitions(|_| true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_at_a_time_starves_nobody() {
    let mut shelf = shelf(&[&["a1", "a2"], &["b1", "b2"]]).await;
    let limits = Limits {
        records: 1,
        ..LIMITS
    };
    let mut order = Vec::new();
    for _ in 0..4 {
        order.extend(take(&mut shelf, limits).1.concat());
    }
    assert_eq!(order, ["a1", "b1", "a2", "b2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_limited_but_a_first_record_is_always_given() {
    let mut shelf = shelf(&[&["aaaaaa", "a"], &["b", "bbbb"]]).await;
    let limits = Limits { bytes: 3, ..LIMITS };
    assert_eq!(take(&mut shelf, limits).1, [vec!["aaaaaa"], vec![]]);
    assert_eq!(take(&mut shelf, limits).1, [vec!["a"], vec!["b"]]);
    assert_eq!(take(&mut shelf, limits).1, [vec![], vec!["bbbb"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_back_is_given_again_to_the_record() {
    let mut shelf = shelf(&[&["a1", "a2", "a3"], &["b1"]]).await;
    let limits = Limits {
        records: 3,
        ..LIMITS
    };
    let (portions, first) = take(&mut shelf, limits);
    assert_eq!(first, [vec!["a1", "a2"], vec!["b1"]]);
    shelf.put_back(&portions);
    shelf.put_back(&portions);
    let all = take(&mut shelf, LIMITS).1;
    assert_eq!(all, [vec!["a1", "a2", "a3"], vec!["b1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seek_drops_what_is_held_and_an_error_shows_only_without_records() {
    let mut shelf = shelf(&[&["a1"], &["b1"]]).await;
    shelf.set_error(&partition(0), Some(Error::Closed));
    shelf.set_error(&partition(1), Some(Error::Closed));
    shelf.seek(&partition(0), 1);
    let (portions, values) = take(&mut shelf, LIMITS);
    assert_eq!(values, [vec![], vec!["b1"]]);
    assert!(portions[0].error.is_some());
    assert!(portions[1].error.is_none());
    assert_eq!(portions[0].until, 1);
}
