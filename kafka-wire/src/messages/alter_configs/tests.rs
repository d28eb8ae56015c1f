use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = AlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 1,
            resource_name: "reso".into(),
            configs: vec![AlterableConfig {
                name: "orders".into(),
                value: Secret(Some("1".into())),
            }],
        }],
        validate_only: true,
    };
    golden::request(
        0,
        "00000001  01  0004 7265736f  00000001  0006 6f7264657273  0001 31  01",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = AlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 1,
            resource_name: "reso".into(),
            configs: vec![AlterableConfig {
                name: "orders".into(),
                ..Default::default()
            }],
        }],
        validate_only: true,
    };
    golden::request(
        2,
        "02  01  05 7265736f  02  07 6f7264657273  00  00  00  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = AlterConfigsResponse {
        throttle_time_ms: 1,
        responses: vec![AlterConfigsResourceResponse {
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
            resource_type: 3,
            resource_name: "reso".into(),
        }],
    };
    golden::response::<AlterConfigsRequest>(
        0,
        "00000001  00000001  0002  0002 6e6f  03  0004 7265736f",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = AlterConfigsResponse {
        throttle_time_ms: 1,
        responses: vec![AlterConfigsResourceResponse {
            error_code: ErrorCode(2),
            resource_type: 3,
            resource_name: "reso".into(),
            ..Default::default()
        }],
    };
    golden::response::<AlterConfigsRequest>(
        2,
        "00000001  02  0002  00  03  05 7265736f  00  00",
        &response,
    );
}
