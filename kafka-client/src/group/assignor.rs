//! How a leader divides partitions among the members of its group. Pure.

pub(crate) mod range;

use std::collections::BTreeMap;

/// A member as the leader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its id in the group.
    pub(crate) member_id: String,
    /// Its lasting name, if it is a static member (KIP-345).
    pub(crate) instance_id: Option<String>,
    /// Topics that it wants to read.
    pub(crate) topics: Vec<String>,
}

/// Partitions by topic, for each member by its id.
pub(crate) type Division = BTreeMap<String, BTreeMap<String, Vec<i32>>>;
