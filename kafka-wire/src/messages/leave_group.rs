//! `LeaveGroup` (key 13): leaves a classic group at once instead of by timeout.
//!
//! Versions: 3 removes many members, static ones included (KIP-345); 4 is flexible; 5 carries a reason
//! (KIP-800).
//!
//! Schemas: `LeaveGroupRequest.json`, `LeaveGroupResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Who leaves.
    pub struct LeaveGroupRequest {
        /// Group.
        0+ group_id: String,
        /// Member that leaves; from version 3 on in `members`.
        0-2 member_id: String,
        /// Members that leave (KIP-345).
        3+ members: Vec<MemberIdentity>,
    }
}
impl Request for LeaveGroupRequest {
    const KEY: i16 = 13;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_SINCE: i16 = 4;
    type Response = LeaveGroupResponse;
}
wire_struct! {
    /// One member that leaves.
    pub struct MemberIdentity {
        /// Member id; empty to go by `group_instance_id`.
        3+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        3+ group_instance_id: Option<String>,
        /// Why it leaves, for the broker's log; null for no reason (KIP-800).
        ignorable 5+ reason: Option<String>,
    }
}
wire_struct! {
    /// Who is out.
    pub struct LeaveGroupResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// 0, or why nobody is.
        0+ error_code: ErrorCode,
        /// One entry per member of the request (KIP-345).
        3+ members: Vec<MemberResponse>,
    }
}
wire_struct! {
    /// Outcome of one member.
    pub struct MemberResponse {
        /// Member id as it was sent.
        3+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        3+ group_instance_id: Option<String>,
        /// 0, or why it is not out.
        3+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
