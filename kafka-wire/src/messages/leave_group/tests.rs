use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = LeaveGroupRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        ..Default::default()
    };
    golden::request(0, "0001 67  0001 6d", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = LeaveGroupRequest {
        group_id: "g".into(),
        members: vec![MemberIdentity {
            member_id: "m".into(),
            group_instance_id: Some("i".into()),
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(4, "02 67  02  02 6d  02 69  00  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = LeaveGroupRequest {
        group_id: "g".into(),
        members: vec![MemberIdentity {
            member_id: "m".into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(5, "02 67  02  02 6d  00  00  00  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = LeaveGroupResponse {
        error_code: ErrorCode(1),
        ..Default::default()
    };
    golden::response::<LeaveGroupRequest>(0, "0001", &response);
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = LeaveGroupResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        members: vec![MemberResponse {
            member_id: "m".into(),
            group_instance_id: Some("i".into()),
            error_code: ErrorCode(3),
        }],
    };
    golden::response::<LeaveGroupRequest>(
        4,
        "00000001  0002  02  02 6d  02 69  0003  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = LeaveGroupResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        members: vec![MemberResponse {
            member_id: "m".into(),
            error_code: ErrorCode(3),
            ..Default::default()
        }],
    };
    golden::response::<LeaveGroupRequest>(
        5,
        "00000001  0002  02  02 6d  00  0003  00  00",
        &response,
    );
}
