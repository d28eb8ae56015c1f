//! `ListGroups` (key 16): the groups one broker coordinates.
//!
//! Versions: 3 is flexible; 4 filters by state (KIP-518); 5 filters by type (KIP-848).
//!
//! Schemas: `ListGroupsRequest.json`, `ListGroupsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which groups to list.
    pub struct ListGroupsRequest {
        /// States wanted, such as `Stable`; empty for any (KIP-518).
        4+ states_filter: Vec<String>,
        /// Types wanted, such as `consumer`; empty for any (KIP-848).
        5+ types_filter: Vec<String>,
    }
}
impl Request for ListGroupsRequest {
    const KEY: i16 = 16;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_SINCE: i16 = 3;
    type Response = ListGroupsResponse;
}
wire_struct! {
    /// The groups.
    pub struct ListGroupsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// 0, or why they cannot be listed.
        0+ error_code: ErrorCode,
        /// Every group of this broker that passes the filters; other brokers have others.
        0+ groups: Vec<ListedGroup>,
    }
}
wire_struct! {
    /// One group.
    pub struct ListedGroup {
        /// Group id.
        0+ group_id: String,
        /// Kind of group, such as `consumer`; empty for a group that only stores offsets.
        0+ protocol_type: String,
        /// State, such as `Stable` (KIP-518).
        ignorable 4+ group_state: String,
        /// `classic`, `consumer`, `share` or `streams` (KIP-848).
        ignorable 5+ group_type: String,
    }
}

#[cfg(test)]
mod tests;
