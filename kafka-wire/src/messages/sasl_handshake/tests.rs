use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = SaslHandshakeRequest {
        mechanism: "PLAIN".into(),
    };
    golden::request(0, "0005 504c41494e", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = SaslHandshakeRequest {
        mechanism: "PLAIN".into(),
    };
    golden::request(1, "0005 504c41494e", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = SaslHandshakeResponse {
        error_code: ErrorCode(1),
        mechanisms: vec!["PLAIN".into()],
    };
    golden::response::<SaslHandshakeRequest>(0, "0001  00000001  0005 504c41494e", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = SaslHandshakeResponse {
        error_code: ErrorCode(1),
        mechanisms: vec!["PLAIN".into()],
    };
    golden::response::<SaslHandshakeRequest>(1, "0001  00000001  0005 504c41494e", &response);
}
