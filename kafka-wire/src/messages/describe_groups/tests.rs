use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DescribeGroupsRequest {
        groups: vec!["g".into()],
        ..Default::default()
    };
    golden::request(0, "00000001  0001 67", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = DescribeGroupsRequest {
        groups: vec!["g".into()],
        include_authorized_operations: true,
    };
    golden::request(5, "02  02 67  01  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeGroupsRequest {
        groups: vec!["g".into()],
        include_authorized_operations: true,
    };
    golden::request(6, "02  02 67  01  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = DescribeGroupsResponse {
        groups: vec![DescribedGroup {
            error_code: ErrorCode(1),
            group_id: "g".into(),
            group_state: "Stable".into(),
            protocol_type: "consumer".into(),
            protocol_data: "range".into(),
            members: vec![DescribedGroupMember {
                member_id: "m".into(),
                client_id: "c".into(),
                client_host: "/h".into(),
                member_metadata: Bytes::from_static(b"\xb2\x0b"),
                member_assignment: Bytes::from_static(b"\xb3\x0b"),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<DescribeGroupsRequest>(
        0,
        "00000001  0001  0001 67  0006 537461626c65  0008 636f6e73756d6572  0005 72616e6765
         00000001  0001 6d  0001 63  0002 2f68  00000002 b20b  00000002 b30b",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = DescribeGroupsResponse {
        throttle_time_ms: 1,
        groups: vec![DescribedGroup {
            error_code: ErrorCode(2),
            group_id: "g".into(),
            group_state: "Stable".into(),
            protocol_type: "consumer".into(),
            protocol_data: "range".into(),
            members: vec![DescribedGroupMember {
                member_id: "m".into(),
                group_instance_id: Some("i".into()),
                client_id: "c".into(),
                client_host: "/h".into(),
                member_metadata: Bytes::from_static(b"\xb3\x0b"),
                member_assignment: Bytes::from_static(b"\xb4\x0b"),
            }],
            authorized_operations: 5,
            ..Default::default()
        }],
    };
    golden::response::<DescribeGroupsRequest>(
        5,
        "00000001  02  0002  02 67  07 537461626c65  09 636f6e73756d6572  06 72616e6765  02
         02 6d  02 69  02 63  03 2f68  03 b30b  03 b40b  00  00000005  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeGroupsResponse {
        throttle_time_ms: 1,
        groups: vec![DescribedGroup {
            error_code: ErrorCode(2),
            group_id: "g".into(),
            group_state: "Stable".into(),
            protocol_type: "consumer".into(),
            protocol_data: "range".into(),
            members: vec![DescribedGroupMember {
                member_id: "m".into(),
                client_id: "c".into(),
                client_host: "/h".into(),
                member_metadata: Bytes::from_static(b"\xb3\x0b"),
                member_assignment: Bytes::from_static(b"\xb4\x0b"),
                ..Default::default()
            }],
            authorized_operations: 5,
            ..Default::default()
        }],
    };
    golden::response::<DescribeGroupsRequest>(
        6,
        "00000001  02  0002  00  02 67  07 537461626c65  09 636f6e73756d6572  06 72616e6765
         02  02 6d  00  02 63  03 2f68  03 b30b  03 b40b  00  00000005  00  00",
        &response,
    );
}
