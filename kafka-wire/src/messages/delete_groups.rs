//! `DeleteGroups` (key 42): deletes groups without members, together with their offsets (KIP-229).
//!
//! Versions: 1 answers first and holds the sender back afterwards (KIP-219); 2 is flexible.
//!
//! Schemas: `DeleteGroupsRequest.json`, `DeleteGroupsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Groups to delete; each must be sent to its own coordinator.
    pub struct DeleteGroupsRequest {
        /// Group ids.
        0+ groups_names: Vec<String>,
    }
}
impl Request for DeleteGroupsRequest {
    const KEY: i16 = 42;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = DeleteGroupsResponse;
}
wire_struct! {
    /// Which groups were deleted.
    pub struct DeleteGroupsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per group of the request.
        0+ results: Vec<DeletableGroupResult>,
    }
}
wire_struct! {
    /// Outcome of one group.
    pub struct DeletableGroupResult {
        /// Group id.
        0+ group_id: String,
        /// 0, or why it was not deleted, such as `NON_EMPTY_GROUP`.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
