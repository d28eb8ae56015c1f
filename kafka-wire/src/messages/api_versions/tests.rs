use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = ApiVersionsRequest::default();
    golden::request(0, "", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = ApiVersionsRequest {
        client_software_name: "me".into(),
        client_software_version: "1".into(),
    };
    golden::request(3, "03 6d65  02 31  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = ApiVersionsRequest {
        client_software_name: "me".into(),
        client_software_version: "1".into(),
    };
    golden::request(4, "03 6d65  02 31  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = ApiVersionsResponse {
        error_code: ErrorCode(1),
        api_keys: vec![ApiVersion {
            api_key: 2,
            min_version: 3,
            max_version: 4,
        }],
        ..Default::default()
    };
    golden::response::<ApiVersionsRequest>(0, "0001  00000001  0002  0003  0004", &response);
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = ApiVersionsResponse {
        error_code: ErrorCode(1),
        api_keys: vec![ApiVersion {
            api_key: 2,
            min_version: 3,
            max_version: 4,
        }],
        throttle_time_ms: 5,
        supported_features: vec![SupportedFeatureKey {
            name: "orders".into(),
            min_version: 6,
            max_version: 7,
        }],
        finalized_features_epoch: 8,
        finalized_features: vec![FinalizedFeatureKey {
            name: "orders".into(),
            max_version_level: 9,
            min_version_level: 10,
        }],
        zk_migration_ready: true,
    };
    golden::response::<ApiVersionsRequest>(
        3,
        "0001  02  0002  0003  0004  00  00000005  04  00  0d  02  07 6f7264657273  0006
         0007  00  01  08  0000000000000008  02  0d  02  07 6f7264657273  0009  000a  00  03
         01  01",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ApiVersionsResponse {
        error_code: ErrorCode(1),
        api_keys: vec![ApiVersion {
            api_key: 2,
            min_version: 3,
            max_version: 4,
        }],
        throttle_time_ms: 5,
        supported_features: vec![SupportedFeatureKey {
            name: "orders".into(),
            min_version: 6,
            max_version: 7,
        }],
        finalized_features_epoch: 8,
        finalized_features: vec![FinalizedFeatureKey {
            name: "orders".into(),
            max_version_level: 9,
            min_version_level: 10,
        }],
        zk_migration_ready: true,
    };
    golden::response::<ApiVersionsRequest>(
        4,
        "0001  02  0002  0003  0004  00  00000005  04  00  0d  02  07 6f7264657273  0006
         0007  00  01  08  0000000000000008  02  0d  02  07 6f7264657273  0009  000a  00  03
         01  01",
        &response,
    );
}
