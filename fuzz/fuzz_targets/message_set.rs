//! Logs from hostile bytes: message sets of magic 0 and 1, and batches between them.
//!
//! Feeds: the `records` bytes of a fetch answer.
//!
//! Asserts: opening allocates no more than its limits allow; entries are neighbours, and a set is the same whether its bytes stand alone
//! or others follow; messages that were read one by one are the records of the whole set, which never takes more bytes than they did; offsets
//! end where the set says, timestamps are what the format has. With their checksums put right, messages are accepted by those who look at
//! them, and are the same. Built into a batch they read the same.
#![no_main]

use bytes::Bytes;
use flate2::Crc;
use kafka_fuzz::memory::metered;
use kafka_fuzz::records::{LIMITS, check_parts, contents, open_limit, rebuild, walk};
use kafka_wire::records::{
    Compression, CrcCheck, LogEntries, LogEntry, MessageSet, RecordError, RecordSet, TimestampType,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    let mut length = 0;
    for entry in LogEntries::new(bytes.clone(), CrcCheck::Skip).flatten() {
        let whole = entry.bytes();
        assert_eq!(whole, &bytes[length..length + whole.len()]);
        length += whole.len();
        assert_eq!(entry.next_offset(), entry.last_offset() + 1);
        assert!(
            entry
                .first_offset()
                .is_none_or(|first| (0..=entry.last_offset()).contains(&first))
        );
        match entry {
            LogEntry::Messages(set) => check_set(&set),
            LogEntry::Batch(batch) => {
                batch.open(&LIMITS).iter().for_each(|set| drop(walk(set)));
            }
        }
    }
    let checked = LogEntries::new(bytes, CrcCheck::Verify).flatten();
    assert!(checked.map(|entry| entry.bytes().len()).sum::<usize>() <= length);
});

fn check_set(set: &MessageSet) {
    assert!((0..=1).contains(&set.magic()));
    check_bounds(set);
    let (opened, allocated) = metered(|| set.open(&LIMITS));
    assert!(allocated <= open_limit(set.bytes().len()), "{allocated}");
    let codec = set.attributes().compression();
    match &opened {
        Ok(records) => check_records(set, records),
        Err(RecordError::CodecNotInMagic { .. }) => assert!(matches!(codec, Ok(Compression::Zstd))),
        // What is not compressed has been read once already.
        Err(error) => assert!(!matches!(codec, Ok(Compression::None)), "{error}"),
    }
    check_sealed(set, &opened);
}

/// A set is what its messages are, neither more nor less.
fn check_bounds(set: &MessageSet) {
    let whole = set.bytes();
    let alone = MessageSet::parse(whole, CrcCheck::Skip).unwrap().unwrap();
    assert_eq!(alone.bytes(), whole);
    assert_eq!(
        (
            alone.first_offset(),
            alone.last_offset(),
            alone.attributes()
        ),
        (set.first_offset(), set.last_offset(), set.attributes())
    );
    let cut = MessageSet::parse(&whole.slice(..whole.len() - 1), CrcCheck::Skip);
    let cut = cut.expect("the end is missing, nothing else");
    assert!(cut.is_none_or(|cut| cut.last_offset() < set.last_offset()));
}

fn check_records(set: &MessageSet, opened: &RecordSet) {
    let header = opened.header();
    assert_eq!(header.last_offset(), set.last_offset());
    let records = walk(opened).expect("records that we made");
    let is_plain = matches!(set.attributes().compression(), Ok(Compression::None));
    let most = if is_plain {
        set.bytes().len()
    } else {
        LIMITS.max_output_bytes
    };
    assert!(opened.size_bytes() <= most);
    let (first, last) = (records.first().unwrap(), records.last().unwrap());
    assert!(
        set.first_offset()
            .is_none_or(|offset| offset == first.offset)
    );
    // Magic 0 has absolute offsets inside, which compaction of the wrapper leaves behind.
    assert!(last.offset == set.last_offset() || (set.magic() == 0 && !is_plain));
    for record in &records {
        assert!(record.headers.is_empty());
        assert!(set.magic() > 0 || record.timestamp == -1);
        if set.attributes().timestamp_type() == TimestampType::LogAppend {
            assert_eq!(record.timestamp, header.max_timestamp);
        }
    }
    check_parts(opened, &records);
    rebuild(&records, Compression::None);
    if is_plain {
        check_one_by_one(set, opened);
    }
}

/// Messages that arrive alone are the same records.
fn check_one_by_one(set: &MessageSet, opened: &RecordSet) {
    let mut rest = set.bytes().clone();
    for record in opened {
        let record = record.unwrap();
        let message = rest.split_to(12 + length_of(&rest));
        let alone = MessageSet::parse(&message, CrcCheck::Skip)
            .unwrap()
            .unwrap();
        let alone = alone.open(&LIMITS).expect("part of a set");
        let found = walk(&alone).expect("records that we made");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].offset, record.offset);
        assert_eq!(contents(&found[0]), contents(&record));
    }
    assert!(rest.is_empty());
}

/// With the right checksums the set is taken by those who look at them, and holds the same.
fn check_sealed(set: &MessageSet, opened: &Result<RecordSet, RecordError>) {
    let mut sealed = set.bytes().to_vec();
    let mut rest = &mut sealed[..];
    while !rest.is_empty() {
        let (message, after) = rest.split_at_mut(12 + length_of(rest));
        let mut crc = Crc::new();
        crc.update(&message[16..]);
        message[12..16].copy_from_slice(&crc.sum().to_be_bytes());
        rest = after;
    }
    let again = MessageSet::parse(&sealed.into(), CrcCheck::Verify)
        .unwrap()
        .unwrap();
    assert_eq!(again.bytes().len(), set.bytes().len());
    let after = again.open(&LIMITS);
    match (opened, &after) {
        (Ok(before), Ok(after)) => {
            let (before, after) = (walk(before).unwrap(), walk(after).unwrap());
            assert_eq!(before.len(), after.len());
            for (before, after) in before.iter().zip(&after) {
                assert_eq!(before.offset, after.offset);
                assert_eq!(contents(before), contents(after));
            }
        }
        // Messages inside have checksums of their own.
        (Ok(_), Err(error)) => assert!(set.first_offset().is_none(), "{error}"),
        (Err(_), after) => assert!(after.is_err()),
    }
}

/// The size field of the first message.
fn length_of(messages: &[u8]) -> usize {
    let length = messages[8..12].try_into().unwrap();
    usize::try_from(i32::from_be_bytes(length)).unwrap()
}
