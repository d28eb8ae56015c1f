//! `InitProducerId` (key 22): gets a producer id and epoch, for idempotence and transactions (KIP-98).
//!
//! Versions: 2 is flexible; 3 lets a producer go on with a higher epoch (KIP-360); 4 may answer
//! `PRODUCER_FENCED` (KIP-588); 5 `TRANSACTION_ABORTABLE` (KIP-890); 6, not stable yet and never negotiated,
//! prepares two-phase commit (KIP-939).
//!
//! Schemas: `InitProducerIdRequest.json`, `InitProducerIdResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// What the producer is about to do.
    pub struct InitProducerIdRequest {
        /// Transactional id, whose open transaction is rolled back; null for idempotence alone.
        0+ transactional_id: Option<String>,
        /// The coordinator rolls back a transaction that is open for longer, in milliseconds; without meaning
        /// if `transactional_id` is null.
        0+ transaction_timeout_ms: i32,
        /// Id the producer has already; -1 for none (KIP-360).
        3+ producer_id: i64 = -1,
        /// Epoch it has already; -1 for none (KIP-360).
        3+ producer_epoch: i16 = -1,
        /// Whether the transaction waits for an outside coordinator, without a timeout (KIP-939).
        6+ enable_2pc: bool,
        /// Whether an open transaction is left open (KIP-939).
        6+ keep_prepared_txn: bool,
    }
}
impl Request for InitProducerIdRequest {
    const KEY: i16 = 22;
    const VERSIONS: RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_SINCE: i16 = 2;
    const LATEST_UNSTABLE: bool = true;
    type Response = InitProducerIdResponse;
}
wire_struct! {
    /// The identity to produce under.
    pub struct InitProducerIdResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 0+ throttle_time_ms: i32,
        /// 0, or why there is none.
        0+ error_code: ErrorCode,
        /// Producer id; -1 with an error.
        0+ producer_id: i64 = -1,
        /// Its epoch; older ones are fenced off. -1 with an error.
        0+ producer_epoch: i16,
        /// Producer id of the transaction left open; -1 for none (KIP-939).
        6+ ongoing_txn_producer_id: i64 = -1,
        /// Its epoch; -1 for none (KIP-939).
        6+ ongoing_txn_producer_epoch: i16 = -1,
    }
}

#[cfg(test)]
mod tests;
