//! The task of one group member, of either protocol: it carries out what the member wants, and tells the consumer what becomes of its
//! partitions.
//!
//! It runs beside the application, so the heart beats while records are processed. An application that stays away from `poll` for longer
//! than `max_poll_interval` is taken for dead: the member leaves, and joins again when the application is back.

use std::sync::Arc;

use kafka_wire::Request;
use tokio::time::{Duration, Instant, timeout_at};

use crate::consumer::config::GroupProtocol;
use crate::consumer::membership::Identity;
use crate::consumer::patience::Patience;
use crate::consumer::position::Position;
use crate::consumer::shared::{Shared, sleep_until_some};
use crate::consumer::state::State;
use crate::error::Error;
use crate::group::committer::Committer;
use crate::group::offsets::Offsets;
use crate::group::{classic, modern};
use crate::topic_partition::TopicPartition;

/// Runs until it is dropped. Without a subscription it waits for one.
pub(crate) async fn run(shared: Arc<Shared>, offsets: Offsets, committer: Committer) {
    let protocol = offsets.group().protocol.clone();
    let desk = Desk {
        patience: shared.patience(),
        shared,
        offsets,
        committer,
    };
    match protocol {
        GroupProtocol::Classic { .. } => classic::driver::run(desk).await,
        GroupProtocol::Consumer { .. } => modern::driver::run(desk).await,
    }
}

/// Leaves the group, so that others need not wait for the session to end, at the latest by `deadline`.
///
/// # Errors
/// Why the coordinator was not told: it will notice when the session times out.
pub(crate) async fn leave(
    offsets: &Offsets,
    identity: &Identity,
    deadline: Instant,
) -> Result<(), Error> {
    let started = Instant::now();
    let leave = async {
        match offsets.group().protocol {
            GroupProtocol::Classic { .. } => classic::driver::leave(offsets, identity).await,
            GroupProtocol::Consumer { .. } => modern::driver::leave(offsets, identity).await,
        }
    };
    timeout_at(deadline, leave).await.unwrap_or_else(|_| {
        Err(Error::Timeout {
            api: "LeaveGroup",
            broker: offsets.coordinator_name(),
            after: started.elapsed(),
        })
    })
}

/// What an answer means for others than the member.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The group has given the member up.
    pub(crate) lost: bool,
    /// The coordinator is another broker, or cannot be reached.
    pub(crate) find_coordinator: bool,
    /// What went wrong, if the application might have to know.
    pub(crate) error: Option<Error>,
    /// All that the member is to read.
    pub(crate) assigned: Option<Vec<TopicPartition>>,
}

/// What a member's task works with, whatever the protocol.
pub(crate) struct Desk {
    pub(crate) shared: Arc<Shared>,
    pub(crate) offsets: Offsets,
    committer: Committer,
    patience: Patience,
}

/// What happened outside since the last step.
pub(crate) struct News {
    /// What the application wants to read; nothing while it is away.
    pub(crate) topics: Vec<String>,
    /// The application has just been found to be away for too long: its partitions are lost.
    pub(crate) is_expired: bool,
    /// It has given partitions up.
    pub(crate) has_revoked: bool,
}

impl Desk {
    /// Looks at what happened outside, and commits what was finished before partitions go to others. Brief: no heart beats meanwhile.
    pub(crate) async fn look(&self, identity: &Identity) -> News {
        let interval = self.offsets.group().max_poll_interval;
        let now = Instant::now();
        let (news, finished) = self.shared.with(|state| {
            let is_expired = state.expire(interval, now);
            let finished = state.membership.take_revoked();
            let news = News {
                topics: state.membership.wants().to_vec(),
                is_expired,
                has_revoked: finished.is_some(),
            };
            (news, finished)
        });
        if news.is_expired {
            let group = &self.offsets.group().id;
            tracing::warn!(%group, ?interval, "the application did not poll in time; leaving the group");
        }
        self.commit(identity, finished.unwrap_or_default()).await;
        news
    }

    async fn commit(&self, identity: &Identity, finished: Vec<(TopicPartition, Position)>) {
        if self.shared.config.auto_commit.is_none() || finished.is_empty() {
            return;
        }
        let deadline = Instant::now() + self.offsets.group().session_timeout / 3;
        let identity = identity.clone();
        if let Err(error) = self.committer.commit(identity, finished, deadline).await {
            let group = &self.offsets.group().id;
            let error = crate::error::chain(&error);
            tracing::warn!(%group, %error, "cannot commit before giving partitions up");
        }
    }

    /// Waits until then, or until something happens outside.
    pub(crate) async fn wait(&self, until: Option<Instant>, bells: &mut Bells) {
        let interval = self.offsets.group().max_poll_interval;
        let expiry = self.shared.with(|state| state.membership.expiry(interval));
        tokio::select! {
            _ = bells.group.changed() => {}
            _ = bells.metadata.changed() => {}
            () = sleep_until_some(until) => {}
            () = sleep_until_some(expiry) => {}
        }
    }

    /// What rings for the member's task.
    pub(crate) fn bells(&self) -> Bells {
        Bells {
            group: self.shared.group_bell(),
            metadata: self.shared.cluster.changed(),
        }
    }

    /// Acts on what an answer means.
    pub(crate) fn settle(&mut self, outcome: Outcome, identity: &Identity) {
        if outcome.find_coordinator {
            self.offsets.forget_coordinator();
        }
        if outcome.lost {
            self.shared.with(State::lost);
        }
        match outcome.error {
            Some(error) => {
                let line = crate::error::chain(&error);
                tracing::debug!(group = %self.offsets.group().id, error = %line, "group");
                if self.patience.failed(&error, Instant::now()) {
                    self.shared.with(|state| state.error(error));
                }
            }
            None => self.patience.reset(),
        }
        if let Some(partitions) = outcome.assigned {
            self.assign(partitions, identity);
        }
    }

    /// Tells the consumer what it has to read.
    pub(crate) fn assign(&self, partitions: Vec<TopicPartition>, identity: &Identity) {
        self.shared.with(|state| {
            state.membership.set_identity(identity);
            state.assigned(partitions);
        });
    }

    /// Asks the coordinator for what it answers at once.
    pub(crate) async fn ask<R: Request>(
        &self,
        request: &R,
        limit: Duration,
    ) -> Result<R::Response, Error> {
        let limit = self.shared.cluster.config().request_timeout.min(limit);
        let connection = self.offsets.coordinator().await?;
        connection.send(request, limit).await?.await
    }
}

/// What rings for the member's task: the application, and news of the cluster.
pub(crate) struct Bells {
    group: tokio::sync::watch::Receiver<()>,
    metadata: tokio::sync::watch::Receiver<u64>,
}

impl Bells {
    /// What has rung so far is seen to.
    pub(crate) fn heard(&mut self) {
        self.group.borrow_and_update();
        self.metadata.borrow_and_update();
    }
}
