//! `RenewDelegationToken` (key 39): lets a token live longer (KIP-48).
//!
//! Versions: 1 is the oldest that brokers from 4.0 on take (KIP-896); 2 is flexible.
//!
//! Schemas: `RenewDelegationTokenRequest.json`, `RenewDelegationTokenResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// Which token, and for how long.
    pub struct RenewDelegationTokenRequest {
        /// The token's secret, its password in SCRAM: whoever has it can log in as the owner.
        0+ hmac: Secret,
        /// Time the token is to live from now, in milliseconds, at most up to its own end; the broker's
        /// `delegation.token.expiry.time.ms` caps it, and stands in for -1.
        0+ renew_period_ms: i64,
    }
}
impl Request for RenewDelegationTokenRequest {
    const KEY: i16 = 39;
    const VERSIONS: RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = RenewDelegationTokenResponse;
}
wire_struct! {
    /// How long the token lives now.
    pub struct RenewDelegationTokenResponse {
        /// 0, or why it was not renewed.
        0+ error_code: ErrorCode,
        /// When the token stops working unless renewed again, in milliseconds since 1970; meaningless with an
        /// error.
        0+ expiry_timestamp_ms: i64,
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
    }
}

#[cfg(test)]
mod tests;
