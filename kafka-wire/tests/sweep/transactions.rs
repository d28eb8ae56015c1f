//! A transaction, step by step, and the views on it.

use kafka_wire::ErrorCode;
use kafka_wire::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use kafka_wire::messages::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_wire::messages::describe_producers::{DescribeProducersRequest, TopicRequest};
use kafka_wire::messages::describe_transactions::DescribeTransactionsRequest;
use kafka_wire::messages::end_txn::EndTxnRequest;
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::list_transactions::ListTransactionsRequest;
use kafka_wire::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_wire::messages::write_txn_markers::WriteTxnMarkersRequest;

use crate::TOPIC;
use crate::broker::Broker;
use crate::groups::GROUP;

pub(crate) const ID: &str = "transaction";

pub(crate) fn sweep(broker: &mut Broker) {
    let init = InitProducerIdRequest {
        transactional_id: Some(ID.into()),
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let producer = broker.ask(&[], |_| init.clone());
    let (producer_id, producer_epoch) = (producer.producer_id, producer.producer_epoch);
    add_partitions(broker, producer_id, producer_epoch);
    let add_offsets = AddOffsetsToTxnRequest {
        transactional_id: ID.into(),
        producer_id,
        producer_epoch,
        group_id: GROUP.into(),
    };
    broker.ask(&[], |_| add_offsets.clone());
    commit_offset(broker, producer_id, producer_epoch);
    broker.ask(&[], |_| DescribeTransactionsRequest {
        transactional_ids: vec![ID.into()],
    });
    broker.ask(&[], |_| ListTransactionsRequest::default());
    broker.ask(&[], |_| DescribeProducersRequest {
        topics: vec![TopicRequest {
            name: TOPIC.into(),
            partition_indexes: vec![0, 1],
        }],
    });
    let end = EndTxnRequest {
        transactional_id: ID.into(),
        producer_id,
        producer_epoch,
        committed: true,
    };
    // Up to version 4, saying it again changes nothing.
    broker.ask(&["INVALID_TXN_STATE"], |_| end.clone());
    let again = broker.exchange(&add_offsets, 4);
    assert_eq!(again.error_code, ErrorCode::NONE);
    let ended = broker.exchange(&end, 5);
    assert_eq!(ended.error_code, ErrorCode::NONE);
    // KIP-890 gives out the next epoch with the end.
    assert_eq!(ended.producer_id, producer_id);
    assert_eq!(ended.producer_epoch, producer_epoch + 1);
    broker.ask(&[], |_| WriteTxnMarkersRequest::default());
}

fn add_partitions(broker: &mut Broker, producer_id: i64, producer_epoch: i16) {
    let topics = vec![AddPartitionsToTxnTopic {
        name: TOPIC.into(),
        partitions: vec![1],
    }];
    // Brokers ask since version 4, about many transactions at once.
    broker.ask(&[], |version| {
        if version < 4 {
            return AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: ID.into(),
                v3_and_below_producer_id: producer_id,
                v3_and_below_producer_epoch: producer_epoch,
                v3_and_below_topics: topics.clone(),
                ..Default::default()
            };
        }
        AddPartitionsToTxnRequest {
            transactions: vec![AddPartitionsToTxnTransaction {
                transactional_id: ID.into(),
                producer_id,
                producer_epoch,
                verify_only: false,
                topics: topics.clone(),
            }],
            ..Default::default()
        }
    });
}

fn commit_offset(broker: &mut Broker, producer_id: i64, producer_epoch: i16) {
    broker.ask(&[], |_| TxnOffsetCommitRequest {
        transactional_id: ID.into(),
        group_id: GROUP.into(),
        producer_id,
        producer_epoch,
        topics: vec![TxnOffsetCommitRequestTopic {
            name: TOPIC.into(),
            partitions: vec![TxnOffsetCommitRequestPartition {
                partition_index: 0,
                committed_offset: 2,
                ..Default::default()
            }],
        }],
        ..Default::default()
    });
}
