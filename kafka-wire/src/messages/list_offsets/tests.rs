use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = ListOffsetsRequest {
        replica_id: 1,
        topics: vec![ListOffsetsTopic {
            name: "orders".into(),
            partitions: vec![ListOffsetsPartition {
                partition_index: 2,
                timestamp: 3,
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::request(
        1,
        "00000001  00000001  0006 6f7264657273  00000001  00000002  0000000000000003",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = ListOffsetsRequest {
        replica_id: 1,
        isolation_level: 2,
        topics: vec![ListOffsetsTopic {
            name: "orders".into(),
            partitions: vec![ListOffsetsPartition {
                partition_index: 3,
                current_leader_epoch: 4,
                timestamp: 5,
            }],
        }],
        ..Default::default()
    };
    golden::request(
        6,
        "00000001  02  02  07 6f7264657273  02  00000003  00000004  0000000000000005  00  00
         00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = ListOffsetsRequest {
        replica_id: 1,
        isolation_level: 2,
        topics: vec![ListOffsetsTopic {
            name: "orders".into(),
            partitions: vec![ListOffsetsPartition {
                partition_index: 3,
                current_leader_epoch: 4,
                timestamp: 5,
            }],
        }],
        timeout_ms: 6,
    };
    golden::request(
        11,
        "00000001  02  02  07 6f7264657273  02  00000003  00000004  0000000000000005  00  00
         00000006  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = ListOffsetsResponse {
        topics: vec![ListOffsetsTopicResponse {
            name: "orders".into(),
            partitions: vec![ListOffsetsPartitionResponse {
                partition_index: 1,
                error_code: ErrorCode(2),
                timestamp: 3,
                offset: 4,
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::response::<ListOffsetsRequest>(
        1,
        "00000001  0006 6f7264657273  00000001  00000001  0002  0000000000000003
         0000000000000004",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = ListOffsetsResponse {
        throttle_time_ms: 1,
        topics: vec![ListOffsetsTopicResponse {
            name: "orders".into(),
            partitions: vec![ListOffsetsPartitionResponse {
                partition_index: 2,
                error_code: ErrorCode(3),
                timestamp: 4,
                offset: 5,
                leader_epoch: 6,
            }],
        }],
    };
    golden::response::<ListOffsetsRequest>(
        6,
        "00000001  02  07 6f7264657273  02  00000002  0003  0000000000000004
         0000000000000005  00000006  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ListOffsetsResponse {
        throttle_time_ms: 1,
        topics: vec![ListOffsetsTopicResponse {
            name: "orders".into(),
            partitions: vec![ListOffsetsPartitionResponse {
                partition_index: 2,
                error_code: ErrorCode(3),
                timestamp: 4,
                offset: 5,
                leader_epoch: 6,
            }],
        }],
    };
    golden::response::<ListOffsetsRequest>(
        11,
        "00000001  02  07 6f7264657273  02  00000002  0003  0000000000000004
         0000000000000005  00000006  00  00  00",
        &response,
    );
}
