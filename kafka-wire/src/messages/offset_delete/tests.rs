use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version() {
    let request = OffsetDeleteRequest {
        group_id: "g".into(),
        topics: vec![OffsetDeleteRequestTopic {
            name: "orders".into(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 1 }],
        }],
    };
    golden::request(
        0,
        "0001 67  00000001  0006 6f7264657273  00000001  00000001",
        &request,
    );
}

#[test]
fn response_in_its_only_version() {
    let response = OffsetDeleteResponse {
        error_code: ErrorCode(1),
        throttle_time_ms: 2,
        topics: vec![OffsetDeleteResponseTopic {
            name: "orders".into(),
            partitions: vec![OffsetDeleteResponsePartition {
                partition_index: 3,
                error_code: ErrorCode(4),
            }],
        }],
    };
    golden::response::<OffsetDeleteRequest>(
        0,
        "0001  00000002  00000001  0006 6f7264657273  00000001  00000003  0004",
        &response,
    );
}
