use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DescribeLogDirsRequest {
        topics: Some(vec![DescribableLogDirTopic {
            topic: "orders".into(),
            partitions: vec![1, 2],
        }]),
    };
    golden::request(
        1,
        "00000001  0006 6f7264657273  00000002  00000001  00000002",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = DescribeLogDirsRequest {
        topics: Some(vec![DescribableLogDirTopic {
            topic: "orders".into(),
            partitions: vec![1, 2],
        }]),
    };
    golden::request(
        2,
        "02  07 6f7264657273  03  00000001  00000002  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeLogDirsRequest {
        topics: Some(vec![DescribableLogDirTopic {
            topic: "orders".into(),
            partitions: vec![1, 2],
        }]),
    };
    golden::request(
        5,
        "02  07 6f7264657273  03  00000001  00000002  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = DescribeLogDirsResponse {
        throttle_time_ms: 1,
        results: vec![DescribeLogDirsResult {
            error_code: ErrorCode(2),
            log_dir: "logd".into(),
            topics: vec![DescribeLogDirsTopic {
                name: "orders".into(),
                partitions: vec![DescribeLogDirsPartition {
                    partition_index: 3,
                    partition_size: 4,
                    offset_lag: 5,
                    is_future_key: true,
                }],
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<DescribeLogDirsRequest>(
        1,
        "00000001  00000001  0002  0004 6c6f6764  00000001  0006 6f7264657273  00000001
         00000003  0000000000000004  0000000000000005  01",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = DescribeLogDirsResponse {
        throttle_time_ms: 1,
        results: vec![DescribeLogDirsResult {
            error_code: ErrorCode(2),
            log_dir: "logd".into(),
            topics: vec![DescribeLogDirsTopic {
                name: "orders".into(),
                partitions: vec![DescribeLogDirsPartition {
                    partition_index: 3,
                    partition_size: 4,
                    offset_lag: 5,
                    is_future_key: true,
                }],
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<DescribeLogDirsRequest>(
        2,
        "00000001  02  0002  05 6c6f6764  02  07 6f7264657273  02  00000003  0000000000000004
         0000000000000005  01  00  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeLogDirsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        results: vec![DescribeLogDirsResult {
            error_code: ErrorCode(3),
            log_dir: "logd".into(),
            topics: vec![DescribeLogDirsTopic {
                name: "orders".into(),
                partitions: vec![DescribeLogDirsPartition {
                    partition_index: 4,
                    partition_size: 5,
                    offset_lag: 6,
                    is_future_key: true,
                }],
            }],
            total_bytes: 7,
            usable_bytes: 8,
            is_cordoned: true,
        }],
    };
    golden::response::<DescribeLogDirsRequest>(
        5,
        "00000001  0002  02  0003  05 6c6f6764  02  07 6f7264657273  02  00000004
         0000000000000005  0000000000000006  01  00  00  0000000000000007  0000000000000008
         01  00  00",
        &response,
    );
}
