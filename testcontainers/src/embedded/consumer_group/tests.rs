use super::*;

const SESSION: Duration = Duration::from_secs(45);
const REBALANCE: Duration = Duration::from_secs(20);
const TOPIC: Uuid = Uuid([1; 16]);

fn group() -> ConsumerGroup {
    ConsumerGroup::new(SESSION)
}

/// The topic `t` has four partitions, `u` three, and there are no others.
fn find(name: &str) -> Option<(Uuid, i32)> {
    match name {
        "t" => Some((TOPIC, 4)),
        "u" => Some((Uuid([2; 16]), 3)),
        _ => None,
    }
}

fn join(member: &str) -> Heartbeat {
    Heartbeat {
        member: member.into(),
        epoch: JOINS,
        rebalance_timeout: Some(REBALANCE),
        topics: Some(vec!["t".into()]),
        owned: Some(Partitions::new()),
        ..Heartbeat::default()
    }
}

fn lives(member: &str, epoch: i32) -> Heartbeat {
    Heartbeat {
        member: member.into(),
        epoch,
        ..Heartbeat::default()
    }
}

fn has(member: &str, epoch: i32, owned: &Partitions) -> Heartbeat {
    Heartbeat {
        owned: Some(owned.clone()),
        ..lives(member, epoch)
    }
}

fn named(beat: Heartbeat, name: &str) -> Heartbeat {
    Heartbeat {
        instance: Some(name.into()),
        ..beat
    }
}

fn tell(group: &mut ConsumerGroup, beat: Heartbeat, now: Instant) -> (i32, Option<Partitions>) {
    let told = group.heartbeat(beat, find, now).unwrap();
    (told.epoch, told.assignment)
}

fn refuse(group: &mut ConsumerGroup, beat: Heartbeat, now: Instant) -> ErrorCode {
    group.heartbeat(beat, find, now).unwrap_err()
}

fn of(indexes: &[i32]) -> Partitions {
    indexes.iter().map(|index| (TOPIC, *index)).collect()
}

/// `a` has everything, and `b` has come, whom half of it belongs to.
fn shared(now: Instant) -> (ConsumerGroup, Partitions) {
    let mut group = group();
    assert_eq!(
        tell(&mut group, join("a"), now),
        (2, Some(of(&[0, 1, 2, 3])))
    );
    assert_eq!(tell(&mut group, join("b"), now), (3, Some(of(&[]))));
    let (epoch, less) = tell(&mut group, lives("a", 2), now);
    assert_eq!(epoch, 2, "it has to give up something first");
    (group, less.unwrap())
}

#[test]
fn a_partition_has_a_new_owner_only_when_the_old_one_has_given_it_up() {
    let now = Instant::now();
    let (mut group, less) = shared(now);
    assert_eq!(less.len(), 2);
    let all = of(&[0, 1, 2, 3]);
    assert_eq!(tell(&mut group, has("a", 2, &all), now), (2, None));
    assert_eq!(tell(&mut group, lives("b", 3), now), (3, None));
    assert_eq!(group.state(), "Reconciling");

    assert_eq!(tell(&mut group, has("a", 2, &less), now), (3, None));
    let (_, rest) = tell(&mut group, lives("b", 3), now);
    let rest = rest.unwrap();
    assert!(rest.is_disjoint(&less));
    assert_eq!(&rest | &less, all);
    assert_eq!(group.state(), "Stable");
}

#[test]
fn a_member_that_is_silent_is_out_and_its_partitions_are_free() {
    let now = Instant::now();
    let (mut group, _) = shared(now);
    let later = now + SESSION / 3;
    tell(&mut group, lives("b", 3), later);
    assert_eq!(group.next_deadline(), Some(now + REBALANCE));
    group.on_time(now + REBALANCE);
    assert_eq!(group.state(), "Assigning");
    let (epoch, all) = tell(&mut group, lives("b", 3), now + REBALANCE);
    assert_eq!((epoch, all), (4, Some(of(&[0, 1, 2, 3]))));
    assert_eq!(
        refuse(&mut group, lives("a", 2), now + REBALANCE),
        ErrorCode::UNKNOWN_MEMBER_ID
    );

    let end = now + REBALANCE + SESSION;
    assert_eq!(group.next_deadline(), Some(end));
    group.on_time(end - Duration::from_millis(1));
    assert!(!group.is_empty());
    group.on_time(end);
    assert_eq!((group.state(), group.next_deadline()), ("Empty", None));
}

#[test]
fn an_answer_that_got_lost_does_not_fence_but_another_epoch_does() {
    let now = Instant::now();
    let (mut group, less) = shared(now);
    tell(&mut group, has("a", 2, &less), now);
    assert_eq!(tell(&mut group, has("a", 2, &less), now), (3, None));
    let all = of(&[0, 1, 2, 3]);
    for wrong in [
        lives("a", 2),
        has("a", 2, &all),
        lives("a", 4),
        lives("a", 1),
    ] {
        let code = refuse(&mut group, wrong, now);
        assert_eq!(code, ErrorCode::FENCED_MEMBER_EPOCH);
    }
    assert_eq!(tell(&mut group, join("a"), now), (3, Some(less)));
}

#[test]
fn the_whole_assignment_is_told_to_whoever_says_everything() {
    let now = Instant::now();
    let mut group = group();
    let (epoch, all) = tell(&mut group, join("a"), now);
    assert_eq!(tell(&mut group, lives("a", epoch), now), (epoch, None));
    let full = Heartbeat {
        epoch,
        owned: all.clone(),
        ..join("a")
    };
    assert_eq!(tell(&mut group, full, now), (epoch, all));
}

#[test]
fn a_static_member_that_is_away_keeps_its_place_until_its_session_ends() {
    let now = Instant::now();
    let mut group = group();
    let (epoch, all) = tell(&mut group, named(join("a"), "i"), now);
    let another = named(join("b"), "i");
    assert_eq!(
        refuse(&mut group, another.clone(), now),
        ErrorCode::UNRELEASED_INSTANCE_ID
    );
    tell(&mut group, named(lives("a", LEAVES_FOR_A_WHILE), "i"), now);
    assert_eq!(tell(&mut group, another, now), (epoch, all));
    assert_eq!(
        refuse(&mut group, named(lives("a", epoch), "i"), now),
        ErrorCode::FENCED_INSTANCE_ID
    );
    tell(&mut group, named(lives("b", LEAVES_FOR_A_WHILE), "i"), now);
    group.on_time(now + SESSION);
    assert!(group.is_empty());
    assert_eq!(tell(&mut group, named(join("c"), "i"), now).0, epoch + 2);
}

#[test]
fn topics_that_come_later_are_divided() {
    let now = Instant::now();
    let mut group = group();
    let none = |_: &str| None;
    let told = group.heartbeat(join("a"), none, now).unwrap();
    assert_eq!(told.assignment, Some(of(&[])));
    let (epoch, all) = tell(&mut group, lives("a", told.epoch), now);
    assert_eq!((epoch, all), (told.epoch + 1, Some(of(&[0, 1, 2, 3]))));
}

#[test]
fn offsets_are_committed_in_an_old_epoch_by_whoever_had_the_partition_then() {
    let now = Instant::now();
    let (mut group, less) = shared(now);
    tell(&mut group, has("a", 2, &less), now);
    let (_, rest) = tell(&mut group, lives("b", 3), now);
    let kept = less.first().unwrap();
    let rest = rest.unwrap();
    let gone = rest.first().unwrap();
    assert_eq!(group.commits_for("a", 2, kept), Ok(()));
    for (member, epoch, partition) in [
        ("a", 1, kept),
        ("a", 2, gone),
        ("b", 2, gone),
        ("a", 4, kept),
    ] {
        let stale = group.commits_for(member, epoch, partition);
        assert_eq!(stale, Err(ErrorCode::STALE_MEMBER_EPOCH));
    }
    assert_eq!(group.commits("x", 3), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(group.commits("", -1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(group.knows("a", 2), Err(ErrorCode::STALE_MEMBER_EPOCH));
}

#[test]
fn range_gives_neighbours_and_uniform_moves_little() {
    let now = Instant::now();
    for (assignor, topics) in [
        (Assignor::Range, ["t", "u"]),
        (Assignor::Uniform, ["t", "u"]),
    ] {
        let mut group = group();
        for member in ["a", "b", "c"] {
            let beat = Heartbeat {
                assignor: Some(assignor),
                topics: Some(topics.map(str::to_owned).into()),
                ..join(member)
            };
            tell(&mut group, beat, now);
        }
        let mut sizes = ["a", "b", "c"].map(|id| group.target_of(id).len());
        sizes.sort_unstable();
        assert_eq!(group.assignor(), assignor);
        assert_eq!(sizes, [2, 2, 3]);
        if assignor == Assignor::Range {
            let of_t = |id| group.target_of(id).range((TOPIC, 0)..(TOPIC, 9)).count();
            assert_eq!(["a", "b", "c"].map(of_t), [2, 1, 1]);
            continue;
        }
        let before = ["a", "b"].map(|id| group.target_of(id));
        tell(&mut group, lives("c", LEAVES), now);
        tell(&mut group, lives("a", 2), now);
        for (id, before) in ["a", "b"].into_iter().zip(before) {
            assert!(
                before.is_subset(&group.target_of(id)),
                "{id} keeps what it had"
            );
        }
    }
}

#[test]
fn members_with_other_subscriptions_get_only_what_they_want() {
    let now = Instant::now();
    let mut group = group();
    let wants = |member: &str, topics: &[&str]| Heartbeat {
        topics: Some(topics.iter().map(|it| (*it).to_owned()).collect()),
        ..join(member)
    };
    tell(&mut group, wants("a", &["t", "u"]), now);
    tell(&mut group, wants("b", &["t"]), now);
    tell(&mut group, wants("c", &["absent"]), now);
    let sizes = ["a", "b", "c"].map(|id| group.target_of(id).len());
    assert_eq!(sizes, [4, 3, 0]);
    assert!(group.target_of("b").iter().all(|(id, _)| *id == TOPIC));
}
