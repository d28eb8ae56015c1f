//! `DescribeShareGroupOffsets` (key 90): asks where share groups begin to read, and how much is left to do
//! (KIP-932).
//!
//! Versions: 1 adds the lag (KIP-1226).
//!
//! Schemas: `DescribeShareGroupOffsetsRequest.json`, `DescribeShareGroupOffsetsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Groups, and the partitions of interest.
    pub struct DescribeShareGroupOffsetsRequest {
        /// One entry per group.
        0+ groups: Vec<DescribeShareGroupOffsetsRequestGroup>,
    }
}
impl Request for DescribeShareGroupOffsetsRequest {
    const KEY: i16 = 90;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DescribeShareGroupOffsetsResponse;
}
wire_struct! {
    /// Questions about one group.
    pub struct DescribeShareGroupOffsetsRequestGroup {
        /// Share group.
        0+ group_id: String,
        /// Partitions of interest; null for all that the group knows.
        0+ topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic>>,
    }
}
wire_struct! {
    /// Partitions of one topic.
    pub struct DescribeShareGroupOffsetsRequestTopic {
        /// Topic.
        0+ topic_name: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// The positions.
    pub struct DescribeShareGroupOffsetsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per group of the request.
        0+ groups: Vec<DescribeShareGroupOffsetsResponseGroup>,
    }
}
wire_struct! {
    /// Positions of one group.
    pub struct DescribeShareGroupOffsetsResponseGroup {
        /// Share group.
        0+ group_id: String,
        /// Positions, by topic; empty with an error.
        0+ topics: Vec<DescribeShareGroupOffsetsResponseTopic>,
        /// 0, or why the group could not be read.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}
wire_struct! {
    /// Positions in one topic.
    pub struct DescribeShareGroupOffsetsResponseTopic {
        /// Topic, by name.
        0+ topic_name: String,
        /// The same topic, by id; zero if it is unknown.
        0+ topic_id: Uuid,
        /// Positions, by partition.
        0+ partitions: Vec<DescribeShareGroupOffsetsResponsePartition>,
    }
}
wire_struct! {
    /// Position in one partition.
    pub struct DescribeShareGroupOffsetsResponsePartition {
        /// Partition number.
        0+ partition_index: i32,
        /// First offset the group is not done with; -1 if it has not begun.
        0+ start_offset: i64,
        /// Leader epoch of the partition; 0 if the group has not begun.
        0+ leader_epoch: i32,
        /// Number of records from `start_offset` on that the group is not done with; -1 if unknown
        /// (KIP-1226).
        ignorable 1+ lag: i64 = -1,
        /// 0, or why the position could not be read.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
