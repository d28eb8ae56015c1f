use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = HeartbeatRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: "m".into(),
        ..Default::default()
    };
    golden::request(0, "0001 67  00000001  0001 6d", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = HeartbeatRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: "m".into(),
        ..Default::default()
    };
    golden::request(4, "02 67  00000001  02 6d  00  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = HeartbeatResponse {
        error_code: ErrorCode(1),
        ..Default::default()
    };
    golden::response::<HeartbeatRequest>(0, "0001", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = HeartbeatResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
    };
    golden::response::<HeartbeatRequest>(4, "00000001  0002  00", &response);
}
