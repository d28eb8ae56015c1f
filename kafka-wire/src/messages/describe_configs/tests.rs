use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: 1,
            resource_name: "reso".into(),
            configuration_keys: Some(vec!["conf".into()]),
        }],
        include_synonyms: true,
        ..Default::default()
    };
    golden::request(
        1,
        "00000001  01  0004 7265736f  00000001  0004 636f6e66  01",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: 1,
            resource_name: "reso".into(),
            configuration_keys: Some(vec!["conf".into()]),
        }],
        include_synonyms: true,
        include_documentation: true,
    };
    golden::request(
        4,
        "02  01  05 7265736f  02  05 636f6e66  00  01  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = DescribeConfigsResponse {
        throttle_time_ms: 1,
        results: vec![DescribeConfigsResult {
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
            resource_type: 3,
            resource_name: "reso".into(),
            configs: vec![DescribeConfigsResourceResult {
                name: "orders".into(),
                value: Some("1".into()),
                read_only: true,
                config_source: 4,
                is_sensitive: true,
                synonyms: vec![DescribeConfigsSynonym {
                    name: "orders".into(),
                    value: Some("1".into()),
                    source: 5,
                }],
                ..Default::default()
            }],
        }],
    };
    golden::response::<DescribeConfigsRequest>(
        1,
        "00000001  00000001  0002  0002 6e6f  03  0004 7265736f  00000001  0006 6f7264657273
         0001 31  01  04  01  00000001  0006 6f7264657273  0001 31  05",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeConfigsResponse {
        throttle_time_ms: 1,
        results: vec![DescribeConfigsResult {
            error_code: ErrorCode(2),
            resource_type: 3,
            resource_name: "reso".into(),
            configs: vec![DescribeConfigsResourceResult {
                name: "orders".into(),
                read_only: true,
                config_source: 4,
                is_sensitive: true,
                synonyms: vec![DescribeConfigsSynonym {
                    name: "orders".into(),
                    source: 5,
                    ..Default::default()
                }],
                config_type: 6,
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    golden::response::<DescribeConfigsRequest>(
        4,
        "00000001  02  0002  00  03  05 7265736f  02  07 6f7264657273  00  01  04  01  02
         07 6f7264657273  00  05  00  06  00  00  00  00",
        &response,
    );
}
