use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = UnregisterBrokerRequest { broker_id: 1 };
    golden::request(0, "00000001  00", &request);
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = UnregisterBrokerResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        ..Default::default()
    };
    golden::response::<UnregisterBrokerRequest>(0, "00000001  0002  00  00", &response);
}
