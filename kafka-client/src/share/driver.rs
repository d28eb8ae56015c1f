//! The task of a share consumer: its membership, and a fetcher for each leader.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kafka_wire::messages::share_group_heartbeat::TopicPartitions;
use kafka_wire::{Request, Uuid};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use super::fetcher;
use super::member::{Member, Step};
use super::shared::Shared;
use crate::cluster::coordinator::CoordinatorKind;
use crate::cluster::metadata::Metadata;
use crate::cluster::pool::Purpose;
use crate::cluster::wanted::Kept;
use crate::consumer::patience::Patience;
use crate::consumer::shared::sleep_until_some;
use crate::error::Error;
use crate::group::driver::Outcome;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// Runs until the consumer is closed and everybody was told, or until it is dropped.
pub(super) async fn run(shared: Arc<Shared>) {
    let config = shared.cluster.config();
    let backoff = Backoff::new(config.retry_backoff, config.retry_backoff_max);
    let member_id = Uuid(std::array::from_fn(|_| fastrand::u8(..))).to_string();
    let driver = Driver {
        member: Member::new(
            shared.config.group.clone(),
            member_id.clone(),
            backoff,
            Instant::now(),
        ),
        patience: Patience::new(config.request_timeout),
        member_id: member_id.into(),
        target: Vec::new(),
        kept: BTreeMap::new(),
        fetchers: JoinSet::new(),
        fetched: BTreeSet::new(),
        shared,
    };
    driver.run().await;
}

struct Driver {
    shared: Arc<Shared>,
    member: Member,
    member_id: Arc<str>,
    patience: Patience,
    /// What the group says to read.
    target: Vec<TopicPartitions>,
    /// Topics that refreshes have to ask for.
    kept: BTreeMap<String, Kept>,
    fetchers: JoinSet<()>,
    /// Brokers that have one.
    fetched: BTreeSet<i32>,
}

impl Driver {
    async fn run(mut self) {
        let mut bell = self.shared.work_bell();
        let mut metadata = self.shared.cluster.changed();
        loop {
            bell.borrow_and_update();
            metadata.borrow_and_update();
            self.look();
            match self.member.next(Instant::now()) {
                Step::Wait(until) => {
                    if self.shared.with(|state| state.is_closing()) {
                        break;
                    }
                    tokio::select! {
                        _ = bell.changed() => {}
                        _ = metadata.changed() => {}
                        () = sleep_until_some(until) => {}
                    }
                }
                Step::Heartbeat(request) => {
                    let answer = self.ask(&request).await;
                    let (outcome, target) = self.member.beat(answer, Instant::now());
                    self.settle(outcome);
                    self.target = target.unwrap_or_else(|| std::mem::take(&mut self.target));
                }
                Step::Leave(request) => {
                    // First the leaders, so that what was said is not lost with the membership.
                    if self.shared.with(|state| state.is_closing()) {
                        while self.fetchers.join_next().await.is_some() {}
                    }
                    let _ = self.ask(&request).await;
                    self.member.left();
                    self.target.clear();
                }
            }
        }
        while self.fetchers.join_next().await.is_some() {}
    }

    /// What happened outside: other topics, other leaders.
    fn look(&mut self) {
        let topics = self.shared.with(|state| state.topics().to_vec());
        self.member.subscribe(&topics);
        let is_closing = self.shared.with(|state| state.is_closing());
        if is_closing {
            return;
        }
        let cluster = &self.shared.cluster;
        self.kept.retain(|topic, _| topics.contains(topic));
        for topic in &topics {
            if !self.kept.contains_key(topic) {
                self.kept.insert(topic.clone(), cluster.keep(topic));
                cluster.refresh();
            }
        }
        let picture = cluster.metadata();
        let assignment = named(&self.target, &picture);
        let leaders: BTreeSet<i32> = assignment
            .keys()
            .filter_map(|one| picture.partition(&one.topic, one.partition)?.leader)
            .collect();
        self.shared.with(|state| {
            if !state.assignment().eq(assignment.keys()) {
                state.assign(assignment);
            }
        });
        for node in leaders {
            if self.fetched.insert(node) {
                let (shared, member_id) = (self.shared.clone(), self.member_id.clone());
                self.fetchers.spawn(fetcher::run(shared, member_id, node));
            }
        }
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        let (cluster, group) = (&self.shared.cluster, &self.shared.config.group);
        let node = cluster.coordinator(CoordinatorKind::Group, group).await?;
        let connection = cluster.broker(node, Purpose::Coordinator).await;
        if connection.is_err() {
            cluster.forget_coordinator(CoordinatorKind::Group, group);
        }
        let limit = cluster.config().request_timeout.min(LONGEST_HEARTBEAT);
        connection?.send(request, limit).await?.await
    }

    fn settle(&mut self, outcome: Outcome) {
        let group = &self.shared.config.group;
        if outcome.find_coordinator {
            let cluster = &self.shared.cluster;
            cluster.forget_coordinator(CoordinatorKind::Group, group);
        }
        if outcome.lost {
            self.target.clear();
        }
        match outcome.error {
            Some(error) => {
                let line = crate::error::chain(&error);
                tracing::debug!(%group, error = %line, "share group");
                if self.patience.failed(&error, Instant::now()) {
                    self.shared.with(|state| state.error(error));
                }
            }
            None => self.patience.reset(),
        }
    }
}

/// Partitions by the names of their topics; those of topics that are not known yet wait.
fn named(target: &[TopicPartitions], picture: &Metadata) -> BTreeMap<TopicPartition, Uuid> {
    let mut named = BTreeMap::new();
    for topic in target {
        let Some(name) = picture.name_of(topic.topic_id) else {
            continue;
        };
        for partition in &topic.partitions {
            named.insert(
                TopicPartition::new(name.clone(), *partition),
                topic.topic_id,
            );
        }
    }
    named
}

/// A coordinator that takes longer is asked again.
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(15);
