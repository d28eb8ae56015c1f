use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = UpdateFeaturesRequest {
        timeout_ms: 1,
        feature_updates: vec![FeatureUpdateKey {
            feature: "feat".into(),
            max_version_level: 2,
            allow_downgrade: true,
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(0, "00000001  02  05 66656174  0002  01  00  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = UpdateFeaturesRequest {
        timeout_ms: 1,
        feature_updates: vec![FeatureUpdateKey {
            feature: "feat".into(),
            max_version_level: 2,
            upgrade_type: 3,
            ..Default::default()
        }],
        validate_only: true,
    };
    golden::request(
        2,
        "00000001  02  05 66656174  0002  03  00  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = UpdateFeaturesResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        results: vec![UpdatableFeatureResult {
            feature: "feat".into(),
            error_code: ErrorCode(3),
            error_message: Some("no".into()),
        }],
    };
    golden::response::<UpdateFeaturesRequest>(
        0,
        "00000001  0002  03 6e6f  02  05 66656174  0003  03 6e6f  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = UpdateFeaturesResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        ..Default::default()
    };
    golden::response::<UpdateFeaturesRequest>(2, "00000001  0002  00  00", &response);
}
