//! What senders were told, held against what lies in the log: the invariants of every fault test.
//!
//! I1: a record that was acknowledged is at exactly the partition and offset that were reported. I2: no record is there twice, and
//! records of a partition are in the order in which they were sent. I5: no record is in another partition or is somebody else's.
//! A record that failed as certainly not written is not there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::time::Duration;

use kafka_client::{Delivered, Delivery, Producer, ProducerRecord, SendError};

/// Offset and value of each record of each partition, as read.
pub type Logs = BTreeMap<i32, Vec<(i64, Vec<u8>)>>;

/// What became of each record sent, by its number.
#[derive(Debug, Default)]
pub struct History {
    acked: BTreeMap<u64, Delivered>,
    failed: BTreeMap<u64, SendError>,
    partition_of: BTreeMap<u64, i32>,
    order: Order,
}

/// What may happen to records that are sent again.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each is there once, in order: the producer is idempotent.
    #[default]
    OnceInOrder,
    /// A record may be there again, but the first of each are in order.
    Repeated,
}

impl History {
    /// Nothing sent yet.
    pub fn new(order: Order) -> Self {
        Self {
            order,
            ..Self::default()
        }
    }

    /// Sends records `numbers`, each to partition `number % partitions`, a thousand at a time, and waits for all.
    pub async fn send(
        &mut self,
        producer: &Producer,
        topic: &str,
        numbers: std::ops::Range<u64>,
        partitions: u64,
    ) {
        let mut waiting = VecDeque::new();
        for number in numbers {
            let partition = i32::try_from(number % partitions).unwrap();
            let value = number.to_string();
            let record = ProducerRecord {
                partition: Some(partition),
                ..ProducerRecord::to(topic, value.as_bytes())
            };
            match producer.send(record).await {
                Ok(delivery) => waiting.push_back((number, delivery)),
                Err(error) => self.resolve(number, partition, Err(error)),
            }
            if waiting.len() > 1000 {
                self.take(waiting.pop_front().unwrap()).await;
            }
        }
        for each in waiting {
            self.take(each).await;
        }
    }

    async fn take(&mut self, (number, delivery): (u64, Delivery)) {
        let partition = delivery.partition();
        // I4: every send resolves.
        let outcome = within(120, delivery).await;
        self.resolve(number, partition, outcome);
    }

    /// A send has its outcome.
    pub fn resolve(&mut self, number: u64, partition: i32, outcome: Result<Delivered, SendError>) {
        self.partition_of.insert(number, partition);
        match outcome {
            Ok(delivered) => drop(self.acked.insert(number, delivered)),
            Err(error) => drop(self.failed.insert(number, error)),
        }
    }

    /// How many were acknowledged.
    pub fn acked(&self) -> usize {
        self.acked.len()
    }

    /// Those that were not.
    pub fn failed(&self) -> &BTreeMap<u64, SendError> {
        &self.failed
    }

    /// Holds the logs of a topic that nobody else writes to against what was told.
    pub fn check(&self, logs: &Logs) {
        let mut seen = BTreeSet::new();
        for (partition, records) in logs {
            let mut last = None;
            for (offset, value) in records {
                let number: u64 = std::str::from_utf8(value).unwrap().parse().unwrap();
                assert_eq!(
                    self.partition_of.get(&number),
                    Some(partition),
                    "I5: record {number} is at {partition}@{offset}"
                );
                if seen.insert(number) {
                    assert!(
                        last < Some(number),
                        "I2: {number} comes after {last:?} at {partition}@{offset}"
                    );
                    last = Some(number);
                } else {
                    assert_eq!(
                        self.order,
                        Order::Repeated,
                        "I2: {number} is there again at {partition}@{offset}"
                    );
                }
            }
        }
        for (number, delivered) in &self.acked {
            let records = logs
                .get(&delivered.partition)
                .map_or(&[][..], Vec::as_slice);
            let place = records.binary_search_by_key(&delivered.offset, |(offset, _)| *offset);
            let found = place
                .ok()
                .map(|place| String::from_utf8_lossy(&records[place].1).into_owned());
            assert_eq!(
                found,
                Some(number.to_string()),
                "I1: record {number} was acknowledged as {delivered:?}"
            );
        }
        for (number, error) in &self.failed {
            assert!(
                error.possibly_written || !seen.contains(number),
                "record {number} is there: {error}"
            );
        }
    }
}

/// Waits, but not for ever.
pub async fn within<F: Future>(seconds: u64, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(seconds), future)
        .await
        .unwrap_or_else(|_| panic!("nothing came within {seconds} s"))
}
