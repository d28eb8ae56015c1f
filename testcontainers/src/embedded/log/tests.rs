use kafka_wire::records::{BatchBuilder, Batches, Compression, NewRecord};

use super::*;

/// A batch as a producer sends it: one record per timestamp.
fn batch(timestamps: &[i64], compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(1 << 20, 1024);
    for &timestamp in timestamps {
        let record = NewRecord {
            timestamp,
            value: Some(b"some value"),
            ..NewRecord::default()
        };
        builder.append(record).unwrap();
    }
    builder.close(compression).unwrap().seal()
}

fn append(log: &mut Log, timestamps: &[i64], leader_epoch: i32) -> i64 {
    let batch = batch(timestamps, Compression::None);
    append_batch(log, &batch, leader_epoch, None)
}

fn append_batch(
    log: &mut Log,
    batch: &Bytes,
    leader_epoch: i32,
    max_timestamp: Option<(TimestampType, i64)>,
) -> i64 {
    let parsed = RecordBatch::parse(batch, CrcCheck::Verify)
        .unwrap()
        .unwrap();
    let stamp = Stamp {
        leader_epoch,
        max_timestamp,
    };
    log.append(batch, parsed.header(), stamp)
}

/// Base offsets of the whole batches that a read gives, each with a valid checksum.
fn bases(read: Read) -> Vec<i64> {
    Batches::new(read.into_bytes(), CrcCheck::Verify)
        .map(|batch| batch.unwrap().header().base_offset)
        .collect()
}

fn read(log: &mut Log, offset: i64) -> Vec<i64> {
    bases(log.read(offset..i64::MAX, usize::MAX, Oversize::Nothing))
}

/// Batches at 0, 2, 3 and 6, in four chunks if `read_between`, else in one.
fn four(read_between: bool) -> Log {
    let mut log = Log::default();
    for timestamps in [&[10, 20][..], &[30], &[40, 50, 60], &[70]] {
        append(&mut log, timestamps, 0);
        if read_between {
            log.read(0..i64::MAX, usize::MAX, Oversize::Nothing);
        }
    }
    log
}

#[test]
fn offsets_are_given_in_order_and_stamped() {
    let mut log = Log::default();
    assert_eq!(append(&mut log, &[1, 1], 5), 0);
    assert_eq!(append(&mut log, &[1], 5), 2);
    assert_eq!(append(&mut log, &[1], 6), 3);
    assert_eq!((log.start(), log.end()), (0, 4));
    let epochs: Vec<i32> = log
        .batches()
        .iter()
        .map(|batch| batch.header().partition_leader_epoch)
        .collect();
    assert_eq!(epochs, [5, 5, 6]);
    assert_eq!(log.epochs().end_of(5, log.end()).end_offset, 3);
}

#[test]
fn a_read_starts_with_the_batch_that_holds_the_offset() {
    for log in &mut [four(false), four(true)] {
        assert_eq!(read(log, 0), [0, 2, 3, 6]);
        assert_eq!(read(log, 1), [0, 2, 3, 6]);
        assert_eq!(read(log, 4), [3, 6]);
        assert_eq!(read(log, 6), [6]);
        assert!(read(log, 7).is_empty());
    }
}

#[test]
fn a_read_is_cut_where_the_limit_is() {
    for log in &mut [four(false), four(true)] {
        let one = log.read(2..i64::MAX, 1, Oversize::Whole).len();
        let cut = log.read(2..i64::MAX, one + 20, Oversize::Nothing);
        assert_eq!(cut.len(), one + 20);
        assert_eq!(bases(cut), [2], "the next batch is not complete");
    }
}

#[test]
fn a_first_batch_beyond_the_limit_comes_whole_or_not_at_all() {
    for log in &mut [four(false), four(true)] {
        assert_eq!(bases(log.read(3..i64::MAX, 1, Oversize::Whole)), [3]);
        assert_eq!(log.read(3..i64::MAX, 1, Oversize::Nothing).len(), 0);
        assert_eq!(log.read(7..i64::MAX, 1, Oversize::Whole).len(), 0);
    }
}

#[test]
fn batches_side_by_side_are_not_copied() {
    let mut log = four(false);
    let whole = log
        .read(0..i64::MAX, usize::MAX, Oversize::Nothing)
        .into_bytes();
    let again = log
        .read(0..i64::MAX, usize::MAX, Oversize::Nothing)
        .into_bytes();
    assert_eq!(whole.as_ptr(), again.as_ptr());
}

#[test]
fn a_log_grows_beyond_its_buffers() {
    let mut log = Log::default();
    let big = batch(&[1; 2000], Compression::None);
    let count = 3 * LARGEST_CHUNK_BYTES / big.len();
    for _ in 0..count {
        append_batch(&mut log, &big, 0, None);
    }
    assert_eq!(log.bytes(), count * big.len());
    assert_eq!(read(&mut log, 0).len(), count);
}

#[test]
fn log_append_time_replaces_every_timestamp() {
    let mut log = Log::default();
    let stamp = Some((TimestampType::LogAppend, 99));
    append_batch(&mut log, &batch(&[1, 2], Compression::Lz4), 0, stamp);
    let bytes = log
        .read(0..i64::MAX, usize::MAX, Oversize::Whole)
        .into_bytes();
    let batch = RecordBatch::parse(&bytes, CrcCheck::Verify)
        .unwrap()
        .unwrap();
    let records = batch.open(&LIMITS).unwrap();
    let times: Vec<i64> = records.iter().map(|it| it.unwrap().timestamp).collect();
    assert_eq!(times, [99, 99]);
}

#[test]
fn records_are_found_by_time() {
    for log in &mut [four(false), four(true)] {
        let mut at = |time| {
            log.first_at_or_after(time)
                .map(|it| (it.offset, it.timestamp))
        };
        assert_eq!(at(0), Some((0, 10)));
        assert_eq!(at(15), Some((1, 20)));
        assert_eq!(at(50), Some((4, 50)));
        assert_eq!(at(71), None);
    }
}

#[test]
fn the_latest_in_time_need_not_be_the_last() {
    let mut log = Log::default();
    assert_eq!(log.latest_in_time(), None);
    append(&mut log, &[10, 90, 90], 0);
    append(&mut log, &[20], 0);
    assert_eq!(log.latest_in_time().unwrap().offset, 1);
    log.delete_before(3);
    assert_eq!(log.latest_in_time().unwrap().offset, 3);
}

#[test]
fn deleted_records_are_gone_but_their_batch_is_served_whole() {
    for log in &mut [four(false), four(true)] {
        log.delete_before(4);
        assert_eq!((log.start(), log.end()), (4, 7));
        assert_eq!(read(log, 4), [3, 6]);
        assert_eq!(log.first_at_or_after(0).unwrap().offset, 4);
        log.delete_before(100);
        assert_eq!((log.start(), log.end(), log.bytes()), (7, 7, 0));
        assert_eq!(append(log, &[1], 0), 7);
        assert_eq!(read(log, 7), [7]);
    }
}

#[test]
fn truncation_cuts_at_a_batch() {
    for log in &mut [four(false), four(true)] {
        assert_eq!(log.truncate(100), 7);
        assert_eq!(log.truncate(4), 3);
        assert_eq!(read(log, 0), [0, 2]);
        let bytes = log.bytes();
        assert_eq!(
            log.read(0..i64::MAX, usize::MAX, Oversize::Nothing).len(),
            bytes
        );
        assert_eq!(append(log, &[1], 1), 3);
        assert_eq!(read(log, 2), [2, 3]);
        assert_eq!(log.truncate(0), 0);
        assert_eq!((log.bytes(), log.end()), (0, 0));
    }
}

#[test]
fn a_read_ends_before_the_batch_at_its_end() {
    for read_between in [false, true] {
        let mut log = four(read_between);
        let mut read = |offsets, oversize| bases(log.read(offsets, usize::MAX, oversize));
        assert_eq!(read(0..3, Oversize::Nothing), [0, 2]);
        assert_eq!(read(1..7, Oversize::Nothing), [0, 2, 3, 6]);
        assert_eq!(read(3..3, Oversize::Whole), [0_i64; 0]);
        assert_eq!(read(0..2, Oversize::Whole), [0]);
    }
}
