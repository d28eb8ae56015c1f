use bytes::Bytes;

use crate::group::assignor::tests::{member, owner, topic};
use crate::group::assignor::{Assignor, Candidate, Previous, Topic, tests};

fn check<const N: usize>(
    candidates: &[Candidate],
    topics: [(String, Topic); N],
    expected: &[&str],
) {
    tests::check(Assignor::CooperativeSticky, candidates, topics, expected);
}

#[test]
fn a_newcomer_waits_for_what_others_hold() {
    check(
        &[owner("a", "t", 1, "t:0,1,2,3"), member("b", "t")],
        [topic("t", 5)],
        &["a: t[0, 1, 2]", "b: t[4]"],
    );
    check(
        &[owner("a", "t", 2, "t:0,1,2"), owner("b", "t", 2, "t:4")],
        [topic("t", 5)],
        &["a: t[0, 1, 2]", "b: t[3, 4]"],
    );
}

#[test]
fn what_a_member_left_behind_is_assigned_at_once() {
    check(
        &[owner("a", "t", 1, "t:0"), owner("b", "t", 1, "t:1")],
        [topic("t", 4)],
        &["a: t[0, 2]", "b: t[1, 3]"],
    );
}

#[test]
fn what_two_hold_neither_keeps() {
    check(
        &[owner("a", "t", 1, "t:0,1"), owner("b", "t", 1, "t:1,2")],
        [topic("t", 3)],
        &["a: t[0]", "b: t[2]"],
    );
}

#[test]
fn an_owner_of_the_latest_generation_is_not_disturbed() {
    check(
        &[owner("a", "t", 2, "t:0,1"), owner("b", "t", 1, "t:1")],
        [topic("t", 3)],
        &["a: t[0, 1]", "b: t[2]"],
    );
}

#[test]
fn a_topic_that_its_owner_does_not_read_any_more_is_given_up_first() {
    check(
        &[owner("a", "u", 1, "t:0"), member("b", "t u")],
        [topic("t", 1), topic("u", 1)],
        &["a: u[0]", "b:"],
    );
}

#[test]
fn the_generation_of_an_old_subscription_stands_in_the_user_data() {
    let old = |id: &str, generation: i32, owned| Candidate {
        generation: None,
        user_data: Some(Bytes::copy_from_slice(&generation.to_be_bytes())),
        ..owner(id, "t", 0, owned)
    };
    check(
        &[old("a", 4, "t:0,1"), old("b", 5, "t:1,2")],
        [topic("t", 3)],
        &["a: t[0]", "b: t[1, 2]"],
    );
    let mut silent = old("b", 5, "t:1,2");
    silent.user_data = None;
    check(
        &[old("a", 4, "t:0,1"), silent],
        [topic("t", 3)],
        &["a: t[0, 1]", "b: t[2]"],
    );
}

#[test]
fn writes_the_generation_as_java_does() {
    let assignor = Assignor::CooperativeSticky;
    let previous = Previous {
        generation: 7,
        partitions: &[],
    };
    let told = assignor.user_data(Some(previous));
    assert_eq!(told, Some(Bytes::from_static(&[0, 0, 0, 7])));
    let told = assignor.user_data(None);
    assert_eq!(told, Some(Bytes::from_static(&[0xff; 4])));
}
