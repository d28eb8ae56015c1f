//! `CreatePartitions` (key 37): adds partitions to topics (KIP-195).
//!
//! Versions: 1 is answered before the broker throttles (KIP-219); 2 is flexible; 3 may answer
//! `THROTTLING_QUOTA_EXCEEDED` (KIP-599).
//!
//! Schemas: `CreatePartitionsRequest.json`, `CreatePartitionsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Topics that are to grow.
    pub struct CreatePartitionsRequest {
        /// One entry per topic; a name may stand here once.
        0+ topics: Vec<CreatePartitionsTopic>,
        /// How long to wait until the partitions exist, in milliseconds; creation goes on after it.
        0+ timeout_ms: i32,
        /// Whether to check only, and create nothing.
        0+ validate_only: bool,
    }
}
impl Request for CreatePartitionsRequest {
    const KEY: i16 = 37;
    const VERSIONS: RangeInclusive<i16> = 0..=3;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = CreatePartitionsResponse;
}
wire_struct! {
    /// One topic.
    pub struct CreatePartitionsTopic {
        /// Topic.
        0+ name: String,
        /// Number of partitions after the change, the old ones included; must be larger than before.
        0+ count: i32,
        /// Which brokers get which new partition, in order of partition number, old ones left out; null lets
        /// Kafka choose.
        0+ assignments: Option<Vec<CreatePartitionsAssignment>>,
    }
}
wire_struct! {
    /// The replicas of one new partition.
    pub struct CreatePartitionsAssignment {
        /// Node ids, the preferred leader first.
        0+ broker_ids: Vec<i32>,
    }
}
wire_struct! {
    /// Which topics have grown.
    pub struct CreatePartitionsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ results: Vec<CreatePartitionsTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct CreatePartitionsTopicResult {
        /// Topic.
        0+ name: String,
        /// 0, or why it has not grown.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
