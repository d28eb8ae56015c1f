//! Who commits offsets, as far as others have to know.

/// Who commits offsets inside a transaction (KIP-447): the group, and its member if it has one.
///
/// With member and generation the group refuses offsets of a member that has lost its partitions; without them, it takes them from
/// anybody. [`Consumer::group_metadata`](crate::Consumer::group_metadata) tells those of a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMetadata {
    /// The group.
    pub id: String,
    /// Given by the group's coordinator; empty for nobody in particular.
    pub member_id: String,
    /// Of the group when the member joined, or the member's epoch; -1 for nobody in particular.
    pub generation: i32,
    /// A static member's lasting name (KIP-345); `None` for others.
    pub instance_id: Option<String>,
}

impl GroupMetadata {
    /// A group without saying which member it is.
    pub fn of(group: impl Into<String>) -> Self {
        Self {
            id: group.into(),
            member_id: String::new(),
            generation: -1,
            instance_id: None,
        }
    }
}
