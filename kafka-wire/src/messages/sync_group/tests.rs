use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = SyncGroupRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: "m".into(),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: "m".into(),
            assignment: Bytes::from_static(b"\xb2\x0b"),
        }],
        ..Default::default()
    };
    golden::request(
        0,
        "0001 67  00000001  0001 6d  00000001  0001 6d  00000002 b20b",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = SyncGroupRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: "m".into(),
        group_instance_id: Some("i".into()),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: "m".into(),
            assignment: Bytes::from_static(b"\xb2\x0b"),
        }],
        ..Default::default()
    };
    golden::request(
        4,
        "02 67  00000001  02 6d  02 69  02  02 6d  03 b20b  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = SyncGroupRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: "m".into(),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: "m".into(),
            assignment: Bytes::from_static(b"\xb2\x0b"),
        }],
        ..Default::default()
    };
    golden::request(
        5,
        "02 67  00000001  02 6d  00  00  00  02  02 6d  03 b20b  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = SyncGroupResponse {
        error_code: ErrorCode(1),
        assignment: Bytes::from_static(b"\xb2\x0b"),
        ..Default::default()
    };
    golden::response::<SyncGroupRequest>(0, "0001  00000002 b20b", &response);
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = SyncGroupResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        assignment: Bytes::from_static(b"\xb3\x0b"),
        ..Default::default()
    };
    golden::response::<SyncGroupRequest>(4, "00000001  0002  03 b30b  00", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = SyncGroupResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        assignment: Bytes::from_static(b"\xb3\x0b"),
        ..Default::default()
    };
    golden::response::<SyncGroupRequest>(5, "00000001  0002  00  00  03 b30b  00", &response);
}
