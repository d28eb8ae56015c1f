//! A consumer's part in its group, as far as the application and the group's task have to agree on it. Pure.
//!
//! Giving partitions up takes two steps of the application: `poll` tells it ([`Event::Revoked`](crate::Event::Revoked)), and its next
//! `poll` says that it is done. Until then the group's task waits with joining again.

use tokio::time::{Duration, Instant};

use crate::consumer::position::Position;
use crate::topic_partition::TopicPartition;

/// Topics wanted, who the member is, how far a revocation has come, and since when the application has not asked.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    subscription: Option<Vec<String>>,
    identity: Identity,
    revocation: Revocation,
    /// `None` while it waits in `poll`, and before it first did.
    away_since: Option<Instant>,
    /// It was away for too long, and is not back.
    is_expired: bool,
}

/// Who a member is to its coordinator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Given by the coordinator; empty for none.
    pub(crate) member_id: String,
    /// Of the group when the member last joined; -1 for none.
    pub(crate) generation: i32,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            member_id: String::new(),
            generation: -1,
        }
    }
}

#[derive(Debug, Default)]
enum Revocation {
    #[default]
    None,
    /// The application has not been told yet that these go.
    Announced(Vec<TopicPartition>),
    /// It has, and had finished up to these offsets.
    Told(Vec<(TopicPartition, Position)>),
    /// It has come back since.
    Done(Vec<(TopicPartition, Position)>),
}

impl Membership {
    /// Topics to read as a member; sorted, each once.
    pub(crate) fn subscribe(&mut self, mut topics: Vec<String>) {
        topics.sort();
        topics.dedup();
        self.subscription = Some(topics);
    }

    /// No member any more.
    pub(crate) fn unsubscribe(&mut self) {
        self.subscription = None;
        self.revocation = Revocation::None;
    }

    /// Whether partitions come from the group.
    pub(crate) fn is_subscribed(&self) -> bool {
        self.subscription.is_some()
    }

    /// Topics to read as a member; empty for none.
    pub(crate) fn subscription(&self) -> &[String] {
        self.subscription.as_deref().unwrap_or_default()
    }

    /// Who the member is now.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// On whose behalf offsets are committed now: the member's, or nobody's in particular without a subscription. `None` if the
    /// consumer should be a member and is not: an offset committed by nobody in particular could undo another member's.
    pub(crate) fn commits_as(&self) -> Option<Identity> {
        match (self.is_subscribed(), self.identity.generation) {
            (false, _) => Some(Identity::default()),
            (true, ..0) => None,
            (true, _) => Some(self.identity.clone()),
        }
    }

    /// The coordinator said who the member is.
    pub(crate) fn set_identity(&mut self, identity: &Identity) {
        if self.identity != *identity {
            self.identity = identity.clone();
        }
    }

    /// A revocation begins; the application will be told.
    pub(crate) fn revoking(&mut self, partitions: Vec<TopicPartition>) {
        self.revocation = Revocation::Announced(partitions);
    }

    /// A revocation is done at once: the application has nothing to give up.
    pub(crate) fn nothing_to_revoke(&mut self) {
        self.revocation = Revocation::Done(Vec::new());
    }

    /// Whether a partition is about to be given up, so that it should not be fetched any more.
    pub(crate) fn gives_up(&self, partition: &TopicPartition) -> bool {
        matches!(&self.revocation, Revocation::Announced(partitions) if partitions.contains(partition))
    }

    /// The application was told, and had finished up to `offsets`.
    pub(crate) fn revocation_told(&mut self, offsets: Vec<(TopicPartition, Position)>) {
        self.revocation = Revocation::Told(offsets);
    }

    /// The application has come back; true if that ends a revocation.
    pub(crate) fn came_back(&mut self) -> bool {
        let told = matches!(self.revocation, Revocation::Told(_));
        if told && let Revocation::Told(offsets) = std::mem::take(&mut self.revocation) {
            self.revocation = Revocation::Done(offsets);
        }
        told
    }

    /// The offsets finished before the partitions were given up, once they are; told once.
    pub(crate) fn take_revoked(&mut self) -> Option<Vec<(TopicPartition, Position)>> {
        match &mut self.revocation {
            Revocation::Done(offsets) => Some(std::mem::take(offsets)),
            _ => None,
        }
    }

    /// Topics to read as a member now: none while the application is away for too long.
    pub(crate) fn wants(&self) -> &[String] {
        if self.is_expired {
            return &[];
        }
        self.subscription()
    }

    /// The application is in `poll`; true if it had been given up.
    pub(crate) fn enter_poll(&mut self) -> bool {
        self.away_since = None;
        std::mem::take(&mut self.is_expired)
    }

    /// The application has left `poll`.
    pub(crate) fn leave_poll(&mut self, now: Instant) {
        self.away_since = Some(now);
    }

    /// When the application is away for too long, if it may be `interval`; `None` if that cannot happen now.
    pub(crate) fn expiry(&self, interval: Duration) -> Option<Instant> {
        let counts = self.is_subscribed() && !self.is_expired;
        let since = self.away_since.filter(|_| counts)?;
        since.checked_add(interval)
    }

    /// The application is away for too long.
    pub(crate) fn expire(&mut self) {
        self.is_expired = true;
    }

    /// Nothing is being revoked any more.
    pub(crate) fn revocation_over(&mut self) {
        self.revocation = Revocation::None;
    }
}
