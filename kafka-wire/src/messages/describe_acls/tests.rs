use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DescribeAclsRequest {
        resource_type_filter: 1,
        resource_name_filter: Some("reso".into()),
        pattern_type_filter: 2,
        principal_filter: Some("prin".into()),
        host_filter: Some("host".into()),
        operation: 3,
        permission_type: 4,
    };
    golden::request(
        1,
        "01  0004 7265736f  02  0004 7072696e  0004 686f7374  03  04",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = DescribeAclsRequest {
        resource_type_filter: 1,
        resource_name_filter: Some("reso".into()),
        pattern_type_filter: 2,
        principal_filter: Some("prin".into()),
        host_filter: Some("host".into()),
        operation: 3,
        permission_type: 4,
    };
    golden::request(
        2,
        "01  05 7265736f  02  05 7072696e  05 686f7374  03  04  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeAclsRequest {
        resource_type_filter: 1,
        pattern_type_filter: 2,
        operation: 3,
        permission_type: 4,
        ..Default::default()
    };
    golden::request(3, "01  00  02  00  00  03  04  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = DescribeAclsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        resources: vec![DescribeAclsResource {
            resource_type: 3,
            resource_name: "reso".into(),
            pattern_type: 4,
            acls: vec![AclDescription {
                principal: "prin".into(),
                host: "h".into(),
                operation: 5,
                permission_type: 6,
            }],
        }],
    };
    golden::response::<DescribeAclsRequest>(
        1,
        "00000001  0002  0002 6e6f  00000001  03  0004 7265736f  04  00000001  0004 7072696e
         0001 68  05  06",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = DescribeAclsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        resources: vec![DescribeAclsResource {
            resource_type: 3,
            resource_name: "reso".into(),
            pattern_type: 4,
            acls: vec![AclDescription {
                principal: "prin".into(),
                host: "h".into(),
                operation: 5,
                permission_type: 6,
            }],
        }],
    };
    golden::response::<DescribeAclsRequest>(
        2,
        "00000001  0002  03 6e6f  02  03  05 7265736f  04  02  05 7072696e  02 68  05  06  00
         00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeAclsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        resources: vec![DescribeAclsResource {
            resource_type: 3,
            resource_name: "reso".into(),
            pattern_type: 4,
            acls: vec![AclDescription {
                principal: "prin".into(),
                host: "h".into(),
                operation: 5,
                permission_type: 6,
            }],
        }],
        ..Default::default()
    };
    golden::response::<DescribeAclsRequest>(
        3,
        "00000001  0002  00  02  03  05 7265736f  04  02  05 7072696e  02 68  05  06  00  00
         00",
        &response,
    );
}
