use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = ShareGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        member_epoch: 1,
        subscribed_topic_names: Some(vec!["orders".into()]),
        ..Default::default()
    };
    golden::request(
        1,
        "02 67  02 6d  00000001  00  02  07 6f7264657273  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = ShareGroupHeartbeatResponse {
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
    golden::response::<ShareGroupHeartbeatRequest>(
        1,
        "00000001  0002  00  00  00000003  00000004  01  02  05050505050505050505050505050505
         03  00000006  00000007  00  00  00",
        &response,
    );
}
