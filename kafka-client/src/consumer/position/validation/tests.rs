use super::*;
use crate::consumer::patience::Patience;
use crate::consumer::position::{Ends, Lookup, Origin};
use crate::retry::Backoff;
use tokio::time::Duration;

const NODE: i32 = 1;

fn name() -> TopicPartition {
    TopicPartition::new("t", 0)
}

fn led(epoch: i32) -> impl Fn(&TopicPartition) -> Option<Leader> + Copy {
    move |_| {
        Some(Leader {
            node: NODE,
            epoch,
            topic_id: Uuid([1; 16]),
        })
    }
}

/// Positions of one partition that stands there.
fn at(offset: i64, leader_epoch: i32) -> Positions {
    let second = Duration::from_secs(1);
    let mut positions = Positions::new(Backoff::new(second, second), Patience::new(second));
    positions.add_at(name(), Position::told(offset, leader_epoch));
    positions
}

fn asked(positions: &mut Positions, epoch: i32) -> Option<Validation> {
    let seen = positions.see(led(epoch));
    let mut asked = positions.validations(Instant::now(), led(epoch));
    assert_eq!(seen.validate, !asked.is_empty());
    asked.pop()
}

fn wanted(positions: &Positions, epoch: i32) -> Vec<Wanted> {
    positions.wanted(NODE, Instant::now(), led(epoch))
}

#[test]
fn a_place_without_an_epoch_needs_no_validation() {
    let mut positions = at(5, -1);
    assert_eq!(asked(&mut positions, 3), None);
    assert_eq!(wanted(&positions, 3).len(), 1);
}

#[test]
fn a_leader_without_epochs_is_not_asked() {
    let mut positions = at(5, 2);
    assert_eq!(asked(&mut positions, -1), None);
    assert_eq!(wanted(&positions, -1).len(), 1);
}

#[test]
fn each_leader_is_asked_once() {
    let mut positions = at(5, 2);
    let first = asked(&mut positions, 3).unwrap();
    assert_eq!(wanted(&positions, 3), []);
    assert_eq!(
        positions.validated(&first, Position::told(9, 2)),
        Parted::Nowhere
    );
    assert_eq!(wanted(&positions, 3).len(), 1);
    assert_eq!(asked(&mut positions, 3), None);
    assert!(asked(&mut positions, 4).is_some());
}

#[test]
fn an_answer_that_comes_after_the_next_election_does_not_count_for_it() {
    let mut positions = at(5, 2);
    let late = asked(&mut positions, 3).unwrap();
    assert!(!positions.see(led(4)).validate, "one is under way");
    positions.validated(&late, Position::told(9, 2));
    assert!(asked(&mut positions, 4).is_some());
}

#[test]
fn a_found_position_is_valid_where_it_was_found() {
    let mut positions = at(0, -1);
    positions.reset(&name(), Origin::Latest);
    let lookup: Lookup = positions.lookups(Instant::now(), |_| true).remove(0);
    positions.found(&lookup, Position::told(7, 3), Some(3));
    assert_eq!(asked(&mut positions, 3), None);
    assert!(asked(&mut positions, 4).is_some());
}

#[test]
fn an_epoch_that_wrote_nothing_is_no_truncation() {
    let mut positions = at(5, 4);
    let question = asked(&mut positions, 5).unwrap();
    // Epoch 4 left no record, so that the new leader never heard of it.
    let end = Position::told(5, 2);
    assert_eq!(positions.validated(&question, end), Parted::Nowhere);
    assert_eq!(wanted(&positions, 5)[0].leader_epoch, Some(2));
}

#[test]
fn the_place_where_logs_part_is_told() {
    let mut positions = at(5, 4);
    let question = asked(&mut positions, 5).unwrap();
    let parted = positions.validated(&question, Position::told(3, 2));
    let (position, end) = (Position::told(5, 4), Position::told(3, 2));
    let at = Some(end);
    assert_eq!(parted, Parted::Behind { position, at });
}

#[test]
fn an_answer_from_before_a_seek_is_ignored() {
    let mut positions = at(5, 4);
    let question = asked(&mut positions, 5).unwrap();
    positions.seek(&name(), 9);
    let end = Position::told(3, 2);
    assert_eq!(positions.validated(&question, end), Parted::Stale);
    assert_eq!(positions.position(&name()), Some(9));
}

#[test]
fn a_fetch_that_is_under_way_when_the_leader_moves_is_ignored() {
    let mut positions = at(5, 4);
    positions.see(led(-1));
    let late = wanted(&positions, -1).remove(0);
    asked(&mut positions, 5).unwrap();
    let ends = Ends::UNKNOWN;
    assert!(!positions.fetched(&late, ends, Some(Position::told(9, 4))));
    let end = Position::told(3, 2);
    assert_eq!(positions.diverged(&late, end), Parted::Stale);
}
