//! `OffsetDelete` (key 47): forgets how far a group has read (KIP-496).
//!
//! Versions: 0 only. Never flexible.
//!
//! Schemas: `OffsetDeleteRequest.json`, `OffsetDeleteResponse.json`.

use std::ops::RangeInclusive;

use crate::api::{NEVER, Request};
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Positions of one group to forget.
    pub struct OffsetDeleteRequest {
        /// Group.
        0+ group_id: String,
        /// What to forget, by topic.
        0+ topics: Vec<OffsetDeleteRequestTopic>,
    }
}
impl Request for OffsetDeleteRequest {
    const KEY: i16 = 47;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = NEVER;
    type Response = OffsetDeleteResponse;
}
wire_struct! {
    /// Positions in one topic.
    pub struct OffsetDeleteRequestTopic {
        /// Topic.
        0+ name: String,
        /// What to forget, by partition.
        0+ partitions: Vec<OffsetDeleteRequestPartition>,
    }
}
wire_struct! {
    /// Position in one partition.
    pub struct OffsetDeleteRequestPartition {
        /// Partition number.
        0+ partition_index: i32,
    }
}
wire_struct! {
    /// Which positions were forgotten.
    pub struct OffsetDeleteResponse {
        /// 0, or why nothing was done, such as `GROUP_ID_NOT_FOUND`; then `topics` is empty.
        0+ error_code: ErrorCode,
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 0+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<OffsetDeleteResponseTopic>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct OffsetDeleteResponseTopic {
        /// Topic.
        0+ name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<OffsetDeleteResponsePartition>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct OffsetDeleteResponsePartition {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why the position is still there; `GROUP_SUBSCRIBED_TO_TOPIC` while members read the topic.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
