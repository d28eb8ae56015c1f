//! `AddOffsetsToTxn` (key 25): tells the coordinator that a transaction will commit offsets of a group
//! (KIP-98).
//!
//! Versions: 2 may answer `PRODUCER_FENCED` (KIP-588); 3 is flexible; 4 `TRANSACTION_ABORTABLE` (KIP-890).
//!
//! Schemas: `AddOffsetsToTxnRequest.json`, `AddOffsetsToTxnResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// The group whose offsets join the transaction.
    pub struct AddOffsetsToTxnRequest {
        /// Transactional id.
        0+ transactional_id: String,
        /// Its producer id.
        0+ producer_id: i64,
        /// Its epoch.
        0+ producer_epoch: i16,
        /// Group; its partition of `__consumer_offsets` is added.
        0+ group_id: String,
    }
}
impl Request for AddOffsetsToTxnRequest {
    const KEY: i16 = 25;
    const VERSIONS: RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_SINCE: i16 = 3;
    type Response = AddOffsetsToTxnResponse;
}
wire_struct! {
    /// Whether it is in.
    pub struct AddOffsetsToTxnResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why it is not.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
