//! Held against what Kafka's own assignors answered, version 4.3.1, in cases made at random.
//!
//! ```text
//! case ASSIGNOR
//! topic NAME (PARTITIONS | RACKS,…)                           a letter for each rack of a partition
//! member ID INSTANCE RACK TOPICS GENERATION OWNED -> ASSIGNED  `-` for none
//! ```
//! What cooperative-sticky answered is what it had come to after five rebalances. The cases leave out what Java gets wrong: it has
//! members keep partitions that do not exist, or of topics that they do not read any more, if they claim them.

use super::*;

struct Case {
    assignor: Assignor,
    candidates: Vec<Candidate>,
    topics: Topics,
    java: Division,
    text: &'static str,
}

fn cases() -> impl Iterator<Item = Case> {
    include_str!("java.txt").split("case ").skip(1).map(|text| {
        let mut lines = text.lines();
        let mut case = Case {
            assignor: Assignor::named(lines.next().unwrap()).unwrap(),
            candidates: Vec::new(),
            topics: Topics::new(),
            java: Division::new(),
            text,
        };
        for line in lines {
            read(line, &mut case);
        }
        case
    })
}

fn read(line: &str, case: &mut Case) {
    let words: Vec<_> = line.split(' ').collect();
    match words.as_slice() {
        ["topic", name, number] if number.parse::<usize>().is_ok() => {
            case.topics.extend([topic(name, number.parse().unwrap())]);
        }
        ["topic", name, racks] => {
            case.topics.extend([racked(name, &racks.replace(',', " "))]);
        }
        [
            "member",
            id,
            instance,
            rack,
            topics,
            generation,
            owned,
            "->",
            assigned,
        ] => {
            let some = |word: &str| Some(word.to_owned()).filter(|word| word != "-");
            let topics = some(topics).unwrap_or_default().replace(',', " ");
            let member = owner(id, &topics, generation.parse().unwrap(), owned);
            case.candidates.push(Candidate {
                instance_id: some(instance),
                rack: some(rack),
                ..member
            });
            let assigned = partitions(assigned);
            case.java.insert((*id).to_owned(), assigned);
        }
        _ => panic!("{line}"),
    }
}

#[test]
fn range_and_round_robin_divide_as_java_does() {
    let mut compared = 0;
    for case in cases() {
        if matches!(case.assignor, Assignor::Range | Assignor::RoundRobin) {
            let ours = case.assignor.divide(&case.candidates, &case.topics);
            assert_eq!(ours, case.java, "{}", case.text);
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn sticky_is_as_balanced_as_java_and_then_moves_no_more() {
    let mut compared = 0;
    for case in cases().filter(|case| case.assignor == Assignor::Sticky) {
        let ours = Assignor::Sticky.divide(&case.candidates, &case.topics);
        let ours = price(&case.candidates, &ours);
        let javas = price(&case.candidates, &case.java);
        assert!(ours <= javas, "{ours:?} {javas:?} {}", case.text);
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn cooperative_sticky_gets_where_java_gets_in_two_rebalances() {
    let mut compared = 0;
    let cooperative = Assignor::CooperativeSticky;
    for case in cases().filter(|case| case.assignor == cooperative) {
        let first = cooperative.divide(&case.candidates, &case.topics);
        let then = after(&case.candidates, &first, 100);
        let ours = price(&case.candidates, &cooperative.divide(&then, &case.topics));
        let javas = price(&case.candidates, &case.java);
        assert!(ours <= javas, "{ours:?} {javas:?} {}", case.text);
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}
