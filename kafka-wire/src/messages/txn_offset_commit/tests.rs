use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = TxnOffsetCommitRequest {
        transactional_id: "tx".into(),
        group_id: "g".into(),
        producer_id: 1,
        producer_epoch: 2,
        topics: vec![TxnOffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![TxnOffsetCommitRequestPartition {
                partition_index: 3,
                committed_offset: 4,
                committed_metadata: Some("note".into()),
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::request(
        0,
        "0002 7478  0001 67  0000000000000001  0002  00000001  0006 6f7264657273  00000001
         00000003  0000000000000004  0004 6e6f7465",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = TxnOffsetCommitRequest {
        transactional_id: "tx".into(),
        group_id: "g".into(),
        producer_id: 1,
        producer_epoch: 2,
        generation_id: 3,
        member_id: "m".into(),
        group_instance_id: Some("i".into()),
        topics: vec![TxnOffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![TxnOffsetCommitRequestPartition {
                partition_index: 4,
                committed_offset: 5,
                committed_leader_epoch: 6,
                committed_metadata: Some("note".into()),
            }],
        }],
    };
    golden::request(
        3,
        "03 7478  02 67  0000000000000001  0002  00000003  02 6d  02 69  02  07 6f7264657273
         02  00000004  0000000000000005  00000006  05 6e6f7465  00  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = TxnOffsetCommitRequest {
        transactional_id: "tx".into(),
        group_id: "g".into(),
        producer_id: 1,
        producer_epoch: 2,
        generation_id: 3,
        member_id: "m".into(),
        topics: vec![TxnOffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![TxnOffsetCommitRequestPartition {
                partition_index: 4,
                committed_offset: 5,
                committed_leader_epoch: 6,
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::request(
        5,
        "03 7478  02 67  0000000000000001  0002  00000003  02 6d  00  02  07 6f7264657273  02
         00000004  0000000000000005  00000006  00  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = TxnOffsetCommitResponse {
        throttle_time_ms: 1,
        topics: vec![TxnOffsetCommitResponseTopic {
            name: "orders".into(),
            partitions: vec![TxnOffsetCommitResponsePartition {
                partition_index: 2,
                error_code: ErrorCode(3),
            }],
        }],
    };
    golden::response::<TxnOffsetCommitRequest>(
        0,
        "00000001  00000001  0006 6f7264657273  00000001  00000002  0003",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = TxnOffsetCommitResponse {
        throttle_time_ms: 1,
        topics: vec![TxnOffsetCommitResponseTopic {
            name: "orders".into(),
            partitions: vec![TxnOffsetCommitResponsePartition {
                partition_index: 2,
                error_code: ErrorCode(3),
            }],
        }],
    };
    golden::response::<TxnOffsetCommitRequest>(
        3,
        "00000001  02  07 6f7264657273  02  00000002  0003  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = TxnOffsetCommitResponse {
        throttle_time_ms: 1,
        topics: vec![TxnOffsetCommitResponseTopic {
            name: "orders".into(),
            partitions: vec![TxnOffsetCommitResponsePartition {
                partition_index: 2,
                error_code: ErrorCode(3),
            }],
        }],
    };
    golden::response::<TxnOffsetCommitRequest>(
        5,
        "00000001  02  07 6f7264657273  02  00000002  0003  00  00  00",
        &response,
    );
}
