//! `DescribeGroups` (key 15): members and state of classic groups.
//!
//! Versions: 3 adds authorized operations (KIP-430); 4 static members (KIP-345); 5 is flexible; 6 answers
//! `GROUP_ID_NOT_FOUND` instead of a dead group (KIP-1043).
//!
//! Schemas: `DescribeGroupsRequest.json`, `DescribeGroupsResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Groups to describe.
    pub struct DescribeGroupsRequest {
        /// Group ids.
        0+ groups: Vec<String>,
        /// Whether to compute `authorized_operations` (KIP-430).
        3+ include_authorized_operations: bool,
    }
}
impl Request for DescribeGroupsRequest {
    const KEY: i16 = 15;
    const VERSIONS: RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_SINCE: i16 = 5;
    type Response = DescribeGroupsResponse;
}
wire_struct! {
    /// The descriptions.
    pub struct DescribeGroupsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// One entry per group of the request.
        0+ groups: Vec<DescribedGroup>,
    }
}
wire_struct! {
    /// One group.
    pub struct DescribedGroup {
        /// 0, or why it cannot be described.
        0+ error_code: ErrorCode,
        /// The error in words; null without one (KIP-1043).
        6+ error_message: Option<String>,
        /// Group id.
        0+ group_id: String,
        /// `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty` or `Dead`; empty with an error.
        0+ group_state: String,
        /// Kind of group, such as `consumer`; empty with an error.
        0+ protocol_type: String,
        /// Assignor in use; empty unless the group is stable.
        0+ protocol_data: String,
        /// Every member; none if the group is dead.
        0+ members: Vec<DescribedGroupMember>,
        /// Bit n is set if the sender may do the ACL operation with code n to the group; `i32::MIN` if not
        /// asked for (KIP-430).
        3+ authorized_operations: i32 = i32::MIN,
    }
}
wire_struct! {
    /// One member.
    pub struct DescribedGroupMember {
        /// Member id.
        0+ member_id: String,
        /// Static member's name; null for a dynamic member (KIP-345).
        ignorable 4+ group_instance_id: Option<String>,
        /// Client id it joined with.
        0+ client_id: String,
        /// Address it joined from.
        0+ client_host: String,
        /// What it told the assignor; empty unless the group is stable.
        0+ member_metadata: Bytes,
        /// Its share; empty unless the group is stable.
        0+ member_assignment: Bytes,
    }
}

#[cfg(test)]
mod tests;
