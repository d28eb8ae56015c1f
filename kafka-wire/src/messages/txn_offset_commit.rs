//! `TxnOffsetCommit` (key 28): stores how far a group has read, once the transaction commits (KIP-98).
//!
//! Versions: 2 adds leader epochs (KIP-320); 3 is flexible and fences zombies by group metadata (KIP-447); 4
//! may answer `TRANSACTION_ABORTABLE`; 5 adds the group to the transaction by itself (both KIP-890).
//!
//! Schemas: `TxnOffsetCommitRequest.json`, `TxnOffsetCommitResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Positions to store with a transaction.
    pub struct TxnOffsetCommitRequest {
        /// Transactional id.
        0+ transactional_id: String,
        /// Group.
        0+ group_id: String,
        /// Producer id of the transactional id.
        0+ producer_id: i64,
        /// Its epoch.
        0+ producer_epoch: i16,
        /// Generation, or member epoch, of the consumer; -1 skips the check (KIP-447).
        3+ generation_id: i32 = -1,
        /// Member id of the consumer; empty skips the check (KIP-447).
        3+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        3+ group_instance_id: Option<String>,
        /// What to store, by topic.
        0+ topics: Vec<TxnOffsetCommitRequestTopic>,
    }
}
impl Request for TxnOffsetCommitRequest {
    const KEY: i16 = 28;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_SINCE: i16 = 3;
    type Response = TxnOffsetCommitResponse;
}
wire_struct! {
    /// Positions in one topic.
    pub struct TxnOffsetCommitRequestTopic {
        /// Topic.
        0+ name: String,
        /// What to store, by partition.
        0+ partitions: Vec<TxnOffsetCommitRequestPartition>,
    }
}
wire_struct! {
    /// Position in one partition.
    pub struct TxnOffsetCommitRequestPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// Next offset to read.
        0+ committed_offset: i64,
        /// Leader epoch of the last record read; -1 if unknown (KIP-320).
        ignorable 2+ committed_leader_epoch: i32 = -1,
        /// A note of the application, stored beside the offset; null is stored as empty.
        0+ committed_metadata: Option<String>,
    }
}
wire_struct! {
    /// Which positions were accepted.
    pub struct TxnOffsetCommitResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<TxnOffsetCommitResponseTopic>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct TxnOffsetCommitResponseTopic {
        /// Topic.
        0+ name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<TxnOffsetCommitResponsePartition>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct TxnOffsetCommitResponsePartition {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why the position was not accepted.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
