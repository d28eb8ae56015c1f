use bytes::Bytes;

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = ExpireDelegationTokenRequest {
        hmac: Secret(Bytes::from_static(b"\xb1\x0b")),
        expiry_time_period_ms: 2,
    };
    golden::request(1, "00000002 b10b  0000000000000002", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = ExpireDelegationTokenRequest {
        hmac: Secret(Bytes::from_static(b"\xb1\x0b")),
        expiry_time_period_ms: 2,
    };
    golden::request(2, "03 b10b  0000000000000002  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = ExpireDelegationTokenResponse {
        error_code: ErrorCode(1),
        expiry_timestamp_ms: 2,
        throttle_time_ms: 3,
    };
    golden::response::<ExpireDelegationTokenRequest>(
        1,
        "0001  0000000000000002  00000003",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ExpireDelegationTokenResponse {
        error_code: ErrorCode(1),
        expiry_timestamp_ms: 2,
        throttle_time_ms: 3,
    };
    golden::response::<ExpireDelegationTokenRequest>(
        2,
        "0001  0000000000000002  00000003  00",
        &response,
    );
}
