use kafka_wire::ErrorCode;
use kafka_wire::messages::fetch::PartitionData;
use kafka_wire::records::{
    BatchBuilder, Compression, CrcCheck, DecompressLimits, NewRecord, stamp_base_offset,
};
use tokio::time::{Duration, Instant};

use super::*;
use crate::consumer::patience::Patience;
use crate::consumer::position::{Leader, Validation, Wanted};
use crate::retry::Backoff;

const NODE: i32 = 1;

fn name(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn state(reset: OffsetReset) -> State {
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    let patience = Patience::new(Duration::from_secs(30));
    let limits = OpenLimits {
        batch: DecompressLimits::default(),
        event_bytes: 1 << 20,
    };
    State::new(Positions::new(backoff, patience), reset, limits)
}

/// Partitions from 0 on, at these offsets.
fn assigned(offsets: &[i64]) -> State {
    let mut state = state(OffsetReset::Latest);
    let partitions = (0..)
        .map(name)
        .zip(offsets.iter().map(|at| Start::Offset(*at)));
    state.assign(partitions);
    state
}

/// Bytes of `count` records from `offset` on.
fn records(offset: i64, count: usize) -> bytes::Bytes {
    let mut builder = BatchBuilder::new(1 << 20, 0);
    for _ in 0..count {
        builder.append(NewRecord::default()).unwrap();
    }
    let sealed = builder.close(Compression::None).unwrap().seal();
    let mut bytes = bytes::BytesMut::from(&sealed[..]);
    stamp_base_offset(&mut bytes, offset, 0);
    bytes.freeze()
}

fn to_fetch(state: &mut State) -> Vec<Wanted> {
    state.next_fetch(NODE, Instant::now(), |_| Some(leader(NODE, 0)))
}

fn leader(node: i32, epoch: i32) -> Leader {
    Leader {
        node,
        epoch,
        topic_id: kafka_wire::Uuid([1; 16]),
    }
}

/// Answers a fetch of all partitions with `count` records each.
fn fetch(state: &mut State, answer: u64, count: usize) -> usize {
    let wanted = to_fetch(state);
    for asked in &wanted {
        let data = PartitionData {
            records: Some(records(asked.offset, count)),
            high_watermark: 100,
            ..Default::default()
        };
        let chunk = Chunk::read(asked, answer, data, CrcCheck::Verify);
        state.fetched(NODE, asked, chunk);
    }
    wanted.len()
}

fn committable(state: &State) -> Vec<(TopicPartition, i64)> {
    let finished = state.finished().into_iter();
    finished
        .map(|(partition, position)| (partition, position.offset))
        .collect()
}

/// As `poll` does it.
fn poll(state: &mut State) -> Option<Result<Event, Error>> {
    state.came_back();
    state.next()
}

fn offsets(event: Option<Result<Event, Error>>) -> Vec<i64> {
    match event {
        Some(Ok(Event::Records(records))) => records
            .iter()
            .map(|record| record.unwrap().offset)
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_move_the_position_when_they_are_handed_over() {
    let mut state = assigned(&[5]);
    fetch(&mut state, 1, 3);
    assert_eq!(state.positions.position(&name(0)), Some(5));
    assert_eq!(offsets(poll(&mut state)), [5, 6, 7]);
    assert_eq!(state.positions.position(&name(0)), Some(8));
    assert!(poll(&mut state).is_none());
}

#[test]
fn records_count_as_finished_with_the_next_poll() {
    let mut state = assigned(&[5, 5]);
    fetch(&mut state, 1, 3);
    assert_eq!(offsets(poll(&mut state)), [5, 6, 7]);
    assert_eq!(committable(&state), [(name(0), 5), (name(1), 5)]);
    assert_eq!(offsets(poll(&mut state)), [5, 6, 7]);
    assert_eq!(committable(&state), [(name(0), 8), (name(1), 5)]);
}

#[test]
fn two_answers_are_held_and_no_more() {
    let mut state = assigned(&[0]);
    assert_eq!(fetch(&mut state, 1, 2), 1);
    assert_eq!(fetch(&mut state, 2, 2), 1);
    assert_eq!(to_fetch(&mut state), []);
    poll(&mut state);
    assert_eq!(to_fetch(&mut state), [], "one is read, one waits");
    state.came_back();
    assert!(state.changes().fetch, "the fetch task has to know");
    assert_eq!(to_fetch(&mut state).len(), 1);
}

#[test]
fn a_seek_discards_what_was_fetched() {
    let mut state = assigned(&[0]);
    fetch(&mut state, 1, 2);
    let in_flight = to_fetch(&mut state).remove(0);
    state.seek_to(&name(0), Start::Offset(7));
    assert!(poll(&mut state).is_none());
    let late = Chunk::out_of_range(&in_flight, 2);
    state.fetched(NODE, &in_flight, late);
    assert!(poll(&mut state).is_none(), "a late answer changes nothing");
    assert_eq!(to_fetch(&mut state)[0].offset, 7);
}

#[test]
fn an_offset_out_of_range_is_reset_when_it_is_its_turn() {
    let mut state = assigned(&[0]);
    fetch(&mut state, 1, 2);
    let asked = to_fetch(&mut state).remove(0);
    let beyond = Chunk::out_of_range(&asked, 2);
    state.fetched(NODE, &asked, beyond);
    assert_eq!(offsets(poll(&mut state)), [0, 1]);
    assert!(poll(&mut state).is_none());
    let lookups = state.positions.lookups(Instant::now(), |_| true);
    assert_eq!(lookups[0].origin, Origin::Latest);
}

#[test]
fn without_a_reset_policy_out_of_range_stops_the_partition() {
    let mut state = state(OffsetReset::Fail);
    state.assign([(name(0), Start::Offset(5))].into_iter());
    let asked = to_fetch(&mut state).remove(0);
    let beyond = Chunk::out_of_range(&asked, 1);
    state.fetched(NODE, &asked, beyond);
    let Some(Ok(Event::PartitionError { error, .. })) = poll(&mut state) else {
        panic!("it has to be told")
    };
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
    assert_eq!(to_fetch(&mut state), []);
    assert_eq!(state.positions.position(&name(0)), Some(5));
}

#[test]
fn a_corrupt_batch_stops_its_partition_and_no_other() {
    let mut state = assigned(&[5, 5]);
    let wanted = to_fetch(&mut state);
    let mut bytes = bytes::BytesMut::from(&records(5, 2)[..]);
    bytes.extend_from_slice(&records(7, 1));
    *bytes.last_mut().unwrap() ^= 1;
    let data = PartitionData {
        records: Some(bytes.freeze()),
        ..Default::default()
    };
    let chunk = Chunk::read(&wanted[0], 1, data, CrcCheck::Verify);
    state.fetched(NODE, &wanted[0], chunk);
    assert_eq!(offsets(poll(&mut state)), [5, 6]);
    let Some(Ok(Event::PartitionError { partition, error })) = poll(&mut state) else {
        panic!("it has to be told")
    };
    assert_eq!(partition, name(0));
    assert!(matches!(error, Error::Records { offset: 7, .. }));
    assert_eq!(state.positions.position(&name(0)), Some(7));
    assert_eq!(to_fetch(&mut state).len(), 1, "the other one goes on");
    state.seek_to(&name(0), Start::Offset(8));
    assert_eq!(to_fetch(&mut state).len(), 2);
}

#[test]
fn a_record_that_cannot_be_parsed_takes_the_position_back() {
    let mut state = assigned(&[5]);
    let asked = to_fetch(&mut state).remove(0);
    // The last record claims to be one byte longer than it is.
    let mut bytes = bytes::BytesMut::from(&records(5, 2)[..]);
    let last_record = bytes.len() - 7;
    bytes[last_record] += 2;
    let data = PartitionData {
        records: Some(bytes.freeze()),
        ..Default::default()
    };
    let chunk = Chunk::read(&asked, 1, data, CrcCheck::Skip);
    state.fetched(NODE, &asked, chunk);
    let Some(Ok(Event::Records(records))) = poll(&mut state) else {
        panic!("the batch looks good from outside")
    };
    assert_eq!(records.iter().flatten().count(), 1);
    assert_eq!(committable(&state), [(name(0), 5)]);
    let next = poll(&mut state);
    assert!(
        matches!(next, Some(Ok(Event::PartitionError { .. }))),
        "{next:?}"
    );
    assert_eq!(state.positions.position(&name(0)), Some(6));
    assert_eq!(to_fetch(&mut state), []);
}

#[test]
fn a_paused_partition_keeps_what_was_fetched() {
    let mut state = assigned(&[0]);
    fetch(&mut state, 1, 2);
    state.set_paused(&name(0), true);
    assert!(poll(&mut state).is_none());
    assert_eq!(to_fetch(&mut state), []);
    state.set_paused(&name(0), false);
    assert!(state.changes().ready, "poll has to look again");
    assert_eq!(offsets(poll(&mut state)), [0, 1]);
}

#[test]
fn a_paused_partition_does_not_hold_up_others() {
    let mut state = assigned(&[0, 0]);
    fetch(&mut state, 1, 2);
    fetch(&mut state, 2, 2);
    state.set_paused(&name(0), true);
    assert_eq!(offsets(poll(&mut state)), [0, 1]);
    assert_eq!(offsets(poll(&mut state)), [2, 3]);
    assert!(poll(&mut state).is_none());
    let wanted = to_fetch(&mut state);
    assert_eq!(wanted.len(), 1);
    assert_eq!(wanted[0].partition, name(1));
    state.set_paused(&name(0), false);
    assert_eq!(
        to_fetch(&mut state)[0].offset,
        0,
        "fetched again from its position"
    );
}

#[test]
fn what_is_being_read_is_not_finished_when_a_pause_drops_what_was_fetched() {
    let mut state = assigned(&[0, 0]);
    fetch(&mut state, 1, 2);
    assert_eq!(offsets(poll(&mut state)), [0, 1]);
    fetch(&mut state, 2, 2);
    state.set_paused(&name(0), true);
    state.positions.rewind(&name(0));
    assert_eq!(committable(&state)[0], (name(0), 0), "it is still at work");
    state.came_back();
    assert_eq!(committable(&state)[0], (name(0), 2));
}

/// As [`fetch`], with records of a leader of this epoch.
fn fetch_of_epoch(state: &mut State, epoch: i32, count: usize) {
    let wanted = state.next_fetch(NODE, Instant::now(), |_| Some(leader(NODE, epoch)));
    for asked in &wanted {
        let mut bytes = bytes::BytesMut::from(&records(asked.offset, count)[..]);
        stamp_base_offset(&mut bytes, asked.offset, epoch);
        let data = PartitionData {
            records: Some(bytes.freeze()),
            ..Default::default()
        };
        let chunk = Chunk::read(asked, 7, data, CrcCheck::Verify);
        state.fetched(NODE, asked, chunk);
    }
    assert_eq!(wanted.len(), 1);
}

/// Another leader took over; what it is asked.
fn validation(state: &mut State, epoch: i32) -> Validation {
    let now = Instant::now();
    let led = |_: &TopicPartition| Some(leader(NODE, epoch));
    assert_eq!(
        state.next_fetch(NODE, now, led),
        [],
        "first it is validated"
    );
    assert!(state.changes().plan, "somebody has to ask");
    let mut asked = state.positions.validations(now, led);
    assert_eq!(state.positions.validations(now, led), [], "once");
    asked.remove(0)
}

#[test]
fn a_valid_position_goes_on_and_is_committed_with_its_epoch() {
    let mut state = assigned(&[0]);
    fetch_of_epoch(&mut state, 3, 2);
    poll(&mut state);
    let asked = validation(&mut state, 4);
    assert_eq!((asked.offset, asked.leader_epoch), (2, 3));
    state.validated(&asked, Position::told(2, 3));
    fetch_of_epoch(&mut state, 4, 1);
    assert_eq!(offsets(poll(&mut state)), [2]);
    state.came_back();
    assert_eq!(state.finished(), [(name(0), Position::told(3, 4))]);
}

#[test]
fn a_truncated_log_is_read_from_where_it_is_the_same_if_there_is_a_policy() {
    let mut state = assigned(&[0]);
    fetch_of_epoch(&mut state, 3, 5);
    poll(&mut state);
    let asked = validation(&mut state, 4);
    state.validated(&asked, Position::told(2, 3));
    assert!(poll(&mut state).is_none());
    assert_eq!(state.positions.position(&name(0)), Some(2));
}

#[test]
fn a_truncated_log_stops_the_partition_if_there_is_no_policy() {
    let mut state = state(OffsetReset::Fail);
    state.assign([(name(0), Start::Offset(0))].into_iter());
    fetch_of_epoch(&mut state, 3, 5);
    poll(&mut state);
    let asked = validation(&mut state, 4);
    state.validated(&asked, Position::told(2, 3));
    let Some(Ok(Event::PartitionError { error, .. })) = poll(&mut state) else {
        panic!("it has to be told")
    };
    assert!(
        matches!(
            error,
            Error::Truncated {
                offset: 5,
                leader_epoch: Some(3),
                common: Some(2),
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(state.positions.position(&name(0)), Some(5));
    state.seek_to(&name(0), Start::Offset(2));
    fetch_of_epoch(&mut state, 4, 1);
    assert_eq!(offsets(poll(&mut state)), [2]);
}

#[test]
fn an_epoch_that_nobody_knows_falls_to_the_policy() {
    let mut state = assigned(&[0]);
    fetch_of_epoch(&mut state, 3, 5);
    poll(&mut state);
    let asked = validation(&mut state, 4);
    state.validated(&asked, Position::told(-1, -1));
    let lookups = state.positions.lookups(Instant::now(), |_| true);
    assert_eq!(lookups[0].origin, Origin::Latest);
}

#[test]
fn what_was_fetched_ahead_of_a_truncation_is_dropped_without_a_word() {
    let mut state = state(OffsetReset::Fail);
    state.assign([(name(0), Start::Offset(0))].into_iter());
    fetch_of_epoch(&mut state, 3, 2);
    poll(&mut state);
    fetch_of_epoch(&mut state, 3, 4);
    let ahead = validation(&mut state, 4);
    assert_eq!(ahead.offset, 6);
    state.validated(&ahead, Position::told(4, 3));
    assert!(poll(&mut state).is_none());
    let behind = validation(&mut state, 4);
    assert_eq!(behind.offset, 2, "what the application has seen is there");
    state.validated(&behind, Position::told(4, 3));
    fetch_of_epoch(&mut state, 4, 1);
    assert_eq!(offsets(poll(&mut state)), [2]);
}

#[test]
fn a_fetch_may_tell_that_the_log_is_another() {
    let mut state = state(OffsetReset::Earliest);
    state.assign([(name(0), Start::Offset(0))].into_iter());
    fetch_of_epoch(&mut state, 3, 5);
    poll(&mut state);
    let asked = to_fetch_of_epoch(&mut state, 3);
    assert_eq!((asked.offset, asked.leader_epoch), (5, Some(3)));
    state.diverged(&asked, Position::told(4, 2));
    assert_eq!(state.positions.position(&name(0)), Some(4));
    state.diverged(&asked, Position::told(1, 2));
    assert_eq!(state.positions.position(&name(0)), Some(4), "late");
}

fn to_fetch_of_epoch(state: &mut State, epoch: i32) -> Wanted {
    let wanted = state.next_fetch(NODE, Instant::now(), |_| Some(leader(NODE, epoch)));
    wanted.into_iter().next().expect("something to fetch")
}

#[test]
fn a_topic_created_anew_is_out_of_range_once_the_old_one_is_read() {
    let mut state = state(OffsetReset::Earliest);
    state.assign([(name(0), Start::Offset(0))].into_iter());
    fetch_of_epoch(&mut state, 3, 2);
    let anew = |_: &TopicPartition| {
        let topic_id = kafka_wire::Uuid([2; 16]);
        Some(Leader {
            topic_id,
            ..leader(NODE, 0)
        })
    };
    assert_eq!(state.next_fetch(NODE, Instant::now(), anew), []);
    assert_eq!(offsets(poll(&mut state)), [0, 1]);
    assert!(poll(&mut state).is_none());
    let lookups = state.positions.lookups(Instant::now(), |_| true);
    assert_eq!(lookups[0].origin, Origin::Earliest);
}

#[test]
fn a_replica_nearby_is_read_until_it_errs() {
    const CLOSE: i32 = 2;
    let mut state = assigned(&[5]);
    let now = Instant::now();
    let led = |_: &TopicPartition| Some(leader(NODE, 0));
    let asked = to_fetch(&mut state).remove(0);
    state.prefer(&asked, CLOSE, now + Duration::from_mins(5));
    let changes = state.changes();
    assert!(
        changes.plan && changes.fetch,
        "somebody has to fetch from it"
    );
    assert_eq!(state.next_fetch(NODE, now, led), []);
    assert_eq!(state.next_fetch(CLOSE, now, led).len(), 1);

    state.out_of_range(CLOSE, &asked, 1, now);
    assert!(poll(&mut state).is_none(), "the leader has the last word");
    assert_eq!(state.next_fetch(CLOSE, now, led), []);
    let retry = state.positions.next_retry(now).unwrap();
    assert_eq!(state.next_fetch(NODE, retry, led).len(), 1);
    assert_eq!(state.positions.position(&name(0)), Some(5));

    state.out_of_range(NODE, &asked, 1, now);
    assert!(poll(&mut state).is_none());
    assert_eq!(state.positions.position(&name(0)), None, "now it is");
}

#[test]
fn a_replica_nearby_is_read_for_a_while_and_then_the_leader_is_asked_again() {
    const CLOSE: i32 = 2;
    let mut state = assigned(&[5]);
    let (now, age) = (Instant::now(), Duration::from_mins(5));
    let led = |_: &TopicPartition| Some(leader(NODE, 0));
    let asked = to_fetch(&mut state).remove(0);
    state.prefer(&asked, CLOSE, now + age);
    assert_eq!(state.positions.next_retry(now), Some(now + age));
    assert_eq!(state.next_fetch(NODE, now + age, led).len(), 1);
    assert_eq!(state.next_fetch(CLOSE, now + age, led), []);
    assert_eq!(state.positions.sources(now, led), [CLOSE].into());
    state.give_up_replicas(CLOSE);
    assert_eq!(state.positions.sources(now, led), [NODE].into());
}

#[test]
fn chunks_of_two_brokers_are_handed_over_in_order() {
    let mut state = assigned(&[0]);
    let fetch_from = |state: &mut State, node| {
        let asked = state
            .next_fetch(node, Instant::now(), |_| Some(leader(node, 0)))
            .remove(0);
        let data = PartitionData {
            records: Some(records(asked.offset, 2)),
            ..Default::default()
        };
        let chunk = Chunk::read(&asked, 1, data, CrcCheck::Verify);
        state.fetched(node, &asked, chunk);
    };
    // The leader moved from broker 2 to broker 1.
    fetch_from(&mut state, 2);
    fetch_from(&mut state, 1);
    assert_eq!(offsets(poll(&mut state)), [0, 1]);
    assert_eq!(offsets(poll(&mut state)), [2, 3]);
}

fn member(partitions: &[i32]) -> State {
    let mut state = state(OffsetReset::Latest);
    state.subscribe(vec!["t".into()]);
    state.assigned(partitions.iter().map(|one| name(*one)).collect());
    assert!(matches!(poll(&mut state), Some(Ok(Event::Assigned(_)))));
    for lookup in state.positions.lookups(Instant::now(), |_| true) {
        assert_eq!(lookup.origin, Origin::Committed);
        state.found(&lookup, 5.into(), None);
    }
    state
}

#[test]
fn partitions_are_given_up_when_the_application_has_come_back() {
    let mut state = member(&[0]);
    fetch(&mut state, 1, 2);
    assert_eq!(offsets(poll(&mut state)), [5, 6]);
    state.revoke(&[name(0)]);
    assert_eq!(to_fetch(&mut state), []);
    assert_eq!(committable(&state), [(name(0), 5)], "it is still at work");
    assert!(state.membership.take_revoked().is_none());

    assert!(matches!(poll(&mut state), Some(Ok(Event::Revoked(list))) if list == [name(0)]));
    assert!(state.membership.take_revoked().is_none());
    assert_eq!(state.positions.assignment().count(), 0);

    assert!(poll(&mut state).is_none());
    assert!(state.changes().group, "the group's task has to know");
    assert_eq!(
        state.membership.take_revoked(),
        Some(vec![(name(0), Position::told(7, 0))])
    );
}

#[test]
fn what_is_not_given_up_goes_on() {
    let mut state = member(&[0, 1]);
    fetch(&mut state, 1, 2);
    state.revoke(&[name(0)]);
    assert!(matches!(poll(&mut state), Some(Ok(Event::Revoked(list))) if list == [name(0)]));
    let left: Vec<_> = state.positions.assignment().cloned().collect();
    assert_eq!(left, [name(1)]);
    poll(&mut state);
    assert_eq!(
        state.membership.take_revoked(),
        Some(vec![(name(0), 5.into())])
    );

    state.assigned(vec![name(1), name(2)]);
    assert!(matches!(poll(&mut state), Some(Ok(Event::Assigned(list))) if list == [name(2)]));
    assert_eq!(state.positions.position(&name(1)), Some(7), "where it was");
}

#[test]
fn nothing_is_given_up_without_a_word_but_nothing_needs_none() {
    let mut state = state(OffsetReset::Latest);
    state.subscribe(vec!["t".into()]);
    state.revoke(&[name(0)]);
    assert_eq!(state.membership.take_revoked(), Some(vec![]));

    state.assigned(vec![name(0)]);
    state.revoke(&[name(0)]);
    assert_eq!(
        state.membership.take_revoked(),
        Some(vec![]),
        "it was never told"
    );
    assert!(poll(&mut state).is_none());
}

#[test]
fn what_the_group_took_away_is_lost() {
    let mut state = member(&[0]);
    state.revoke(&[name(0)]);
    state.lost();
    assert!(matches!(poll(&mut state), Some(Ok(Event::Lost(list))) if list == [name(0)]));
    assert!(poll(&mut state).is_none(), "not revoked as well");
    assert_eq!(committable(&state), []);
    state.lost();
    assert!(poll(&mut state).is_none(), "lost once");
}

#[test]
fn nothing_committed_falls_to_the_policy_and_says_so_if_there_is_none() {
    let mut state = state(OffsetReset::Fail);
    state.subscribe(vec!["t".into()]);
    state.assigned(vec![name(0)]);
    poll(&mut state);
    let lookup = state.positions.lookups(Instant::now(), |_| true).remove(0);
    state.not_committed(&lookup);
    let next = poll(&mut state);
    assert!(
        matches!(next, Some(Ok(Event::PartitionError { .. }))),
        "{next:?}"
    );
    assert_eq!(state.positions.position(&name(0)), None);
}

#[test]
fn the_group_has_no_say_once_partitions_are_assigned_by_hand() {
    let mut state = member(&[0]);
    state.revoke(&[name(0)]);
    state.assign([(name(3), Start::Offset(1))].into_iter());
    state.lost();
    state.assigned(vec![name(0)]);
    assert!(poll(&mut state).is_none());
    let assigned: Vec<_> = state.positions.assignment().cloned().collect();
    assert_eq!(assigned, [name(3)]);
    state.revoke(&[name(0)]);
    assert_eq!(
        state.membership.take_revoked(),
        Some(vec![]),
        "the member may leave"
    );
}

#[test]
fn errors_in_line_are_bounded() {
    let mut state = assigned(&[0]);
    for _ in 0..1000 {
        state.error(Error::Closed);
    }
    let told = std::iter::from_fn(|| poll(&mut state)).count();
    assert_eq!(told, MAX_PENDING);
}
