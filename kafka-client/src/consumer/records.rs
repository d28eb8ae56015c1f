//! What the application iterates: the records of one partition from one fetch answer.
//!
//! Nothing is copied: records are parsed while they are asked for, and borrow from the answer's own bytes (from the decompressed ones
//! if the batch was compressed). Keeping a [`PartitionRecords`] keeps the whole answer in memory.

use std::slice;
use std::sync::{Arc, Mutex, PoisonError};

use kafka_wire::records::{RecordError, RecordRef, RecordSet, Records};

use crate::consumer::position::Position;
use crate::error::Error;
use crate::group::offset::OffsetAndMetadata;
use crate::topic_partition::TopicPartition;

/// Records of one partition, in the order of their offsets. The consumer's position is behind them already.
#[derive(Debug)]
pub struct PartitionRecords {
    partition: TopicPartition,
    /// Records below it were not asked for: a broker sends whole batches.
    from: i64,
    next: Position,
    high_watermark: i64,
    sets: Vec<RecordSet>,
    fault: Arc<Fault>,
}

impl PartitionRecords {
    pub(crate) fn new(
        partition: TopicPartition,
        (from, next): (i64, Position),
        high_watermark: i64,
        sets: Vec<RecordSet>,
    ) -> Self {
        Self {
            partition,
            from,
            next,
            high_watermark,
            sets,
            fault: Arc::default(),
        }
    }

    /// The topic they are from.
    pub fn topic(&self) -> &Arc<str> {
        &self.partition.topic
    }

    /// The partition they are from.
    pub fn partition(&self) -> i32 {
        self.partition.partition
    }

    /// Both in one.
    pub fn topic_partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// Offset after the last record that all in-sync replicas have, as of the answer.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// Where reading goes on after these records, and the offset to commit once all of them are finished. May be more than one
    /// behind the last record: compaction, markers of transactions and hidden records leave gaps.
    pub fn next_offset(&self) -> i64 {
        self.next.offset
    }

    /// Which leader appended the last record before [`next_offset`](Self::next_offset); `None` if nobody knows, as in formats before
    /// Kafka 0.11.
    pub fn leader_epoch(&self) -> Option<i32> {
        self.next.leader_epoch
    }

    /// What to commit once all of them are finished.
    pub fn to_commit(&self) -> (TopicPartition, OffsetAndMetadata) {
        (self.partition.clone(), self.next.into())
    }

    /// At most so many records are in there.
    pub fn count_hint(&self) -> usize {
        self.sets.iter().map(RecordSet::len).sum()
    }

    /// The records, from the first one. Costs no allocation.
    ///
    /// An error ends the iteration: the batch has the right checksum, but its writer made it wrong. With the next call of `poll` the
    /// position goes back to the record that cannot be read, and the partition stops as
    /// [`Event::PartitionError`](crate::Event::PartitionError) says.
    pub fn iter(&self) -> RecordIter<'_> {
        RecordIter {
            of: self,
            sets: self.sets.iter(),
            records: None,
            next: self.from,
        }
    }

    /// Where iterating failed, to be asked when the application comes back.
    pub(crate) fn fault(&self) -> &Arc<Fault> {
        &self.fault
    }
}

impl<'a> IntoIterator for &'a PartitionRecords {
    type Item = Result<RecordRef<'a>, Error>;
    type IntoIter = RecordIter<'a>;

    fn into_iter(self) -> RecordIter<'a> {
        self.iter()
    }
}

/// Iterator over [`PartitionRecords`].
#[derive(Debug)]
pub struct RecordIter<'a> {
    of: &'a PartitionRecords,
    sets: slice::Iter<'a, RecordSet>,
    records: Option<Records<'a>>,
    /// Offsets never go back, whatever the broker sends.
    next: i64,
}

impl RecordIter<'_> {
    #[cold]
    fn fail(&mut self, source: RecordError) -> Error {
        self.sets = [].iter();
        self.records = None;
        self.of.fault.set(self.next, source.clone());
        unreadable(&self.of.partition, self.next, source)
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<RecordRef<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(records) = &mut self.records {
                match records.next() {
                    Some(Ok(record)) if record.offset >= self.next => {
                        self.next = record.offset + 1;
                        return Some(Ok(record));
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Some(Err(self.fail(error))),
                    None => {}
                }
            }
            self.records = Some(self.sets.next()?.iter());
        }
    }
}

/// Where an iteration met a record that cannot be read; shared by what the application holds and the consumer.
#[derive(Debug, Default)]
pub(crate) struct Fault(Mutex<Option<(i64, RecordError)>>);

impl Fault {
    /// Iterating the same records again meets the same fault, so the last one will do.
    fn set(&self, offset: i64, error: RecordError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((offset, error));
    }

    /// First offset that could not be read, and why; `None` if all was well as far as the application read.
    pub(crate) fn get(&self) -> Option<(i64, RecordError)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The error for records that cannot be read at `offset`.
pub(crate) fn unreadable(partition: &TopicPartition, offset: i64, source: RecordError) -> Error {
    Error::Records {
        topic: partition.topic.clone(),
        partition: partition.partition,
        offset,
        source,
    }
}

#[cfg(test)]
mod tests {
    use kafka_wire::records::{
        BatchBuilder, Compression, CrcCheck, DecompressLimits, NewRecord, RecordBatch,
        stamp_base_offset,
    };

    use super::*;

    /// A set of records at `offset` and up; the last `broken` bytes are lost from the last record.
    fn set(offset: i64, values: &[&str], broken: usize) -> RecordSet {
        let mut builder = BatchBuilder::new(1000, 1000);
        for value in values {
            let record = NewRecord {
                value: Some(value.as_bytes()),
                ..NewRecord::default()
            };
            builder.append(record).unwrap();
        }
        let sealed = builder.close(Compression::None).unwrap().seal();
        let mut bytes = bytes::BytesMut::from(&sealed[..]);
        stamp_base_offset(&mut bytes, offset, 0);
        bytes.truncate(sealed.len() - broken);
        let length = i32::try_from(bytes.len() - 12).unwrap();
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let batch = RecordBatch::parse(&bytes.freeze(), CrcCheck::Skip);
        let batch = batch.unwrap().unwrap();
        batch.open(&DecompressLimits::default()).unwrap()
    }

    fn records(from: i64, sets: Vec<RecordSet>) -> PartitionRecords {
        let partition = TopicPartition::new("t", 3);
        PartitionRecords::new(partition, (from, 100.into()), 200, sets)
    }

    fn values(records: &PartitionRecords) -> Vec<(i64, String)> {
        let read = records.iter().map(|record| {
            let record = record.unwrap();
            let value = String::from_utf8_lossy(record.value.unwrap());
            (record.offset, value.into_owned())
        });
        read.collect()
    }

    #[test]
    fn batches_follow_each_other_and_can_be_read_again() {
        let records = records(5, vec![set(5, &["a", "b"], 0), set(9, &["c"], 0)]);
        let expected = [(5, "a".into()), (6, "b".into()), (9, "c".into())];
        assert_eq!(values(&records), expected);
        assert_eq!(values(&records), expected);
        assert_eq!(records.count_hint(), 3);
        assert!(records.fault().get().is_none());
    }

    #[test]
    fn records_before_the_position_are_left_out() {
        let records = records(6, vec![set(5, &["a", "b"], 0)]);
        assert_eq!(values(&records), [(6, "b".into())]);
    }

    #[test]
    fn offsets_never_go_back() {
        let records = records(5, vec![set(5, &["a", "b"], 0), set(6, &["again", "c"], 0)]);
        let expected = [(5, "a".into()), (6, "b".into()), (7, "c".into())];
        assert_eq!(values(&records), expected);
    }

    #[test]
    fn a_malformed_record_ends_the_iteration_and_says_where() {
        let records = records(5, vec![set(5, &["a", "b"], 1), set(9, &["c"], 0)]);
        let mut iter = records.iter();
        assert_eq!(iter.next().unwrap().unwrap().offset, 5);
        let error = iter.next().unwrap().unwrap_err();
        assert!(matches!(error, Error::Records { offset: 6, .. }));
        assert!(iter.next().is_none());
        assert!(matches!(records.fault().get(), Some((6, _))));
    }
}
