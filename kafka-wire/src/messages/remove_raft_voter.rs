//! `RemoveRaftVoter` (key 81): takes the vote in the metadata quorum away from a controller (KIP-853).
//!
//! Versions: 0 only, and flexible.
//!
//! Schemas: `RemoveRaftVoterRequest.json`, `RemoveRaftVoterResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// The controller that should vote no more.
    pub struct RemoveRaftVoterRequest {
        /// Cluster the sender believes it talks to; null skips the check.
        0+ cluster_id: Option<String>,
        /// Node id of the controller.
        0+ voter_id: i32,
        /// Directory it keeps the metadata log in; it must be the one it votes with.
        0+ voter_directory_id: Uuid,
    }
}
impl Request for RemoveRaftVoterRequest {
    const KEY: i16 = 81;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = RemoveRaftVoterResponse;
}
wire_struct! {
    /// Whether the vote is gone.
    pub struct RemoveRaftVoterResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why it is not, such as `VOTER_NOT_FOUND`.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        ignorable 0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
