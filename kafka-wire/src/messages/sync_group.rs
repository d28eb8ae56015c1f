//! `SyncGroup` (key 14): hands out the leader's assignment to the members of a classic group.
//!
//! Versions: 3 has static members (KIP-345); 4 is flexible; 5 checks the protocol (KIP-559).
//!
//! Schemas: `SyncGroupRequest.json`, `SyncGroupResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// From the leader the assignment of all, from the others the wish for theirs.
    pub struct SyncGroupRequest {
        /// Group.
        0+ group_id: String,
        /// Generation the assignment is for.
        0+ generation_id: i32,
        /// Member that asks.
        0+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        3+ group_instance_id: Option<String>,
        /// Kind of group, to be checked; null skips the check (KIP-559).
        ignorable 5+ protocol_type: Option<String>,
        /// Assignor, to be checked; null skips the check (KIP-559).
        ignorable 5+ protocol_name: Option<String>,
        /// Who gets what; empty from everyone but the leader.
        0+ assignments: Vec<SyncGroupRequestAssignment>,
    }
}
impl Request for SyncGroupRequest {
    const KEY: i16 = 14;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_SINCE: i16 = 4;
    type Response = SyncGroupResponse;
}
wire_struct! {
    /// The share of one member.
    pub struct SyncGroupRequestAssignment {
        /// Member that gets it.
        0+ member_id: String,
        /// Its share; for consumers an assignment of `group::consumer_protocol`.
        0+ assignment: Bytes,
    }
}
wire_struct! {
    /// The share of the member that asked.
    pub struct SyncGroupResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// 0, or why there is none.
        0+ error_code: ErrorCode,
        /// Kind of group; null with an error (KIP-559).
        ignorable 5+ protocol_type: Option<String>,
        /// Assignor; null with an error (KIP-559).
        ignorable 5+ protocol_name: Option<String>,
        /// The member's share; empty with an error, or if it gets nothing.
        0+ assignment: Bytes,
    }
}

#[cfg(test)]
mod tests;
