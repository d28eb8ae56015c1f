//! Groups and what they commit.

use bytes::Bytes;
use kafka_wire::messages::describe_groups::DescribeGroupsRequest;
use kafka_wire::messages::find_coordinator::FindCoordinatorRequest;
use kafka_wire::messages::heartbeat::HeartbeatRequest;
use kafka_wire::messages::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use kafka_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use kafka_wire::messages::list_groups::ListGroupsRequest;
use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_wire::messages::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use kafka_wire::{ErrorCode, Uuid};

use crate::Said;
use crate::client::{Client, soon};

/// A real broker has to create a topic first.
pub(crate) async fn wait_for_coordinator(address: &str) {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec!["g".into()],
        ..Default::default()
    };
    let fetch = fetch_request(8, Some(&[("groups", Uuid::ZERO)]));
    soon(async {
        let mut client = Client::at(address).await;
        loop {
            let found = client.call(4, &request).await.coordinators[0].error_code;
            let is_loaded =
                found.is_ok() && client.call(8, &fetch).await.groups[0].error_code.is_ok();
            if is_loaded {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
}

fn join(group_id: &str, member_id: &str, instance: Option<&str>) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: group_id.into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        member_id: member_id.into(),
        group_instance_id: instance.map(str::to_owned),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            // A subscription to nothing, version 0: a real broker reads it.
            metadata: Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        }],
        ..Default::default()
    }
}

fn joined(answer: &JoinGroupResponse) -> impl std::fmt::Debug + use<> {
    (
        (
            answer.error_code,
            answer.generation_id,
            answer.skip_assignment,
        ),
        (answer.protocol_type.clone(), answer.protocol_name.clone()),
        (
            answer.leader.is_empty(),
            answer.leader == answer.member_id,
            answer.member_id.is_empty(),
            answer.members.len(),
        ),
    )
}

fn synced(answer: &SyncGroupResponse) -> impl std::fmt::Debug + use<> {
    (
        answer.error_code,
        answer.protocol_type.clone(),
        answer.protocol_name.clone(),
        answer.assignment.clone(),
    )
}

fn sync(
    group: &str,
    member: &str,
    instance: Option<&str>,
    generation_id: i32,
    protocol: &str,
) -> SyncGroupRequest {
    SyncGroupRequest {
        group_id: group.into(),
        generation_id,
        member_id: member.into(),
        group_instance_id: instance.map(str::to_owned),
        protocol_type: Some("consumer".into()),
        protocol_name: Some(protocol.into()),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: member.into(),
            assignment: Bytes::from_static(b"all"),
        }],
    }
}

async fn heartbeat(
    client: &mut Client,
    group: &str,
    member: &str,
    instance: Option<&str>,
    generation_id: i32,
) -> ErrorCode {
    let request = HeartbeatRequest {
        group_id: group.into(),
        generation_id,
        member_id: member.into(),
        group_instance_id: instance.map(str::to_owned),
    };
    client.call(4, &request).await.error_code
}

async fn leave(
    client: &mut Client,
    group: &str,
    member: &str,
    instance: Option<&str>,
) -> impl std::fmt::Debug + use<> {
    let request = LeaveGroupRequest {
        group_id: group.into(),
        members: vec![MemberIdentity {
            member_id: member.into(),
            group_instance_id: instance.map(str::to_owned),
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = client.call(5, &request).await;
    (
        answer.error_code,
        answer.members.first().map(|it| it.error_code),
    )
}

pub(crate) async fn ask_alone(client: &mut Client, said: &mut Said) {
    refusals(client, said).await;
    for version in 0..=9 {
        let group = format!("v{version}");
        let mut answer = client.call(version, &join(&group, "", None)).await;
        said.note(("join", version), joined(&answer));
        if answer.error_code == ErrorCode::MEMBER_ID_REQUIRED {
            answer = client
                .call(version, &join(&group, &answer.member_id, None))
                .await;
            said.note(("join again", version), joined(&answer));
        }
        said.note(
            "heartbeat before sync",
            heartbeat(client, &group, &answer.member_id, None, 1).await,
        );
    }
    let member = client.call(3, &join("one", "", None)).await.member_id;
    for (who, generation, protocol) in [
        ("x", 1, "range"),
        (&member, 2, "range"),
        (&member, 1, "sticky"),
        (&member, 1, "range"),
        (&member, 1, "range"),
    ] {
        let answer = client
            .call(5, &sync("one", who, None, generation, protocol))
            .await;
        said.note(
            ("sync", who == member, generation, protocol),
            synced(&answer),
        );
    }
    describe(client, said, "one").await;
    for (who, generation) in [
        (&*member, 1),
        (&member, 0),
        (&member, 2),
        ("x", 1),
        ("", -1),
    ] {
        let code = heartbeat(client, "one", who, None, generation).await;
        said.note(("heartbeat", who == member, generation), code);
    }
    let again = client.call(9, &join("one", &member, None)).await;
    said.note("the leader joins again", joined(&again));
    let repeated = client.call(9, &join("one", &member, None)).await;
    said.note("and repeats itself", joined(&repeated));
    describe(client, said, "one").await;
    said.note("leave x", leave(client, "one", "x", None).await);
    said.note("leave", leave(client, "one", &member, None).await);
    said.note("leave again", leave(client, "one", &member, None).await);
    describe(client, said, "one").await;
    said.note(
        "heartbeat of an empty group",
        heartbeat(client, "one", &member, None, 3).await,
    );
    said.note("leave no group", leave(client, "absent", "x", None).await);
}

async fn refusals(client: &mut Client, said: &mut Said) {
    let good = join("refused", "", None);
    for (what, request) in [
        (
            "no name",
            JoinGroupRequest {
                group_id: String::new(),
                ..good.clone()
            },
        ),
        (
            "short session",
            JoinGroupRequest {
                session_timeout_ms: 10,
                ..good.clone()
            },
        ),
        (
            "long session",
            JoinGroupRequest {
                session_timeout_ms: i32::MAX,
                ..good.clone()
            },
        ),
        (
            "no protocols",
            JoinGroupRequest {
                protocols: vec![],
                ..good.clone()
            },
        ),
        (
            "no protocol type",
            JoinGroupRequest {
                protocol_type: String::new(),
                ..good.clone()
            },
        ),
        ("unknown member", join("refused", "nobody", None)),
        (
            "unknown static member",
            join("refused", "nobody", Some("i")),
        ),
    ] {
        for version in [6, 9] {
            let answer = client.call(version, &request).await;
            said.note(("join", what, version), joined(&answer));
        }
    }
    let answer = client.call(5, &sync("absent", "x", None, 1, "range")).await;
    said.note("sync with no group", synced(&answer));
    said.note(
        "heartbeat of no group",
        heartbeat(client, "absent", "x", None, 1).await,
    );
    said.note(
        "heartbeat of no name",
        heartbeat(client, "", "x", None, 1).await,
    );
    describe(client, said, "absent").await;
    describe(client, said, "").await;
    said.note("leave no name", leave(client, "", "x", None).await);
    let answer = client.call(5, &sync("", "x", None, 1, "range")).await;
    said.note("sync no name", synced(&answer));
    for key_type in 0..=3 {
        let request = FindCoordinatorRequest {
            key_type,
            coordinator_keys: vec!["k".into()],
            ..Default::default()
        };
        if key_type != 1 {
            let found = client.call(4, &request).await;
            said.note(
                ("coordinator of", key_type),
                (
                    found.coordinators[0].error_code,
                    found.coordinators[0].node_id,
                ),
            );
        }
    }
}

async fn describe(client: &mut Client, said: &mut Said, group: &str) {
    for version in [4, 5, 6] {
        let request = DescribeGroupsRequest {
            groups: vec![group.into()],
            include_authorized_operations: true,
        };
        let answer = client.call(version, &request).await;
        let described = &answer.groups[0];
        let mut members: Vec<_> = described
            .members
            .iter()
            .map(|it| {
                (
                    &it.client_id,
                    &it.client_host,
                    &it.group_instance_id,
                    it.member_metadata.len(),
                    &it.member_assignment,
                )
            })
            .collect();
        // In no particular order.
        members.sort();
        said.note(
            ("describe", group, version),
            (
                (
                    described.error_code,
                    &described.group_state,
                    &described.protocol_type,
                    &described.protocol_data,
                ),
                members,
                (
                    described.authorized_operations,
                    described.error_message.is_some(),
                ),
            ),
        );
    }
}

/// One has settled when another comes; then the first goes.
pub(crate) async fn ask_two(one: &mut Client, two: &mut Client, said: &mut Said) {
    let group = "two";
    let first = one.call(3, &join(group, "", None)).await.member_id;
    one.call(5, &sync(group, &first, None, 1, "range")).await;
    let second = two.call(9, &join(group, "", None)).await;
    said.note("the second is sent away", joined(&second));
    let second = second.member_id;
    said.note(
        "nobody waits for it yet",
        heartbeat(one, group, &first, None, 1).await,
    );
    two.send(9, &join(group, &second, None)).await;
    soon(async { while heartbeat(one, group, &first, None, 1).await.is_ok() {} }).await;
    said.note(
        "the first has to join again",
        heartbeat(one, group, &first, None, 1).await,
    );
    let answer = one.call(5, &sync(group, &first, None, 1, "range")).await;
    said.note("sync while preparing", synced(&answer));
    describe(one, said, group).await;
    let mut other = join(group, &first, None);
    other.protocols[0].name = "sticky".into();
    said.note(
        "join with what nobody speaks",
        joined(&one.call(9, &other).await),
    );
    let answer = one.call(9, &join(group, &first, None)).await;
    said.note("the first joins again", joined(&answer));
    let answer = two.receive::<JoinGroupRequest>(9).await.unwrap();
    said.note("the second joins", joined(&answer));
    said.note(
        "before anybody syncs",
        heartbeat(two, group, &second, None, 2).await,
    );
    two.send(5, &sync(group, &second, None, 2, "range")).await;
    let answer = one.call(5, &sync(group, &first, None, 2, "range")).await;
    said.note("the leader syncs", synced(&answer));
    let answer = two.receive::<SyncGroupRequest>(5).await.unwrap();
    said.note("the follower syncs", synced(&answer));
    let answer = two.call(9, &join(group, &second, None)).await;
    said.note("the follower repeats itself", joined(&answer));
    said.note("the leader leaves", leave(one, group, &first, None).await);
    said.note(
        "the follower is told",
        heartbeat(two, group, &second, None, 2).await,
    );
    describe(two, said, group).await;
    let answer = two.call(9, &join(group, &second, None)).await;
    said.note("and leads", joined(&answer));
    list(two, said, group).await;
}

async fn list(client: &mut Client, said: &mut Said, group: &str) {
    for (states, types) in [
        (vec![], vec![]),
        (vec!["completingrebalance".to_owned()], vec![]),
        (vec![], vec!["CLASSIC".to_owned()]),
        (vec!["Nonsense".to_owned()], vec![]),
    ] {
        let request = ListGroupsRequest {
            states_filter: states.clone(),
            types_filter: types.clone(),
        };
        let answer = client.call(5, &request).await;
        let found = answer.groups.iter().find(|it| it.group_id == group);
        let found = found.map(|it| (&it.protocol_type, &it.group_state, &it.group_type));
        said.note(("listed", states, types), (answer.error_code, found));
    }
}

pub(crate) async fn ask_static(client: &mut Client, said: &mut Said) {
    let group = "static";
    let first = client.call(9, &join(group, "", Some("i"))).await;
    said.note("static join", joined(&first));
    let answer = client
        .call(5, &sync(group, &first.member_id, Some("i"), 1, "range"))
        .await;
    said.note("static sync", synced(&answer));
    for version in [5, 9] {
        let again = client.call(version, &join(group, "", Some("i"))).await;
        said.note(
            ("static again", version),
            (joined(&again), again.member_id == first.member_id),
        );
        let old = heartbeat(client, group, &first.member_id, Some("i"), 1).await;
        said.note("the old one", old);
        let fenced = client
            .call(9, &join(group, &first.member_id, Some("i")))
            .await;
        said.note("the old one joins", joined(&fenced));
        let answer = client
            .call(5, &sync(group, &again.member_id, Some("i"), 1, "range"))
            .await;
        said.note("the new one syncs", synced(&answer));
        let beats = heartbeat(client, group, &again.member_id, Some("i"), 1).await;
        said.note("the new one", beats);
    }
    said.note(
        "static leave x",
        leave(client, group, &first.member_id, Some("i")).await,
    );
    said.note(
        "static leave of another",
        leave(client, group, "", Some("j")).await,
    );
    said.note("static leave", leave(client, group, "", Some("i")).await);
    describe(client, said, group).await;
}

fn commit(
    group: &str,
    topic: &str,
    topic_id: Uuid,
    partition_index: i32,
    metadata: Option<&str>,
) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: group.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: topic.into(),
            topic_id,
            partitions: vec![OffsetCommitRequestPartition {
                partition_index,
                committed_offset: 5,
                committed_metadata: metadata.map(str::to_owned),
                ..Default::default()
            }],
        }],
        ..Default::default()
    }
}

async fn committed(client: &mut Client, version: i16, request: &OffsetCommitRequest) -> ErrorCode {
    client.call(version, request).await.topics[0].partitions[0].error_code
}

fn fetch_request(version: i16, topics: Option<&[(&str, Uuid)]>) -> OffsetFetchRequest {
    if version < 8 {
        return OffsetFetchRequest {
            group_id: "alone".into(),
            topics: topics.map(|topics| {
                let topics = topics.iter().map(|(name, _)| OffsetFetchRequestTopic {
                    name: (*name).into(),
                    partition_indexes: vec![0, 9],
                });
                topics.collect()
            }),
            ..Default::default()
        };
    }
    OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: "alone".into(),
            topics: topics.map(|topics| {
                let topics = topics
                    .iter()
                    .map(|(name, topic_id)| OffsetFetchRequestTopics {
                        name: (*name).into(),
                        topic_id: *topic_id,
                        partition_indexes: vec![0, 9],
                    });
                topics.collect()
            }),
            ..Default::default()
        }],
        ..Default::default()
    }
}

async fn fetch(
    client: &mut Client,
    said: &mut Said,
    version: i16,
    topics: Option<&[(&str, Uuid)]>,
) {
    let answer = client.call(version, &fetch_request(version, topics)).await;
    let mut found = Vec::new();
    for it in answer.topics.iter().flat_map(|topic| &topic.partitions) {
        found.push((
            it.partition_index,
            it.error_code,
            it.committed_offset,
            it.committed_leader_epoch,
            it.metadata.clone(),
        ));
    }
    for it in answer
        .groups
        .iter()
        .flat_map(|group| &group.topics)
        .flat_map(|topic| &topic.partitions)
    {
        found.push((
            it.partition_index,
            it.error_code,
            it.committed_offset,
            it.committed_leader_epoch,
            it.metadata.clone(),
        ));
    }
    found.sort();
    let code = answer.groups.first().map(|group| group.error_code);
    let names = topics.map(|topics| topics.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    said.note(
        ("committed", version, names),
        (answer.error_code, code, found),
    );
}

pub(crate) async fn ask_offsets(client: &mut Client, said: &mut Said) {
    let id = client.topic_id("groups").await;
    let unknown = Uuid([7; 16]);
    for version in [1, 5, 7, 8, 9, 10] {
        fetch(client, said, version, Some(&[("groups", id)])).await;
    }
    let long = "x".repeat(5_000);
    for version in 2..=10 {
        let code = committed(
            client,
            version,
            &commit("alone", "groups", id, 0, Some("note")),
        )
        .await;
        said.note(("commit", version), code);
    }
    for (what, request) in [
        ("without a note", commit("alone", "groups", id, 0, None)),
        (
            "with a long note",
            commit("alone", "groups", id, 0, Some(&long)),
        ),
        ("to no topic", commit("alone", "absent", unknown, 0, None)),
        ("to no partition", commit("alone", "groups", id, 9, None)),
        ("of no group", commit("", "groups", id, 0, None)),
        (
            "of a member",
            OffsetCommitRequest {
                generation_id_or_member_epoch: 1,
                member_id: "x".into(),
                ..commit("alone", "groups", id, 0, None)
            },
        ),
        (
            "of a new member",
            OffsetCommitRequest {
                generation_id_or_member_epoch: 1,
                member_id: "x".into(),
                ..commit("absent", "groups", id, 0, None)
            },
        ),
    ] {
        for version in [8, 9, 10] {
            said.note(
                ("commit", what, version),
                committed(client, version, &request).await,
            );
        }
    }
    for version in 1..=10 {
        fetch(client, said, version, Some(&[("groups", id)])).await;
        fetch(client, said, version, Some(&[("absent", unknown)])).await;
        if version >= 2 {
            fetch(client, said, version, None).await;
        }
    }
    describe(client, said, "alone").await;
    let member = client.call(3, &join("alone", "", None)).await.member_id;
    for (what, member_id, generation) in [
        ("a stranger", "", -1),
        ("somebody else", "x", 1),
        ("the member, too early", &*member, 1),
        ("the member of old", &member, 0),
    ] {
        let request = OffsetCommitRequest {
            generation_id_or_member_epoch: generation,
            member_id: member_id.into(),
            ..commit("alone", "groups", id, 0, None)
        };
        said.note(("commit of", what), committed(client, 9, &request).await);
    }
    client
        .call(5, &sync("alone", &member, None, 1, "range"))
        .await;
    let request = OffsetCommitRequest {
        generation_id_or_member_epoch: 1,
        member_id: member.clone(),
        ..commit("alone", "groups", id, 0, None)
    };
    said.note("commit of the member", committed(client, 9, &request).await);
    describe(client, said, "alone").await;
    said.note("leave", leave(client, "alone", &member, None).await);
    describe(client, said, "alone").await;
}
