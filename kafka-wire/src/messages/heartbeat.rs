//! `Heartbeat` (key 12): shows that a member of a classic group is alive, and learns of rebalances.
//!
//! Versions: 3 has static members (KIP-345); 4 is flexible.
//!
//! Schemas: `HeartbeatRequest.json`, `HeartbeatResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// A sign of life.
    pub struct HeartbeatRequest {
        /// Group.
        0+ group_id: String,
        /// Generation the member believes in.
        0+ generation_id: i32,
        /// Member id.
        0+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        3+ group_instance_id: Option<String>,
    }
}
impl Request for HeartbeatRequest {
    const KEY: i16 = 12;
    const VERSIONS: RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_SINCE: i16 = 4;
    type Response = HeartbeatResponse;
}
wire_struct! {
    /// Whether the member is still in.
    pub struct HeartbeatResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// 0, or what to do: `REBALANCE_IN_PROGRESS` join again, `UNKNOWN_MEMBER_ID` and others start over.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
