//! The builder: its limit, what it writes, stamping; and that what was built is read again.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn value(value: &[u8]) -> NewRecord<'_> {
    NewRecord {
        timestamp: 1,
        value: Some(value),
        ..NewRecord::default()
    }
}

#[test]
fn records_are_taken_until_the_limit_and_not_beyond() {
    let mut builder = BatchBuilder::new(61 + 17 + 17, 0);
    assert_eq!(builder.append(value(b"ten bytes.")), Ok(0));
    assert_eq!(builder.len(), 61 + 17);
    assert_eq!(builder.append(value(b"eleven byte")), Err(BatchFull));
    assert_eq!(
        (builder.len(), builder.record_count()),
        (61 + 17, 1),
        "as it was before"
    );
    assert_eq!(builder.append(value(b"ten bytes.")), Ok(1));
    assert_eq!(builder.append(NewRecord::default()), Err(BatchFull));

    let batch = builder.close(Compression::None).unwrap();
    assert_eq!((batch.len(), batch.record_count()), (61 + 17 + 17, 2));
    assert_eq!(read(&batch.seal(), CrcCheck::Verify).unwrap().len(), 2);
}

#[test]
fn the_first_record_is_taken_whatever_the_limit() {
    let mut builder = BatchBuilder::new(0, 0);
    assert_eq!(builder.append(value(&[7; 1000])), Ok(0));
    assert_eq!(builder.append(value(b"")), Err(BatchFull));
    assert_eq!(
        read(
            &builder.close(Compression::None).unwrap().seal(),
            CrcCheck::Verify
        )
        .unwrap()
        .len(),
        1
    );
}

#[test]
fn a_batch_without_records_cannot_be_closed() {
    let builder = BatchBuilder::new(100, 100);
    assert!(builder.is_empty());
    assert!(matches!(
        builder.close(Compression::None),
        Err(RecordError::Empty)
    ));
}

#[test]
fn a_sealed_batch_without_a_producer_says_so() {
    let batch = parse(&build(&goldens::records(), Compression::None).seal());
    let header = batch.header();
    assert_eq!(
        (
            header.producer_id,
            header.producer_epoch,
            header.base_sequence
        ),
        (-1, -1, -1)
    );
    assert_eq!((header.base_offset, header.partition_leader_epoch), (0, -1));
    assert_eq!(header.attributes, Attributes::default());
    assert_eq!(header.max_timestamp, 1_700_000_000_250);
}

#[test]
fn an_old_buffer_is_used_again_without_its_content() {
    let mut buffer = BytesMut::from(&[0xff; 4096][..]);
    buffer.truncate(3000);
    let place = buffer.as_ptr();
    let mut builder = BatchBuilder::with_buffer(4096, buffer);
    assert_eq!(
        (builder.len(), builder.is_empty()),
        (BATCH_HEADER_BYTES, true)
    );
    builder.append(value(b"fresh")).unwrap();
    let sealed = builder.close(Compression::None).unwrap().seal();
    assert_eq!(sealed.as_ptr(), place, "sealing copies nothing");
    assert_eq!(
        read(&sealed, CrcCheck::Verify).unwrap()[0].value,
        Some(b"fresh".to_vec())
    );
}

#[test]
fn summing_as_records_come_changes_no_byte() {
    let stamp = ProducerStamp {
        id: 1,
        epoch: 1,
        base_sequence: 1,
    };
    for (records, size) in [(1, 10), (100, 100), (500, 100), (10, 20_000)] {
        for compression in CODECS {
            let sealed = |mut builder: BatchBuilder| {
                for number in 0..records {
                    builder
                        .append(value(&vec![u8::try_from(number % 251).unwrap(); size]))
                        .unwrap();
                }
                let mut batch = builder.close(compression).unwrap();
                batch.set_producer(stamp);
                batch.seal()
            };
            let empty = || BatchBuilder::new(usize::MAX, 0);
            let summed = sealed(empty().summing());
            assert_eq!(summed, sealed(empty()));
            assert_eq!(ClosedBatch::reopen(summed.clone()).seal(), summed);
        }
    }
}

#[test]
fn a_reopened_batch_is_stamped_in_place_when_nobody_else_holds_it() {
    for compression in CODECS {
        let mut batch = build(&goldens::records(), compression);
        batch.set_producer(ProducerStamp {
            id: 1,
            epoch: 1,
            base_sequence: 1,
        });
        let sealed = batch.seal();
        let place = sealed.as_ptr();

        let mut again = ClosedBatch::reopen(sealed);
        again.set_producer(ProducerStamp {
            id: 2,
            epoch: 3,
            base_sequence: 4,
        });
        assert_eq!(again.record_count(), 4);
        let sealed = again.seal();
        assert_eq!(sealed.as_ptr(), place);
        let header = *parse(&sealed).header();
        assert_eq!(
            (
                header.producer_id,
                header.producer_epoch,
                header.base_sequence
            ),
            (2, 3, 4)
        );
    }
}

#[test]
fn a_reopened_batch_leaves_the_bytes_of_others_alone() {
    let sealed = build(&goldens::records(), Compression::None).seal();
    let held = sealed.clone();
    let before = held.to_vec();
    let mut again = ClosedBatch::reopen(sealed);
    again.set_producer(ProducerStamp {
        id: 2,
        epoch: 3,
        base_sequence: 4,
    });
    assert_ne!(again.seal(), before);
    assert_eq!(held, before);
}

#[test]
fn reopening_and_stamping_bytes_that_are_no_batch_does_not_panic() {
    for length in 0..80 {
        let mut batch = ClosedBatch::reopen(Bytes::from(vec![0xff; length]));
        batch.set_producer(ProducerStamp {
            id: 2,
            epoch: 3,
            base_sequence: 4,
        });
        batch.set_transactional(false);
        batch.set_control(true);
        assert_eq!(batch.len(), length);
        assert_eq!(batch.record_count() != 0, length >= BATCH_HEADER_BYTES);
        let mut bytes = batch.seal().to_vec();
        stamp_base_offset(&mut bytes, 1, 1);
        assert_eq!(bytes.len(), length);
    }
}

#[test]
fn the_base_offset_lies_outside_the_checksum() {
    let mut bytes = build(&goldens::records(), Compression::Zstd)
        .seal()
        .try_into_mut()
        .unwrap();
    stamp_base_offset(&mut bytes, 1 << 40, 12);
    let batch = parse(&bytes.freeze());
    assert_eq!(
        (
            batch.header().base_offset,
            batch.header().partition_leader_epoch
        ),
        (1 << 40, 12)
    );
    assert_eq!(
        read(batch.bytes(), CrcCheck::Verify).unwrap()[3].offset,
        (1 << 40) + 3
    );
}

#[test]
fn repeated_use_of_codecs_changes_nothing() {
    let mut codecs = Codecs::default();
    let limits = DecompressLimits::default();
    for round in 0..3 {
        for compression in CODECS {
            let mut builder = BatchBuilder::new(usize::MAX, 0);
            let text = format!("{round} {compression} ").repeat(20_000);
            builder.append(value(text.as_bytes())).unwrap();
            let sealed = builder.close_with(compression, &mut codecs).unwrap().seal();
            let batch = parse(&sealed);
            let records = batch.open_with(&limits, &mut codecs).unwrap();
            let record = records.iter().next().unwrap().unwrap();
            assert_eq!(record.value, Some(text.as_bytes()), "{compression}");
            assert!(compression == Compression::None || sealed.len() * 10 < text.len());
        }
    }
}

/// Records of every shape, at the offsets that a batch will give them.
pub(super) fn any_records() -> impl Strategy<Value = Vec<Record>> {
    let bytes = || option::of(vec(any::<u8>(), 0..300));
    let headers = vec((".{0,8}", bytes()), 0..4);
    let timestamp = prop_oneof![
        any::<i64>(),
        1_700_000_000_000_i64..1_700_000_100_000,
        Just(-1)
    ];
    vec((timestamp, bytes(), bytes(), headers), 1..20).prop_map(|records| {
        let number = |(offset, (timestamp, key, value, headers))| Record {
            offset,
            timestamp,
            key,
            value,
            headers,
        };
        (0..).zip(records).map(number).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_built_is_read_again(records in any_records()) {
        for compression in CODECS {
            let batch = build(&records, compression);
            let length = batch.len();
            let sealed = batch.seal();
            prop_assert_eq!(sealed.len(), length);
            prop_assert_eq!(&read(&sealed, CrcCheck::Verify).unwrap(), &records);
        }
    }

    #[test]
    fn sizes_are_known_before_anything_is_written(records in any_records(), limit in 0..5000_usize) {
        let mut builder = BatchBuilder::new(limit, 0);
        for record in &records {
            let headers: Vec<_> = record.headers.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
            let new = NewRecord {
                timestamp: record.timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            };
            let before = builder.len();
            let appended = builder.append(new);
            let took = builder.len() - before;
            prop_assert!(took <= BatchBuilder::size_of(&new));
            match appended {
                Ok(0) => {}
                Ok(_) => prop_assert!(builder.len() <= limit),
                Err(BatchFull) => {
                    prop_assert_eq!(took, 0);
                    prop_assert!(before + BatchBuilder::size_of(&new) > limit);
                }
            }
        }
    }
}
