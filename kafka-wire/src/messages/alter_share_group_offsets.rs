//! `AlterShareGroupOffsets` (key 91): moves the offsets where a share group begins to read (KIP-932).
//!
//! Versions: 0 is the only one.
//!
//! Schemas: `AlterShareGroupOffsetsRequest.json`, `AlterShareGroupOffsetsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Positions to set for one group, which must have no members.
    pub struct AlterShareGroupOffsetsRequest {
        /// Share group.
        0+ group_id: String,
        /// What to set, by topic; each once.
        0+ topics: Vec<AlterShareGroupOffsetsRequestTopic>,
    }
}
impl Request for AlterShareGroupOffsetsRequest {
    const KEY: i16 = 91;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = AlterShareGroupOffsetsResponse;
}
wire_struct! {
    /// Positions in one topic.
    pub struct AlterShareGroupOffsetsRequestTopic {
        /// Topic.
        0+ topic_name: String,
        /// What to set, by partition.
        0+ partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
    }
}
wire_struct! {
    /// Position in one partition.
    pub struct AlterShareGroupOffsetsRequestPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// First offset to hand out.
        0+ start_offset: i64,
    }
}
wire_struct! {
    /// Which positions were set.
    pub struct AlterShareGroupOffsetsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why none was, such as `NON_EMPTY_GROUP`.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// One entry per topic of the request.
        0+ responses: Vec<AlterShareGroupOffsetsResponseTopic>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct AlterShareGroupOffsetsResponseTopic {
        /// Topic, by name.
        0+ topic_name: String,
        /// The same topic, by id; zero if it is unknown.
        0+ topic_id: Uuid,
        /// One entry per partition of the request.
        0+ partitions: Vec<AlterShareGroupOffsetsResponsePartition>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct AlterShareGroupOffsetsResponsePartition {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why the position was not set.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
