use std::time::Duration;

use kafka_wire::records::{Compression, ProducerStamp};
use tokio::time::Instant;

use super::*;
use crate::producer::delivery::Completion;
use crate::producer::lane::Rules;

const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];
const STAMP: ProducerStamp = ProducerStamp {
    id: 7,
    epoch: 3,
    base_sequence: i32::MAX - 1,
};

/// A batch as it is after it was sent, with records of `sizes` bytes whose keys are their places.
fn sent(memory: &Memory, sizes: &[usize], compression: Compression) -> Batch {
    let buffer = memory.buffer(10_000).unwrap();
    let completion = Arc::new(Completion::new("orders".into(), 2));
    let deadline = Instant::now() + Duration::from_mins(1);
    let rules = Rules {
        batch_size: 10_000,
        batch_records: u32::MAX,
        compression,
        linger: Duration::ZERO,
        delivery_timeout: Duration::from_mins(1),
        idempotent: true,
        transactional: true,
        window: 5,
    };
    let mut batch = Batch::new(40, completion, deadline, &rules, buffer);
    for (place, size) in sizes.iter().enumerate() {
        let key = [u8::try_from(place).unwrap()];
        let value = vec![b'x'; *size];
        let record = NewRecord {
            timestamp: 1000 - i64::try_from(place).unwrap(),
            key: Some(&key),
            value: Some(&value),
            headers: &[("name", Some(b"value")), ("name", None)],
        };
        let size = BatchBuilder::size_of(&record);
        batch.append(record, size, memory).unwrap();
    }
    batch.stamp = Some(STAMP);
    batch.attempts = 1;
    batch.on_its_way = true;
    batch
        .seal(compression, true, &mut Codecs::default())
        .unwrap();
    batch
}

/// Key, value's length, timestamp of each record, as the wire has them.
fn read(batch: &mut Batch, compression: Compression) -> Vec<(u8, usize, i64)> {
    let bytes = batch
        .seal(compression, true, &mut Codecs::default())
        .unwrap();
    let batch = RecordBatch::parse(&bytes, CrcCheck::Verify)
        .unwrap()
        .unwrap();
    assert_eq!(batch.bytes().len(), bytes.len());
    assert!(batch.header().attributes.is_transactional());
    assert_eq!(
        batch.header().attributes.compression().unwrap(),
        compression
    );
    let set = batch.open(&DecompressLimits::default()).unwrap();
    let records = set.iter().enumerate().map(|(place, record)| {
        let record = record.unwrap();
        assert_eq!(record.offset, i64::try_from(place).unwrap());
        assert_eq!(record.headers.len(), 2);
        (
            record.key.unwrap()[0],
            record.value.unwrap().len(),
            record.timestamp,
        )
    });
    records.collect()
}

#[test]
fn the_halves_have_all_records_in_order_whatever_compresses_them() {
    for compression in CODECS {
        let memory = Memory::new(100_000);
        let mut whole = sent(&memory, &[100; 9], compression);
        let mut halves = whole.split(&memory, &mut Codecs::default()).unwrap();
        let mut all = read(&mut halves.first, compression);
        assert_eq!(all.len(), 5, "{compression}");
        all.append(&mut read(&mut halves.second, compression));
        let expected = (0..9).map(|place| (place, 100, 1000 - i64::from(place)));
        assert_eq!(all, expected.collect::<Vec<_>>(), "{compression}");
    }
}

#[test]
fn the_halves_go_under_the_numbers_of_the_whole() {
    let memory = Memory::new(100_000);
    let Halves { first, second, .. } = sent(&memory, &[10; 4], Compression::None)
        .split(&memory, &mut Codecs::default())
        .unwrap();
    assert_eq!((first.number, second.number), (40, 42));
    assert_eq!(first.stamp, Some(STAMP));
    let after = second.stamp.unwrap();
    assert_eq!(
        (after.id, after.epoch, after.base_sequence),
        (STAMP.id, STAMP.epoch, 0),
        "after 2^31 - 1 comes 0"
    );
    assert_eq!((first.attempts, first.on_its_way), (0, false));
}

#[test]
fn bytes_are_halved_and_each_half_has_a_record() {
    let memory = Memory::new(1_000_000);
    let halves = |sizes: &[usize]| {
        let mut whole = sent(&memory, sizes, Compression::None);
        let halves = whole.split(&memory, &mut Codecs::default()).unwrap();
        (halves.first.records, halves.second.records)
    };
    assert_eq!(halves(&[4000, 10, 10, 10]), (1, 3));
    assert_eq!(halves(&[10, 10, 10, 4000]), (3, 1));
    assert_eq!(halves(&[10, 4000, 10]), (2, 1));
    assert_eq!(halves(&[10, 10]), (1, 1));
}

#[test]
fn a_record_alone_cannot_be_split() {
    let memory = Memory::new(100_000);
    let mut alone = sent(&memory, &[10], Compression::None);
    assert!(alone.split(&memory, &mut Codecs::default()).is_err());
    assert!(!alone.completion.is_done() && alone.len() > 10);
}

#[test]
fn the_halves_are_paid_for_exactly() {
    for compression in CODECS {
        let memory = Memory::new(10_000);
        let mut whole = sent(&memory, &[100; 20], compression);
        let Halves { first, second, .. } = whole.split(&memory, &mut Codecs::default()).unwrap();
        drop(whole);
        assert_eq!(memory.used(), first.len() + second.len(), "{compression}");
        drop((first, second));
        assert_eq!(memory.used(), 0, "{compression}");
    }
}

#[test]
fn what_the_whole_has_not_paid_for_is_taken_even_if_nothing_is_free() {
    let memory = Memory::new(10_000);
    // Full to the last byte, and so is the memory.
    let mut whole = sent(&memory, &[100; 20], Compression::None);
    let length = whole.len();
    let permit = whole.permit.as_mut().unwrap();
    let rest = permit.split(permit.bytes() - length);
    assert_eq!(memory.used(), 10_000);

    let Halves { first, second, .. } = whole.split(&memory, &mut Codecs::default()).unwrap();
    drop(whole);
    let grown = first.len() + second.len() - length;
    assert!((1..200).contains(&grown), "a header, and little more");
    assert_eq!(memory.used(), 10_000 + grown);
    drop((first, rest, second));
    assert_eq!(memory.used(), 0);
}

#[test]
fn only_halves_of_what_may_be_written_are_fragments_and_so_are_theirs() {
    let memory = Memory::new(100_000);
    let mut whole = sent(&memory, &[10; 4], Compression::None);
    let halves = whole.split(&memory, &mut Codecs::default()).unwrap();
    assert!(!halves.first.is_fragment && !halves.second.is_fragment);

    let mut whole = sent(&memory, &[10; 4], Compression::None);
    whole.maybe_written = true;
    let mut halves = whole.split(&memory, &mut Codecs::default()).unwrap();
    assert!(halves.first.is_fragment && halves.second.is_fragment);
    let quarters = halves
        .second
        .split(&memory, &mut Codecs::default())
        .unwrap();
    assert!(quarters.first.is_fragment && quarters.first.maybe_written);
}
