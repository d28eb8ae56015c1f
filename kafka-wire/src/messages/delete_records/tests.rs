use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: "orders".into(),
            partitions: vec![DeleteRecordsPartition {
                partition_index: 1,
                offset: 2,
            }],
        }],
        timeout_ms: 3,
    };
    golden::request(
        0,
        "00000001  0006 6f7264657273  00000001  00000001  0000000000000002  00000003",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: "orders".into(),
            partitions: vec![DeleteRecordsPartition {
                partition_index: 1,
                offset: 2,
            }],
        }],
        timeout_ms: 3,
    };
    golden::request(
        2,
        "02  07 6f7264657273  02  00000001  0000000000000002  00  00  00000003  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = DeleteRecordsResponse {
        throttle_time_ms: 1,
        topics: vec![DeleteRecordsTopicResult {
            name: "orders".into(),
            partitions: vec![DeleteRecordsPartitionResult {
                partition_index: 2,
                low_watermark: 3,
                error_code: ErrorCode(4),
            }],
        }],
    };
    golden::response::<DeleteRecordsRequest>(
        0,
        "00000001  00000001  0006 6f7264657273  00000001  00000002  0000000000000003  0004",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DeleteRecordsResponse {
        throttle_time_ms: 1,
        topics: vec![DeleteRecordsTopicResult {
            name: "orders".into(),
            partitions: vec![DeleteRecordsPartitionResult {
                partition_index: 2,
                low_watermark: 3,
                error_code: ErrorCode(4),
            }],
        }],
    };
    golden::response::<DeleteRecordsRequest>(
        2,
        "00000001  02  07 6f7264657273  02  00000002  0000000000000003  0004  00  00  00",
        &response,
    );
}
