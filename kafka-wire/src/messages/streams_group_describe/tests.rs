use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = StreamsGroupDescribeRequest {
        group_ids: vec!["g".into()],
        include_authorized_operations: true,
    };
    golden::request(0, "02  02 67  01  00", &request);
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one value, with every field of the message"
)]
fn response_in_its_only_version_which_is_flexible() {
    let response = StreamsGroupDescribeResponse {
        throttle_time_ms: 1,
        groups: vec![DescribedGroup {
            error_code: ErrorCode(2),
            group_id: "g".into(),
            group_state: "Stable".into(),
            group_epoch: 3,
            assignment_epoch: 4,
            topology: Some(Topology {
                epoch: 5,
                subtopologies: Some(vec![Subtopology {
                    subtopology_id: "subt".into(),
                    source_topics: vec!["sour".into()],
                    repartition_sink_topics: vec!["repa".into()],
                    state_changelog_topics: vec![TopicInfo {
                        name: "orders".into(),
                        partitions: 6,
                        replication_factor: 7,
                        topic_configs: vec![KeyValue {
                            key: "k".into(),
                            value: "1".into(),
                        }],
                    }],
                    repartition_source_topics: vec![TopicInfo {
                        name: "orders".into(),
                        partitions: 8,
                        replication_factor: 9,
                        topic_configs: vec![KeyValue {
                            key: "k".into(),
                            value: "1".into(),
                        }],
                    }],
                }]),
            }),
            members: vec![Member {
                member_id: "m".into(),
                member_epoch: 10,
                client_id: "c".into(),
                client_host: "/h".into(),
                topology_epoch: 11,
                process_id: "proc".into(),
                user_endpoint: Some(Endpoint {
                    host: "h".into(),
                    port: 12,
                }),
                client_tags: vec![KeyValue {
                    key: "k".into(),
                    value: "1".into(),
                }],
                task_offsets: vec![TaskOffset {
                    subtopology_id: "subt".into(),
                    partition: 13,
                    offset: 14,
                }],
                task_end_offsets: vec![TaskOffset {
                    subtopology_id: "subt".into(),
                    partition: 15,
                    offset: 16,
                }],
                assignment: Assignment {
                    active_tasks: vec![TaskIds {
                        subtopology_id: "subt".into(),
                        partitions: vec![17, 18],
                    }],
                    standby_tasks: vec![TaskIds {
                        subtopology_id: "subt".into(),
                        partitions: vec![19, 20],
                    }],
                    warmup_tasks: vec![TaskIds {
                        subtopology_id: "subt".into(),
                        partitions: vec![21, 22],
                    }],
                },
                target_assignment: Assignment {
                    active_tasks: vec![TaskIds {
                        subtopology_id: "subt".into(),
                        partitions: vec![23, 24],
                    }],
                    standby_tasks: vec![TaskIds {
                        subtopology_id: "subt".into(),
                        partitions: vec![25, 26],
                    }],
                    warmup_tasks: vec![TaskIds {
                        subtopology_id: "subt".into(),
                        partitions: vec![27, 28],
                    }],
                },
                is_classic: true,
                ..Default::default()
            }],
            authorized_operations: 29,
            ..Default::default()
        }],
    };
    golden::response::<StreamsGroupDescribeRequest>(
        0,
        "00000001  02  0002  00  02 67  07 537461626c65  00000003  00000004  01  00000005  02
         05 73756274  02  05 736f7572  02  05 72657061  02  07 6f7264657273  00000006  0007
         02  02 6b  02 31  00  00  02  07 6f7264657273  00000008  0009  02  02 6b  02 31  00
         00  00  00  02  02 6d  0000000a  00  00  02 63  03 2f68  0000000b  05 70726f63  01
         02 68  000c  00  02  02 6b  02 31  00  02  05 73756274  0000000d  000000000000000e
         00  02  05 73756274  0000000f  0000000000000010  00  02  05 73756274  03  00000011
         00000012  00  02  05 73756274  03  00000013  00000014  00  02  05 73756274  03
         00000015  00000016  00  00  02  05 73756274  03  00000017  00000018  00  02
         05 73756274  03  00000019  0000001a  00  02  05 73756274  03  0000001b  0000001c  00
         00  01  00  0000001d  00  00",
        &response,
    );
}
