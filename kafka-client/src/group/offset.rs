//! What a group stores for a partition.

use crate::consumer::position::Position;

/// How far a group has come in a partition. An offset alone becomes one without epoch and metadata: `5.into()`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OffsetAndMetadata {
    /// The next record to read.
    pub offset: i64,
    /// Leader epoch of the last record that was read, so that whoever goes on there notices if it was lost (KIP-320). Default: `None`.
    pub leader_epoch: Option<i32>,
    /// Anything, for whoever asks for the offset. Brokers have a limit, `offset.metadata.max.bytes`. Default: empty.
    pub metadata: String,
}

impl From<i64> for OffsetAndMetadata {
    fn from(offset: i64) -> Self {
        Position::from(offset).into()
    }
}

impl From<Position> for OffsetAndMetadata {
    fn from(position: Position) -> Self {
        Self {
            offset: position.offset,
            leader_epoch: position.leader_epoch,
            metadata: String::new(),
        }
    }
}

impl OffsetAndMetadata {
    /// Where that is in the log.
    pub(crate) fn position(&self) -> Position {
        Position {
            offset: self.offset,
            leader_epoch: self.leader_epoch,
        }
    }
}
