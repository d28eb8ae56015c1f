//! One member of a classic group.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// A member, and what it waits for.
#[derive(Debug)]
pub(in crate::embedded) struct Member<J, S> {
    pub(in crate::embedded) id: String,
    /// Set for a static member (KIP-345).
    pub(in crate::embedded) instance: Option<String>,
    pub(in crate::embedded) client_id: String,
    /// What it got in the last rebalance; empty before its end.
    pub(in crate::embedded) assignment: Bytes,
    /// Protocols it speaks, the preferred one first, each with what it has to say under it.
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    pub(super) join: Option<J>,
    pub(super) sync: Option<S>,
    /// Has never seen the end of a join: it may die while it waits.
    pub(super) is_new: bool,
    /// When it is out without a sign of life.
    pub(super) expires: Option<Instant>,
}

impl<J, S> Member<J, S> {
    /// What it has to say under a protocol; empty if it does not speak it.
    pub(in crate::embedded) fn metadata(&self, protocol: &str) -> Bytes {
        let mut protocols = self.protocols.iter();
        let found = protocols.find(|(name, _)| name == protocol);
        found
            .map(|(_, metadata)| metadata.clone())
            .unwrap_or_default()
    }

    pub(super) fn speaks(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// It lives: its session begins anew.
    pub(super) fn renew(&mut self, now: Instant) {
        self.expires = Some(now + self.session_timeout);
    }

    /// Whether silence is all right: who waits for an answer need not call.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.join.is_some() || self.sync.is_some())
    }
}
