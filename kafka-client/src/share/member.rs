//! A member of a share group, as its coordinator knows it. Pure. Simpler than a member of a consumer group: partitions are shared, so none
//! has to be given up before another member can have it.

use std::time::Duration;

use kafka_wire::messages::share_group_heartbeat::{
    Assignment, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, TopicPartitions,
};
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::Instant;

use crate::error::Error;
use crate::group::driver::Outcome;
use crate::retry::Backoff;

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Nothing before this time; for ever if there is none.
    Wait(Option<Instant>),
    /// Send this, and pass the answer to [`Member::beat`].
    Heartbeat(ShareGroupHeartbeatRequest),
    /// Send this, and then the member is out: [`Member::left`].
    Leave(ShareGroupHeartbeatRequest),
}

/// The member.
#[derive(Debug)]
pub(super) struct Member {
    group: String,
    /// Its name for its whole life, made up by itself.
    id: String,
    epoch: i32,
    topics: Vec<String>,
    /// What the coordinator has heard.
    told: Option<Vec<String>>,
    /// The coordinator will never take it.
    is_refused: bool,
    heartbeat_due: Instant,
    not_before: Option<Instant>,
    backoff: Backoff,
}

impl Member {
    /// Not joined yet.
    pub(super) fn new(group: String, id: String, backoff: Backoff, now: Instant) -> Self {
        Self {
            group,
            id,
            epoch: OUTSIDE,
            topics: Vec::new(),
            told: None,
            is_refused: false,
            heartbeat_due: now,
            not_before: None,
            backoff,
        }
    }

    /// What the application wants to read; none to leave.
    pub(super) fn subscribe(&mut self, topics: &[String]) {
        if self.topics != topics {
            self.topics = topics.to_vec();
        }
    }

    /// What to do next.
    pub(super) fn next(&mut self, now: Instant) -> Step {
        if self.is_refused {
            return Step::Wait(None);
        }
        if let Some(time) = self.not_before.filter(|time| *time > now) {
            return Step::Wait(Some(time));
        }
        self.not_before = None;
        let is_member = self.epoch > OUTSIDE;
        if self.topics.is_empty() {
            return if is_member {
                Step::Leave(self.request(LEAVES))
            } else {
                Step::Wait(None)
            };
        }
        if is_member && self.heartbeat_due > now && self.told.as_ref() == Some(&self.topics) {
            return Step::Wait(Some(self.heartbeat_due));
        }
        let mut request = self.request(self.epoch.max(JOINS));
        if self.told.as_ref() != Some(&self.topics) {
            request.subscribed_topic_names = Some(self.topics.clone());
            self.told = Some(self.topics.clone());
        }
        Step::Heartbeat(request)
    }

    fn request(&self, member_epoch: i32) -> ShareGroupHeartbeatRequest {
        ShareGroupHeartbeatRequest {
            group_id: self.group.clone(),
            member_id: self.id.clone(),
            member_epoch,
            ..Default::default()
        }
    }

    /// What came of [`Step::Heartbeat`], and what the member is to read if that has changed.
    pub(super) fn beat(
        &mut self,
        answer: Result<ShareGroupHeartbeatResponse, Error>,
        now: Instant,
    ) -> (Outcome, Option<Vec<TopicPartitions>>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return (self.failed(error, now), None),
        };
        if let Err(code) = answer.error_code.check() {
            return (self.refused(code, answer.error_message, now), None);
        }
        self.backoff.reset();
        self.epoch = answer.member_epoch;
        let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or_default();
        self.heartbeat_due = now + Duration::from_millis(interval).max(SHORTEST_INTERVAL);
        let assignment = answer.assignment;
        let partitions = assignment.map(|Assignment { topic_partitions }| topic_partitions);
        (Outcome::default(), partitions)
    }

    /// The member is out, and joins again if it wants anything.
    pub(super) fn left(&mut self) {
        self.epoch = OUTSIDE;
        self.told = None;
    }

    /// The coordinator could not be asked.
    fn failed(&mut self, error: Error, now: Instant) -> Outcome {
        self.told = None;
        self.not_before = Some(now + self.backoff.failed());
        Outcome {
            find_coordinator: error.is_retriable(),
            error: Some(error),
            ..Outcome::default()
        }
    }

    fn refused(&mut self, code: ErrorCode, message: Option<String>, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        self.told = None;
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
            ErrorCode::GROUP_AUTHORIZATION_FAILED | ErrorCode::TOPIC_AUTHORIZATION_FAILED => {}
            code if !code.is_retriable() => {
                self.left();
                self.is_refused = true;
                outcome.lost = true;
            }
            _ => {}
        }
        self.not_before = Some(now + self.backoff.failed());
        outcome.error = Some(Error::Refused {
            api: ShareGroupHeartbeatRequest::name(),
            subject: self.group.clone(),
            code,
            message,
        });
        outcome
    }
}

const OUTSIDE: i32 = -1;
const JOINS: i32 = 0;
const LEAVES: i32 = -1;
/// A coordinator that says nothing useful is not asked without end.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
