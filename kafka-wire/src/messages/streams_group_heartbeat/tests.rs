use super::*;
use crate::messages::golden;

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one value, with every field of the message"
)]
fn request_in_its_only_version_which_is_flexible() {
    let request = StreamsGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        member_epoch: 1,
        endpoint_information_epoch: 2,
        rebalance_timeout_ms: 3,
        topology: Some(Topology {
            epoch: 4,
            subtopologies: vec![Subtopology {
                subtopology_id: "subt".into(),
                source_topics: vec!["sour".into()],
                source_topic_regex: vec!["sour".into()],
                state_changelog_topics: vec![TopicInfo {
                    name: "orders".into(),
                    partitions: 5,
                    replication_factor: 6,
                    topic_configs: vec![KeyValue {
                        key: "k".into(),
                        value: "1".into(),
                    }],
                }],
                repartition_sink_topics: vec!["repa".into()],
                repartition_source_topics: vec![TopicInfo {
                    name: "orders".into(),
                    partitions: 7,
                    replication_factor: 8,
                    topic_configs: vec![KeyValue {
                        key: "k".into(),
                        value: "1".into(),
                    }],
                }],
                copartition_groups: vec![CopartitionGroup {
                    source_topics: vec![9],
                    source_topic_regex: vec![10],
                    repartition_source_topics: vec![11],
                }],
            }],
        }),
        active_tasks: Some(vec![TaskIds {
            subtopology_id: "subt".into(),
            partitions: vec![12, 13],
        }]),
        standby_tasks: Some(vec![TaskIds {
            subtopology_id: "subt".into(),
            partitions: vec![14, 15],
        }]),
        warmup_tasks: Some(vec![TaskIds {
            subtopology_id: "subt".into(),
            partitions: vec![16, 17],
        }]),
        user_endpoint: Some(Endpoint {
            host: "h".into(),
            port: 18,
        }),
        client_tags: Some(vec![KeyValue {
            key: "k".into(),
            value: "1".into(),
        }]),
        task_offsets: Some(vec![TaskOffset {
            subtopology_id: "subt".into(),
            partition: 19,
            offset: 20,
        }]),
        task_end_offsets: Some(vec![TaskOffset {
            subtopology_id: "subt".into(),
            partition: 21,
            offset: 22,
        }]),
        shutdown_application: true,
        ..Default::default()
    };
    golden::request(
        0,
        "02 67  02 6d  00000001  00000002  00  00  00000003  01  00000004  02  05 73756274
         02  05 736f7572  02  05 736f7572  02  07 6f7264657273  00000005  0006  02  02 6b
         02 31  00  00  02  05 72657061  02  07 6f7264657273  00000007  0008  02  02 6b
         02 31  00  00  02  02  0009  02  000a  02  000b  00  00  00  02  05 73756274  03
         0000000c  0000000d  00  02  05 73756274  03  0000000e  0000000f  00  02  05 73756274
         03  00000010  00000011  00  00  01  02 68  0012  00  02  02 6b  02 31  00  02
         05 73756274  00000013  0000000000000014  00  02  05 73756274  00000015
         0000000000000016  00  01  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = StreamsGroupHeartbeatResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        member_id: "m".into(),
        member_epoch: 3,
        heartbeat_interval_ms: 4,
        acceptable_recovery_lag: 5,
        task_offset_interval_ms: 6,
        status: Some(vec![Status {
            status_code: 7,
            status_detail: "stat".into(),
        }]),
        active_tasks: Some(vec![TaskIds {
            subtopology_id: "subt".into(),
            partitions: vec![8, 9],
        }]),
        standby_tasks: Some(vec![TaskIds {
            subtopology_id: "subt".into(),
            partitions: vec![10, 11],
        }]),
        warmup_tasks: Some(vec![TaskIds {
            subtopology_id: "subt".into(),
            partitions: vec![12, 13],
        }]),
        endpoint_information_epoch: 14,
        partitions_by_user_endpoint: Some(vec![EndpointToPartitions {
            user_endpoint: Endpoint {
                host: "h".into(),
                port: 15,
            },
            active_partitions: vec![TopicPartition {
                topic: "orders".into(),
                partitions: vec![16, 17],
            }],
            standby_partitions: vec![TopicPartition {
                topic: "orders".into(),
                partitions: vec![18, 19],
            }],
        }]),
        ..Default::default()
    };
    golden::response::<StreamsGroupHeartbeatRequest>(
        0,
        "00000001  0002  00  02 6d  00000003  00000004  00000005  00000006  02  07
         05 73746174  00  02  05 73756274  03  00000008  00000009  00  02  05 73756274  03
         0000000a  0000000b  00  02  05 73756274  03  0000000c  0000000d  00  0000000e  02
         02 68  000f  00  02  07 6f7264657273  03  00000010  00000011  00  02
         07 6f7264657273  03  00000012  00000013  00  00  00",
        &response,
    );
}
