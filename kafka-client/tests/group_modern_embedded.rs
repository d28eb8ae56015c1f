//! Members of groups of the protocol of KIP-848, against an embedded broker that errs: fenced members, coordinators that move, load or
//! answer nobody, names that are taken, epochs that are over.

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
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_client::{
    Client, Consumer, ConsumerConfig, Error, ErrorCode, Event, GroupConfig, GroupProtocol,
    TopicPartition,
};
use kafka_testcontainers::embedded::{Control, Seen};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use kafka_wire::ApiKey;
use kafka_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};
use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use tokio::time::timeout;

use support::*;

/// Heartbeats are quick; nobody is out for being slow.
async fn quick(nodes: usize) -> Cluster {
    with_session(nodes, "30000").await
}

async fn with_session(nodes: usize, session_timeout_ms: &str) -> Cluster {
    let spec = ClusterSpec::nodes(nodes)
        .backend(Backend::Embedded)
        .property("group.consumer.heartbeat.interval.ms", "100")
        .property("group.consumer.session.timeout.ms", session_timeout_ms);
    start(spec).await
}

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

fn named(group: &str, name: &str) -> ConsumerConfig {
    let mut config = modern(group);
    config.group.as_mut().unwrap().instance_id = Some(name.into());
    config
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

fn partitions(topic: &str, count: i32) -> Vec<TopicPartition> {
    (0..count).map(|one| tp(topic, one)).collect()
}

/// Lets both work until they have `all` between them, half each.
async fn share(first: &mut Consumer, second: &mut Consumer, all: &[TopicPartition]) {
    let shared = async {
        loop {
            for consumer in [&mut *first, &mut *second] {
                let event = consumer.poll(Duration::from_millis(20)).await.unwrap();
                assert!(!matches!(event, Some(Event::Lost(_))), "{event:?}");
            }
            let (mine, theirs) = (first.assignment(), second.assignment());
            let both: BTreeSet<_> = mine.iter().chain(&theirs).collect();
            if both.len() == all.len() && mine.len() == theirs.len() {
                return;
            }
        }
    };
    timeout(LIMIT, shared).await.expect("they did not share");
}

fn refused(seen: &Seen<'_>, error_code: ErrorCode) -> Control {
    let answer = ConsumerGroupHeartbeatResponse {
        error_code,
        ..Default::default()
    };
    seen.answer::<ConsumerGroupHeartbeatRequest>(&answer)
        .unwrap()
}

#[tokio::test]
async fn whoever_is_fenced_has_lost_its_partitions_and_joins_anew() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("fenced", 2, 1).await.unwrap();
    let client = client(&cluster);
    let all = partitions("fenced", 2);
    let mut consumer = subscribed(&client, modern("fenced"), "fenced");
    assert_eq!(event(&mut consumer, is_assigned).await, all);
    let member = broker.consumer_group_members("fenced").remove(0);
    for code in [ErrorCode::FENCED_MEMBER_EPOCH, ErrorCode::UNKNOWN_MEMBER_ID] {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        broker.control(move |seen| {
            if !seen.is::<ConsumerGroupHeartbeatRequest>() {
                return Control::Pass;
            }
            let mut heard = log.lock().unwrap();
            heard.push(seen.request::<ConsumerGroupHeartbeatRequest>().unwrap());
            match heard.len() {
                1 => refused(seen, code),
                _ => Control::Pass,
            }
        });
        let lost = event(&mut consumer, |event| match event.unwrap() {
            Event::Lost(partitions) => Some(partitions),
            other => panic!("{other:?}"),
        });
        assert_eq!(lost.await, all);
        assert_eq!(event(&mut consumer, is_assigned).await, all);
        broker.clear_control();
        let heard = heard.lock().unwrap();
        assert!(heard[0].member_epoch > 0);
        assert_eq!(heard[1].member_epoch, 0);
        assert_eq!(heard[1].member_id, member.member_id, "a name for life");
        assert_eq!(heard[1].topic_partitions.as_deref(), Some(&[][..]));
    }
    consumer.close(LIMIT).await.unwrap();
    assert_eq!(broker.consumer_group_members("fenced"), []);
}

#[tokio::test]
async fn a_coordinator_that_moves_keeps_its_members() {
    let cluster = quick(3).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("moves", 2, 3).await.unwrap();
    let client = client(&cluster);
    let mut consumer = subscribed(&client, modern("moves"), "moves");
    event(&mut consumer, is_assigned).await;
    let before = broker.consumer_group_members("moves");
    for offset in 1..=4 {
        let from = broker.coordinator("moves").unwrap();
        assert!(broker.move_coordinator("moves", from % 3 + 1));
        consumer.commit(&[(tp("moves", 0), offset)]).await.unwrap();
        assert_eq!(broker.committed("moves", "moves", 0), Some(offset));
        let beats = || broker.requests_seen(ApiKey::CONSUMER_GROUP_HEARTBEAT.0);
        let seen = beats();
        until("heartbeats", || beats() > seen + 3).await;
        let event = consumer.poll(Duration::ZERO).await.unwrap();
        assert!(event.is_none(), "nothing changes: {event:?}");
    }
    assert_eq!(broker.consumer_group_members("moves"), before);
}

#[tokio::test]
async fn a_coordinator_that_loads_is_waited_for() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("loads", 1, 1).await.unwrap();
    let client = client(&cluster);
    let refusals = Arc::new(AtomicU32::new(0));
    let arm = |count: u32| {
        refusals.store(count, Ordering::Relaxed);
        let refusals = refusals.clone();
        broker.control(move |seen| {
            let left = refusals.load(Ordering::Relaxed);
            if !seen.is::<ConsumerGroupHeartbeatRequest>() || left == 0 {
                return Control::Pass;
            }
            refusals.store(left - 1, Ordering::Relaxed);
            refused(seen, ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
        });
    };
    arm(3);
    let mut consumer = subscribed(&client, modern("loads"), "loads");
    assert_eq!(event(&mut consumer, is_assigned).await.len(), 1);
    let before = broker.consumer_group_members("loads");
    arm(3);
    until("it is refused", || refusals.load(Ordering::Relaxed) == 0).await;
    let seen = broker.requests_seen(ApiKey::CONSUMER_GROUP_HEARTBEAT.0);
    until("it goes on", || {
        broker.requests_seen(ApiKey::CONSUMER_GROUP_HEARTBEAT.0) > seen + 1
    })
    .await;
    assert_eq!(consumer.assignment(), partitions("loads", 1));
    assert_eq!(broker.consumer_group_members("loads"), before);
}

#[tokio::test]
async fn answers_that_get_lost_fence_nobody() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("answers", 4, 1).await.unwrap();
    let client = client(&cluster);
    let all = partitions("answers", 4);
    let mut first = subscribed(&client, modern("answers"), "answers");
    assert_eq!(event(&mut first, is_assigned).await, all);
    let (beats, lost) = (AtomicU32::new(0), Arc::new(AtomicU32::new(0)));
    let loses = lost.clone();
    broker.control(move |seen| {
        let is_beat = seen.is::<ConsumerGroupHeartbeatRequest>();
        // The work is done, and nobody learns of it.
        if is_beat && beats.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
            loses.fetch_add(1, Ordering::Relaxed);
            return Control::PassThenClose;
        }
        Control::Pass
    });
    let mut second = subscribed(&client, modern("answers"), "answers");
    share(&mut first, &mut second, &all).await;
    assert!(lost.load(Ordering::Relaxed) > 1);
    broker.clear_control();
    until("the group is at rest", || {
        broker.group_state("answers").unwrap().0 == "Stable"
    })
    .await;
    second.close(LIMIT).await.unwrap();
    let all_of_it = async {
        while first.assignment() != all {
            drop(first.poll(POLL).await.unwrap());
        }
    };
    timeout(LIMIT, all_of_it).await.expect("the rest is free");
}

#[tokio::test]
async fn a_member_that_dies_is_replaced_where_it_committed() {
    let cluster = with_session(1, "6000").await;
    cluster.create_topic("dies", 1, 1).await.unwrap();
    let client = client(&cluster);
    let partition = tp("dies", 0);
    write(&client, &partition, 0..10).await;
    let mut doomed = subscribed(&client, modern("dies"), "dies");
    read(&mut doomed, 10).await;
    doomed.commit(&[(partition.clone(), 4)]).await.unwrap();
    drop(doomed);
    let mut heir = subscribed(&client, modern("dies"), "dies");
    assert_eq!(read(&mut heir, 6).await[&partition], expected(4, 4..10));
}

#[tokio::test]
async fn a_name_that_is_not_released_is_told_and_its_holder_goes_on() {
    let cluster = quick(1).await;
    cluster.create_topic("taken", 2, 1).await.unwrap();
    let client = client(&cluster);
    let all = partitions("taken", 2);
    let mut holder = subscribed(&client, named("taken", "i"), "taken");
    assert_eq!(event(&mut holder, is_assigned).await, all);
    let mut other = subscribed(&client, named("taken", "i"), "taken");
    let error = event(&mut other, Result::err).await;
    assert_eq!(error.code(), Some(ErrorCode::UNRELEASED_INSTANCE_ID));
    assert_eq!(other.assignment(), []);
    drop(other);
    write(&client, &all[0], 0..5).await;
    assert_eq!(read(&mut holder, 5).await[&all[0]], expected(0, 0..5));

    // A holder that goes in order lets another one have the name, and everything with it.
    holder.close(LIMIT).await.unwrap();
    let mut next = subscribed(&client, named("taken", "i"), "taken");
    assert_eq!(event(&mut next, is_assigned).await, all);
    let broker = cluster.embedded().unwrap();
    let epoch = broker.group_state("taken").unwrap().1;
    assert_eq!(epoch, 2, "nothing has changed for the group");
}

#[tokio::test]
async fn a_static_member_whose_name_another_has_is_told_and_reads_no_more() {
    let cluster = quick(1).await;
    cluster.create_topic("fenced", 1, 1).await.unwrap();
    let client = client(&cluster);
    let mut consumer = subscribed(&client, named("fenced", "i"), "fenced");
    event(&mut consumer, is_assigned).await;
    cluster.embedded().unwrap().control(|seen| {
        if !seen.is::<ConsumerGroupHeartbeatRequest>() {
            return Control::Pass;
        }
        refused(seen, ErrorCode::FENCED_INSTANCE_ID)
    });
    let error = event(&mut consumer, Result::err).await;
    assert_eq!(error.code(), Some(ErrorCode::FENCED_INSTANCE_ID));
    assert_eq!(consumer.assignment(), []);
}

/// Answers one commit with `code`, if `on`.
fn refuse_commits(cluster: &Cluster, code: ErrorCode, on: Arc<AtomicBool>) {
    cluster.embedded().unwrap().control(move |seen| {
        if !seen.is::<OffsetCommitRequest>() || !on.swap(false, Ordering::Relaxed) {
            return Control::Pass;
        }
        let request = seen.request::<OffsetCommitRequest>().unwrap();
        let topics = request.topics.into_iter();
        let topics = topics.map(|topic| OffsetCommitResponseTopic {
            name: topic.name,
            topic_id: topic.topic_id,
            partitions: topic
                .partitions
                .iter()
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
async fn a_commit_in_an_epoch_that_is_over_is_tried_again() {
    let cluster = quick(1).await;
    let broker = cluster.embedded().unwrap();
    cluster.create_topic("stale", 1, 1).await.unwrap();
    let client = client(&cluster);
    let mut consumer = subscribed(&client, modern("stale"), "stale");
    event(&mut consumer, is_assigned).await;
    let refusing = Arc::new(AtomicBool::new(true));
    refuse_commits(&cluster, ErrorCode::STALE_MEMBER_EPOCH, refusing.clone());
    consumer.commit(&[(tp("stale", 0), 5)]).await.unwrap();
    assert!(!refusing.load(Ordering::Relaxed), "it was refused once");
    assert_eq!(broker.committed("stale", "stale", 0), Some(5));
    assert_eq!(consumer.assignment(), partitions("stale", 1));
}
