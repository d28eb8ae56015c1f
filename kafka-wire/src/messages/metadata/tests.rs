use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some("orders".into()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    golden::request(0, "00000001  0006 6f7264657273", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some("orders".into()),
            ..Default::default()
        }]),
        allow_auto_topic_creation: true,
        include_cluster_authorized_operations: true,
        include_topic_authorized_operations: true,
    };
    golden::request(9, "02  07 6f7264657273  00  01  01  01  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            topic_id: Uuid([1; 16]),
            name: Some("orders".into()),
        }]),
        allow_auto_topic_creation: true,
        include_topic_authorized_operations: true,
        ..Default::default()
    };
    golden::request(
        13,
        "02  01010101010101010101010101010101  07 6f7264657273  00  01  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = MetadataResponse {
        brokers: vec![MetadataResponseBroker {
            node_id: 1,
            host: "h".into(),
            port: 2,
            ..Default::default()
        }],
        topics: vec![MetadataResponseTopic {
            error_code: ErrorCode(3),
            name: Some("orders".into()),
            partitions: vec![MetadataResponsePartition {
                error_code: ErrorCode(4),
                partition_index: 5,
                leader_id: 6,
                replica_nodes: vec![7, 8],
                isr_nodes: vec![9, 10],
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<MetadataRequest>(
        0,
        "00000001  00000001  0001 68  00000002  00000001  0003  0006 6f7264657273  00000001
         0004  00000005  00000006  00000002  00000007  00000008  00000002  00000009  0000000a",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = MetadataResponse {
        throttle_time_ms: 1,
        brokers: vec![MetadataResponseBroker {
            node_id: 2,
            host: "h".into(),
            port: 3,
            rack: Some("r".into()),
        }],
        cluster_id: Some("id".into()),
        controller_id: 4,
        topics: vec![MetadataResponseTopic {
            error_code: ErrorCode(5),
            name: Some("orders".into()),
            is_internal: true,
            partitions: vec![MetadataResponsePartition {
                error_code: ErrorCode(6),
                partition_index: 7,
                leader_id: 8,
                leader_epoch: 9,
                replica_nodes: vec![10, 11],
                isr_nodes: vec![12, 13],
                offline_replicas: vec![14, 15],
            }],
            topic_authorized_operations: 16,
            ..Default::default()
        }],
        cluster_authorized_operations: 17,
        ..Default::default()
    };
    golden::response::<MetadataRequest>(
        9,
        "00000001  02  00000002  02 68  00000003  02 72  00  03 6964  00000004  02  0005
         07 6f7264657273  01  02  0006  00000007  00000008  00000009  03  0000000a  0000000b
         03  0000000c  0000000d  03  0000000e  0000000f  00  00000010  00  00000011  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = MetadataResponse {
        throttle_time_ms: 1,
        brokers: vec![MetadataResponseBroker {
            node_id: 2,
            host: "h".into(),
            port: 3,
            ..Default::default()
        }],
        controller_id: 4,
        topics: vec![MetadataResponseTopic {
            error_code: ErrorCode(5),
            name: Some("orders".into()),
            topic_id: Uuid([6; 16]),
            is_internal: true,
            partitions: vec![MetadataResponsePartition {
                error_code: ErrorCode(7),
                partition_index: 8,
                leader_id: 9,
                leader_epoch: 10,
                replica_nodes: vec![11, 12],
                isr_nodes: vec![13, 14],
                offline_replicas: vec![15, 16],
            }],
            topic_authorized_operations: 17,
        }],
        error_code: ErrorCode(18),
        ..Default::default()
    };
    golden::response::<MetadataRequest>(
        13,
        "00000001  02  00000002  02 68  00000003  00  00  00  00000004  02  0005
         07 6f7264657273  06060606060606060606060606060606  01  02  0007  00000008  00000009
         0000000a  03  0000000b  0000000c  03  0000000d  0000000e  03  0000000f  00000010  00
         00000011  00  0012  00",
        &response,
    );
}
