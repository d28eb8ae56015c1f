//! `EndTxn` (key 26): commits or rolls back a transaction (KIP-98).
//!
//! Versions: 2 may answer `PRODUCER_FENCED` (KIP-588); 3 is flexible; 4 `TRANSACTION_ABORTABLE`; 5 raises the
//! epoch with every transaction (both KIP-890).
//!
//! Schemas: `EndTxnRequest.json`, `EndTxnResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// How the transaction ends.
    pub struct EndTxnRequest {
        /// Transactional id.
        0+ transactional_id: String,
        /// Its producer id.
        0+ producer_id: i64,
        /// Its epoch.
        0+ producer_epoch: i16,
        /// True commits, false rolls back.
        0+ committed: bool,
    }
}
impl Request for EndTxnRequest {
    const KEY: i16 = 26;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_SINCE: i16 = 3;
    type Response = EndTxnResponse;
}
wire_struct! {
    /// Whether the decision is written.
    pub struct EndTxnResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why it is not.
        0+ error_code: ErrorCode,
        /// Producer id for the next transaction; -1 if unchanged (KIP-890).
        ignorable 5+ producer_id: i64 = -1,
        /// Epoch for the next transaction; -1 if unchanged (KIP-890).
        ignorable 5+ producer_epoch: i16 = -1,
    }
}

#[cfg(test)]
mod tests;
