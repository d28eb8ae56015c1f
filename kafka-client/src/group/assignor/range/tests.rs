use crate::group::assignor::tests::{member, racked, topic};
use crate::group::assignor::{Assignor, Candidate, Topic, tests};

fn check<const N: usize>(
    candidates: &[Candidate],
    topics: [(String, Topic); N],
    expected: &[&str],
) {
    tests::check(Assignor::Range, candidates, topics, expected);
}

fn fixed(id: &str, instance: &str, topics: &str) -> Candidate {
    Candidate {
        instance_id: Some(instance.into()),
        ..member(id, topics)
    }
}

fn placed(id: &str, rack: &str, topics: &str) -> Candidate {
    Candidate {
        rack: Some(rack.into()),
        ..member(id, topics)
    }
}

#[test]
fn the_first_members_get_one_more() {
    let both = [member("b", "t u"), member("a", "t u")];
    check(
        &both,
        [topic("t", 3), topic("u", 3)],
        &["a: t[0, 1] u[0, 1]", "b: t[2] u[2]"],
    );
    check(&both, [topic("t", 4)], &["a: t[0, 1]", "b: t[2, 3]"]);
}

#[test]
fn a_member_more_than_partitions_gets_nothing() {
    let three = [member("a", "t"), member("b", "t"), member("c", "t")];
    check(&three, [topic("t", 2)], &["a: t[0]", "b: t[1]", "c:"]);
}

#[test]
fn only_readers_of_a_topic_get_of_it() {
    let mixed = [member("a", "t"), member("b", "t u")];
    check(
        &mixed,
        [topic("t", 2), topic("u", 2)],
        &["a: t[0]", "b: t[1] u[0, 1]"],
    );
}

#[test]
fn topics_that_are_not_known_have_no_partitions() {
    check(&[member("a", "t missing")], [topic("t", 1)], &["a: t[0]"]);
    check(&[], [topic("t", 1)], &[]);
    check(&[member("a", "")], [topic("t", 1)], &["a:"]);
}

#[test]
fn a_topic_named_twice_counts_once() {
    let twice = [member("a", "t t"), member("b", "t")];
    check(&twice, [topic("t", 2)], &["a: t[0]", "b: t[1]"]);
}

#[test]
fn static_members_go_first_by_their_lasting_name() {
    let mixed = [member("a", "t"), fixed("z", "1", "t"), fixed("y", "2", "t")];
    check(&mixed, [topic("t", 3)], &["a: t[2]", "y: t[1]", "z: t[0]"]);
}

#[test]
fn members_get_partitions_of_their_rack_within_their_share() {
    let three = [
        placed("a", "x", "t"),
        placed("b", "y", "t"),
        placed("c", "z", "t"),
    ];
    check(
        &three,
        [racked("t", "z z y x y x")],
        &["a: t[3, 5]", "b: t[2, 4]", "c: t[0, 1]"],
    );
    // Of rack x there are three, and two are a share.
    check(
        &three,
        [racked("t", "x x x y z z")],
        &["a: t[0, 1]", "b: t[2, 3]", "c: t[4, 5]"],
    );
}

#[test]
fn racks_change_nothing_where_they_cannot_help() {
    let runs = &["a: t[0, 1]", "b: t[2, 3]"];
    let racked_members = [placed("a", "x", "t"), placed("b", "y", "t")];
    check(&racked_members, [topic("t", 4)], runs);
    check(&racked_members, [racked("t", "xy xy xy xy")], runs);
    check(&racked_members, [racked("t", "v v w w")], runs);
    let unplaced = [member("a", "t"), member("b", "t")];
    check(&unplaced, [racked("t", "y x y x")], runs);
}

#[test]
fn the_member_more_a_topic_has_is_the_first_that_finds_its_rack() {
    let three = [
        placed("a", "x", "t"),
        placed("b", "y", "t"),
        placed("c", "z", "t"),
    ];
    check(
        &three,
        [racked("t", "z z z x")],
        &["a: t[3]", "b: t[2]", "c: t[0, 1]"],
    );
}

#[test]
fn a_member_without_a_rack_is_near_to_everything() {
    let mixed = [placed("a", "x", "t"), member("b", "t")];
    check(
        &mixed,
        [racked("t", "y y x x")],
        &["a: t[2, 3]", "b: t[0, 1]"],
    );
}

#[test]
fn topics_with_as_many_partitions_and_the_same_readers_stay_side_by_side() {
    let both = [placed("a", "x", "t u"), placed("b", "y", "t u")];
    check(
        &both,
        [racked("t", "y x y x"), racked("u", "y x y x")],
        &["a: t[1, 3] u[1, 3]", "b: t[0, 2] u[0, 2]"],
    );
    // The second topic has nothing in b's rack under the same numbers: no number suits both topics of a.
    check(
        &both,
        [racked("t", "y x y x"), racked("u", "x y x y")],
        &["a: t[0, 1] u[0, 1]", "b: t[2, 3] u[2, 3]"],
    );
}

#[test]
fn topics_of_other_sizes_follow_their_own_racks() {
    let both = [placed("a", "x", "t u"), placed("b", "y", "t u")];
    check(
        &both,
        [racked("t", "y x"), racked("u", "y x y")],
        &["a: t[1] u[1]", "b: t[0] u[0, 2]"],
    );
}
