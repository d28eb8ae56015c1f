use bytes::Bytes;

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = SaslAuthenticateRequest {
        auth_bytes: Secret(Bytes::from_static(b"\xb1\x0b")),
    };
    golden::request(0, "00000002 b10b", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = SaslAuthenticateRequest {
        auth_bytes: Secret(Bytes::from_static(b"\xb1\x0b")),
    };
    golden::request(2, "03 b10b  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = SaslAuthenticateResponse {
        error_code: ErrorCode(1),
        error_message: Some("no".into()),
        auth_bytes: Secret(Bytes::from_static(b"\xb2\x0b")),
        ..Default::default()
    };
    golden::response::<SaslAuthenticateRequest>(0, "0001  0002 6e6f  00000002 b20b", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = SaslAuthenticateResponse {
        error_code: ErrorCode(1),
        auth_bytes: Secret(Bytes::from_static(b"\xb2\x0b")),
        session_lifetime_ms: 3,
        ..Default::default()
    };
    golden::response::<SaslAuthenticateRequest>(
        2,
        "0001  00  03 b20b  0000000000000003  00",
        &response,
    );
}
