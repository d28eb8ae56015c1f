use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = ProduceRequest {
        transactional_id: Some("tx".into()),
        acks: 1,
        timeout_ms: 2,
        topic_data: vec![TopicProduceData {
            name: "orders".into(),
            partition_data: vec![PartitionProduceData {
                index: 3,
                records: Some(Bytes::from_static(b"\xb4\x0b")),
            }],
            ..Default::default()
        }],
    };
    golden::request(
        3,
        "0002 7478  0001  00000002  00000001  0006 6f7264657273  00000001  00000003
         00000002 b40b",
        &request,
    );
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = ProduceRequest {
        transactional_id: Some("tx".into()),
        acks: 1,
        timeout_ms: 2,
        topic_data: vec![TopicProduceData {
            name: "orders".into(),
            partition_data: vec![PartitionProduceData {
                index: 3,
                records: Some(Bytes::from_static(b"\xb4\x0b")),
            }],
            ..Default::default()
        }],
    };
    golden::request(
        9,
        "03 7478  0001  00000002  02  07 6f7264657273  02  00000003  03 b40b  00  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = ProduceRequest {
        acks: 1,
        timeout_ms: 2,
        topic_data: vec![TopicProduceData {
            topic_id: Uuid([3; 16]),
            partition_data: vec![PartitionProduceData {
                index: 4,
                records: Some(Bytes::from_static(b"\xb5\x0b")),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::request(
        13,
        "00  0001  00000002  02  03030303030303030303030303030303  02  00000004  03 b50b  00
         00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = ProduceResponse {
        responses: vec![TopicProduceResponse {
            name: "orders".into(),
            partition_responses: vec![PartitionProduceResponse {
                index: 1,
                error_code: ErrorCode(2),
                base_offset: 3,
                log_append_time_ms: 4,
                ..Default::default()
            }],
            ..Default::default()
        }],
        throttle_time_ms: 5,
        ..Default::default()
    };
    golden::response::<ProduceRequest>(
        3,
        "00000001  0006 6f7264657273  00000001  00000001  0002  0000000000000003
         0000000000000004  00000005",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = ProduceResponse {
        responses: vec![TopicProduceResponse {
            name: "orders".into(),
            partition_responses: vec![PartitionProduceResponse {
                index: 1,
                error_code: ErrorCode(2),
                base_offset: 3,
                log_append_time_ms: 4,
                log_start_offset: 5,
                record_errors: vec![BatchIndexAndErrorMessage {
                    batch_index: 6,
                    batch_index_error_message: Some("bad".into()),
                }],
                error_message: Some("no".into()),
                ..Default::default()
            }],
            ..Default::default()
        }],
        throttle_time_ms: 7,
        ..Default::default()
    };
    golden::response::<ProduceRequest>(
        9,
        "02  07 6f7264657273  02  00000001  0002  0000000000000003  0000000000000004
         0000000000000005  02  00000006  04 626164  00  03 6e6f  00  00  00000007  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ProduceResponse {
        responses: vec![TopicProduceResponse {
            topic_id: Uuid([1; 16]),
            partition_responses: vec![PartitionProduceResponse {
                index: 2,
                error_code: ErrorCode(3),
                base_offset: 4,
                log_append_time_ms: 5,
                log_start_offset: 6,
                record_errors: vec![BatchIndexAndErrorMessage {
                    batch_index: 7,
                    ..Default::default()
                }],
                current_leader: LeaderIdAndEpoch {
                    leader_id: 8,
                    leader_epoch: 9,
                },
                ..Default::default()
            }],
            ..Default::default()
        }],
        throttle_time_ms: 10,
        node_endpoints: vec![NodeEndpoint {
            node_id: 11,
            host: "h".into(),
            port: 12,
            ..Default::default()
        }],
    };
    golden::response::<ProduceRequest>(
        13,
        "02  01010101010101010101010101010101  02  00000002  0003  0000000000000004
         0000000000000005  0000000000000006  02  00000007  00  00  00  01  00  09  00000008
         00000009  00  00  0000000a  01  00  0d  02  0000000b  02 68  0000000c  00  00",
        &response,
    );
}
