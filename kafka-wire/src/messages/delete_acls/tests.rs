use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DeleteAclsRequest {
        filters: vec![DeleteAclsFilter {
            resource_type_filter: 1,
            resource_name_filter: Some("reso".into()),
            pattern_type_filter: 2,
            principal_filter: Some("prin".into()),
            host_filter: Some("host".into()),
            operation: 3,
            permission_type: 4,
        }],
    };
    golden::request(
        1,
        "00000001  01  0004 7265736f  02  0004 7072696e  0004 686f7374  03  04",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = DeleteAclsRequest {
        filters: vec![DeleteAclsFilter {
            resource_type_filter: 1,
            resource_name_filter: Some("reso".into()),
            pattern_type_filter: 2,
            principal_filter: Some("prin".into()),
            host_filter: Some("host".into()),
            operation: 3,
            permission_type: 4,
        }],
    };
    golden::request(
        2,
        "02  01  05 7265736f  02  05 7072696e  05 686f7374  03  04  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = DeleteAclsRequest {
        filters: vec![DeleteAclsFilter {
            resource_type_filter: 1,
            pattern_type_filter: 2,
            operation: 3,
            permission_type: 4,
            ..Default::default()
        }],
    };
    golden::request(3, "02  01  00  02  00  00  03  04  00  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = DeleteAclsResponse {
        throttle_time_ms: 1,
        filter_results: vec![DeleteAclsFilterResult {
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
            matching_acls: vec![DeleteAclsMatchingAcl {
                error_code: ErrorCode(3),
                error_message: Some("no".into()),
                resource_type: 4,
                resource_name: "reso".into(),
                pattern_type: 5,
                principal: "prin".into(),
                host: "h".into(),
                operation: 6,
                permission_type: 7,
            }],
        }],
    };
    golden::response::<DeleteAclsRequest>(
        1,
        "00000001  00000001  0002  0002 6e6f  00000001  0003  0002 6e6f  04  0004 7265736f
         05  0004 7072696e  0001 68  06  07",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = DeleteAclsResponse {
        throttle_time_ms: 1,
        filter_results: vec![DeleteAclsFilterResult {
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
            matching_acls: vec![DeleteAclsMatchingAcl {
                error_code: ErrorCode(3),
                error_message: Some("no".into()),
                resource_type: 4,
                resource_name: "reso".into(),
                pattern_type: 5,
                principal: "prin".into(),
                host: "h".into(),
                operation: 6,
                permission_type: 7,
            }],
        }],
    };
    golden::response::<DeleteAclsRequest>(
        2,
        "00000001  02  0002  03 6e6f  02  0003  03 6e6f  04  05 7265736f  05  05 7072696e
         02 68  06  07  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DeleteAclsResponse {
        throttle_time_ms: 1,
        filter_results: vec![DeleteAclsFilterResult {
            error_code: ErrorCode(2),
            matching_acls: vec![DeleteAclsMatchingAcl {
                error_code: ErrorCode(3),
                resource_type: 4,
                resource_name: "reso".into(),
                pattern_type: 5,
                principal: "prin".into(),
                host: "h".into(),
                operation: 6,
                permission_type: 7,
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    golden::response::<DeleteAclsRequest>(
        3,
        "00000001  02  0002  00  02  0003  00  04  05 7265736f  05  05 7072696e  02 68  06
         07  00  00  00",
        &response,
    );
}
