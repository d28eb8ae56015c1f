use super::*;
use crate::messages::golden::{from_hex, to_hex};

fn owned() -> Vec<TopicPartition> {
    vec![TopicPartition {
        topic: "orders".into(),
        partitions: vec![2, 3],
    }]
}

fn subscription() -> ConsumerProtocolSubscription {
    ConsumerProtocolSubscription {
        topics: vec!["orders".into()],
        user_data: Some(Bytes::from_static(b"\xb1\x0b")),
        owned_partitions: owned(),
        generation_id: 4,
        rack_id: Some("r".into()),
    }
}

/// What `kafka-clients` 4.3.1 writes.
const SUBSCRIPTION: [&str; 4] = [
    "0000  00000001  0006 6f7264657273  00000002 b10b",
    "0001  00000001  0006 6f7264657273  00000002 b10b  00000001  0006 6f7264657273  00000002  00000002  00000003",
    "0002  00000001  0006 6f7264657273  00000002 b10b  00000001  0006 6f7264657273  00000002  00000002  00000003
     00000004",
    "0003  00000001  0006 6f7264657273  00000002 b10b  00000001  0006 6f7264657273  00000002  00000002  00000003
     00000004  0001 72",
];

const ASSIGNMENT: &str = "00000001  0006 6f7264657273  00000002  00000002  00000003  ffffffff";

#[test]
fn subscription_keeps_what_its_version_has() {
    let lacking = [
        ConsumerProtocolSubscription {
            owned_partitions: vec![],
            generation_id: -1,
            rack_id: None,
            ..subscription()
        },
        ConsumerProtocolSubscription {
            generation_id: -1,
            rack_id: None,
            ..subscription()
        },
        ConsumerProtocolSubscription {
            rack_id: None,
            ..subscription()
        },
        subscription(),
    ];
    for ((version, hex), lacking) in (0..).zip(SUBSCRIPTION).zip(lacking) {
        let written = subscription().encode(version).unwrap();
        assert_eq!(to_hex(&written), to_hex(&from_hex(hex)));
        assert_eq!(
            ConsumerProtocolSubscription::decode(&written),
            Ok((lacking, version))
        );
    }
}

#[test]
fn assignment_is_the_same_in_every_version() {
    let assignment = ConsumerProtocolAssignment {
        assigned_partitions: owned(),
        user_data: None,
    };
    for version in VERSIONS {
        let hex = format!("{version:04x}  {ASSIGNMENT}");
        assert_eq!(
            to_hex(&assignment.encode(version).unwrap()),
            to_hex(&from_hex(&hex))
        );
        assert_eq!(
            ConsumerProtocolAssignment::decode(&from_hex(&hex)),
            Ok((assignment.clone(), version))
        );
    }
}

#[test]
fn newer_version_is_read_as_the_newest_known() {
    let future = SUBSCRIPTION[3].replacen("0003", "7fff", 1) + "  0005 6265796f6e64";
    assert_eq!(
        ConsumerProtocolSubscription::decode(&from_hex(&future)),
        Ok((subscription(), i16::MAX))
    );
    let future = format!("0004  {ASSIGNMENT}  01");
    assert_eq!(
        ConsumerProtocolAssignment::decode(&from_hex(&future)).map(|(_, version)| version),
        Ok(4)
    );
}

#[test]
fn version_that_cannot_be_is_refused() {
    for hex in ["", "00", "ffff  00000000  ffffffff"] {
        let error = ConsumerProtocolSubscription::decode(&from_hex(hex)).unwrap_err();
        assert_eq!(error.reason, DecodeReason::Version, "{hex:?}");
    }
    assert_eq!(
        subscription().encode(4).unwrap_err().reason,
        EncodeReason::Version
    );
    assert_eq!(
        subscription().encode(-1).unwrap_err().reason,
        EncodeReason::Version
    );
}

#[test]
fn fault_is_named_with_its_path() {
    let cut = from_hex(SUBSCRIPTION[3]).slice(..30);
    let error = ConsumerProtocolSubscription::decode(&cut).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ConsumerProtocolSubscription v3: owned_partitions[0].topic: impossible length 6 at byte 24"
    );
}
