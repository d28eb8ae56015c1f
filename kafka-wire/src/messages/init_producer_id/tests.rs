use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = InitProducerIdRequest {
        transactional_id: Some("tx".into()),
        transaction_timeout_ms: 1,
        ..Default::default()
    };
    golden::request(0, "0002 7478  00000001", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = InitProducerIdRequest {
        transactional_id: Some("tx".into()),
        transaction_timeout_ms: 1,
        ..Default::default()
    };
    golden::request(2, "03 7478  00000001  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = InitProducerIdRequest {
        transaction_timeout_ms: 1,
        producer_id: 2,
        producer_epoch: 3,
        enable_2pc: true,
        keep_prepared_txn: true,
        ..Default::default()
    };
    golden::request(
        6,
        "00  00000001  0000000000000002  0003  01  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = InitProducerIdResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        producer_id: 3,
        producer_epoch: 4,
        ..Default::default()
    };
    golden::response::<InitProducerIdRequest>(
        0,
        "00000001  0002  0000000000000003  0004",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = InitProducerIdResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        producer_id: 3,
        producer_epoch: 4,
        ..Default::default()
    };
    golden::response::<InitProducerIdRequest>(
        2,
        "00000001  0002  0000000000000003  0004  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = InitProducerIdResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        producer_id: 3,
        producer_epoch: 4,
        ongoing_txn_producer_id: 5,
        ongoing_txn_producer_epoch: 6,
    };
    golden::response::<InitProducerIdRequest>(
        6,
        "00000001  0002  0000000000000003  0004  0000000000000005  0006  00",
        &response,
    );
}
