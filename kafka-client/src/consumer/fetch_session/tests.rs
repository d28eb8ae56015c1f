use super::*;

const MAX: i32 = 1000;

fn key(topic: &str, partition: i32) -> Key {
    Key {
        topic: topic.into(),
        topic_id: Uuid([1; 16]),
        partition,
    }
}

fn at(topic: &str, partition: i32, offset: i64) -> (Key, Place) {
    let place = Place {
        offset,
        leader_epoch: 0,
        last_fetched_epoch: -1,
    };
    (key(topic, partition), place)
}

/// Topic, partition and offset of everything that a request names.
fn named(asked: &Asked) -> Vec<(String, i32, i64)> {
    let topics = asked.topics.iter();
    topics
        .flat_map(|topic| {
            let name = topic.topic.clone();
            let partitions = topic.partitions.iter();
            partitions.map(move |one| (name.clone(), one.partition, one.fetch_offset))
        })
        .collect()
}

fn established(wanted: &[(Key, Place)]) -> FetchSession {
    let mut session = FetchSession::default();
    let first = session.next(wanted, MAX);
    assert_eq!((first.session_id, first.session_epoch), (0, 0));
    session.answered(ErrorCode::NONE, 77);
    session
}

#[test]
fn the_first_request_names_everything() {
    let mut session = FetchSession::default();
    let asked = session.next(&[at("t", 0, 5), at("t", 1, 6), at("u", 0, 7)], MAX);
    assert_eq!(
        named(&asked),
        [("t".into(), 0, 5), ("t".into(), 1, 6), ("u".into(), 0, 7)]
    );
    assert_eq!(
        asked.topics.len(),
        2,
        "partitions of a topic share an entry"
    );
    assert_eq!(asked.topics[0].partitions[0].partition_max_bytes, MAX);
}

#[test]
fn later_requests_name_what_changed() {
    let mut session = established(&[at("t", 0, 5), at("t", 1, 6)]);
    let asked = session.next(&[at("t", 0, 9), at("t", 1, 6)], MAX);
    assert_eq!((asked.session_id, asked.session_epoch), (77, 1));
    assert_eq!(named(&asked), [("t".into(), 0, 9)]);
    assert!(asked.forgotten.is_empty());

    session.answered(ErrorCode::NONE, 77);
    let asked = session.next(&[at("t", 0, 9), at("t", 1, 6)], MAX);
    assert_eq!(asked.session_epoch, 2);
    assert_eq!(named(&asked), []);
}

#[test]
fn what_is_not_wanted_any_more_is_forgotten_and_can_come_back() {
    let mut session = established(&[at("t", 0, 5), at("t", 1, 6)]);
    let asked = session.next(&[at("t", 0, 5)], MAX);
    assert_eq!(asked.forgotten.len(), 1);
    assert_eq!(asked.forgotten[0].partitions, [1]);

    session.answered(ErrorCode::NONE, 77);
    let asked = session.next(&[at("t", 0, 5), at("t", 1, 6)], MAX);
    assert_eq!(named(&asked), [("t".into(), 1, 6)]);
}

#[test]
fn a_topic_created_anew_replaces_its_namesake() {
    let mut session = established(&[at("t", 0, 5)]);
    let mut anew = at("t", 0, 5);
    anew.0.topic_id = Uuid([2; 16]);
    let asked = session.next(&[anew], MAX);
    assert_eq!(asked.topics[0].topic_id, Uuid([2; 16]));
    assert_eq!(asked.forgotten[0].topic_id, Uuid([1; 16]));
}

#[test]
fn a_changed_leader_epoch_is_news() {
    let mut session = established(&[at("t", 0, 5)]);
    let mut moved = at("t", 0, 5);
    moved.1.leader_epoch = 1;
    assert_eq!(session.next(&[moved], MAX).topics.len(), 1);
}

#[test]
fn every_error_starts_over() {
    let wanted = [at("t", 0, 5)];
    for error in [
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
        ErrorCode::INVALID_FETCH_SESSION_EPOCH,
        ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
    ] {
        let mut session = established(&wanted);
        session.next(&wanted, MAX);
        session.answered(error, 0);
        let asked = session.next(&wanted, MAX);
        assert_eq!((asked.session_id, asked.session_epoch), (0, 0));
        assert_eq!(named(&asked), [("t".into(), 0, 5)]);
        assert!(
            asked.forgotten.is_empty(),
            "a new session has nothing to forget"
        );
    }
}

#[test]
fn a_broker_without_room_for_sessions_is_asked_in_full_each_time() {
    let wanted = [at("t", 0, 5)];
    let mut session = FetchSession::default();
    for _ in 0..3 {
        let asked = session.next(&wanted, MAX);
        assert_eq!((asked.session_id, asked.session_epoch), (0, 0));
        assert_eq!(named(&asked), [("t".into(), 0, 5)]);
        session.answered(ErrorCode::NONE, 0);
    }
}

#[test]
fn the_epoch_after_the_largest_is_one() {
    let mut session = established(&[at("t", 0, 5)]);
    session.epoch = i32::MAX;
    session.answered(ErrorCode::NONE, 77);
    assert_eq!(session.epoch, 1);
}
