//! Share groups, against real Kafka.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    missing_docs,
    reason = "test code: a failure is a failed test; not all of the support is used here"
)]

#[path = "consuming/support.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_client::{
    Acknowledgement, Acknowledging, Client, ShareConfig, ShareConsumer, ShareEvent, TopicPartition,
};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use tokio::time::timeout;

use support::*;

#[tokio::test]
async fn one_broker_hands_out_records() {
    let spec = ClusterSpec::nodes(1)
        .backend(Backend::Process)
        .property("group.share.min.heartbeat.interval.ms", "100")
        .property("group.share.heartbeat.interval.ms", "500")
        .property("group.share.min.session.timeout.ms", "1000")
        .property("group.share.session.timeout.ms", "3000")
        .property("group.share.min.record.lock.duration.ms", "1000")
        .property("group.share.record.lock.duration.ms", "5000")
        .property("share.coordinator.state.topic.replication.factor", "1")
        .property("share.coordinator.state.topic.min.isr", "1");
    let cluster = start(spec).await;
    let groups = ["accept", "words", "gone", "many"];
    tokio::join!(groups_begin_at_the_start(&cluster, &groups));
    tokio::join!(
        what_is_accepted_is_not_handed_out_again(&cluster),
        every_word_does_what_it_says(&cluster),
        what_a_member_held_that_died_is_handed_out_again(&cluster),
        many_members_finish_every_record_once(&cluster),
    );
}

async fn groups_begin_at_the_start(cluster: &Cluster, groups: &[&str]) {
    for group in groups {
        let mut command = cluster.tool("kafka.admin.ConfigCommand").unwrap();
        command.args(["--bootstrap-server", &cluster.bootstrap(), "--alter"]);
        command.args(["--entity-type", "groups", "--entity-name", group]);
        command.args(["--add-config", "share.auto.offset.reset=earliest"]);
        let done = command.stdout(Stdio::null()).status().await.unwrap();
        assert!(done.success());
    }
}

fn subscribed(client: &Client, group: &str, acknowledging: Acknowledging) -> ShareConsumer {
    let config = ShareConfig {
        group: group.into(),
        acknowledging,
        ..Default::default()
    };
    let mut consumer = ShareConsumer::new(client, config).unwrap();
    consumer.subscribe([group.to_owned()]);
    consumer
}

/// Partition, offset, value and delivery count of each record.
type Got = Vec<(TopicPartition, i64, String, i16)>;

async fn poll(consumer: &mut ShareConsumer) -> Got {
    match consumer.poll(POLL).await.unwrap() {
        Some(ShareEvent::Records(records)) => {
            let partition = records.topic_partition();
            let records = records.iter().map(|record| {
                let record = record.unwrap();
                let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                (
                    partition.clone(),
                    record.offset,
                    value,
                    record.delivery_count,
                )
            });
            records.collect()
        }
        Some(other) => panic!("{other:?}"),
        None => Vec::new(),
    }
}

/// Reads until there are so many records.
async fn take(consumer: &mut ShareConsumer, count: usize) -> Got {
    let mut got = Got::new();
    let all = async {
        while got.len() < count {
            got.extend(poll(consumer).await);
        }
    };
    let in_time = timeout(LIMIT, all).await;
    assert!(in_time.is_ok(), "only {} of {count}", got.len());
    assert_eq!(got.len(), count);
    got
}

fn values(got: &Got) -> BTreeSet<u32> {
    got.iter()
        .map(|(_, _, value, _)| value.parse().unwrap())
        .collect()
}

async fn what_is_accepted_is_not_handed_out_again(cluster: &Cluster) {
    cluster.create_topic("accept", 2, 1).await.unwrap();
    let client = client(cluster);
    write(&client, &tp("accept", 0), 0..100).await;
    write(&client, &tp("accept", 1), 100..150).await;
    let mut first = subscribed(&client, "accept", Acknowledging::Implicit);
    let got = take(&mut first, 150).await;
    assert_eq!(values(&got), (0..150).collect());
    assert!(got.iter().all(|(.., count)| *count == 1));
    first.close(LIMIT).await.unwrap();

    write(&client, &tp("accept", 0), 150..160).await;
    let mut second = subscribed(&client, "accept", Acknowledging::Implicit);
    assert_eq!(values(&take(&mut second, 10).await), (150..160).collect());
    second.close(LIMIT).await.unwrap();
}

async fn every_word_does_what_it_says(cluster: &Cluster) {
    cluster.create_topic("words", 1, 1).await.unwrap();
    let client = client(cluster);
    write(&client, &tp("words", 0), 0..4).await;
    let mut consumer = subscribed(&client, "words", Acknowledging::Explicit);
    let got = take(&mut consumer, 4).await;
    let partition = tp("words", 0);
    for (offset, what) in [
        (0, Acknowledgement::Accept),
        (1, Acknowledgement::Release),
        (2, Acknowledgement::Reject),
        (3, Acknowledgement::Release),
    ] {
        assert!(consumer.acknowledge(&partition, got[usize::try_from(offset).unwrap()].1, what));
    }
    assert!(!consumer.acknowledge(&partition, 99, Acknowledgement::Accept));
    consumer.commit(LIMIT).await.unwrap();

    let again = take(&mut consumer, 2).await;
    let seen: Vec<_> = again
        .iter()
        .map(|(_, offset, _, count)| (*offset, *count))
        .collect();
    assert_eq!(seen, [(1, 2), (3, 2)]);
    // Silence releases them here; they come again, for the third time.
    let again = take(&mut consumer, 2).await;
    assert!(again.iter().all(|(.., count)| *count == 3));
    // Longer than the lock holds, but renewed meanwhile.
    for _ in 0..3 {
        assert!(consumer.acknowledge(&partition, 1, Acknowledgement::Renew));
        assert!(consumer.acknowledge(&partition, 3, Acknowledgement::Renew));
        consumer.commit(LIMIT).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    assert!(consumer.acknowledge(&partition, 1, Acknowledgement::Accept));
    assert!(consumer.acknowledge(&partition, 3, Acknowledgement::Accept));
    consumer.commit(LIMIT).await.unwrap();
    assert_eq!(poll(&mut consumer).await, []);
    consumer.close(LIMIT).await.unwrap();
}

async fn what_a_member_held_that_died_is_handed_out_again(cluster: &Cluster) {
    cluster.create_topic("gone", 1, 1).await.unwrap();
    let client = client(cluster);
    write(&client, &tp("gone", 0), 0..10).await;
    let mut doomed = subscribed(&client, "gone", Acknowledging::Implicit);
    take(&mut doomed, 10).await;
    drop(doomed);

    let mut heir = subscribed(&client, "gone", Acknowledging::Implicit);
    let got = take(&mut heir, 10).await;
    assert!(got.iter().all(|(.., count)| *count == 2));
    heir.close(LIMIT).await.unwrap();
}

/// What became of the records of a topic, by value.
#[derive(Default)]
struct Fates {
    accepted: BTreeMap<String, usize>,
    rejected: BTreeSet<String>,
}

async fn many_members_finish_every_record_once(cluster: &Cluster) {
    cluster.create_topic("many", 3, 1).await.unwrap();
    let client = client(cluster);
    for partition in 0..3 {
        let first = u32::try_from(partition).unwrap() * 2000;
        write(&client, &tp("many", partition), first..first + 2000).await;
    }
    let fates = Arc::new(Mutex::new(Fates::default()));
    let members: Vec<_> = (0..5)
        .map(|member| tokio::spawn(work(client.clone(), member, fates.clone())))
        .collect();
    let all = async {
        loop {
            let done = {
                let fates = fates.lock().unwrap();
                fates.accepted.len() + fates.rejected.len()
            };
            if done == 6000 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = timeout(2 * LIMIT, all).await;
    let fates = fates.lock().unwrap();
    assert!(
        in_time.is_ok(),
        "{} accepted, {} rejected",
        fates.accepted.len(),
        fates.rejected.len()
    );
    assert!(fates.accepted.values().all(|times| *times == 1));
    assert!(
        fates
            .rejected
            .iter()
            .all(|value| !fates.accepted.contains_key(value))
    );
    for member in members {
        member.abort();
    }
}

/// A member that accepts most, releases some, rejects a few; numbers 3 and 4 die with records in their hands.
async fn work(client: Client, member: usize, fates: Arc<Mutex<Fates>>) {
    let mut consumer = subscribed(&client, "many", Acknowledging::Explicit);
    let mut polls = 0;
    loop {
        let got = poll(&mut consumer).await;
        polls += usize::from(!got.is_empty());
        if member >= 3 && polls == 2 {
            return;
        }
        let mut words = Vec::new();
        for (partition, offset, value, count) in &got {
            let word = match value.parse::<usize>().unwrap() % 10 {
                0 => Acknowledgement::Reject,
                1 | 2 if *count == 1 => Acknowledgement::Release,
                _ => Acknowledgement::Accept,
            };
            assert!(consumer.acknowledge(partition, *offset, word));
            words.push((value.clone(), word));
        }
        // Only what the broker has taken counts.
        if consumer.commit(LIMIT).await.is_ok() {
            let mut fates = fates.lock().unwrap();
            for (value, word) in words {
                match word {
                    Acknowledgement::Accept => *fates.accepted.entry(value).or_default() += 1,
                    Acknowledgement::Reject => drop(fates.rejected.insert(value)),
                    _ => {}
                }
            }
        }
    }
}
