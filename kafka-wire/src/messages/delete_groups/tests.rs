use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DeleteGroupsRequest {
        groups_names: vec!["grou".into()],
    };
    golden::request(0, "00000001  0004 67726f75", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = DeleteGroupsRequest {
        groups_names: vec!["grou".into()],
    };
    golden::request(2, "02  05 67726f75  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = DeleteGroupsResponse {
        throttle_time_ms: 1,
        results: vec![DeletableGroupResult {
            group_id: "g".into(),
            error_code: ErrorCode(2),
        }],
    };
    golden::response::<DeleteGroupsRequest>(0, "00000001  00000001  0001 67  0002", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = DeleteGroupsResponse {
        throttle_time_ms: 1,
        results: vec![DeletableGroupResult {
            group_id: "g".into(),
            error_code: ErrorCode(2),
        }],
    };
    golden::response::<DeleteGroupsRequest>(2, "00000001  02  02 67  0002  00  00", &response);
}
