//! What the application iterates: records of one partition that are locked for it, and how often each was handed out.

use std::ops::Deref;
use std::sync::Arc;

use kafka_wire::messages::share_fetch::AcquiredRecords;
use kafka_wire::records::RecordRef;

use super::session::Place;
use crate::consumer::records::{PartitionRecords, RecordIter};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// Records of one partition, locked for this member until it says what became of them or the lock runs out.
#[derive(Debug)]
pub struct ShareRecords {
    /// Whole batches, of which the member got a part.
    pub(super) batches: PartitionRecords,
    /// That part.
    pub(super) acquired: Vec<AcquiredRecords>,
    /// The broker that holds the locks.
    pub(super) node: i32,
    /// Whose they are, as that broker names it.
    pub(super) place: Place,
}

/// A record and how often it was handed out. Dereferences to the record.
#[derive(Debug, Clone, Copy)]
pub struct ShareRecord<'a> {
    /// The record.
    pub record: RecordRef<'a>,
    /// How often it was handed out, this time included; 1 for the first time.
    pub delivery_count: i16,
}

impl<'a> Deref for ShareRecord<'a> {
    type Target = RecordRef<'a>;

    fn deref(&self) -> &RecordRef<'a> {
        &self.record
    }
}

impl ShareRecords {
    /// The topic they are from.
    pub fn topic(&self) -> &Arc<str> {
        self.batches.topic()
    }

    /// The partition they are from.
    pub fn topic_partition(&self) -> &TopicPartition {
        self.batches.topic_partition()
    }

    /// The records, in the order of their offsets, without allocation. An error ends the iteration: the batch was made wrong; what follows
    /// in it is accepted or released like everything that nothing is said of.
    pub fn iter(&self) -> ShareRecordIter<'_> {
        ShareRecordIter {
            records: self.batches.iter(),
            acquired: &self.acquired,
        }
    }
}

impl<'a> IntoIterator for &'a ShareRecords {
    type Item = Result<ShareRecord<'a>, Error>;
    type IntoIter = ShareRecordIter<'a>;

    fn into_iter(self) -> ShareRecordIter<'a> {
        self.iter()
    }
}

/// Iterator over [`ShareRecords`].
#[derive(Debug)]
pub struct ShareRecordIter<'a> {
    records: RecordIter<'a>,
    /// Runs that are not behind us.
    acquired: &'a [AcquiredRecords],
}

impl<'a> Iterator for ShareRecordIter<'a> {
    type Item = Result<ShareRecord<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            while let [first, rest @ ..] = self.acquired
                && first.last_offset < record.offset
            {
                self.acquired = rest;
            }
            let run = self.acquired.first()?;
            if run.first_offset <= record.offset {
                return Some(Ok(ShareRecord {
                    record,
                    delivery_count: run.delivery_count,
                }));
            }
        }
    }
}
