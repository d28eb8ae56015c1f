use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = DescribeTopicPartitionsRequest {
        topics: vec![TopicRequest {
            name: "orders".into(),
        }],
        response_partition_limit: 1,
        cursor: Some(Cursor {
            topic_name: "orders".into(),
            partition_index: 2,
        }),
    };
    golden::request(
        0,
        "02  07 6f7264657273  00  00000001  01  07 6f7264657273  00000002  00  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = DescribeTopicPartitionsResponse {
        throttle_time_ms: 1,
        topics: vec![DescribeTopicPartitionsResponseTopic {
            error_code: ErrorCode(2),
            name: Some("orders".into()),
            topic_id: Uuid([3; 16]),
            is_internal: true,
            partitions: vec![DescribeTopicPartitionsResponsePartition {
                error_code: ErrorCode(4),
                partition_index: 5,
                leader_id: 6,
                leader_epoch: 7,
                replica_nodes: vec![8, 9],
                isr_nodes: vec![10, 11],
                eligible_leader_replicas: Some(vec![12, 13]),
                last_known_elr: Some(vec![14, 15]),
                offline_replicas: vec![16, 17],
            }],
            topic_authorized_operations: 18,
        }],
        next_cursor: Some(Cursor {
            topic_name: "orders".into(),
            partition_index: 19,
        }),
    };
    golden::response::<DescribeTopicPartitionsRequest>(
        0,
        "00000001  02  0002  07 6f7264657273  03030303030303030303030303030303  01  02  0004
         00000005  00000006  00000007  03  00000008  00000009  03  0000000a  0000000b  03
         0000000c  0000000d  03  0000000e  0000000f  03  00000010  00000011  00  00000012  00
         01  07 6f7264657273  00000013  00  00",
        &response,
    );
}
