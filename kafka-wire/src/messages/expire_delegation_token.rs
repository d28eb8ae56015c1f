//! `ExpireDelegationToken` (key 40): ends a token, now or at a time (KIP-48).
//!
//! Versions: 1 is the oldest that brokers from 4.0 on take (KIP-896); 2 is flexible.
//!
//! Schemas: `ExpireDelegationTokenRequest.json`, `ExpireDelegationTokenResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// Which token, and when.
    pub struct ExpireDelegationTokenRequest {
        /// The token's secret, its password in SCRAM: whoever has it can log in as the owner.
        0+ hmac: Secret,
        /// Time the token is to live from now, in milliseconds, at most up to its own end; -1 deletes it at
        /// once.
        0+ expiry_time_period_ms: i64,
    }
}
impl Request for ExpireDelegationTokenRequest {
    const KEY: i16 = 40;
    const VERSIONS: RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = ExpireDelegationTokenResponse;
}
wire_struct! {
    /// When the token ends.
    pub struct ExpireDelegationTokenResponse {
        /// 0, or why nothing was changed.
        0+ error_code: ErrorCode,
        /// When the token stops working, in milliseconds since 1970; meaningless with an error.
        0+ expiry_timestamp_ms: i64,
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
    }
}

#[cfg(test)]
mod tests;
