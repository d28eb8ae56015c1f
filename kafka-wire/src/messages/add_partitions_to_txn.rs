//! `AddPartitionsToTxn` (key 24): tells the coordinator which partitions a transaction writes to (KIP-98).
//!
//! Versions: clients use 0 to 3, of which 2 may answer `PRODUCER_FENCED` (KIP-588) and 3 is flexible; brokers
//! among themselves use 4 and 5, which carry many transactions (KIP-890). The two kinds share the tables, not
//! the fields.
//!
//! Schemas: `AddPartitionsToTxnRequest.json`, `AddPartitionsToTxnResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Partitions about to be written.
    pub struct AddPartitionsToTxnRequest {
        /// One entry per transaction, from version 4 on.
        4+ transactions: Vec<AddPartitionsToTxnTransaction>,
        /// Transactional id, up to version 3.
        0-3 v3_and_below_transactional_id: String,
        /// Its producer id, up to version 3.
        0-3 v3_and_below_producer_id: i64,
        /// Its epoch, up to version 3.
        0-3 v3_and_below_producer_epoch: i16,
        /// Partitions to add, by topic, up to version 3.
        0-3 v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
    }
}
impl Request for AddPartitionsToTxnRequest {
    const KEY: i16 = 24;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_SINCE: i16 = 3;
    type Response = AddPartitionsToTxnResponse;
}
wire_struct! {
    /// One transaction, as brokers tell it.
    pub struct AddPartitionsToTxnTransaction {
        /// Transactional id.
        4+ transactional_id: String,
        /// Its producer id.
        4+ producer_id: i64,
        /// Its epoch.
        4+ producer_epoch: i16,
        /// Whether to check only that the partitions are in already.
        4+ verify_only: bool,
        /// Partitions, by topic.
        4+ topics: Vec<AddPartitionsToTxnTopic>,
    }
}
wire_struct! {
    /// Partitions of one topic.
    pub struct AddPartitionsToTxnTopic {
        /// Topic.
        0+ name: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// Which partitions are in.
    pub struct AddPartitionsToTxnResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why nothing was done, from version 4 on.
        ignorable 4+ error_code: ErrorCode,
        /// One entry per transaction, from version 4 on.
        4+ results_by_transaction: Vec<AddPartitionsToTxnResult>,
        /// One entry per topic, up to version 3.
        0-3 results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one transaction.
    pub struct AddPartitionsToTxnResult {
        /// Transactional id.
        4+ transactional_id: String,
        /// One entry per topic.
        4+ topic_results: Vec<AddPartitionsToTxnTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct AddPartitionsToTxnTopicResult {
        /// Topic.
        0+ name: String,
        /// One entry per partition.
        0+ results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct AddPartitionsToTxnPartitionResult {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why it is not in; `OPERATION_NOT_ATTEMPTED` because of another one.
        0+ partition_error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
