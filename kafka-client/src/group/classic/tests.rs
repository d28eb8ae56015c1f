use std::time::Duration;

use super::protocol::assignment_of;
use super::*;

const INTERVAL: Duration = Duration::from_secs(3);
const REBALANCE: Duration = Duration::from_mins(5);

fn member(now: Instant) -> Member {
    let config = GroupConfig {
        id: "g".into(),
        heartbeat_interval: INTERVAL,
        rebalance_timeout: REBALANCE,
        ..Default::default()
    };
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    let mut member = Member::new(config, None, backoff, now);
    member.subscribe(&["t".into()]);
    member
}

fn join(member: &mut Member, now: Instant) -> JoinGroupRequest {
    match member.next(now) {
        Step::Join(request) => request,
        other => panic!("{other:?}"),
    }
}

fn sync(member: &mut Member, now: Instant) -> SyncGroupRequest {
    match member.next(now) {
        Step::Sync(request) => request,
        other => panic!("{other:?}"),
    }
}

fn accepted(leader: &str) -> JoinGroupResponse {
    JoinGroupResponse {
        generation_id: 7,
        leader: leader.into(),
        member_id: "me".into(),
        protocol_name: Some("range".into()),
        ..Default::default()
    }
}

/// What [`stable`] members have.
fn owned() -> Vec<TopicPartition> {
    vec![TopicPartition::new("t", 0), TopicPartition::new("t", 2)]
}

fn division(partitions: &[i32]) -> SyncGroupResponse {
    let topics = [("t".to_owned(), partitions.to_vec())];
    SyncGroupResponse {
        assignment: assignment_of("me".into(), topics).unwrap().assignment,
        ..Default::default()
    }
}

fn beat(member: &mut Member, code: ErrorCode, now: Instant) -> Outcome {
    let answer = HeartbeatResponse {
        error_code: code,
        ..Default::default()
    };
    member.beat(Ok(answer), now)
}

/// A member with an assignment; its next heartbeat is due at `now + INTERVAL`.
fn stable(now: Instant) -> Member {
    let mut member = member(now);
    join(&mut member, now);
    member.joined(Ok(accepted("other")), now);
    sync(&mut member, now);
    let outcome = member.synced(Ok(division(&[0, 2])), now);
    assert_eq!(outcome.assigned.unwrap().len(), 2);
    member
}

#[test]
fn joins_with_the_id_that_it_is_given() {
    let now = Instant::now();
    let mut member = member(now);
    let request = join(&mut member, now);
    assert_eq!(
        (request.member_id.as_str(), request.group_id.as_str()),
        ("", "g")
    );
    assert_eq!(request.protocols[0].name, "range");
    assert_eq!(request.reason.as_deref(), Some("joins"));

    let named = JoinGroupResponse {
        error_code: ErrorCode::MEMBER_ID_REQUIRED,
        member_id: "me".into(),
        ..Default::default()
    };
    assert!(member.joined(Ok(named), now).error.is_none());
    assert_eq!(join(&mut member, now).member_id, "me");
}

#[test]
fn a_follower_asks_for_its_part_and_then_shows_that_it_lives() {
    let now = Instant::now();
    let mut member = member(now);
    join(&mut member, now);
    member.joined(Ok(accepted("other")), now);
    let request = sync(&mut member, now);
    assert_eq!((request.generation_id, request.assignments.len()), (7, 0));
    let outcome = member.synced(Ok(division(&[2, 0])), now);
    let expected = [TopicPartition::new("t", 0), TopicPartition::new("t", 2)];
    assert_eq!(outcome.assigned.unwrap(), expected);

    let due = now + INTERVAL;
    assert_eq!(member.next(now), Step::Wait(Some(due)));
    assert!(matches!(member.next(due), Step::Heartbeat(_)));
    beat(&mut member, ErrorCode::NONE, due);
    assert_eq!(member.next(due), Step::Wait(Some(due + INTERVAL)));
}

#[test]
fn a_leader_divides_and_sends_the_division() {
    let now = Instant::now();
    let mut member = member(now);
    join(&mut member, now);
    let mut answer = accepted("me");
    answer.members = vec![JoinGroupResponseMember::default()];
    member.joined(Ok(answer), now);
    let Step::Divide(Assignor::Range, members) = member.next(now) else {
        panic!("a leader divides")
    };
    assert_eq!(members.len(), 1);
    member.divided(vec![SyncGroupRequestAssignment::default()]);
    assert_eq!(sync(&mut member, now).assignments.len(), 1);
    member.synced(Ok(division(&[0])), now);
    assert!(member.leads());
}

#[test]
fn a_leader_that_is_told_to_skip_the_division_asks_for_its_part() {
    let now = Instant::now();
    let mut member = member(now);
    join(&mut member, now);
    let mut answer = accepted("me");
    answer.skip_assignment = true;
    member.joined(Ok(answer), now);
    assert_eq!(sync(&mut member, now).assignments, []);
}

#[test]
fn a_member_that_was_left_out_has_nothing() {
    let now = Instant::now();
    let mut member = member(now);
    join(&mut member, now);
    member.joined(Ok(accepted("other")), now);
    sync(&mut member, now);
    let outcome = member.synced(Ok(SyncGroupResponse::default()), now);
    assert_eq!(outcome.assigned, Some(Vec::new()));
}

#[test]
fn a_rebalance_waits_for_the_application_and_the_heart_beats_on() {
    let now = Instant::now();
    let mut member = stable(now);
    let due = now + INTERVAL;
    assert!(matches!(member.next(due), Step::Heartbeat(_)));
    let outcome = beat(&mut member, ErrorCode::REBALANCE_IN_PROGRESS, due);
    assert!(!outcome.lost && outcome.error.is_none());
    assert_eq!(member.next(due), Step::Revoke(owned()));
    assert_eq!(member.next(due), Step::Wait(Some(due + INTERVAL)));
    assert!(matches!(member.next(due + INTERVAL), Step::Heartbeat(_)));
    beat(
        &mut member,
        ErrorCode::REBALANCE_IN_PROGRESS,
        due + INTERVAL,
    );
    assert!(
        matches!(member.next(due + INTERVAL), Step::Wait(_)),
        "told once"
    );

    member.revoked();
    let request = join(&mut member, due + INTERVAL);
    assert_eq!(request.member_id, "me", "it is the same member");
}

#[test]
fn an_application_that_does_not_come_back_is_not_waited_for() {
    let now = Instant::now();
    let mut member = stable(now);
    member.rejoin("because");
    assert_eq!(member.next(now), Step::Revoke(owned()));
    assert_eq!(member.next(now + REBALANCE), Step::Abandon);
    member.revoked();
    join(&mut member, now + REBALANCE);
}

#[test]
fn another_subscription_rebalances() {
    let now = Instant::now();
    let mut member = stable(now);
    member.subscribe(&["t".into(), "u".into()]);
    assert_eq!(member.next(now), Step::Revoke(owned()));
    member.revoked();
    let request = join(&mut member, now);
    assert_eq!(request.reason.as_deref(), Some("the subscription changed"));
}

#[test]
fn without_a_subscription_it_leaves() {
    let now = Instant::now();
    let mut member = stable(now);
    member.subscribe(&[]);
    assert_eq!(member.next(now), Step::Revoke(owned()));
    member.revoked();
    assert_eq!(member.next(now), Step::Leave);
    member.left();
    assert_eq!(member.next(now), Step::Wait(None));
}

#[test]
fn a_coordinator_that_moved_is_found_again_and_nothing_else_changes() {
    let now = Instant::now();
    for code in [
        ErrorCode::NOT_COORDINATOR,
        ErrorCode::COORDINATOR_NOT_AVAILABLE,
    ] {
        let mut member = stable(now);
        let outcome = beat(&mut member, code, now);
        assert!(outcome.find_coordinator && !outcome.lost);
        assert_eq!(member.identity().generation, 7);
        let Step::Wait(Some(retry)) = member.next(now) else {
            panic!("it waits a little")
        };
        let Step::Heartbeat(request) = member.next(retry.max(now + INTERVAL)) else {
            panic!("and goes on")
        };
        assert_eq!(
            (request.member_id.as_str(), request.generation_id),
            ("me", 7)
        );
    }
}

#[test]
fn a_coordinator_that_loads_is_asked_again() {
    let now = Instant::now();
    let mut member = member(now);
    join(&mut member, now);
    let loading = JoinGroupResponse {
        error_code: ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        ..Default::default()
    };
    let outcome = member.joined(Ok(loading), now);
    assert!(!outcome.find_coordinator && !outcome.lost);
    let Step::Wait(Some(retry)) = member.next(now) else {
        panic!("it waits")
    };
    join(&mut member, retry);
}

#[test]
fn a_member_that_nobody_knows_starts_over_without_its_partitions() {
    let now = Instant::now();
    let mut member = stable(now);
    assert!(beat(&mut member, ErrorCode::UNKNOWN_MEMBER_ID, now).lost);
    let request = join(&mut member, now);
    assert_eq!(request.member_id, "");
}

#[test]
fn a_member_of_an_old_generation_joins_again_under_its_id() {
    let now = Instant::now();
    let mut member = stable(now);
    assert!(beat(&mut member, ErrorCode::ILLEGAL_GENERATION, now).lost);
    let request = join(&mut member, now);
    assert_eq!(request.member_id, "me");
    assert_eq!(member.identity().generation, -1);
}

#[test]
fn a_fenced_member_does_nothing_any_more() {
    let now = Instant::now();
    let mut member = stable(now);
    let outcome = beat(&mut member, ErrorCode::FENCED_INSTANCE_ID, now);
    assert!(outcome.lost && outcome.error.is_some());
    assert_eq!(member.next(now + REBALANCE), Step::Wait(None));
}

#[test]
fn a_rebalance_during_sync_joins_again() {
    let now = Instant::now();
    let mut member = member(now);
    join(&mut member, now);
    member.joined(Ok(accepted("other")), now);
    sync(&mut member, now);
    let answer = SyncGroupResponse {
        error_code: ErrorCode::REBALANCE_IN_PROGRESS,
        ..Default::default()
    };
    member.synced(Ok(answer), now);
    assert_eq!(join(&mut member, now).member_id, "me");
}

#[test]
fn a_lost_connection_is_tried_again_with_another_coordinator() {
    let now = Instant::now();
    let mut member = stable(now);
    let outcome = member.beat(Err(Error::NoBroker { source: None }), now);
    assert!(outcome.find_coordinator && !outcome.lost);
    assert_eq!(member.identity().member_id, "me");
}

#[test]
fn what_does_not_pass_is_told_and_tried_again() {
    let now = Instant::now();
    let mut member = member(now);
    join(&mut member, now);
    let answer = JoinGroupResponse {
        error_code: ErrorCode::GROUP_AUTHORIZATION_FAILED,
        ..Default::default()
    };
    let error = member.joined(Ok(answer), now).error.unwrap();
    assert_eq!(error.code(), Some(ErrorCode::GROUP_AUTHORIZATION_FAILED));
    let Step::Wait(Some(retry)) = member.next(now) else {
        panic!("it waits")
    };
    join(&mut member, retry);
}

/// A member that reads on during a rebalance, with partitions 0 and 2.
fn cooperative(now: Instant) -> Member {
    let mut member = stable(now);
    member.assignors = vec![Assignor::CooperativeSticky];
    member
}

#[test]
fn a_cooperative_member_joins_again_with_what_it_has() {
    let now = Instant::now();
    let mut member = cooperative(now);
    member.next(now + INTERVAL);
    beat(&mut member, ErrorCode::REBALANCE_IN_PROGRESS, now);
    join(&mut member, now);
    member.joined(Ok(accepted("other")), now);
    sync(&mut member, now);
    let outcome = member.synced(Ok(division(&[0, 2, 3])), now);
    assert_eq!(outcome.assigned.unwrap().len(), 3);
    assert_eq!(member.next(now), Step::Wait(Some(now + INTERVAL)));
}

#[test]
fn what_a_cooperative_member_is_to_give_up_it_gives_up_afterwards_and_joins_once_more() {
    let now = Instant::now();
    let mut member = cooperative(now);
    member.next(now + INTERVAL);
    beat(&mut member, ErrorCode::REBALANCE_IN_PROGRESS, now);
    join(&mut member, now);
    member.joined(Ok(accepted("other")), now);
    sync(&mut member, now);
    let outcome = member.synced(Ok(division(&[2])), now);
    assert_eq!(outcome.assigned.unwrap().len(), 2, "for the time being");
    let goes = vec![TopicPartition::new("t", 0)];
    assert_eq!(member.next(now), Step::Revoke(goes));
    member.revoked();
    join(&mut member, now);
}

#[test]
fn a_cooperative_member_gives_up_at_once_what_it_no_longer_wants() {
    let now = Instant::now();
    let mut member = cooperative(now);
    member.subscribe(&["u".into()]);
    assert_eq!(member.next(now), Step::Revoke(owned()));
    member.revoked();
    join(&mut member, now);
}
