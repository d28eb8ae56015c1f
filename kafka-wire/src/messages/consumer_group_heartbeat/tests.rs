use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = ConsumerGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        member_epoch: 1,
        instance_id: Some("i".into()),
        rack_id: Some("r".into()),
        rebalance_timeout_ms: 2,
        subscribed_topic_names: Some(vec!["orders".into()]),
        server_assignor: Some("uniform".into()),
        topic_partitions: Some(vec![TopicPartitions {
            topic_id: Uuid([3; 16]),
            partitions: vec![4, 5],
        }]),
        ..Default::default()
    };
    golden::request(
        0,
        "02 67  02 6d  00000001  02 69  02 72  00000002  02  07 6f7264657273
         08 756e69666f726d  02  03030303030303030303030303030303  03  00000004  00000005  00
         00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = ConsumerGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        member_epoch: 1,
        rebalance_timeout_ms: 2,
        subscribed_topic_names: Some(vec!["orders".into()]),
        topic_partitions: Some(vec![TopicPartitions {
            topic_id: Uuid([3; 16]),
            partitions: vec![4, 5],
        }]),
        ..Default::default()
    };
    golden::request(
        1,
        "02 67  02 6d  00000001  00  00  00000002  02  07 6f7264657273  00  00  02
         03030303030303030303030303030303  03  00000004  00000005  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = ConsumerGroupHeartbeatResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        member_id: Some("m".into()),
        member_epoch: 3,
        heartbeat_interval_ms: 4,
        assignment: Some(Assignment {
            topic_partitions: vec![TopicPartitions {
                topic_id: Uuid([5; 16]),
                partitions: vec![6, 7],
            }],
        }),
    };
    golden::response::<ConsumerGroupHeartbeatRequest>(
        0,
        "00000001  0002  03 6e6f  02 6d  00000003  00000004  01  02
         05050505050505050505050505050505  03  00000006  00000007  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ConsumerGroupHeartbeatResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        member_epoch: 3,
        heartbeat_interval_ms: 4,
        assignment: Some(Assignment {
            topic_partitions: vec![TopicPartitions {
                topic_id: Uuid([5; 16]),
                partitions: vec![6, 7],
            }],
        }),
        ..Default::default()
    };
    golden::response::<ConsumerGroupHeartbeatRequest>(
        1,
        "00000001  0002  00  00  00000003  00000004  01  02  05050505050505050505050505050505
         03  00000006  00000007  00  00  00",
        &response,
    );
}
