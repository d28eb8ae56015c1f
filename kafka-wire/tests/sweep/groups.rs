//! Groups of all four kinds: their members, offsets and descriptions.

use bytes::Bytes;
use kafka_wire::Uuid;
use kafka_wire::messages::alter_share_group_offsets::{
    AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsRequestPartition,
    AlterShareGroupOffsetsRequestTopic,
};
use kafka_wire::messages::consumer_group_describe::ConsumerGroupDescribeRequest;
use kafka_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use kafka_wire::messages::delete_groups::DeleteGroupsRequest;
use kafka_wire::messages::delete_share_group_offsets::{
    DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsRequestTopic,
};
use kafka_wire::messages::describe_groups::DescribeGroupsRequest;
use kafka_wire::messages::describe_share_group_offsets::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestGroup,
};
use kafka_wire::messages::find_coordinator::FindCoordinatorRequest;
use kafka_wire::messages::heartbeat::HeartbeatRequest;
use kafka_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use kafka_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use kafka_wire::messages::list_groups::ListGroupsRequest;
use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_wire::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_wire::messages::share_acknowledge::ShareAcknowledgeRequest;
use kafka_wire::messages::share_fetch::{self, ShareFetchRequest};
use kafka_wire::messages::share_group_describe::ShareGroupDescribeRequest;
use kafka_wire::messages::share_group_heartbeat::ShareGroupHeartbeatRequest;
use kafka_wire::messages::streams_group_describe::StreamsGroupDescribeRequest;
use kafka_wire::messages::streams_group_heartbeat::{
    StreamsGroupHeartbeatRequest, Subtopology, Topology,
};
use kafka_wire::messages::sync_group::SyncGroupRequest;

use crate::TOPIC;
use crate::broker::Broker;

/// The group of the offsets.
pub(crate) const GROUP: &str = "offsets";

pub(crate) fn sweep(broker: &mut Broker) {
    find_coordinators(broker);
    classic(broker);
    offsets(broker);
    consumer(broker);
    share(broker);
    streams(broker);
    broker.ask(&[], |_| ListGroupsRequest::default());
    // At the second version it is gone already.
    broker.ask(&["GROUP_ID_NOT_FOUND"], |_| DeleteGroupsRequest {
        groups_names: vec!["classic".into()],
    });
}

/// Of the group, and of a transaction: the broker creates the topics behind them when it is first asked.
fn find_coordinators(broker: &mut Broker) {
    broker.ask(&[], |version| FindCoordinatorRequest {
        key: if version < 4 {
            GROUP.into()
        } else {
            String::new()
        },
        key_type: 0,
        coordinator_keys: if version < 4 {
            Vec::new()
        } else {
            vec![GROUP.into()]
        },
    });
    let of_transaction = FindCoordinatorRequest {
        key_type: 1,
        coordinator_keys: vec![crate::transactions::ID.into()],
        ..Default::default()
    };
    broker.exchange(&of_transaction, 4);
}

/// One group for each version of `JoinGroup`, whose only member then lives at the versions of the other requests.
fn classic(broker: &mut Broker) {
    // Since version 4 a newcomer is given its id first.
    broker.ask(&["MEMBER_ID_REQUIRED"], |version| {
        join(&format!("classic-{version}"), "")
    });
    let newcomer = broker.exchange(&join("classic", ""), 4).member_id;
    let joined = broker.exchange(&join("classic", &newcomer), 5);
    broker.ask(&[], |version| SyncGroupRequest {
        group_id: "classic".into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        protocol_type: (version >= 5).then(|| "consumer".into()),
        protocol_name: (version >= 5).then(|| "range".into()),
        ..Default::default()
    });
    broker.ask(&[], |_| HeartbeatRequest {
        group_id: "classic".into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..Default::default()
    });
    broker.ask(&[], |_| DescribeGroupsRequest {
        groups: vec!["classic".into()],
        ..Default::default()
    });
    // At its second version it has left already.
    broker.ask(&["UNKNOWN_MEMBER_ID"], |version| {
        let member_id = joined.member_id.clone();
        let members = vec![MemberIdentity {
            member_id: member_id.clone(),
            ..Default::default()
        }];
        LeaveGroupRequest {
            group_id: "classic".into(),
            member_id: if version < 3 {
                member_id
            } else {
                String::new()
            },
            members: if version < 3 { Vec::new() } else { members },
        }
    });
}

fn join(group: &str, member: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 6000,
        rebalance_timeout_ms: 1000,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            // A subscription of version 0 to no topic, without user data.
            metadata: Bytes::from_static(b"\0\0\0\0\0\0\xff\xff\xff\xff"),
        }],
        ..Default::default()
    }
}

fn offsets(broker: &mut Broker) {
    let topic_id = broker.topic_id;
    broker.ask(&[], |_| OffsetCommitRequest {
        group_id: GROUP.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: TOPIC.into(),
            topic_id,
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: 0,
                committed_offset: 1,
                committed_metadata: Some("note".into()),
                ..Default::default()
            }],
        }],
        ..Default::default()
    });
    let fetched = broker.ask(&[], |version| {
        if version < 8 {
            return OffsetFetchRequest {
                group_id: GROUP.into(),
                topics: Some(vec![OffsetFetchRequestTopic {
                    name: TOPIC.into(),
                    partition_indexes: vec![0],
                }]),
                ..Default::default()
            };
        }
        OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: GROUP.into(),
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: TOPIC.into(),
                    topic_id,
                    partition_indexes: vec![0],
                }]),
                ..Default::default()
            }],
            ..Default::default()
        }
    });
    assert_eq!(
        fetched.groups[0].topics[0].partitions[0].committed_offset,
        1
    );
    broker.ask(&[], |_| OffsetDeleteRequest {
        group_id: GROUP.into(),
        topics: vec![OffsetDeleteRequestTopic {
            name: TOPIC.into(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
        }],
    });
}

fn consumer(broker: &mut Broker) {
    let joined = broker.ask(&[], |version| ConsumerGroupHeartbeatRequest {
        group_id: format!("consumer-{version}"),
        member_id: if version == 0 {
            String::new()
        } else {
            member_id()
        },
        rebalance_timeout_ms: 10_000,
        subscribed_topic_names: Some(vec![TOPIC.into()]),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    });
    assert_eq!(
        joined.assignment.unwrap().topic_partitions[0].partitions,
        [0, 1]
    );
    broker.ask(&[], |_| ConsumerGroupDescribeRequest {
        group_ids: vec!["consumer-0".into(), "consumer-1".into()],
        ..Default::default()
    });
}

/// A member of KIP-848 and KIP-932 makes its id up: a UUID in URL-safe base64.
fn member_id() -> String {
    "AAECAwQFBgcICQoLDA0ODw".into()
}

fn share(broker: &mut Broker) {
    let topic_id = broker.topic_id;
    let mut beat = ShareGroupHeartbeatRequest {
        group_id: "share".into(),
        member_id: member_id(),
        subscribed_topic_names: Some(vec![TOPIC.into()]),
        ..Default::default()
    };
    let joined = broker.ask(&[], |_| beat.clone());
    // Partitions come once their state has been set up.
    beat.member_epoch = joined.member_epoch;
    broker.wait(&beat, 1, |answer| {
        let assigned = answer.assignment.clone().unwrap_or_default();
        !assigned.topic_partitions.is_empty()
    });
    let mut epoch = -1;
    broker.ask(&[], |version| {
        epoch += 1;
        ShareFetchRequest {
            group_id: Some("share".into()),
            member_id: Some(member_id()),
            share_session_epoch: epoch,
            max_wait_ms: 100,
            max_records: 10,
            batch_size: 10,
            share_acquire_mode: i8::from(version > 1),
            topics: vec![share_fetch::FetchTopic {
                topic_id,
                partitions: vec![share_fetch::FetchPartition::default()],
            }],
            ..Default::default()
        }
    });
    broker.ask(&[], |_| {
        epoch += 1;
        ShareAcknowledgeRequest {
            group_id: Some("share".into()),
            member_id: Some(member_id()),
            share_session_epoch: epoch,
            ..Default::default()
        }
    });
    broker.ask(&[], |_| ShareGroupDescribeRequest {
        group_ids: vec!["share".into()],
        ..Default::default()
    });
    let leave = ShareGroupHeartbeatRequest {
        group_id: "share".into(),
        member_id: member_id(),
        member_epoch: -1,
        ..Default::default()
    };
    broker.exchange(&leave, 1);
    share_offsets(broker);
}

/// Those of a group without members.
fn share_offsets(broker: &mut Broker) {
    broker.ask(&[], |_| AlterShareGroupOffsetsRequest {
        group_id: "share".into(),
        topics: vec![AlterShareGroupOffsetsRequestTopic {
            topic_name: TOPIC.into(),
            partitions: vec![AlterShareGroupOffsetsRequestPartition {
                partition_index: 0,
                start_offset: 1,
            }],
        }],
    });
    let described = broker.ask(&[], |_| DescribeShareGroupOffsetsRequest {
        groups: vec![DescribeShareGroupOffsetsRequestGroup {
            group_id: "share".into(),
            topics: None,
        }],
    });
    assert_eq!(described.groups[0].topics[0].partitions[0].start_offset, 1);
    broker.ask(&[], |_| DeleteShareGroupOffsetsRequest {
        group_id: "share".into(),
        topics: vec![DeleteShareGroupOffsetsRequestTopic {
            topic_name: TOPIC.into(),
        }],
    });
}

fn streams(broker: &mut Broker) {
    let process_id = Some(format!("{:?}", Uuid([9; 16])));
    broker.ask(&[], |_| StreamsGroupHeartbeatRequest {
        group_id: "streams".into(),
        member_id: member_id(),
        rebalance_timeout_ms: 10_000,
        topology: Some(Topology {
            epoch: 0,
            subtopologies: vec![Subtopology {
                subtopology_id: "0".into(),
                source_topics: vec![TOPIC.into()],
                ..Default::default()
            }],
        }),
        active_tasks: Some(Vec::new()),
        standby_tasks: Some(Vec::new()),
        warmup_tasks: Some(Vec::new()),
        process_id: process_id.clone(),
        client_tags: Some(Vec::new()),
        ..Default::default()
    });
    broker.ask(&[], |_| StreamsGroupDescribeRequest {
        group_ids: vec!["streams".into()],
        ..Default::default()
    });
}
