//! `ListTransactions` (key 66): lists the transactions one broker coordinates (KIP-664).
//!
//! Versions: 1 filters by age (KIP-994); 2 filters by pattern (KIP-1152). All are flexible.
//!
//! Schemas: `ListTransactionsRequest.json`, `ListTransactionsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which transactions to list; one has to pass every filter.
    pub struct ListTransactionsRequest {
        /// States wanted, such as `Ongoing`; empty for any.
        0+ state_filters: Vec<String>,
        /// Producer ids wanted; empty for any.
        0+ producer_id_filters: Vec<i64>,
        /// Only transactions open for longer than this, in milliseconds; -1, like all below 0, for any
        /// (KIP-994).
        1+ duration_filter: i64 = -1,
        /// Only transactional ids that match this RE2 pattern; null or empty for any (KIP-1152).
        2+ transactional_id_pattern: Option<String>,
    }
}
impl Request for ListTransactionsRequest {
    const KEY: i16 = 66;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ListTransactionsResponse;
}
wire_struct! {
    /// The transactions.
    pub struct ListTransactionsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why they cannot be listed; `INVALID_REGULAR_EXPRESSION` for a broken pattern (KIP-1152).
        0+ error_code: ErrorCode,
        /// States of the request that the broker does not know; nothing was in them.
        0+ unknown_state_filters: Vec<String>,
        /// Every transaction of this broker that passes the filters; other brokers have others.
        0+ transaction_states: Vec<TransactionState>,
    }
}
wire_struct! {
    /// One transaction.
    pub struct TransactionState {
        /// Transactional id.
        0+ transactional_id: String,
        /// Its producer id.
        0+ producer_id: i64,
        /// State, such as `Ongoing`; `DescribeTransactions` has the list.
        0+ transaction_state: String,
    }
}

#[cfg(test)]
mod tests;
