//! `CreateDelegationToken` (key 38): makes a token that its owner's helpers can log in with instead of real
//! credentials (KIP-48).
//!
//! Versions: 1 is the oldest that brokers from 4.0 on take (KIP-896); 2 is flexible; 3 makes tokens for
//! somebody else (KIP-373).
//!
//! Schemas: `CreateDelegationTokenRequest.json`, `CreateDelegationTokenResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// Whom the token is for, and how long it may live.
    pub struct CreateDelegationTokenRequest {
        /// Type of the principal to log in as, `User`; null for the sender (KIP-373).
        3+ owner_principal_type: Option<String>,
        /// Name of the principal to log in as; null for the sender (KIP-373).
        3+ owner_principal_name: Option<String>,
        /// Who may renew the token besides its owner and the sender; empty for nobody.
        0+ renewers: Vec<CreatableRenewers>,
        /// Time after which the token cannot be renewed any more, in milliseconds; the broker's
        /// `delegation.token.max.lifetime.ms` caps it, and stands in for -1.
        0+ max_lifetime_ms: i64,
    }
}
impl Request for CreateDelegationTokenRequest {
    const KEY: i16 = 38;
    const VERSIONS: RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = CreateDelegationTokenResponse;
}
wire_struct! {
    /// One principal that may renew the token.
    pub struct CreatableRenewers {
        /// Type of the principal; brokers take `User` only.
        0+ principal_type: String,
        /// Name of the principal.
        0+ principal_name: String,
    }
}
wire_struct! {
    /// The token; the fields beside the error mean nothing if there is one.
    pub struct CreateDelegationTokenResponse {
        /// 0, or why there is no token: `DELEGATION_TOKEN_REQUEST_NOT_ALLOWED` to one who is not
        /// authenticated, or logged in with a token.
        0+ error_code: ErrorCode,
        /// Type of the owner.
        0+ principal_type: String,
        /// Name of the owner.
        0+ principal_name: String,
        /// Type of the one who asked for the token, who may differ from the owner (from version 3, KIP-373).
        3+ token_requester_principal_type: String,
        /// Name of the one who asked for the token, who may differ from the owner (from version 3, KIP-373).
        3+ token_requester_principal_name: String,
        /// When the token was made, in milliseconds since 1970.
        0+ issue_timestamp_ms: i64,
        /// When the token stops working unless renewed, in milliseconds since 1970.
        0+ expiry_timestamp_ms: i64,
        /// When the token stops working even if renewed, in milliseconds since 1970.
        0+ max_timestamp_ms: i64,
        /// Id of the token, its user name in SCRAM.
        0+ token_id: String,
        /// The token's secret, its password in SCRAM: whoever has it can log in as the owner.
        0+ hmac: Secret,
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
    }
}

#[cfg(test)]
mod tests;
