use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = AlterPartitionReassignmentsRequest {
        timeout_ms: 1,
        topics: vec![ReassignableTopic {
            name: "orders".into(),
            partitions: vec![ReassignablePartition {
                partition_index: 2,
                replicas: Some(vec![3, 4]),
            }],
        }],
        ..Default::default()
    };
    golden::request(
        0,
        "00000001  02  07 6f7264657273  02  00000002  03  00000003  00000004  00  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = AlterPartitionReassignmentsRequest {
        timeout_ms: 1,
        allow_replication_factor_change: true,
        topics: vec![ReassignableTopic {
            name: "orders".into(),
            partitions: vec![ReassignablePartition {
                partition_index: 2,
                replicas: Some(vec![3, 4]),
            }],
        }],
    };
    golden::request(
        1,
        "00000001  01  02  07 6f7264657273  02  00000002  03  00000003  00000004  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = AlterPartitionReassignmentsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        responses: vec![ReassignableTopicResponse {
            name: "orders".into(),
            partitions: vec![ReassignablePartitionResponse {
                partition_index: 3,
                error_code: ErrorCode(4),
                error_message: Some("no".into()),
            }],
        }],
        ..Default::default()
    };
    golden::response::<AlterPartitionReassignmentsRequest>(
        0,
        "00000001  0002  03 6e6f  02  07 6f7264657273  02  00000003  0004  03 6e6f  00  00
         00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = AlterPartitionReassignmentsResponse {
        throttle_time_ms: 1,
        allow_replication_factor_change: true,
        error_code: ErrorCode(2),
        responses: vec![ReassignableTopicResponse {
            name: "orders".into(),
            partitions: vec![ReassignablePartitionResponse {
                partition_index: 3,
                error_code: ErrorCode(4),
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::response::<AlterPartitionReassignmentsRequest>(
        1,
        "00000001  01  0002  00  02  07 6f7264657273  02  00000003  0004  00  00  00  00",
        &response,
    );
}
