//! What holds for any group.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Members, in any state of confusion, and topics.
#[derive(Debug, Clone)]
struct Group {
    candidates: Vec<Candidate>,
    topics: Topics,
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Up to so many members, topics, and partitions of a topic. Members subscribe alike or not, and claim what they like.
fn group(members: usize, topics: usize, partitions: usize) -> impl Strategy<Value = Group> {
    let racks = prop_oneof![Just(String::new()), "[xyz]{1,2}"];
    let of_topic = prop_oneof![
        (0..=partitions).prop_map(|partitions| topic("", partitions).1),
        vec("[xyz]{1,2}", 0..=partitions).prop_map(|racks| racked("", &racks.join(" ")).1),
    ];
    let claims = vec((0..topics, 0..=partitions), 0..=2 * partitions);
    let of_member = (
        vec(any::<bool>(), topics),
        -1..3,
        claims,
        racks,
        any::<bool>(),
    );
    let members = vec(of_member, 1..=members);
    (members, vec(of_topic, 1..=topics), any::<bool>()).prop_map(|(members, topics, alike)| {
        let named = topics.into_iter().zip(NAMES);
        let topics = named.map(|(topic, name)| (name.to_owned(), topic));
        let members = members.into_iter().enumerate();
        Group {
            topics: topics.collect(),
            candidates: members
                .map(|(id, (reads, generation, claims, rack, lasting))| {
                    let mut owned = Partitions::new();
                    for (topic, number) in claims {
                        let number = i32::try_from(number).unwrap();
                        owned.entry(NAMES[topic].into()).or_default().push(number);
                    }
                    let reads = NAMES.iter().zip(reads).filter(|(_, read)| alike || *read);
                    let reads: Vec<_> = reads.map(|(name, _)| *name).collect();
                    let member = Candidate {
                        instance_id: lasting.then(|| format!("i{}", 9 - id)),
                        rack: Some(rack).filter(|rack| !rack.is_empty()),
                        ..member(&format!("m{id}"), &reads.join(" "))
                    };
                    owning(member, generation, owned)
                })
                .collect(),
        }
    })
}

/// All members that read anything read the same.
fn alike(members: usize) -> impl Strategy<Value = Group> {
    group(members, 4, 7).prop_map(|mut group| {
        for one in &mut group.candidates {
            one.topics = NAMES.map(str::to_owned).to_vec();
        }
        group
    })
}

/// Every partition of a topic that is read goes to one member, who reads it; every member has an entry.
fn check_whole(group: &Group, division: &Division) {
    let mut expected = BTreeSet::new();
    for (name, topic) in &group.topics {
        if group.candidates.iter().any(|one| one.topics.contains(name)) {
            expected.extend(topic.numbers().map(|number| (name.clone(), number)));
        }
    }
    let ids: BTreeSet<_> = group.candidates.iter().map(|one| &one.member_id).collect();
    assert!(division.keys().eq(ids));
    let mut given = BTreeSet::new();
    for one in &group.candidates {
        for (topic, numbers) in &division[&one.member_id] {
            assert!(one.topics.contains(topic), "{topic}");
            assert!(numbers.is_sorted() && !numbers.is_empty());
            for number in numbers {
                let number = usize::try_from(*number).unwrap();
                assert!(given.insert((topic.clone(), number)), "{topic} twice");
            }
        }
    }
    assert_eq!(given, expected);
}

/// Nobody could hand a partition, by itself or through others, to somebody who has two less.
fn check_balanced(group: &Group, division: &Division) {
    for giver in &group.candidates {
        let mut reached = vec![giver];
        let mut next = 0;
        while let Some(from) = reached.get(next) {
            let has = &division[&from.member_id];
            for to in &group.candidates {
                let takes = has.keys().any(|topic| to.topics.contains(topic));
                if takes && !reached.contains(&to) {
                    reached.push(to);
                }
            }
            next += 1;
        }
        let most = load(&division[&giver.member_id]);
        for taker in reached {
            let has = load(&division[&taker.member_id]);
            assert!(
                most <= has + 1,
                "{} to {}",
                giver.member_id,
                taker.member_id
            );
        }
    }
}

/// The lowest price of all divisions there are.
fn lowest_price(group: &Group) -> (usize, usize) {
    let mut divisions = vec![nothing(&group.candidates)];
    for (name, topic) in &group.topics {
        for number in topic.numbers() {
            let readers = group.candidates.iter();
            let readers: Vec<_> = readers.filter(|one| one.topics.contains(name)).collect();
            if readers.is_empty() {
                continue;
            }
            let with = |division: &Division| {
                let division = division.clone();
                let readers = readers.clone().into_iter();
                readers.map(move |reader| {
                    let mut division = division.clone();
                    give(&mut division, reader, name, number);
                    division
                })
            };
            divisions = divisions.iter().flat_map(with).collect();
        }
    }
    let prices = divisions.iter();
    let prices = prices.map(|division| price(&group.candidates, division));
    prices.min().unwrap()
}

/// What members other than `besides` had and have not any more.
fn taken(before: &Division, now: &Division, besides: &str) -> usize {
    let others = before.iter().filter(|(id, _)| *id != besides);
    let gone = others.flat_map(|(id, topics)| {
        topics.iter().map(move |(topic, numbers)| {
            let still = now[id].get(topic);
            let kept = |number: &&i32| still.is_some_and(|still| still.contains(*number));
            numbers.len() - numbers.iter().filter(kept).count()
        })
    });
    gone.sum()
}

proptest! {
    #[test]
    fn every_partition_goes_to_one_reader(group in group(7, 5, 7)) {
        for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky] {
            check_whole(&group, &assignor.divide(&group.candidates, &group.topics));
        }
    }

    #[test]
    fn sticky_balances_as_far_as_subscriptions_allow(group in group(7, 5, 7)) {
        let division = Assignor::Sticky.divide(&group.candidates, &group.topics);
        check_balanced(&group, &division);
    }

    #[test]
    fn no_division_is_more_balanced_or_as_balanced_with_fewer_moves(group in group(3, 3, 2)) {
        let division = Assignor::Sticky.divide(&group.candidates, &group.topics);
        prop_assert_eq!(price(&group.candidates, &division), lowest_price(&group));
    }

    #[test]
    fn dividing_again_moves_nothing(group in group(7, 5, 7)) {
        for assignor in Assignor::ALL {
            let mut division = assignor.divide(&group.candidates, &group.topics);
            let mut then = after(&group.candidates, &division, 3);
            if assignor == Assignor::CooperativeSticky {
                division = assignor.divide(&then, &group.topics);
                then = after(&then, &division, 4);
            }
            prop_assert_eq!(assignor.divide(&then, &group.topics), division);
        }
    }

    #[test]
    fn nobody_loses_anything_when_a_member_leaves(group in alike(7)) {
        let before = Assignor::Sticky.divide(&group.candidates, &group.topics);
        let mut rest = after(&group.candidates, &before, 3);
        if let Some(leaver) = rest.pop().filter(|_| !rest.is_empty()) {
            let now = Assignor::Sticky.divide(&rest, &group.topics);
            prop_assert_eq!(taken(&before, &now, &leaver.member_id), 0);
        }
    }

    #[test]
    fn a_member_that_joins_takes_its_share_and_no_more_moves(group in alike(7)) {
        let (newcomer, others) = group.candidates.split_last().unwrap();
        let before = Assignor::Sticky.divide(others, &group.topics);
        let mut all = after(others, &before, 3);
        all.push(owning(newcomer.clone(), -1, Partitions::new()));
        let now = Assignor::Sticky.divide(&all, &group.topics);
        let got = load(&now[&newcomer.member_id]);
        let partitions: usize = group.topics.values().map(|topic| topic.partitions).sum();
        prop_assert!(got <= partitions.div_ceil(all.len()));
        if !others.is_empty() {
            prop_assert_eq!(taken(&before, &now, ""), got);
        }
    }

    #[test]
    fn cooperative_hands_on_only_what_nobody_holds(group in group(7, 5, 7)) {
        let owners = rightful(&group.candidates);
        let division = Assignor::CooperativeSticky.divide(&group.candidates, &group.topics);
        for (id, topics) in &division {
            for (topic, number) in topics.iter().flat_map(|(topic, numbers)| {
                numbers.iter().map(move |number| (topic, *number))
            }) {
                let mut others = group.candidates.iter().filter(|one| one.member_id != *id);
                let held = others.any(|one| one.owned.get(topic).is_some_and(|numbers| numbers.contains(&number)));
                prop_assert!(!held || owners.get(&(topic.clone(), number)) == Some(id));
            }
        }
    }

    #[test]
    fn cooperative_is_done_in_two_rebalances(group in group(7, 5, 7)) {
        let cooperative = Assignor::CooperativeSticky;
        let first = cooperative.divide(&group.candidates, &group.topics);
        let then = after(&group.candidates, &first, 3);
        let second = cooperative.divide(&then, &group.topics);
        check_whole(&group, &second);
        check_balanced(&group, &second);
        prop_assert_eq!(taken(&first, &second, ""), 0);
        let sought = Assignor::Sticky.divide(&group.candidates, &group.topics);
        prop_assert_eq!(price(&group.candidates, &second), price(&group.candidates, &sought));
    }
}
