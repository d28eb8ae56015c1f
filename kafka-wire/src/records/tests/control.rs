//! Control records as the Java client 4.3.1 wrote them (`MemoryRecords.with…`), under `tests/data`.

use super::*;

macro_rules! java {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/data/java-control", $name, ".batch"))
    };
}

/// Every type that Kafka has, in the order of their numbers.
const JAVA: [(ControlType, &[u8]); 7] = [
    (ControlType::ABORT, java!("-abort")),
    (ControlType::COMMIT, java!("")),
    (ControlType::LEADER_CHANGE, java!("-leader")),
    (ControlType::SNAPSHOT_HEADER, java!("-snapshot-header")),
    (ControlType::SNAPSHOT_FOOTER, java!("-snapshot-footer")),
    (ControlType::KRAFT_VERSION, java!("-kraft-version")),
    (ControlType::KRAFT_VOTERS, java!("-voters")),
];

/// What `see` says of the one record in a control batch.
fn control<T>(bytes: &'static [u8], see: impl FnOnce(ControlRecord<'_>) -> T) -> T {
    let batch = parse(&Bytes::from_static(bytes));
    assert!(batch.header().attributes.is_control());
    let records = batch.open(&DecompressLimits::default()).unwrap();
    assert_eq!(records.len(), 1);
    let record = records.iter().next().unwrap().unwrap();
    see(ControlRecord::parse(&record).unwrap())
}

fn record<'a>(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> RecordRef<'a> {
    RecordRef {
        offset: 0,
        timestamp: 0,
        key,
        value,
        headers: Headers::default(),
    }
}

#[test]
fn every_type_is_known_by_its_number() {
    for (number, (control_type, bytes)) in (0..).zip(JAVA) {
        assert_eq!(control_type, ControlType(number));
        let (version, read) = control(bytes, |control| (control.version, control.control_type));
        assert_eq!((version, read), (0, control_type));
    }
}

#[test]
fn markers_say_how_a_transaction_ended_and_which_coordinator_said_so() {
    let marker = |bytes| control(bytes, |control| control.end_txn_marker().unwrap());
    let expected = |outcome, coordinator_epoch| EndTxnMarker {
        outcome,
        version: 0,
        coordinator_epoch,
    };
    assert_eq!(
        marker(JAVA[0].1),
        Some(expected(TransactionOutcome::Abort, 7))
    );
    assert_eq!(
        marker(JAVA[1].1),
        Some(expected(TransactionOutcome::Commit, 2))
    );
    for (control_type, bytes) in &JAVA[2..] {
        assert_eq!(marker(bytes), None, "{control_type}");
    }
}

#[test]
fn a_type_of_tomorrow_survives_and_prints() {
    let record = record(Some(&[0, 3, 1, 0, 9]), Some(b"?"));
    let control = ControlRecord::parse(&record).unwrap();
    assert_eq!(
        (control.version, control.control_type),
        (3, ControlType(256))
    );
    assert_eq!(control.value, Some(&b"?"[..]));
    assert_eq!(control.end_txn_marker(), Ok(None));
    assert_eq!(control.control_type.to_string(), "UNKNOWN (256)");
    assert_eq!(format!("{:?}", ControlType::ABORT), "ABORT (0)");
}

#[test]
fn keys_that_are_none_are_refused() {
    for key in [
        None,
        Some(&[][..]),
        Some(&[0, 0, 0]),
        Some(&[0xff, 0xff, 0, 1]),
    ] {
        let refused = ControlRecord::parse(&record(key, Some(b"")));
        assert_eq!(refused, Err(RecordFault::Control), "{key:?}");
    }
}

#[test]
fn markers_without_their_value_are_refused() {
    let short: [Option<&[u8]>; 4] = [
        None,
        Some(&[]),
        Some(&[0, 0, 0, 0, 1]),
        Some(&[0xff, 0xff, 0, 0, 0, 1]),
    ];
    for value in short {
        let record = record(Some(&[0, 0, 0, 1]), value);
        let control = ControlRecord::parse(&record).unwrap();
        assert_eq!(
            control.end_txn_marker(),
            Err(RecordFault::Control),
            "{value:?}"
        );
    }
    let later = record(Some(&[0, 0, 0, 0]), Some(&[0, 1, 0, 0, 0, 4, 9]));
    let marker = ControlRecord::parse(&later)
        .unwrap()
        .end_txn_marker()
        .unwrap();
    assert_eq!(marker.unwrap().coordinator_epoch, 4);
}
