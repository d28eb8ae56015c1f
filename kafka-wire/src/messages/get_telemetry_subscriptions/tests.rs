use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = GetTelemetrySubscriptionsRequest {
        client_instance_id: Uuid([1; 16]),
    };
    golden::request(0, "01010101010101010101010101010101  00", &request);
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = GetTelemetrySubscriptionsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        client_instance_id: Uuid([3; 16]),
        subscription_id: 4,
        accepted_compression_types: vec![5],
        push_interval_ms: 6,
        telemetry_max_bytes: 7,
        delta_temporality: true,
        requested_metrics: vec!["requ".into()],
    };
    golden::response::<GetTelemetrySubscriptionsRequest>(
        0,
        "00000001  0002  03030303030303030303030303030303  00000004  02  05  00000006
         00000007  01  02  05 72657175  00",
        &response,
    );
}
