use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = DeleteShareGroupOffsetsRequest {
        group_id: "g".into(),
        topics: vec![DeleteShareGroupOffsetsRequestTopic {
            topic_name: "orders".into(),
        }],
    };
    golden::request(0, "02 67  02  07 6f7264657273  00  00", &request);
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = DeleteShareGroupOffsetsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        responses: vec![DeleteShareGroupOffsetsResponseTopic {
            topic_name: "orders".into(),
            topic_id: Uuid([3; 16]),
            error_code: ErrorCode(4),
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<DeleteShareGroupOffsetsRequest>(
        0,
        "00000001  0002  00  02  07 6f7264657273  03030303030303030303030303030303  0004  00
         00  00",
        &response,
    );
}
