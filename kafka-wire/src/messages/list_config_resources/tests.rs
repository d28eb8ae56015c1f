use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = ListConfigResourcesRequest::default();
    golden::request(0, "00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = ListConfigResourcesRequest {
        resource_types: vec![1],
    };
    golden::request(1, "02  01  00", &request);
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = ListConfigResourcesResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        config_resources: vec![ConfigResource {
            resource_name: "reso".into(),
            ..Default::default()
        }],
    };
    golden::response::<ListConfigResourcesRequest>(
        0,
        "00000001  0002  02  05 7265736f  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ListConfigResourcesResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        config_resources: vec![ConfigResource {
            resource_name: "reso".into(),
            resource_type: 3,
        }],
    };
    golden::response::<ListConfigResourcesRequest>(
        1,
        "00000001  0002  02  05 7265736f  03  00  00",
        &response,
    );
}
