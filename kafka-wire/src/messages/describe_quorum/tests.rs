use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = DescribeQuorumRequest {
        topics: vec![TopicData {
            topic_name: "orders".into(),
            partitions: vec![PartitionData { partition_index: 1 }],
        }],
    };
    golden::request(0, "02  07 6f7264657273  02  00000001  00  00  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeQuorumRequest {
        topics: vec![TopicData {
            topic_name: "orders".into(),
            partitions: vec![PartitionData { partition_index: 1 }],
        }],
    };
    golden::request(2, "02  07 6f7264657273  02  00000001  00  00  00", &request);
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = DescribeQuorumResponse {
        error_code: ErrorCode(1),
        topics: vec![QuorumTopic {
            topic_name: "orders".into(),
            partitions: vec![QuorumPartition {
                partition_index: 2,
                error_code: ErrorCode(3),
                leader_id: 4,
                leader_epoch: 5,
                high_watermark: 6,
                current_voters: vec![ReplicaState {
                    replica_id: 7,
                    log_end_offset: 8,
                    ..Default::default()
                }],
                observers: vec![ReplicaState {
                    replica_id: 9,
                    log_end_offset: 10,
                    ..Default::default()
                }],
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    golden::response::<DescribeQuorumRequest>(
        0,
        "0001  02  07 6f7264657273  02  00000002  0003  00000004  00000005  0000000000000006
         02  00000007  0000000000000008  00  02  00000009  000000000000000a  00  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeQuorumResponse {
        error_code: ErrorCode(1),
        topics: vec![QuorumTopic {
            topic_name: "orders".into(),
            partitions: vec![QuorumPartition {
                partition_index: 2,
                error_code: ErrorCode(3),
                leader_id: 4,
                leader_epoch: 5,
                high_watermark: 6,
                current_voters: vec![ReplicaState {
                    replica_id: 7,
                    replica_directory_id: Uuid([8; 16]),
                    log_end_offset: 9,
                    last_fetch_timestamp: 10,
                    last_caught_up_timestamp: 11,
                }],
                observers: vec![ReplicaState {
                    replica_id: 12,
                    replica_directory_id: Uuid([13; 16]),
                    log_end_offset: 14,
                    last_fetch_timestamp: 15,
                    last_caught_up_timestamp: 16,
                }],
                ..Default::default()
            }],
        }],
        nodes: vec![Node {
            node_id: 17,
            listeners: vec![Listener {
                name: "orders".into(),
                host: "h".into(),
                port: 18,
            }],
        }],
        ..Default::default()
    };
    golden::response::<DescribeQuorumRequest>(
        2,
        "0001  00  02  07 6f7264657273  02  00000002  0003  00  00000004  00000005
         0000000000000006  02  00000007  08080808080808080808080808080808  0000000000000009
         000000000000000a  000000000000000b  00  02  0000000c
         0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d  000000000000000e  000000000000000f
         0000000000000010  00  00  00  02  00000011  02  07 6f7264657273  02 68  0012  00  00
         00",
        &response,
    );
}
