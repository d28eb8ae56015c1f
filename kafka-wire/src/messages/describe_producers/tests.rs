use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = DescribeProducersRequest {
        topics: vec![TopicRequest {
            name: "orders".into(),
            partition_indexes: vec![1, 2],
        }],
    };
    golden::request(
        0,
        "02  07 6f7264657273  03  00000001  00000002  00  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = DescribeProducersResponse {
        throttle_time_ms: 1,
        topics: vec![TopicResponse {
            name: "orders".into(),
            partitions: vec![PartitionResponse {
                partition_index: 2,
                error_code: ErrorCode(3),
                active_producers: vec![ProducerState {
                    producer_id: 4,
                    producer_epoch: 5,
                    last_sequence: 6,
                    last_timestamp: 7,
                    coordinator_epoch: 8,
                    current_txn_start_offset: 9,
                }],
                ..Default::default()
            }],
        }],
    };
    golden::response::<DescribeProducersRequest>(
        0,
        "00000001  02  07 6f7264657273  02  00000002  0003  00  02  0000000000000004
         00000005  00000006  0000000000000007  00000008  0000000000000009  00  00  00  00",
        &response,
    );
}
