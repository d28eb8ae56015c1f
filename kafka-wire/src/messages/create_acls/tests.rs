use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = CreateAclsRequest {
        creations: vec![AclCreation {
            resource_type: 1,
            resource_name: "reso".into(),
            resource_pattern_type: 2,
            principal: "prin".into(),
            host: "h".into(),
            operation: 3,
            permission_type: 4,
        }],
    };
    golden::request(
        1,
        "00000001  01  0004 7265736f  02  0004 7072696e  0001 68  03  04",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = CreateAclsRequest {
        creations: vec![AclCreation {
            resource_type: 1,
            resource_name: "reso".into(),
            resource_pattern_type: 2,
            principal: "prin".into(),
            host: "h".into(),
            operation: 3,
            permission_type: 4,
        }],
    };
    golden::request(
        2,
        "02  01  05 7265736f  02  05 7072696e  02 68  03  04  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = CreateAclsRequest {
        creations: vec![AclCreation {
            resource_type: 1,
            resource_name: "reso".into(),
            resource_pattern_type: 2,
            principal: "prin".into(),
            host: "h".into(),
            operation: 3,
            permission_type: 4,
        }],
    };
    golden::request(
        3,
        "02  01  05 7265736f  02  05 7072696e  02 68  03  04  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = CreateAclsResponse {
        throttle_time_ms: 1,
        results: vec![AclCreationResult {
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
        }],
    };
    golden::response::<CreateAclsRequest>(1, "00000001  00000001  0002  0002 6e6f", &response);
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = CreateAclsResponse {
        throttle_time_ms: 1,
        results: vec![AclCreationResult {
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
        }],
    };
    golden::response::<CreateAclsRequest>(2, "00000001  02  0002  03 6e6f  00  00", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = CreateAclsResponse {
        throttle_time_ms: 1,
        results: vec![AclCreationResult {
            error_code: ErrorCode(2),
            ..Default::default()
        }],
    };
    golden::response::<CreateAclsRequest>(3, "00000001  02  0002  00  00  00", &response);
}
