//! `AlterUserScramCredentials` (key 51): sets and deletes SCRAM credentials of users (KIP-554).
//!
//! Versions: 0 is the only one, and flexible.
//!
//! Schemas: `AlterUserScramCredentialsRequest.json`, `AlterUserScramCredentialsResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// Credentials to delete and to set; a user and mechanism may stand here once.
    pub struct AlterUserScramCredentialsRequest {
        /// Credentials to delete.
        0+ deletions: Vec<ScramCredentialDeletion>,
        /// Credentials to set, whether there were any or not.
        0+ upsertions: Vec<ScramCredentialUpsertion>,
    }
}
impl Request for AlterUserScramCredentialsRequest {
    const KEY: i16 = 51;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = AlterUserScramCredentialsResponse;
}
wire_struct! {
    /// A credential to delete.
    pub struct ScramCredentialDeletion {
        /// User name.
        0+ name: String,
        /// Mechanism: 1 `SCRAM-SHA-256`, 2 `SCRAM-SHA-512`.
        0+ mechanism: i8,
    }
}
wire_struct! {
    /// A credential to set; the password itself stays with the sender.
    pub struct ScramCredentialUpsertion {
        /// User name.
        0+ name: String,
        /// Mechanism: 1 `SCRAM-SHA-256`, 2 `SCRAM-SHA-512`.
        0+ mechanism: i8,
        /// Rounds of hashing the password has gone through; brokers take 4096 to 16384.
        0+ iterations: i32,
        /// Random bytes of the sender's choice that were hashed in with the password.
        0+ salt: Bytes,
        /// The password, hashed with salt and iterations (`Hi` of RFC 5802): whoever has it can log in as the
        /// user.
        0+ salted_password: Secret,
    }
}
wire_struct! {
    /// Which users were changed.
    pub struct AlterUserScramCredentialsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per user of the request.
        0+ results: Vec<AlterUserScramCredentialsResult>,
    }
}
wire_struct! {
    /// Outcome of one user: all changes were made, or none.
    pub struct AlterUserScramCredentialsResult {
        /// User name.
        0+ user: String,
        /// 0, or why nothing was changed: `RESOURCE_NOT_FOUND` if there is nothing to delete,
        /// `UNACCEPTABLE_CREDENTIAL` for a bad iteration count.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
