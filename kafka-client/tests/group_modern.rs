//! Members of groups of the protocol of KIP-848, against real Kafka, alone and beside members of the classic protocol and of Java.

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

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use kafka_client::{
    Assignor, Client, Consumer, ConsumerConfig, Error, Event, GroupConfig, GroupProtocol,
    TopicPartition,
};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;

use support::*;

/// A member of a group in which the coordinator divides.
fn modern(group: &str) -> ConsumerConfig {
    let classic = member(group);
    ConsumerConfig {
        group: classic.group.map(|group| GroupConfig {
            protocol: GroupProtocol::Consumer { assignor: None },
            ..group
        }),
        ..earliest()
    }
}

/// A member of a classic group that reads on during rebalances.
fn cooperative(group: &str) -> ConsumerConfig {
    let classic = member(group);
    ConsumerConfig {
        group: classic.group.map(|group| GroupConfig {
            protocol: GroupProtocol::Classic {
                assignors: vec![Assignor::CooperativeSticky],
            },
            ..group
        }),
        ..earliest()
    }
}

fn subscribed(client: &Client, config: ConsumerConfig, topic: &str) -> Consumer {
    let mut consumer = Consumer::new(client, config).unwrap();
    consumer.subscribe([topic.to_owned()]);
    consumer
}

fn is_assigned(event: Result<Event, Error>) -> Option<Vec<TopicPartition>> {
    match event.unwrap() {
        Event::Assigned(partitions) => Some(partitions),
        _ => None,
    }
}

fn partitions(topic: &str, numbers: impl IntoIterator<Item = i32>) -> Vec<TopicPartition> {
    numbers.into_iter().map(|one| tp(topic, one)).collect()
}

#[tokio::test]
async fn one_broker_coordinates_members_of_the_new_protocol() {
    let spec = ClusterSpec::nodes(1)
        .backend(Backend::Process)
        .property("group.initial.rebalance.delay.ms", "0")
        .property("group.consumer.min.heartbeat.interval.ms", "100")
        .property("group.consumer.heartbeat.interval.ms", "100")
        .property("group.consumer.min.session.timeout.ms", "1000")
        .property("group.consumer.session.timeout.ms", "6000");
    let cluster = start(spec).await;
    tokio::join!(
        what_stays_is_read_on_and_what_goes_is_given_up(&cluster, "share", modern("share")),
        what_stays_is_read_on_and_what_goes_is_given_up(&cluster, "coop", cooperative("coop")),
        members_of_java_and_ours_share_partitions(&cluster, "java", modern("java")),
        members_of_java_and_ours_share_partitions(&cluster, "java-coop", cooperative("java-coop")),
        a_group_goes_on_where_it_committed(&cluster),
        a_member_that_dies_is_replaced(&cluster),
        an_application_that_stays_away_loses_its_partitions(&cluster),
        a_static_member_that_comes_back_gets_what_it_had(&cluster),
        a_group_changes_its_protocol_while_it_runs(&cluster),
    );
}

/// Polls both until they have these partitions between them, each some; what each has in the end, and what the first gave up.
async fn settle(
    first: &mut Consumer,
    second: &mut Consumer,
    all: &[TopicPartition],
) -> (Vec<TopicPartition>, Vec<TopicPartition>) {
    let mut revoked = Vec::new();
    let settled = async {
        loop {
            if let Some(Event::Revoked(list)) = first.poll(Duration::from_millis(20)).await.unwrap()
            {
                revoked.extend(list);
            }
            second.poll(Duration::from_millis(20)).await.unwrap();
            let (mine, theirs) = (first.assignment(), second.assignment());
            let both: BTreeSet<_> = mine.iter().chain(&theirs).collect();
            if mine.len() + theirs.len() == all.len()
                && both.len() == all.len()
                && !theirs.is_empty()
            {
                return theirs;
            }
        }
    };
    let theirs = timeout(LIMIT, settled)
        .await
        .expect("the group did not settle");
    (theirs, revoked)
}

async fn what_stays_is_read_on_and_what_goes_is_given_up(
    cluster: &Cluster,
    topic: &str,
    config: ConsumerConfig,
) {
    cluster.create_topic(topic, 4, 1).await.unwrap();
    let client = client(cluster);
    let all = partitions(topic, 0..4);
    for one in &all {
        write(&client, one, 0..10).await;
    }
    let config = ConsumerConfig {
        auto_commit: Some(Duration::from_secs(1)),
        ..config
    };
    let mut first = subscribed(&client, config.clone(), topic);
    assert_eq!(event(&mut first, is_assigned).await, all);
    read(&mut first, 40).await;

    let mut second = subscribed(&client, config, topic);
    let (of_second, revoked) = settle(&mut first, &mut second, &all).await;
    assert_eq!(of_second.len(), 2);
    assert_eq!(revoked, of_second, "the first gave up that and no more");
    for one in &all {
        write(&client, one, 10..15).await;
    }
    // What was read before is not read again by whoever has the partition now.
    read(&mut first, 10).await;
    read(&mut second, 10).await;

    second.close(LIMIT).await.unwrap();
    assert_eq!(event(&mut first, is_assigned).await, of_second);
    first.close(LIMIT).await.unwrap();
}

async fn a_group_goes_on_where_it_committed(cluster: &Cluster) {
    cluster.create_topic("commit", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("commit", 0);
    write(&client, &partition, 0..20).await;
    let mut first = subscribed(&client, modern("commit"), "commit");
    read(&mut first, 20).await;
    first.commit(&[(partition.clone(), 12)]).await.unwrap();
    first.close(LIMIT).await.unwrap();

    let mut second = subscribed(&client, modern("commit"), "commit");
    assert_eq!(read(&mut second, 8).await[&partition], expected(12, 12..20));
    second.close(LIMIT).await.unwrap();
}

async fn a_member_that_dies_is_replaced(cluster: &Cluster) {
    cluster.create_topic("dies", 2, 1).await.unwrap();
    let client = client(cluster);
    let all = partitions("dies", 0..2);
    for one in &all {
        write(&client, one, 0..10).await;
    }
    let mut doomed = subscribed(&client, modern("dies"), "dies");
    read(&mut doomed, 20).await;
    doomed
        .commit(&[(all[0].clone(), 4), (all[1].clone(), 7)])
        .await
        .unwrap();
    drop(doomed);

    let mut heir = subscribed(&client, modern("dies"), "dies");
    let read = read(&mut heir, 9).await;
    assert_eq!(read[&all[0]], expected(4, 4..10));
    assert_eq!(read[&all[1]], expected(7, 7..10));
    heir.close(LIMIT).await.unwrap();
}

async fn an_application_that_stays_away_loses_its_partitions(cluster: &Cluster) {
    cluster.create_topic("away", 2, 1).await.unwrap();
    let client = client(cluster);
    let all = partitions("away", 0..2);
    for config in [modern("away"), member("away-classic")] {
        let mut config = config;
        config.group.as_mut().unwrap().max_poll_interval = Duration::from_secs(2);
        let mut absent = subscribed(&client, config.clone(), "away");
        assert_eq!(event(&mut absent, is_assigned).await, all);
        // The other one gets all while the first does not ask.
        let mut present = subscribed(&client, config, "away");
        let all_of_it = async {
            while present.assignment() != all {
                drop(present.poll(POLL).await);
            }
        };
        timeout(LIMIT, all_of_it)
            .await
            .expect("the absent member kept its partitions");
        let lost = event(&mut absent, |event| match event.unwrap() {
            Event::Lost(partitions) => Some(partitions),
            _ => None,
        });
        assert_eq!(lost.await, all);
        settle(&mut present, &mut absent, &all).await;
        present.close(LIMIT).await.unwrap();
        absent.close(LIMIT).await.unwrap();
    }
}

async fn a_static_member_that_comes_back_gets_what_it_had(cluster: &Cluster) {
    cluster.create_topic("static", 4, 1).await.unwrap();
    let client = client(cluster);
    let all = partitions("static", 0..4);
    let named = |name: &str| {
        let mut config = modern("static");
        config.group.as_mut().unwrap().instance_id = Some(name.into());
        config
    };
    let mut first = subscribed(&client, named("a"), "static");
    assert_eq!(event(&mut first, is_assigned).await, all);
    let mut second = subscribed(&client, named("b"), "static");
    let (of_second, _) = settle(&mut first, &mut second, &all).await;
    second.close(LIMIT).await.unwrap();

    let mut again = subscribed(&client, named("b"), "static");
    assert_eq!(event(&mut again, is_assigned).await, of_second);
    assert_eq!(
        first.assignment().len(),
        2,
        "nobody else got them meanwhile"
    );
    again.close(LIMIT).await.unwrap();
    first.close(LIMIT).await.unwrap();
}

async fn a_group_changes_its_protocol_while_it_runs(cluster: &Cluster) {
    cluster.create_topic("changes", 4, 1).await.unwrap();
    let client = client(cluster);
    let all = partitions("changes", 0..4);
    let mut old = subscribed(&client, member("changes"), "changes");
    assert_eq!(event(&mut old, is_assigned).await, all);
    let mut new = subscribed(&client, modern("changes"), "changes");
    settle(&mut old, &mut new, &all).await;
    old.close(LIMIT).await.unwrap();
    let all_of_it = async {
        while new.assignment() != all {
            drop(new.poll(POLL).await.unwrap());
        }
    };
    timeout(LIMIT, all_of_it)
        .await
        .expect("the new member did not get the rest");
    new.close(LIMIT).await.unwrap();
}

/// Kafka's console consumer as a member of `group`, which is also its topic, with `properties`; every line is a value.
fn java(cluster: &Cluster, group: &str, property: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let mut command = cluster
        .tool(class)
        .expect("Kafka's tools come with real brokers");
    command.args(["--bootstrap-server", &cluster.bootstrap()]);
    command.args(["--topic", group, "--group", group, "--from-beginning"]);
    command.args(["--command-property", property]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

async fn members_of_java_and_ours_share_partitions(
    cluster: &Cluster,
    topic: &str,
    config: ConsumerConfig,
) {
    cluster.create_topic(topic, 4, 1).await.unwrap();
    let client = client(cluster);
    let all = partitions(topic, 0..4);
    let is_modern = matches!(
        config.group.as_ref().unwrap().protocol,
        GroupProtocol::Consumer { .. }
    );
    let property = if is_modern {
        "group.protocol=consumer"
    } else {
        "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
    };
    let mut ours = subscribed(&client, config, topic);
    assert_eq!(event(&mut ours, is_assigned).await, all);
    let (_child, mut lines) = java(cluster, topic, property);
    let goes = event(&mut ours, |event| match event.unwrap() {
        Event::Revoked(partitions) => Some(partitions),
        _ => None,
    });
    assert_eq!(goes.await.len(), 2, "half of them go, the others stay");
    for one in &all {
        write(&client, one, 0..10).await;
    }
    read(&mut ours, 20).await;
    let rest = async {
        for _ in 0..20 {
            lines.next_line().await.unwrap().unwrap();
        }
    };
    timeout(LIMIT, rest).await.expect("the rest is Java's");
    ours.close(LIMIT).await.unwrap();
}
