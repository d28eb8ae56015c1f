use super::*;

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<_> = hex.chars().filter(|digit| *digit != ' ').collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs
        .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
        .collect()
}

fn read(metadata: Bytes) -> Candidate {
    candidate(JoinGroupResponseMember {
        member_id: "m".into(),
        group_instance_id: Some("i".into()),
        metadata,
    })
}

/// What everybody reads from the bytes below, and from its first fields alone.
fn full() -> Candidate {
    let topic = |name: &str, numbers: &[i32]| (name.to_owned(), numbers.to_vec());
    Candidate {
        member_id: "m".into(),
        instance_id: Some("i".into()),
        topics: vec!["t".into(), "uv".into()],
        owned: Partitions::from([topic("t", &[0, 2]), topic("uv", &[1])]),
        generation: Some(7),
        rack: Some("r1".into()),
        user_data: Some(bytes("00000007")),
    }
}

/// Written by Kafka's `ConsumerProtocol`, without the version: fields of versions 0 to 3.
const FIELDS: [&str; 4] = [
    "00000002 0001 74 0002 7576  00000004 00000007",
    "00000002 0001 74 00000002 00000000 00000002 0002 7576 00000001 00000001",
    "00000007",
    "0002 7231",
];

fn written(version: i16) -> String {
    let last = usize::try_from(version).unwrap().min(3);
    format!("{version:04x} {}", FIELDS[..=last].join(" "))
}

#[test]
fn writes_what_java_writes() {
    let owned = [("t", 0), ("t", 2), ("uv", 1)];
    let told = subscription(Subscription {
        topics: &["t".into(), "uv".into()],
        owned: &owned.map(|(topic, number)| TopicPartition::new(topic, number)),
        generation: Some(7),
        rack: Some("r1"),
        user_data: Some(bytes("00000007")),
    });
    assert_eq!(told, bytes(&written(3)));
    let told = subscription(Subscription {
        topics: &["t".into()],
        ..Default::default()
    });
    let nothing_else = "0003 00000001 0001 74 ffffffff 00000000 ffffffff ffff";
    assert_eq!(told, bytes(nothing_else));
}

#[test]
fn reads_each_version_as_far_as_it_goes() {
    let mut expected = full();
    assert_eq!(read(bytes(&written(3))), expected);
    expected.rack = None;
    assert_eq!(read(bytes(&written(2))), expected);
    expected.generation = None;
    assert_eq!(read(bytes(&written(1))), expected);
    expected.owned = Partitions::new();
    assert_eq!(read(bytes(&written(0))), expected);
}

#[test]
fn a_version_of_the_future_is_read_as_the_last_known() {
    assert_eq!(read(bytes(&(written(9) + " 0123456789"))), full());
}

#[test]
fn what_nobody_understands_wants_nothing() {
    for metadata in ["", "00", "ffff 00000000 ffffffff", "0003 00000001 0001"] {
        let read = read(bytes(metadata));
        let nothing = Candidate {
            member_id: "m".into(),
            instance_id: Some("i".into()),
            ..Default::default()
        };
        assert_eq!(read, nothing, "{metadata}");
    }
}

#[test]
fn a_rack_without_a_name_is_none() {
    let told = subscription(Subscription {
        rack: Some(""),
        ..Default::default()
    });
    assert_eq!(read(told).rack, None);
}
