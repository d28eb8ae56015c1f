//! A consumer group of the protocol of KIP-848 as its coordinator sees it: the coordinator divides, and members report what they have. Pure:
//! it takes `now`, and answers at once.
//!
//! ```text
//! somebody joins, leaves, subscribes anew      epoch of the group + 1
//!                                   └─▶ target: who should have what, for that epoch
//! a member's heartbeat ─▶ its assignment, one step nearer to its target:
//!         1. it gives up what it should not have, and stays in its epoch until it says that it has
//!         2. it comes into the target's epoch, and gets what nobody else has any more
//! ```
//! The rules are those of Kafka's group coordinator (`GroupMetadataManager`, `CurrentAssignmentBuilder`). A group knows nothing of offsets
//! or connections, and of topics only what it is told.

mod assignor;
mod leave;
mod member;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Instant;

pub(super) use assignor::Assignor;
pub(super) use member::Member;

use assignor::Subject;
use member::Standing;

/// Partitions by the id of their topic.
pub(super) type Partitions = BTreeSet<(Uuid, i32)>;

/// A group.
#[derive(Debug)]
pub(super) struct ConsumerGroup {
    /// Rises with every change of members, subscriptions or topics.
    epoch: i32,
    /// The epoch that `target` was made for.
    assignment_epoch: i32,
    assignor: Assignor,
    members: BTreeMap<String, Member>,
    /// Static members by their instance id (KIP-345).
    instances: BTreeMap<String, String>,
    /// Who should have what in the end.
    target: BTreeMap<String, Partitions>,
    /// What members subscribe to and exists: id and number of partitions.
    topics: BTreeMap<String, (Uuid, i32)>,
    session_timeout: Duration,
}

/// What a member says; `None` for what has not changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Heartbeat {
    pub(super) member: String,
    /// [`JOINS`], [`LEAVES`], [`LEAVES_FOR_A_WHILE`], or what the member was told.
    pub(super) epoch: i32,
    pub(super) instance: Option<String>,
    pub(super) rack: Option<String>,
    pub(super) client_id: String,
    pub(super) rebalance_timeout: Option<Duration>,
    pub(super) topics: Option<Vec<String>>,
    pub(super) assignor: Option<Assignor>,
    pub(super) owned: Option<Partitions>,
}

/// What a member is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) epoch: i32,
    /// `None` if it has not changed.
    pub(super) assignment: Option<Partitions>,
}

impl ConsumerGroup {
    /// A group without members, which are out after so long a silence.
    pub(super) fn new(session_timeout: Duration) -> Self {
        Self {
            // Kafka's groups begin in epoch 1, and their first member's epoch is 2.
            epoch: 1,
            assignment_epoch: 1,
            assignor: Assignor::default(),
            members: BTreeMap::new(),
            instances: BTreeMap::new(),
            target: BTreeMap::new(),
            topics: BTreeMap::new(),
            session_timeout,
        }
    }

    pub(super) fn epoch(&self) -> i32 {
        self.epoch
    }

    pub(super) fn assignment_epoch(&self) -> i32 {
        self.assignment_epoch
    }

    pub(super) fn assignor(&self) -> Assignor {
        self.assignor
    }

    /// By id.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What a member should have in the end.
    pub(super) fn target_of(&self, member: &str) -> Partitions {
        self.target.get(member).cloned().unwrap_or_default()
    }

    /// As Kafka's tools print it.
    pub(super) fn state(&self) -> &'static str {
        if self.members.is_empty() {
            "Empty"
        } else if self.epoch > self.assignment_epoch {
            "Assigning"
        } else if self
            .members()
            .any(|member| !member.has_reached(self.assignment_epoch))
        {
            "Reconciling"
        } else {
            "Stable"
        }
    }

    /// A member joins, lives or leaves. `find` knows the id and the number of partitions of topics.
    pub(super) fn heartbeat(
        &mut self,
        beat: Heartbeat,
        find: impl Fn(&str) -> Option<(Uuid, i32)>,
        now: Instant,
    ) -> Result<Told, ErrorCode> {
        if matches!(beat.epoch, LEAVES | LEAVES_FOR_A_WHILE) {
            return self.leave(&beat);
        }
        let is_new = self.admit(&beat)?;
        let is_full = beat.is_full();
        let Heartbeat {
            member: id, owned, ..
        } = &beat;
        let (id, owned) = (id.clone(), owned.clone());
        let Some(member) = self.members.get_mut(&id) else {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        };
        let before = member.assigned.clone();
        let has_changed = member.update(beat, now + self.session_timeout);
        let topics = self.subscribed(find);
        if is_new || has_changed || topics != self.topics {
            self.topics = topics;
            self.epoch += 1;
        }
        if self.epoch > self.assignment_epoch {
            self.assign();
        }
        self.reconcile(&id, owned.as_ref(), now);
        let member = self.members.get(&id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        Ok(Told {
            epoch: member.epoch,
            assignment: (is_full || member.assigned != before).then(|| member.assigned.clone()),
        })
    }

    /// Whether somebody may commit at all; an epoch that is over may do for some partitions: see [`ConsumerGroup::commits_for`].
    pub(super) fn commits(&self, member: &str, epoch: i32) -> Result<(), ErrorCode> {
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        match self.knows(member, epoch) {
            Err(ErrorCode::STALE_MEMBER_EPOCH) if epoch >= 0 => Ok(()),
            known => known,
        }
    }

    /// Whether a member may commit for a partition.
    pub(super) fn commits_for(
        &self,
        member: &str,
        epoch: i32,
        partition: &(Uuid, i32),
    ) -> Result<(), ErrorCode> {
        match self.members.get(member) {
            Some(member) if !member.commits(epoch, partition) => Err(ErrorCode::STALE_MEMBER_EPOCH),
            _ => Ok(()),
        }
    }

    /// Whether there is such a member in this very epoch.
    pub(super) fn knows(&self, member: &str, epoch: i32) -> Result<(), ErrorCode> {
        match self.members.get(member) {
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(member) if member.epoch != epoch => Err(ErrorCode::STALE_MEMBER_EPOCH),
            Some(_) => Ok(()),
        }
    }

    /// Another node coordinates from now on: sessions begin anew there.
    pub(super) fn move_away(&mut self, now: Instant) {
        for member in self.members.values_mut() {
            member.expires = now + self.session_timeout;
        }
    }

    /// When [`ConsumerGroup::on_time`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let members = self.members.values();
        members.map(Member::deadline).min()
    }

    /// Takes out members that are silent, or do not give up what they should.
    pub(super) fn on_time(&mut self, now: Instant) {
        let members = self.members();
        let late = members.filter(|member| member.deadline() <= now);
        for id in late.map(|member| member.id.clone()).collect::<Vec<_>>() {
            self.remove(&id);
        }
    }

    /// Lets in who may come; whether it is a new member.
    fn admit(&mut self, beat: &Heartbeat) -> Result<bool, ErrorCode> {
        let named = beat.instance.as_ref();
        let holder = named.and_then(|name| self.instances.get(name)).cloned();
        match (named, holder) {
            (Some(_), None) if beat.epoch != JOINS => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
            (Some(_), Some(holder)) if beat.epoch == JOINS => {
                let is_released = self
                    .members
                    .get(&holder)
                    .is_none_or(|it| it.epoch == LEAVES_FOR_A_WHILE);
                if !is_released && holder != beat.member {
                    return Err(ErrorCode::UNRELEASED_INSTANCE_ID);
                }
                if is_released {
                    self.replace(&holder, beat);
                }
                return Ok(false);
            }
            (Some(_), Some(holder)) if holder != beat.member => {
                return Err(ErrorCode::FENCED_INSTANCE_ID);
            }
            _ => {}
        }
        if let Some(member) = self.members.get(&beat.member) {
            if beat.epoch != JOINS {
                member.check(beat.epoch, beat.owned.as_ref())?;
            }
            return Ok(false);
        }
        if beat.epoch != JOINS {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        if let Some(name) = named {
            self.instances.insert(name.clone(), beat.member.clone());
        }
        let member = Member::new(beat.member.clone());
        self.members.insert(beat.member.clone(), member);
        Ok(true)
    }

    /// A static member has come back under another id: what was kept for it is its own.
    fn replace(&mut self, holder: &str, beat: &Heartbeat) {
        let id = beat.member.clone();
        if let Some(mut member) = self.members.remove(holder) {
            member.id.clone_from(&id);
            (member.epoch, member.previous_epoch) = (JOINS, JOINS);
            member.standing = Standing::Settled;
            self.members.insert(id.clone(), member);
        }
        if let Some(target) = self.target.remove(holder) {
            self.target.insert(id.clone(), target);
        }
        self.instances
            .extend(beat.instance.clone().map(|it| (it, id)));
    }

    /// Whatever it had is free.
    fn remove(&mut self, id: &str) {
        let Some(member) = self.members.remove(id) else {
            return;
        };
        if let Some(name) = &member.instance {
            self.instances.remove(name);
        }
        self.target.remove(id);
        self.epoch += 1;
    }

    fn subscribed(
        &self,
        find: impl Fn(&str) -> Option<(Uuid, i32)>,
    ) -> BTreeMap<String, (Uuid, i32)> {
        let names: BTreeSet<_> = self.members().flat_map(|member| &member.topics).collect();
        let names = names.into_iter();
        names
            .filter_map(|name| Some((name.clone(), find(name)?)))
            .collect()
    }

    /// A target for this epoch.
    fn assign(&mut self) {
        self.assignor = Assignor::preferred(self.members().filter_map(|member| member.assignor));
        let subjects = self.members.values().map(|member| Subject {
            id: &member.id,
            instance: member.instance.as_deref(),
            topics: member
                .topics
                .iter()
                .filter_map(|name| self.topics.get(name).map(|(id, _)| *id))
                .collect(),
        });
        let subjects: Vec<_> = subjects.collect();
        let topics = self.topics.values().copied().collect();
        self.target = self.assignor.assign(&subjects, &topics, &self.target);
        self.assignment_epoch = self.epoch;
    }

    /// Brings one member nearer to its target.
    fn reconcile(&mut self, id: &str, owned: Option<&Partitions>, now: Instant) {
        let held: Partitions = self.members().flat_map(Member::holds).collect();
        let target = self.target_of(id);
        let epoch = self.assignment_epoch;
        if let Some(member) = self.members.get_mut(id) {
            member.reconcile(&target, epoch, owned, &held, now);
        }
    }
}

impl Heartbeat {
    /// Whether nothing is left out, as when the member does not know what was heard: the answer leaves nothing out either.
    fn is_full(&self) -> bool {
        let is_everything =
            self.rebalance_timeout.is_some() && self.topics.is_some() && self.owned.is_some();
        self.epoch == JOINS || is_everything
    }
}

/// The epoch of a member that joins.
pub(super) const JOINS: i32 = 0;
/// The epoch of a member that leaves.
pub(super) const LEAVES: i32 = -1;
/// The epoch of a static member that leaves and keeps its place.
pub(super) const LEAVES_FOR_A_WHILE: i32 = -2;

#[cfg(test)]
mod tests;
