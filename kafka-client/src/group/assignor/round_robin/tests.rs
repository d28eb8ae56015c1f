use crate::group::assignor::tests::{member, topic};
use crate::group::assignor::{Assignor, Candidate, Topic, tests};

fn check<const N: usize>(
    candidates: &[Candidate],
    topics: [(String, Topic); N],
    expected: &[&str],
) {
    tests::check(Assignor::RoundRobin, candidates, topics, expected);
}

#[test]
fn members_take_turns_across_topics() {
    check(
        &[member("b", "t u"), member("a", "t u")],
        [topic("t", 3), topic("u", 3)],
        &["a: t[0, 2] u[1]", "b: t[1] u[0, 2]"],
    );
}

#[test]
fn who_does_not_read_a_topic_is_passed_over() {
    check(
        &[member("a", "t"), member("b", "t u"), member("c", "t u v")],
        [topic("t", 1), topic("u", 2), topic("v", 3)],
        &["a: t[0]", "b: u[0]", "c: u[1] v[0, 1, 2]"],
    );
}

#[test]
fn the_turn_goes_on_from_one_topic_to_the_next() {
    check(
        &[member("a", "t u"), member("b", "u"), member("c", "t")],
        [topic("t", 3), topic("u", 2)],
        &["a: t[0, 2] u[1]", "b: u[0]", "c: t[1]"],
    );
}

#[test]
fn a_member_more_than_partitions_gets_nothing() {
    let three = [member("a", "t"), member("b", "t"), member("c", "t")];
    check(&three, [topic("t", 2)], &["a: t[0]", "b: t[1]", "c:"]);
}

#[test]
fn static_members_go_first_by_their_lasting_name() {
    let mut mixed = [member("a", "t"), member("b", "t"), member("c", "t")];
    mixed[1].instance_id = Some("2".into());
    mixed[2].instance_id = Some("1".into());
    check(&mixed, [topic("t", 3)], &["a: t[2]", "b: t[1]", "c: t[0]"]);
}
