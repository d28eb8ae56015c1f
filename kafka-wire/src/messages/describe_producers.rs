//! `DescribeProducers` (key 61): lists the producers that the leader of a partition remembers, to find
//! hanging transactions (KIP-664).
//!
//! Versions: 0 only, and flexible.
//!
//! Schemas: `DescribeProducersRequest.json`, `DescribeProducersResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Partitions whose producers are wanted; each must be sent to its leader.
    pub struct DescribeProducersRequest {
        /// Partitions, by topic.
        0+ topics: Vec<TopicRequest>,
    }
}
impl Request for DescribeProducersRequest {
    const KEY: i16 = 61;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DescribeProducersResponse;
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicRequest {
        /// Topic.
        0+ name: String,
        /// Partition numbers.
        0+ partition_indexes: Vec<i32>,
    }
}
wire_struct! {
    /// The producers.
    pub struct DescribeProducersResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<TopicResponse>,
    }
}
wire_struct! {
    /// Producers of one topic.
    pub struct TopicResponse {
        /// Topic.
        0+ name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<PartitionResponse>,
    }
}
wire_struct! {
    /// Producers of one partition.
    pub struct PartitionResponse {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why they cannot be listed.
        0+ error_code: ErrorCode,
        /// The error in words; null without one, or if the code says it all.
        0+ error_message: Option<String>,
        /// Every producer whose state has not expired, in a transaction or not.
        0+ active_producers: Vec<ProducerState>,
    }
}
wire_struct! {
    /// What the leader remembers of one producer.
    pub struct ProducerState {
        /// Producer id.
        0+ producer_id: i64,
        /// Its epoch; 32 bits wide here, 16 everywhere else.
        0+ producer_epoch: i32,
        /// Sequence number of the last record it wrote; -1 for none.
        0+ last_sequence: i32 = -1,
        /// Timestamp of the last thing it wrote, in milliseconds since 1970; -1 for none.
        0+ last_timestamp: i64 = -1,
        /// Epoch of the transaction coordinator that wrote its last marker; -1 for none.
        0+ coordinator_epoch: i32,
        /// Offset of the first record of its open transaction; -1 if none is open.
        0+ current_txn_start_offset: i64 = -1,
    }
}

#[cfg(test)]
mod tests;
