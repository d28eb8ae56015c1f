//! Groups of the protocol of KIP-848.

use kafka_wire::messages::consumer_group_describe::ConsumerGroupDescribeRequest;
use kafka_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use kafka_wire::messages::describe_groups::DescribeGroupsRequest;
use kafka_wire::messages::heartbeat::HeartbeatRequest;
use kafka_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use kafka_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use kafka_wire::messages::list_groups::ListGroupsRequest;
use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_wire::messages::sync_group::SyncGroupRequest;
use kafka_wire::{ErrorCode, Uuid};

use crate::Said;
use crate::client::Client;

fn join(group: &str, member: &str) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group_id: group.into(),
        member_id: member.into(),
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(vec!["modern".into()]),
        topic_partitions: Some(vec![]),
        ..Default::default()
    }
}

fn beat(group: &str, member: &str, member_epoch: i32) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group_id: group.into(),
        member_id: member.into(),
        member_epoch,
        ..Default::default()
    }
}

fn has(
    request: ConsumerGroupHeartbeatRequest,
    owned: &[TopicPartitions],
) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        topic_partitions: Some(owned.to_vec()),
        ..request
    }
}

fn named(request: ConsumerGroupHeartbeatRequest, name: &str) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        instance_id: Some(name.into()),
        ..request
    }
}

fn count(partitions: &[TopicPartitions]) -> usize {
    partitions.iter().map(|it| it.partitions.len()).sum()
}

/// Who gets which partition is each broker's own; how many is not.
fn told(answer: &ConsumerGroupHeartbeatResponse) -> impl std::fmt::Debug + use<> {
    let assignment = answer.assignment.as_ref();
    (
        answer.error_code,
        answer.member_epoch,
        answer.heartbeat_interval_ms,
        assignment.map(|it| count(&it.topic_partitions)),
        answer.member_id.is_some(),
    )
}

/// Asks, notes, and says which partitions came.
async fn ask(
    client: &mut Client,
    said: &mut Said,
    what: &str,
    request: &ConsumerGroupHeartbeatRequest,
) -> Vec<TopicPartitions> {
    let answer = client.call(1, request).await;
    said.note(what, told(&answer));
    let assignment = answer.assignment.map(|it| it.topic_partitions);
    assignment.unwrap_or_default()
}

async fn describe(client: &mut Client, said: &mut Said, group: &str) {
    for version in [0, 1] {
        let request = ConsumerGroupDescribeRequest {
            group_ids: vec![group.into()],
            include_authorized_operations: true,
        };
        let answer = client.call(version, &request).await;
        let it = &answer.groups[0];
        let members = it.members.iter().map(|member| {
            let sizes = [&member.assignment, &member.target_assignment].map(|assignment| {
                let topics = assignment.topic_partitions.iter();
                topics
                    .map(|it| (it.topic_name.clone(), it.partitions.len()))
                    .collect::<Vec<_>>()
            });
            (
                (member.member_id.clone(), member.instance_id.clone()),
                (member.member_epoch, member.member_type),
                (&member.client_host, &member.subscribed_topic_names),
                sizes,
            )
        });
        let mut members: Vec<_> = members.collect();
        members.sort();
        said.note(
            ("describe", group, version),
            (
                (it.error_code, it.error_message.is_some(), &it.group_state),
                (it.group_epoch, it.assignment_epoch, &it.assignor_name),
                (members, it.authorized_operations),
            ),
        );
    }
}

pub(crate) async fn ask_refusals(client: &mut Client, said: &mut Said) {
    let good = join("refused", "m");
    let requests = [
        ("no group", join("", "m")),
        ("no member", join("refused", "")),
        ("no member, later", beat("refused", "", 1)),
        ("no instance", named(good.clone(), "")),
        ("a member of nothing", beat("refused", "m", 1)),
        ("a leaver of nothing", beat("refused", "m", -1)),
        ("away without a name", beat("refused", "m", -2)),
        ("no epoch", beat("refused", "m", -3)),
        ("too little", beat("refused", "m", 0)),
        (
            "too many partitions",
            has(good.clone(), &[TopicPartitions::default()]),
        ),
        (
            "no timeout",
            ConsumerGroupHeartbeatRequest {
                rebalance_timeout_ms: -1,
                ..good.clone()
            },
        ),
        (
            "no subscription",
            ConsumerGroupHeartbeatRequest {
                subscribed_topic_names: None,
                ..good.clone()
            },
        ),
        (
            "an unknown assignor",
            ConsumerGroupHeartbeatRequest {
                server_assignor: Some("fair".into()),
                ..good.clone()
            },
        ),
        (
            "an empty rack",
            ConsumerGroupHeartbeatRequest {
                rack_id: Some(String::new()),
                ..good.clone()
            },
        ),
    ];
    for (what, request) in requests {
        for version in [0, 1] {
            // In version 0, a member without an id gets one.
            if (what, version) != ("no member", 0) {
                said.note((what, version), told(&client.call(version, &request).await));
            }
        }
    }
    describe(client, said, "refused").await;
    let answer = client.call(0, &join("version 0", "")).await;
    said.note("an id is given in version 0", told(&answer));
}

async fn commit(
    client: &mut Client,
    said: &mut Said,
    group: &str,
    partition: &(Uuid, i32),
    who: (i16, &str, i32),
) {
    let (version, member, epoch) = who;
    let request = OffsetCommitRequest {
        group_id: group.into(),
        member_id: member.into(),
        generation_id_or_member_epoch: epoch,
        topics: vec![OffsetCommitRequestTopic {
            name: "modern".into(),
            topic_id: partition.0,
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: partition.1,
                committed_offset: 1,
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    let answer = client.call(version, &request).await;
    said.note(("commit", who), answer.topics[0].partitions[0].error_code);
    if version < 9 {
        return;
    }
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: group.into(),
            member_id: (!member.is_empty()).then(|| member.into()),
            member_epoch: epoch,
            topics: Some(vec![OffsetFetchRequestTopics {
                name: "modern".into(),
                topic_id: partition.0,
                partition_indexes: vec![partition.1],
            }]),
        }],
        ..Default::default()
    };
    let answer = client.call(version, &request).await.groups.remove(0);
    let offsets: Vec<_> = answer
        .topics
        .iter()
        .flat_map(|topic| &topic.partitions)
        .map(|it| (it.error_code, it.committed_offset))
        .collect();
    said.note(("fetch", who), (answer.error_code, offsets));
}

/// One has all when another comes; it gives half of it up, slowly; then the other leaves.
pub(crate) async fn ask_two(client: &mut Client, said: &mut Said) {
    let group = "modern two";
    let all = ask(client, said, "a joins", &join(group, "a")).await;
    ask(client, said, "a has all", &has(beat(group, "a", 2), &all)).await;
    ask(client, said, "a lives", &beat(group, "a", 2)).await;
    let full = has(
        ConsumerGroupHeartbeatRequest {
            member_epoch: 2,
            ..join(group, "a")
        },
        &all,
    );
    ask(client, said, "a says everything", &full).await;
    describe(client, said, group).await;
    let partition = (client.topic_id("modern").await, 0);
    for who in [
        (8, "a", 2),
        (9, "a", 2),
        (10, "a", 2),
        (9, "a", 0),
        (9, "a", 1),
        (9, "a", 3),
        (9, "x", 2),
        (9, "", -1),
        (8, "", -1),
    ] {
        commit(client, said, group, &partition, who).await;
    }
    ask(client, said, "b joins", &join(group, "b")).await;
    ask(client, said, "b waits", &beat(group, "b", 3)).await;
    describe(client, said, group).await;
    let less = ask(client, said, "a is to give up", &beat(group, "a", 2)).await;
    ask(
        client,
        said,
        "a has all yet",
        &has(beat(group, "a", 2), &all),
    )
    .await;
    ask(client, said, "b still waits", &beat(group, "b", 3)).await;
    describe(client, said, group).await;
    commit(client, said, group, &partition, (9, "a", 2)).await;
    ask(client, said, "a gave up", &has(beat(group, "a", 2), &less)).await;
    describe(client, said, group).await;
    let kept = (less[0].topic_id, less[0].partitions[0]);
    for epoch in [0, 1, 2, 3, 4] {
        commit(client, said, group, &kept, (9, "a", epoch)).await;
    }
    ask(client, said, "b gets it", &beat(group, "b", 3)).await;
    describe(client, said, group).await;
    fenced(client, said, group, &less, &all).await;
    classic(client, said, group).await;
    ask(client, said, "b leaves", &beat(group, "b", -1)).await;
    ask(client, said, "b leaves again", &beat(group, "b", -1)).await;
    describe(client, said, group).await;
    ask(client, said, "a gets all", &beat(group, "a", 3)).await;
    ask(client, said, "a leaves", &beat(group, "a", -1)).await;
    describe(client, said, group).await;
    ask(client, said, "a after all", &beat(group, "a", 4)).await;
    commit(client, said, group, &partition, (9, "a", 4)).await;
    commit(client, said, group, &partition, (9, "", -1)).await;
}

async fn fenced(
    client: &mut Client,
    said: &mut Said,
    group: &str,
    less: &[TopicPartitions],
    all: &[TopicPartitions],
) {
    let old = beat(group, "a", 2);
    ask(client, said, "a is a step behind", &has(old.clone(), less)).await;
    ask(
        client,
        said,
        "a is behind with more",
        &has(old.clone(), all),
    )
    .await;
    ask(client, said, "a is behind, mute", &old).await;
    ask(client, said, "a is ahead", &beat(group, "a", 4)).await;
    ask(client, said, "nobody", &beat(group, "x", 3)).await;
    ask(client, said, "a joins again", &join(group, "a")).await;
    describe(client, said, group).await;
}

/// Requests of classic members.
async fn classic(client: &mut Client, said: &mut Said, group: &str) {
    let request = JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "other".into(),
        protocols: vec![JoinGroupRequestProtocol::default()],
        ..Default::default()
    };
    let code = client.call(9, &request).await.error_code;
    said.note("a classic join", code);
    let request = SyncGroupRequest {
        group_id: group.into(),
        member_id: "x".into(),
        ..Default::default()
    };
    let named = SyncGroupRequest {
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        ..request.clone()
    };
    for (version, request) in [(4, &request), (5, &request), (5, &named)] {
        let code = client.call(version, request).await.error_code;
        said.note(("a classic sync", version), code);
    }
    let request = HeartbeatRequest {
        group_id: group.into(),
        member_id: "x".into(),
        ..Default::default()
    };
    let code = client.call(4, &request).await.error_code;
    said.note("a classic heartbeat", code);
    let request = LeaveGroupRequest {
        group_id: group.into(),
        members: vec![MemberIdentity {
            member_id: "x".into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = client.call(5, &request).await;
    let codes: Vec<ErrorCode> = answer.members.iter().map(|it| it.error_code).collect();
    said.note("a classic leave", (answer.error_code, codes));
    for version in [5, 6] {
        let request = DescribeGroupsRequest {
            groups: vec![group.into()],
            ..Default::default()
        };
        let described = client.call(version, &request).await.groups.remove(0);
        said.note(
            ("described as classic", version),
            (
                described.error_code,
                described.error_message.is_some(),
                described.group_state,
                described.protocol_type,
            ),
        );
    }
    for filter in ["consumer", "classic"] {
        let request = ListGroupsRequest {
            types_filter: vec![filter.into()],
            ..Default::default()
        };
        let answer = client.call(5, &request).await;
        let found = answer.groups.iter().find(|it| it.group_id == group);
        let found = found.map(|it| (&it.protocol_type, &it.group_state, &it.group_type));
        said.note(("listed as", filter), found);
    }
}

pub(crate) async fn ask_static(client: &mut Client, said: &mut Said) {
    let group = "modern static";
    let of = |member: &str, epoch: i32| named(beat(group, member, epoch), "i");
    ask(client, said, "joins", &named(join(group, "a"), "i")).await;
    ask(client, said, "taken", &named(join(group, "b"), "i")).await;
    ask(client, said, "not its name", &of("b", 2)).await;
    ask(
        client,
        said,
        "an unknown name",
        &named(beat(group, "a", 2), "j"),
    )
    .await;
    ask(client, said, "away, not its name", &of("b", -2)).await;
    ask(client, said, "away", &of("a", -2)).await;
    describe(client, said, group).await;
    ask(client, said, "lives while away", &of("a", 2)).await;
    ask(client, said, "comes back", &named(join(group, "b"), "i")).await;
    ask(client, said, "the old one", &of("a", 2)).await;
    ask(client, said, "the new one", &of("b", 2)).await;
    describe(client, said, group).await;
    ask(client, said, "another", &named(join(group, "c"), "j")).await;
    ask(client, said, "leaves", &of("b", -1)).await;
    ask(client, said, "the other", &named(beat(group, "c", 3), "j")).await;
    describe(client, said, group).await;
    ask(
        client,
        said,
        "the last leaves",
        &named(beat(group, "c", -1), "j"),
    )
    .await;
    ask(client, said, "joins anew", &named(join(group, "d"), "i")).await;
}
