//! The control batch that ends a transaction in a partition (KIP-98). Pure.

use bytes::Bytes;
use kafka_wire::records::{BatchBuilder, Compression, NewRecord, ProducerStamp, RecordError};

use super::stability::End;
use super::transaction::Writer;

/// A marker of `writer`, written at `timestamp`.
///
/// ```text
/// key   => version: int16   0
///          type: int16      0 abort, 1 commit
/// value => version: int16   0
///          coordinatorEpoch: int32
/// ```
pub(super) fn marker(end: End, writer: Writer, timestamp: i64) -> Result<Bytes, RecordError> {
    let key: &[u8] = match end {
        End::Abort => &[0, 0, 0, 0],
        End::Commit => &[0, 0, 0, 1],
    };
    let mut builder = BatchBuilder::new(1024, 128);
    let record = NewRecord {
        timestamp,
        key: Some(key),
        value: Some(&[0; 6]),
        ..NewRecord::default()
    };
    // There is room for more than one.
    let _ = builder.append(record);
    let mut batch = builder.close(Compression::None)?;
    batch.set_producer(ProducerStamp {
        id: writer.id,
        epoch: writer.epoch,
        base_sequence: -1,
    });
    batch.set_transactional(true);
    batch.set_control(true);
    Ok(batch.seal())
}

#[cfg(test)]
mod tests {
    use kafka_wire::records::{
        ControlRecord, ControlType, CrcCheck, DecompressLimits, RecordBatch,
    };

    use super::*;

    #[test]
    fn a_marker_is_a_control_batch_of_its_producer() {
        let writer = Writer { id: 7, epoch: 3 };
        for (end, expected) in [
            (End::Commit, ControlType::COMMIT),
            (End::Abort, ControlType::ABORT),
        ] {
            let bytes = marker(end, writer, 1_000).unwrap();
            let batch = RecordBatch::parse(&bytes, CrcCheck::Verify)
                .unwrap()
                .unwrap();
            let header = *batch.header();
            assert!(header.attributes.is_control() && header.attributes.is_transactional());
            assert_eq!((header.producer_id, header.producer_epoch), (7, 3));
            let records = batch.open(&DecompressLimits::default()).unwrap();
            let record = records.iter().next().unwrap().unwrap();
            let control = ControlRecord::parse(&record).unwrap();
            assert_eq!(control.control_type, expected);
            assert!(control.end_txn_marker().unwrap().is_some());
        }
    }
}
