//! What members are told.

use bytes::Bytes;
use kafka_wire::ErrorCode;

/// A request that can be answered now.
#[derive(Debug)]
pub(in crate::embedded) enum Done<J, S> {
    Join(J, Joined),
    Sync(S, Synced),
}

/// The answer to a join.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::embedded) struct Joined {
    pub(in crate::embedded) code: ErrorCode,
    /// -1 with an error.
    pub(in crate::embedded) generation: i32,
    pub(in crate::embedded) protocol_type: Option<String>,
    pub(in crate::embedded) protocol: Option<String>,
    pub(in crate::embedded) leader: String,
    pub(in crate::embedded) member: String,
    /// The leader is told that it need not assign (KIP-814).
    pub(in crate::embedded) skip_assignment: bool,
    /// For the leader: everybody, with what they can do under the protocol.
    pub(in crate::embedded) members: Vec<JoinedMember>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::embedded) struct JoinedMember {
    pub(in crate::embedded) id: String,
    pub(in crate::embedded) instance: Option<String>,
    pub(in crate::embedded) metadata: Bytes,
}

/// The answer to a sync.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::embedded) struct Synced {
    pub(in crate::embedded) code: ErrorCode,
    pub(in crate::embedded) protocol_type: Option<String>,
    pub(in crate::embedded) protocol: Option<String>,
    pub(in crate::embedded) assignment: Bytes,
}

impl Joined {
    /// An error, for this member.
    pub(in crate::embedded) fn failed(code: ErrorCode, member: &str) -> Self {
        Self {
            code,
            generation: -1,
            member: member.to_owned(),
            ..Self::default()
        }
    }
}

impl Synced {
    /// An error.
    pub(in crate::embedded) fn failed(code: ErrorCode) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }
}
