//! What stands in a control batch: records that brokers write for brokers and clients, never for an application (KIP-98).
//!
//! The key says what it is; the value is the type's own. Of the values only that of transaction markers is read here: the others stand in
//! the log of the cluster's metadata (KIP-595, KIP-630, KIP-853), which clients do not read.

use std::fmt;

use nom::Parser;
use nom::number::complete::{be_i16, be_i32};

use super::{RecordFault, RecordRef};

/// A record of a control batch, borrowed from its [`RecordSet`](super::RecordSet).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlRecord<'a> {
    /// Version of the key; 0 so far. Later ones begin as version 0 does.
    pub version: i16,
    /// What the record says.
    pub control_type: ControlType,
    /// More about it, by type; begins with a version of its own.
    pub value: Option<&'a [u8]>,
}

impl<'a> ControlRecord<'a> {
    /// Reads `record` as one of a control batch.
    ///
    /// ```text
    /// ControlRecordKey =>
    ///   version: int16
    ///   type: int16
    /// ```
    /// What a later version adds behind is left alone.
    ///
    /// # Errors
    /// [`RecordFault::Control`] if the key is null, too short, or of a negative version.
    pub fn parse(record: &RecordRef<'a>) -> Result<Self, RecordFault> {
        let key = record.key.ok_or(RecordFault::Control)?;
        let (_, (version, control_type)) = (be_i16::<_, ()>, be_i16)
            .parse(key)
            .map_err(|_| RecordFault::Control)?;
        if version < 0 {
            return Err(RecordFault::Control);
        }
        Ok(Self {
            version,
            control_type: ControlType(control_type),
            value: record.value,
        })
    }

    /// How a transaction ended; `None` if the record says something else.
    ///
    /// ```text
    /// EndTxnMarker =>                   schema: EndTxnMarker.json
    ///   version: int16
    ///   coordinatorEpoch: int32
    /// ```
    /// What a later version adds behind is left alone.
    ///
    /// # Errors
    /// [`RecordFault::Control`] if the value of a marker is null, too short, or of a negative version.
    pub fn end_txn_marker(&self) -> Result<Option<EndTxnMarker>, RecordFault> {
        let outcome = match self.control_type {
            ControlType::ABORT => TransactionOutcome::Abort,
            ControlType::COMMIT => TransactionOutcome::Commit,
            _ => return Ok(None),
        };
        let value = self.value.ok_or(RecordFault::Control)?;
        match (be_i16::<_, ()>, be_i32).parse(value) {
            Ok((_, (version @ 0.., coordinator_epoch))) => Ok(Some(EndTxnMarker {
                outcome,
                version,
                coordinator_epoch,
            })),
            _ => Err(RecordFault::Control),
        }
    }
}

/// The end of a transaction in one partition: what the control record's type and value say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndTxnMarker {
    /// How it ended.
    pub outcome: TransactionOutcome,
    /// Version of the value; 0 so far.
    pub version: i16,
    /// Epoch of the transaction coordinator that had the marker written; an older one than before is a coordinator that lost its office.
    pub coordinator_epoch: i32,
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionOutcome {
    /// Its records count for nothing.
    Abort,
    /// Its records count.
    Commit,
}

/// What a control record says. A number that has no name here survives and prints.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ControlType(pub i16);

impl ControlType {
    /// A transaction is rolled back.
    pub const ABORT: Self = Self(0);
    /// A transaction is committed.
    pub const COMMIT: Self = Self(1);
    /// A KRaft voter has been elected (KIP-595).
    pub const LEADER_CHANGE: Self = Self(2);
    /// A KRaft snapshot begins (KIP-630).
    pub const SNAPSHOT_HEADER: Self = Self(3);
    /// A KRaft snapshot ends (KIP-630).
    pub const SNAPSHOT_FOOTER: Self = Self(4);
    /// The version of KRaft from here on (KIP-853).
    pub const KRAFT_VERSION: Self = Self(5);
    /// The voters of KRaft from here on (KIP-853).
    pub const KRAFT_VOTERS: Self = Self(6);

    /// Name as Kafka writes it: `LEADER_CHANGE`; `None` for a number without one.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::ABORT => Some("ABORT"),
            Self::COMMIT => Some("COMMIT"),
            Self::LEADER_CHANGE => Some("LEADER_CHANGE"),
            Self::SNAPSHOT_HEADER => Some("SNAPSHOT_HEADER"),
            Self::SNAPSHOT_FOOTER => Some("SNAPSHOT_FOOTER"),
            Self::KRAFT_VERSION => Some("KRAFT_VERSION"),
            Self::KRAFT_VOTERS => Some("KRAFT_VOTERS"),
            _ => None,
        }
    }
}

impl fmt::Display for ControlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name().unwrap_or("UNKNOWN"), self.0)
    }
}

impl fmt::Debug for ControlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
