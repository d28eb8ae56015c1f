//! Classic groups and committed offsets over the wire; what a group does is tested where it is.

use std::time::Duration;

use bytes::Bytes;
use kafka_testcontainers::embedded::{Broker, Config};
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
use kafka_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use kafka_wire::{ErrorCode, Request as _, Uuid};

use crate::client::{Client, one_node, until};

fn join(member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: "what I want".into(),
        }],
        ..Default::default()
    }
}

/// Joins as a client of version 9 does: twice.
async fn member(client: &mut Client) -> JoinGroupResponse {
    let refused = client.call(9, &join("")).await;
    assert_eq!(refused.error_code, ErrorCode::MEMBER_ID_REQUIRED);
    client.call(9, &join(&refused.member_id)).await
}

fn sync(joined: &JoinGroupResponse, assignments: &[(&str, &'static str)]) -> SyncGroupRequest {
    SyncGroupRequest {
        group_id: "g".into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: assignments
            .iter()
            .map(|(member_id, assignment)| SyncGroupRequestAssignment {
                member_id: (*member_id).into(),
                assignment: Bytes::from_static(assignment.as_bytes()),
            })
            .collect(),
        ..Default::default()
    }
}

fn heartbeat(joined: &JoinGroupResponse) -> HeartbeatRequest {
    HeartbeatRequest {
        group_id: "g".into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..Default::default()
    }
}

#[tokio::test]
async fn two_members_share_and_one_inherits() {
    let broker = one_node().await;
    let (mut one, mut two) = (Client::to(&broker, 1).await, Client::to(&broker, 1).await);
    let first = member(&mut one).await;
    assert_eq!(
        (first.error_code, &first.leader),
        (ErrorCode::NONE, &first.member_id)
    );
    assert!(first.member_id.starts_with("tiny-"));
    one.call(5, &sync(&first, &[(&first.member_id, "all")]))
        .await;
    assert_eq!(broker.group_state("g"), Some(("Stable", 1)));

    let refused = two.call(9, &join("")).await;
    two.send(9, &join(&refused.member_id)).await;
    until(|| broker.group_state("g") == Some(("PreparingRebalance", 1))).await;
    assert_eq!(
        one.call(4, &heartbeat(&first)).await.error_code,
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    let first = one.call(9, &join(&first.member_id)).await;
    let second = two.receive::<JoinGroupRequest>(9).await.unwrap();
    assert_eq!((first.generation_id, second.generation_id), (2, 2));
    assert_eq!((first.members.len(), second.members.len()), (2, 0));
    assert_eq!(first.members[0].metadata, "what I want");

    two.send(5, &sync(&second, &[])).await;
    until(|| broker.requests_seen(SyncGroupRequest::KEY) == 2).await;
    let halves = [(&*first.member_id, "left"), (&*second.member_id, "right")];
    assert_eq!(one.call(5, &sync(&first, &halves)).await.assignment, "left");
    assert_eq!(
        two.receive::<SyncGroupRequest>(5).await.unwrap().assignment,
        "right"
    );
    let assigned: Vec<_> = broker
        .group_members("g")
        .into_iter()
        .map(|it| it.assignment)
        .collect();
    assert_eq!(assigned, ["left", "right"]);

    let leave = LeaveGroupRequest {
        group_id: "g".into(),
        members: vec![MemberIdentity {
            member_id: first.member_id.clone(),
            ..Default::default()
        }],
        ..Default::default()
    };
    assert_eq!(
        one.call(5, &leave).await.members[0].error_code,
        ErrorCode::NONE
    );
    assert_eq!(
        one.call(5, &leave).await.members[0].error_code,
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    assert_eq!(
        two.call(4, &heartbeat(&second)).await.error_code,
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    let second = two.call(9, &join(&second.member_id)).await;
    assert_eq!((second.generation_id, second.members.len()), (3, 1));
}

#[tokio::test]
async fn every_version_joins() {
    for version in JoinGroupRequest::stable_versions() {
        let broker = one_node().await;
        let mut client = Client::to(&broker, 1).await;
        let mut joined = client.call(version, &join("")).await;
        assert_eq!(
            joined.error_code == ErrorCode::MEMBER_ID_REQUIRED,
            version >= 4,
            "v{version}"
        );
        if version >= 4 {
            joined = client.call(version, &join(&joined.member_id)).await;
        }
        assert_eq!(
            (joined.error_code, joined.generation_id),
            (ErrorCode::NONE, 1),
            "v{version}"
        );
        assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    }
}

#[tokio::test]
async fn a_silent_member_is_out() {
    let mut config = Config::nodes(1);
    config.set("group.min.session.timeout.ms", "50").unwrap();
    let broker = Broker::start(config).await.unwrap();
    let mut client = Client::to(&broker, 1).await;
    let short = |id: &str| JoinGroupRequest {
        session_timeout_ms: 50,
        ..join(id)
    };
    let refused = client.call(9, &short("")).await;
    let joined = client.call(9, &short(&refused.member_id)).await;
    client.call(5, &sync(&joined, &[])).await;
    until(|| broker.group_state("g") == Some(("Empty", 2))).await;
    assert_eq!(
        client.call(4, &heartbeat(&joined)).await.error_code,
        ErrorCode::UNKNOWN_MEMBER_ID
    );
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let code = |response: JoinGroupResponse| response.error_code;
    let unnamed = JoinGroupRequest {
        group_id: String::new(),
        ..join("")
    };
    let hasty = JoinGroupRequest {
        session_timeout_ms: 5_999,
        ..join("")
    };
    let speechless = JoinGroupRequest {
        protocols: vec![],
        ..join("")
    };
    assert_eq!(
        code(client.call(9, &unnamed).await),
        ErrorCode::INVALID_GROUP_ID
    );
    assert_eq!(
        code(client.call(9, &hasty).await),
        ErrorCode::INVALID_SESSION_TIMEOUT
    );
    assert_eq!(
        code(client.call(9, &speechless).await),
        ErrorCode::INCONSISTENT_GROUP_PROTOCOL
    );
    assert_eq!(
        code(client.call(9, &join("nobody")).await),
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    assert_eq!(broker.group_state("g"), None);
}

#[tokio::test]
async fn groups_have_one_coordinator_that_can_move() {
    let broker = Broker::start(Config::nodes(3)).await.unwrap();
    let coordinator = broker.coordinator("g").unwrap();
    let mut client = Client::to(&broker, 1).await;
    for version in FindCoordinatorRequest::stable_versions() {
        let request = if version < 4 {
            FindCoordinatorRequest {
                key: "g".into(),
                ..Default::default()
            }
        } else {
            FindCoordinatorRequest {
                coordinator_keys: vec!["g".into()],
                ..Default::default()
            }
        };
        let found = client.call(version, &request).await;
        let node = found
            .coordinators
            .first()
            .map_or(found.node_id, |it| it.node_id);
        assert_eq!(node, coordinator, "v{version}");
    }
    let other = coordinator % 3 + 1;
    let mut stranger = Client::to(&broker, other).await;
    assert_eq!(
        stranger.call(9, &join("")).await.error_code,
        ErrorCode::NOT_COORDINATOR
    );
    let mut client = Client::to(&broker, coordinator).await;
    let joined = member(&mut client).await;
    client.call(5, &sync(&joined, &[])).await;

    // A follower waits for a rebalance when the coordinator moves.
    let refused = client.call(9, &join("")).await;
    client.send(9, &join(&refused.member_id)).await;
    until(|| broker.group_members("g").len() == 2).await;
    assert!(broker.move_coordinator("g", other));
    let moved = client.receive::<JoinGroupRequest>(9).await.unwrap();
    assert_eq!(moved.error_code, ErrorCode::NOT_COORDINATOR);
    let known = stranger.call(4, &heartbeat(&joined)).await;
    assert_eq!(
        known.error_code,
        ErrorCode::REBALANCE_IN_PROGRESS,
        "the group went along"
    );
    broker.kill(other).unwrap();
    assert!(broker.coordinator("g").is_some_and(|node| node != other));
}

fn commit(name: &str, topic_id: Uuid, committed_offset: i64) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: "g".into(),
        topics: vec![OffsetCommitRequestTopic {
            name: name.into(),
            topic_id,
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset,
                committed_metadata: Some("note".into()),
                ..Default::default()
            }],
        }],
        ..Default::default()
    }
}

async fn committed(
    client: &mut Client,
    version: i16,
    name: &str,
    topic_id: Uuid,
) -> (ErrorCode, i64) {
    if version < 8 {
        let request = OffsetFetchRequest {
            group_id: "g".into(),
            topics: Some(vec![OffsetFetchRequestTopic {
                name: name.into(),
                partition_indexes: vec![0],
            }]),
            ..Default::default()
        };
        let response = client.call(version, &request).await;
        let partition = &response.topics[0].partitions[0];
        return (partition.error_code, partition.committed_offset);
    }
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: "g".into(),
            topics: Some(vec![OffsetFetchRequestTopics {
                name: name.into(),
                topic_id,
                partition_indexes: vec![0],
            }]),
            ..Default::default()
        }],
        ..Default::default()
    };
    let response = client.call(version, &request).await;
    assert_eq!(response.groups[0].error_code, ErrorCode::NONE);
    let partition = &response.groups[0].topics[0].partitions[0];
    (partition.error_code, partition.committed_offset)
}

#[tokio::test]
async fn offsets_are_committed_and_fetched_in_every_version() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let id = client.topic_id("t").await;
    assert_eq!(
        committed(&mut client, 9, "t", id).await,
        (ErrorCode::NONE, -1)
    );
    for version in OffsetCommitRequest::stable_versions() {
        let offset = i64::from(version);
        let answer = client.call(version, &commit("t", id, offset)).await;
        assert_eq!(
            answer.topics[0].partitions[0].error_code,
            ErrorCode::NONE,
            "v{version}"
        );
        assert_eq!(broker.committed("g", "t", 0), Some(offset));
    }
    for version in OffsetFetchRequest::stable_versions() {
        assert_eq!(
            committed(&mut client, version, "t", id).await,
            (ErrorCode::NONE, 10),
            "v{version}"
        );
    }
    let unknown = Uuid([7; 16]);
    assert_eq!(
        committed(&mut client, 9, "none", unknown).await,
        (ErrorCode::NONE, -1)
    );
    assert_eq!(
        committed(&mut client, 10, "", unknown).await.0,
        ErrorCode::UNKNOWN_TOPIC_ID
    );
    broker.delete_topic("t");
    broker.create_topic("t", 1, 1).unwrap();
    assert_eq!(
        committed(&mut client, 9, "t", id).await,
        (ErrorCode::NONE, -1),
        "it went with the topic"
    );
}

#[tokio::test]
async fn everything_a_group_committed_is_told_at_once() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    client.call(9, &commit("t", Uuid::ZERO, 5)).await;
    for version in [2, 7, 8, 10] {
        let everything = OffsetFetchRequest {
            group_id: if version < 8 {
                "g".into()
            } else {
                String::new()
            },
            groups: if version < 8 {
                vec![]
            } else {
                vec![OffsetFetchRequestGroup {
                    group_id: "g".into(),
                    ..Default::default()
                }]
            },
            ..Default::default()
        };
        let all = client.call(version, &everything).await;
        let count = all
            .groups
            .first()
            .map_or(all.topics.len(), |group| group.topics.len());
        assert_eq!(count, 1, "v{version}");
    }
}

#[tokio::test]
async fn commits_that_may_not_be_are_refused() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let code = async |client: &mut Client, request: OffsetCommitRequest| {
        let answer = client.call(9, &request).await;
        answer.topics[0].partitions[0].error_code
    };
    let with = |generation_id_or_member_epoch, member_id: &str| OffsetCommitRequest {
        generation_id_or_member_epoch,
        member_id: member_id.into(),
        ..commit("t", Uuid::ZERO, 5)
    };
    assert_eq!(
        code(&mut client, commit("none", Uuid::ZERO, 5)).await,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(
        code(&mut client, with(3, "x")).await,
        ErrorCode::GROUP_ID_NOT_FOUND,
        "no such group"
    );
    let mut wordy = commit("t", Uuid::ZERO, 5);
    wordy.topics[0].partitions[0].committed_metadata = Some("x".repeat(4_097));
    assert_eq!(
        code(&mut client, wordy).await,
        ErrorCode::OFFSET_METADATA_TOO_LARGE
    );

    let joined = member(&mut client).await;
    let id = joined.member_id.as_str();
    assert_eq!(
        code(&mut client, with(1, id)).await,
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    client.call(5, &sync(&joined, &[])).await;
    assert_eq!(code(&mut client, with(1, id)).await, ErrorCode::NONE);
    assert_eq!(
        code(&mut client, with(0, id)).await,
        ErrorCode::ILLEGAL_GENERATION
    );
    assert_eq!(
        code(&mut client, with(1, "x")).await,
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    assert_eq!(
        code(&mut client, with(-1, "")).await,
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    assert_eq!(broker.committed("g", "t", 0), Some(5));
}

#[tokio::test]
async fn groups_are_listed_and_described() {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let joined = member(&mut client).await;
    client
        .call(5, &sync(&joined, &[(&joined.member_id, "mine")]))
        .await;
    let describe = DescribeGroupsRequest {
        groups: vec!["g".into(), "none".into()],
        ..Default::default()
    };
    for version in DescribeGroupsRequest::stable_versions() {
        let described = client.call(version, &describe).await;
        let group = &described.groups[0];
        assert_eq!(
            (group.group_state.as_str(), group.protocol_data.as_str()),
            ("Stable", "range")
        );
        assert_eq!(group.members[0].member_assignment, "mine");
        assert_eq!(group.members[0].client_id, "tiny");
        let missing = &described.groups[1];
        let code = if version >= 6 {
            ErrorCode::GROUP_ID_NOT_FOUND
        } else {
            ErrorCode::NONE
        };
        assert_eq!(
            (missing.group_state.as_str(), missing.error_code),
            ("Dead", code)
        );
    }
    for (states_filter, types_filter, count) in [
        (vec![], vec![], 1),
        (vec!["stable".to_owned()], vec!["classic".to_owned()], 1),
        (vec!["Empty".to_owned()], vec![], 0),
        (vec![], vec!["consumer".to_owned()], 0),
    ] {
        let request = ListGroupsRequest {
            states_filter,
            types_filter,
        };
        assert_eq!(client.call(5, &request).await.groups.len(), count);
    }
}

#[tokio::test]
async fn the_first_rebalance_may_be_delayed() {
    let mut config = Config::nodes(1);
    config
        .set("group.initial.rebalance.delay.ms", "100")
        .unwrap();
    let broker = Broker::start(config).await.unwrap();
    let (mut one, mut two) = (Client::to(&broker, 1).await, Client::to(&broker, 1).await);
    let begin = tokio::time::Instant::now();
    one.send(3, &join("")).await;
    two.send(3, &join("")).await;
    let first = one.receive::<JoinGroupRequest>(3).await.unwrap();
    let second = two.receive::<JoinGroupRequest>(3).await.unwrap();
    assert_eq!((first.generation_id, second.generation_id), (1, 1));
    assert!(begin.elapsed() >= Duration::from_millis(100));
}
