use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 1,
        member_id: "m".into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "orders".into(),
            metadata: Bytes::from_static(b"\xb2\x0b"),
        }],
        ..Default::default()
    };
    golden::request(
        0,
        "0001 67  00000001  0001 6d  0008 636f6e73756d6572  00000001  0006 6f7264657273
         00000002 b20b",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 1,
        rebalance_timeout_ms: 2,
        member_id: "m".into(),
        group_instance_id: Some("i".into()),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "orders".into(),
            metadata: Bytes::from_static(b"\xb3\x0b"),
        }],
        ..Default::default()
    };
    golden::request(
        6,
        "02 67  00000001  00000002  02 6d  02 69  09 636f6e73756d6572  02  07 6f7264657273
         03 b30b  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 1,
        rebalance_timeout_ms: 2,
        member_id: "m".into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "orders".into(),
            metadata: Bytes::from_static(b"\xb3\x0b"),
        }],
        ..Default::default()
    };
    golden::request(
        9,
        "02 67  00000001  00000002  02 6d  00  09 636f6e73756d6572  02  07 6f7264657273
         03 b30b  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = JoinGroupResponse {
        error_code: ErrorCode(1),
        generation_id: 2,
        protocol_name: Some("range".into()),
        leader: "m".into(),
        member_id: "m".into(),
        members: vec![JoinGroupResponseMember {
            member_id: "m".into(),
            metadata: Bytes::from_static(b"\xb3\x0b"),
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<JoinGroupRequest>(
        0,
        "0001  00000002  0005 72616e6765  0001 6d  0001 6d  00000001  0001 6d  00000002 b30b",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = JoinGroupResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        generation_id: 3,
        protocol_name: Some("range".into()),
        leader: "m".into(),
        member_id: "m".into(),
        members: vec![JoinGroupResponseMember {
            member_id: "m".into(),
            group_instance_id: Some("i".into()),
            metadata: Bytes::from_static(b"\xb4\x0b"),
        }],
        ..Default::default()
    };
    golden::response::<JoinGroupRequest>(
        6,
        "00000001  0002  00000003  06 72616e6765  02 6d  02 6d  02  02 6d  02 69  03 b40b  00
         00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = JoinGroupResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        generation_id: 3,
        leader: "m".into(),
        skip_assignment: true,
        member_id: "m".into(),
        members: vec![JoinGroupResponseMember {
            member_id: "m".into(),
            metadata: Bytes::from_static(b"\xb4\x0b"),
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<JoinGroupRequest>(
        9,
        "00000001  0002  00000003  00  00  02 6d  01  02 6d  02  02 6d  00  03 b40b  00  00",
        &response,
    );
}
