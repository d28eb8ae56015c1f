use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = ShareAcknowledgeRequest {
        group_id: Some("g".into()),
        member_id: Some("m".into()),
        share_session_epoch: 1,
        topics: vec![AcknowledgeTopic {
            topic_id: Uuid([2; 16]),
            partitions: vec![AcknowledgePartition {
                partition_index: 3,
                acknowledgement_batches: vec![AcknowledgementBatch {
                    first_offset: 4,
                    last_offset: 5,
                    acknowledge_types: vec![6],
                }],
            }],
        }],
        ..Default::default()
    };
    golden::request(
        1,
        "02 67  02 6d  00000001  02  02020202020202020202020202020202  02  00000003  02
         0000000000000004  0000000000000005  02  06  00  00  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = ShareAcknowledgeRequest {
        share_session_epoch: 1,
        is_renew_ack: true,
        topics: vec![AcknowledgeTopic {
            topic_id: Uuid([2; 16]),
            partitions: vec![AcknowledgePartition {
                partition_index: 3,
                acknowledgement_batches: vec![AcknowledgementBatch {
                    first_offset: 4,
                    last_offset: 5,
                    acknowledge_types: vec![6],
                }],
            }],
        }],
        ..Default::default()
    };
    golden::request(
        2,
        "00  00  00000001  01  02  02020202020202020202020202020202  02  00000003  02
         0000000000000004  0000000000000005  02  06  00  00  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = ShareAcknowledgeResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        responses: vec![ShareAcknowledgeTopicResponse {
            topic_id: Uuid([3; 16]),
            partitions: vec![PartitionData {
                partition_index: 4,
                error_code: ErrorCode(5),
                error_message: Some("no".into()),
                current_leader: LeaderIdAndEpoch {
                    leader_id: 6,
                    leader_epoch: 7,
                },
            }],
        }],
        node_endpoints: vec![NodeEndpoint {
            node_id: 8,
            host: "h".into(),
            port: 9,
            rack: Some("r".into()),
        }],
        ..Default::default()
    };
    golden::response::<ShareAcknowledgeRequest>(
        1,
        "00000001  0002  03 6e6f  02  03030303030303030303030303030303  02  00000004  0005
         03 6e6f  00000006  00000007  00  00  00  02  00000008  02 68  00000009  02 72  00
         00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ShareAcknowledgeResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        acquisition_lock_timeout_ms: 3,
        responses: vec![ShareAcknowledgeTopicResponse {
            topic_id: Uuid([4; 16]),
            partitions: vec![PartitionData {
                partition_index: 5,
                error_code: ErrorCode(6),
                current_leader: LeaderIdAndEpoch {
                    leader_id: 7,
                    leader_epoch: 8,
                },
                ..Default::default()
            }],
        }],
        node_endpoints: vec![NodeEndpoint {
            node_id: 9,
            host: "h".into(),
            port: 10,
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<ShareAcknowledgeRequest>(
        2,
        "00000001  0002  00  00000003  02  04040404040404040404040404040404  02  00000005
         0006  00  00000007  00000008  00  00  00  02  00000009  02 68  0000000a  00  00  00",
        &response,
    );
}
