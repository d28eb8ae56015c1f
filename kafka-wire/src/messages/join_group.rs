//! `JoinGroup` (key 11): enters a group of the classic protocol and waits for the others.
//!
//! Versions: 1 separates rebalance and session timeout (KIP-62); 4 makes a new member ask twice (KIP-394); 5
//! has static members (KIP-345); 6 is flexible; 7 names the protocol type (KIP-559); 8 carries a reason
//! (KIP-800); 9 can tell the leader to skip the assignment (KIP-814).
//!
//! Schemas: `JoinGroupRequest.json`, `JoinGroupResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Who joins, and how it could share the work.
    pub struct JoinGroupRequest {
        /// Group.
        0+ group_id: String,
        /// The member is dead after this long without a heartbeat, in milliseconds.
        0+ session_timeout_ms: i32,
        /// How long the coordinator waits for this member to join again, in milliseconds; -1, and version 0,
        /// take the session timeout (KIP-62).
        ignorable 1+ rebalance_timeout_ms: i32 = -1,
        /// Id given by the coordinator; empty on the first try.
        0+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        5+ group_instance_id: Option<String>,
        /// What kind of group it is: `consumer` or `connect`.
        0+ protocol_type: String,
        /// Assignors the member can work with, the best first.
        0+ protocols: Vec<JoinGroupRequestProtocol>,
        /// Why the member joins, for the broker's log; null for no reason (KIP-800).
        ignorable 8+ reason: Option<String>,
    }
}
impl Request for JoinGroupRequest {
    const KEY: i16 = 11;
    const VERSIONS: RangeInclusive<i16> = 0..=9;
    const FLEXIBLE_SINCE: i16 = 6;
    type Response = JoinGroupResponse;
}
wire_struct! {
    /// One assignor.
    pub struct JoinGroupRequestProtocol {
        /// Name of the assignor, such as `range`.
        0+ name: String,
        /// What it needs to know about the member; for consumers a subscription of
        /// `group::consumer_protocol`.
        0+ metadata: Bytes,
    }
}
wire_struct! {
    /// The generation that was formed.
    pub struct JoinGroupResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 2+ throttle_time_ms: i32,
        /// 0, or why the member is not in; `MEMBER_ID_REQUIRED` asks to try again with `member_id`.
        0+ error_code: ErrorCode,
        /// Generation of the group; -1 with an error.
        0+ generation_id: i32 = -1,
        /// Kind of group; null with an error (KIP-559).
        ignorable 7+ protocol_type: Option<String>,
        /// Assignor all members know; null with an error. Versions below 7 have no null: set it to empty there.
        0+ protocol_name: Option<String> where null 7+,
        /// Member id of the one that computes the assignment.
        0+ leader: String,
        /// Whether the leader keeps the assignment as it is, and only watches for changes (KIP-814).
        9+ skip_assignment: bool,
        /// Id of the member that asked.
        0+ member_id: String,
        /// Every member, for the leader; empty for the others.
        0+ members: Vec<JoinGroupResponseMember>,
    }
}
wire_struct! {
    /// A member as the leader sees it.
    pub struct JoinGroupResponseMember {
        /// Member id.
        0+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        ignorable 5+ group_instance_id: Option<String>,
        /// What the member said about itself for the assignor that was chosen.
        0+ metadata: Bytes,
    }
}

#[cfg(test)]
mod tests;
