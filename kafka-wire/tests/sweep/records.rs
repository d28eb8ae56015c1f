//! Writing and reading records.

use bytes::Bytes;
use kafka_wire::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use kafka_wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use kafka_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use kafka_wire::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_wire::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use kafka_wire::records::{BatchBuilder, Compression, NewRecord};

use crate::TOPIC;
use crate::broker::Broker;

pub(crate) fn sweep(broker: &mut Broker) {
    let topic_id = broker.topic_id;
    let records = batch();
    broker.ask(&[], |_| ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData {
            name: TOPIC.into(),
            topic_id,
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(records.clone()),
            }],
        }],
        ..Default::default()
    });
    let fetched = broker.ask(&[], |_| FetchRequest {
        max_wait_ms: 100,
        min_bytes: 1,
        topics: vec![FetchTopic {
            topic: TOPIC.into(),
            topic_id,
            partitions: vec![FetchPartition {
                partition_max_bytes: 1 << 20,
                ..Default::default()
            }],
        }],
        ..Default::default()
    });
    let records = fetched.responses[0].partitions[0].records.clone();
    assert!(!records.unwrap().is_empty());
    // The local log has no tier, so the offsets of tiered storage (-4, -5) are left out.
    broker.ask(&[], |_| ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: TOPIC.into(),
            partitions: vec![ListOffsetsPartition {
                timestamp: -1,
                ..Default::default()
            }],
        }],
        timeout_ms: 10_000,
        ..Default::default()
    });
    broker.ask(&[], |_| OffsetForLeaderEpochRequest {
        replica_id: -1,
        topics: vec![OffsetForLeaderTopic {
            topic: TOPIC.into(),
            partitions: vec![OffsetForLeaderPartition::default()],
        }],
    });
    broker.ask(&[], |_| DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: TOPIC.into(),
            partitions: vec![DeleteRecordsPartition {
                partition_index: 0,
                offset: 1,
            }],
        }],
        timeout_ms: 10_000,
    });
}

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(1 << 16, 0);
    let record = NewRecord {
        timestamp: 1_700_000_000_000,
        key: Some(b"key"),
        value: Some(b"value"),
        headers: &[],
    };
    builder.append(record).unwrap();
    builder.close(Compression::None).unwrap().seal()
}
