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
//! Rebalancing is eager: a member gives up everything, joins again and gets a new assignment. A coordinator that moves or loads changes
//! nothing about who the member is; one that does not know the member makes it start over, its partitions lost.

pub(crate) mod protocol;

use kafka_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use kafka_wire::messages::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse, JoinGroupResponseMember,
};
use kafka_wire::messages::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::Instant;

use crate::consumer::config::{GroupConfig, wire_ms};
use crate::consumer::membership::Identity;
use crate::error::Error;
use crate::group::assignor::Assignor;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// What to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing before this time; for ever if there is none.
    Wait(Option<Instant>),
    /// Send this, and pass the answer to [`Member::joined`].
    Join(JoinGroupRequest),
    /// The member leads: divide partitions among these, and pass the result to [`Member::divided`].
    Divide(Vec<JoinGroupResponseMember>),
    /// Send this, and pass the answer to [`Member::synced`].
    Sync(SyncGroupRequest),
    /// Send this, and pass the answer to [`Member::beat`].
    Heartbeat(HeartbeatRequest),
    /// Have the application give its partitions up, and call [`Member::revoked`] when it has.
    Revoke,
    /// The application did not give its partitions up in time: they are lost.
    Abandon,
    /// Leave the group, then call [`Member::left`].
    Leave,
}

/// What an answer means for others.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The group has given the member up.
    pub(crate) lost: bool,
    /// The coordinator is another broker, or cannot be reached.
    pub(crate) find_coordinator: bool,
    /// What went wrong, if the application might have to know.
    pub(crate) error: Option<Error>,
    /// What the member is to read.
    pub(crate) assigned: Option<Vec<TopicPartition>>,
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
    /// Has to give its assignment up.
    Revoke,
    /// Gives its assignment up, at the latest then.
    Revoking(Instant),
    /// Another member took its lasting name; nothing is done any more.
    Fenced,
}

impl Member {
    /// A member that has not joined. Failures are tried again after `backoff`.
    pub(crate) fn new(config: GroupConfig, backoff: Backoff, now: Instant) -> Self {
        Self {
            config,
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
            self.phase = Phase::Revoke;
            self.reason = reason;
        }
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
            Phase::Leading(members) => Step::Divide(std::mem::take(members)),
            Phase::Joined(assignments) => {
                let assignments = std::mem::take(assignments);
                Step::Sync(self.sync(assignments))
            }
            Phase::Revoke => {
                self.phase = Phase::Revoking(now + self.config.rebalance_timeout);
                Step::Revoke
            }
            Phase::Revoking(until) if *until <= now => Step::Abandon,
            Phase::Stable | Phase::Revoking(_) if self.heartbeat_due <= now => {
                Step::Heartbeat(self.heartbeat())
            }
            Phase::Revoking(until) => Step::Wait(Some(self.heartbeat_due.min(*until))),
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

    fn join(&mut self) -> Step {
        self.joined_topics.clone_from(&self.topics);
        Step::Join(JoinGroupRequest {
            group_id: self.config.id.clone(),
            session_timeout_ms: wire_ms(self.config.session_timeout),
            rebalance_timeout_ms: wire_ms(self.config.rebalance_timeout),
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: Assignor::Range.name().into(),
                metadata: protocol::subscription(protocol::Subscription {
                    topics: &self.topics,
                    ..Default::default()
                }),
            }],
            reason: Some(self.reason.into()),
        })
    }

    fn sync(&self, assignments: Vec<SyncGroupRequestAssignment>) -> SyncGroupRequest {
        SyncGroupRequest {
            group_id: self.config.id.clone(),
            generation_id: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(Assignor::Range.name().into()),
            assignments,
        }
    }

    fn heartbeat(&self) -> HeartbeatRequest {
        HeartbeatRequest {
            group_id: self.config.id.clone(),
            generation_id: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
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
            Ok(partitions) => {
                self.phase = Phase::Stable;
                self.heartbeat_due = now + self.config.heartbeat_interval;
                Outcome {
                    assigned: Some(partitions),
                    ..Outcome::default()
                }
            }
            Err(source) => {
                let broker = format!("leader of group {}", self.config.id).into();
                self.failed(Error::Malformed { broker, source }, now)
            }
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

    /// The application has given its partitions up, or has none.
    pub(crate) fn revoked(&mut self) {
        if matches!(self.phase, Phase::Revoking(_)) {
            self.phase = Phase::Out;
        }
    }

    /// The member has left the group, or will be given up by it.
    pub(crate) fn left(&mut self) {
        self.identity = Identity::default();
        self.joined_topics.clear();
        self.phase = Phase::Out;
        self.leads = false;
    }

    /// The coordinator could not be asked.
    pub(crate) fn failed(&mut self, error: Error, now: Instant) -> Outcome {
        self.not_before = Some(now + self.backoff.failed());
        Outcome {
            find_coordinator: error.is_retriable(),
            error: Some(error),
            ..Outcome::default()
        }
    }

    fn refused(&mut self, api: &'static str, code: ErrorCode, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        match code {
            ErrorCode::REBALANCE_IN_PROGRESS => {
                self.heartbeat_due = now + self.config.heartbeat_interval;
                if self.phase == Phase::Stable {
                    self.phase = Phase::Revoke;
                }
                return outcome;
            }
            ErrorCode::UNKNOWN_MEMBER_ID => {
                self.identity = Identity::default();
                self.phase = Phase::Out;
                self.reason = "the coordinator did not know the member";
                outcome.lost = true;
                return outcome;
            }
            ErrorCode::ILLEGAL_GENERATION => {
                self.identity.generation = -1;
                self.phase = Phase::Out;
                self.reason = "the member missed a rebalance";
                outcome.lost = true;
                return outcome;
            }
            ErrorCode::FENCED_INSTANCE_ID => {
                self.phase = Phase::Fenced;
                outcome.lost = true;
            }
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => {
                outcome.find_coordinator = true;
            }
            _ => {}
        }
        self.not_before = Some(now + self.backoff.failed());
        outcome.error = Some(Error::Refused {
            api,
            subject: self.config.id.clone(),
            code,
            message: None,
        });
        outcome
    }
}

/// What consumers call their protocol.
const PROTOCOL_TYPE: &str = "consumer";

#[cfg(test)]
mod tests;
