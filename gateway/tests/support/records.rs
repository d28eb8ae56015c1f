//! Reading topics back with a client that is not ours: librdkafka.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;

use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::support::soon;

/// A record as librdkafka sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.value.as_deref().expect("a value")).expect("JSON")
    }
}

/// Reads partitions from their beginning, as long as it lives.
pub(crate) struct Reader(StreamConsumer);

impl Reader {
    /// Of the first `partitions` partitions of a topic.
    pub(crate) fn new(bootstrap: &str, topic: &str, partitions: i32) -> Reader {
        let consumer: StreamConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "reader")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "50")
            .create()
            .expect("a consumer");
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .expect("a partition");
        }
        consumer.assign(&list).expect("an assignment");
        Reader(consumer)
    }

    /// The next record of any of them.
    pub(crate) async fn next(&self) -> Record {
        let message = soon("a record", self.0.recv()).await.expect("a record");
        let headers = message.headers().map(|headers| {
            headers
                .iter()
                .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
                .collect()
        });
        Record {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
        }
    }

    /// The next `count` records, by partition and offset.
    pub(crate) async fn take(&self, count: usize) -> Vec<Record> {
        let mut records = BTreeMap::new();
        for _ in 0..count {
            let record = self.next().await;
            records.insert((record.partition, record.offset), record);
        }
        records.into_values().collect()
    }

    /// How many records the topic has now.
    pub(crate) fn count(&self, topic: &str, partitions: i32) -> i64 {
        let mut total = 0;
        for partition in 0..partitions {
            let timeout = super::support::PATIENCE;
            let (low, high) = self
                .0
                .fetch_watermarks(topic, partition, timeout)
                .expect("watermarks");
            total += high - low;
        }
        total
    }
}
