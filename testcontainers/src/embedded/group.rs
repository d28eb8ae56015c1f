//! A classic consumer group as its coordinator sees it. Pure: it takes `now`, and hands back whose request is answered how.
//!
//! ```text
//!           join                     all joined, or time is up            leader syncs
//! Empty ──────────▶ PreparingRebalance ──────────────▶ CompletingRebalance ──────────▶ Stable
//!   ▲                 │   ▲      ▲                            │                          │
//!   └── nobody left ──┘   │      └── a member joins, leaves ──┴──────── or changes ──────┘
//!                         └─ late members are out
//! ```
//! The rules are those of Kafka's group coordinator (`GroupMetadataManager`, the classic half): KIP-62, KIP-134, KIP-345, KIP-394,
//! KIP-814. A group knows nothing of topics, offsets or connections.

mod answer;
mod join;
mod member;
mod rebalance;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka_wire::ErrorCode;
use tokio::time::Instant;

pub(super) use answer::{Done, Joined, JoinedMember, Synced};
pub(super) use join::{Abilities, Join};
pub(super) use member::Member;
pub(super) use sync::Believed;

/// A group. `J` and `S` are whatever the caller wants back to answer a join and a sync.
#[derive(Debug)]
pub(super) struct Group<J, S> {
    state: State,
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    /// In the order in which they came.
    members: Vec<Member<J, S>>,
    /// Members by their instance id (KIP-345).
    instances: BTreeMap<String, String>,
    /// Ids that were given out and have not come back yet (KIP-394), and when they are forgotten.
    pending: BTreeMap<String, Instant>,
    /// Members that have not synced in this generation, and when they have to.
    to_sync: BTreeSet<String>,
    sync_deadline: Option<Instant>,
    join_deadline: Option<Instant>,
    /// Set while the first rebalance of an empty group waits for more members.
    initial: Option<Initial>,
    initial_delay: Duration,
    done: Vec<Done<J, S>>,
}

/// Where a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No members.
    Empty,
    /// Waits for its members to join again.
    PreparingRebalance,
    /// Waits for the leader to say who gets what.
    CompletingRebalance,
    /// Everybody knows.
    Stable,
}

#[derive(Debug, Clone, Copy)]
struct Initial {
    remaining: Duration,
    has_grown: bool,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    pub(super) member: &'a str,
    pub(super) instance: Option<&'a str>,
    /// -1 for none.
    pub(super) generation: i32,
}

impl<J, S> Group<J, S> {
    /// A group without members, whose first rebalance waits so long for more of them.
    pub(super) fn new(initial_delay: Duration) -> Self {
        Self {
            state: State::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Vec::new(),
            instances: BTreeMap::new(),
            pending: BTreeMap::new(),
            to_sync: BTreeSet::new(),
            sync_deadline: None,
            join_deadline: None,
            initial: None,
            initial_delay,
            done: Vec::new(),
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn generation(&self) -> i32 {
        self.generation
    }

    /// Empty before the first member.
    pub(super) fn protocol_type(&self) -> &str {
        self.protocol_type.as_deref().unwrap_or_default()
    }

    /// What the members agreed on.
    pub(super) fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    pub(super) fn members(&self) -> &[Member<J, S>] {
        &self.members
    }

    /// Whether it can be forgotten, as far as members go.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Empty && self.pending.is_empty()
    }

    /// What can be answered; each request once.
    pub(super) fn take_done(&mut self) -> Vec<Done<J, S>> {
        std::mem::take(&mut self.done)
    }

    /// A sign of life. An error tells the member what to do.
    pub(super) fn heartbeat(&mut self, who: Identity<'_>, now: Instant) -> ErrorCode {
        if let Err(code) = self.validate(who) {
            return code;
        }
        match self.state {
            State::Empty => ErrorCode::UNKNOWN_MEMBER_ID,
            State::PreparingRebalance => {
                self.renew(who.member, now);
                ErrorCode::REBALANCE_IN_PROGRESS
            }
            State::CompletingRebalance | State::Stable => {
                self.renew(who.member, now);
                ErrorCode::NONE
            }
        }
    }

    /// Whether `who` may commit offsets; members do, and anybody while there are none.
    pub(super) fn commit(&mut self, who: Identity<'_>, now: Instant) -> ErrorCode {
        let is_anonymous = who.generation < 0 && who.member.is_empty() && who.instance.is_none();
        if who.generation < 0 && self.state == State::Empty {
            return ErrorCode::NONE;
        }
        if is_anonymous {
            return ErrorCode::UNKNOWN_MEMBER_ID;
        }
        if let Err(code) = self.validate(who) {
            return code;
        }
        if self.state == State::CompletingRebalance {
            return ErrorCode::REBALANCE_IN_PROGRESS;
        }
        self.renew(who.member, now);
        ErrorCode::NONE
    }

    /// Whether `who` may commit offsets in a transaction: a member of this generation may, and whoever names none (KIP-447).
    pub(super) fn commit_in_transaction(&self, who: Identity<'_>) -> Result<(), ErrorCode> {
        let is_anonymous = who.generation < 0 && who.member.is_empty() && who.instance.is_none();
        if is_anonymous || (who.generation < 0 && self.state == State::Empty) {
            return Ok(());
        }
        self.validate(who)
    }

    /// A member goes; a static one may be named by its instance alone.
    pub(super) fn leave(
        &mut self,
        member: &str,
        instance: Option<&str>,
        now: Instant,
    ) -> ErrorCode {
        let id = match instance {
            Some(instance) => match self.instances.get(instance) {
                None => return ErrorCode::UNKNOWN_MEMBER_ID,
                Some(id) if !member.is_empty() && id != member => {
                    return ErrorCode::FENCED_INSTANCE_ID;
                }
                Some(id) => id.clone(),
            },
            None => member.to_owned(),
        };
        if self.pending.remove(&id).is_some() {
            self.try_to_complete_join(now);
            return ErrorCode::NONE;
        }
        if self.find(&id).is_none() {
            return ErrorCode::UNKNOWN_MEMBER_ID;
        }
        self.remove(&id);
        self.after_removal(now);
        ErrorCode::NONE
    }

    /// Another node coordinates from now on: whoever waits has to ask there.
    pub(super) fn move_away(&mut self) {
        self.fail_joins(ErrorCode::NOT_COORDINATOR);
        self.fail_syncs(ErrorCode::NOT_COORDINATOR);
    }

    /// When [`Group::on_time`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let members = self.members.iter().filter_map(|member| member.expires);
        let pending = self.pending.values().copied();
        members
            .chain(pending)
            .chain(self.join_deadline)
            .chain(self.sync_deadline)
            .min()
    }

    /// Does what is due: silent members are out, and nobody is waited for any longer.
    pub(super) fn on_time(&mut self, now: Instant) {
        self.expire_members(now);
        if self.join_deadline.is_some_and(|deadline| deadline <= now) {
            self.on_join_deadline(now);
        }
        if self.sync_deadline.is_some_and(|deadline| deadline <= now) {
            self.on_sync_deadline(now);
        }
    }

    /// Member, instance and generation fit together.
    fn validate(&self, who: Identity<'_>) -> Result<(), ErrorCode> {
        self.validate_member(who.member, who.instance)?;
        if who.generation != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        Ok(())
    }

    fn validate_member(&self, member: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            return match self.instances.get(instance) {
                None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(id) if id != member => Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => Ok(()),
            };
        }
        match self.find(member) {
            Some(_) => Ok(()),
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    fn find(&self, id: &str) -> Option<&Member<J, S>> {
        self.members.iter().find(|member| member.id == id)
    }

    fn find_mut(&mut self, id: &str) -> Option<&mut Member<J, S>> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    fn renew(&mut self, id: &str, now: Instant) {
        if let Some(member) = self.find_mut(id) {
            member.renew(now);
        }
    }

    fn expire_members(&mut self, now: Instant) {
        let pending = self.pending.len();
        self.pending.retain(|_, deadline| *deadline > now);
        let mut late = Vec::new();
        for member in &mut self.members {
            if member.expires.is_some_and(|expires| expires <= now) {
                member.expires = None;
                if !member.is_excused() {
                    late.push(member.id.clone());
                }
            }
        }
        for id in &late {
            self.remove(id);
        }
        if !late.is_empty() {
            self.after_removal(now);
        } else if self.pending.len() < pending {
            self.try_to_complete_join(now);
        }
    }

    /// Takes a member out, and answers what it waits for.
    fn remove(&mut self, id: &str) {
        let Some(at) = self.members.iter().position(|member| member.id == id) else {
            return;
        };
        let member = self.members.remove(at);
        self.to_sync.remove(id);
        if let Some(instance) = &member.instance {
            self.instances.remove(instance);
        }
        if self.leader.as_deref() == Some(id) {
            self.leader = self.members.first().map(|member| member.id.clone());
        }
        if let Some(join) = member.join {
            self.done.push(Done::Join(
                join,
                Joined::failed(ErrorCode::UNKNOWN_MEMBER_ID, id),
            ));
        }
        if let Some(sync) = member.sync {
            self.done.push(Done::Sync(
                sync,
                Synced::failed(ErrorCode::UNKNOWN_MEMBER_ID),
            ));
        }
    }

    fn after_removal(&mut self, now: Instant) {
        match self.state {
            State::Empty => {}
            State::Stable | State::CompletingRebalance => self.prepare_rebalance(now),
            State::PreparingRebalance => self.try_to_complete_join(now),
        }
    }

    fn fail_joins(&mut self, code: ErrorCode) {
        for member in &mut self.members {
            if let Some(join) = member.join.take() {
                self.done
                    .push(Done::Join(join, Joined::failed(code, &member.id)));
            }
        }
    }

    fn fail_syncs(&mut self, code: ErrorCode) {
        for member in &mut self.members {
            if let Some(sync) = member.sync.take() {
                self.done.push(Done::Sync(sync, Synced::failed(code)));
            }
        }
    }
}

impl State {
    /// As Kafka's tools print it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

#[cfg(test)]
mod tests;
