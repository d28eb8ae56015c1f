use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Duration;

use super::*;

const FIRST: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(30);

fn name(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn positions(offsets: &[i64]) -> Positions {
    let mut positions = Positions::new(Backoff::new(FIRST, FIRST * 10), Patience::new(PATIENCE));
    for (partition, offset) in (0..).zip(offsets) {
        positions.add_at(name(partition), *offset);
    }
    positions
}

const NODE: i32 = 1;

const LEADER: Leader = Leader {
    node: NODE,
    epoch: 0,
    topic_id: Uuid([1; 16]),
};

fn wanted(positions: &Positions, now: Instant) -> Vec<Wanted> {
    positions.wanted(NODE, now, |_| Some(LEADER))
}

fn ends(high_watermark: i64) -> Ends {
    Ends {
        high_watermark,
        ..Ends::UNKNOWN
    }
}

fn high_watermark(positions: &Positions) -> i64 {
    positions.ends(&name(0)).unwrap().high_watermark
}

fn offsets(positions: &Positions, now: Instant) -> Vec<(i32, i64)> {
    let wanted = wanted(positions, now).into_iter();
    wanted
        .map(|wanted| (wanted.partition.partition, wanted.offset))
        .collect()
}

fn failed(positions: &mut Positions, code: ErrorCode, now: Instant) -> bool {
    let partition = name(0);
    let generation = positions.partitions[&partition].generation;
    let error = crate::consumer::state::refused("Fetch", &partition, code);
    positions.failed(&partition, generation, &error, now)
}

fn lookups(positions: &mut Positions, now: Instant) -> Vec<Lookup> {
    positions.lookups(now, |_| true)
}

#[test]
fn fetching_runs_ahead_of_the_position() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    let asked = wanted(&positions, now).remove(0);
    assert!(positions.fetched(&asked, ends(20), Some(9.into())));
    assert_eq!(offsets(&positions, now), [(0, 9)]);
    assert_eq!(positions.position(&name(0)), Some(5));
    assert_eq!(high_watermark(&positions), 20);

    positions.moved(&name(0), asked.generation, 9.into());
    assert_eq!(positions.position(&name(0)), Some(9));
}

#[test]
fn an_answer_counts_once() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    let asked = wanted(&positions, now).remove(0);
    assert!(positions.fetched(&asked, ends(20), Some(9.into())));
    assert!(
        !positions.fetched(&asked, ends(20), Some(9.into())),
        "from the old leader"
    );
    assert_eq!(positions.fetches(&name(0)), 1);
}

#[test]
fn answers_from_before_a_seek_are_ignored() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    let asked = wanted(&positions, now).remove(0);
    positions.seek(&name(0), 5);
    assert!(
        !positions.fetched(&asked, ends(20), Some(9.into())),
        "even at the same offset"
    );
    positions.moved(&name(0), asked.generation, 9.into());
    assert_eq!(positions.position(&name(0)), Some(5));
}

#[test]
fn the_partition_that_waits_longest_goes_first() {
    let now = Instant::now();
    let mut positions = positions(&[0, 0, 0]);
    let all = wanted(&positions, now);
    positions.fetched(&all[0], ends(9), Some(4.into()));
    assert_eq!(offsets(&positions, now), [(1, 0), (2, 0), (0, 4)]);
    // Nothing came for partition 1: it keeps its place.
    positions.fetched(&all[1], ends(9), Some(0.into()));
    positions.fetched(&all[2], ends(9), Some(7.into()));
    assert_eq!(offsets(&positions, now), [(1, 0), (0, 4), (2, 7)]);
}

#[test]
fn paused_and_stopped_partitions_are_not_fetched() {
    let now = Instant::now();
    let mut positions = positions(&[1, 2]);
    positions.set_paused(&name(0), true);
    positions.stop(&name(1), Some(2.into()));
    assert_eq!(offsets(&positions, now), []);
    positions.set_paused(&name(0), false);
    positions.seek(&name(1), 3);
    assert_eq!(offsets(&positions, now), [(0, 1), (1, 3)]);
}

#[test]
fn fetching_stops_where_there_is_something_to_see_first() {
    let now = Instant::now();
    let mut positions = positions(&[1]);
    let asked = wanted(&positions, now).remove(0);
    assert!(positions.fetched(&asked, ends(-1), None));
    assert_eq!(offsets(&positions, now), []);
    assert_eq!(positions.position(&name(0)), Some(1));
}

#[test]
fn a_position_is_looked_up_once_and_again_after_a_failure() {
    let now = Instant::now();
    let mut positions = positions(&[]);
    positions.add_from(name(0), Origin::Committed);
    let lookup = lookups(&mut positions, now).remove(0);
    assert_eq!(lookup.origin, Origin::Committed);
    assert_eq!(lookups(&mut positions, now), [], "it is under way");

    failed(&mut positions, ErrorCode::NOT_COORDINATOR, now);
    assert_eq!(
        lookups(&mut positions, now),
        [],
        "not before the wait is over"
    );
    let retry = positions.next_retry(now).unwrap();
    assert_eq!(
        lookups(&mut positions, retry),
        std::slice::from_ref(&lookup)
    );

    assert!(positions.found(&lookup, 7.into(), None));
    assert_eq!(positions.position(&name(0)), Some(7));
    assert_eq!(offsets(&positions, retry), [(0, 7)]);
}

#[test]
fn a_look_up_from_before_a_seek_is_ignored() {
    let now = Instant::now();
    let mut positions = positions(&[]);
    positions.add_from(name(0), Origin::Latest);
    let lookup = lookups(&mut positions, now).remove(0);
    positions.seek(&name(0), 3);
    assert!(!positions.found(&lookup, 100.into(), None));
    assert_eq!(positions.position(&name(0)), Some(3));
}

#[test]
fn failures_wait_before_the_next_try_and_success_forgets_them() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    assert!(!failed(
        &mut positions,
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        now
    ));
    assert_eq!(offsets(&positions, now), []);
    let retry = positions.next_retry(now).unwrap();
    assert!(retry <= now + FIRST * 2);
    let asked = wanted(&positions, retry).remove(0);
    positions.fetched(&asked, ends(9), Some(6.into()));
    assert_eq!(offsets(&positions, now), [(0, 6)]);
}

#[test]
fn what_may_pass_is_reported_after_a_while_and_not_over_and_over() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert!(!failed(&mut positions, code, now));
    assert!(!failed(&mut positions, code, now + PATIENCE / 2));
    assert!(failed(&mut positions, code, now + PATIENCE));
    assert!(!failed(&mut positions, code, now + PATIENCE * 3 / 2));
    assert!(failed(&mut positions, code, now + PATIENCE * 2));
}

#[test]
fn what_does_not_pass_is_reported_at_once() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    assert!(failed(&mut positions, code, now));
    assert!(!failed(&mut positions, code, now + FIRST));
}

#[test]
fn a_reset_forgets_the_position() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    positions.reset(&name(0), Origin::Earliest);
    assert_eq!(positions.position(&name(0)), None);
    assert_eq!(lookups(&mut positions, now)[0].origin, Origin::Earliest);
}

#[test]
fn a_partition_without_a_leader_waits_for_one() {
    let now = Instant::now();
    let mut positions = positions(&[5]);
    positions.add_from(name(1), Origin::Latest);
    assert_eq!(positions.lookups(now, |_| false), []);
    let without = positions.leaderless(now, |_| false);
    assert_eq!(without.len(), 2);
    failed(&mut positions, ErrorCode::LEADER_NOT_AVAILABLE, now);
    assert_eq!(positions.leaderless(now, |_| false).len(), 1);
    assert_eq!(positions.leaderless(now, |_| true), []);
}
