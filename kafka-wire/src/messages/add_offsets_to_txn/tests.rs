use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = AddOffsetsToTxnRequest {
        transactional_id: "tx".into(),
        producer_id: 1,
        producer_epoch: 2,
        group_id: "g".into(),
    };
    golden::request(0, "0002 7478  0000000000000001  0002  0001 67", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = AddOffsetsToTxnRequest {
        transactional_id: "tx".into(),
        producer_id: 1,
        producer_epoch: 2,
        group_id: "g".into(),
    };
    golden::request(3, "03 7478  0000000000000001  0002  02 67  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = AddOffsetsToTxnRequest {
        transactional_id: "tx".into(),
        producer_id: 1,
        producer_epoch: 2,
        group_id: "g".into(),
    };
    golden::request(4, "03 7478  0000000000000001  0002  02 67  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = AddOffsetsToTxnResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
    };
    golden::response::<AddOffsetsToTxnRequest>(0, "00000001  0002", &response);
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = AddOffsetsToTxnResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
    };
    golden::response::<AddOffsetsToTxnRequest>(3, "00000001  0002  00", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = AddOffsetsToTxnResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
    };
    golden::response::<AddOffsetsToTxnRequest>(4, "00000001  0002  00", &response);
}
