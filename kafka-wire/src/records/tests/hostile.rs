//! Bytes that are wrong, by accident or on purpose: named errors, no panic, no endless loop.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Reads all that can be read of `bytes` without checksums, and counts records; the loop ends by itself.
fn exhaust(bytes: &Bytes) -> usize {
    let limits = DecompressLimits {
        max_output_bytes: 1 << 20,
        ..DecompressLimits::default()
    };
    let mut seen = 0;
    for batch in Batches::new(bytes.clone(), CrcCheck::Skip).flatten() {
        let Ok(records) = batch.open(&limits) else {
            continue;
        };
        let (least, most) = records.iter().size_hint();
        let walked: Vec<_> = records.iter().collect();
        assert!((least..=most.unwrap()).contains(&walked.len()));
        assert!(
            walked.iter().rev().skip(1).all(Result::is_ok),
            "nothing comes after an error"
        );
        for record in walked.into_iter().flatten() {
            assert_eq!(record.headers.iter().count(), record.headers.len());
            seen += 1;
        }
    }
    assert!(seen <= 1 << 20);
    seen
}

/// The golden uncompressed batch with `bytes` at `at`, its checksum not corrected.
fn patched(at: usize, bytes: &[u8]) -> Bytes {
    let mut batch = goldens::all().next().unwrap().to_vec();
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    batch.into()
}

/// An uncompressed batch of `count` records that claims offsets 0-9 and holds `records` as they are.
fn raw(count: i32, records: &[u8]) -> Bytes {
    let header = BatchHeader {
        base_offset: 0,
        length: i32::try_from(BATCH_HEADER_BYTES - 12 + records.len()).unwrap(),
        partition_leader_epoch: -1,
        crc: 0,
        attributes: Attributes::default(),
        last_offset_delta: 9,
        base_timestamp: 0,
        max_timestamp: 0,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        record_count: count,
    };
    let mut batch = vec![0; BATCH_HEADER_BYTES];
    header.write(&mut batch);
    batch.extend_from_slice(records);
    ClosedBatch::reopen(batch.into()).seal()
}

fn fault(index: i32, records: &str) -> RecordFault {
    match read(&raw(1 + index, &hex(records)), CrcCheck::Verify) {
        Err(RecordError::BadRecord { index: at, fault }) if at == index => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_truncation_is_a_partial_batch() {
    for golden in goldens::all() {
        for length in 0..golden.len() {
            let cut = golden.slice(..length);
            assert!(
                matches!(RecordBatch::parse(&cut, CrcCheck::Verify), Ok(None)),
                "{length}"
            );
            assert!(Batches::new(cut, CrcCheck::Verify).next().is_none());
        }
    }
}

#[test]
fn a_truncation_whose_length_was_adapted_gives_records_or_an_error() {
    for golden in goldens::all() {
        let whole = exhaust(&golden);
        for length in BATCH_HEADER_BYTES..golden.len() {
            let mut cut = golden[..length].to_vec();
            cut[8..12].copy_from_slice(&i32::try_from(length - 12).unwrap().to_be_bytes());
            assert!(exhaust(&cut.into()) < whole, "{length}");
        }
    }
}

#[test]
fn every_corruption_under_the_checksum_is_found() {
    for golden in goldens::all() {
        for at in 17..golden.len() {
            let mut bytes = golden.to_vec();
            bytes[at] ^= 0x10;
            let error = RecordBatch::parse(&bytes.into(), CrcCheck::Verify).unwrap_err();
            assert!(
                matches!(error, RecordError::CrcMismatch { .. }),
                "{at}: {error}"
            );
        }
    }
}

#[test]
fn no_corruption_does_harm_even_without_checksums() {
    for golden in goldens::all() {
        let mut bytes = golden.to_vec();
        for at in 0..bytes.len() {
            let original = bytes[at];
            for change in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x7f, 0xff] {
                bytes[at] = original ^ change;
                exhaust(&Bytes::copy_from_slice(&bytes));
            }
            bytes[at] = original;
        }
    }
}

#[test]
fn old_formats_are_named() {
    for magic in [0_i8, 1, 3, -1] {
        let error =
            RecordBatch::parse(&patched(16, &magic.to_be_bytes()), CrcCheck::Verify).unwrap_err();
        assert!(matches!(error, RecordError::UnsupportedMagic { magic: named } if named == magic));
    }
}

#[test]
fn lengths_below_a_header_are_refused() {
    for length in [-1, 0, 48, i32::MIN] {
        let error =
            RecordBatch::parse(&patched(8, &length.to_be_bytes()), CrcCheck::Verify).unwrap_err();
        assert!(matches!(error, RecordError::BadLength { length: named } if named == length));
    }
    let cut = patched(8, &48_i32.to_be_bytes()).slice(..14);
    assert!(matches!(
        RecordBatch::parse(&cut, CrcCheck::Verify),
        Err(RecordError::BadLength { .. })
    ));
}

#[test]
fn a_length_beyond_the_input_is_a_partial_batch() {
    let huge = patched(8, &i32::MAX.to_be_bytes());
    assert!(matches!(
        RecordBatch::parse(&huge, CrcCheck::Verify),
        Ok(None)
    ));
}

#[test]
fn impossible_offsets_are_refused() {
    let bad = [
        patched(0, &(-1_i64).to_be_bytes()),
        patched(0, &(i64::MAX - 3).to_be_bytes()),
        patched(23, &(-1_i32).to_be_bytes()),
        patched(23, &i32::MIN.to_be_bytes()),
    ];
    for bytes in bad {
        let error = RecordBatch::parse(&bytes, CrcCheck::Skip).unwrap_err();
        assert!(matches!(error, RecordError::BadOffsets { .. }), "{error}");
    }
    let last = patched(0, &(i64::MAX - 4).to_be_bytes());
    let batch = RecordBatch::parse(&last, CrcCheck::Skip).unwrap().unwrap();
    assert_eq!(batch.header().next_offset(), i64::MAX);
}

#[test]
fn impossible_counts_are_refused() {
    for count in [-1, 5, i32::MAX, i32::MIN] {
        let error =
            RecordBatch::parse(&patched(57, &count.to_be_bytes()), CrcCheck::Skip).unwrap_err();
        assert!(matches!(error, RecordError::BadCount { count: named } if named == count));
    }
}

#[test]
fn a_count_that_the_bytes_cannot_hold_is_refused_before_the_walk() {
    let batch = parse(&raw(2, &[0; 13]));
    let error = batch.open(&DecompressLimits::default()).unwrap_err();
    assert!(matches!(error, RecordError::BadCount { count: 2 }));
    assert!(
        parse(&raw(2, &[0; 14]))
            .open(&DecompressLimits::default())
            .is_ok()
    );
}

#[test]
fn compacted_batches_have_gaps() {
    let batch = raw(
        3,
        &hex("0c 00 00 02 01 01 00   0c 00 00 08 01 01 00   0c 00 00 12 01 01 00"),
    );
    let offsets: Vec<i64> = read(&batch, CrcCheck::Verify)
        .unwrap()
        .iter()
        .map(|record| record.offset)
        .collect();
    assert_eq!(offsets, [1, 4, 9]);
}

#[test]
fn a_batch_that_compaction_emptied_is_legal() {
    for attributes in 0..=4 {
        let mut batch = raw(0, b"").to_vec();
        batch[22] = attributes;
        let batch = ClosedBatch::reopen(batch.into()).seal();
        assert_eq!(read(&batch, CrcCheck::Verify).unwrap(), []);
        assert_eq!(parse(&batch).header().next_offset(), 10);
    }
}

#[test]
fn bytes_after_the_last_record_are_an_error_in_its_place() {
    let batch = parse(&raw(
        2,
        &hex("0c 00 00 00 01 01 00   0c 00 00 02 01 01 00   00 00"),
    ));
    let records = batch.open(&DecompressLimits::default()).unwrap();
    let mut walk = records.iter();
    assert!(walk.next().unwrap().is_ok());
    assert!(matches!(
        walk.next(),
        Some(Err(RecordError::TrailingBytes { bytes: 2 }))
    ));
    assert!(walk.next().is_none());

    let error = parse(&raw(0, &[0]))
        .open(&DecompressLimits::default())
        .unwrap_err();
    assert!(matches!(error, RecordError::TrailingBytes { bytes: 1 }));
}

#[test]
fn offsets_have_to_rise_within_the_batch() {
    assert_eq!(
        fault(0, "0c 00 00 01 01 01 00"),
        RecordFault::Offset,
        "below the base offset"
    );
    assert_eq!(
        fault(0, "0c 00 00 14 01 01 00"),
        RecordFault::Offset,
        "above the last offset"
    );
    assert_eq!(
        fault(1, "0c 00 00 02 01 01 00   0c 00 00 02 01 01 00"),
        RecordFault::Offset,
        "twice"
    );
    assert_eq!(
        fault(1, "0c 00 00 02 01 01 00   0c 00 00 00 01 01 00"),
        RecordFault::Offset,
        "falling"
    );
}

#[test]
fn lengths_inside_a_record_have_to_fit_it() {
    assert_eq!(
        fault(0, "0e 00 00 00 01 01 00"),
        RecordFault::Length,
        "record beyond the batch"
    );
    assert_eq!(
        fault(0, "0d 00 00 00 01 01 00"),
        RecordFault::Length,
        "negative record"
    );
    assert_eq!(
        fault(0, "00 00 00 00 00 00 00"),
        RecordFault::Length,
        "empty record"
    );
    assert_eq!(
        fault(0, "0c 00 00 00 06 01 00"),
        RecordFault::Length,
        "key beyond the record"
    );
    assert_eq!(
        fault(0, "0c 00 00 00 03 01 00"),
        RecordFault::Length,
        "key of -2 bytes"
    );
    assert_eq!(
        fault(0, "0c 00 00 00 01 04 00"),
        RecordFault::Length,
        "value beyond the record"
    );
    assert_eq!(
        fault(0, "0c 00 00 00 01 01 01"),
        RecordFault::Length,
        "-1 headers"
    );
    assert_eq!(
        fault(0, "10 00 00 00 01 01 02 01 01"),
        RecordFault::Length,
        "null as the key of a header"
    );
    assert_eq!(
        fault(0, "0c 00 00 00 01 01 02"),
        RecordFault::Varint,
        "a header missing"
    );
    assert_eq!(
        fault(0, "14 00 00 00 01 01 feffffff0f"),
        RecordFault::Varint,
        "2^31 - 1 headers"
    );
}

#[test]
fn records_have_to_be_as_long_as_they_say() {
    assert_eq!(fault(0, "0e 00 00 00 01 01 00 00"), RecordFault::Leftover);
}

#[test]
fn header_keys_are_utf_8_and_values_may_be_anything() {
    assert_eq!(
        fault(0, "14 00 00 00 01 01 02 04 c328 01"),
        RecordFault::HeaderKey
    );
    let batch = raw(1, &hex("16 00 00 00 01 01 02 02 61 04 c328"));
    let headers = &read(&batch, CrcCheck::Verify).unwrap()[0].headers;
    assert_eq!(*headers, [("a".to_owned(), Some(vec![0xc3, 0x28]))]);
}

#[test]
fn varints_that_are_cut_off_or_overlong_are_refused() {
    assert_eq!(
        fault(0, "80 80 80 80 80 80 00"),
        RecordFault::Varint,
        "record length"
    );
    assert_eq!(
        fault(0, "0c 00 80 80 80 80 80"),
        RecordFault::Varint,
        "timestamp"
    );
    assert_eq!(
        fault(0, "0c 00 00 80 80 80 80"),
        RecordFault::Varint,
        "offset"
    );
    assert_eq!(fault(0, "0c 00 00 00 80 80 80"), RecordFault::Varint, "key");
}

#[test]
fn unknown_codecs_are_named_when_the_batch_is_opened() {
    let mut bytes = raw(0, b"").to_vec();
    bytes[22] = 5;
    let batch = parse(&ClosedBatch::reopen(bytes.into()).seal());
    assert_eq!(
        batch.header().next_offset(),
        10,
        "so that a reader could pass it"
    );
    let error = batch.open(&DecompressLimits::default()).unwrap_err();
    assert!(matches!(error, RecordError::UnknownCodec { id: 5 }));
}

#[test]
fn the_limit_is_that_of_the_caller_and_the_error_names_it() {
    let limits = DecompressLimits {
        max_output_bytes: 261,
        setting: "max_decompressed_bytes",
    };
    for golden in goldens::all().skip(1).take(4) {
        let error = parse(&golden).open(&limits).unwrap_err();
        assert_eq!(
            error.to_string(),
            "records decompress to more than the 261 bytes that max_decompressed_bytes allows"
        );
        let enough = DecompressLimits {
            max_output_bytes: 262,
            ..limits
        };
        assert_eq!(parse(&golden).open(&enough).unwrap().size_bytes(), 262);
    }
}

proptest! {
    #[test]
    fn records_made_of_anything_do_no_harm(count in 0..10, records in vec(any::<u8>(), 0..200)) {
        exhaust(&raw(count, &records));
    }

    #[test]
    fn compressed_bytes_of_anything_do_no_harm(codec in 1..=4_u8, records in vec(any::<u8>(), 0..200)) {
        let mut batch = raw(3, &records).to_vec();
        batch[22] = codec;
        exhaust(&batch.into());
    }

    #[test]
    fn small_records_changed_anywhere_do_no_harm(
        records in building::any_records(), changes in vec((any::<usize>(), any::<u8>()), 1..5)
    ) {
        let mut batch = build(&records, Compression::None).seal().to_vec();
        for (at, byte) in changes {
            let at = at % batch.len();
            batch[at] = byte;
        }
        exhaust(&batch.into());
    }
}
