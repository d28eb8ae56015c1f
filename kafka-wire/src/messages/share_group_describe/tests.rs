use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = ShareGroupDescribeRequest {
        group_ids: vec!["g".into()],
        include_authorized_operations: true,
    };
    golden::request(1, "02  02 67  01  00", &request);
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = ShareGroupDescribeResponse {
        throttle_time_ms: 1,
        groups: vec![DescribedGroup {
            error_code: ErrorCode(2),
            group_id: "g".into(),
            group_state: "Stable".into(),
            group_epoch: 3,
            assignment_epoch: 4,
            assignor_name: "uniform".into(),
            members: vec![Member {
                member_id: "m".into(),
                member_epoch: 5,
                client_id: "c".into(),
                client_host: "/h".into(),
                subscribed_topic_names: vec!["orders".into()],
                assignment: Assignment {
                    topic_partitions: vec![TopicPartitions {
                        topic_id: Uuid([6; 16]),
                        topic_name: "orders".into(),
                        partitions: vec![7, 8],
                    }],
                },
                ..Default::default()
            }],
            authorized_operations: 9,
            ..Default::default()
        }],
    };
    golden::response::<ShareGroupDescribeRequest>(
        1,
        "00000001  02  0002  00  02 67  07 537461626c65  00000003  00000004
         08 756e69666f726d  02  02 6d  00  00000005  02 63  03 2f68  02  07 6f7264657273  02
         06060606060606060606060606060606  07 6f7264657273  03  00000007  00000008  00  00
         00  00000009  00  00",
        &response,
    );
}
