//! `DescribeUserScramCredentials` (key 50): tells which users have SCRAM credentials, but not the credentials
//! (KIP-554).
//!
//! Versions: 0 is the only one, and flexible.
//!
//! Schemas: `DescribeUserScramCredentialsRequest.json`, `DescribeUserScramCredentialsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Users to describe.
    pub struct DescribeUserScramCredentialsRequest {
        /// One entry per user; null or empty for all.
        0+ users: Option<Vec<UserName>>,
    }
}
impl Request for DescribeUserScramCredentialsRequest {
    const KEY: i16 = 50;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DescribeUserScramCredentialsResponse;
}
wire_struct! {
    /// One user.
    pub struct UserName {
        /// User name.
        0+ name: String,
    }
}
wire_struct! {
    /// The descriptions.
    pub struct DescribeUserScramCredentialsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why nobody can be described.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// One entry per user of the request, or per user with credentials.
        0+ results: Vec<DescribeUserScramCredentialsResult>,
    }
}
wire_struct! {
    /// One user.
    pub struct DescribeUserScramCredentialsResult {
        /// User name.
        0+ user: String,
        /// 0, or why the user cannot be described: `RESOURCE_NOT_FOUND` without credentials,
        /// `DUPLICATE_RESOURCE` if named twice.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// One entry per mechanism the user has credentials for; empty with an error.
        0+ credential_infos: Vec<CredentialInfo>,
    }
}
wire_struct! {
    /// What is known of one credential.
    pub struct CredentialInfo {
        /// Mechanism: 1 `SCRAM-SHA-256`, 2 `SCRAM-SHA-512`; 0 unknown.
        0+ mechanism: i8,
        /// Rounds of hashing the password has gone through.
        0+ iterations: i32,
    }
}

#[cfg(test)]
mod tests;
