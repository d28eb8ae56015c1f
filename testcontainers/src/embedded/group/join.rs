//! Joining a classic group: new members, known ones, and static ones that come back.

use std::time::Duration;

use bytes::Bytes;
use kafka_wire::ErrorCode;
use tokio::time::Instant;

use super::{Done, Group, Joined, JoinedMember, Member, State};

/// A request to join.
#[derive(Debug, Clone)]
pub(in crate::embedded) struct Join {
    /// Empty for a member that has no id yet.
    pub(in crate::embedded) member: String,
    /// The id that a new member gets.
    pub(in crate::embedded) new_id: String,
    pub(in crate::embedded) instance: Option<String>,
    pub(in crate::embedded) client_id: String,
    pub(in crate::embedded) session_timeout: Duration,
    pub(in crate::embedded) rebalance_timeout: Duration,
    pub(in crate::embedded) protocol_type: String,
    pub(in crate::embedded) protocols: Vec<(String, Bytes)>,
    pub(in crate::embedded) abilities: Abilities,
}

/// What the version of a request to join implies.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::embedded) struct Abilities {
    /// A new member is sent away with its id first (version 4, KIP-394).
    pub(in crate::embedded) takes_id_first: bool,
    /// A leader understands that it need not assign (version 9, KIP-814).
    pub(in crate::embedded) skips_assignment: bool,
}

impl<J, S> Group<J, S> {
    /// A member joins. `waiter` is given back by [`Group::take_done`], at once or when everybody has joined.
    pub(in crate::embedded) fn join(&mut self, join: Join, waiter: J, now: Instant) {
        let result = self.try_join(join, waiter, now);
        if let Some((waiter, joined)) = result {
            self.done.push(Done::Join(waiter, joined));
        }
    }

    /// An answer at once, a good or a bad one; `None` if the member has to wait.
    fn try_join(&mut self, join: Join, waiter: J, now: Instant) -> Option<(J, Joined)> {
        if !self.supports(&join) {
            let code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
            return Some((waiter, Joined::failed(code, &join.member)));
        }
        if join.member.is_empty() {
            return self.join_new(join, waiter, now);
        }
        if join.instance.is_none() && self.pending.remove(&join.member).is_some() {
            let id = join.member.clone();
            self.add(id, join, waiter, now);
            return None;
        }
        if let Err(code) = self.validate_member(&join.member, join.instance.as_deref()) {
            return Some((waiter, Joined::failed(code, &join.member)));
        }
        self.join_known(join, waiter, now)
    }

    fn join_new(&mut self, join: Join, waiter: J, now: Instant) -> Option<(J, Joined)> {
        let id = join.new_id.clone();
        let instance = join.instance.as_ref();
        if let Some(old) = instance.and_then(|it| self.instances.get(it)).cloned() {
            return self.replace(&old, join, waiter, now);
        }
        if instance.is_none() && join.abilities.takes_id_first {
            self.pending.insert(id.clone(), now + join.session_timeout);
            return Some((waiter, Joined::failed(ErrorCode::MEMBER_ID_REQUIRED, &id)));
        }
        self.add(id, join, waiter, now);
        None
    }

    fn join_known(&mut self, join: Join, waiter: J, now: Instant) -> Option<(J, Joined)> {
        let id = join.member.clone();
        let is_leader = self.leader.as_deref() == Some(id.as_str());
        let is_same = self
            .find(&id)
            .is_some_and(|it| it.protocols == join.protocols);
        match self.state {
            State::Empty => Some((waiter, Joined::failed(ErrorCode::UNKNOWN_MEMBER_ID, &id))),
            State::PreparingRebalance => {
                self.update(&id, join, waiter, now);
                self.try_to_complete_join(now);
                None
            }
            // The answer got lost, or a follower asks for nothing new.
            State::CompletingRebalance if is_same => Some((waiter, self.joined(&id))),
            State::Stable if is_same && !is_leader => Some((waiter, self.joined(&id))),
            State::CompletingRebalance | State::Stable => {
                self.update(&id, join, waiter, now);
                self.prepare_rebalance(now);
                None
            }
        }
    }

    /// A new member; the group rebalances.
    fn add(&mut self, id: String, join: Join, waiter: J, now: Instant) {
        if let Some(instance) = &join.instance {
            self.instances.insert(instance.clone(), id.clone());
        }
        self.leader.get_or_insert_with(|| id.clone());
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type);
        }
        self.members.push(Member {
            id,
            instance: join.instance,
            client_id: join.client_id,
            assignment: Bytes::new(),
            protocols: join.protocols,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            join: Some(waiter),
            sync: None,
            is_new: true,
            // Who waits to be let in for the first time is waited for so long.
            expires: Some(now + NEW_MEMBER_TIMEOUT),
        });
        if let Some(initial) = &mut self.initial {
            initial.has_grown = true;
        }
        match self.state {
            State::PreparingRebalance => self.try_to_complete_join(now),
            State::Empty | State::CompletingRebalance | State::Stable => {
                self.prepare_rebalance(now);
            }
        }
    }

    /// A static member has come back without its id: it takes the old one's place, and the old one is fenced (KIP-345).
    fn replace(&mut self, old: &str, join: Join, waiter: J, now: Instant) -> Option<(J, Joined)> {
        let id = join.new_id.clone();
        let skips_assignment = join.abilities.skips_assignment;
        let was_leader = self.leader.as_deref() == Some(old);
        if was_leader {
            self.leader = Some(id.clone());
        }
        if let Some(instance) = &join.instance {
            self.instances.insert(instance.clone(), id.clone());
        }
        if self.to_sync.remove(old) {
            self.to_sync.insert(id.clone());
        }
        self.fence(old, &id);
        if self.state != State::Stable {
            self.update(&id, join, waiter, now);
            match self.state {
                State::CompletingRebalance => self.prepare_rebalance(now),
                _ => self.try_to_complete_join(now),
            }
            return None;
        }
        self.renew(&id, now);
        if let Some(member) = self.find_mut(&id) {
            member.protocols.clone_from(&join.protocols);
            member.session_timeout = join.session_timeout;
            member.rebalance_timeout = join.rebalance_timeout;
        }
        if self.select_protocol() != self.protocol {
            self.update(&id, join, waiter, now);
            self.prepare_rebalance(now);
            return None;
        }
        // Nothing changes for the others. An old leader that does not know how to skip is told that somebody else leads.
        let mut joined = self.joined(&id);
        if was_leader && skips_assignment {
            joined.skip_assignment = true;
        } else if was_leader {
            old.clone_into(&mut joined.leader);
            joined.members.clear();
        }
        Some((waiter, joined))
    }

    /// The member `old` goes on as `id`; whoever asked as `old` is fenced.
    fn fence(&mut self, old: &str, id: &str) {
        let Some(member) = self.members.iter_mut().find(|member| member.id == old) else {
            return;
        };
        id.clone_into(&mut member.id);
        let (join, sync) = (member.join.take(), member.sync.take());
        let code = ErrorCode::FENCED_INSTANCE_ID;
        if let Some(join) = join {
            self.done.push(Done::Join(join, Joined::failed(code, old)));
        }
        if let Some(sync) = sync {
            self.done
                .push(Done::Sync(sync, super::Synced::failed(code)));
        }
    }

    /// What a known member says anew; a request of its that still waits is overtaken.
    fn update(&mut self, id: &str, join: Join, waiter: J, now: Instant) {
        let Some(member) = self.members.iter_mut().find(|member| member.id == id) else {
            return;
        };
        member.protocols = join.protocols;
        member.session_timeout = join.session_timeout;
        member.rebalance_timeout = join.rebalance_timeout;
        member.client_id = join.client_id;
        if !member.is_new {
            member.renew(now);
        }
        if let Some(overtaken) = member.join.replace(waiter) {
            let joined = Joined::failed(ErrorCode::REBALANCE_IN_PROGRESS, id);
            self.done.push(Done::Join(overtaken, joined));
        }
    }

    /// Whether the newcomer and the group have a protocol in common.
    fn supports(&self, join: &Join) -> bool {
        if self.members.is_empty() {
            return !join.protocol_type.is_empty() && !join.protocols.is_empty();
        }
        let mut protocols = join.protocols.iter();
        self.protocol_type.as_deref() == Some(join.protocol_type.as_str())
            && protocols.any(|(name, _)| self.members.iter().all(|member| member.speaks(name)))
    }

    /// What a member is told about the present generation.
    pub(super) fn joined(&self, id: &str) -> Joined {
        let is_leader = self.leader.as_deref() == Some(id);
        Joined {
            code: ErrorCode::NONE,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member: id.to_owned(),
            skip_assignment: false,
            members: if is_leader {
                self.described()
            } else {
                Vec::new()
            },
        }
    }

    fn described(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.iter();
        members
            .map(|member| JoinedMember {
                id: member.id.clone(),
                instance: member.instance.clone(),
                metadata: member.metadata(protocol),
            })
            .collect()
    }
}

/// Kafka's `NEW_MEMBER_JOIN_TIMEOUT_MS`.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_mins(5);
