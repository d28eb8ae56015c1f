//! What messages cost: reading a large Metadata answer and a Fetch answer, writing Produce requests, beside `kafka-protocol` on the
//! same bytes, and the Metadata answer beside a plain cursor that knows no other version.
//!
//! `cargo bench -p kafka-wire --bench messages`; criterion's "elem/s" are partitions.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::option_option,
    missing_docs,
    reason = "bench code: a failure is a failed bench, a cursor's outer option an error; criterion's macros make functions without docs"
)]

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use kafka_wire::messages::fetch::{
    FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use kafka_wire::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use kafka_wire::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use kafka_wire::{ErrorCode, Uuid, decode_response, encode_request, encode_response};

criterion_group!(benches, metadata, fetch, produce);
criterion_main!(benches);

const METADATA_VERSION: i16 = 13;
const TOPICS: i32 = 1_000;
const PARTITIONS: i32 = 6;

/// 1,000 topics of 6 partitions with 3 replicas each, on 3 brokers.
fn cluster() -> MetadataResponse {
    let broker = |node_id| MetadataResponseBroker {
        node_id,
        host: format!("broker-{node_id}.kafka.internal"),
        port: 9092,
        rack: Some(format!("zone-{node_id}")),
    };
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: partition_index % 3,
        leader_epoch: 7,
        replica_nodes: vec![0, 1, 2],
        isr_nodes: vec![0, 1, 2],
        ..Default::default()
    };
    let topic = |number: i32| MetadataResponseTopic {
        name: Some(format!("orders.placed.region-{number:04}")),
        topic_id: Uuid(u128::to_be_bytes(number.unsigned_abs().into())),
        partitions: (0..PARTITIONS).map(partition).collect(),
        ..Default::default()
    };
    MetadataResponse {
        brokers: (0..3).map(broker).collect(),
        cluster_id: Some("MkU3OEVBNTcwNTJENDM2Qk".to_owned()),
        controller_id: 0,
        topics: (0..TOPICS).map(topic).collect(),
        ..Default::default()
    }
}

fn metadata(criterion: &mut Criterion) {
    // glibc hands the top of the heap back, and faults it in again, at every turn unless it has once seen a larger piece go.
    drop(black_box(vec![0_u8; 16 << 20]));
    let cluster = cluster();
    let frame = encode_response::<MetadataRequest>(&cluster, METADATA_VERSION, 1).unwrap();
    let frame = frame.to_bytes().slice(4..);
    assert_eq!(Cursor(&frame).metadata_response(), Some(cluster));
    let mut group = criterion.benchmark_group("read Metadata, 1,000 topics");
    group.throughput(Throughput::Elements(
        u64::try_from(TOPICS * PARTITIONS).unwrap(),
    ));
    group.bench_function("ours", |bench| {
        bench.iter(|| {
            decode_response::<MetadataRequest>(black_box(&frame), METADATA_VERSION).unwrap()
        });
    });
    group.bench_function("cursor", |bench| {
        bench.iter(|| Cursor(black_box(&frame)).metadata_response().unwrap());
    });
    group.bench_function("kafka-protocol", |bench| {
        bench.iter(|| read_theirs::<theirs::MetadataResponse>(black_box(&frame), METADATA_VERSION));
    });
    group.finish();
}

fn read_theirs<T: Decodable>(frame: &Bytes, version: i16) -> (i32, T) {
    let mut rest = frame.clone();
    let header = theirs::ResponseHeader::decode(&mut rest, 1).unwrap();
    (
        header.correlation_id,
        T::decode(&mut rest, version).unwrap(),
    )
}

/// Reads one version of two messages, and no tagged field: what a program costs that was written for this bench.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn metadata_response(&mut self) -> Option<MetadataResponse> {
        let _correlation_id = self.i32()?;
        self.no_tags()?;
        let message = MetadataResponse {
            throttle_time_ms: self.i32()?,
            brokers: self.array(Self::broker)?,
            cluster_id: self.string()?,
            controller_id: self.i32()?,
            topics: self.array(Self::topic)?,
            error_code: ErrorCode(self.i16()?),
            ..Default::default()
        };
        self.no_tags()?;
        self.0.is_empty().then_some(message)
    }

    fn broker(&mut self) -> Option<MetadataResponseBroker> {
        let broker = MetadataResponseBroker {
            node_id: self.i32()?,
            host: self.string()??,
            port: self.i32()?,
            rack: self.string()?,
        };
        self.no_tags()?;
        Some(broker)
    }

    fn topic(&mut self) -> Option<MetadataResponseTopic> {
        let topic = MetadataResponseTopic {
            error_code: ErrorCode(self.i16()?),
            name: self.string()?,
            topic_id: Uuid(self.take()?),
            is_internal: self.take::<1>()? != [0],
            partitions: self.array(Self::partition)?,
            topic_authorized_operations: self.i32()?,
        };
        self.no_tags()?;
        Some(topic)
    }

    fn partition(&mut self) -> Option<MetadataResponsePartition> {
        let partition = MetadataResponsePartition {
            error_code: ErrorCode(self.i16()?),
            partition_index: self.i32()?,
            leader_id: self.i32()?,
            leader_epoch: self.i32()?,
            replica_nodes: self.array(Self::i32)?,
            isr_nodes: self.array(Self::i32)?,
            offline_replicas: self.array(Self::i32)?,
        };
        self.no_tags()?;
        Some(partition)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    fn uvarint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn no_tags(&mut self) -> Option<()> {
        (self.uvarint()? == 0).then_some(())
    }

    /// `Some(None)` is null.
    fn string(&mut self) -> Option<Option<String>> {
        let Some(length) = self.uvarint()?.checked_sub(1) else {
            return Some(None);
        };
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(std::str::from_utf8(bytes).ok()?.to_owned()))
    }

    fn array<T>(&mut self, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.uvarint()?.checked_sub(1)?;
        if count > self.0.len() {
            return None;
        }
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Some(elements)
    }
}

impl Cursor<'_> {
    fn fetch_response(&mut self, frame: &Bytes) -> Option<FetchResponse> {
        let _correlation_id = self.i32()?;
        self.no_tags()?;
        let message = FetchResponse {
            throttle_time_ms: self.i32()?,
            error_code: ErrorCode(self.i16()?),
            session_id: self.i32()?,
            responses: self.array(|cursor| cursor.fetched_topic(frame))?,
            ..Default::default()
        };
        self.no_tags()?;
        self.0.is_empty().then_some(message)
    }

    fn fetched_topic(&mut self, frame: &Bytes) -> Option<FetchableTopicResponse> {
        let topic = FetchableTopicResponse {
            topic_id: Uuid(self.take()?),
            partitions: self.array(|cursor| cursor.fetched_partition(frame))?,
            ..Default::default()
        };
        self.no_tags()?;
        Some(topic)
    }

    fn fetched_partition(&mut self, frame: &Bytes) -> Option<PartitionData> {
        let partition = PartitionData {
            partition_index: self.i32()?,
            error_code: ErrorCode(self.i16()?),
            high_watermark: self.i64()?,
            last_stable_offset: self.i64()?,
            log_start_offset: self.i64()?,
            aborted_transactions: self.null()?,
            preferred_read_replica: self.i32()?,
            records: self.bytes(frame)?,
            ..Default::default()
        };
        self.no_tags()?;
        Some(partition)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    fn null<T>(&mut self) -> Option<Option<T>> {
        (self.uvarint()? == 0).then_some(None)
    }

    /// `Some(None)` is null.
    fn bytes(&mut self, frame: &Bytes) -> Option<Option<Bytes>> {
        let Some(length) = self.uvarint()?.checked_sub(1) else {
            return Some(None);
        };
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(frame.slice_ref(bytes)))
    }
}

const FETCH_VERSION: i16 = 17;
const FETCHED: i32 = 100;

fn fetch(criterion: &mut Criterion) {
    let records = Bytes::from(vec![1; 1024]);
    let partition = |partition_index| PartitionData {
        partition_index,
        high_watermark: 1_000_000,
        last_stable_offset: 1_000_000,
        log_start_offset: 0,
        aborted_transactions: None,
        records: Some(records.clone()),
        ..Default::default()
    };
    let topic = |number: i32| FetchableTopicResponse {
        topic_id: Uuid(u128::to_be_bytes(number.unsigned_abs().into())),
        partitions: (0..10).map(partition).collect(),
        ..Default::default()
    };
    let response = FetchResponse {
        session_id: 4711,
        responses: (0..FETCHED / 10).map(topic).collect(),
        ..Default::default()
    };
    let frame = encode_response::<FetchRequest>(&response, FETCH_VERSION, 1).unwrap();
    let frame = frame.to_bytes().slice(4..);
    assert_eq!(Cursor(&frame).fetch_response(&frame), Some(response));
    let mut group = criterion.benchmark_group("read Fetch, 100 partitions");
    group.throughput(Throughput::Elements(u64::try_from(FETCHED).unwrap()));
    group.bench_function("ours", |bench| {
        bench.iter(|| decode_response::<FetchRequest>(black_box(&frame), FETCH_VERSION).unwrap());
    });
    group.bench_function("cursor", |bench| {
        bench.iter(|| {
            let frame = black_box(&frame);
            Cursor(frame).fetch_response(frame).unwrap()
        });
    });
    group.bench_function("kafka-protocol", |bench| {
        bench.iter(|| read_theirs::<theirs::FetchResponse>(black_box(&frame), FETCH_VERSION));
    });
    group.finish();
}

const PRODUCE_VERSION: i16 = 12;

/// `records` are copied into the frame by both while they are small; large ones stay where they are in ours.
fn produce(criterion: &mut Criterion) {
    for (partitions, size) in [(1, 100), (100, 100), (1, 16_384), (100, 16_384)] {
        let records = Bytes::from(vec![1; size]);
        let ours = produce_ours(partitions, &records);
        let theirs = produce_theirs(partitions, &records);
        let written = encode_request(&ours, PRODUCE_VERSION, 7, Some("me")).unwrap();
        assert_eq!(written.to_bytes()[4..], write_theirs(&theirs)[..]);
        let name = format!("write Produce, {partitions} partitions of {size} B");
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(u64::try_from(partitions).unwrap()));
        group.bench_function("ours", |bench| {
            bench.iter(|| encode_request(black_box(&ours), PRODUCE_VERSION, 7, Some("me")));
        });
        group.bench_function("kafka-protocol", |bench| {
            bench.iter(|| write_theirs(black_box(&theirs)));
        });
        group.finish();
    }
}

fn produce_ours(partitions: i32, records: &Bytes) -> ProduceRequest {
    let partition = |index| PartitionProduceData {
        index,
        records: Some(records.clone()),
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: "orders.placed".to_owned(),
            partition_data: (0..partitions).map(partition).collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn produce_theirs(partitions: i32, records: &Bytes) -> theirs::ProduceRequest {
    let partition = |index| {
        theirs::produce_request::PartitionProduceData::default()
            .with_index(index)
            .with_records(Some(records.clone()))
    };
    let topic = theirs::produce_request::TopicProduceData::default()
        .with_name(StrBytes::from_static_str("orders.placed").into())
        .with_partition_data((0..partitions).map(partition).collect());
    theirs::ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![topic])
}

fn write_theirs(request: &theirs::ProduceRequest) -> BytesMut {
    let mut out = BytesMut::with_capacity(256);
    theirs::RequestHeader::default()
        .with_request_api_key(0)
        .with_request_api_version(PRODUCE_VERSION)
        .with_correlation_id(7)
        .with_client_id(Some(StrBytes::from_static_str("me")))
        .encode(&mut out, 2)
        .unwrap();
    request.encode(&mut out, PRODUCE_VERSION).unwrap();
    out
}
