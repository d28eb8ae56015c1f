use super::*;
use crate::group::assignor::Topics;
use crate::group::assignor::sticky::user_data;
use crate::group::assignor::tests::{owner, topic};

/// How many partitions each member has after so much effort: a can give to b, and b to c, but not a to c.
fn check(effort: usize, expected: &[usize]) {
    let candidates = [
        owner("a", "t", 1, "t:0,1,2"),
        owner("b", "t u", 1, "u:0,1"),
        owner("c", "u", 1, "u:2"),
    ];
    let topics = Topics::from([topic("t", 3), topic("u", 3)]);
    let claims: Vec<_> = candidates.iter().map(user_data::claim).collect();
    let mut table = Table::new(candidates.iter().collect(), &topics, &claims);
    balance_within(&mut table, effort);
    let mut sizes = vec![0; candidates.len()];
    for (_, owner) in table.slots() {
        sizes[owner.unwrap()] += 1;
    }
    assert_eq!(sizes, expected);
}

#[test]
fn everything_is_divided_when_no_effort_is_left_and_neighbours_are_even() {
    check(0, &[3, 2, 1]);
    check(EFFORT, &[2, 2, 2]);
}
