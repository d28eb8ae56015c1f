use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = FetchRequest {
        replica_id: 1,
        max_wait_ms: 2,
        min_bytes: 3,
        max_bytes: 4,
        isolation_level: 5,
        topics: vec![FetchTopic {
            topic: "orders".into(),
            partitions: vec![FetchPartition {
                partition: 6,
                fetch_offset: 7,
                partition_max_bytes: 8,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(
        4,
        "00000001  00000002  00000003  00000004  05  00000001  0006 6f7264657273  00000001
         00000006  0000000000000007  00000008",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = FetchRequest {
        replica_id: 1,
        max_wait_ms: 2,
        min_bytes: 3,
        max_bytes: 4,
        isolation_level: 5,
        session_id: 6,
        session_epoch: 7,
        topics: vec![FetchTopic {
            topic: "orders".into(),
            partitions: vec![FetchPartition {
                partition: 8,
                current_leader_epoch: 9,
                fetch_offset: 10,
                last_fetched_epoch: 11,
                log_start_offset: 12,
                partition_max_bytes: 13,
                ..Default::default()
            }],
            ..Default::default()
        }],
        forgotten_topics_data: vec![ForgottenTopic {
            topic: "orders".into(),
            partitions: vec![14, 15],
            ..Default::default()
        }],
        rack_id: "r".into(),
        cluster_id: Some("id".into()),
        ..Default::default()
    };
    golden::request(
        12,
        "00000001  00000002  00000003  00000004  05  00000006  00000007  02  07 6f7264657273
         02  00000008  00000009  000000000000000a  0000000b  000000000000000c  0000000d  00
         00  02  07 6f7264657273  03  0000000e  0000000f  00  02 72  01  00  03  03 6964",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = FetchRequest {
        max_wait_ms: 1,
        min_bytes: 2,
        max_bytes: 3,
        isolation_level: 4,
        session_id: 5,
        session_epoch: 6,
        topics: vec![FetchTopic {
            topic_id: Uuid([7; 16]),
            partitions: vec![FetchPartition {
                partition: 8,
                current_leader_epoch: 9,
                fetch_offset: 10,
                last_fetched_epoch: 11,
                log_start_offset: 12,
                partition_max_bytes: 13,
                replica_directory_id: Uuid([14; 16]),
                high_watermark: 15,
            }],
            ..Default::default()
        }],
        forgotten_topics_data: vec![ForgottenTopic {
            topic_id: Uuid([16; 16]),
            partitions: vec![17, 18],
            ..Default::default()
        }],
        rack_id: "r".into(),
        replica_state: ReplicaState {
            replica_id: 19,
            replica_epoch: 20,
        },
        ..Default::default()
    };
    golden::request(
        18,
        "00000001  00000002  00000003  04  00000005  00000006  02
         07070707070707070707070707070707  02  00000008  00000009  000000000000000a  0000000b
         000000000000000c  0000000d  02  00  10  0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e  01  08
         000000000000000f  00  02  10101010101010101010101010101010  03  00000011  00000012
         00  02 72  01  01  0d  00000013  0000000000000014  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = FetchResponse {
        throttle_time_ms: 1,
        responses: vec![FetchableTopicResponse {
            topic: "orders".into(),
            partitions: vec![PartitionData {
                partition_index: 2,
                error_code: ErrorCode(3),
                high_watermark: 4,
                last_stable_offset: 5,
                aborted_transactions: Some(vec![AbortedTransaction {
                    producer_id: 6,
                    first_offset: 7,
                }]),
                records: Some(Bytes::from_static(b"\xb8\x0b")),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<FetchRequest>(
        4,
        "00000001  00000001  0006 6f7264657273  00000001  00000002  0003  0000000000000004
         0000000000000005  00000001  0000000000000006  0000000000000007  00000002 b80b",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = FetchResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        session_id: 3,
        responses: vec![FetchableTopicResponse {
            topic: "orders".into(),
            partitions: vec![PartitionData {
                partition_index: 4,
                error_code: ErrorCode(5),
                high_watermark: 6,
                last_stable_offset: 7,
                log_start_offset: 8,
                aborted_transactions: Some(vec![AbortedTransaction {
                    producer_id: 9,
                    first_offset: 10,
                }]),
                preferred_read_replica: 11,
                records: Some(Bytes::from_static(b"\xbc\x0b")),
                diverging_epoch: EpochEndOffset {
                    epoch: 13,
                    end_offset: 14,
                },
                current_leader: LeaderIdAndEpoch {
                    leader_id: 15,
                    leader_epoch: 16,
                },
                snapshot_id: SnapshotId {
                    end_offset: 17,
                    epoch: 18,
                },
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<FetchRequest>(
        12,
        "00000001  0002  00000003  02  07 6f7264657273  02  00000004  0005  0000000000000006
         0000000000000007  0000000000000008  02  0000000000000009  000000000000000a  00
         0000000b  03 bc0b  03  00  0d  0000000d  000000000000000e  00  01  09  0000000f
         00000010  00  02  0d  0000000000000011  00000012  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = FetchResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        session_id: 3,
        responses: vec![FetchableTopicResponse {
            topic_id: Uuid([4; 16]),
            partitions: vec![PartitionData {
                partition_index: 5,
                error_code: ErrorCode(6),
                high_watermark: 7,
                last_stable_offset: 8,
                log_start_offset: 9,
                aborted_transactions: Some(vec![AbortedTransaction {
                    producer_id: 10,
                    first_offset: 11,
                }]),
                preferred_read_replica: 12,
                records: Some(Bytes::from_static(b"\xbd\x0b")),
                diverging_epoch: EpochEndOffset {
                    epoch: 14,
                    end_offset: 15,
                },
                current_leader: LeaderIdAndEpoch {
                    leader_id: 16,
                    leader_epoch: 17,
                },
                snapshot_id: SnapshotId {
                    end_offset: 18,
                    epoch: 19,
                },
            }],
            ..Default::default()
        }],
        node_endpoints: vec![NodeEndpoint {
            node_id: 20,
            host: "h".into(),
            port: 21,
            ..Default::default()
        }],
    };
    golden::response::<FetchRequest>(
        18,
        "00000001  0002  00000003  02  04040404040404040404040404040404  02  00000005  0006
         0000000000000007  0000000000000008  0000000000000009  02  000000000000000a
         000000000000000b  00  0000000c  03 bd0b  03  00  0d  0000000e  000000000000000f  00
         01  09  00000010  00000011  00  02  0d  0000000000000012  00000013  00  00  01  00
         0d  02  00000014  02 68  00000015  00  00",
        &response,
    );
}
