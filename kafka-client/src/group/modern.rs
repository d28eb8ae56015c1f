//! One member of a group of the protocol of KIP-848, in which the coordinator divides. Pure: it says what to send next, and is told what
//! came back.
//!
//! ```text
//!         epoch 0                    assignment                    what it has now
//!   Out ───────────▶ In ──────────────────────────▶ reconciling ──────────────────▶ In
//!    ▲               │ every interval                  1. gives up what it should not have, and the application agrees
//!    └───────────────┘                                 2. takes what it should have and nobody else has any more
//!     fenced, unknown: everything is lost
//! ```
//! There is one request, the heartbeat. It carries only what has changed since the coordinator last answered, and everything after a
//! failure, since nobody knows then what the coordinator has heard. Members never stop for each other: partitions that stay are read on.

pub(crate) mod driver;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::messages::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use kafka_wire::{ErrorCode, Request as _, Uuid};
use tokio::time::Instant;

use crate::consumer::config::{GroupConfig, GroupProtocol, wire_ms};
use crate::consumer::membership::Identity;
use crate::error::Error;
use crate::group::driver::Outcome;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// What to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing before this time; for ever if there is none.
    Wait(Option<Instant>),
    /// Send this, and pass the answer to [`Member::beat`].
    Heartbeat(ConsumerGroupHeartbeatRequest),
    /// Have the application give these partitions up, and call [`Member::revoked`] when it has.
    Revoke(Vec<TopicPartition>),
    /// The application did not give its partitions up in time: all are lost.
    Abandon,
    /// These are the member's partitions from now on, and no others.
    Assign(Vec<TopicPartition>),
    /// Leave the group, then call [`Member::left`].
    Leave,
}

/// The member.
#[derive(Debug)]
pub(crate) struct Member {
    config: GroupConfig,
    rack: Option<String>,
    identity: Identity,
    /// What the application wants to read.
    topics: Vec<String>,
    phase: Phase,
    /// What the member has, with the ids of the topics.
    owned: Partitions,
    /// What it should have, if that is not known to be the same.
    target: Option<Vec<TopicPartitions>>,
    /// What the coordinator has heard of.
    told: Told,
    heartbeat_due: Instant,
    not_before: Option<Instant>,
    backoff: Backoff,
}

type Partitions = BTreeMap<TopicPartition, Uuid>;

#[derive(Debug, PartialEq)]
enum Phase {
    /// Has to join.
    Out,
    /// Is a member, and has not been told yet what is its.
    New,
    /// Is a member.
    In,
    /// Gives these partitions up, at the latest by then.
    Revoking(Vec<TopicPartition>, Instant),
    /// Will never be a member: nothing is done any more.
    Refused,
}

/// What the coordinator has heard and need not be told again; `None` if that is not known.
#[derive(Debug, Default)]
struct Told {
    topics: Option<Vec<String>>,
    owned: Option<Partitions>,
}

impl Member {
    /// A member that has not joined, under the name `member_id` for its whole life (KIP-1082). Failures are tried again after `backoff`.
    pub(crate) fn new(
        config: GroupConfig,
        rack: Option<String>,
        member_id: String,
        backoff: Backoff,
        now: Instant,
    ) -> Self {
        Self {
            config,
            rack,
            identity: Identity {
                member_id,
                generation: OUTSIDE,
            },
            topics: Vec::new(),
            phase: Phase::Out,
            owned: Partitions::new(),
            target: None,
            told: Told::default(),
            heartbeat_due: now,
            not_before: None,
            backoff,
        }
    }

    /// Who the member is to the coordinator; its epoch is -1 while it is none.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the application wants to read; none to leave the group.
    pub(crate) fn subscribe(&mut self, topics: &[String]) {
        if self.topics != topics {
            self.topics = topics.to_vec();
        }
    }

    /// What to do next. `name` knows topics by their ids; what it does not know yet has to wait.
    pub(crate) fn next(&mut self, now: Instant, name: impl Fn(Uuid) -> Option<Arc<str>>) -> Step {
        match &self.phase {
            Phase::Refused => return Step::Wait(None),
            Phase::Revoking(_, until) if *until <= now => return Step::Abandon,
            Phase::New | Phase::In => {
                if let Some(step) = self.reconcile(now, name) {
                    return step;
                }
            }
            _ => {}
        }
        if let Some(time) = self.not_before.filter(|time| *time > now) {
            return Step::Wait(Some(time));
        }
        self.not_before = None;
        match (self.topics.is_empty(), &self.phase) {
            (true, Phase::Out) => Step::Wait(None),
            (true, _) => Step::Leave,
            (false, Phase::Out) => Step::Heartbeat(self.heartbeat()),
            (false, _) if self.heartbeat_due <= now || self.has_news() => {
                Step::Heartbeat(self.heartbeat())
            }
            (false, Phase::Revoking(_, until)) => Step::Wait(Some(self.heartbeat_due.min(*until))),
            (false, _) => Step::Wait(Some(self.heartbeat_due)),
        }
    }

    /// The next step from what the member has to what it should have; `None` if there is none now.
    fn reconcile(&mut self, now: Instant, name: impl Fn(Uuid) -> Option<Arc<str>>) -> Option<Step> {
        let wants_nothing = self.topics.is_empty();
        let target = if wants_nothing {
            &[]
        } else {
            self.target.as_deref()?
        };
        let known = target
            .iter()
            .filter_map(|topic| Some((name(topic.topic_id)?, topic)));
        let mut wanted = Partitions::new();
        for (name, topic) in known {
            for partition in &topic.partitions {
                wanted.insert(
                    TopicPartition::new(name.clone(), *partition),
                    topic.topic_id,
                );
            }
        }
        let count: usize = target.iter().map(|topic| topic.partitions.len()).sum();
        let surplus: Vec<_> = self
            .owned
            .iter()
            .filter(|(partition, id)| wanted.get(*partition) != Some(id))
            .map(|(partition, _)| partition.clone())
            .collect();
        if !surplus.is_empty() {
            let until = now + self.config.rebalance_timeout;
            self.phase = Phase::Revoking(surplus.clone(), until);
            return Some(Step::Revoke(surplus));
        }
        if wanted.len() == count {
            self.target = None;
        }
        if wanted == self.owned && (wants_nothing || self.phase != Phase::New) {
            return None;
        }
        self.phase = Phase::In;
        self.owned = wanted;
        Some(Step::Assign(self.owned.keys().cloned().collect()))
    }

    /// Whether the coordinator should hear of something at once.
    fn has_news(&self) -> bool {
        if matches!(self.phase, Phase::Revoking(..)) {
            return false;
        }
        let told = &self.told;
        let has_topics = told
            .topics
            .as_ref()
            .is_some_and(|told| *told != self.topics);
        let has_owned = told.owned.as_ref().is_some_and(|told| *told != self.owned);
        has_topics || has_owned
    }

    fn heartbeat(&mut self) -> ConsumerGroupHeartbeatRequest {
        let joins = self.phase == Phase::Out;
        let everything = joins || self.told.topics.is_none();
        let server_assignor = match &self.config.protocol {
            GroupProtocol::Consumer { assignor } => assignor.clone(),
            GroupProtocol::Classic { .. } => None,
        };
        let topics = self.told.topics.as_ref() != Some(&self.topics);
        let owned = joins || self.told.owned.as_ref() != Some(&self.owned);
        self.told = Told {
            topics: Some(self.topics.clone()),
            owned: Some(self.owned.clone()),
        };
        ConsumerGroupHeartbeatRequest {
            group_id: self.config.id.clone(),
            member_id: self.identity.member_id.clone(),
            member_epoch: self.identity.generation.max(JOINS),
            instance_id: self.config.instance_id.clone(),
            rack_id: self.rack.clone().filter(|_| everything),
            rebalance_timeout_ms: if everything {
                wire_ms(self.config.rebalance_timeout)
            } else {
                UNCHANGED
            },
            subscribed_topic_names: (everything || topics).then(|| self.topics.clone()),
            subscribed_topic_regex: None,
            server_assignor: server_assignor.filter(|_| everything),
            topic_partitions: (everything || owned).then(|| by_topic(&self.owned)),
        }
    }

    /// What came of [`Step::Heartbeat`].
    pub(crate) fn beat(
        &mut self,
        answer: Result<ConsumerGroupHeartbeatResponse, Error>,
        now: Instant,
    ) -> Outcome {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.failed(error, now),
        };
        if let Err(code) = answer.error_code.check() {
            return self.refused(code, answer.error_message, now);
        }
        self.backoff.reset();
        self.identity.generation = answer.member_epoch;
        let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or_default();
        self.heartbeat_due = now + Duration::from_millis(interval).max(SHORTEST_INTERVAL);
        if self.phase == Phase::Out {
            self.phase = Phase::New;
        }
        if let Some(Assignment { topic_partitions }) = answer.assignment {
            self.target = Some(topic_partitions);
        }
        Outcome::default()
    }

    /// The application has given up what it was asked for.
    pub(crate) fn revoked(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::In) {
            Phase::Revoking(partitions, _) => {
                self.owned.retain(|one, _| !partitions.contains(one));
            }
            other => self.phase = other,
        }
    }

    /// The application is gone, and its partitions with it.
    pub(crate) fn abandoned(&mut self) {
        self.owned.clear();
        self.target = None;
        if matches!(self.phase, Phase::Revoking(..)) {
            self.phase = Phase::In;
        }
    }

    /// The member has left the group, or is to begin anew in it, without partitions.
    pub(crate) fn left(&mut self) {
        self.identity.generation = OUTSIDE;
        self.owned.clear();
        self.target = None;
        self.told = Told::default();
        self.phase = Phase::Out;
    }

    /// The coordinator could not be asked.
    pub(crate) fn failed(&mut self, error: Error, now: Instant) -> Outcome {
        self.told = Told::default();
        self.not_before = Some(now + self.backoff.failed());
        Outcome {
            find_coordinator: error.is_retriable(),
            error: Some(error),
            ..Outcome::default()
        }
    }

    fn refused(&mut self, code: ErrorCode, message: Option<String>, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        self.told = Told::default();
        match code {
            // A group without members may be forgotten as a whole.
            ErrorCode::UNKNOWN_MEMBER_ID
            | ErrorCode::FENCED_MEMBER_EPOCH
            | ErrorCode::GROUP_ID_NOT_FOUND => {
                self.left();
                outcome.lost = true;
                return outcome;
            }
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => {
                outcome.find_coordinator = true;
            }
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS => {}
            // The rest says something about the request that will be so the next time as well.
            code if !code.is_retriable() && !is_about_rights(code) => {
                self.left();
                self.phase = Phase::Refused;
                outcome.lost = true;
            }
            _ => {}
        }
        self.not_before = Some(now + self.backoff.failed());
        outcome.error = Some(Error::Refused {
            api: ConsumerGroupHeartbeatRequest::name(),
            subject: self.config.id.clone(),
            code,
            message,
        });
        outcome
    }
}

/// Rights may be granted while the member asks.
fn is_about_rights(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::GROUP_AUTHORIZATION_FAILED | ErrorCode::TOPIC_AUTHORIZATION_FAILED
    )
}

fn by_topic(partitions: &Partitions) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (partition, id) in partitions {
        topics.entry(*id).or_default().push(partition.partition);
    }
    let topics = topics.into_iter();
    topics
        .map(|(topic_id, partitions)| TopicPartitions {
            topic_id,
            partitions,
        })
        .collect()
}

/// The epoch of whoever is not a member, as far as this client is concerned.
const OUTSIDE: i32 = -1;
/// The epoch of whoever joins.
const JOINS: i32 = 0;
/// The rebalance timeout of the last heartbeat stands.
const UNCHANGED: i32 = -1;
/// A coordinator that says nothing useful is not asked without end.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
