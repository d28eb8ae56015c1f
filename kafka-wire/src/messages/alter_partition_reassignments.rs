//! `AlterPartitionReassignments` (key 45): starts or cancels the move of partitions to other brokers
//! (KIP-455).
//!
//! Versions: 1 can insist on the number of replicas (KIP-860). All are flexible.
//!
//! Schemas: `AlterPartitionReassignmentsRequest.json`, `AlterPartitionReassignmentsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which partitions go where.
    pub struct AlterPartitionReassignmentsRequest {
        /// How long to wait until the moves have begun, in milliseconds; they end much later.
        0+ timeout_ms: i32 = 60000,
        /// Whether a partition may get more or fewer replicas than it has. Versions below 1 behave as true
        /// (KIP-860).
        1+ allow_replication_factor_change: bool = true,
        /// What to move, by topic.
        0+ topics: Vec<ReassignableTopic>,
    }
}
impl Request for AlterPartitionReassignmentsRequest {
    const KEY: i16 = 45;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = AlterPartitionReassignmentsResponse;
}
wire_struct! {
    /// Moves of one topic.
    pub struct ReassignableTopic {
        /// Topic.
        0+ name: String,
        /// What to move, by partition.
        0+ partitions: Vec<ReassignablePartition>,
    }
}
wire_struct! {
    /// Move of one partition.
    pub struct ReassignablePartition {
        /// Partition number.
        0+ partition_index: i32,
        /// Node ids that should have it, the preferred leader first; null cancels the move under way.
        0+ replicas: Option<Vec<i32>>,
    }
}
wire_struct! {
    /// Which moves have begun.
    pub struct AlterPartitionReassignmentsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// Whether replicas could be added or dropped, as the request said (KIP-860).
        ignorable 1+ allow_replication_factor_change: bool = true,
        /// 0, or why nothing was done.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// One entry per topic of the request.
        0+ responses: Vec<ReassignableTopicResponse>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct ReassignableTopicResponse {
        /// Topic.
        0+ name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<ReassignablePartitionResponse>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct ReassignablePartitionResponse {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why nothing changed; `NO_REASSIGNMENT_IN_PROGRESS` if there was no move to cancel.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
