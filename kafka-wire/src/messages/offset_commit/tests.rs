use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: 1,
        member_id: "m".into(),
        retention_time_ms: 2,
        topics: vec![OffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: 3,
                committed_offset: 4,
                committed_metadata: Some("note".into()),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(
        2,
        "0001 67  00000001  0001 6d  0000000000000002  00000001  0006 6f7264657273  00000001
         00000003  0000000000000004  0004 6e6f7465",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: 1,
        member_id: "m".into(),
        group_instance_id: Some("i".into()),
        topics: vec![OffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: 2,
                committed_offset: 3,
                committed_leader_epoch: 4,
                committed_metadata: Some("note".into()),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(
        8,
        "02 67  00000001  02 6d  02 69  02  07 6f7264657273  02  00000002  0000000000000003
         00000004  05 6e6f7465  00  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: 1,
        member_id: "m".into(),
        topics: vec![OffsetCommitRequestTopic {
            topic_id: Uuid([2; 16]),
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: 3,
                committed_offset: 4,
                committed_leader_epoch: 5,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(
        10,
        "02 67  00000001  02 6d  00  02  02020202020202020202020202020202  02  00000003
         0000000000000004  00000005  00  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = OffsetCommitResponse {
        topics: vec![OffsetCommitResponseTopic {
            name: "orders".into(),
            partitions: vec![OffsetCommitResponsePartition {
                partition_index: 1,
                error_code: ErrorCode(2),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<OffsetCommitRequest>(
        2,
        "00000001  0006 6f7264657273  00000001  00000001  0002",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = OffsetCommitResponse {
        throttle_time_ms: 1,
        topics: vec![OffsetCommitResponseTopic {
            name: "orders".into(),
            partitions: vec![OffsetCommitResponsePartition {
                partition_index: 2,
                error_code: ErrorCode(3),
            }],
            ..Default::default()
        }],
    };
    golden::response::<OffsetCommitRequest>(
        8,
        "00000001  02  07 6f7264657273  02  00000002  0003  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = OffsetCommitResponse {
        throttle_time_ms: 1,
        topics: vec![OffsetCommitResponseTopic {
            topic_id: Uuid([2; 16]),
            partitions: vec![OffsetCommitResponsePartition {
                partition_index: 3,
                error_code: ErrorCode(4),
            }],
            ..Default::default()
        }],
    };
    golden::response::<OffsetCommitRequest>(
        10,
        "00000001  02  02020202020202020202020202020202  02  00000003  0004  00  00  00",
        &response,
    );
}
