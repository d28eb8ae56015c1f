//! The task of one group member: it carries out what [`Member`] wants, and tells the consumer what becomes of its partitions.
//!
//! It runs beside the application, so the heart beats while records are processed. Requests that the coordinator holds back (join and
//! sync) have a connection of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use kafka_wire::messages::join_group::JoinGroupResponseMember;
use kafka_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use kafka_wire::messages::sync_group::SyncGroupRequestAssignment;
use kafka_wire::{ErrorCode, Request};
use tokio::time::{Duration, Instant, timeout, timeout_at};

use crate::cluster::wanted::Kept;
use crate::consumer::membership::Identity;
use crate::consumer::patience::Patience;
use crate::consumer::shared::{Shared, sleep_until_some};
use crate::consumer::state::State;
use crate::error::Error;
use crate::group::assignor::{Assignor, Topic, Topics};
use crate::group::classic::protocol::{assignment_of, candidate};
use crate::group::classic::{Member, Outcome, Step};
use crate::group::committer::Committer;
use crate::group::offsets::Offsets;
use crate::net::connection::Connection;
use crate::topic_partition::TopicPartition;

/// Runs until it is dropped. Without a subscription it waits for one.
pub(crate) async fn run(shared: Arc<Shared>, offsets: Offsets, committer: Committer) {
    let member = Member::new(offsets.group().clone(), shared.backoff(), Instant::now());
    let driver = Driver {
        patience: shared.patience(),
        shared,
        offsets,
        committer,
        member,
        waiting_line: None,
        divided: BTreeMap::new(),
        kept: Vec::new(),
    };
    driver.run().await;
}

struct Driver {
    shared: Arc<Shared>,
    offsets: Offsets,
    committer: Committer,
    member: Member,
    patience: Patience,
    /// For join and sync.
    waiting_line: Option<Arc<Connection>>,
    /// How many partitions topics had when the member last divided them.
    divided: BTreeMap<String, usize>,
    /// Those topics: refreshes have to ask for them.
    kept: Vec<Kept>,
}

impl Driver {
    async fn run(mut self) {
        let mut bell = self.shared.group_bell();
        let mut metadata = self.shared.cluster.changed();
        loop {
            bell.borrow_and_update();
            metadata.borrow_and_update();
            self.look().await;
            match self.member.next(Instant::now()) {
                Step::Wait(until) => tokio::select! {
                    _ = bell.changed() => {}
                    _ = metadata.changed() => {}
                    () = sleep_until_some(until) => {}
                },
                step => self.carry_out(step).await,
            }
            let identity = self.member.identity();
            self.shared
                .with(|state| state.membership.set_identity(identity));
        }
    }

    /// What happened outside since the last step.
    async fn look(&mut self) {
        let topics = self
            .shared
            .with(|state| state.membership.subscription().to_vec());
        self.member.subscribe(&topics);
        if self.member.leads() && self.partitions_of(self.divided.keys()) != self.divided {
            self.member.rejoin("the partitions of topics changed");
        }
        let revoked = self.shared.with(|state| state.membership.take_revoked());
        if let Some(finished) = revoked {
            self.commit(finished).await;
            self.member.revoked();
        }
    }

    /// Commits what was finished before partitions go to others. Brief: no heart beats meanwhile.
    async fn commit(&self, finished: Vec<(TopicPartition, i64)>) {
        if self.shared.config.auto_commit.is_none() || finished.is_empty() {
            return;
        }
        let deadline = Instant::now() + self.offsets.group().session_timeout / 3;
        let identity = self.member.identity().clone();
        if let Err(error) = self.committer.commit(identity, finished, deadline).await {
            let group = &self.offsets.group().id;
            let error = crate::error::chain(&error);
            tracing::warn!(%group, %error, "cannot commit before giving partitions up");
        }
    }

    async fn carry_out(&mut self, step: Step) {
        let rebalance = self.offsets.group().rebalance_timeout + PATIENCE_BEYOND;
        let outcome = match step {
            Step::Wait(_) => return,
            Step::Join(request) => {
                let answer = self.wait_in_line(&request, rebalance).await;
                self.member.joined(answer, Instant::now())
            }
            Step::Sync(request) => {
                let answer = self.wait_in_line(&request, rebalance).await;
                self.member.synced(answer, Instant::now())
            }
            Step::Heartbeat(request) => {
                let answer = self.beat(&request).await;
                self.member.beat(answer, Instant::now())
            }
            Step::Divide(members) => return self.divide(members).await,
            Step::Revoke => return self.shared.with(State::revoke),
            Step::Abandon => {
                self.shared.with(State::lost);
                return self.member.revoked();
            }
            Step::Leave => {
                let identity = self.member.identity().clone();
                let limit = self.shared.cluster.config().request_timeout;
                let _ = leave(&self.offsets, &identity, Instant::now() + limit).await;
                return self.member.left();
            }
        };
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if outcome.find_coordinator {
            self.offsets.forget_coordinator();
            self.waiting_line = None;
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
            let identity = self.member.identity();
            self.shared.with(|state| {
                state.membership.set_identity(identity);
                state.assigned(partitions);
            });
        }
    }

    /// A request that the coordinator holds back until all members have come.
    async fn wait_in_line<R: Request>(
        &mut self,
        request: &R,
        limit: Duration,
    ) -> Result<R::Response, Error> {
        let node = self.offsets.coordinator_id().await?;
        let open = self.waiting_line.take();
        let open = open.filter(|line| line.node_id() == node && line.stands());
        let connection = match open {
            Some(connection) => connection,
            None => self.shared.cluster.private(node, &self.shared.stop).await?,
        };
        self.waiting_line = Some(connection.clone());
        let mut answer = connection.send(request, limit).await?;
        let look = self.shared.cluster.config().request_timeout;
        loop {
            if let Ok(answer) = timeout(look, &mut answer).await {
                return answer;
            }
            // It may take as long as the slowest member, or for ever if the coordinator is gone without a word.
            self.offsets.forget_coordinator();
            if self.offsets.coordinator_id().await? != node {
                return Err(Error::Refused {
                    api: R::name(),
                    subject: self.offsets.group().id.clone(),
                    code: ErrorCode::NOT_COORDINATOR,
                    message: None,
                });
            }
        }
    }

    async fn beat<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        let group = self.offsets.group();
        let limit = self
            .shared
            .cluster
            .config()
            .request_timeout
            .min(group.session_timeout / 3);
        let connection = self.offsets.coordinator().await?;
        connection.send(request, limit).await?.await
    }

    /// Divides the partitions of all topics that members want.
    async fn divide(&mut self, members: Vec<JoinGroupResponseMember>) {
        let candidates: Vec<_> = members.into_iter().map(candidate).collect();
        let topics: BTreeSet<_> = candidates.iter().flat_map(|one| &one.topics).collect();
        let cluster = &self.shared.cluster;
        self.kept = topics.iter().map(|topic| cluster.keep(topic)).collect();
        let known = topics.iter().map(|topic| cluster.topic(topic, TOPIC_WAIT));
        // Topics that do not show up have no partitions; when they do, the group divides again.
        join_all(known).await;
        self.divided = self.partitions_of(topics.into_iter());
        let known = self.divided.iter().map(|(name, partitions)| {
            let partitions = *partitions;
            let racks = Vec::new();
            (name.clone(), Topic { partitions, racks })
        });
        let topics: Topics = known.collect();
        let division = Assignor::Range.divide(&candidates, &topics).into_iter();
        let assignments: Result<Vec<SyncGroupRequestAssignment>, _> = division
            .map(|(member, topics)| assignment_of(member, topics))
            .collect();
        // Topic names came from the wire, so they fit it.
        self.member.divided(assignments.unwrap_or_default());
    }

    fn partitions_of<'a>(
        &self,
        topics: impl Iterator<Item = &'a String>,
    ) -> BTreeMap<String, usize> {
        let picture = self.shared.cluster.metadata();
        let count = |topic: &str| {
            picture
                .topic(topic)
                .map_or(0, |known| known.partitions.len())
        };
        topics.map(|topic| (topic.clone(), count(topic))).collect()
    }
}

/// Leaves the group, so that others need not wait for the session to end. Static members do not: they may come back (KIP-345).
pub(crate) async fn leave(
    offsets: &Offsets,
    identity: &Identity,
    deadline: Instant,
) -> Result<(), Error> {
    let group = offsets.group();
    if identity.member_id.is_empty() || group.instance_id.is_some() {
        return Ok(());
    }
    let ask = async {
        let connection = offsets.coordinator().await?;
        let mut request = LeaveGroupRequest {
            group_id: group.id.clone(),
            ..Default::default()
        };
        if connection.version_of::<LeaveGroupRequest>()? >= 3 {
            request.members = vec![MemberIdentity {
                member_id: identity.member_id.clone(),
                reason: Some("the consumer was closed".into()),
                ..Default::default()
            }];
        } else {
            request.member_id.clone_from(&identity.member_id);
        }
        let answer = connection.call(&request).await?;
        let of_members = answer.members.iter().map(|member| member.error_code);
        let codes = std::iter::once(answer.error_code).chain(of_members);
        match codes.into_iter().find(|code| !code.is_ok()) {
            // Whom the coordinator does not know has left.
            None | Some(ErrorCode::UNKNOWN_MEMBER_ID) => Ok(()),
            Some(code) => Err(Error::Refused {
                api: LeaveGroupRequest::name(),
                subject: group.id.clone(),
                code,
                message: None,
            }),
        }
    };
    let started = Instant::now();
    timeout_at(deadline, ask).await.unwrap_or_else(|_| {
        Err(Error::Timeout {
            api: LeaveGroupRequest::name(),
            broker: offsets.coordinator_name(),
            after: started.elapsed(),
        })
    })
}

/// A coordinator may answer a join as late as the rebalance times out.
const PATIENCE_BEYOND: Duration = Duration::from_secs(5);
/// How long a leader waits for topics that it does not know.
const TOPIC_WAIT: Duration = Duration::from_secs(1);
