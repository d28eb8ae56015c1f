use std::time::Duration;

use super::*;

const INTERVAL: Duration = Duration::from_secs(5);
const REBALANCE: Duration = Duration::from_mins(5);
const TOPIC: Uuid = Uuid([7; 16]);

fn new(now: Instant) -> Member {
    let config = GroupConfig {
        id: "g".into(),
        rebalance_timeout: REBALANCE,
        protocol: GroupProtocol::Consumer { assignor: None },
        ..Default::default()
    };
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    let mut member = Member::new(config, None, "me".into(), backoff, now);
    member.subscribe(&["t".into()]);
    member
}

fn next(member: &mut Member, now: Instant) -> Step {
    member.next(now, |id| (id == TOPIC).then(|| "t".into()))
}

fn heartbeat(member: &mut Member, now: Instant) -> ConsumerGroupHeartbeatRequest {
    match next(member, now) {
        Step::Heartbeat(request) => request,
        other => panic!("{other:?}"),
    }
}

fn names(partitions: &[i32]) -> Vec<TopicPartition> {
    let named = partitions.iter().map(|one| TopicPartition::new("t", *one));
    named.collect()
}

fn topics(partitions: &[i32]) -> Vec<TopicPartitions> {
    let topic = TopicPartitions {
        topic_id: TOPIC,
        partitions: partitions.to_vec(),
    };
    vec![topic]
}

/// The coordinator says yes, and what the member should have if that has changed.
fn yes(member: &mut Member, epoch: i32, target: Option<&[i32]>, now: Instant) {
    let answer = ConsumerGroupHeartbeatResponse {
        member_epoch: epoch,
        heartbeat_interval_ms: 5000,
        assignment: target.map(|partitions| Assignment {
            topic_partitions: topics(partitions),
        }),
        ..Default::default()
    };
    assert!(member.beat(Ok(answer), now).error.is_none());
}

fn no(member: &mut Member, code: ErrorCode, now: Instant) -> Outcome {
    let answer = ConsumerGroupHeartbeatResponse {
        error_code: code,
        ..Default::default()
    };
    member.beat(Ok(answer), now)
}

/// A member in epoch 3 that has partitions 0 and 1, and has said so.
fn settled(now: Instant) -> Member {
    let mut member = new(now);
    heartbeat(&mut member, now);
    yes(&mut member, 3, Some(&[0, 1]), now);
    assert_eq!(next(&mut member, now), Step::Assign(names(&[0, 1])));
    heartbeat(&mut member, now);
    yes(&mut member, 3, None, now);
    assert_eq!(next(&mut member, now), Step::Wait(Some(now + INTERVAL)));
    member
}

#[test]
fn joins_with_everything_and_reports_what_it_has() {
    let now = Instant::now();
    let mut member = new(now);
    let join = heartbeat(&mut member, now);
    assert_eq!((join.member_epoch, join.member_id.as_str()), (0, "me"));
    assert_eq!(join.subscribed_topic_names, Some(vec!["t".into()]));
    assert_eq!(join.topic_partitions, Some(vec![]), "nothing yet");
    assert_eq!(join.rebalance_timeout_ms, 300_000);

    yes(&mut member, 1, Some(&[0]), now);
    assert_eq!(next(&mut member, now), Step::Assign(names(&[0])));
    let report = heartbeat(&mut member, now);
    assert_eq!((report.member_epoch, report.rebalance_timeout_ms), (1, -1));
    assert_eq!(report.subscribed_topic_names, None, "unchanged");
    assert_eq!(report.topic_partitions, Some(topics(&[0])));
}

#[test]
fn a_member_that_gets_nothing_is_told_so_once() {
    let now = Instant::now();
    let mut member = new(now);
    heartbeat(&mut member, now);
    yes(&mut member, 1, Some(&[]), now);
    assert_eq!(next(&mut member, now), Step::Assign(vec![]));
    assert_eq!(next(&mut member, now), Step::Wait(Some(now + INTERVAL)));
}

#[test]
fn nothing_is_said_twice() {
    let now = Instant::now();
    let mut member = settled(now);
    let due = now + INTERVAL;
    let beat = heartbeat(&mut member, due);
    assert_eq!(beat.topic_partitions, None);
    assert_eq!(beat.subscribed_topic_names, None);
    yes(&mut member, 3, None, due);

    member.subscribe(&["t".into(), "u".into()]);
    let beat = heartbeat(&mut member, due);
    assert_eq!(beat.subscribed_topic_names.unwrap().len(), 2);
    assert_eq!(beat.topic_partitions, None);
}

#[test]
fn partitions_are_given_up_before_others_are_taken() {
    let now = Instant::now();
    let mut member = settled(now);
    let due = now + INTERVAL;
    heartbeat(&mut member, due);
    yes(&mut member, 4, Some(&[1, 2]), due);
    assert_eq!(next(&mut member, due), Step::Revoke(names(&[0])));

    // The heart beats while the application finishes.
    assert_eq!(next(&mut member, due), Step::Wait(Some(due + INTERVAL)));
    let beat = heartbeat(&mut member, due + INTERVAL);
    assert_eq!(beat.topic_partitions, None, "it still has them");
    yes(&mut member, 4, None, due + INTERVAL);

    member.revoked();
    let now = due + INTERVAL;
    assert_eq!(next(&mut member, now), Step::Assign(names(&[1, 2])));
    let report = heartbeat(&mut member, now);
    assert_eq!(report.topic_partitions, Some(topics(&[1, 2])));
}

#[test]
fn a_topic_without_a_name_waits_for_it() {
    let now = Instant::now();
    let mut member = new(now);
    heartbeat(&mut member, now);
    yes(&mut member, 1, Some(&[0]), now);
    assert_eq!(member.next(now, |_| None), Step::Assign(vec![]));
    assert_eq!(next(&mut member, now), Step::Assign(names(&[0])));
}

#[test]
fn whoever_is_fenced_has_lost_everything_and_joins_again() {
    for code in [
        ErrorCode::GROUP_ID_NOT_FOUND,
        ErrorCode::FENCED_MEMBER_EPOCH,
        ErrorCode::UNKNOWN_MEMBER_ID,
    ] {
        let now = Instant::now();
        let mut member = settled(now);
        heartbeat(&mut member, now + INTERVAL);
        let outcome = no(&mut member, code, now + INTERVAL);
        assert!(outcome.lost && outcome.error.is_none());
        let join = heartbeat(&mut member, now + INTERVAL);
        assert_eq!((join.member_epoch, join.member_id.as_str()), (0, "me"));
        assert_eq!(join.topic_partitions, Some(vec![]));
    }
}

#[test]
fn a_coordinator_that_moves_changes_nothing_but_is_told_everything() {
    let now = Instant::now();
    let mut member = settled(now);
    heartbeat(&mut member, now + INTERVAL);
    let outcome = no(&mut member, ErrorCode::NOT_COORDINATOR, now + INTERVAL);
    assert!(outcome.find_coordinator && !outcome.lost);
    let Step::Wait(Some(later)) = next(&mut member, now + INTERVAL) else {
        panic!("it waits before it tries again");
    };
    let again = heartbeat(&mut member, later);
    assert_eq!(again.member_epoch, 3);
    assert_eq!(again.topic_partitions, Some(topics(&[0, 1])));
    assert_eq!(again.subscribed_topic_names, Some(vec!["t".into()]));
}

#[test]
fn what_will_not_pass_ends_the_membership() {
    let now = Instant::now();
    let mut member = settled(now);
    heartbeat(&mut member, now + INTERVAL);
    let code = ErrorCode::UNRELEASED_INSTANCE_ID;
    let outcome = no(&mut member, code, now + INTERVAL);
    assert!(outcome.lost);
    assert_eq!(outcome.error.unwrap().code(), Some(code));
    assert_eq!(next(&mut member, now + REBALANCE), Step::Wait(None));
}

#[test]
fn an_application_that_gives_nothing_up_loses_everything() {
    let now = Instant::now();
    let mut member = settled(now);
    heartbeat(&mut member, now + INTERVAL);
    yes(&mut member, 4, Some(&[1]), now + INTERVAL);
    let asked = now + INTERVAL;
    assert_eq!(next(&mut member, asked), Step::Revoke(names(&[0])));
    assert_eq!(next(&mut member, asked + REBALANCE), Step::Abandon);
    member.left();
    assert_eq!(heartbeat(&mut member, asked + REBALANCE).member_epoch, 0);
}

#[test]
fn whoever_wants_nothing_gives_up_what_it_has_and_leaves() {
    let now = Instant::now();
    let mut member = settled(now);
    member.subscribe(&[]);
    assert_eq!(next(&mut member, now), Step::Revoke(names(&[0, 1])));
    member.revoked();
    assert_eq!(next(&mut member, now), Step::Leave);
    member.left();
    assert_eq!(next(&mut member, now), Step::Wait(None));
}
