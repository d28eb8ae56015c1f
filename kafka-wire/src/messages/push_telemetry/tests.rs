use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = PushTelemetryRequest {
        client_instance_id: Uuid([1; 16]),
        subscription_id: 2,
        terminating: true,
        compression_type: 3,
        metrics: Bytes::from_static(b"\xb4\x0b"),
    };
    golden::request(
        0,
        "01010101010101010101010101010101  00000002  01  03  03 b40b  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = PushTelemetryResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
    };
    golden::response::<PushTelemetryRequest>(0, "00000001  0002  00", &response);
}
