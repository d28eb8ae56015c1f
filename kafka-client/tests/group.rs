//! Members of classic groups, against brokers.
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

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Error, ErrorCode, Event, GroupConfig, Start,
    TopicPartition,
};
use kafka_testcontainers::embedded::Control;
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use kafka_wire::ApiKey;
use kafka_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use kafka_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::{Instant, timeout};

use support::*;

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

/// What the group has committed, without epochs and metadata.
async fn offsets(consumer: &Consumer, partitions: &[TopicPartition]) -> Vec<Option<i64>> {
    let committed = consumer.committed(partitions).await.unwrap().into_iter();
    committed.map(|one| Some(one?.offset)).collect()
}

fn partitions(topic: &str, numbers: impl IntoIterator<Item = i32>) -> Vec<TopicPartition> {
    numbers.into_iter().map(|one| tp(topic, one)).collect()
}

#[tokio::test]
async fn one_broker_coordinates_groups_of_all_kinds() {
    let cluster =
        start(ClusterSpec::nodes(1).property("group.initial.rebalance.delay.ms", "0")).await;
    tokio::join!(
        members_share_partitions_and_hand_them_over(&cluster),
        a_group_goes_on_where_it_committed(&cluster),
        finished_records_are_committed_without_being_told(&cluster),
        a_member_that_dies_is_replaced(&cluster),
        offsets_are_kept_without_membership(&cluster),
        a_topic_that_comes_later_is_assigned(&cluster),
        leaving_one_group_life_for_assignment_by_hand(&cluster),
    );
}

async fn members_share_partitions_and_hand_them_over(cluster: &Cluster) {
    cluster.create_topic("share", 4, 1).await.unwrap();
    let client = client(cluster);
    let mut first = subscribed(&client, member("share"), "share");
    let all = partitions("share", 0..4);
    assert_eq!(event(&mut first, is_assigned).await, all);

    let mut second = subscribed(&client, member("share"), "share");
    let mut revoked = None;
    let joined = async {
        let (mut of_first, mut of_second) = (None, None);
        while of_first.is_none() || of_second.is_none() {
            match first.poll(Duration::from_millis(10)).await.unwrap() {
                Some(Event::Revoked(list)) => revoked = Some(list),
                Some(Event::Assigned(list)) => of_first = Some(list),
                _ => {}
            }
            if let Some(Event::Assigned(list)) =
                second.poll(Duration::from_millis(10)).await.unwrap()
            {
                of_second = Some(list);
            }
        }
        (of_first.unwrap(), of_second.unwrap())
    };
    let (of_first, of_second) = timeout(LIMIT, joined).await.unwrap();
    assert_eq!(revoked, Some(all.clone()), "the first gave everything up");
    assert_eq!((of_first.len(), of_second.len()), (2, 2));
    let mut both = [of_first, of_second].concat();
    both.sort();
    assert_eq!(both, all);

    let left = Instant::now();
    second.close(LIMIT).await.unwrap();
    assert_eq!(event(&mut first, is_assigned).await, all);
    assert!(
        left.elapsed() < Duration::from_secs(5),
        "long before a session ends"
    );
    first.close(LIMIT).await.unwrap();
}

async fn a_group_goes_on_where_it_committed(cluster: &Cluster) {
    cluster.create_topic("commit", 2, 1).await.unwrap();
    let client = client(cluster);
    let (some, none) = (tp("commit", 0), tp("commit", 1));
    write(&client, &some, 0..20).await;
    write(&client, &none, 0..3).await;
    let mut first = subscribed(&client, member("commit"), "commit");
    read(&mut first, 23).await;
    assert_eq!(
        first
            .committed(&[some.clone(), none.clone()])
            .await
            .unwrap(),
        [None, None]
    );
    first.commit(&[(some.clone(), 12)]).await.unwrap();
    let stored = offsets(&first, &[none.clone(), some.clone()]).await;
    assert_eq!(stored, [None, Some(12)]);
    assert_eq!(
        first.position(&some),
        Some(20),
        "positions are another matter"
    );
    first.close(LIMIT).await.unwrap();

    let mut second = subscribed(&client, member("commit"), "commit");
    let read = read(&mut second, 11).await;
    assert_eq!(read[&some], expected(12, 12..20));
    assert_eq!(
        read[&none],
        expected(0, 0..3),
        "where nothing was committed the policy rules"
    );
    second.close(LIMIT).await.unwrap();
}

async fn finished_records_are_committed_without_being_told(cluster: &Cluster) {
    cluster.create_topic("auto", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("auto", 0);
    write(&client, &partition, 0..10).await;
    let config = ConsumerConfig {
        auto_commit: Some(Duration::from_millis(50)),
        ..member("auto")
    };
    let mut consumer = subscribed(&client, config, "auto");
    read(&mut consumer, 10).await;
    // The application has not come back: nothing of the last event is committed, however long it takes.
    let watch = Consumer::new(&client, member("auto")).unwrap();
    let asked = std::slice::from_ref(&partition);
    for _ in 0..10 {
        let stored = offsets(&watch, asked).await[0];
        assert!(stored.is_none_or(|offset| offset < 10), "{stored:?}");
    }
    assert!(consumer.poll(Duration::ZERO).await.unwrap().is_none());
    let stored = async { while offsets(&watch, asked).await != [Some(10)] {} };
    timeout(LIMIT, stored).await.unwrap();

    write(&client, &partition, 10..15).await;
    read(&mut consumer, 5).await;
    consumer.close(LIMIT).await.unwrap();
    assert_eq!(offsets(&watch, asked).await, [Some(15)], "closing finishes");
}

async fn a_member_that_dies_is_replaced(cluster: &Cluster) {
    cluster.create_topic("dies", 2, 1).await.unwrap();
    let client = client(cluster);
    let all = partitions("dies", 0..2);
    for one in &all {
        write(&client, one, 0..10).await;
    }
    let mut doomed = subscribed(&client, member("dies"), "dies");
    read(&mut doomed, 20).await;
    doomed
        .commit(&[(all[0].clone(), 4), (all[1].clone(), 7)])
        .await
        .unwrap();
    drop(doomed);

    let mut heir = subscribed(&client, member("dies"), "dies");
    let read = read(&mut heir, 9).await;
    assert_eq!(read[&all[0]], expected(4, 4..10));
    assert_eq!(read[&all[1]], expected(7, 7..10));
    heir.close(LIMIT).await.unwrap();
}

async fn offsets_are_kept_without_membership(cluster: &Cluster) {
    cluster.create_topic("simple", 1, 1).await.unwrap();
    let client = client(cluster);
    let partition = tp("simple", 0);
    write(&client, &partition, 0..10).await;
    let start = [(partition.clone(), Start::Earliest)];
    let mut consumer = assigned(&client, member("simple"), &start);
    read(&mut consumer, 10).await;
    consumer.commit(&[(partition.clone(), 8)]).await.unwrap();
    let stored = offsets(&consumer, std::slice::from_ref(&partition)).await;
    assert_eq!(stored, [Some(8)]);

    let mut alone = assigned(&client, ConsumerConfig::default(), &start);
    let error = alone.commit(&[(partition, 8)]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::INVALID_GROUP_ID));
}

async fn a_topic_that_comes_later_is_assigned(cluster: &Cluster) {
    let impatient = Client::new(ClientConfig {
        bootstrap: vec![cluster.bootstrap()],
        request_timeout: Duration::from_secs(5),
        allow_auto_topic_creation: false,
        ..Default::default()
    })
    .unwrap();
    let mut consumer = subscribed(&impatient, member("later"), "later");
    let assigned = |event: Result<Event, Error>| match event {
        Ok(Event::Assigned(partitions)) => Some(partitions),
        // Besides, a young cluster may be long in finding a coordinator.
        Err(error) => {
            assert!(error.is_retriable(), "{error:?}");
            None
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(event(&mut consumer, assigned).await, []);
    // Told again and again, as long as it is not there.
    let is_unknown = |error: &Error| error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    event(&mut consumer, |event| event.err().filter(is_unknown)).await;

    cluster.create_topic("later", 2, 1).await.unwrap();
    let found = event(&mut consumer, assigned).await;
    assert_eq!(found, partitions("later", 0..2));
    write(&client(cluster), &tp("later", 1), 0..10).await;
    assert_eq!(
        read(&mut consumer, 10).await[&tp("later", 1)],
        expected(0, 0..10)
    );
    consumer.close(LIMIT).await.unwrap();
}

async fn leaving_one_group_life_for_assignment_by_hand(cluster: &Cluster) {
    cluster.create_topic("hand", 2, 1).await.unwrap();
    let client = client(cluster);
    write(&client, &tp("hand", 1), 0..5).await;
    let mut consumer = subscribed(&client, member("hand"), "hand");
    assert_eq!(event(&mut consumer, is_assigned).await.len(), 2);
    consumer.assign([(tp("hand", 1), Start::Offset(2))]);
    assert_eq!(
        read(&mut consumer, 3).await[&tp("hand", 1)],
        expected(2, 2..5)
    );
    // It has left, so a newcomer gets everything at once.
    let mut other = subscribed(&client, member("hand"), "hand");
    assert_eq!(event(&mut other, is_assigned).await.len(), 2);
    other.close(LIMIT).await.unwrap();
    consumer.close(LIMIT).await.unwrap();
}

#[tokio::test]
async fn consumers_of_java_and_ours_share_a_group() {
    let spec = ClusterSpec::nodes(1).backend(Backend::Process);
    let cluster = start(spec.property("group.initial.rebalance.delay.ms", "0")).await;
    tokio::join!(java_joins_ours(&cluster), ours_joins_java(&cluster));
}

/// Kafka's console consumer as a member of `group`, which is also its topic; every line is a value.
fn java(cluster: &Cluster, group: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let mut command = cluster
        .tool(class)
        .expect("Kafka's tools come with real brokers");
    command.args(["--bootstrap-server", &cluster.bootstrap()]);
    command.args(["--topic", group, "--group", group, "--from-beginning"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

async fn java_joins_ours(cluster: &Cluster) {
    cluster.create_topic("led-by-us", 4, 1).await.unwrap();
    let client = client(cluster);
    let mut ours = subscribed(&client, member("led-by-us"), "led-by-us");
    assert_eq!(event(&mut ours, is_assigned).await.len(), 4);
    let (_child, mut lines) = java(cluster, "led-by-us");
    let left = event(&mut ours, is_assigned).await;
    assert_eq!(left.len(), 2, "the other half is Java's");
    for number in 0..4 {
        write(&client, &tp("led-by-us", number), 0..10).await;
    }
    let read = read(&mut ours, 20).await;
    assert!(
        left.iter().all(|one| read[one] == expected(0, 0..10)),
        "{read:?}"
    );
    let rest = async {
        for _ in 0..20 {
            lines.next_line().await.unwrap().unwrap();
        }
    };
    timeout(LIMIT, rest).await.unwrap();
    ours.close(LIMIT).await.unwrap();
}

async fn ours_joins_java(cluster: &Cluster) {
    cluster.create_topic("led-by-java", 4, 1).await.unwrap();
    let client = client(cluster);
    write(&client, &tp("led-by-java", 0), 0..1).await;
    let (_child, mut lines) = java(cluster, "led-by-java");
    let first = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap();
    assert_eq!(first.as_deref(), Some("0"), "it has its partitions");
    let mut ours = subscribed(&client, member("led-by-java"), "led-by-java");
    assert_eq!(event(&mut ours, is_assigned).await.len(), 2);
    ours.close(LIMIT).await.unwrap();
}

/// A quick embedded cluster: sessions may be short there.
async fn quick(nodes: usize) -> Cluster {
    let spec = ClusterSpec::nodes(nodes).backend(Backend::Embedded);
    start(spec.property("group.min.session.timeout.ms", "100")).await
}

fn short_session(group: &str) -> ConsumerConfig {
    ConsumerConfig {
        group: Some(GroupConfig {
            id: group.into(),
            session_timeout: Duration::from_secs(2),
            heartbeat_interval: Duration::from_millis(50),
            ..Default::default()
        }),
        ..earliest()
    }
}

#[tokio::test]
async fn the_heart_beats_while_the_application_is_busy() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("busy", 1, 1).await.unwrap();
    let client = client(&cluster);
    let mut consumer = subscribed(&client, short_session("busy"), "busy");
    event(&mut consumer, is_assigned).await;
    // No poll for more than two sessions.
    let until_then = Instant::now() + Duration::from_millis(4500);
    let before = broker.requests_seen(ApiKey::HEARTBEAT.0);
    until("4.5 s have passed", || Instant::now() >= until_then).await;
    assert!(broker.requests_seen(ApiKey::HEARTBEAT.0) > before + 10);
    assert_eq!(broker.group_members("busy").len(), 1);
    assert_eq!(broker.group_state("busy").unwrap().0, "Stable");
    assert!(consumer.poll(Duration::ZERO).await.unwrap().is_none());
    consumer.close(LIMIT).await.unwrap();
    assert_eq!(broker.group_members("busy").len(), 0);
}

#[tokio::test]
async fn a_rebalance_waits_until_the_application_has_finished() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("waits", 2, 1).await.unwrap();
    let client = client(&cluster);
    let all = partitions("waits", 0..2);
    write(&client, &all[0], 0..10).await;
    let config = ConsumerConfig {
        auto_commit: Some(Duration::from_hours(1)),
        ..short_session("waits")
    };
    let mut first = subscribed(&client, config, "waits");
    read(&mut first, 10).await;

    let mut second = subscribed(&client, short_session("waits"), "waits");
    assert!(second.poll(Duration::ZERO).await.unwrap().is_none());
    until("a rebalance begins", || {
        broker.group_state("waits").unwrap().0 == "PreparingRebalance"
    })
    .await;
    // The first member is at work for longer than a session, and still a member.
    let beats = broker.requests_seen(ApiKey::HEARTBEAT.0);
    until("many heartbeats", || {
        broker.requests_seen(ApiKey::HEARTBEAT.0) > beats + 30
    })
    .await;
    assert_eq!(broker.group_state("waits").unwrap().0, "PreparingRebalance");
    assert_eq!(broker.committed("waits", "waits", 0), None);

    let told = event(&mut first, |event| match event.unwrap() {
        Event::Revoked(list) => Some(list),
        other => panic!("{other:?}"),
    });
    assert_eq!(told.await, all);
    assert_eq!(first.assignment(), []);
    let (of_first, of_second) = tokio::join!(
        event(&mut first, is_assigned),
        event(&mut second, is_assigned)
    );
    assert_eq!((of_first.len(), of_second.len()), (1, 1));
    assert_eq!(
        broker.committed("waits", "waits", 0),
        Some(10),
        "committed before it was given up"
    );
}

#[tokio::test]
async fn a_member_that_the_coordinator_forgot_loses_its_partitions() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("lost", 1, 1).await.unwrap();
    let client = client(&cluster);
    let mut consumer = subscribed(&client, short_session("lost"), "lost");
    event(&mut consumer, is_assigned).await;
    let (forgotten, away) = (AtomicBool::new(false), Arc::new(AtomicBool::new(true)));
    let still_away = away.clone();
    broker.control(move |seen| {
        if seen.is::<JoinGroupRequest>() && still_away.load(Ordering::Relaxed) {
            return Control::Close;
        }
        if !seen.is::<HeartbeatRequest>() || forgotten.swap(true, Ordering::Relaxed) {
            return Control::Pass;
        }
        let answer = HeartbeatResponse {
            error_code: ErrorCode::UNKNOWN_MEMBER_ID,
            ..Default::default()
        };
        seen.answer::<HeartbeatRequest>(&answer).unwrap()
    });
    let lost = event(&mut consumer, |event| match event.unwrap() {
        Event::Lost(list) => Some(list),
        other => panic!("{other:?}"),
    });
    assert_eq!(lost.await, partitions("lost", [0]));
    assert_eq!(consumer.assignment(), []);
    // Not even as nobody in particular: that could undo what the next owner commits.
    let error = consumer.commit(&[(tp("lost", 0), 1)]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_MEMBER_ID));
    away.store(false, Ordering::Relaxed);
    assert_eq!(
        event(&mut consumer, is_assigned).await,
        partitions("lost", [0])
    );
}

#[tokio::test]
async fn a_coordinator_that_moves_keeps_its_members() {
    let cluster = quick(3).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("moves", 2, 3).await.unwrap();
    let client = client(&cluster);
    let mut consumer = subscribed(&client, short_session("moves"), "moves");
    event(&mut consumer, is_assigned).await;
    let member = broker.group_members("moves")[0].member_id.clone();
    let generation = broker.group_state("moves").unwrap().1;
    for offset in 1..=4 {
        let from = broker.coordinator("moves").unwrap();
        assert!(broker.move_coordinator("moves", from % 3 + 1));
        consumer.commit(&[(tp("moves", 0), offset)]).await.unwrap();
        assert_eq!(broker.committed("moves", "moves", 0), Some(offset));
        let beats = broker.requests_seen(ApiKey::HEARTBEAT.0);
        until("heartbeats", || {
            broker.requests_seen(ApiKey::HEARTBEAT.0) > beats + 3
        })
        .await;
        assert!(
            consumer.poll(Duration::ZERO).await.unwrap().is_none(),
            "no rebalance"
        );
    }
    assert_eq!(broker.group_members("moves")[0].member_id, member);
    assert_eq!(broker.group_state("moves").unwrap(), ("Stable", generation));
}

#[tokio::test]
async fn a_coordinator_that_loads_is_waited_for() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("loads", 1, 1).await.unwrap();
    let client = client(&cluster);
    let refusals = AtomicU32::new(0);
    broker.control(move |seen| {
        if !seen.is::<JoinGroupRequest>() || refusals.fetch_add(1, Ordering::Relaxed) >= 3 {
            return Control::Pass;
        }
        let answer = JoinGroupResponse {
            error_code: ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
            ..Default::default()
        };
        seen.answer::<JoinGroupRequest>(&answer).unwrap()
    });
    let mut consumer = subscribed(&client, short_session("loads"), "loads");
    assert_eq!(event(&mut consumer, is_assigned).await.len(), 1);
}

#[tokio::test]
async fn a_coordinator_that_falls_silent_during_a_join_is_left_for_the_next() {
    let cluster = quick(3).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("silent", 1, 3).await.unwrap();
    let silent = broker.coordinator("silent").unwrap();
    let was_asked = Arc::new(AtomicBool::new(false));
    let ask = was_asked.clone();
    broker.control(move |seen| {
        if seen.node == silent && seen.is::<JoinGroupRequest>() {
            ask.store(true, Ordering::Relaxed);
            return Control::Drop;
        }
        Control::Pass
    });
    let client = Client::new(ClientConfig {
        bootstrap: cluster
            .bootstrap()
            .split(',')
            .map(ToOwned::to_owned)
            .collect(),
        request_timeout: Duration::from_secs(1),
        ..Default::default()
    })
    .unwrap();
    let mut consumer = subscribed(&client, short_session("silent"), "silent");
    assert!(consumer.poll(Duration::ZERO).await.unwrap().is_none());
    until("it asks to join", || was_asked.load(Ordering::Relaxed)).await;
    assert!(broker.move_coordinator("silent", silent % 3 + 1));
    assert_eq!(event(&mut consumer, is_assigned).await.len(), 1);
}

#[tokio::test]
async fn another_member_of_the_same_lasting_name_ends_this_one() {
    let cluster = quick(1).await;
    cluster.create_topic("fenced", 1, 1).await.unwrap();
    let client = client(&cluster);
    let mut config = short_session("fenced");
    if let Some(group) = &mut config.group {
        group.instance_id = Some("only-one".into());
    }
    let mut first = subscribed(&client, config.clone(), "fenced");
    event(&mut first, is_assigned).await;
    let mut second = subscribed(&client, config, "fenced");
    event(&mut second, is_assigned).await;
    let error = event(&mut first, Result::err).await;
    assert_eq!(error.code(), Some(ErrorCode::FENCED_INSTANCE_ID));
    assert_eq!(first.assignment(), []);
}

/// Answers every commit with `code`, as long as `on`.
fn refuse_commits(cluster: &Cluster, code: ErrorCode, on: Arc<AtomicBool>) {
    cluster.embedded().unwrap().control(move |seen| {
        if !seen.is::<OffsetCommitRequest>() || !on.load(Ordering::Relaxed) {
            return Control::Pass;
        }
        let request = seen.request::<OffsetCommitRequest>().unwrap();
        let topics = request
            .topics
            .into_iter()
            .map(|topic| OffsetCommitResponseTopic {
                name: topic.name,
                topic_id: topic.topic_id,
                partitions: topic
                    .partitions
                    .into_iter()
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
    });
}

#[tokio::test]
async fn a_commit_that_fails_stops_nothing() {
    let cluster = quick(1).await;
    cluster.create_topic("fails", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("fails", 0);
    write(&client, &partition, 0..20).await;
    let config = ConsumerConfig {
        auto_commit: Some(Duration::from_millis(10)),
        max_partition_fetch_bytes: 100,
        ..short_session("fails")
    };
    let refusing = Arc::new(AtomicBool::new(true));
    refuse_commits(
        &cluster,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        refusing.clone(),
    );
    let mut consumer = subscribed(&client, config, "fails");
    let mut read = Read::new();
    read_more(&mut consumer, &mut read, 20).await;
    let error = consumer
        .commit(&[(partition.clone(), 20)])
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    write(&client, &partition, 20..30).await;
    read_more(&mut consumer, &mut read, 30).await;
    assert_eq!(read[&partition], expected(0, 0..30));
    refusing.store(false, Ordering::Relaxed);
    consumer.close(LIMIT).await.unwrap();
    let broker = cluster.embedded().unwrap();
    assert_eq!(broker.committed("fails", "fails", 0), Some(30));
}

#[tokio::test]
async fn a_commit_is_tried_again_as_long_as_it_may_pass() {
    let cluster = quick(1).await;
    cluster.create_topic("again", 1, 1).await.unwrap();
    let client = Client::new(ClientConfig {
        bootstrap: vec![cluster.bootstrap()],
        request_timeout: Duration::from_secs(2),
        ..Default::default()
    })
    .unwrap();
    let mut consumer = subscribed(&client, short_session("again"), "again");
    event(&mut consumer, is_assigned).await;
    let refusing = Arc::new(AtomicBool::new(true));
    refuse_commits(&cluster, ErrorCode::REBALANCE_IN_PROGRESS, refusing.clone());
    let offsets = [(tp("again", 0), 5)];
    let start = Instant::now();
    let error = consumer.commit(&offsets).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::REBALANCE_IN_PROGRESS));
    assert!(
        start.elapsed() < LIMIT / 10,
        "and no longer than a request may take"
    );

    let commits = || {
        cluster
            .embedded()
            .unwrap()
            .requests_seen(ApiKey::OFFSET_COMMIT.0)
    };
    let before = commits();
    let heal = until("two refusals", || commits() >= before + 2);
    let heal = async {
        heal.await;
        refusing.store(false, Ordering::Relaxed);
    };
    let (result, ()) = tokio::join!(consumer.commit(&offsets), heal);
    result.unwrap();
}

#[tokio::test]
async fn closing_does_not_wait_for_a_coordinator_that_is_gone() {
    let cluster = quick(1).await;
    cluster.create_topic("gone", 1, 1).await.unwrap();
    let client = client(&cluster);
    write(&client, &tp("gone", 0), 0..10).await;
    let config = ConsumerConfig {
        auto_commit: Some(Duration::from_hours(1)),
        ..short_session("gone")
    };
    let mut consumer = subscribed(&client, config, "gone");
    read(&mut consumer, 10).await;
    cluster.embedded().unwrap().control(|_| Control::Drop);
    let start = Instant::now();
    let closed = consumer.close(Duration::from_millis(300)).await;
    assert!(closed.is_err());
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    until("its tasks end", || client.stats().tasks <= 4).await;
}

#[tokio::test]
async fn a_seek_when_partitions_come_is_before_any_record() {
    let cluster = quick(1).await;
    cluster.create_topic("early", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("early", 0);
    write(&client, &partition, 0..10).await;
    let mut consumer = subscribed(&client, short_session("early"), "early");
    event(&mut consumer, is_assigned).await;
    consumer.seek(&partition, 7);
    assert_eq!(read(&mut consumer, 3).await[&partition], expected(7, 7..10));
}
