use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = ListPartitionReassignmentsRequest {
        timeout_ms: 1,
        topics: Some(vec![ListPartitionReassignmentsTopics {
            name: "orders".into(),
            partition_indexes: vec![2, 3],
        }]),
    };
    golden::request(
        0,
        "00000001  02  07 6f7264657273  03  00000002  00000003  00  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = ListPartitionReassignmentsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        topics: vec![OngoingTopicReassignment {
            name: "orders".into(),
            partitions: vec![OngoingPartitionReassignment {
                partition_index: 3,
                replicas: vec![4, 5],
                adding_replicas: vec![6, 7],
                removing_replicas: vec![8, 9],
            }],
        }],
        ..Default::default()
    };
    golden::response::<ListPartitionReassignmentsRequest>(
        0,
        "00000001  0002  00  02  07 6f7264657273  02  00000003  03  00000004  00000005  03
         00000006  00000007  03  00000008  00000009  00  00  00",
        &response,
    );
}
