//! One member: what it has, what it is to give up, and its next step.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Instant;

use super::{Assignor, Heartbeat, LEAVES_FOR_A_WHILE, Partitions};

/// A member of a consumer group.
#[derive(Debug, Clone)]
pub(in crate::embedded) struct Member {
    pub(in crate::embedded) id: String,
    pub(in crate::embedded) instance: Option<String>,
    pub(in crate::embedded) rack: Option<String>,
    pub(in crate::embedded) client_id: String,
    /// What it subscribes to, sorted.
    pub(in crate::embedded) topics: Vec<String>,
    pub(super) assignor: Option<Assignor>,
    pub(in crate::embedded) epoch: i32,
    /// The one before, which is believed as well while an answer may have got lost.
    pub(super) previous_epoch: i32,
    /// What it may read.
    pub(in crate::embedded) assigned: Partitions,
    /// Since which epoch it has what it holds (KIP-1251).
    since: BTreeMap<(Uuid, i32), i32>,
    pub(super) standing: Standing,
    pub(super) expires: Instant,
    rebalance_timeout: Duration,
}

/// How far a member is from its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has what the target of its epoch says.
    Settled,
    /// It has been told to give these up, at the latest by then.
    Revoking(Partitions, Instant),
    /// It waits for what others have not given up yet.
    Waiting,
}

impl Member {
    /// One that has said nothing.
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            instance: None,
            rack: None,
            client_id: String::new(),
            topics: Vec::new(),
            assignor: None,
            epoch: 0,
            previous_epoch: -1,
            assigned: Partitions::new(),
            since: BTreeMap::new(),
            standing: Standing::Settled,
            expires: Instant::now(),
            rebalance_timeout: Duration::ZERO,
        }
    }

    /// Takes in what it says; whether it subscribes to something else now.
    pub(super) fn update(&mut self, beat: Heartbeat, expires: Instant) -> bool {
        self.expires = expires;
        self.client_id = beat.client_id;
        self.instance = beat.instance.or(self.instance.take());
        self.rack = beat.rack.or(self.rack.take());
        self.assignor = beat.assignor.or(self.assignor);
        self.rebalance_timeout = beat.rebalance_timeout.unwrap_or(self.rebalance_timeout);
        let Some(mut topics) = beat.topics else {
            return false;
        };
        topics.sort();
        topics.dedup();
        let has_changed = topics != self.topics;
        self.topics = topics;
        has_changed
    }

    /// Whether it is where it says. The epoch before is as good if the member has nothing that is not its own: the answer that told it
    /// the new one may have got lost.
    pub(super) fn check(&self, epoch: i32, owned: Option<&Partitions>) -> Result<(), ErrorCode> {
        let has_only_its_own = owned.is_some_and(|owned| owned.is_subset(&self.assigned));
        let is_late = epoch < self.epoch && epoch == self.previous_epoch && has_only_its_own;
        if epoch == self.epoch || is_late {
            return Ok(());
        }
        Err(ErrorCode::FENCED_MEMBER_EPOCH)
    }

    /// Whether it has what it should have in this epoch.
    pub(super) fn has_reached(&self, epoch: i32) -> bool {
        self.epoch == epoch && self.standing == Standing::Settled
    }

    /// Whether it may commit for a partition in `epoch`: its own, or an older one in which it had the partition already (KIP-1251).
    pub(super) fn commits(&self, epoch: i32, partition: &(Uuid, i32)) -> bool {
        let since = self.since.get(partition);
        epoch == self.epoch || since.is_some_and(|since| (*since..self.epoch).contains(&epoch))
    }

    /// When it is out.
    pub(super) fn deadline(&self) -> Instant {
        match self.standing {
            Standing::Revoking(_, until) => until.min(self.expires),
            _ => self.expires,
        }
    }

    /// What nobody else may have.
    pub(in crate::embedded) fn holds(&self) -> Vec<(Uuid, i32)> {
        let revoking = match &self.standing {
            Standing::Revoking(partitions, _) => Some(partitions),
            _ => None,
        };
        let revoking = revoking.into_iter().flatten();
        self.assigned.iter().chain(revoking).copied().collect()
    }

    /// It leaves, and what it has is kept for it until its session ends.
    pub(super) fn pause(&mut self) {
        self.epoch = LEAVES_FOR_A_WHILE;
        self.standing = Standing::Settled;
    }

    /// One step towards `target`, as far as it has given up what it had to, and others, what it needs.
    pub(super) fn reconcile(
        &mut self,
        target: &Partitions,
        target_epoch: i32,
        owned: Option<&Partitions>,
        held: &Partitions,
        now: Instant,
    ) {
        let still_has =
            |partitions: &Partitions| owned.is_none_or(|owned| !owned.is_disjoint(partitions));
        let epoch = match &self.standing {
            Standing::Settled if self.epoch == target_epoch => return,
            Standing::Revoking(partitions, _) if still_has(partitions) => return,
            Standing::Revoking(..) => self.epoch + 1,
            Standing::Settled | Standing::Waiting => self.epoch,
        };
        let surplus: Partitions = self.assigned.difference(target).copied().collect();
        self.assigned.retain(|it| target.contains(it));
        self.previous_epoch = self.epoch;
        if !surplus.is_empty() && still_has(&surplus) {
            self.epoch = epoch;
            self.standing = Standing::Revoking(surplus, now + self.rebalance_timeout);
            return;
        }
        let is_complete = target
            .difference(&self.assigned)
            .all(|it| !held.contains(it));
        self.epoch = target_epoch;
        self.assigned
            .extend(target.iter().filter(|it| !held.contains(*it)));
        self.standing = if is_complete {
            Standing::Settled
        } else {
            Standing::Waiting
        };
        self.since.retain(|it, _| self.assigned.contains(it));
        for partition in &self.assigned {
            self.since.entry(*partition).or_insert(target_epoch);
        }
    }
}
