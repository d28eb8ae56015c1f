//! Record batches from hostile bytes.
//!
//! Feeds: the `records` bytes of a fetch answer.
//!
//! Asserts: opening allocates no more than its limits allow, and walking nothing; counts, offsets and hints agree; a batch is the same
//! whether its bytes stand alone or others follow, and is none if its end is missing; one whose checksum is put right is accepted with it as
//! it was without; what was read, built into a batch, reads the same; stamping changes no length. Bytes that are no batch can be
//! stamped too.
#![no_main]

use bytes::Bytes;
use kafka_fuzz::memory::metered;
use kafka_fuzz::records::{LIMITS, check_parts, contents, open_limit, rebuild, walk};
use kafka_wire::records::{
    Batches, ClosedBatch, Compression, CrcCheck, ProducerStamp, RecordBatch, stamp_base_offset,
};
use libfuzzer_sys::fuzz_target;

const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    let mut length = 0;
    for batch in Batches::new(bytes.clone(), CrcCheck::Skip).flatten() {
        assert_eq!(batch.bytes(), &bytes[length..length + batch.bytes().len()]);
        length += batch.bytes().len();
        check_bounds(&batch);
        check_records(&batch);
        check_sealed(&batch);
    }
    for batch in Batches::new(bytes, CrcCheck::Verify).flatten() {
        assert_eq!(
            seal(batch.bytes()),
            batch.bytes()[..],
            "the checksum was right"
        );
    }
    seal(data);
});

/// A batch is what its length says, neither more nor less.
fn check_bounds(batch: &RecordBatch) {
    let whole = batch.bytes();
    let alone = RecordBatch::parse(whole, CrcCheck::Skip).unwrap().unwrap();
    assert_eq!((alone.header(), alone.bytes()), (batch.header(), whole));
    for missing in [1, 7, whole.len() / 2, whole.len() - 17, whole.len()] {
        let cut = whole.slice(..whole.len().saturating_sub(missing));
        assert!(matches!(RecordBatch::parse(&cut, CrcCheck::Skip), Ok(None)));
    }
}

fn check_records(batch: &RecordBatch) {
    let (set, allocated) = metered(|| batch.open(&LIMITS));
    assert!(allocated <= open_limit(batch.bytes().len()), "{allocated}");
    let Ok(set) = set else { return };
    assert_eq!(set.header(), batch.header());
    assert!(set.size_bytes() <= LIMITS.max_output_bytes.max(batch.bytes().len()));
    if let Some(records) = walk(&set) {
        check_parts(&set, &records);
        let chosen = usize::try_from(batch.header().crc).unwrap() % CODECS.len();
        rebuild(&records, CODECS[chosen]);
    }
}

/// With the right checksum the batch is taken by those who look at it, and holds the same.
fn check_sealed(batch: &RecordBatch) {
    let sealed = Bytes::from(seal(batch.bytes()));
    let again = RecordBatch::parse(&sealed, CrcCheck::Verify)
        .unwrap()
        .unwrap();
    match (batch.open(&LIMITS), again.open(&LIMITS)) {
        (Ok(before), Ok(after)) => {
            let (before, after) = (walk(&before), walk(&after));
            assert_eq!(before.is_some(), after.is_some());
            for (before, after) in before.iter().flatten().zip(after.iter().flatten()) {
                assert_eq!(before.offset, after.offset);
                assert_eq!(contents(before), contents(after));
            }
        }
        (before, after) => assert_eq!(format!("{before:?}"), format!("{after:?}")),
    }
    let mut closed = ClosedBatch::reopen(sealed);
    let stamp = ProducerStamp {
        id: 4711,
        epoch: 3,
        base_sequence: 17,
    };
    closed.set_producer(stamp);
    closed.set_transactional(true);
    let stamped = RecordBatch::parse(&closed.seal(), CrcCheck::Verify)
        .unwrap()
        .unwrap();
    let header = stamped.header();
    assert_eq!(
        (
            header.producer_id,
            header.producer_epoch,
            header.base_sequence
        ),
        (4711, 3, 17)
    );
    assert!(header.attributes.is_transactional());
    assert_eq!(stamped.bytes().len(), batch.bytes().len());
}

/// The same bytes under the right checksum, whatever they are.
fn seal(bytes: &[u8]) -> Vec<u8> {
    let mut closed = ClosedBatch::reopen(Bytes::copy_from_slice(bytes));
    assert_eq!(closed.len(), bytes.len());
    let _ = closed.record_count();
    // Changes nothing, but reads and writes what it would change.
    if let Some(attributes) = bytes.get(21..23) {
        closed.set_control(attributes[1] & 0x20 != 0);
    }
    let mut sealed = closed.seal().to_vec();
    assert_eq!(sealed.len(), bytes.len());
    if let Some(front) = bytes.get(..16) {
        let (offset, _) = front.split_first_chunk().unwrap();
        let (_, epoch) = front.split_last_chunk().unwrap();
        stamp_base_offset(
            &mut sealed,
            i64::from_be_bytes(*offset),
            i32::from_be_bytes(*epoch),
        );
    }
    sealed
}
