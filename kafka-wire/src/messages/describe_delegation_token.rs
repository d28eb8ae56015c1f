//! `DescribeDelegationToken` (key 41): reads the tokens the sender may see (KIP-48).
//!
//! Versions: 1 is the oldest that brokers from 4.0 on take (KIP-896); 2 is flexible; 3 tells who asked for a
//! token (KIP-373).
//!
//! Schemas: `DescribeDelegationTokenRequest.json`, `DescribeDelegationTokenResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// Whose tokens to read.
    pub struct DescribeDelegationTokenRequest {
        /// Owners of interest; null for all, empty for none.
        0+ owners: Option<Vec<DescribeDelegationTokenOwner>>,
    }
}
impl Request for DescribeDelegationTokenRequest {
    const KEY: i16 = 41;
    const VERSIONS: RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = DescribeDelegationTokenResponse;
}
wire_struct! {
    /// One owner.
    pub struct DescribeDelegationTokenOwner {
        /// Type of the principal, `User`.
        0+ principal_type: String,
        /// Name of the principal.
        0+ principal_name: String,
    }
}
wire_struct! {
    /// The tokens.
    pub struct DescribeDelegationTokenResponse {
        /// 0, or why they cannot be read.
        0+ error_code: ErrorCode,
        /// Tokens the sender owns, asked for, may renew or is allowed to describe.
        0+ tokens: Vec<DescribedDelegationToken>,
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
    }
}
wire_struct! {
    /// One token.
    pub struct DescribedDelegationToken {
        /// Type of the owner.
        0+ principal_type: String,
        /// Name of the owner.
        0+ principal_name: String,
        /// Type of the one who asked for the token, who may differ from the owner (from version 3, KIP-373).
        3+ token_requester_principal_type: String,
        /// Name of the one who asked for the token, who may differ from the owner (from version 3, KIP-373).
        3+ token_requester_principal_name: String,
        /// When the token was made, in milliseconds since 1970.
        0+ issue_timestamp: i64,
        /// When the token stops working unless renewed, in milliseconds since 1970.
        0+ expiry_timestamp: i64,
        /// When the token stops working even if renewed, in milliseconds since 1970.
        0+ max_timestamp: i64,
        /// Id of the token, its user name in SCRAM.
        0+ token_id: String,
        /// The token's secret, its password in SCRAM: whoever has it can log in as the owner.
        0+ hmac: Secret,
        /// Who may renew the token besides its owner and the one who asked for it.
        0+ renewers: Vec<DescribedDelegationTokenRenewer>,
    }
}
wire_struct! {
    /// One principal that may renew the token.
    pub struct DescribedDelegationTokenRenewer {
        /// Type of the principal, `User`.
        0+ principal_type: String,
        /// Name of the principal.
        0+ principal_name: String,
    }
}

#[cfg(test)]
mod tests;
