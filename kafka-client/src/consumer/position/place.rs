//! Places in a log, and who can tell them. Pure.

use kafka_wire::Uuid;
use tokio::time::Duration;

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The next record's offset.
    pub(crate) offset: i64,
    /// Leader epoch of the record before it; `None` if it is not known, and nothing can be validated.
    pub(crate) leader_epoch: Option<i32>,
}

impl From<i64> for Position {
    fn from(offset: i64) -> Self {
        Self {
            offset,
            leader_epoch: None,
        }
    }
}

impl Position {
    /// As the wire has it: -1 for an epoch that is not known.
    pub(crate) fn told(offset: i64, leader_epoch: i32) -> Self {
        Self {
            offset,
            leader_epoch: (leader_epoch >= 0).then_some(leader_epoch),
        }
    }
}

/// Where a position that is not known comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// What the group committed.
    Committed,
    /// The first record in the log.
    Earliest,
    /// The end of the log; for those who read committed, of what is stable.
    Latest,
    /// The first record that is not older, in milliseconds since 1970; the end if there is none.
    Timestamp(i64),
    /// The first record that is not older than that now; the end if there is none (KIP-1106).
    Ago(Duration),
}

/// Who leads a partition, as our picture of the cluster has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leader {
    /// The broker.
    pub(crate) node: i32,
    /// Its epoch; -1 from brokers that do not tell.
    pub(crate) epoch: i32,
    /// The topic's id; zero from brokers that have none.
    pub(crate) topic_id: Uuid,
}

/// Ends of a log, as an answer tells them; -1 for not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// Offset after the last record that all in-sync replicas have.
    pub(crate) high_watermark: i64,
    /// First offset of the first transaction that is open, or the same.
    pub(crate) last_stable: i64,
}

impl Ends {
    /// Nothing was told.
    pub(crate) const UNKNOWN: Self = Self {
        high_watermark: -1,
        last_stable: -1,
    };
}
