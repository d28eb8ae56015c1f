use super::*;
use crate::group::assignor::Assignor;
use crate::topic_partition::TopicPartition;

/// What Kafka's `StickyAssignor` wrote.
const JAVA: &str =
    "00000002 0002 7576 00000001 00000001 0001 74 00000002 00000000 00000002 00000007";

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<_> = hex.chars().filter(|digit| *digit != ' ').collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs
        .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
        .collect()
}

/// What is understood: the generation, and how many partitions of `t` and `uv`.
fn check(user_data: Option<&str>, expected: (i32, &[i32], &[i32])) {
    let claimed = claim(&Candidate {
        user_data: user_data.map(bytes),
        ..Default::default()
    });
    let of = |topic: &str| claimed.partitions.get(topic).cloned().unwrap_or_default();
    assert_eq!(
        (claimed.generation, &*of("t"), &*of("uv")),
        expected,
        "{user_data:?}"
    );
}

#[test]
fn reads_what_java_writes() {
    check(Some(JAVA), (7, &[0, 2], &[1]));
}

#[test]
fn writes_what_java_does_in_the_order_of_topics() {
    let partitions = [("t", 0), ("t", 2), ("uv", 1)];
    let partitions = partitions.map(|(topic, number)| TopicPartition::new(topic, number));
    let previous = Previous {
        generation: 7,
        partitions: &partitions,
    };
    assert_eq!(
        Assignor::Sticky.user_data(Some(previous)),
        Some(bytes(
            "00000002 0001 74 00000002 00000000 00000002 0002 7576 00000001 00000001 00000007"
        ))
    );
    assert_eq!(Assignor::Sticky.user_data(None), None);
    assert_eq!(Assignor::Range.user_data(Some(previous)), None);
    assert_eq!(Assignor::RoundRobin.user_data(Some(previous)), None);
}

#[test]
fn version_0_has_no_generation() {
    let without = &JAVA[..JAVA.len() - 9];
    check(Some(without), (-1, &[0, 2], &[1]));
}

#[test]
fn what_nobody_understands_claims_nothing() {
    check(None, (-1, &[], &[]));
    let nonsense = [
        "",
        "00",
        "ffffffff 00000007",
        "7fffffff 0001 74",
        "00000001 0001 74 7fffffff 00000001",
        "00000001 ffff 74 00000000 00000007",
        "00000001 0001 ff 00000000 00000007",
    ];
    for user_data in nonsense {
        check(Some(user_data), (-1, &[], &[]));
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_claim_no_more_than_they_hold(
        mut told in proptest::collection::vec(0..4_u8, 0..64),
        head in proptest::bool::ANY,
    ) {
        if head {
            told.splice(0..0, bytes(JAVA));
        }
        let length = told.len();
        let claimed = claim(&Candidate { user_data: Some(told.into()), ..Default::default() });
        let numbers: usize = claimed.partitions.values().map(Vec::len).sum();
        proptest::prop_assert!(numbers * 4 <= length);
    }
}
