//! `DescribeTransactions` (key 65): tells the state of transactions, as their coordinator knows it (KIP-664).
//!
//! Versions: 0 only, and flexible.
//!
//! Schemas: `DescribeTransactionsRequest.json`, `DescribeTransactionsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Transactions to describe; each must be sent to its own coordinator.
    pub struct DescribeTransactionsRequest {
        /// Transactional ids; empty means none.
        0+ transactional_ids: Vec<String>,
    }
}
impl Request for DescribeTransactionsRequest {
    const KEY: i16 = 65;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DescribeTransactionsResponse;
}
wire_struct! {
    /// The descriptions.
    pub struct DescribeTransactionsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per transactional id of the request.
        0+ transaction_states: Vec<TransactionState>,
    }
}
wire_struct! {
    /// One transaction.
    pub struct TransactionState {
        /// 0, or why it cannot be described, such as `TRANSACTIONAL_ID_NOT_FOUND`.
        0+ error_code: ErrorCode,
        /// Transactional id.
        0+ transactional_id: String,
        /// `Empty`, `Ongoing`, `PrepareCommit`, `PrepareAbort`, `CompleteCommit`, `CompleteAbort` or
        /// `PrepareEpochFence`; empty with an error.
        0+ transaction_state: String,
        /// The coordinator rolls it back when it is open for longer, in milliseconds.
        0+ transaction_timeout_ms: i32,
        /// When it began, in milliseconds since 1970; -1 if none has.
        0+ transaction_start_time_ms: i64,
        /// Producer id of the transactional id.
        0+ producer_id: i64,
        /// Its epoch.
        0+ producer_epoch: i16,
        /// Partitions in the transaction, by topic; once it is being decided, only those still without a
        /// marker.
        0+ topics: Vec<TopicData>,
    }
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicData {
        /// Topic.
        0+ topic: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}

#[cfg(test)]
mod tests;
