//! The end of a rebalance: the leader says who gets what, and everybody is told.

use std::collections::HashMap;

use bytes::Bytes;
use kafka_wire::ErrorCode;
use tokio::time::Instant;

use super::{Done, Group, Identity, State, Synced};

/// What a member believes the group agreed on; `None` before version 5.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::embedded) struct Believed<'a> {
    pub(in crate::embedded) protocol_type: Option<&'a str>,
    pub(in crate::embedded) protocol: Option<&'a str>,
}

impl<J, S> Group<J, S> {
    /// A member asks for its assignment, the leader with everybody's. `waiter` is given back by [`Group::take_done`].
    pub(in crate::embedded) fn sync(
        &mut self,
        who: Identity<'_>,
        believed: Believed<'_>,
        assignments: HashMap<String, Bytes>,
        waiter: S,
        now: Instant,
    ) {
        if let Err(code) = self.may_sync(who, believed) {
            self.done.push(Done::Sync(waiter, Synced::failed(code)));
            return;
        }
        self.to_sync.remove(who.member);
        if self.state == State::Stable {
            let synced = self.synced(who.member);
            self.renew(who.member, now);
            self.done.push(Done::Sync(waiter, synced));
            return;
        }
        if let Some(member) = self.find_mut(who.member)
            && let Some(overtaken) = member.sync.replace(waiter)
        {
            let synced = Synced::failed(ErrorCode::REBALANCE_IN_PROGRESS);
            self.done.push(Done::Sync(overtaken, synced));
        }
        if self.leader.as_deref() == Some(who.member) {
            self.assign(assignments, now);
        }
    }

    /// Who has not synced in time is out.
    pub(super) fn on_sync_deadline(&mut self, now: Instant) {
        self.sync_deadline = None;
        let late = std::mem::take(&mut self.to_sync);
        if late.is_empty() {
            return;
        }
        for id in &late {
            self.remove(id);
        }
        self.after_removal(now);
    }

    fn may_sync(&self, who: Identity<'_>, believed: Believed<'_>) -> Result<(), ErrorCode> {
        let differs = |believed: Option<&str>, actual: &Option<String>| {
            believed.is_some_and(|believed| actual.as_deref() != Some(believed))
        };
        self.validate(who)?;
        if differs(believed.protocol_type, &self.protocol_type)
            || differs(believed.protocol, &self.protocol)
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        match self.state {
            State::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            State::PreparingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            State::CompletingRebalance | State::Stable => Ok(()),
        }
    }

    /// Who is not named gets nothing.
    fn assign(&mut self, mut assignments: HashMap<String, Bytes>, now: Instant) {
        self.state = State::Stable;
        for member in &mut self.members {
            member.assignment = assignments.remove(&member.id).unwrap_or_default();
        }
        let ids: Vec<String> = self
            .members
            .iter()
            .map(|member| member.id.clone())
            .collect();
        for id in ids {
            let synced = self.synced(&id);
            let Some(member) = self.find_mut(&id) else {
                continue;
            };
            if let Some(sync) = member.sync.take() {
                member.renew(now);
                self.done.push(Done::Sync(sync, synced));
            }
        }
    }

    fn synced(&self, id: &str) -> Synced {
        Synced {
            code: ErrorCode::NONE,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self
                .find(id)
                .map(|member| member.assignment.clone())
                .unwrap_or_default(),
        }
    }
}
