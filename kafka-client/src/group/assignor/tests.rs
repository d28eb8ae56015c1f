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

mod java;
mod properties;

/// Partition numbers by topic, written `t:0,1;u:2`; `-` for none.
fn partitions(text: &str) -> Partitions {
    let topics = text.split(';').filter_map(|one| one.split_once(':'));
    topics
        .map(|(topic, numbers)| {
            let numbers = numbers.split(',').map(|number| number.parse().unwrap());
            (topic.to_owned(), numbers.collect())
        })
        .collect()
}

/// A member that owned partitions in a generation, and says so in each of the ways that assignors look at.
pub(super) fn owner(id: &str, topics: &str, generation: i32, owned: &str) -> Candidate {
    owning(member(id, topics), generation, partitions(owned))
}

/// The same for a member with other particulars.
fn owning(member: Candidate, generation: i32, owned: Partitions) -> Candidate {
    let of_topic = |(topic, numbers): (&String, &Vec<i32>)| {
        let topic: std::sync::Arc<str> = topic.as_str().into();
        let numbers = numbers.clone().into_iter();
        numbers.map(move |number| TopicPartition::new(topic.clone(), number))
    };
    let partitions: Vec<_> = owned.iter().flat_map(of_topic).collect();
    let previous = Previous {
        generation,
        partitions: &partitions,
    };
    Candidate {
        user_data: Assignor::Sticky.user_data(Some(previous)),
        generation: Some(generation),
        owned,
        ..member
    }
}

/// Members after they were assigned `division`.
fn after(candidates: &[Candidate], division: &Division, generation: i32) -> Vec<Candidate> {
    let members = candidates.iter();
    members
        .map(|one| {
            let owned = division[&one.member_id].clone();
            owning(one.clone(), generation, owned)
        })
        .collect()
}

/// Who owned each partition, said anew: the only one that claims it in the latest generation that anybody claims it in, if it reads it.
fn rightful(candidates: &[Candidate]) -> BTreeMap<(String, i32), String> {
    let mut claims: BTreeMap<(String, i32), Vec<&Candidate>> = BTreeMap::new();
    for one in candidates {
        for (topic, numbers) in &one.owned {
            for number in BTreeSet::from_iter(numbers) {
                let key = (topic.clone(), *number);
                claims.entry(key).or_default().push(one);
            }
        }
    }
    let claims = claims.into_iter();
    claims
        .filter_map(|(key, by)| {
            let latest = by.iter().map(|one| one.generation).max()?;
            let mut last = by.iter().filter(|one| one.generation == latest);
            let owner = last.next().filter(|one| one.topics.contains(&key.0))?;
            last.next()
                .is_none()
                .then(|| (key, owner.member_id.clone()))
        })
        .collect()
}

/// What a division costs: the sum of the squares of what members have, then how many partitions were taken from their owners.
fn price(candidates: &[Candidate], division: &Division) -> (usize, usize) {
    let loads = division.values().map(|topics| load(topics).pow(2)).sum();
    let owners = rightful(candidates).into_iter();
    let kept = owners.filter(|((topic, number), owner)| {
        let theirs = division.get(owner).and_then(|topics| topics.get(topic));
        theirs.is_some_and(|numbers| numbers.contains(number))
    });
    (loads, rightful(candidates).len() - kept.count())
}

fn load(topics: &Partitions) -> usize {
    topics.values().map(Vec::len).sum()
}

#[test]
fn names_are_kafkas_and_lead_back() {
    let names = ["range", "roundrobin", "sticky", "cooperative-sticky"];
    for (assignor, name) in Assignor::ALL.into_iter().zip(names) {
        assert_eq!(assignor.to_string(), name);
        assert_eq!(Assignor::named(name), Some(assignor));
    }
    assert_eq!(Assignor::named("uniform"), None, "that is the broker's");
}

#[test]
fn one_eager_assignor_makes_a_member_eager() {
    use RebalanceProtocol::{Cooperative, Eager};
    let common = RebalanceProtocol::common;
    assert_eq!(common(&[Assignor::CooperativeSticky]), Cooperative);
    assert_eq!(
        common(&[Assignor::Range, Assignor::CooperativeSticky]),
        Eager
    );
    assert_eq!(common(&[Assignor::Sticky]), Eager);
    assert_eq!(common(&[]), Eager);
}

#[test]
fn nobody_and_nothing_are_divided_too() {
    for assignor in Assignor::ALL {
        check(assignor, &[], [topic("t", 1)], &[]);
        check(assignor, &[member("a", "t")], [], &["a:"]);
        check(assignor, &[member("a", "t")], [topic("t", 0)], &["a:"]);
        check(assignor, &[member("a", "")], [topic("t", 2)], &["a:"]);
        check(
            assignor,
            &[member("a", "t missing"), member("b", "")],
            [topic("t", 2), topic("unread", 1)],
            &["a: t[0, 1]", "b:"],
        );
    }
}

#[test]
fn who_joins_first_changes_nothing() {
    let mut members = vec![
        owner("a", "t u", 3, "t:0,1,2,3"),
        owner("b", "t", 3, "-"),
        owner("c", "t u", 2, "u:0;t:1"),
    ];
    members[1].instance_id = Some("z".into());
    let topics = Topics::from([topic("t", 5), topic("u", 4)]);
    for assignor in Assignor::ALL {
        let divided = assignor.divide(&members, &topics);
        members.reverse();
        assert_eq!(assignor.divide(&members, &topics), divided, "{assignor}");
    }
}
