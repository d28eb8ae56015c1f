use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = FindCoordinatorRequest {
        key: "k".into(),
        ..Default::default()
    };
    golden::request(0, "0001 6b", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = FindCoordinatorRequest {
        key: "k".into(),
        key_type: 1,
        ..Default::default()
    };
    golden::request(3, "02 6b  01  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = FindCoordinatorRequest {
        key_type: 1,
        coordinator_keys: vec!["k".into()],
        ..Default::default()
    };
    golden::request(6, "01  02  02 6b  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = FindCoordinatorResponse {
        error_code: ErrorCode(1),
        node_id: 2,
        host: "h".into(),
        port: 3,
        ..Default::default()
    };
    golden::response::<FindCoordinatorRequest>(0, "0001  00000002  0001 68  00000003", &response);
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = FindCoordinatorResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        node_id: 3,
        host: "h".into(),
        port: 4,
        ..Default::default()
    };
    golden::response::<FindCoordinatorRequest>(
        3,
        "00000001  0002  03 6e6f  00000003  02 68  00000004  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = FindCoordinatorResponse {
        throttle_time_ms: 1,
        coordinators: vec![Coordinator {
            key: "k".into(),
            node_id: 2,
            host: "h".into(),
            port: 3,
            error_code: ErrorCode(4),
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<FindCoordinatorRequest>(
        6,
        "00000001  02  02 6b  00000002  02 68  00000003  0004  00  00  00",
        &response,
    );
}
