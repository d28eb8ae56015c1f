use bytes::Bytes;

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = CreateDelegationTokenRequest {
        renewers: vec![CreatableRenewers {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
        }],
        max_lifetime_ms: 1,
        ..Default::default()
    };
    golden::request(
        1,
        "00000001  0004 7072696e  0004 7072696e  0000000000000001",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = CreateDelegationTokenRequest {
        renewers: vec![CreatableRenewers {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
        }],
        max_lifetime_ms: 1,
        ..Default::default()
    };
    golden::request(
        2,
        "02  05 7072696e  05 7072696e  00  0000000000000001  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = CreateDelegationTokenRequest {
        renewers: vec![CreatableRenewers {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
        }],
        max_lifetime_ms: 1,
        ..Default::default()
    };
    golden::request(
        3,
        "00  00  02  05 7072696e  05 7072696e  00  0000000000000001  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = CreateDelegationTokenResponse {
        error_code: ErrorCode(1),
        principal_type: "prin".into(),
        principal_name: "prin".into(),
        issue_timestamp_ms: 2,
        expiry_timestamp_ms: 3,
        max_timestamp_ms: 4,
        token_id: "toke".into(),
        hmac: Secret(Bytes::from_static(b"\xb5\x0b")),
        throttle_time_ms: 6,
        ..Default::default()
    };
    golden::response::<CreateDelegationTokenRequest>(
        1,
        "0001  0004 7072696e  0004 7072696e  0000000000000002  0000000000000003
         0000000000000004  0004 746f6b65  00000002 b50b  00000006",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = CreateDelegationTokenResponse {
        error_code: ErrorCode(1),
        principal_type: "prin".into(),
        principal_name: "prin".into(),
        issue_timestamp_ms: 2,
        expiry_timestamp_ms: 3,
        max_timestamp_ms: 4,
        token_id: "toke".into(),
        hmac: Secret(Bytes::from_static(b"\xb5\x0b")),
        throttle_time_ms: 6,
        ..Default::default()
    };
    golden::response::<CreateDelegationTokenRequest>(
        2,
        "0001  05 7072696e  05 7072696e  0000000000000002  0000000000000003  0000000000000004
         05 746f6b65  03 b50b  00000006  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = CreateDelegationTokenResponse {
        error_code: ErrorCode(1),
        principal_type: "prin".into(),
        principal_name: "prin".into(),
        token_requester_principal_type: "toke".into(),
        token_requester_principal_name: "toke".into(),
        issue_timestamp_ms: 2,
        expiry_timestamp_ms: 3,
        max_timestamp_ms: 4,
        token_id: "toke".into(),
        hmac: Secret(Bytes::from_static(b"\xb5\x0b")),
        throttle_time_ms: 6,
    };
    golden::response::<CreateDelegationTokenRequest>(
        3,
        "0001  05 7072696e  05 7072696e  05 746f6b65  05 746f6b65  0000000000000002
         0000000000000003  0000000000000004  05 746f6b65  03 b50b  00000006  00",
        &response,
    );
}
