use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: "tx".into(),
        v3_and_below_producer_id: 1,
        v3_and_below_producer_epoch: 2,
        v3_and_below_topics: vec![AddPartitionsToTxnTopic {
            name: "orders".into(),
            partitions: vec![3, 4],
        }],
        ..Default::default()
    };
    golden::request(
        0,
        "0002 7478  0000000000000001  0002  00000001  0006 6f7264657273  00000002  00000003
         00000004",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: "tx".into(),
        v3_and_below_producer_id: 1,
        v3_and_below_producer_epoch: 2,
        v3_and_below_topics: vec![AddPartitionsToTxnTopic {
            name: "orders".into(),
            partitions: vec![3, 4],
        }],
        ..Default::default()
    };
    golden::request(
        3,
        "03 7478  0000000000000001  0002  02  07 6f7264657273  03  00000003  00000004  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = AddPartitionsToTxnRequest {
        transactions: vec![AddPartitionsToTxnTransaction {
            transactional_id: "tx".into(),
            producer_id: 1,
            producer_epoch: 2,
            verify_only: true,
            topics: vec![AddPartitionsToTxnTopic {
                name: "orders".into(),
                partitions: vec![3, 4],
            }],
        }],
        ..Default::default()
    };
    golden::request(
        5,
        "02  03 7478  0000000000000001  0002  01  02  07 6f7264657273  03  00000003  00000004
         00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = AddPartitionsToTxnResponse {
        throttle_time_ms: 1,
        results_by_topic_v3_and_below: vec![AddPartitionsToTxnTopicResult {
            name: "orders".into(),
            results_by_partition: vec![AddPartitionsToTxnPartitionResult {
                partition_index: 2,
                partition_error_code: ErrorCode(3),
            }],
        }],
        ..Default::default()
    };
    golden::response::<AddPartitionsToTxnRequest>(
        0,
        "00000001  00000001  0006 6f7264657273  00000001  00000002  0003",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = AddPartitionsToTxnResponse {
        throttle_time_ms: 1,
        results_by_topic_v3_and_below: vec![AddPartitionsToTxnTopicResult {
            name: "orders".into(),
            results_by_partition: vec![AddPartitionsToTxnPartitionResult {
                partition_index: 2,
                partition_error_code: ErrorCode(3),
            }],
        }],
        ..Default::default()
    };
    golden::response::<AddPartitionsToTxnRequest>(
        3,
        "00000001  02  07 6f7264657273  02  00000002  0003  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = AddPartitionsToTxnResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        results_by_transaction: vec![AddPartitionsToTxnResult {
            transactional_id: "tx".into(),
            topic_results: vec![AddPartitionsToTxnTopicResult {
                name: "orders".into(),
                results_by_partition: vec![AddPartitionsToTxnPartitionResult {
                    partition_index: 3,
                    partition_error_code: ErrorCode(4),
                }],
            }],
        }],
        ..Default::default()
    };
    golden::response::<AddPartitionsToTxnRequest>(
        5,
        "00000001  0002  02  03 7478  02  07 6f7264657273  02  00000003  0004  00  00  00  00",
        &response,
    );
}
