use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = ListGroupsRequest::default();
    golden::request(0, "", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = ListGroupsRequest::default();
    golden::request(3, "00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = ListGroupsRequest {
        states_filter: vec!["Stable".into()],
        types_filter: vec!["classic".into()],
    };
    golden::request(
        5,
        "02  07 537461626c65  02  08 636c6173736963  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = ListGroupsResponse {
        error_code: ErrorCode(1),
        groups: vec![ListedGroup {
            group_id: "g".into(),
            protocol_type: "consumer".into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<ListGroupsRequest>(
        0,
        "0001  00000001  0001 67  0008 636f6e73756d6572",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = ListGroupsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        groups: vec![ListedGroup {
            group_id: "g".into(),
            protocol_type: "consumer".into(),
            ..Default::default()
        }],
    };
    golden::response::<ListGroupsRequest>(
        3,
        "00000001  0002  02  02 67  09 636f6e73756d6572  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ListGroupsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        groups: vec![ListedGroup {
            group_id: "g".into(),
            protocol_type: "consumer".into(),
            group_state: "Stable".into(),
            group_type: "classic".into(),
        }],
    };
    golden::response::<ListGroupsRequest>(
        5,
        "00000001  0002  02  02 67  09 636f6e73756d6572  07 537461626c65  08 636c6173736963
         00  00",
        &response,
    );
}
