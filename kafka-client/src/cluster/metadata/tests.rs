use kafka_wire::messages::metadata::MetadataResponseBroker;

use super::*;

const ID: Uuid = Uuid([7; 16]);

/// An answer with one topic `t`, and (leader, epoch) of each of its partitions.
fn answer(id: Uuid, error_code: ErrorCode, leaders: &[(i32, i32)]) -> MetadataResponse {
    let partition =
        |(index, &(leader_id, leader_epoch)): (usize, &(i32, i32))| MetadataResponsePartition {
            partition_index: i32::try_from(index).unwrap(),
            leader_id,
            leader_epoch,
            ..Default::default()
        };
    let topic = MetadataResponseTopic {
        name: Some("t".into()),
        topic_id: id,
        error_code,
        partitions: leaders.iter().enumerate().map(partition).collect(),
        ..Default::default()
    };
    let broker = MetadataResponseBroker {
        node_id: 1,
        host: "::1".into(),
        port: 9092,
        ..Default::default()
    };
    MetadataResponse {
        brokers: vec![broker],
        topics: vec![topic],
        ..Default::default()
    }
}

fn known(leaders: &[(i32, i32)]) -> Metadata {
    Metadata::default().merged(&answer(ID, ErrorCode::NONE, leaders))
}

fn leader(metadata: &Metadata, partition: i32) -> (Option<i32>, i32) {
    let partition = metadata.partition("t", partition).unwrap();
    (partition.leader, partition.leader_epoch)
}

#[test]
fn an_answer_becomes_the_picture() {
    let metadata = known(&[(1, 5), (-1, 6)]);
    assert_eq!(metadata.brokers[&1].as_ref(), "[::1]:9092");
    assert_eq!(leader(&metadata, 0), (Some(1), 5));
    assert_eq!(leader(&metadata, 1), (None, 6), "an election is under way");
    assert_eq!(metadata.names[&ID].as_ref(), "t");
    assert_eq!(metadata.partition("t", 2), None);
}

#[test]
fn a_leader_never_goes_back_to_an_older_epoch() {
    let metadata = known(&[(1, 5), (1, 5)]).merged(&answer(ID, ErrorCode::NONE, &[(2, 4), (2, 6)]));
    assert_eq!(leader(&metadata, 0), (Some(1), 5));
    assert_eq!(leader(&metadata, 1), (Some(2), 6));
}

#[test]
fn a_topic_created_anew_starts_over() {
    let other = Uuid([8; 16]);
    let metadata = known(&[(1, 5)]).merged(&answer(other, ErrorCode::NONE, &[(2, 0)]));
    assert_eq!(leader(&metadata, 0), (Some(2), 0));
    assert_eq!(metadata.names.get(&ID), None);
    assert_eq!(metadata.names[&other].as_ref(), "t");
}

#[test]
fn an_error_keeps_what_was_known() {
    let metadata = known(&[(1, 5)]).merged(&answer(ID, ErrorCode::LEADER_NOT_AVAILABLE, &[]));
    assert_eq!(
        metadata.topic("t").unwrap().error,
        ErrorCode::LEADER_NOT_AVAILABLE
    );
    assert_eq!(leader(&metadata, 0), (Some(1), 5));
}

#[test]
fn a_hint_counts_only_if_it_is_younger() {
    let metadata = known(&[(1, 5)]);
    let hint = |epoch| {
        metadata.with_leader(
            "t",
            0,
            Partition {
                leader: Some(3),
                leader_epoch: epoch,
            },
            Some((3, "h:1".into())),
        )
    };
    assert!(hint(5).is_none());
    let next = hint(6).unwrap();
    assert_eq!(leader(&next, 0), (Some(3), 6));
    assert_eq!(next.brokers[&3].as_ref(), "h:1");
    assert_eq!(next.generation, metadata.generation + 1);
}

#[test]
fn a_deleted_topic_that_comes_back_as_another_starts_over() {
    let gone = answer(Uuid::ZERO, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, &[]);
    let metadata = known(&[(1, 5)]).merged(&gone);
    assert_eq!(metadata.topic("t").unwrap().id, ID, "as it was");
    let same = metadata.merged(&answer(ID, ErrorCode::NONE, &[(2, 4)]));
    assert_eq!(leader(&same, 0), (Some(1), 5), "it was never gone");
    let other = metadata.merged(&answer(Uuid([8; 16]), ErrorCode::NONE, &[(2, 4)]));
    assert_eq!(leader(&other, 0), (Some(2), 4));
}

#[test]
fn another_cluster_starts_over_and_the_pictures_are_counted_on() {
    let of = |cluster: &str, leaders: &[_]| MetadataResponse {
        cluster_id: Some(cluster.into()),
        ..answer(Uuid::ZERO, ErrorCode::NONE, leaders)
    };
    let metadata = Metadata::default().merged(&of("a", &[(1, 5)]));
    let same = metadata.merged(&of("a", &[(2, 4)]));
    assert_eq!(leader(&same, 0), (Some(1), 5));
    let other = metadata.merged(&of("b", &[(2, 4)]));
    assert_eq!(leader(&other, 0), (Some(2), 4));
    assert_eq!(other.generation, metadata.generation + 1);
}

#[test]
fn a_topic_knows_in_which_picture_it_was_told_of_last() {
    let metadata = known(&[(1, 5)]);
    assert_eq!(metadata.topic("t").unwrap().told_in, 1);
    let mut silent = answer(ID, ErrorCode::NONE, &[]);
    silent.topics.clear();
    let next = metadata.merged(&silent);
    assert_eq!(next.topic("t").unwrap().told_in, 1);
    let refused = next.merged(&answer(ID, ErrorCode::TOPIC_AUTHORIZATION_FAILED, &[]));
    assert_eq!(refused.topic("t").unwrap().told_in, 3);
}

#[test]
fn what_is_not_asked_for_any_more_goes() {
    let metadata = known(&[(1, 5)]).without(&["t".into()]);
    assert!(metadata.topic("t").is_none() && metadata.names.is_empty());
    assert!(metadata.without_brokers().brokers.is_empty());
}
