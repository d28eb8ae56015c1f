//! What senders were told, held against what lies in the log: the invariants of every fault test.
//!
//! I1: a record that was acknowledged is at exactly the partition and offset that were reported, or anywhere in the partition if the
//! broker told no offset. I2: no record is there twice, and
//! records of a partition are in the order in which they were sent. I4: every send has its outcome by the delivery timeout. I5: no
//! record is in another partition or is somebody else's. A record that failed as certainly not written, or was rolled back, is not
//! there.
//!
//! A history is made by sending ([`History::send`]) or told ([`History::resolve`], [`History::roll_back`]); what lies in the log comes
//! from [`read_back`], [`stored`], or wherever the test has it from.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::time::Duration;

use kafka_client::{
    Client, Consumer, ConsumerConfig, Delivered, Delivery, Event, Isolation, Producer,
    ProducerRecord, SendError, Start, TopicPartition,
};
use kafka_testcontainers::embedded::Broker;
use tokio::time::{Instant, timeout_at};

/// Offset and value of each record of each partition, as read.
pub type Logs = BTreeMap<i32, Vec<(i64, Vec<u8>)>>;

/// What became of each record sent, by its number.
#[derive(Debug)]
pub struct History {
    acked: BTreeMap<u64, Delivered>,
    failed: BTreeMap<u64, SendError>,
    rolled_back: BTreeSet<u64>,
    partition_of: BTreeMap<u64, i32>,
    order: Order,
    limit: Duration,
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

/// A record on its way.
#[derive(Debug)]
pub struct Sent {
    number: u64,
    delivery: Delivery,
    /// When its outcome has to be there.
    until: Instant,
}

impl Default for History {
    fn default() -> Self {
        Self::new(Order::default())
    }
}

impl History {
    /// Nothing sent yet. Outcomes have two minutes.
    pub fn new(order: Order) -> Self {
        Self {
            acked: BTreeMap::new(),
            failed: BTreeMap::new(),
            rolled_back: BTreeSet::new(),
            partition_of: BTreeMap::new(),
            order,
            limit: Duration::from_mins(2),
        }
    }

    /// The same with so much time for an outcome: the delivery timeout, and as much more as the machine may need.
    pub fn resolved_within(self, limit: Duration) -> Self {
        Self { limit, ..self }
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
            let record = record(topic, partition, &value);
            let sent = self.sent(number, partition, producer.send(record)).await;
            waiting.extend(sent);
            if waiting.len() > 1000 {
                self.take(waiting.pop_front().unwrap()).await;
            }
        }
        for each in waiting {
            self.take(each).await;
        }
    }

    /// Has record `number` taken by `send`. If it is taken, its outcome is to be [waited for](History::take).
    pub async fn sent(
        &mut self,
        number: u64,
        partition: i32,
        send: impl Future<Output = Result<Delivery, SendError>>,
    ) -> Option<Sent> {
        let until = Instant::now() + self.limit;
        let taken = timeout_at(until, send).await;
        let taken = taken.unwrap_or_else(|_| panic!("I4: record {number} waits to be taken"));
        match taken {
            Ok(delivery) => Some(Sent {
                number,
                delivery,
                until,
            }),
            Err(error) => {
                self.resolve(number, partition, Err(error));
                None
            }
        }
    }

    /// Waits for the outcome of a record.
    pub async fn take(&mut self, sent: Sent) {
        let (number, until) = (sent.number, sent.until);
        let partition = sent.delivery.partition();
        let outcome = timeout_at(until, sent.delivery).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("I4: record {number} has no outcome"));
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

    /// The transaction that these are of was aborted: whatever became of the records, nobody reads them as committed.
    pub fn roll_back(&mut self, numbers: impl IntoIterator<Item = u64>) {
        self.rolled_back.extend(numbers);
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
        let seen = self.check_logs(logs);
        let kept = |number: &u64| !self.rolled_back.contains(number);
        for (number, delivered) in self.acked.iter().filter(|(number, _)| kept(number)) {
            if delivered.offset < 0 {
                assert!(seen.contains(number), "I1: record {number} is not there");
                continue;
            }
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
        let mut back = self.rolled_back.iter();
        if let Some(number) = back.find(|number| seen.contains(number)) {
            panic!("record {number} was rolled back, and is there");
        }
    }

    /// I2 and I5. The records that are there.
    fn check_logs(&self, logs: &Logs) -> BTreeSet<u64> {
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
        seen
    }
}

/// A record for this partition.
pub fn record<'a>(topic: &'a str, partition: i32, value: &'a str) -> ProducerRecord<'a> {
    ProducerRecord {
        partition: Some(partition),
        ..ProducerRecord::to(topic, value.as_bytes())
    }
}

/// Everything that partitions 0 and up of a topic have, read by a consumer from their starts to their ends.
pub async fn read_back(
    client: &Client,
    topic: &str,
    partitions: i32,
    isolation: Isolation,
) -> Logs {
    let partitions: Vec<_> = (0..partitions)
        .map(|partition| TopicPartition::new(topic, partition))
        .collect();
    let config = ConsumerConfig {
        isolation,
        ..ConsumerConfig::default()
    };
    let mut consumer = Consumer::new(client, config).unwrap();
    consumer.assign(partitions.iter().cloned().map(|it| (it, Start::Earliest)));
    let mut logs = Logs::new();
    loop {
        let event = consumer.poll(Duration::from_millis(100)).await.unwrap();
        if let Some(Event::Records(records)) = &event {
            let log = logs.entry(records.partition()).or_default();
            for record in records {
                let record = record.unwrap();
                log.push((record.offset, record.value.unwrap().to_vec()));
            }
        }
        let is_read = |it: &TopicPartition| {
            consumer.fetches(it) > 0 && consumer.position(it) == consumer.high_watermark(it)
        };
        if event.is_none() && partitions.iter().all(is_read) {
            return logs;
        }
    }
}

/// The same as it lies in an embedded broker, committed or not.
pub fn stored(broker: &Broker, topic: &str, partitions: i32) -> Logs {
    let log = |partition| {
        let records = broker.log(topic, partition).into_iter();
        let log = records.map(|record| (record.offset, record.value.unwrap().to_vec()));
        (partition, log.collect())
    };
    (0..partitions).map(log).collect()
}

/// Waits, but not for ever.
pub async fn within<F: Future>(seconds: u64, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(seconds), future)
        .await
        .unwrap_or_else(|_| panic!("nothing came within {seconds} s"))
}
