use kafka_wire::Uuid;

use super::*;
use crate::cluster::metadata;
use crate::producer::config::ProducerConfig;
use crate::producer::partitioner::Partitioner;
use crate::producer::send_error::SendErrorKind;

fn accumulator(config: &ProducerConfig) -> Accumulator {
    let accumulator = Accumulator::new(config, false);
    let partition = metadata::Partition {
        leader: Some(1),
        leader_epoch: 0,
    };
    for name in ["orders", "bills"] {
        assert!(accumulator.put_topic(&metadata::Topic {
            name: name.into(),
            id: Uuid([1; 16]),
            error: kafka_wire::ErrorCode::NONE,
            told_in: 0,
            partitions: vec![partition; 3],
        }));
    }
    accumulator
}

fn records(count: usize) -> Vec<ProducerRecord<'static>> {
    let keys: [Option<&[u8]>; 4] = [None, Some(b"a"), Some(b"b"), None];
    let record = |place: usize| ProducerRecord {
        topic: ["orders", "orders", "orders", "bills"][place / 3 % 4],
        key: keys[place / 5 % 4],
        partition: place.is_multiple_of(7).then_some(2),
        value: Some(&[0; 90]),
        timestamp_ms: Some(0),
        ..ProducerRecord::default()
    };
    (0..count).map(record).collect()
}

/// Where each goes, taken together or one by one.
fn places(config: &ProducerConfig, together: bool) -> Vec<i32> {
    fastrand::seed(7);
    let accumulator = accumulator(config);
    let mut taken = Vec::new();
    let mut records = records(500).into_iter().peekable();
    if together {
        while accumulator.append_all(&mut records, &mut taken).unwrap() == Progress::Pause {}
    } else {
        taken.extend(records.map(|record| accumulator.append(&record, None).unwrap()));
    }
    assert_eq!(accumulator.records(), taken.len());
    let queued = accumulator.stats().total.records_queued;
    assert_eq!(queued, 500);
    taken.iter().map(Delivery::partition).collect()
}

#[test]
fn records_go_together_where_they_go_one_by_one() {
    for partitioner in [
        Partitioner::Murmur2,
        Partitioner::ConsistentRandom,
        Partitioner::RoundRobin,
    ] {
        for keyless in [Keyless::Turns, Keyless::JAVA] {
            let config = ProducerConfig {
                partitioner,
                keyless,
                batch_size: 1000,
                ..ProducerConfig::default()
            };
            let expected = places(&config, false);
            assert_eq!(places(&config, true), expected, "{config:?}");
        }
    }
}

#[test]
fn what_is_refused_is_left_with_all_that_follows() {
    let accumulator = accumulator(&ProducerConfig {
        max_request_size: 20_000,
        ..Default::default()
    });
    let large = vec![0; 20_000];
    let mut records = records(30);
    records[17].value = Some(&large);
    let (mut taken, mut records) = (Vec::new(), records.into_iter().peekable());
    let refusal = loop {
        match accumulator.append_all(&mut records, &mut taken) {
            Ok(Progress::Pause) => {}
            Ok(Progress::Done) => panic!("it is too large"),
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(
        refusal,
        Refusal::Failed(error) if matches!(error.kind, SendErrorKind::TooLarge { .. })
    ));
    assert_eq!((taken.len(), records.count()), (17, 13));
    assert_eq!(accumulator.records(), 17);
}

#[test]
fn after_the_end_none_is_taken() {
    let accumulator = accumulator(&ProducerConfig::default());
    accumulator.finish();
    let mut records = records(3).into_iter().peekable();
    let refusal = accumulator.append_all(&mut records, &mut Vec::new());
    assert!(matches!(
        refusal,
        Err(Refusal::Failed(error)) if error.kind == SendErrorKind::Closed
    ));
}
