use super::*;

const QUIET: Outcome = Outcome {
    has_records: false,
    is_special: false,
    high_watermark: 10,
    log_start_offset: 0,
};
const RECORDS: Outcome = Outcome {
    has_records: true,
    ..QUIET
};
const ERROR: Outcome = Outcome {
    is_special: true,
    high_watermark: -1,
    log_start_offset: -1,
    ..QUIET
};

fn key(partition: i32) -> Key {
    Key {
        topic: "t".into(),
        topic_id: Uuid::ZERO,
        partition,
    }
}

fn position(offset: i64) -> Position {
    Position {
        offset,
        max_bytes: 100,
        leader_epoch: -1,
        last_fetched_epoch: -1,
    }
}

fn asked(session_id: i32, session_epoch: i32, partitions: &[i32]) -> Asked {
    let partitions = partitions.iter().map(|&it| (key(it), position(0)));
    Asked {
        session_id,
        session_epoch,
        partitions: partitions.collect(),
        ..Asked::default()
    }
}

fn order(plan: &Plan) -> Vec<i32> {
    plan.partitions
        .iter()
        .map(|(key, _)| key.partition)
        .collect()
}

/// A session with partitions 0, 1 and 2, whose first answer has been given.
fn opened(sessions: &mut Sessions) -> i32 {
    let plan = sessions
        .open(asked(0, 0, &[0, 1, 2]), Instant::now())
        .unwrap();
    let (id, named) = sessions.close(&plan, &[QUIET; 3]);
    assert_eq!(named, [true; 3], "a full answer names everything");
    assert_ne!(id, 0);
    id
}

fn next(sessions: &mut Sessions, id: i32, epoch: i32, outcomes: &[Outcome]) -> Vec<bool> {
    let plan = sessions
        .open(asked(id, epoch, &[]), Instant::now())
        .unwrap();
    let (answered, named) = sessions.close(&plan, outcomes);
    assert_eq!(answered, id);
    named
}

#[test]
fn without_a_session_everything_is_answered_and_nothing_remembered() {
    let mut sessions = Sessions::new(10);
    let plan = sessions
        .open(asked(0, -1, &[0, 1]), Instant::now())
        .unwrap();
    assert_eq!(sessions.close(&plan, &[QUIET; 2]), (0, vec![true, true]));
    assert_eq!(sessions.len(), 0);
}

#[test]
fn an_incremental_answer_names_what_changed() {
    let mut sessions = Sessions::new(10);
    let id = opened(&mut sessions);
    assert_eq!(next(&mut sessions, id, 1, &[QUIET; 3]), [false; 3]);
    let moved = Outcome {
        high_watermark: 11,
        ..QUIET
    };
    assert_eq!(
        next(&mut sessions, id, 2, &[QUIET, RECORDS, moved]),
        [false, true, true]
    );
}

#[test]
fn a_partition_with_an_error_is_named_again_when_it_is_well() {
    let mut sessions = Sessions::new(10);
    let id = opened(&mut sessions);
    let one_failed = [ERROR, QUIET, QUIET];
    assert_eq!(
        next(&mut sessions, id, 1, &one_failed),
        [true, false, false]
    );
    assert_eq!(
        next(&mut sessions, id, 2, &one_failed),
        [true, false, false]
    );
    assert_eq!(
        next(&mut sessions, id, 3, &[QUIET; 3]),
        [true, false, false]
    );
    assert_eq!(next(&mut sessions, id, 4, &[QUIET; 3]), [false; 3]);
}

#[test]
fn what_gave_records_is_read_last_the_next_time() {
    let mut sessions = Sessions::new(10);
    let id = opened(&mut sessions);
    next(&mut sessions, id, 1, &[RECORDS, QUIET, QUIET]);
    let plan = sessions.open(asked(id, 2, &[]), Instant::now()).unwrap();
    assert_eq!(order(&plan), [1, 2, 0]);
}

#[test]
fn partitions_are_added_changed_and_forgotten() {
    let mut sessions = Sessions::new(10);
    let id = opened(&mut sessions);
    let mut request = asked(id, 1, &[3]);
    request.partitions.push((key(1), position(7)));
    request.forgotten = vec![key(0), key(9)];
    let plan = sessions.open(request, Instant::now()).unwrap();
    assert_eq!(order(&plan), [1, 2, 3]);
    assert_eq!(plan.partitions[0].1.offset, 7);
    let (_, named) = sessions.close(&plan, &[QUIET; 3]);
    assert_eq!(named, [false, false, true], "a new one is named");
}

#[test]
fn a_session_without_partitions_ends() {
    let mut sessions = Sessions::new(10);
    let id = opened(&mut sessions);
    let mut request = asked(id, 1, &[]);
    request.forgotten = vec![key(0), key(1), key(2)];
    let plan = sessions.open(request, Instant::now()).unwrap();
    assert_eq!(sessions.close(&plan, &[]), (0, vec![]));
    assert_eq!(sessions.len(), 0);
}

fn refused(sessions: &mut Sessions, asked: Asked) -> ErrorCode {
    sessions.open(asked, Instant::now()).unwrap_err()
}

#[test]
fn a_request_out_of_turn_is_refused() {
    let mut sessions = Sessions::new(10);
    let id = opened(&mut sessions);
    let other = if id == 5 { 6 } else { 5 };
    assert_eq!(
        refused(&mut sessions, asked(other, 1, &[])),
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
    );
    for epoch in [2, 7] {
        assert_eq!(
            refused(&mut sessions, asked(id, epoch, &[])),
            ErrorCode::INVALID_FETCH_SESSION_EPOCH
        );
    }
    let by_id = Asked {
        by_id: true,
        ..asked(id, 1, &[])
    };
    assert_eq!(
        refused(&mut sessions, by_id),
        ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
    );
    assert_eq!(
        next(&mut sessions, id, 1, &[QUIET; 3]),
        [false; 3],
        "nothing was harmed"
    );
}

#[test]
fn a_full_request_replaces_its_session_and_minus_one_closes_it() {
    let mut sessions = Sessions::new(10);
    let id = opened(&mut sessions);
    let plan = sessions.open(asked(id, 0, &[0]), Instant::now()).unwrap();
    let (new, _) = sessions.close(&plan, &[QUIET]);
    assert_eq!(sessions.len(), 1);
    assert!(sessions.open(asked(new, -1, &[]), Instant::now()).is_ok());
    assert_eq!(sessions.len(), 0);
}

#[test]
fn without_a_free_slot_there_is_no_session_until_one_is_stale() {
    let mut sessions = Sessions::new(1);
    let now = Instant::now();
    sessions.open(asked(0, 0, &[0]), now).unwrap();
    let plan = sessions.open(asked(0, 0, &[0]), now).unwrap();
    assert_eq!(sessions.close(&plan, &[QUIET]), (0, vec![true]));
    let later = now + EVICTABLE_AFTER + Duration::from_secs(1);
    let plan = sessions.open(asked(0, 0, &[0]), later).unwrap();
    assert_ne!(sessions.close(&plan, &[QUIET]).0, 0);
    assert_eq!(sessions.len(), 1);
}
