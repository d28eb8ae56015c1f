//! What a transactional producer asks, request by request.

use bytes::Bytes;
use kafka_wire::messages::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use kafka_wire::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use kafka_wire::messages::fetch::FetchResponse;
use kafka_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_wire::messages::produce::PartitionProduceResponse;
use kafka_wire::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_wire::records::{BatchHeader, Batches, CrcCheck};
use kafka_wire::{ErrorCode, Uuid};

use crate::client::{Client, fetch_request, produce_request, soon, transactional};

/// A transactional id, and who has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) name: &'static str,
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

impl Owner {
    pub(crate) fn under(self, epoch: i16) -> Self {
        Self { epoch, ..self }
    }
}

pub(crate) fn init_request(name: &str) -> InitProducerIdRequest {
    InitProducerIdRequest {
        transactional_id: Some(name.into()),
        transaction_timeout_ms: 60_000,
        ..Default::default()
    }
}

/// Registers, however long that takes.
pub(crate) async fn init(client: &mut Client, name: &'static str) -> Owner {
    let answer = patiently(client, init_request(name)).await;
    assert_eq!(answer.error_code, ErrorCode::NONE);
    Owner {
        name,
        id: answer.producer_id,
        epoch: answer.producer_epoch,
    }
}

/// Asks until no other transaction is in the way.
pub(crate) async fn patiently(
    client: &mut Client,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    soon(async {
        loop {
            let answer = client.call(5, &request).await;
            if !is_passing(answer.error_code) {
                return answer;
            }
        }
    })
    .await
}

/// What a real broker says while it is still busy with the last transaction.
pub(crate) fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CONCURRENT_TRANSACTIONS
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            // In which producers of older versions are told so.
            | ErrorCode::NOT_ENOUGH_REPLICAS
    )
}

/// Writes one record to partition 0 by name.
pub(crate) async fn write(
    client: &mut Client,
    version: i16,
    owner: Owner,
    topic: &str,
    sequence: i32,
) -> PartitionProduceResponse {
    let batch = transactional(&["x"], owner.id, owner.epoch, sequence);
    soon(async {
        loop {
            let answer = write_batch(client, version, owner.name, topic, batch.clone()).await;
            if !is_passing(answer.error_code) {
                return answer;
            }
        }
    })
    .await
}

pub(crate) async fn write_batch(
    client: &mut Client,
    version: i16,
    name: &str,
    topic: &str,
    batch: Bytes,
) -> PartitionProduceResponse {
    let mut request = produce_request(topic, Uuid::ZERO, 0, batch, -1);
    request.transactional_id = (!name.is_empty()).then(|| name.into());
    let response = client.call(version, &request).await;
    response.responses[0].partition_responses[0].clone()
}

pub(crate) async fn end(
    client: &mut Client,
    version: i16,
    owner: Owner,
    committed: bool,
) -> EndTxnResponse {
    let request = EndTxnRequest {
        transactional_id: owner.name.into(),
        producer_id: owner.id,
        producer_epoch: owner.epoch,
        committed,
    };
    soon(async {
        loop {
            let answer = client.call(version, &request).await;
            if !is_passing(answer.error_code) {
                return answer;
            }
        }
    })
    .await
}

/// The code of each partition.
pub(crate) async fn add(
    client: &mut Client,
    version: i16,
    owner: Owner,
    partitions: &[(&str, i32)],
) -> Vec<ErrorCode> {
    let topics = partitions
        .iter()
        .map(|(topic, partition)| AddPartitionsToTxnTopic {
            name: (*topic).into(),
            partitions: vec![*partition],
        });
    let request = AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: owner.name.into(),
        v3_and_below_producer_id: owner.id,
        v3_and_below_producer_epoch: owner.epoch,
        v3_and_below_topics: topics.collect(),
        ..Default::default()
    };
    soon(async {
        loop {
            let answer = client.call(version, &request).await;
            let topics = answer.results_by_topic_v3_and_below.iter();
            let codes = topics.flat_map(|topic| topic.results_by_partition.iter());
            let mut codes: Vec<_> = codes.map(|it| it.partition_error_code).collect();
            // A real broker answers in an order of its own.
            codes.sort_by_key(|code| code.0);
            if !codes.iter().any(|code| is_passing(*code)) {
                return codes;
            }
        }
    })
    .await
}

/// Offset 5 of partition 0, for nobody in particular.
pub(crate) fn offsets_request(owner: Owner, group: &str, topic: &str) -> TxnOffsetCommitRequest {
    TxnOffsetCommitRequest {
        transactional_id: owner.name.into(),
        group_id: group.into(),
        producer_id: owner.id,
        producer_epoch: owner.epoch,
        topics: vec![TxnOffsetCommitRequestTopic {
            name: topic.into(),
            partitions: vec![TxnOffsetCommitRequestPartition {
                committed_offset: 5,
                committed_metadata: Some("note".into()),
                ..Default::default()
            }],
        }],
        ..Default::default()
    }
}

pub(crate) async fn commit_offsets(
    client: &mut Client,
    version: i16,
    request: TxnOffsetCommitRequest,
) -> ErrorCode {
    soon(async {
        loop {
            let answer = client.call(version, &request).await;
            let code = answer.topics[0].partitions[0].error_code;
            if !is_passing(code) {
                return code;
            }
        }
    })
    .await
}

/// Everything from `offset` on, committed or all.
pub(crate) async fn fetch(
    client: &mut Client,
    topic: &str,
    offset: i64,
    isolation_level: i8,
) -> FetchResponse {
    let mut request = fetch_request(topic, Uuid::ZERO, offset);
    request.isolation_level = isolation_level;
    client.call(12, &request).await
}

/// Headers of the batches in an answer.
pub(crate) fn headers(response: &FetchResponse) -> Vec<BatchHeader> {
    let records = response.responses[0].partitions[0].records.clone();
    Batches::new(records.unwrap(), CrcCheck::Verify)
        .map(|batch| *batch.unwrap().header())
        .collect()
}
