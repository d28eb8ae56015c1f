use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = AlterReplicaLogDirsRequest {
        dirs: vec![AlterReplicaLogDir {
            path: "path".into(),
            topics: vec![AlterReplicaLogDirTopic {
                name: "orders".into(),
                partitions: vec![1, 2],
            }],
        }],
    };
    golden::request(
        1,
        "00000001  0004 70617468  00000001  0006 6f7264657273  00000002  00000001  00000002",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = AlterReplicaLogDirsRequest {
        dirs: vec![AlterReplicaLogDir {
            path: "path".into(),
            topics: vec![AlterReplicaLogDirTopic {
                name: "orders".into(),
                partitions: vec![1, 2],
            }],
        }],
    };
    golden::request(
        2,
        "02  05 70617468  02  07 6f7264657273  03  00000001  00000002  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = AlterReplicaLogDirsResponse {
        throttle_time_ms: 1,
        results: vec![AlterReplicaLogDirTopicResult {
            topic_name: "orders".into(),
            partitions: vec![AlterReplicaLogDirPartitionResult {
                partition_index: 2,
                error_code: ErrorCode(3),
            }],
        }],
    };
    golden::response::<AlterReplicaLogDirsRequest>(
        1,
        "00000001  00000001  0006 6f7264657273  00000001  00000002  0003",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = AlterReplicaLogDirsResponse {
        throttle_time_ms: 1,
        results: vec![AlterReplicaLogDirTopicResult {
            topic_name: "orders".into(),
            partitions: vec![AlterReplicaLogDirPartitionResult {
                partition_index: 2,
                error_code: ErrorCode(3),
            }],
        }],
    };
    golden::response::<AlterReplicaLogDirsRequest>(
        2,
        "00000001  02  07 6f7264657273  02  00000002  0003  00  00  00",
        &response,
    );
}
