use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = ShareFetchRequest {
        group_id: Some("g".into()),
        member_id: Some("m".into()),
        share_session_epoch: 1,
        max_wait_ms: 2,
        min_bytes: 3,
        max_bytes: 4,
        max_records: 5,
        batch_size: 6,
        topics: vec![FetchTopic {
            topic_id: Uuid([7; 16]),
            partitions: vec![FetchPartition {
                partition_index: 8,
                acknowledgement_batches: vec![AcknowledgementBatch {
                    first_offset: 9,
                    last_offset: 10,
                    acknowledge_types: vec![11],
                }],
            }],
        }],
        forgotten_topics_data: vec![ForgottenTopic {
            topic_id: Uuid([12; 16]),
            partitions: vec![13, 14],
        }],
        ..Default::default()
    };
    golden::request(
        1,
        "02 67  02 6d  00000001  00000002  00000003  00000004  00000005  00000006  02
         07070707070707070707070707070707  02  00000008  02  0000000000000009
         000000000000000a  02  0b  00  00  00  02  0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c  03
         0000000d  0000000e  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = ShareFetchRequest {
        share_session_epoch: 1,
        max_wait_ms: 2,
        min_bytes: 3,
        max_bytes: 4,
        max_records: 5,
        batch_size: 6,
        share_acquire_mode: 7,
        is_renew_ack: true,
        topics: vec![FetchTopic {
            topic_id: Uuid([8; 16]),
            partitions: vec![FetchPartition {
                partition_index: 9,
                acknowledgement_batches: vec![AcknowledgementBatch {
                    first_offset: 10,
                    last_offset: 11,
                    acknowledge_types: vec![12],
                }],
            }],
        }],
        forgotten_topics_data: vec![ForgottenTopic {
            topic_id: Uuid([13; 16]),
            partitions: vec![14, 15],
        }],
        ..Default::default()
    };
    golden::request(
        2,
        "00  00  00000001  00000002  00000003  00000004  00000005  00000006  07  01  02
         08080808080808080808080808080808  02  00000009  02  000000000000000a
         000000000000000b  02  0c  00  00  00  02  0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d  03
         0000000e  0000000f  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = ShareFetchResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        acquisition_lock_timeout_ms: 3,
        responses: vec![ShareFetchableTopicResponse {
            topic_id: Uuid([4; 16]),
            partitions: vec![PartitionData {
                partition_index: 5,
                error_code: ErrorCode(6),
                error_message: Some("no".into()),
                acknowledge_error_code: ErrorCode(7),
                acknowledge_error_message: Some("ackn".into()),
                current_leader: LeaderIdAndEpoch {
                    leader_id: 8,
                    leader_epoch: 9,
                },
                records: Bytes::from_static(b"\xba\x0b"),
                acquired_records: vec![AcquiredRecords {
                    first_offset: 11,
                    last_offset: 12,
                    delivery_count: 13,
                }],
            }],
        }],
        node_endpoints: vec![NodeEndpoint {
            node_id: 14,
            host: "h".into(),
            port: 15,
            rack: Some("r".into()),
        }],
    };
    golden::response::<ShareFetchRequest>(
        1,
        "00000001  0002  03 6e6f  00000003  02  04040404040404040404040404040404  02
         00000005  0006  03 6e6f  0007  05 61636b6e  00000008  00000009  00  03 ba0b  02
         000000000000000b  000000000000000c  000d  00  00  00  02  0000000e  02 68  0000000f
         02 72  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ShareFetchResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        acquisition_lock_timeout_ms: 3,
        responses: vec![ShareFetchableTopicResponse {
            topic_id: Uuid([4; 16]),
            partitions: vec![PartitionData {
                partition_index: 5,
                error_code: ErrorCode(6),
                acknowledge_error_code: ErrorCode(7),
                current_leader: LeaderIdAndEpoch {
                    leader_id: 8,
                    leader_epoch: 9,
                },
                records: Bytes::from_static(b"\xba\x0b"),
                acquired_records: vec![AcquiredRecords {
                    first_offset: 11,
                    last_offset: 12,
                    delivery_count: 13,
                }],
                ..Default::default()
            }],
        }],
        node_endpoints: vec![NodeEndpoint {
            node_id: 14,
            host: "h".into(),
            port: 15,
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<ShareFetchRequest>(
        2,
        "00000001  0002  00  00000003  02  04040404040404040404040404040404  02  00000005
         0006  00  0007  00  00000008  00000009  00  03 ba0b  02  000000000000000b
         000000000000000c  000d  00  00  00  02  0000000e  02 68  0000000f  00  00  00",
        &response,
    );
}
