//! A Kafka client that can do nothing but ask one node one thing at a time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use kafka_testcontainers::embedded::{Broker, Config};
use kafka_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use kafka_wire::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use kafka_wire::records::{BatchBuilder, Batches, Compression, CrcCheck, NewRecord, ProducerStamp};
use kafka_wire::{Request, Uuid, decode_response, encode_request, split_frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, ToSocketAddrs};

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: BytesMut,
    last_id: i32,
}

impl Client {
    pub(crate) async fn to(broker: &Broker, node: i32) -> Self {
        Self::at(broker.addr_of(node).unwrap()).await
    }

    pub(crate) async fn at(address: impl ToSocketAddrs) -> Self {
        let stream = TcpStream::connect(address).await;
        Self {
            stream: stream.unwrap(),
            buffer: BytesMut::new(),
            last_id: 0,
        }
    }

    pub(crate) async fn send<R: Request>(&mut self, version: i16, request: &R) {
        self.last_id += 1;
        let frame = encode_request(request, version, self.last_id, Some("tiny")).unwrap();
        self.stream.write_all(&frame.to_bytes()).await.unwrap();
    }

    /// The next frame; `None` if the broker ends the connection.
    pub(crate) async fn frame(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = split_frame(&mut self.buffer, 100 << 20).unwrap() {
                return Some(frame);
            }
            let read = soon(self.stream.read_buf(&mut self.buffer)).await;
            if !matches!(read, Ok(1..)) {
                return None;
            }
        }
    }

    /// Bytes of an answer that never became whole.
    pub(crate) fn rest(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) async fn receive<R: Request>(&mut self, version: i16) -> Option<R::Response> {
        let frame = self.frame().await?;
        let (id, response) = decode_response::<R>(&frame, version).unwrap();
        assert_eq!(id, self.last_id, "answers come in order");
        Some(response)
    }

    pub(crate) async fn try_call<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> Option<R::Response> {
        self.send(version, request).await;
        self.receive::<R>(version).await
    }

    pub(crate) async fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let response = self.try_call(version, request).await;
        response.expect("an answer, not the end of the connection")
    }

    /// Produces one batch to partition 0 by name, with version 12.
    pub(crate) async fn produce(
        &mut self,
        topic: &str,
        records: Bytes,
    ) -> PartitionProduceResponse {
        self.produce_to(topic, 0, records, -1).await
    }

    pub(crate) async fn produce_to(
        &mut self,
        topic: &str,
        partition: i32,
        records: Bytes,
        acks: i16,
    ) -> PartitionProduceResponse {
        let request = produce_request(topic, Uuid::ZERO, partition, records, acks);
        let response = self.call(12, &request).await;
        response.responses[0].partition_responses[0].clone()
    }

    /// Fetches partition 0 by name, with version 12 and without a session.
    pub(crate) async fn fetch(&mut self, topic: &str, offset: i64) -> FetchResponse {
        self.call(12, &fetch_request(topic, Uuid::ZERO, offset))
            .await
    }

    /// Ids of topics that exist.
    pub(crate) async fn topic_id(&mut self, topic: &str) -> Uuid {
        let topics = vec![MetadataRequestTopic {
            name: Some(topic.into()),
            ..Default::default()
        }];
        let request = MetadataRequest {
            topics: Some(topics),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        self.call(13, &request).await.topics[0].topic_id
    }
}

/// A bound for whatever must happen soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    let bound = tokio::time::timeout(Duration::from_secs(20), what).await;
    bound.expect("it happens soon")
}

/// Looks until it is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(crate) async fn one_node() -> Broker {
    Broker::start(Config::nodes(1)).await.unwrap()
}

pub(crate) fn produce_request(
    topic: &str,
    topic_id: Uuid,
    index: i32,
    records: Bytes,
    acks: i16,
) -> ProduceRequest {
    ProduceRequest {
        acks,
        timeout_ms: 1000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            topic_id,
            partition_data: vec![PartitionProduceData {
                index,
                records: Some(records),
            }],
        }],
        ..Default::default()
    }
}

/// Waits for nothing.
pub(crate) fn fetch_request(topic: &str, topic_id: Uuid, fetch_offset: i64) -> FetchRequest {
    FetchRequest {
        max_wait_ms: 0,
        min_bytes: 1,
        topics: vec![FetchTopic {
            topic: topic.into(),
            topic_id,
            partitions: vec![FetchPartition {
                fetch_offset,
                partition_max_bytes: 1 << 20,
                ..Default::default()
            }],
        }],
        ..Default::default()
    }
}

pub(crate) fn batch(values: &[&str]) -> Bytes {
    compressed(values, Compression::None)
}

pub(crate) fn compressed(values: &[&str], compression: Compression) -> Bytes {
    builder(values).close(compression).unwrap().seal()
}

/// As an idempotent producer sends it.
pub(crate) fn sequenced(values: &[&str], id: i64, epoch: i16, base_sequence: i32) -> Bytes {
    let mut batch = builder(values).close(Compression::None).unwrap();
    batch.set_producer(ProducerStamp {
        id,
        epoch,
        base_sequence,
    });
    batch.seal()
}

/// The same in a transaction.
pub(crate) fn transactional(values: &[&str], id: i64, epoch: i16, base_sequence: i32) -> Bytes {
    // A marker of today behind records of 1970 would begin another segment, where fetches end.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let mut batch = builder_at(now, values).close(Compression::None).unwrap();
    batch.set_producer(ProducerStamp {
        id,
        epoch,
        base_sequence,
    });
    batch.set_transactional(true);
    batch.seal()
}

fn builder(values: &[&str]) -> BatchBuilder {
    builder_at(1_000, values)
}

fn builder_at(first: i64, values: &[&str]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(8 << 20, 1024);
    for (timestamp, value) in (first..).zip(values) {
        let record = NewRecord {
            timestamp,
            value: Some(value.as_bytes()),
            ..Default::default()
        };
        builder.append(record).unwrap();
    }
    builder
}

/// Offsets and values of what a fetch of one partition gave.
pub(crate) fn values(response: &FetchResponse) -> Vec<(i64, String)> {
    let records = response.responses[0].partitions[0].records.clone().unwrap();
    let mut values = Vec::new();
    for batch in Batches::new(records, CrcCheck::Verify) {
        let set = batch
            .unwrap()
            .open(&kafka_wire::records::DecompressLimits::default())
            .unwrap();
        for record in &set {
            let record = record.unwrap();
            values.push((
                record.offset,
                String::from_utf8(record.value.unwrap().to_vec()).unwrap(),
            ));
        }
    }
    values
}
