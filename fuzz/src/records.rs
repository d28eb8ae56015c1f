//! Walking, holding together and building anew what record batches and message sets hold.

use bytes::Bytes;
use kafka_wire::records::{
    BATCH_HEADER_BYTES, BatchBuilder, Batches, Compression, ControlRecord, CrcCheck,
    DecompressLimits, NewRecord, RecordRef, RecordSet,
};

use crate::memory::metered;

/// What a batch may decompress to in the targets.
pub const LIMITS: DecompressLimits = DecompressLimits {
    max_output_bytes: 1 << 20,
    setting: "fuzz.max.bytes",
};

/// The most that it may cost to open what stands in `input` bytes: all the output that is allowed, in a vector that doubles, and the
/// blocks of an LZ4 frame, which declares how large they are (12 MiB at worst).
pub fn open_limit(input: usize) -> usize {
    4 * input + 3 * LIMITS.max_output_bytes + (12 << 20) + (1 << 20)
}

/// Walks all records; `Some` with each of them if the walk ends without an error.
///
/// Asserts that a walk allocates nothing, that its hint holds, that offsets rise within the header's, that headers are as many as they say,
/// that an error comes last, and that a walk without one meets as many records as the header says.
pub fn walk(set: &RecordSet) -> Option<Vec<RecordRef<'_>>> {
    let ((seen, failed), allocated) = metered(|| {
        let (mut seen, mut failed) = (0, false);
        let mut last_offset = None;
        let (least, most) = set.iter().size_hint();
        for record in set {
            assert!(!failed, "an error is the end");
            let Ok(record) = record else {
                failed = true;
                continue;
            };
            assert!(last_offset.is_none_or(|last| last < record.offset));
            assert!(record.offset >= set.header().base_offset);
            assert!(record.offset <= set.header().last_offset());
            assert_eq!(record.headers.iter().count(), record.headers.len());
            last_offset = Some(record.offset);
            seen += 1;
        }
        let items = seen + usize::from(failed);
        assert!(least <= items && most.is_none_or(|most| items <= most));
        (seen, failed)
    });
    assert_eq!(allocated, 0, "a walk allocates nothing");
    if failed {
        return None;
    }
    assert_eq!(
        seen,
        set.len(),
        "a walk without an error meets every record"
    );
    Some(set.iter().map(Result::unwrap).collect())
}

/// What can be asked of single records: parts that share memory, and what they say if they are control records.
pub fn check_parts(set: &RecordSet, records: &[RecordRef<'_>]) {
    let mut bytes = 0;
    for record in records {
        for part in [record.key, record.value].into_iter().flatten() {
            assert_eq!(set.share(part), part);
            bytes += part.len();
        }
        if let Ok(control) = ControlRecord::parse(record) {
            assert_eq!(control.value, record.value);
            let _ = control.end_txn_marker();
        }
    }
    assert!(bytes + 7 * records.len() <= set.size_bytes());
}

/// Builds a batch of `records` and reads it again: the same but for the offsets, which begin at 0 and have no gaps.
///
/// Asserts that sizes known before are those found after.
pub fn rebuild(records: &[RecordRef<'_>], codec: Compression) {
    if records.is_empty() {
        return;
    }
    let mut builder = BatchBuilder::new(usize::MAX, 0);
    for (index, record) in records.iter().enumerate() {
        let headers: Vec<_> = record.headers.iter().collect();
        let new = NewRecord {
            timestamp: record.timestamp,
            key: record.key,
            value: record.value,
            headers: &headers,
        };
        let before = builder.len();
        assert_eq!(builder.append(new), Ok(u32::try_from(index).unwrap()));
        assert!(builder.len() - before <= BatchBuilder::size_of(&new));
    }
    let plain_bytes = builder.len() - BATCH_HEADER_BYTES;
    let closed = builder.close(codec).expect("records can be compressed");
    let length = closed.len();
    let sealed = closed.seal();
    assert_eq!(sealed.len(), length);

    let batch = only_batch(&sealed);
    assert_eq!(batch.size_bytes(), plain_bytes);
    let found = walk(&batch).expect("our own records");
    assert_eq!(found.len(), records.len());
    for (index, (found, wanted)) in found.iter().zip(records).enumerate() {
        assert_eq!(found.offset, i64::try_from(index).unwrap());
        assert_eq!(contents(found), contents(wanted));
    }
}

/// The one batch in `sealed`, opened.
fn only_batch(sealed: &Bytes) -> RecordSet {
    let mut batches = Batches::new(sealed.clone(), CrcCheck::Verify);
    let batch = batches.next().expect("a batch").expect("our own batch");
    assert!(batches.next().is_none());
    batch
        .open(&DecompressLimits::default())
        .expect("our own compression")
}

/// Everything but the offset.
#[allow(clippy::type_complexity, reason = "to be compared, never looked at")]
pub fn contents<'a>(
    record: &RecordRef<'a>,
) -> (
    i64,
    Option<&'a [u8]>,
    Option<&'a [u8]>,
    Vec<(&'a str, Option<&'a [u8]>)>,
) {
    let headers = record.headers.iter().collect();
    (record.timestamp, record.key, record.value, headers)
}

/// A sealed batch with one record of this value.
pub fn rebuild_value(value: &[u8], codec: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(usize::MAX, 0);
    let record = NewRecord {
        value: Some(value),
        ..NewRecord::default()
    };
    builder.append(record).expect("the first one always fits");
    let sealed = builder
        .close(codec)
        .expect("a value can be compressed")
        .seal();
    let set = only_batch(&sealed);
    let records = walk(&set).expect("our own record");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].value, Some(value));
    sealed
}
