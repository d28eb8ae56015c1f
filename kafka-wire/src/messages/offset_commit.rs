//! `OffsetCommit` (key 8): stores how far a group has read.
//!
//! Versions: 2 lets the client say how long to keep the offset, 5 takes that back (KIP-211); 6 adds leader
//! epochs (KIP-320); 7 static members (KIP-345); 8 is flexible; 9 serves the new group protocol (KIP-848); 10
//! speaks topic ids.
//!
//! Schemas: `OffsetCommitRequest.json`, `OffsetCommitResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Positions to store for one group.
    pub struct OffsetCommitRequest {
        /// Group.
        0+ group_id: String,
        /// Generation (classic protocol) or member epoch (KIP-848) the sender is in; -1 commits from outside
        /// the group.
        ignorable 1+ generation_id_or_member_epoch: i32 = -1,
        /// Member that commits; empty from outside the group.
        ignorable 1+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        7+ group_instance_id: Option<String>,
        /// How long to keep the offsets, in milliseconds; -1 leaves it to the broker (KIP-211).
        ignorable 2-4 retention_time_ms: i64 = -1,
        /// What to store, by topic.
        0+ topics: Vec<OffsetCommitRequestTopic>,
    }
}
impl Request for OffsetCommitRequest {
    const KEY: i16 = 8;
    const VERSIONS: RangeInclusive<i16> = 2..=10;
    const FLEXIBLE_SINCE: i16 = 8;
    type Response = OffsetCommitResponse;
}
wire_struct! {
    /// Positions in one topic.
    pub struct OffsetCommitRequestTopic {
        /// Topic, by name; gives way to `topic_id` in version 10.
        ignorable 0-9 name: String,
        /// Topic, by id (KIP-848).
        ignorable 10+ topic_id: Uuid,
        /// What to store, by partition.
        0+ partitions: Vec<OffsetCommitRequestPartition>,
    }
}
wire_struct! {
    /// Position in one partition.
    pub struct OffsetCommitRequestPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// Next offset to read.
        0+ committed_offset: i64,
        /// Leader epoch of the last record read; -1 if unknown (KIP-320).
        ignorable 6+ committed_leader_epoch: i32 = -1,
        /// A note of the application, stored beside the offset; null is stored as empty.
        0+ committed_metadata: Option<String>,
    }
}
wire_struct! {
    /// Which positions were stored.
    pub struct OffsetCommitResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 3+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<OffsetCommitResponseTopic>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct OffsetCommitResponseTopic {
        /// Topic, by name; gives way to `topic_id` in version 10.
        ignorable 0-9 name: String,
        /// Topic, by id (KIP-848).
        ignorable 10+ topic_id: Uuid,
        /// One entry per partition of the request.
        0+ partitions: Vec<OffsetCommitResponsePartition>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct OffsetCommitResponsePartition {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why the position was not stored.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
