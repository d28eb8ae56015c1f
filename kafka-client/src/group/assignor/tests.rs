//! What the tests of all assignors are built from, and facts about all of them.

use super::*;

/// A member that reads these topics, space between them.
pub(super) fn member(id: &str, topics: &str) -> Candidate {
    Candidate {
        member_id: id.into(),
        topics: topics.split_whitespace().map(str::to_owned).collect(),
        ..Default::default()
    }
}

/// A topic with so many partitions, replicas anywhere.
pub(super) fn topic(name: &str, partitions: usize) -> (String, Topic) {
    let racks = Vec::new();
    (name.into(), Topic { partitions, racks })
}

/// A topic whose partitions have replicas in these racks, a letter for each rack, space between partitions.
pub(super) fn racked(name: &str, racks: &str) -> (String, Topic) {
    let racks = racks.split_whitespace();
    let racks = racks.map(|of| of.chars().map(String::from).collect());
    let racks: Vec<_> = racks.collect();
    let partitions = racks.len();
    (name.into(), Topic { partitions, racks })
}

/// One line for each member: `member: topic[partitions] …`.
pub(super) fn check<const N: usize>(
    assignor: Assignor,
    candidates: &[Candidate],
    topics: [(String, Topic); N],
    expected: &[&str],
) {
    let division = assignor.divide(candidates, &Topics::from(topics));
    let lines = division.into_iter().map(|(member, topics)| {
        let topics = topics.into_iter();
        let topics = topics.map(|(topic, numbers)| format!(" {topic}{numbers:?}"));
        format!("{member}:{}", topics.collect::<String>())
    });
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}
