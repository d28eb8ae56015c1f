//! Records that own what they hold, for those who keep them longer than the answer they came with.

use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::records::RecordRef;

use crate::consumer::records::PartitionRecords;
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// A copy of a record. Keeping it keeps nothing else in memory; cloning it copies no bytes of key, value and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The topic it is from.
    pub topic: Arc<str>,
    /// The partition it is from.
    pub partition: i32,
    /// Where it stands in its partition.
    pub offset: i64,
    /// In milliseconds since 1970; see [`RecordRef::timestamp`].
    pub timestamp: i64,
    /// The key; `None` differs from an empty one.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone on compacted topics.
    pub value: Option<Bytes>,
    /// Name-value pairs in the order they were written; names may repeat, values may be null.
    pub headers: Vec<(String, Option<Bytes>)>,
}

impl Record {
    /// A copy of a record of `partition`.
    pub fn copy(partition: &TopicPartition, record: &RecordRef<'_>) -> Self {
        let copy = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
        let headers = record.headers.iter();
        Self {
            topic: partition.topic.clone(),
            partition: partition.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: copy(record.key),
            value: copy(record.value),
            headers: headers
                .map(|(name, value)| (name.to_owned(), copy(value)))
                .collect(),
        }
    }
}

impl PartitionRecords {
    /// Copies of the records, made one by one. Ends as [`iter`](Self::iter) does.
    pub fn owned(&self) -> impl Iterator<Item = Result<Record, Error>> + '_ {
        let partition = self.topic_partition();
        self.iter()
            .map(|record| Ok(Record::copy(partition, &record?)))
    }
}
