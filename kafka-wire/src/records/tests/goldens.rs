//! Batches that the Java client 4.3.1 wrote (`MemoryRecords.withRecords`), under `tests/data`, each with the same four records.

use super::*;

const JAVA: [(Compression, &[u8]); 5] = [
    (
        Compression::None,
        include_bytes!("../../../tests/data/java-none.batch"),
    ),
    (
        Compression::Gzip,
        include_bytes!("../../../tests/data/java-gzip.batch"),
    ),
    (
        Compression::Snappy,
        include_bytes!("../../../tests/data/java-snappy.batch"),
    ),
    (
        Compression::Lz4,
        include_bytes!("../../../tests/data/java-lz4.batch"),
    ),
    (
        Compression::Zstd,
        include_bytes!("../../../tests/data/java-zstd.batch"),
    ),
];
const JAVA_LOG_APPEND: &[u8] = include_bytes!("../../../tests/data/java-log-append.batch");
const JAVA_CONTROL: &[u8] = include_bytes!("../../../tests/data/java-control.batch");

/// Every golden batch, for tests that only want variety.
pub(super) fn all() -> impl Iterator<Item = Bytes> {
    JAVA.into_iter()
        .map(|(_, bytes)| bytes)
        .chain([JAVA_LOG_APPEND, JAVA_CONTROL])
        .map(Bytes::from_static)
}

/// The records that every batch of `JAVA` holds.
pub(super) fn records() -> Vec<Record> {
    vec![
        Record {
            offset: 42,
            timestamp: 1_700_000_000_000,
            key: Some(b"key".to_vec()),
            value: Some(b"value".to_vec()),
            headers: vec![
                ("trace".to_owned(), Some(b"abc".to_vec())),
                (String::new(), None),
                ("trace".to_owned(), Some(Vec::new())),
            ],
        },
        Record {
            offset: 43,
            timestamp: 1_700_000_000_250,
            value: Some(b"a".repeat(200)),
            ..Record::default()
        },
        Record {
            offset: 44,
            timestamp: 1_699_999_999_999,
            key: Some(b"gone".to_vec()),
            ..Record::default()
        },
        Record {
            offset: 45,
            timestamp: 1_700_000_000_001,
            key: Some(Vec::new()),
            value: Some(Vec::new()),
            ..Record::default()
        },
    ]
}

#[test]
fn an_uncompressed_batch_looks_like_this() {
    let batch = hex("
        00000000 0000002a  00000137  00000005  02  5e0b0b1d
        0010  00000003  0000018b cfe56800  0000018b cfe568fa
        00000000 00001267  0003  00000011  00000004
        42 00 00   00   06 6b6579   0a 76616c7565   06
            0a 7472616365 06 616263
            00 01
            0a 7472616365 00
        a003 00 f403 02   01   9003 "
        .to_owned()
        .as_str())
    .into_iter()
    .chain(b"a".repeat(200))
    .chain(hex("00
        14 00 01 04   08 676f6e65   01   00
        0c 00 02 06   00   00   00"));
    let batch: Bytes = batch.collect();
    assert_eq!(batch, JAVA[0].1);
    assert_eq!(read(&batch, CrcCheck::Verify).unwrap(), records());
}

#[test]
fn batches_of_every_codec_hold_the_same_records() {
    for (codec, bytes) in JAVA {
        let batch = parse(&Bytes::from_static(bytes));
        assert_eq!(batch.header().attributes.compression().unwrap(), codec);
        assert_eq!(
            read(batch.bytes(), CrcCheck::Verify).unwrap(),
            records(),
            "{codec}"
        );
    }
}

#[test]
fn the_header_says_what_java_was_told() {
    let batch = parse(&Bytes::from_static(JAVA[0].1));
    let header = batch.header();
    assert_eq!(
        *header,
        BatchHeader {
            base_offset: 42,
            length: 311,
            partition_leader_epoch: 5,
            crc: 0x5e0b_0b1d,
            attributes: Attributes::default().with_transactional(true),
            last_offset_delta: 3,
            base_timestamp: 1_700_000_000_000,
            max_timestamp: 1_700_000_000_250,
            producer_id: 4711,
            producer_epoch: 3,
            base_sequence: 17,
            record_count: 4,
        }
    );
    assert_eq!((header.last_offset(), header.next_offset()), (45, 46));
}

#[test]
fn what_we_build_is_what_java_builds() {
    let mut batch = build(&records(), Compression::None);
    batch.set_producer(ProducerStamp {
        id: 4711,
        epoch: 3,
        base_sequence: 17,
    });
    batch.set_transactional(true);
    let mut bytes = batch.seal().try_into_mut().unwrap();
    stamp_base_offset(&mut bytes, 42, 5);
    assert_eq!(bytes, JAVA[0].1);
}

#[test]
fn with_log_append_time_every_record_has_the_time_of_the_batch() {
    let batch = parse(&Bytes::from_static(JAVA_LOG_APPEND));
    assert_eq!(
        batch.header().attributes.timestamp_type(),
        TimestampType::LogAppend
    );
    let appended = batch.header().max_timestamp;
    for record in read(batch.bytes(), CrcCheck::Verify).unwrap() {
        assert_eq!(record.timestamp, appended);
    }
}

#[test]
fn a_transaction_marker_is_a_control_batch_of_one_record() {
    let batch = parse(&Bytes::from_static(JAVA_CONTROL));
    let attributes = batch.header().attributes;
    assert!(attributes.is_control() && attributes.is_transactional());

    let records = read(batch.bytes(), CrcCheck::Verify).unwrap();
    assert_eq!(records[0].offset, 100);
    assert_eq!(records[0].key, Some(hex("0000 0001")), "version 0, commit");
    assert_eq!(records.len(), 1);
}

#[test]
fn we_can_build_a_transaction_marker() {
    let theirs = parse(&Bytes::from_static(JAVA_CONTROL));
    let mut ours = build(
        &read(theirs.bytes(), CrcCheck::Verify).unwrap(),
        Compression::None,
    );
    ours.set_control(true);
    ours.set_transactional(true);
    ours.set_producer(ProducerStamp {
        id: 4711,
        epoch: 3,
        base_sequence: -1,
    });
    let mut ours = ours.seal().try_into_mut().unwrap();
    stamp_base_offset(&mut ours, 100, 9);
    assert_eq!(ours, theirs.bytes());
}

#[test]
fn batches_follow_each_other_and_end_at_one_cut_off() {
    let whole: Vec<u8> = all().flatten().collect();
    let batches = |bytes: &[u8]| Batches::new(Bytes::copy_from_slice(bytes), CrcCheck::Verify);
    let sizes: Vec<usize> = all().map(|batch| batch.len()).collect();

    let read: Vec<usize> = batches(&whole)
        .map(|batch| batch.unwrap().bytes().len())
        .collect();
    assert_eq!(read, sizes);
    let read = batches(&whole[..whole.len() - 1]).map(|batch| batch.unwrap().bytes().len());
    assert_eq!(read.collect::<Vec<_>>(), sizes[..sizes.len() - 1]);
}

#[test]
fn after_an_error_no_more_batches_come() {
    let mut bytes: Vec<u8> = all().flatten().collect();
    bytes[400] ^= 1;
    let mut batches = Batches::new(bytes.into(), CrcCheck::Verify);
    assert!(batches.next().unwrap().is_ok());
    assert!(matches!(
        batches.next(),
        Some(Err(RecordError::CrcMismatch { .. }))
    ));
    assert!(batches.next().is_none());
}

#[test]
fn opening_an_uncompressed_batch_shares_its_memory() {
    let bytes = Bytes::from_static(JAVA[0].1);
    let records = parse(&bytes).open(&DecompressLimits::default()).unwrap();
    let value = records.iter().nth(1).unwrap().unwrap().value.unwrap();
    assert!(bytes.as_ptr_range().contains(&value.as_ptr()));

    let kept = records.share(value);
    assert_eq!(kept.as_ptr(), value.as_ptr());
    assert_eq!(records.share(b"elsewhere"), "elsewhere");
    assert_eq!(records.share(b""), "");
}
