use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "orders".into(),
            num_partitions: 1,
            replication_factor: 2,
            assignments: vec![CreatableReplicaAssignment {
                partition_index: 3,
                broker_ids: vec![4, 5],
            }],
            configs: vec![CreatableTopicConfig {
                name: "orders".into(),
                value: Some("1".into()),
            }],
        }],
        timeout_ms: 6,
        validate_only: true,
    };
    golden::request(
        2,
        "00000001  0006 6f7264657273  00000001  0002  00000001  00000003  00000002  00000004
         00000005  00000001  0006 6f7264657273  0001 31  00000006  01",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "orders".into(),
            num_partitions: 1,
            replication_factor: 2,
            assignments: vec![CreatableReplicaAssignment {
                partition_index: 3,
                broker_ids: vec![4, 5],
            }],
            configs: vec![CreatableTopicConfig {
                name: "orders".into(),
                value: Some("1".into()),
            }],
        }],
        timeout_ms: 6,
        validate_only: true,
    };
    golden::request(
        5,
        "02  07 6f7264657273  00000001  0002  02  00000003  03  00000004  00000005  00  02
         07 6f7264657273  02 31  00  00  00000006  01  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "orders".into(),
            num_partitions: 1,
            replication_factor: 2,
            assignments: vec![CreatableReplicaAssignment {
                partition_index: 3,
                broker_ids: vec![4, 5],
            }],
            configs: vec![CreatableTopicConfig {
                name: "orders".into(),
                ..Default::default()
            }],
        }],
        timeout_ms: 6,
        validate_only: true,
    };
    golden::request(
        7,
        "02  07 6f7264657273  00000001  0002  02  00000003  03  00000004  00000005  00  02
         07 6f7264657273  00  00  00  00000006  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = CreateTopicsResponse {
        throttle_time_ms: 1,
        topics: vec![CreatableTopicResult {
            name: "orders".into(),
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
            ..Default::default()
        }],
    };
    golden::response::<CreateTopicsRequest>(
        2,
        "00000001  00000001  0006 6f7264657273  0002  0002 6e6f",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = CreateTopicsResponse {
        throttle_time_ms: 1,
        topics: vec![CreatableTopicResult {
            name: "orders".into(),
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
            num_partitions: 3,
            replication_factor: 4,
            configs: Some(vec![CreatableTopicConfigs {
                name: "orders".into(),
                value: Some("1".into()),
                read_only: true,
                config_source: 5,
                is_sensitive: true,
            }]),
            topic_config_error_code: ErrorCode(6),
            ..Default::default()
        }],
    };
    golden::response::<CreateTopicsRequest>(
        5,
        "00000001  02  07 6f7264657273  0002  03 6e6f  00000003  0004  02  07 6f7264657273
         02 31  01  05  01  00  01  00  02  0006  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = CreateTopicsResponse {
        throttle_time_ms: 1,
        topics: vec![CreatableTopicResult {
            name: "orders".into(),
            topic_id: Uuid([2; 16]),
            error_code: ErrorCode(3),
            num_partitions: 4,
            replication_factor: 5,
            configs: Some(vec![CreatableTopicConfigs {
                name: "orders".into(),
                read_only: true,
                config_source: 6,
                is_sensitive: true,
                ..Default::default()
            }]),
            topic_config_error_code: ErrorCode(7),
            ..Default::default()
        }],
    };
    golden::response::<CreateTopicsRequest>(
        7,
        "00000001  02  07 6f7264657273  02020202020202020202020202020202  0003  00  00000004
         0005  02  07 6f7264657273  00  01  06  01  00  01  00  02  0007  00",
        &response,
    );
}
