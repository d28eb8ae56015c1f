//! `ElectLeaders` (key 43): has new leaders elected for partitions (KIP-183).
//!
//! Versions: 0 elects preferred leaders only; 1 adds the type of election and an error for the whole
//! (KIP-460); 2 is flexible.
//!
//! Schemas: `ElectLeadersRequest.json`, `ElectLeadersResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which partitions to hold an election for.
    pub struct ElectLeadersRequest {
        /// 0 makes the preferred replica, first in the list, the leader; 1 takes any live replica if none in
        /// sync is left, which may lose records (unclean, KIP-460).
        1+ election_type: i8,
        /// Partitions, by topic; null, the default, for all of the cluster.
        0+ topic_partitions: Option<Vec<TopicPartitions>>,
        /// How long to wait until the leaders are elected, in milliseconds.
        0+ timeout_ms: i32 = 60000,
    }
}
impl Request for ElectLeadersRequest {
    const KEY: i16 = 43;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = ElectLeadersResponse;
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicPartitions {
        /// Topic.
        0+ topic: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// Which elections took place.
    pub struct ElectLeadersResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why none did, such as `CLUSTER_AUTHORIZATION_FAILED`.
        1+ error_code: ErrorCode,
        /// One entry per topic of the request; if all were asked for, only those with news.
        0+ replica_election_results: Vec<ReplicaElectionResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct ReplicaElectionResult {
        /// Topic.
        0+ topic: String,
        /// One entry per partition.
        0+ partition_result: Vec<PartitionResult>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct PartitionResult {
        /// Partition number.
        0+ partition_id: i32,
        /// 0, or why there is no new leader; `ELECTION_NOT_NEEDED` if the right one leads already.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
