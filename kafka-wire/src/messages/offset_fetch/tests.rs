use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = OffsetFetchRequest {
        group_id: "g".into(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: "orders".into(),
            partition_indexes: vec![1, 2],
        }]),
        ..Default::default()
    };
    golden::request(
        1,
        "0001 67  00000001  0006 6f7264657273  00000002  00000001  00000002",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = OffsetFetchRequest {
        group_id: "g".into(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: "orders".into(),
            partition_indexes: vec![1, 2],
        }]),
        ..Default::default()
    };
    golden::request(
        6,
        "02 67  02  07 6f7264657273  03  00000001  00000002  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: "g".into(),
            member_epoch: 1,
            topics: Some(vec![OffsetFetchRequestTopics {
                topic_id: Uuid([2; 16]),
                partition_indexes: vec![3, 4],
                ..Default::default()
            }]),
            ..Default::default()
        }],
        require_stable: true,
        ..Default::default()
    };
    golden::request(
        10,
        "02  02 67  00  00000001  02  02020202020202020202020202020202  03  00000003
         00000004  00  00  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = OffsetFetchResponse {
        topics: vec![OffsetFetchResponseTopic {
            name: "orders".into(),
            partitions: vec![OffsetFetchResponsePartition {
                partition_index: 1,
                committed_offset: 2,
                metadata: Some("note".into()),
                error_code: ErrorCode(3),
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::response::<OffsetFetchRequest>(
        1,
        "00000001  0006 6f7264657273  00000001  00000001  0000000000000002  0004 6e6f7465
         0003",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = OffsetFetchResponse {
        throttle_time_ms: 1,
        topics: vec![OffsetFetchResponseTopic {
            name: "orders".into(),
            partitions: vec![OffsetFetchResponsePartition {
                partition_index: 2,
                committed_offset: 3,
                committed_leader_epoch: 4,
                metadata: Some("note".into()),
                error_code: ErrorCode(5),
            }],
        }],
        error_code: ErrorCode(6),
        ..Default::default()
    };
    golden::response::<OffsetFetchRequest>(
        6,
        "00000001  02  07 6f7264657273  02  00000002  0000000000000003  00000004  05 6e6f7465
         0005  00  00  0006  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = OffsetFetchResponse {
        throttle_time_ms: 1,
        groups: vec![OffsetFetchResponseGroup {
            group_id: "g".into(),
            topics: vec![OffsetFetchResponseTopics {
                topic_id: Uuid([2; 16]),
                partitions: vec![OffsetFetchResponsePartitions {
                    partition_index: 3,
                    committed_offset: 4,
                    committed_leader_epoch: 5,
                    error_code: ErrorCode(6),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            error_code: ErrorCode(7),
        }],
        ..Default::default()
    };
    golden::response::<OffsetFetchRequest>(
        10,
        "00000001  02  02 67  02  02020202020202020202020202020202  02  00000003
         0000000000000004  00000005  00  0006  00  00  0007  00  00",
        &response,
    );
}
