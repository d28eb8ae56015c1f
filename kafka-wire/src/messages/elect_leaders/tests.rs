use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = ElectLeadersRequest {
        topic_partitions: Some(vec![TopicPartitions {
            topic: "orders".into(),
            partitions: vec![1, 2],
        }]),
        timeout_ms: 3,
        ..Default::default()
    };
    golden::request(
        0,
        "00000001  0006 6f7264657273  00000002  00000001  00000002  00000003",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = ElectLeadersRequest {
        election_type: 1,
        topic_partitions: Some(vec![TopicPartitions {
            topic: "orders".into(),
            partitions: vec![2, 3],
        }]),
        timeout_ms: 4,
    };
    golden::request(
        2,
        "01  02  07 6f7264657273  03  00000002  00000003  00  00000004  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = ElectLeadersResponse {
        throttle_time_ms: 1,
        replica_election_results: vec![ReplicaElectionResult {
            topic: "orders".into(),
            partition_result: vec![PartitionResult {
                partition_id: 2,
                error_code: ErrorCode(3),
                error_message: Some("no".into()),
            }],
        }],
        ..Default::default()
    };
    golden::response::<ElectLeadersRequest>(
        0,
        "00000001  00000001  0006 6f7264657273  00000001  00000002  0003  0002 6e6f",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ElectLeadersResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        replica_election_results: vec![ReplicaElectionResult {
            topic: "orders".into(),
            partition_result: vec![PartitionResult {
                partition_id: 3,
                error_code: ErrorCode(4),
                ..Default::default()
            }],
        }],
    };
    golden::response::<ElectLeadersRequest>(
        2,
        "00000001  0002  02  07 6f7264657273  02  00000003  0004  00  00  00  00",
        &response,
    );
}
