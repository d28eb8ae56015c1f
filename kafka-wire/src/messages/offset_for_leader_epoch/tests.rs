use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = OffsetForLeaderEpochRequest {
        topics: vec![OffsetForLeaderTopic {
            topic: "orders".into(),
            partitions: vec![OffsetForLeaderPartition {
                partition: 1,
                current_leader_epoch: 2,
                leader_epoch: 3,
            }],
        }],
        ..Default::default()
    };
    golden::request(
        2,
        "00000001  0006 6f7264657273  00000001  00000001  00000002  00000003",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = OffsetForLeaderEpochRequest {
        replica_id: 1,
        topics: vec![OffsetForLeaderTopic {
            topic: "orders".into(),
            partitions: vec![OffsetForLeaderPartition {
                partition: 2,
                current_leader_epoch: 3,
                leader_epoch: 4,
            }],
        }],
    };
    golden::request(
        4,
        "00000001  02  07 6f7264657273  02  00000002  00000003  00000004  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = OffsetForLeaderEpochResponse {
        throttle_time_ms: 1,
        topics: vec![OffsetForLeaderTopicResult {
            topic: "orders".into(),
            partitions: vec![EpochEndOffset {
                error_code: ErrorCode(2),
                partition: 3,
                leader_epoch: 4,
                end_offset: 5,
            }],
        }],
    };
    golden::response::<OffsetForLeaderEpochRequest>(
        2,
        "00000001  00000001  0006 6f7264657273  00000001  0002  00000003  00000004
         0000000000000005",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = OffsetForLeaderEpochResponse {
        throttle_time_ms: 1,
        topics: vec![OffsetForLeaderTopicResult {
            topic: "orders".into(),
            partitions: vec![EpochEndOffset {
                error_code: ErrorCode(2),
                partition: 3,
                leader_epoch: 4,
                end_offset: 5,
            }],
        }],
    };
    golden::response::<OffsetForLeaderEpochRequest>(
        4,
        "00000001  02  07 6f7264657273  02  0002  00000003  00000004  0000000000000005  00
         00  00",
        &response,
    );
}
