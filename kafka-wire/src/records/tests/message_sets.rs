//! Messages of magic 0 and 1, in files that the Java client 4.3.1 wrote (`MemoryRecordsBuilder`), under `tests/data`, all with the
//! same four records; and what must not pass for one.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

macro_rules! java {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/data/java-", $name, ".messages"))
    };
}

/// Magic, codec, bytes; offsets 42-45.
const JAVA: [(i8, Compression, &[u8]); 7] = [
    (0, Compression::None, java!("v0-none")),
    (0, Compression::Gzip, java!("v0-gzip")),
    (0, Compression::Snappy, java!("v0-snappy")),
    (1, Compression::None, java!("v1-none")),
    (1, Compression::Gzip, java!("v1-gzip")),
    (1, Compression::Snappy, java!("v1-snappy")),
    (1, Compression::Lz4, java!("v1-lz4")),
];
const JAVA_OLD_LZ4: &[u8] = java!("v0-lz4");
const JAVA_COMPACTED: [(i8, &[u8]); 2] = [(0, java!("v0-compacted")), (1, java!("v1-compacted"))];
const JAVA_LOG_APPEND: [&[u8]; 2] = [java!("v1-log-append"), java!("v1-log-append-none")];

/// Every golden set that can be read.
fn readable() -> impl Iterator<Item = Bytes> {
    JAVA.into_iter()
        .map(|(_, _, bytes)| bytes)
        .chain(JAVA_COMPACTED.map(|(_, bytes)| bytes))
        .chain(JAVA_LOG_APPEND)
        .map(Bytes::from_static)
}

/// What the golden records are when a message of `magic` holds them.
fn expected(magic: i8, offsets: [i64; 4]) -> Vec<Record> {
    let mut records = goldens::records();
    for (record, offset) in records.iter_mut().zip(offsets) {
        record.offset = offset;
        record.headers.clear();
        if magic == 0 {
            record.timestamp = -1;
        }
    }
    records
}

fn entries(bytes: &[u8]) -> LogEntries {
    LogEntries::new(Bytes::copy_from_slice(bytes), CrcCheck::Verify)
}

fn open(entry: &LogEntry) -> Result<Vec<Record>, RecordError> {
    let records = entry.open(&DecompressLimits::default())?;
    assert_eq!(records.iter().count(), records.len());
    let records = records.iter().map(|record| record.map(Record::from));
    records.collect()
}

/// All records of all entries.
fn read_all(bytes: &[u8]) -> Result<Vec<Record>, RecordError> {
    let mut records = Vec::new();
    for entry in entries(bytes) {
        records.extend(open(&entry?)?);
    }
    Ok(records)
}

/// The one set that `bytes` are.
fn set(bytes: &[u8]) -> MessageSet {
    let bytes = Bytes::copy_from_slice(bytes);
    let set = MessageSet::parse(&bytes, CrcCheck::Verify)
        .unwrap()
        .unwrap();
    assert_eq!(set.bytes(), &bytes);
    set
}

/// A message with the right checksum.
fn message(
    magic: i8,
    offset: i64,
    attributes: u8,
    timestamp: i64,
    value: Option<&[u8]>,
) -> Vec<u8> {
    let mut body = magic.to_be_bytes().to_vec();
    body.push(attributes);
    if magic > 0 {
        body.extend(timestamp.to_be_bytes());
    }
    body.extend((-1_i32).to_be_bytes());
    body.extend(
        value
            .map_or(-1, |value| i32::try_from(value.len()).unwrap())
            .to_be_bytes(),
    );
    body.extend(value.unwrap_or_default());
    sealed(offset, &body)
}

/// `body` as a message: with offset, size and checksum.
fn sealed(offset: i64, body: &[u8]) -> Vec<u8> {
    let size = i32::try_from(body.len() + 4).unwrap();
    let mut message = offset.to_be_bytes().to_vec();
    message.extend(size.to_be_bytes());
    message.extend(crc32fast::hash(body).to_be_bytes());
    message.extend(body);
    message
}

fn plain(magic: i8, offset: i64) -> Vec<u8> {
    message(magic, offset, 0, offset.wrapping_mul(10), Some(b"value"))
}

/// A wrapper in gzip around `inside`.
fn wrapper(magic: i8, offset: i64, inside: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    Codecs::default()
        .compress(Compression::Gzip, inside, &mut value)
        .unwrap();
    message(magic, offset, 1, 5, Some(&value))
}

fn offsets(bytes: &[u8]) -> Vec<i64> {
    let records = read_all(bytes).unwrap();
    records.into_iter().map(|record| record.offset).collect()
}

/// What is wrong with the message at `offset`, as opening the one set in `bytes` says.
fn fault(bytes: &[u8], offset: i64) -> RecordFault {
    match set(bytes).open(&DecompressLimits::default()) {
        Err(RecordError::BadMessage { offset: at, fault }) if at == offset => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_of_magic_0_and_1_look_like_this() {
    let old = hex("
        00000000 0000002a  00000016  2356c137  00  00  00000003 6b6579  00000005 76616c7565");
    assert!(JAVA[0].2.starts_with(&old));
    let new = hex("
        00000000 0000002a  0000001e  6ad05db8  01  00  0000018b cfe56800  00000003 6b6579  00000005 76616c7565");
    assert!(JAVA[3].2.starts_with(&new));
}

#[test]
fn sets_of_every_codec_hold_the_same_records() {
    for (magic, codec, bytes) in JAVA {
        let set = set(bytes);
        assert_eq!(
            (set.magic(), set.attributes()),
            (magic, Attributes(codec.id()))
        );
        assert_eq!((set.last_offset(), set.next_offset()), (45, 46));
        let first = (codec == Compression::None).then_some(42);
        assert_eq!(set.first_offset(), first, "inside, if compressed");
        assert_eq!(
            read_all(bytes).unwrap(),
            expected(magic, [42, 43, 44, 45]),
            "{magic} {codec}"
        );
    }
}

#[test]
fn the_header_says_what_a_record_batch_would() {
    for (magic, codec, bytes) in JAVA {
        let records = set(bytes).open(&DecompressLimits::default()).unwrap();
        let times = [(-1, -1), (1_700_000_000_000, 1_700_000_000_250)];
        let (base_timestamp, max_timestamp) = times[usize::from(magic > 0)];
        let expected = BatchHeader {
            base_offset: 42,
            length: i32::try_from(records.size_bytes()).unwrap() + 49,
            partition_leader_epoch: -1,
            crc: 0,
            attributes: Attributes(codec.id()),
            last_offset_delta: 3,
            base_timestamp,
            max_timestamp,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: 4,
        };
        assert_eq!(*records.header(), expected);
    }
}

#[test]
fn compaction_leaves_gaps_and_the_offset_of_the_wrapper() {
    for (magic, bytes) in JAVA_COMPACTED {
        assert_eq!(read_all(bytes).unwrap(), expected(magic, [42, 44, 50, 51]));
    }
    let inside = [plain(1, 3), plain(1, 5)].concat();
    assert_eq!(offsets(&wrapper(1, 105, &inside)), [103, 105]);
    assert_eq!(offsets(&wrapper(1, 5, &inside)), [3, 5]);
    let inside = [plain(0, 103), plain(0, 105)].concat();
    assert_eq!(
        offsets(&wrapper(0, 107, &inside)),
        [103, 105],
        "absolute in magic 0"
    );
}

#[test]
fn append_time_is_that_of_the_wrapper_and_else_each_message_has_its_own() {
    for bytes in JAVA_LOG_APPEND {
        assert_eq!(
            set(bytes).attributes().timestamp_type(),
            TimestampType::LogAppend
        );
        for record in read_all(bytes).unwrap() {
            assert_eq!(record.timestamp, 1_700_000_005_000);
        }
    }
    let inside = [plain(1, 0), plain(1, 1)].concat();
    let times = |bytes: &[u8]| -> Vec<i64> {
        read_all(bytes)
            .unwrap()
            .iter()
            .map(|record| record.timestamp)
            .collect()
    };
    let mut created = wrapper(1, 1, &inside);
    assert_eq!(times(&created), [0, 10]);
    created[17] |= 8;
    let appended = sealed(1, &created[16..]);
    assert_eq!(times(&appended), [5, 5]);
}

#[test]
fn neighbours_are_read_as_one_as_long_as_they_are_alike() {
    let log_append = |offset, time| message(1, offset, 8, time, None);
    let sets = [
        [plain(0, 3), plain(0, 4), plain(0, 9)].concat(),
        plain(1, 10),
        [log_append(11, 7), log_append(12, 7)].concat(),
        log_append(13, 8),
        wrapper(1, 15, &[plain(1, 0), plain(1, 1)].concat()),
        plain(1, 16),
        plain(1, 16 + (1 << 31)),
    ];
    let read = entries(&sets.concat()).map(|entry| entry.unwrap().bytes().to_vec());
    assert_eq!(read.collect::<Vec<_>>(), sets);
    let read = offsets(&sets.concat());
    assert_eq!(read, [3, 4, 9, 10, 11, 12, 13, 14, 15, 16, 16 + (1 << 31)]);
}

#[test]
fn many_neighbours_make_several_sets() {
    let messages: Vec<u8> = (0..10_000).flat_map(|offset| plain(1, offset)).collect();
    let sizes: Vec<usize> = entries(&messages)
        .map(|entry| entry.unwrap().bytes().len())
        .collect();
    assert_eq!(sizes.len(), 6);
    assert!(sizes.iter().all(|&size| size < 64 * 1024 + 39));
    assert_eq!(offsets(&messages), (0..10_000).collect::<Vec<_>>());
}

#[test]
fn attributes_without_meaning_are_left_out() {
    let odd = set(&message(0, 3, 0b1111_1000, 0, None));
    assert_eq!(odd.attributes(), Attributes(0));
    let odd = set(&message(1, 3, 0b1111_1000, 0, None));
    assert_eq!(
        odd.attributes(),
        Attributes(8),
        "neither transactional nor control"
    );
}

#[test]
fn one_door_reads_a_log_of_all_formats() {
    let log = [
        JAVA[1].2,
        JAVA[3].2,
        &goldens::all().next().unwrap(),
        JAVA[6].2,
    ]
    .concat();
    let formats: Vec<_> = entries(&log)
        .map(|entry| match entry.unwrap() {
            LogEntry::Batch(batch) => (2, batch.bytes().len()),
            LogEntry::Messages(set) => (set.magic(), set.bytes().len()),
        })
        .collect();
    assert_eq!(formats, [(0, 122), (1, 348), (2, 323), (1, 169)]);
    let records = read_all(&log).unwrap();
    assert_eq!(records.len(), 16);
    assert_eq!(records[8..12], goldens::records());
    for entry in entries(&log) {
        let entry = entry.unwrap();
        assert_eq!((entry.last_offset(), entry.next_offset()), (45, 46));
        assert!([None, Some(42)].contains(&entry.first_offset()));
    }
}

#[test]
fn who_wants_record_batches_gets_no_messages() {
    let error = Batches::new(Bytes::from_static(JAVA[3].2), CrcCheck::Verify).next();
    assert!(matches!(
        error,
        Some(Err(RecordError::UnsupportedMagic { magic: 1 }))
    ));
}

#[test]
fn every_truncation_leaves_the_whole_messages_before_it() {
    for whole in readable() {
        let full = read_all(&whole).unwrap().len();
        for length in 0..whole.len() {
            let read = read_all(&whole[..length]).unwrap();
            assert!(read.len() < full, "{length}");
        }
    }
    assert_eq!(offsets(&[plain(0, 3), plain(0, 4)].concat()[..59]), [3]);
}

#[test]
fn every_corruption_under_the_checksum_is_found() {
    for whole in readable() {
        let size =
            12 + usize::try_from(i32::from_be_bytes(whole[8..12].try_into().unwrap())).unwrap();
        for at in 12..size {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 0x10;
            let error = entries(&bytes).next().unwrap().unwrap_err();
            let named = matches!(error, RecordError::MessageCrcMismatch { .. });
            // A size too small for it, or a format that does not exist, is found before.
            assert!(named || at == 16, "{at}: {error}");
        }
    }
}

#[test]
fn the_old_form_of_lz4_is_refused_by_name() {
    let error = read_all(JAVA_OLD_LZ4).unwrap_err();
    assert!(matches!(error, RecordError::OldLz4 { magic: 0 }), "{error}");
    assert!(error.to_string().contains("before Kafka 0.10"));
    // The right checksum is read in magic 0 too, as Kafka does.
    let frame_at = 18 + 4 + 4;
    let mut mended = JAVA_OLD_LZ4.to_vec();
    assert_eq!(mended[frame_at + 6], 0x1a);
    mended[frame_at + 6] = 0x82;
    assert_eq!(
        read_all(&sealed(45, &mended[16..])).unwrap(),
        expected(0, [42, 43, 44, 45])
    );
    // What is broken elsewhere is not called old.
    let last = mended.len() - 1;
    mended[last] ^= 1;
    let error = read_all(&sealed(45, &mended[16..])).unwrap_err();
    assert!(
        matches!(
            error,
            RecordError::Corrupt {
                codec: Compression::Lz4,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn snappy_is_read_without_its_frame_too() {
    let inside = [plain(1, 0), plain(1, 1)].concat();
    let bare = snap::raw::Encoder::new().compress_vec(&inside).unwrap();
    assert_eq!(offsets(&message(1, 8, 2, 0, Some(&bare))), [7, 8]);
}

#[test]
fn codecs_that_the_format_does_not_have_are_refused() {
    for magic in [0, 1] {
        let error = read_all(&message(magic, 3, 4, 0, Some(b""))).unwrap_err();
        let (named, zstd) = match error {
            RecordError::CodecNotInMagic { codec, magic } => (magic, codec),
            other => panic!("{other}"),
        };
        assert_eq!((named, zstd), (magic, Compression::Zstd));
        for codec in 5..8 {
            let error = read_all(&message(magic, 3, codec, 0, Some(b""))).unwrap_err();
            assert!(matches!(error, RecordError::UnknownCodec { id } if id == codec.into()));
        }
    }
}

#[test]
fn a_wrapper_inside_a_wrapper_is_refused() {
    for magic in [0, 1] {
        let nested = wrapper(magic, 4, &wrapper(magic, 4, &plain(magic, 4)));
        assert_eq!(fault(&nested, 4), RecordFault::Nested);
    }
}

#[test]
fn a_wrapper_without_messages_is_refused() {
    assert_eq!(
        fault(&message(1, 4, 1, 0, None), 4),
        RecordFault::EmptyWrapper
    );
    assert_eq!(fault(&wrapper(1, 4, b""), 4), RecordFault::EmptyWrapper);
}

#[test]
fn messages_inside_are_checked_as_those_outside() {
    let mut wrong = plain(1, 0);
    wrong[34] ^= 1;
    let spoiled = wrapper(1, 4, &wrong);
    let error = read_all(&spoiled).unwrap_err();
    assert!(
        matches!(error, RecordError::MessageCrcMismatch { offset: 0, .. }),
        "{error}"
    );
    let unchecked = MessageSet::parse(&spoiled.into(), CrcCheck::Skip)
        .unwrap()
        .unwrap();
    assert!(unchecked.open(&DecompressLimits::default()).is_ok());

    let cut = &[plain(1, 0), plain(1, 1)].concat()[..60];
    let error = read_all(&wrapper(1, 4, cut)).unwrap_err();
    assert!(
        matches!(error, RecordError::TrailingBytes { bytes: 21 }),
        "{error}"
    );

    let batch = goldens::all().next().unwrap();
    let error = read_all(&wrapper(1, 4, &batch)).unwrap_err();
    assert!(
        matches!(error, RecordError::UnsupportedMagic { magic: 2 }),
        "{error}"
    );
}

#[test]
fn offsets_inside_rise_up_to_that_of_the_wrapper() {
    let two = |first, second| [plain(1, first), plain(1, second)].concat();
    assert_eq!(fault(&wrapper(1, 9, &two(1, 1)), 1), RecordFault::Offset);
    assert_eq!(fault(&wrapper(1, 9, &two(2, 1)), 1), RecordFault::Offset);
    assert_eq!(
        fault(&wrapper(1, 9, &two(9, 10)), 10),
        RecordFault::Offset,
        "beyond the wrapper"
    );
    assert_eq!(
        fault(&wrapper(1, 1 << 40, &two(0, 1 << 31)), 1 << 31),
        RecordFault::Offset
    );
    assert_eq!(
        fault(&wrapper(0, 1 << 40, &plain(0, 3)), 1 << 40),
        RecordFault::Offset,
        "further than a record batch reaches"
    );
}

#[test]
fn offsets_that_cannot_be_are_refused() {
    for offset in [-1, i64::MIN, i64::MAX] {
        let error = read_all(&plain(1, offset)).unwrap_err();
        assert!(
            matches!(error, RecordError::BadMessage { offset: at, fault: RecordFault::Offset } if at == offset),
            "{error}"
        );
    }
    assert_eq!(offsets(&plain(0, i64::MAX - 1)), [i64::MAX - 1]);
}

#[test]
fn fields_have_to_fill_their_message() {
    let faults = [
        (
            "00 00 00000000 00000001",
            RecordFault::Length,
            "value beyond the message",
        ),
        (
            "00 00 00000009 00000000",
            RecordFault::Length,
            "key beyond the message",
        ),
        (
            "00 00 fffffffe 00000000",
            RecordFault::Length,
            "key of -2 bytes",
        ),
        (
            "00 00 00000000 00000000 00",
            RecordFault::Leftover,
            "a byte more",
        ),
    ];
    for (body, fault, what) in faults {
        let error = read_all(&sealed(3, &hex(body))).unwrap_err();
        match error {
            RecordError::BadMessage {
                offset: 3,
                fault: named,
            } => assert_eq!(named, fault, "{what}"),
            other => panic!("{what}: {other}"),
        }
    }
}

#[test]
fn sizes_below_a_message_are_refused_and_others_are_cut_off() {
    for (magic, least) in [(0_u8, 14_i32), (1, 22)] {
        for size in [-1, 0, least - 1, i32::MIN] {
            let mut bytes = plain(0, 3);
            bytes[8..12].copy_from_slice(&size.to_be_bytes());
            bytes[16] = magic;
            let error = entries(&bytes).next().unwrap().unwrap_err();
            assert!(matches!(error, RecordError::BadLength { length } if length == size));
        }
    }
    let mut bytes = plain(0, 3);
    bytes[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(entries(&bytes).next().is_none());
    for magic in [3_u8, 0xff] {
        bytes[16] = magic;
        let error = entries(&bytes).next().unwrap().unwrap_err();
        assert!(
            matches!(error, RecordError::UnsupportedMagic { .. }),
            "{error}"
        );
    }
}

#[test]
fn the_limit_holds_inside_a_wrapper_and_the_error_names_the_setting() {
    let bomb = wrapper(1, 3, &message(1, 0, 0, 0, Some(&vec![0; 1 << 20])));
    let limits = DecompressLimits {
        max_output_bytes: 1 << 20,
        setting: "max_decompressed_bytes",
    };
    let error = set(&bomb).open(&limits).unwrap_err().to_string();
    assert!(error.contains("max_decompressed_bytes"), "{error}");
    let limits = DecompressLimits {
        max_output_bytes: (1 << 20) + 34,
        ..limits
    };
    assert!(set(&bomb).open(&limits).unwrap().size_bytes() > 1 << 20);
}

#[test]
fn an_error_ends_the_entries_and_what_stands_before_it_is_read() {
    let mut log = [plain(1, 3), plain(1, 4), plain(1, 5)].concat();
    log[39 + 30] ^= 1;
    let mut entries = entries(&log);
    let first = entries.next().unwrap().unwrap();
    assert_eq!((first.first_offset(), first.last_offset()), (Some(3), 3));
    let error = entries.next().unwrap().unwrap_err();
    assert!(matches!(
        error,
        RecordError::MessageCrcMismatch { offset: 4, .. }
    ));
    assert!(entries.next().is_none());
}

/// Reads all that can be read of `bytes` without checksums; the loop ends by itself.
fn exhaust(bytes: &Bytes) -> usize {
    let limits = DecompressLimits {
        max_output_bytes: 1 << 20,
        ..DecompressLimits::default()
    };
    let mut seen = 0;
    for entry in LogEntries::new(bytes.clone(), CrcCheck::Skip).flatten() {
        assert!(entry.next_offset() > entry.last_offset());
        let Ok(records) = entry.open(&limits) else {
            continue;
        };
        for record in records.iter().flatten() {
            assert!(record.offset <= entry.last_offset());
            seen += 1;
        }
    }
    seen
}

#[test]
fn no_corruption_does_harm_even_without_checksums() {
    for whole in readable().chain([Bytes::from_static(JAVA_OLD_LZ4)]) {
        let mut bytes = whole.to_vec();
        for at in 0..bytes.len() {
            let original = bytes[at];
            for change in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x7f, 0xff] {
                bytes[at] = original ^ change;
                assert!(exhaust(&Bytes::copy_from_slice(&bytes)) <= 4);
            }
            bytes[at] = original;
        }
    }
}

#[test]
fn no_corruption_inside_a_wrapper_does_harm() {
    for (magic, inside) in [(0, JAVA[0].2), (1, JAVA[3].2)] {
        for at in 0..inside.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut spoiled = inside.to_vec();
                spoiled[at] ^= change;
                assert!(exhaust(&wrapper(magic, 45, &spoiled).into()) <= 4);
            }
        }
        for length in 0..inside.len() {
            assert!(exhaust(&wrapper(magic, 45, &inside[..length]).into()) < 4);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_are_never_longer_than_their_messages(
        magic in 0..=1_i8,
        messages in vec((0..1_i64 << 33, any::<i64>(), proptest::option::of(vec(any::<u8>(), 0..40))), 1..30)
    ) {
        let bytes: Vec<u8> = messages
            .iter()
            .flat_map(|(offset, timestamp, value)| message(magic, *offset, 0, *timestamp, value.as_deref()))
            .collect();
        let mut read = Vec::new();
        for entry in entries(&bytes) {
            let entry = entry.unwrap();
            let records = entry.open(&DecompressLimits::default()).unwrap();
            prop_assert!(records.size_bytes() <= entry.bytes().len());
            read.extend(open(&entry).unwrap());
        }
        let expected: Vec<Record> = messages
            .into_iter()
            .map(|(offset, timestamp, value)| Record {
                offset,
                timestamp: if magic == 0 { -1 } else { timestamp },
                value,
                ..Record::default()
            })
            .collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn bytes_of_anything_do_no_harm(bytes in vec(any::<u8>(), 0..300), magic in 0..=2_u8, size in 0..300_i32) {
        let mut bytes = bytes;
        if bytes.len() > 16 {
            bytes[8..12].copy_from_slice(&size.to_be_bytes());
            bytes[16] = magic;
        }
        exhaust(&bytes.into());
    }
}
