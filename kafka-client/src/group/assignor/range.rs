//! `range`: of each topic, every member gets a run of neighbouring partitions; the first members get one more if it does not divide.
//!
//! The order of members is Kafka's: static members by their lasting name, then the others by id, so that every client in a group
//! divides alike.

use std::collections::BTreeMap;

use crate::group::assignor::{Candidate, Division};

/// Name of the protocol in `JoinGroup`.
pub(crate) const NAME: &str = "range";

/// Divides the partitions of topics; `partitions` says how many each has. Topics that are not known have none. Every candidate gets
/// an entry.
pub(crate) fn divide(candidates: &[Candidate], partitions: &BTreeMap<String, usize>) -> Division {
    let mut ordered: Vec<_> = candidates.iter().collect();
    ordered.sort_by_key(|one| (one.instance_id.is_none(), &one.instance_id, &one.member_id));
    let mut division: Division = candidates
        .iter()
        .map(|one| (one.member_id.clone(), BTreeMap::new()))
        .collect();
    for (topic, &count) in partitions {
        let readers: Vec<_> = ordered
            .iter()
            .filter(|one| one.topics.contains(topic))
            .collect();
        let mut numbers = 0..i32::try_from(count).unwrap_or(i32::MAX);
        for (place, reader) in readers.iter().enumerate() {
            let share = count / readers.len() + usize::from(place < count % readers.len());
            let run: Vec<i32> = numbers.by_ref().take(share).collect();
            if let Some(theirs) = division.get_mut(&reader.member_id)
                && !run.is_empty()
            {
                theirs.insert(topic.clone(), run);
            }
        }
    }
    division
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, topics: &[&str]) -> Candidate {
        Candidate {
            member_id: id.into(),
            instance_id: None,
            topics: topics.iter().map(ToString::to_string).collect(),
        }
    }

    fn fixed(id: &str, instance: &str, topics: &[&str]) -> Candidate {
        Candidate {
            instance_id: Some(instance.into()),
            ..member(id, topics)
        }
    }

    /// `member: topic[partitions] …`, one line per member.
    fn check(candidates: &[Candidate], partitions: &[(&str, usize)], expected: &[&str]) {
        let partitions = partitions
            .iter()
            .map(|(topic, count)| (topic.to_string(), *count))
            .collect();
        let lines = divide(candidates, &partitions)
            .into_iter()
            .map(|(member, topics)| {
                let topics = topics
                    .into_iter()
                    .map(|(topic, run)| format!(" {topic}{run:?}"));
                format!("{member}:{}", topics.collect::<String>())
            });
        assert_eq!(lines.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_first_members_get_one_more() {
        let both = [member("b", &["t", "u"]), member("a", &["t", "u"])];
        check(
            &both,
            &[("t", 3), ("u", 3)],
            &["a: t[0, 1] u[0, 1]", "b: t[2] u[2]"],
        );
        check(&both, &[("t", 4)], &["a: t[0, 1]", "b: t[2, 3]"]);
    }

    #[test]
    fn a_member_more_than_partitions_gets_nothing() {
        let three = [
            member("a", &["t"]),
            member("b", &["t"]),
            member("c", &["t"]),
        ];
        check(&three, &[("t", 2)], &["a: t[0]", "b: t[1]", "c:"]);
    }

    #[test]
    fn only_readers_of_a_topic_get_of_it() {
        let mixed = [member("a", &["t"]), member("b", &["t", "u"])];
        check(
            &mixed,
            &[("t", 2), ("u", 2)],
            &["a: t[0]", "b: t[1] u[0, 1]"],
        );
    }

    #[test]
    fn topics_that_are_not_known_have_no_partitions() {
        check(&[member("a", &["t", "missing"])], &[("t", 1)], &["a: t[0]"]);
        check(&[], &[("t", 1)], &[]);
    }

    #[test]
    fn static_members_go_first_by_their_lasting_name() {
        let mixed = [
            member("a", &["t"]),
            fixed("z", "1", &["t"]),
            fixed("y", "2", &["t"]),
        ];
        check(&mixed, &[("t", 3)], &["a: t[2]", "y: t[1]", "z: t[0]"]);
    }
}
