//! The task of a member of the classic protocol. Requests that the coordinator holds back (join and sync) have a connection of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use kafka_wire::messages::join_group::JoinGroupResponseMember;
use kafka_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use kafka_wire::messages::sync_group::SyncGroupRequestAssignment;
use kafka_wire::{ErrorCode, Request};
use tokio::time::{Duration, Instant, timeout};

use super::protocol::{assignment_of, candidate};
use super::{Member, Step};
use crate::cluster::wanted::Kept;
use crate::consumer::membership::Identity;
use crate::consumer::state::State;
use crate::error::Error;
use crate::group::assignor::{Assignor, Topic};
use crate::group::driver::{Desk, News};
use crate::group::offsets::Offsets;
use crate::net::connection::Connection;

/// Runs until it is dropped.
pub(crate) async fn run(desk: Desk) {
    let group = desk.offsets.group().clone();
    let member = Member::new(
        group,
        desk.shared.config.client_rack.clone(),
        desk.shared.backoff(),
        Instant::now(),
    );
    let driver = Driver {
        desk,
        member,
        waiting_line: None,
        divided: BTreeMap::new(),
        kept: Vec::new(),
    };
    driver.run().await;
}

struct Driver {
    desk: Desk,
    member: Member,
    /// For join and sync.
    waiting_line: Option<Arc<Connection>>,
    /// How many partitions topics had when the member last divided them.
    divided: BTreeMap<String, usize>,
    /// Those topics: refreshes have to ask for them.
    kept: Vec<Kept>,
}

impl Driver {
    async fn run(mut self) {
        let mut bells = self.desk.bells();
        loop {
            bells.heard();
            self.look().await;
            match self.member.next(Instant::now()) {
                Step::Wait(until) => self.desk.wait(until, &mut bells).await,
                step => self.carry_out(step).await,
            }
            let identity = self.member.identity();
            let shared = &self.desk.shared;
            shared.with(|state| state.membership.set_identity(identity));
        }
    }

    /// What happened outside since the last step.
    async fn look(&mut self) {
        let News {
            topics,
            is_expired,
            has_revoked,
        } = self.desk.look(self.member.identity()).await;
        self.member.subscribe(&topics);
        if is_expired {
            self.member.abandoned();
        }
        if self.member.leads() && self.partitions_of(self.divided.keys()) != self.divided {
            self.member.rejoin("the partitions of topics changed");
        }
        if has_revoked {
            self.member.revoked();
        }
    }

    async fn carry_out(&mut self, step: Step) {
        let group = self.desk.offsets.group();
        let rebalance = group.rebalance_timeout + PATIENCE_BEYOND;
        let pulse = group.session_timeout / 3;
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
                let answer = self.desk.ask(&request, pulse).await;
                self.member.beat(answer, Instant::now())
            }
            Step::Divide(assignor, members) => return self.divide(assignor, members).await,
            Step::Revoke(partitions) => {
                return self.desk.shared.with(|state| state.revoke(&partitions));
            }
            Step::Abandon => {
                self.desk.shared.with(State::lost);
                return self.member.abandoned();
            }
            Step::Leave => {
                let limit = self.desk.shared.cluster.config().request_timeout;
                let deadline = Instant::now() + limit;
                let (offsets, identity) = (&self.desk.offsets, self.member.identity());
                let _ = crate::group::driver::leave(offsets, identity, deadline).await;
                return self.member.left();
            }
        };
        if outcome.find_coordinator {
            self.waiting_line = None;
        }
        self.desk.settle(outcome, self.member.identity());
    }

    /// A request that the coordinator holds back until all members have come.
    async fn wait_in_line<R: Request>(
        &mut self,
        request: &R,
        limit: Duration,
    ) -> Result<R::Response, Error> {
        let node = self.desk.offsets.coordinator_id().await?;
        let open = self.waiting_line.take();
        let open = open.filter(|line| line.node_id() == node && line.stands());
        let connection = match open {
            Some(connection) => connection,
            None => {
                self.desk
                    .shared
                    .cluster
                    .private(node, &self.desk.shared.stop)
                    .await?
            }
        };
        self.waiting_line = Some(connection.clone());
        let mut answer = connection.send(request, limit).await?;
        let look = self.desk.shared.cluster.config().request_timeout;
        loop {
            if let Ok(answer) = timeout(look, &mut answer).await {
                return answer;
            }
            // It may take as long as the slowest member, or for ever if the coordinator is gone without a word.
            self.desk.offsets.forget_coordinator();
            if self.desk.offsets.coordinator_id().await? != node {
                return Err(Error::Refused {
                    api: R::name(),
                    subject: self.desk.offsets.group().id.clone(),
                    code: ErrorCode::NOT_COORDINATOR,
                    message: None,
                });
            }
        }
    }

    /// Divides the partitions of all topics that members want.
    async fn divide(&mut self, assignor: Assignor, members: Vec<JoinGroupResponseMember>) {
        let candidates: Vec<_> = members.into_iter().map(candidate).collect();
        let topics: BTreeSet<_> = candidates.iter().flat_map(|one| &one.topics).collect();
        let cluster = &self.desk.shared.cluster;
        self.kept = topics.iter().map(|topic| cluster.keep(topic)).collect();
        let known = topics.iter().map(|topic| cluster.topic(topic, TOPIC_WAIT));
        // Topics that do not show up have no partitions; when they do, the group divides again.
        join_all(known).await;
        self.divided = self.partitions_of(topics.into_iter());
        let known = self.divided.iter().map(|(name, partitions)| {
            let topic = Topic {
                partitions: *partitions,
                racks: Vec::new(),
            };
            (name.clone(), topic)
        });
        let division = assignor.divide(&candidates, &known.collect()).into_iter();
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
        let picture = self.desk.shared.cluster.metadata();
        let count = |topic: &str| {
            picture
                .topic(topic)
                .map_or(0, |known| known.partitions.len())
        };
        topics.map(|topic| (topic.clone(), count(topic))).collect()
    }
}

/// Leaves the group. Static members do not: they may come back (KIP-345).
pub(crate) async fn leave(offsets: &Offsets, identity: &Identity) -> Result<(), Error> {
    let group = offsets.group();
    if identity.member_id.is_empty() || group.instance_id.is_some() {
        return Ok(());
    }
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
}

/// A coordinator may answer a join as late as the rebalance times out.
const PATIENCE_BEYOND: Duration = Duration::from_secs(5);
/// How long a leader waits for topics that it does not know.
const TOPIC_WAIT: Duration = Duration::from_secs(1);
