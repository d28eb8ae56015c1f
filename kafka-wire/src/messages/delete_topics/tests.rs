use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DeleteTopicsRequest {
        topic_names: vec!["orders".into()],
        timeout_ms: 1,
        ..Default::default()
    };
    golden::request(1, "00000001  0006 6f7264657273  00000001", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = DeleteTopicsRequest {
        topic_names: vec!["orders".into()],
        timeout_ms: 1,
        ..Default::default()
    };
    golden::request(4, "02  07 6f7264657273  00000001  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            name: Some("orders".into()),
            topic_id: Uuid([1; 16]),
        }],
        timeout_ms: 2,
        ..Default::default()
    };
    golden::request(
        6,
        "02  07 6f7264657273  01010101010101010101010101010101  00  00000002  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = DeleteTopicsResponse {
        throttle_time_ms: 1,
        responses: vec![DeletableTopicResult {
            name: Some("orders".into()),
            error_code: ErrorCode(2),
            ..Default::default()
        }],
    };
    golden::response::<DeleteTopicsRequest>(
        1,
        "00000001  00000001  0006 6f7264657273  0002",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = DeleteTopicsResponse {
        throttle_time_ms: 1,
        responses: vec![DeletableTopicResult {
            name: Some("orders".into()),
            error_code: ErrorCode(2),
            ..Default::default()
        }],
    };
    golden::response::<DeleteTopicsRequest>(
        4,
        "00000001  02  07 6f7264657273  0002  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DeleteTopicsResponse {
        throttle_time_ms: 1,
        responses: vec![DeletableTopicResult {
            name: Some("orders".into()),
            topic_id: Uuid([2; 16]),
            error_code: ErrorCode(3),
            ..Default::default()
        }],
    };
    golden::response::<DeleteTopicsRequest>(
        6,
        "00000001  02  07 6f7264657273  02020202020202020202020202020202  0003  00  00  00",
        &response,
    );
}
