//! `ListPartitionReassignments` (key 46): lists the moves of partitions that are under way (KIP-455).
//!
//! Versions: 0 only, and flexible.
//!
//! Schemas: `ListPartitionReassignmentsRequest.json`, `ListPartitionReassignmentsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which partitions to look at.
    pub struct ListPartitionReassignmentsRequest {
        /// How long the broker may take, in milliseconds.
        0+ timeout_ms: i32 = 60000,
        /// Partitions, by topic; null, the default, for all of the cluster.
        0+ topics: Option<Vec<ListPartitionReassignmentsTopics>>,
    }
}
impl Request for ListPartitionReassignmentsRequest {
    const KEY: i16 = 46;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ListPartitionReassignmentsResponse;
}
wire_struct! {
    /// Partitions of one topic.
    pub struct ListPartitionReassignmentsTopics {
        /// Topic.
        0+ name: String,
        /// Partition numbers.
        0+ partition_indexes: Vec<i32>,
    }
}
wire_struct! {
    /// The moves.
    pub struct ListPartitionReassignmentsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why they cannot be listed.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Topics with a move under way; the others are left out.
        0+ topics: Vec<OngoingTopicReassignment>,
    }
}
wire_struct! {
    /// Moves of one topic.
    pub struct OngoingTopicReassignment {
        /// Topic.
        0+ name: String,
        /// Partitions on the move; the others are left out.
        0+ partitions: Vec<OngoingPartitionReassignment>,
    }
}
wire_struct! {
    /// Move of one partition.
    pub struct OngoingPartitionReassignment {
        /// Partition number.
        0+ partition_index: i32,
        /// Node ids that have it or should, those to come and those to go included.
        0+ replicas: Vec<i32>,
        /// Node ids that are still to get it.
        0+ adding_replicas: Vec<i32>,
        /// Node ids that will give it up once the move is done.
        0+ removing_replicas: Vec<i32>,
    }
}

#[cfg(test)]
mod tests;
