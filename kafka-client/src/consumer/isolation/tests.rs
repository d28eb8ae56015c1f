use bytes::{Bytes, BytesMut};
use kafka_wire::records::{
    BatchBuilder, Compression, CrcCheck, NewRecord, ProducerStamp, stamp_base_offset,
};

use super::*;

/// One record of producer `id` at `offset`, in a transaction.
fn data(offset: i64, id: i64) -> RecordBatch {
    batch(offset, id, Some(b"k"), false)
}

/// The marker that ends a transaction of producer `id`: type 0 aborts, 1 commits.
fn marker(offset: i64, id: i64, kind: u8) -> RecordBatch {
    batch(offset, id, Some(&[0, 0, 0, kind]), true)
}

fn batch(offset: i64, id: i64, key: Option<&[u8]>, control: bool) -> RecordBatch {
    let mut builder = BatchBuilder::new(1000, 1000);
    let record = NewRecord {
        key,
        ..NewRecord::default()
    };
    builder.append(record).unwrap();
    let mut closed = builder.close(Compression::None).unwrap();
    closed.set_producer(ProducerStamp {
        id,
        epoch: 0,
        base_sequence: 0,
    });
    closed.set_transactional(true);
    closed.set_control(control);
    let mut bytes = BytesMut::from(&closed.seal()[..]);
    stamp_base_offset(&mut bytes, offset, 0);
    let bytes = Bytes::from(bytes);
    RecordBatch::parse(&bytes, CrcCheck::Verify)
        .unwrap()
        .unwrap()
}

fn aborted(list: &[(i64, i64)]) -> Vec<AbortedTransaction> {
    let entries = list
        .iter()
        .map(|&(producer_id, first_offset)| AbortedTransaction {
            producer_id,
            first_offset,
        });
    entries.collect()
}

/// Offsets of the batches that are shown.
fn shown(list: &[(i64, i64)], batches: &[RecordBatch]) -> Vec<i64> {
    let mut filter = Filter::new(Some(&aborted(list)));
    let offsets = batches.iter().filter(|batch| filter.shows(batch).unwrap());
    offsets.map(|batch| batch.header().base_offset).collect()
}

#[test]
fn without_a_list_only_control_batches_are_hidden() {
    let mut filter = Filter::new(None);
    assert!(filter.shows(&data(0, 1)).unwrap());
    assert!(!filter.shows(&marker(1, 1, 0)).unwrap());
}

#[test]
fn a_rolled_back_transaction_is_hidden_up_to_its_marker() {
    let batches = [
        data(0, 1),
        data(1, 2),
        marker(2, 1, 0),
        data(3, 1),
        marker(4, 1, 1),
    ];
    assert_eq!(shown(&[(1, 0)], &batches), [1, 3]);
}

#[test]
fn records_before_the_transaction_are_shown() {
    let batches = [data(0, 1), marker(1, 1, 1), data(2, 1), marker(3, 1, 0)];
    assert_eq!(shown(&[(1, 2)], &batches), [0]);
}

#[test]
fn an_unordered_list_of_overlapping_transactions_is_understood() {
    let batches = [
        data(0, 1),
        data(1, 2),
        data(2, 3),
        marker(3, 2, 0),
        data(4, 2),
        marker(5, 1, 0),
        data(6, 1),
        marker(7, 2, 0),
    ];
    assert_eq!(shown(&[(2, 4), (1, 0), (2, 1)], &batches), [2, 6]);
}

#[test]
fn a_marker_more_or_less_does_no_harm() {
    let twice = [data(0, 1), marker(1, 1, 0), marker(2, 1, 0), data(3, 1)];
    assert_eq!(shown(&[(1, 0)], &twice), [3]);
    // Compaction took the data and the marker between two transactions.
    let compacted = [data(0, 1), data(5, 1), marker(6, 1, 0), data(7, 1)];
    assert_eq!(shown(&[(1, 0), (1, 5)], &compacted), [7]);
}

#[test]
fn records_outside_of_transactions_are_always_shown() {
    let mut plain = BatchBuilder::new(1000, 1000);
    plain.append(NewRecord::default()).unwrap();
    let mut closed = plain.close(Compression::None).unwrap();
    closed.set_producer(ProducerStamp {
        id: 1,
        epoch: 0,
        base_sequence: 0,
    });
    let bytes = closed.seal();
    let plain = RecordBatch::parse(&bytes, CrcCheck::Verify)
        .unwrap()
        .unwrap();
    assert_eq!(shown(&[(1, 0)], &[plain]), [0]);
}
