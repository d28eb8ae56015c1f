use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: "orders".into(),
            count: 1,
            assignments: Some(vec![CreatePartitionsAssignment {
                broker_ids: vec![2, 3],
            }]),
        }],
        timeout_ms: 4,
        validate_only: true,
    };
    golden::request(
        0,
        "00000001  0006 6f7264657273  00000001  00000001  00000002  00000002  00000003
         00000004  01",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: "orders".into(),
            count: 1,
            assignments: Some(vec![CreatePartitionsAssignment {
                broker_ids: vec![2, 3],
            }]),
        }],
        timeout_ms: 4,
        validate_only: true,
    };
    golden::request(
        2,
        "02  07 6f7264657273  00000001  02  03  00000002  00000003  00  00  00000004  01  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: "orders".into(),
            count: 1,
            assignments: Some(vec![CreatePartitionsAssignment {
                broker_ids: vec![2, 3],
            }]),
        }],
        timeout_ms: 4,
        validate_only: true,
    };
    golden::request(
        3,
        "02  07 6f7264657273  00000001  02  03  00000002  00000003  00  00  00000004  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = CreatePartitionsResponse {
        throttle_time_ms: 1,
        results: vec![CreatePartitionsTopicResult {
            name: "orders".into(),
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
        }],
    };
    golden::response::<CreatePartitionsRequest>(
        0,
        "00000001  00000001  0006 6f7264657273  0002  0002 6e6f",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = CreatePartitionsResponse {
        throttle_time_ms: 1,
        results: vec![CreatePartitionsTopicResult {
            name: "orders".into(),
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
        }],
    };
    golden::response::<CreatePartitionsRequest>(
        2,
        "00000001  02  07 6f7264657273  0002  03 6e6f  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = CreatePartitionsResponse {
        throttle_time_ms: 1,
        results: vec![CreatePartitionsTopicResult {
            name: "orders".into(),
            error_code: ErrorCode(2),
            ..Default::default()
        }],
    };
    golden::response::<CreatePartitionsRequest>(
        3,
        "00000001  02  07 6f7264657273  0002  00  00  00",
        &response,
    );
}
