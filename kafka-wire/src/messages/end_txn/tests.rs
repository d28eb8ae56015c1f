use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = EndTxnRequest {
        transactional_id: "tx".into(),
        producer_id: 1,
        producer_epoch: 2,
        committed: true,
    };
    golden::request(0, "0002 7478  0000000000000001  0002  01", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = EndTxnRequest {
        transactional_id: "tx".into(),
        producer_id: 1,
        producer_epoch: 2,
        committed: true,
    };
    golden::request(3, "03 7478  0000000000000001  0002  01  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = EndTxnRequest {
        transactional_id: "tx".into(),
        producer_id: 1,
        producer_epoch: 2,
        committed: true,
    };
    golden::request(5, "03 7478  0000000000000001  0002  01  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = EndTxnResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        ..Default::default()
    };
    golden::response::<EndTxnRequest>(0, "00000001  0002", &response);
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = EndTxnResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        ..Default::default()
    };
    golden::response::<EndTxnRequest>(3, "00000001  0002  00", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = EndTxnResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        producer_id: 3,
        producer_epoch: 4,
    };
    golden::response::<EndTxnRequest>(5, "00000001  0002  0000000000000003  0004  00", &response);
}
