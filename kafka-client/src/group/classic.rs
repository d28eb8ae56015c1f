//! One member of a group of the classic protocol. Pure: it says what to send next, and is told what came back.
//!
//! ```text
//!            JoinGroup           SyncGroup
//!   Out ───────────────▶ Joined ───────────▶ Stable ──┐ Heartbeat
//!    ▲                                          │ ◀───┘
//!    │        application has given up          ▼ REBALANCE_IN_PROGRESS, or another subscription
//!    └───────────────────────────────────── Revoking ──┐ Heartbeat
//!                                                ▲ ────┘
//! ```
//! With an eager assignor a member gives up everything, joins again and gets a new assignment. With cooperative ones (KIP-429) it joins
//! again with what it has and reads on; what it is to give up it gives up afterwards, and joins once more so that others can have it. A
//! coordinator that moves or loads changes nothing about who the member is; one that does not know the member makes it start over, its
//! partitions lost.

pub(crate) mod driver;
mod failure;
pub(crate) mod protocol;
mod request;

use kafka_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use kafka_wire::messages::join_group::{
    JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember,
};
use kafka_wire::messages::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::Instant;

use crate::consumer::config::{GroupConfig, GroupProtocol};
use crate::consumer::membership::Identity;
use crate::error::Error;
use crate::group::assignor::{Assignor, RebalanceProtocol};
use crate::group::driver::Outcome;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// What to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing before this time; for ever if there is none.
    Wait(Option<Instant>),
    /// Send this, and pass the answer to [`Member::joined`].
    Join(JoinGroupRequest),
    /// The member leads: divide partitions among these in this way, and pass the result to [`Member::divided`].
    Divide(Assignor, Vec<JoinGroupResponseMember>),
    /// Send this, and pass the answer to [`Member::synced`].
    Sync(SyncGroupRequest),
    /// Send this, and pass the answer to [`Member::beat`].
    Heartbeat(HeartbeatRequest),
    /// Have the application give these partitions up, and call [`Member::revoked`] when it has.
    Revoke(Vec<TopicPartition>),
    /// The application did not give its partitions up in time: they are lost.
    Abandon,
    /// Leave the group, then call [`Member::left`].
    Leave,
}

/// The member.
#[derive(Debug)]
pub(crate) struct Member {
    config: GroupConfig,
    identity: Identity,
    /// What the application wants to read.
    topics: Vec<String>,
    /// What it wanted when the member last joined.
    joined_topics: Vec<String>,
    phase: Phase,
    leads: bool,
    /// What the member offers to divide by, best first.
    assignors: Vec<Assignor>,
    /// What this generation divides by.
    assignor: Option<Assignor>,
    /// What the member has.
    owned: Vec<TopicPartition>,
    /// What it was last assigned and when, for assignors that give it back; `None` after it was lost.
    previous: Option<(i32, Vec<TopicPartition>)>,
    /// Where it runs.
    rack: Option<String>,
    heartbeat_due: Instant,
    not_before: Option<Instant>,
    backoff: Backoff,
    /// Said when joining (KIP-800).
    reason: &'static str,
}

#[derive(Debug, PartialEq)]
enum Phase {
    /// Has to join.
    Out,
    /// Joined as the leader, and has to divide.
    Leading(Vec<JoinGroupResponseMember>),
    /// Joined, and waits for the division.
    Joined(Vec<SyncGroupRequestAssignment>),
    /// Has its assignment.
    Stable,
    /// Has to give these up.
    Revoke(Vec<TopicPartition>),
    /// Gives these up, at the latest then.
    Revoking(Vec<TopicPartition>, Instant),
    /// Another member took its lasting name; nothing is done any more.
    Fenced,
}

impl Member {
    /// A member that has not joined. Failures are tried again after `backoff`.
    pub(crate) fn new(
        config: GroupConfig,
        rack: Option<String>,
        backoff: Backoff,
        now: Instant,
    ) -> Self {
        let assignors = match &config.protocol {
            GroupProtocol::Classic { assignors } => assignors.clone(),
            GroupProtocol::Consumer { .. } => Vec::new(),
        };
        Self {
            config,
            assignors,
            assignor: None,
            owned: Vec::new(),
            previous: None,
            rack,
            identity: Identity::default(),
            topics: Vec::new(),
            joined_topics: Vec::new(),
            phase: Phase::Out,
            leads: false,
            heartbeat_due: now,
            not_before: None,
            backoff,
            reason: "joins",
        }
    }

    /// Who the member is to the coordinator.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether it divides the partitions in this generation, and has to notice when there are more.
    pub(crate) fn leads(&self) -> bool {
        self.leads && self.phase == Phase::Stable
    }

    /// What the application wants to read; none to leave the group.
    pub(crate) fn subscribe(&mut self, topics: &[String]) {
        if self.topics != topics {
            self.topics = topics.to_vec();
        }
    }

    /// Has the group divide anew.
    pub(crate) fn rejoin(&mut self, reason: &'static str) {
        if self.phase == Phase::Stable {
            self.reason = reason;
            self.begin_rebalance();
        }
    }

    fn is_cooperative(&self) -> bool {
        RebalanceProtocol::common(&self.assignors) == RebalanceProtocol::Cooperative
    }

    /// On the way to joining again: with what the member has and still wants, or with nothing.
    fn begin_rebalance(&mut self) {
        let is_cooperative = self.is_cooperative();
        let stays = |one: &&TopicPartition| {
            is_cooperative && self.topics.iter().any(|topic| **topic == *one.topic)
        };
        let goes: Vec<_> = self
            .owned
            .iter()
            .filter(|one| !stays(one))
            .cloned()
            .collect();
        self.phase = if is_cooperative && goes.is_empty() {
            Phase::Out
        } else {
            Phase::Revoke(goes)
        };
    }

    /// What to do next.
    pub(crate) fn next(&mut self, now: Instant) -> Step {
        if let Some(time) = self.not_before.filter(|time| *time > now) {
            return Step::Wait(Some(time));
        }
        self.not_before = None;
        if self.topics != self.joined_topics {
            self.rejoin("the subscription changed");
        }
        match &mut self.phase {
            Phase::Fenced => Step::Wait(None),
            Phase::Out if self.topics.is_empty() => self.leave(),
            Phase::Out => self.join(),
            Phase::Leading(members) => {
                let assignor = self.assignor.unwrap_or(Assignor::Range);
                Step::Divide(assignor, std::mem::take(members))
            }
            Phase::Joined(assignments) => {
                let assignments = std::mem::take(assignments);
                Step::Sync(self.sync(assignments))
            }
            Phase::Revoke(partitions) => {
                let partitions = std::mem::take(partitions);
                let until = now + self.config.rebalance_timeout;
                self.phase = Phase::Revoking(partitions.clone(), until);
                Step::Revoke(partitions)
            }
            Phase::Revoking(_, until) if *until <= now => Step::Abandon,
            Phase::Stable | Phase::Revoking(..) if self.heartbeat_due <= now => {
                Step::Heartbeat(self.heartbeat())
            }
            Phase::Revoking(_, until) => Step::Wait(Some(self.heartbeat_due.min(*until))),
            Phase::Stable => Step::Wait(Some(self.heartbeat_due)),
        }
    }

    fn leave(&self) -> Step {
        let is_member = !self.identity.member_id.is_empty();
        if is_member {
            Step::Leave
        } else {
            Step::Wait(None)
        }
    }

    /// What came of [`Step::Join`].
    pub(crate) fn joined(
        &mut self,
        answer: Result<JoinGroupResponse, Error>,
        now: Instant,
    ) -> Outcome {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.failed(error, now),
        };
        match answer.error_code {
            ErrorCode::NONE => {}
            ErrorCode::MEMBER_ID_REQUIRED => {
                self.identity.member_id = answer.member_id;
                return Outcome::default();
            }
            code => return self.refused(JoinGroupRequest::name(), code, now),
        }
        self.backoff.reset();
        self.reason = "the group rebalances";
        self.leads = answer.leader == answer.member_id;
        let chosen = answer.protocol_name.unwrap_or_default();
        let chosen = Assignor::named(&chosen);
        self.assignor = chosen.filter(|one| self.assignors.contains(one));
        self.identity = Identity {
            member_id: answer.member_id,
            generation: answer.generation_id,
        };
        self.phase = if self.leads && !answer.skip_assignment {
            Phase::Leading(answer.members)
        } else {
            Phase::Joined(Vec::new())
        };
        Outcome::default()
    }

    /// What came of [`Step::Divide`].
    pub(crate) fn divided(&mut self, assignments: Vec<SyncGroupRequestAssignment>) {
        self.phase = Phase::Joined(assignments);
    }

    /// What came of [`Step::Sync`].
    pub(crate) fn synced(
        &mut self,
        answer: Result<SyncGroupResponse, Error>,
        now: Instant,
    ) -> Outcome {
        // Whoever fails here has lost what it was to send: the way back is to join again.
        self.phase = Phase::Out;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.failed(error, now),
        };
        if let Err(code) = answer.error_code.check() {
            return self.refused(SyncGroupRequest::name(), code, now);
        }
        match protocol::assignment(&answer.assignment) {
            Ok(partitions) => self.has_been_assigned(partitions, now),
            Err(source) => {
                let broker = format!("leader of group {}", self.config.id).into();
                self.failed(Error::Malformed { broker, source }, now)
            }
        }
    }

    fn has_been_assigned(&mut self, partitions: Vec<TopicPartition>, now: Instant) -> Outcome {
        self.heartbeat_due = now + self.config.heartbeat_interval;
        let goes = self.owned.iter().filter(|one| !partitions.contains(one));
        let goes: Vec<_> = goes.cloned().collect();
        self.previous = Some((self.identity.generation, partitions.clone()));
        // Until the application has given them up, they are still its.
        let has = [partitions, goes.clone()].concat();
        self.owned.clone_from(&has);
        self.phase = if goes.is_empty() {
            Phase::Stable
        } else {
            self.reason = "the member gave partitions up";
            Phase::Revoke(goes)
        };
        Outcome {
            assigned: Some(has),
            ..Outcome::default()
        }
    }

    /// What came of [`Step::Heartbeat`].
    pub(crate) fn beat(
        &mut self,
        answer: Result<HeartbeatResponse, Error>,
        now: Instant,
    ) -> Outcome {
        match answer {
            Ok(answer) => match answer.error_code.check() {
                Ok(()) => {
                    self.backoff.reset();
                    self.heartbeat_due = now + self.config.heartbeat_interval;
                    Outcome::default()
                }
                Err(code) => self.refused(HeartbeatRequest::name(), code, now),
            },
            Err(error) => self.failed(error, now),
        }
    }

    /// The application has given up what it was asked for, or has none of it.
    pub(crate) fn revoked(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Out) {
            Phase::Revoking(partitions, _) => self.owned.retain(|one| !partitions.contains(one)),
            other => self.phase = other,
        }
    }

    /// The member has nothing any more, and is to join again.
    pub(crate) fn abandoned(&mut self) {
        self.owned.clear();
        self.previous = None;
        if self.phase != Phase::Fenced {
            self.phase = Phase::Out;
        }
    }

    /// The member has left the group, or will be given up by it.
    pub(crate) fn left(&mut self) {
        self.identity = Identity::default();
        self.joined_topics.clear();
        self.abandoned();
        self.leads = false;
    }
}

#[cfg(test)]
mod tests;
