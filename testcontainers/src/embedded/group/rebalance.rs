//! From a reason to rebalance to a new generation.

use std::time::Duration;

use bytes::Bytes;
use kafka_wire::ErrorCode;
use tokio::time::Instant;

use super::{Done, Group, Initial, State};

impl<J, S> Group<J, S> {
    /// Everybody has to join again; an empty group waits for its first members.
    pub(super) fn prepare_rebalance(&mut self, now: Instant) {
        if self.state == State::CompletingRebalance {
            self.fail_syncs(ErrorCode::REBALANCE_IN_PROGRESS);
            for member in &mut self.members {
                member.assignment = Bytes::new();
            }
        }
        self.to_sync.clear();
        self.sync_deadline = None;
        let was_empty = self.state == State::Empty;
        self.state = State::PreparingRebalance;
        if was_empty && !self.initial_delay.is_zero() {
            self.initial = Some(Initial {
                remaining: self.rebalance_timeout().saturating_sub(self.initial_delay),
                has_grown: false,
            });
            self.join_deadline = Some(now + self.initial_delay);
        } else if was_empty {
            self.complete_join(now);
        } else {
            self.join_deadline = Some(now + self.rebalance_timeout());
            self.try_to_complete_join(now);
        }
    }

    /// A new generation begins if nobody is missing.
    pub(super) fn try_to_complete_join(&mut self, now: Instant) {
        let everybody = self.members.iter().all(|member| member.join.is_some());
        let is_preparing = self.state == State::PreparingRebalance && self.initial.is_none();
        if is_preparing && everybody && self.pending.is_empty() {
            self.complete_join(now);
        }
    }

    /// Time to join is up; the first rebalance of a group waits on while members come.
    pub(super) fn on_join_deadline(&mut self, now: Instant) {
        self.join_deadline = None;
        if let Some(initial) = &mut self.initial
            && initial.has_grown
            && !initial.remaining.is_zero()
        {
            let more = self.initial_delay.min(initial.remaining);
            initial.remaining -= more;
            initial.has_grown = false;
            self.join_deadline = Some(now + more);
            return;
        }
        self.complete_join(now);
    }

    /// Who has not joined is out, unless it is static; the others begin a generation.
    fn complete_join(&mut self, now: Instant) {
        self.initial = None;
        self.join_deadline = None;
        let members = self.members.iter();
        let late: Vec<String> = members
            .filter(|member| member.join.is_none() && member.instance.is_none())
            .map(|member| member.id.clone())
            .collect();
        for id in &late {
            self.remove(id);
        }
        if self.members.is_empty() {
            self.begin_empty();
            return;
        }
        if !self.elect() {
            // Static members alone are left, and none has come back: they have their session timeout.
            self.join_deadline = Some(now + self.rebalance_timeout());
            return;
        }
        self.begin_generation(now);
    }

    fn begin_empty(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.state = State::Empty;
        self.protocol = None;
        self.leader = None;
    }

    fn begin_generation(&mut self, now: Instant) {
        self.generation = self.generation.saturating_add(1);
        self.protocol = self.select_protocol();
        self.state = State::CompletingRebalance;
        self.sync_deadline = Some(now + self.rebalance_timeout());
        self.to_sync = self
            .members
            .iter()
            .map(|member| member.id.clone())
            .collect();
        let ids: Vec<String> = self
            .members
            .iter()
            .map(|member| member.id.clone())
            .collect();
        for id in ids {
            let joined = self.joined(&id);
            let Some(member) = self.find_mut(&id) else {
                continue;
            };
            member.renew(now);
            member.is_new = false;
            if let Some(join) = member.join.take() {
                self.done.push(Done::Join(join, joined));
            }
        }
    }

    /// The leader stays if it has joined; else the first who has leads. Whether there is one.
    fn elect(&mut self) -> bool {
        let has_joined = |id: &str| self.find(id).is_some_and(|member| member.join.is_some());
        if self.leader.as_deref().is_some_and(has_joined) {
            return true;
        }
        let joined = self.members.iter().find(|member| member.join.is_some());
        let Some(next) = joined.map(|member| member.id.clone()) else {
            return false;
        };
        self.leader = Some(next);
        true
    }

    /// Of the protocols that everybody speaks, the one that most prefer; of equals, the first member's.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let is_common = |name: &str| self.members.iter().all(|member| member.speaks(name));
        let mut votes: Vec<(&str, usize)> = Vec::new();
        for member in &self.members {
            let mut spoken = member.protocols.iter().map(|(name, _)| name.as_str());
            let Some(vote) = spoken.find(|name| is_common(name)) else {
                continue;
            };
            match votes.iter_mut().find(|(name, _)| *name == vote) {
                Some((_, count)) => *count += 1,
                None => votes.push((vote, 1)),
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max()?;
        let winner = votes.iter().find(|(_, count)| *count == most);
        winner.map(|(name, _)| (*name).to_owned())
    }

    /// The longest that any member takes to join again.
    fn rebalance_timeout(&self) -> Duration {
        let timeouts = self.members.iter().map(|member| member.rebalance_timeout);
        timeouts.max().unwrap_or_default()
    }
}
