use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = AlterShareGroupOffsetsRequest {
        group_id: "g".into(),
        topics: vec![AlterShareGroupOffsetsRequestTopic {
            topic_name: "orders".into(),
            partitions: vec![AlterShareGroupOffsetsRequestPartition {
                partition_index: 1,
                start_offset: 2,
            }],
        }],
    };
    golden::request(
        0,
        "02 67  02  07 6f7264657273  02  00000001  0000000000000002  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = AlterShareGroupOffsetsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        responses: vec![AlterShareGroupOffsetsResponseTopic {
            topic_name: "orders".into(),
            topic_id: Uuid([3; 16]),
            partitions: vec![AlterShareGroupOffsetsResponsePartition {
                partition_index: 4,
                error_code: ErrorCode(5),
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::response::<AlterShareGroupOffsetsRequest>(
        0,
        "00000001  0002  00  02  07 6f7264657273  03030303030303030303030303030303  02
         00000004  0005  00  00  00  00",
        &response,
    );
}
