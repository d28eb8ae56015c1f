use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = DescribeShareGroupOffsetsRequest {
        groups: vec![DescribeShareGroupOffsetsRequestGroup {
            group_id: "g".into(),
            topics: Some(vec![DescribeShareGroupOffsetsRequestTopic {
                topic_name: "orders".into(),
                partitions: vec![1, 2],
            }]),
        }],
    };
    golden::request(
        0,
        "02  02 67  02  07 6f7264657273  03  00000001  00000002  00  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeShareGroupOffsetsRequest {
        groups: vec![DescribeShareGroupOffsetsRequestGroup {
            group_id: "g".into(),
            topics: Some(vec![DescribeShareGroupOffsetsRequestTopic {
                topic_name: "orders".into(),
                partitions: vec![1, 2],
            }]),
        }],
    };
    golden::request(
        1,
        "02  02 67  02  07 6f7264657273  03  00000001  00000002  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = DescribeShareGroupOffsetsResponse {
        throttle_time_ms: 1,
        groups: vec![DescribeShareGroupOffsetsResponseGroup {
            group_id: "g".into(),
            topics: vec![DescribeShareGroupOffsetsResponseTopic {
                topic_name: "orders".into(),
                topic_id: Uuid([2; 16]),
                partitions: vec![DescribeShareGroupOffsetsResponsePartition {
                    partition_index: 3,
                    start_offset: 4,
                    leader_epoch: 5,
                    error_code: ErrorCode(6),
                    error_message: Some("no".into()),
                    ..Default::default()
                }],
            }],
            error_code: ErrorCode(7),
            error_message: Some("no".into()),
        }],
    };
    golden::response::<DescribeShareGroupOffsetsRequest>(
        0,
        "00000001  02  02 67  02  07 6f7264657273  02020202020202020202020202020202  02
         00000003  0000000000000004  00000005  0006  03 6e6f  00  00  0007  03 6e6f  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeShareGroupOffsetsResponse {
        throttle_time_ms: 1,
        groups: vec![DescribeShareGroupOffsetsResponseGroup {
            group_id: "g".into(),
            topics: vec![DescribeShareGroupOffsetsResponseTopic {
                topic_name: "orders".into(),
                topic_id: Uuid([2; 16]),
                partitions: vec![DescribeShareGroupOffsetsResponsePartition {
                    partition_index: 3,
                    start_offset: 4,
                    leader_epoch: 5,
                    lag: 6,
                    error_code: ErrorCode(7),
                    ..Default::default()
                }],
            }],
            error_code: ErrorCode(8),
            ..Default::default()
        }],
    };
    golden::response::<DescribeShareGroupOffsetsRequest>(
        1,
        "00000001  02  02 67  02  07 6f7264657273  02020202020202020202020202020202  02
         00000003  0000000000000004  00000005  0000000000000006  0007  00  00  00  0008  00
         00  00",
        &response,
    );
}
