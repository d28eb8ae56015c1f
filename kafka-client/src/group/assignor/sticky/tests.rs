use std::collections::BTreeSet;

use crate::group::assignor::tests::{member, owner, racked, topic};
use crate::group::assignor::{Assignor, Candidate, Topic, Topics, tests};

fn check<const N: usize>(
    candidates: &[Candidate],
    topics: [(String, Topic); N],
    expected: &[&str],
) {
    tests::check(Assignor::Sticky, candidates, topics, expected);
}

#[test]
fn the_first_division_spreads_every_topic() {
    let three = [member("a", "t u"), member("b", "t u"), member("c", "t u")];
    check(
        &three,
        [topic("t", 4), topic("u", 3)],
        &["a: t[0, 3] u[2]", "b: t[1] u[0]", "c: t[2] u[1]"],
    );
}

#[test]
fn what_a_member_leaves_behind_goes_to_the_others() {
    check(
        &[owner("a", "t", 1, "t:0,1"), owner("c", "t", 1, "t:4,5")],
        [topic("t", 6)],
        &["a: t[0, 1, 2]", "c: t[3, 4, 5]"],
    );
}

#[test]
fn a_newcomer_gets_its_share_of_all_topics_alike() {
    check(
        &[
            owner("a", "t u", 1, "t:0,1,2,3;u:0,1,2,3"),
            member("b", "t u"),
        ],
        [topic("t", 4), topic("u", 4)],
        &["a: t[0, 1] u[0, 1]", "b: t[2, 3] u[2, 3]"],
    );
}

#[test]
fn who_has_one_more_keeps_it() {
    check(
        &[
            owner("a", "t", 1, "t:0"),
            owner("b", "t", 1, "t:1,2"),
            owner("c", "t", 1, "t:3"),
        ],
        [topic("t", 4)],
        &["a: t[0]", "b: t[1, 2]", "c: t[3]"],
    );
}

#[test]
fn new_partitions_and_topics_go_to_those_who_have_least() {
    check(
        &[owner("a", "t u", 1, "t:0,1"), owner("b", "t u", 1, "t:2")],
        [topic("t", 4), topic("u", 2)],
        &["a: t[0, 1, 3]", "b: t[2] u[0, 1]"],
    );
}

#[test]
fn the_latest_generation_has_its_way() {
    // b was away: what it had went to a meanwhile, but for what nobody took.
    check(
        &[
            owner("a", "t", 5, "t:0,1"),
            owner("b", "t", 4, "t:1,2"),
            owner("c", "t", -1, "t:0,3"),
        ],
        [topic("t", 4)],
        &["a: t[0, 1]", "b: t[2]", "c: t[3]"],
    );
}

#[test]
fn what_two_claim_in_one_generation_neither_keeps() {
    // Free again, it goes to the first that has room.
    check(
        &[
            owner("a", "t", 5, "t:0,3"),
            owner("b", "t", 5, "t:1,3"),
            owner("c", "t", 5, "-"),
        ],
        [topic("t", 4)],
        &["a: t[0, 2]", "b: t[1]", "c: t[3]"],
    );
    check(
        &[owner("a", "t", 5, "t:1,1"), member("b", "t")],
        [topic("t", 2)],
        &["a: t[1]", "b: t[0]"],
    );
}

#[test]
fn partitions_that_are_gone_are_not_owned() {
    check(
        &[
            owner("a", "t", 1, "t:0,7;gone:0,1"),
            owner("b", "t", 1, "t:-1,1"),
        ],
        [topic("t", 2)],
        &["a: t[0]", "b: t[1]"],
    );
}

#[test]
fn a_topic_that_a_member_does_not_read_any_more_goes_to_those_who_do() {
    check(
        &[owner("a", "u", 1, "t:0,1;u:0"), owner("b", "t u", 1, "u:1")],
        [topic("t", 2), topic("u", 2)],
        &["a: u[0, 1]", "b: t[0, 1]"],
    );
}

#[test]
fn members_that_read_different_topics_are_balanced_too() {
    check(
        &[member("a", "t u"), member("b", "t u v"), member("c", "v")],
        [topic("t", 2), topic("u", 2), topic("v", 2)],
        &["a: t[0] u[0]", "b: t[1] u[1]", "c: v[0, 1]"],
    );
}

#[test]
fn a_partition_moves_through_a_third_member_if_it_must() {
    // a and c have no topic in common; b has one with each.
    check(
        &[
            owner("a", "t", 1, "t:0,1,2"),
            owner("b", "t u", 1, "u:0,1"),
            owner("c", "u", 1, "u:2"),
        ],
        [topic("t", 3), topic("u", 3)],
        &["a: t[0, 1]", "b: t[2] u[0]", "c: u[1, 2]"],
    );
}

#[test]
fn racks_decide_where_balance_and_owners_do_not() {
    let mut both = [member("a", "t"), member("b", "t")];
    both[0].rack = Some("x".into());
    both[1].rack = Some("y".into());
    check(
        &both,
        [racked("t", "y y x x")],
        &["a: t[2, 3]", "b: t[0, 1]"],
    );
    check(
        &both,
        [racked("t", "y y y x")],
        &["a: t[2, 3]", "b: t[0, 1]"],
    );
    // The owner stays, near or not; what it has to give up is what is far.
    let [first, second] = both;
    let first = Candidate {
        rack: first.rack,
        ..owner("a", "t", 1, "t:0,1,2,3")
    };
    check(
        &[first, second],
        [racked("t", "y y x y")],
        &["a: t[0, 2]", "b: t[1, 3]"],
    );
}

#[test]
fn ten_thousand_partitions_go_to_five_hundred_members() {
    let names: Vec<_> = (0..100).map(|number| format!("t{number:02}")).collect();
    let topics: Topics = names.iter().map(|name| topic(name, 100)).collect();
    let all = names.join(" ");
    let members: Vec<_> = (0..500)
        .map(|number| member(&format!("m{number}"), &all))
        .collect();
    let sizes = |members: &[Candidate]| {
        let division = Assignor::Sticky.divide(members, &topics);
        let sizes = division.values();
        sizes
            .map(|topics| topics.values().map(Vec::len).sum::<usize>())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(sizes(&members), BTreeSet::from([20]));
    assert_eq!(sizes(&members[1..]), BTreeSet::from([20, 21]));
}

#[test]
fn large_groups_of_different_readers_are_balanced_too() {
    let topics: Topics = (0..60)
        .map(|number| topic(&format!("t{number}"), 20))
        .collect();
    // Each reads a third of the topics, neighbours nearly the same ones.
    let members: Vec<_> = (0..60)
        .map(|number| {
            let reads = (0..20).map(|step| format!("t{}", (number + step) % 60));
            member(&format!("m{number}"), &reads.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let division = Assignor::Sticky.divide(&members, &topics);
    let sizes = division.values();
    let sizes = sizes.map(|topics| topics.values().map(Vec::len).sum::<usize>());
    assert_eq!(sizes.collect::<BTreeSet<_>>(), BTreeSet::from([20]));
}
