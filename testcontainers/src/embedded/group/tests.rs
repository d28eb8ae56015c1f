use std::collections::HashMap;

use bytes::Bytes;

use super::join::Abilities;
use super::sync::Believed;
use super::*;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_mins(1);

/// A group, a clock, and what its members were told: requests are known by the name of who asked.
struct Scene {
    group: Group<&'static str, &'static str>,
    now: Instant,
    joined: HashMap<&'static str, Joined>,
    synced: HashMap<&'static str, Synced>,
}

impl Scene {
    fn new() -> Self {
        Self::with_delay(Duration::ZERO)
    }

    fn with_delay(delay: Duration) -> Self {
        Self {
            group: Group::new(delay),
            now: Instant::now(),
            joined: HashMap::new(),
            synced: HashMap::new(),
        }
    }

    fn collect(&mut self) {
        for done in self.group.take_done() {
            match done {
                Done::Join(name, joined) => assert!(self.joined.insert(name, joined).is_none()),
                Done::Sync(name, synced) => assert!(self.synced.insert(name, synced).is_none()),
            }
        }
    }

    fn ask_to_join(&mut self, name: &'static str, change: impl FnOnce(&mut Join)) {
        let mut join = Join {
            member: name.into(),
            new_id: name.into(),
            instance: None,
            client_id: "client".into(),
            session_timeout: SESSION,
            rebalance_timeout: REBALANCE,
            protocol_type: "consumer".into(),
            protocols: vec![("range".into(), name.into())],
            abilities: Abilities::default(),
        };
        change(&mut join);
        self.group.join(join, name, self.now);
        self.collect();
    }

    /// As a client before version 4: without an id.
    fn join_new(&mut self, name: &'static str) {
        self.ask_to_join(name, |join| join.member.clear());
    }

    fn join_again(&mut self, name: &'static str) {
        self.ask_to_join(name, |_| {});
    }

    fn join_static(&mut self, name: &'static str, instance: &str) {
        self.ask_to_join(name, |join| {
            join.member.clear();
            join.instance = Some(instance.into());
            join.abilities.skips_assignment = true;
        });
    }

    fn joined(&mut self, name: &'static str) -> Joined {
        let joined = self.joined.remove(name);
        joined.unwrap_or_else(|| panic!("{name} has no answer to its join"))
    }

    fn who<'a>(&self, name: &'a str) -> Identity<'a> {
        Identity {
            member: name,
            instance: None,
            generation: self.group.generation,
        }
    }

    fn sync(&mut self, name: &'static str, assignments: &[&'static str]) {
        let assignments = assignments.iter();
        let assignments = assignments
            .map(|name| ((*name).to_owned(), Bytes::from_static(name.as_bytes())))
            .collect();
        let who = self.who(name);
        let believed = Believed::default();
        self.group.sync(who, believed, assignments, name, self.now);
        self.collect();
    }

    fn assignment(&mut self, name: &'static str) -> Result<Bytes, ErrorCode> {
        let synced = self.synced.remove(name);
        let synced = synced.unwrap_or_else(|| panic!("{name} has no answer to its sync"));
        synced.code.check().map(|()| synced.assignment)
    }

    fn heartbeat(&mut self, name: &'static str) -> ErrorCode {
        let code = self.group.heartbeat(self.who(name), self.now);
        self.collect();
        code
    }

    fn leave(&mut self, name: &str) -> ErrorCode {
        let code = self.group.leave(name, None, self.now);
        self.collect();
        code
    }

    /// Time passes; what is due on the way is done when it is due.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.group.next_deadline().filter(|due| *due <= end) {
            self.now = due;
            self.group.on_time(due);
            self.collect();
        }
        self.now = end;
    }

    /// `a` leads, `b` follows, both are settled.
    fn stable() -> Self {
        let mut scene = Self::new();
        scene.join_new("a");
        scene.joined("a");
        scene.join_new("b");
        scene.join_again("a");
        scene.joined("a");
        scene.joined("b");
        scene.sync("b", &[]);
        scene.sync("a", &["a", "b"]);
        scene.assignment("a").unwrap();
        scene.assignment("b").unwrap();
        assert_eq!(
            (scene.group.state, scene.group.generation),
            (State::Stable, 2)
        );
        scene
    }

    fn names(&self) -> Vec<&str> {
        self.group.members.iter().map(|it| it.id.as_str()).collect()
    }
}

#[test]
fn the_first_member_leads_at_once() {
    let mut scene = Scene::new();
    scene.join_new("a");
    let joined = scene.joined("a");
    assert_eq!(joined.code, ErrorCode::NONE);
    assert_eq!((joined.generation, joined.leader.as_str()), (1, "a"));
    assert_eq!(joined.members.len(), 1);
    assert_eq!(scene.group.state, State::CompletingRebalance);
}

#[test]
fn a_member_without_id_is_sent_away_with_one() {
    let mut scene = Scene::new();
    let takes_id_first = |join: &mut Join| join.abilities.takes_id_first = true;
    scene.ask_to_join("a", |join| {
        join.member.clear();
        takes_id_first(join);
    });
    let refused = scene.joined("a");
    assert_eq!(refused.code, ErrorCode::MEMBER_ID_REQUIRED);
    assert_eq!(refused.member, "a");
    assert!(!scene.group.is_idle(), "it is waited for");
    scene.ask_to_join("a", takes_id_first);
    assert_eq!(scene.joined("a").code, ErrorCode::NONE);
}

#[test]
fn an_id_that_does_not_come_back_is_forgotten() {
    let mut scene = Scene::new();
    scene.ask_to_join("a", |join| {
        join.member.clear();
        join.abilities.takes_id_first = true;
    });
    scene.joined("a");
    scene.pass(SESSION);
    assert!(scene.group.is_idle());
    scene.join_again("a");
    assert_eq!(scene.joined("a").code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_rebalance_waits_for_an_id_that_was_given_out() {
    let mut scene = Scene::stable();
    scene.ask_to_join("c", |join| {
        join.member.clear();
        join.abilities.takes_id_first = true;
    });
    scene.joined("c");
    scene.join_again("a");
    scene.join_again("b");
    assert!(scene.joined.is_empty());
    scene.join_again("c");
    for name in ["a", "b", "c"] {
        assert_eq!(scene.joined(name).generation, 3);
    }
}

#[test]
fn the_leader_gets_all_members_and_everybody_gets_what_it_assigns() {
    let mut scene = Scene::new();
    scene.join_new("a");
    scene.joined("a");
    scene.join_new("b");
    assert!(scene.joined.is_empty(), "a has to join again first");
    scene.join_again("a");
    assert_eq!(scene.joined("b").members, []);
    let leader = scene.joined("a");
    let known: Vec<_> = leader
        .members
        .iter()
        .map(|it| (it.id.as_str(), &it.metadata[..]))
        .collect();
    assert_eq!(known, [("a", &b"a"[..]), ("b", b"b")]);

    scene.sync("b", &[]);
    assert!(
        scene.synced.is_empty(),
        "nobody knows before the leader has said it"
    );
    scene.sync("a", &["a", "b"]);
    assert_eq!(scene.assignment("a").unwrap(), "a");
    assert_eq!(scene.assignment("b").unwrap(), "b");
    scene.sync("b", &[]);
    assert_eq!(
        scene.assignment("b").unwrap(),
        "b",
        "asked again, told again"
    );
}

#[test]
fn a_new_member_makes_the_others_join_again() {
    let mut scene = Scene::stable();
    assert_eq!(scene.heartbeat("b"), ErrorCode::NONE);
    scene.join_new("c");
    assert_eq!(scene.heartbeat("a"), ErrorCode::REBALANCE_IN_PROGRESS);
    scene.sync("a", &[]);
    assert_eq!(scene.assignment("a"), Err(ErrorCode::REBALANCE_IN_PROGRESS));
    scene.join_again("a");
    scene.join_again("b");
    assert_eq!(scene.joined("c").generation, 3);
    assert_eq!(scene.joined("a").leader, "a");
}

#[test]
fn who_does_not_join_again_in_time_is_out() {
    let mut scene = Scene::stable();
    scene.join_new("c");
    scene.join_again("a");
    for _ in 0..12 {
        scene.pass(REBALANCE / 12);
        scene.heartbeat("b");
    }
    assert_eq!(scene.joined("a").generation, 3);
    assert_eq!(scene.names(), ["a", "c"]);
    assert_eq!(scene.heartbeat("b"), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn who_does_not_sync_in_time_is_out() {
    let mut scene = Scene::stable();
    scene.join_new("c");
    scene.join_again("a");
    scene.join_again("b");
    for name in ["a", "b", "c"] {
        scene.joined(name);
    }
    scene.sync("a", &["a"]);
    scene.sync("b", &[]);
    for _ in 0..12 {
        scene.pass(REBALANCE / 12);
        for name in ["a", "b", "c"] {
            scene.heartbeat(name);
        }
    }
    assert_eq!(scene.names(), ["a", "b"]);
    assert_eq!(scene.group.state, State::PreparingRebalance);
}

#[test]
fn a_silent_member_is_out_after_its_session_and_not_before() {
    let mut scene = Scene::stable();
    scene.pass(SESSION / 2);
    assert_eq!(scene.heartbeat("a"), ErrorCode::NONE);
    scene.pass(SESSION / 4);
    assert_eq!(scene.names(), ["a", "b"]);
    scene.pass(SESSION / 4);
    assert_eq!(scene.names(), ["a"]);
    assert_eq!(scene.heartbeat("a"), ErrorCode::REBALANCE_IN_PROGRESS);
    scene.join_again("a");
    assert_eq!(scene.joined("a").members.len(), 1);
}

#[test]
fn who_waits_for_an_answer_need_not_call() {
    let mut scene = Scene::stable();
    scene.join_again("a");
    for _ in 0..5 {
        scene.pass(SESSION / 10 * 9);
        scene.heartbeat("b");
    }
    assert_eq!(scene.names(), ["a", "b"]);
    scene.join_again("b");
    assert_eq!(scene.joined("a").generation, 3);
}

#[test]
fn a_silent_group_ends_empty() {
    let mut scene = Scene::stable();
    scene.pass(2 * SESSION);
    assert_eq!(scene.group.state, State::Empty);
    assert!(scene.group.is_idle());
    assert_eq!(scene.heartbeat("a"), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_leader_that_goes_is_replaced() {
    let mut scene = Scene::stable();
    assert_eq!(scene.leave("a"), ErrorCode::NONE);
    assert_eq!(scene.leave("a"), ErrorCode::UNKNOWN_MEMBER_ID);
    scene.join_again("b");
    assert_eq!(scene.joined("b").leader, "b");
    assert_eq!(scene.leave("b"), ErrorCode::NONE);
    assert_eq!(
        (scene.group.state, scene.group.generation),
        (State::Empty, 4)
    );
}

#[test]
fn leaving_ends_what_the_member_waits_for() {
    let mut scene = Scene::stable();
    scene.join_again("a");
    scene.leave("a");
    assert_eq!(scene.joined("a").code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_follower_that_asks_for_nothing_new_is_told_what_is() {
    let mut scene = Scene::stable();
    scene.join_again("b");
    let joined = scene.joined("b");
    assert_eq!((joined.generation, joined.leader.as_str()), (2, "a"));
    assert_eq!(scene.group.state, State::Stable);
}

#[test]
fn a_leader_or_a_changed_follower_starts_a_rebalance() {
    let mut scene = Scene::stable();
    scene.join_again("a");
    assert_eq!(scene.group.state, State::PreparingRebalance);
    let mut scene = Scene::stable();
    scene.ask_to_join("b", |join| {
        join.protocols = vec![("range".into(), "more".into())];
    });
    assert_eq!(scene.group.state, State::PreparingRebalance);
}

#[test]
fn a_lost_answer_is_given_again() {
    let mut scene = Scene::new();
    scene.join_new("a");
    let first = scene.joined("a");
    scene.join_again("a");
    assert_eq!(scene.joined("a"), first);
}

#[test]
fn a_request_from_another_generation_is_refused() {
    let mut scene = Scene::stable();
    let old = Identity {
        generation: 1,
        ..scene.who("a")
    };
    assert_eq!(
        scene.group.heartbeat(old, scene.now),
        ErrorCode::ILLEGAL_GENERATION
    );
    assert_eq!(
        scene.group.commit(old, scene.now),
        ErrorCode::ILLEGAL_GENERATION
    );
    scene
        .group
        .sync(old, Believed::default(), HashMap::new(), "a", scene.now);
    scene.collect();
    assert_eq!(scene.assignment("a"), Err(ErrorCode::ILLEGAL_GENERATION));
}

#[test]
fn members_agree_on_what_most_prefer_of_what_all_speak() {
    let mut scene = Scene::new();
    let speak = |names: &[&str]| -> Vec<(String, Bytes)> {
        names
            .iter()
            .map(|it| ((*it).to_owned(), Bytes::new()))
            .collect()
    };
    scene.join_new("a");
    scene.ask_to_join("b", |join| {
        join.member.clear();
        join.protocols = speak(&["sticky"]);
    });
    assert_eq!(
        scene.joined("b").code,
        ErrorCode::INCONSISTENT_GROUP_PROTOCOL
    );
    scene.joined("a");
    scene.ask_to_join("a", |join| {
        join.protocols = speak(&["range", "sticky", "x"]);
    });
    scene.joined("a");
    for name in ["b", "c"] {
        scene.ask_to_join(name, |join| {
            join.member.clear();
            join.protocols = speak(&["y", "sticky", "range"]);
        });
    }
    scene.ask_to_join("a", |join| {
        join.protocols = speak(&["range", "sticky", "x"]);
    });
    assert_eq!(scene.joined("a").protocol.as_deref(), Some("sticky"));
}

#[test]
fn a_group_of_another_kind_is_refused() {
    let mut scene = Scene::stable();
    scene.ask_to_join("c", |join| {
        join.member.clear();
        join.protocol_type = "connect".into();
    });
    assert_eq!(
        scene.joined("c").code,
        ErrorCode::INCONSISTENT_GROUP_PROTOCOL
    );
    let believed = Believed {
        protocol_type: Some("connect"),
        protocol: Some("range"),
    };
    let who = scene.who("a");
    scene
        .group
        .sync(who, believed, HashMap::new(), "a", scene.now);
    scene.collect();
    assert_eq!(
        scene.assignment("a"),
        Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
    );
}

#[test]
fn the_first_rebalance_waits_while_members_come() {
    let mut scene = Scene::with_delay(Duration::from_secs(3));
    scene.join_new("a");
    scene.pass(Duration::from_secs(2));
    scene.join_new("b");
    scene.pass(Duration::from_secs(2));
    assert!(scene.joined.is_empty(), "b came, so it goes on");
    scene.pass(Duration::from_secs(2));
    assert_eq!(scene.joined("a").members.len(), 2);
    assert_eq!(scene.joined("b").generation, 1);
}

#[test]
fn members_commit_and_so_does_anybody_while_there_are_none() {
    let mut scene = Scene::stable();
    let stranger = Identity {
        member: "",
        instance: None,
        generation: -1,
    };
    assert_eq!(
        scene.group.commit(scene.who("a"), scene.now),
        ErrorCode::NONE
    );
    assert_eq!(
        scene.group.commit(stranger, scene.now),
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    assert_eq!(
        scene.group.commit(scene.who("x"), scene.now),
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    scene.join_new("c");
    assert_eq!(
        scene.group.commit(scene.who("a"), scene.now),
        ErrorCode::NONE,
        "on the way to join again"
    );
    scene.join_again("a");
    scene.join_again("b");
    assert_eq!(
        scene.group.commit(scene.who("a"), scene.now),
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    for name in ["a", "b", "c"] {
        scene.leave(name);
    }
    assert_eq!(scene.group.commit(stranger, scene.now), ErrorCode::NONE);
}

#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    let mut scene = Scene::new();
    scene.join_static("a", "one");
    scene.joined("a");
    scene.sync("a", &["a"]);
    scene.assignment("a").unwrap();

    scene.join_static("a2", "one");
    let joined = scene.joined("a2");
    assert_eq!((joined.generation, joined.leader.as_str()), (1, "a2"));
    assert!(joined.skip_assignment);
    scene.sync("a2", &[]);
    assert_eq!(scene.assignment("a2").unwrap(), "a", "what it had before");
}

#[test]
fn a_static_leader_of_old_is_told_that_another_leads() {
    let mut scene = Scene::new();
    scene.join_static("a", "one");
    scene.joined("a");
    scene.sync("a", &["a"]);
    scene.ask_to_join("a2", |join| {
        join.member.clear();
        join.instance = Some("one".into());
    });
    let joined = scene.joined("a2");
    assert_eq!((joined.leader.as_str(), joined.members.len()), ("a", 0));
    assert!(!joined.skip_assignment);
}

#[test]
fn the_one_whose_instance_was_taken_is_fenced() {
    let mut scene = Scene::new();
    scene.join_static("a", "one");
    scene.joined("a");
    scene.sync("a", &["a"]);
    scene.assignment("a").unwrap();
    scene.join_static("a2", "one");
    let old = Identity {
        instance: Some("one"),
        ..scene.who("a")
    };
    assert_eq!(
        scene.group.heartbeat(old, scene.now),
        ErrorCode::FENCED_INSTANCE_ID
    );
    assert_eq!(
        scene.group.commit(old, scene.now),
        ErrorCode::FENCED_INSTANCE_ID
    );
    assert_eq!(
        scene.group.leave("a", Some("one"), scene.now),
        ErrorCode::FENCED_INSTANCE_ID
    );
    assert_eq!(
        scene.group.leave("", Some("one"), scene.now),
        ErrorCode::NONE
    );
    assert!(scene.names().is_empty());
}

#[test]
fn a_static_member_that_waits_is_fenced_by_its_successor() {
    let mut scene = Scene::stable();
    scene.join_static("c", "one");
    scene.join_static("c2", "one");
    assert_eq!(scene.joined("c").code, ErrorCode::FENCED_INSTANCE_ID);
    scene.join_again("a");
    scene.join_again("b");
    assert_eq!(scene.joined("c2").generation, 3);
}

#[test]
fn static_members_keep_their_place_through_a_rebalance_they_miss() {
    let mut scene = Scene::new();
    scene.ask_to_join("a", |join| {
        join.member.clear();
        join.instance = Some("one".into());
        join.session_timeout = 10 * REBALANCE;
    });
    scene.joined("a");
    scene.sync("a", &["a"]);
    scene.assignment("a").unwrap();
    scene.ask_to_join("b", |join| {
        join.member.clear();
        join.session_timeout = 10 * REBALANCE;
    });
    scene.pass(REBALANCE);
    let joined = scene.joined("b");
    assert_eq!((joined.leader.as_str(), joined.members.len()), ("b", 2));
    assert_eq!(scene.names(), ["a", "b"]);
}

#[test]
fn another_coordinator_has_to_be_asked_again() {
    let mut scene = Scene::stable();
    scene.join_again("a");
    scene.group.move_away();
    scene.collect();
    assert_eq!(scene.joined("a").code, ErrorCode::NOT_COORDINATOR);
    scene.join_again("a");
    scene.join_again("b");
    assert_eq!(scene.joined("a").generation, 3);
}

#[test]
fn a_join_that_is_asked_twice_is_answered_twice() {
    let mut scene = Scene::stable();
    scene.join_again("a");
    scene.join_again("a");
    assert_eq!(
        scene.joined("a").code,
        ErrorCode::REBALANCE_IN_PROGRESS,
        "the first one"
    );
    scene.join_again("b");
    assert_eq!(scene.joined("a").code, ErrorCode::NONE);
}
