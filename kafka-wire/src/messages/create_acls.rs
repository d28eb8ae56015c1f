//! `CreateAcls` (key 30): adds access rules (KIP-140).
//!
//! Versions: 1 has rules for prefixes of names (KIP-290); 2 is flexible; 3 knows users as resources
//! (KIP-373).
//!
//! Schemas: `CreateAclsRequest.json`, `CreateAclsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Rules to add.
    pub struct CreateAclsRequest {
        /// One entry per rule; one that is there already is no error.
        0+ creations: Vec<AclCreation>,
    }
}
impl Request for CreateAclsRequest {
    const KEY: i16 = 30;
    const VERSIONS: RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = CreateAclsResponse;
}
wire_struct! {
    /// One rule.
    pub struct AclCreation {
        /// Kind of resource: 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token, 7 user
        /// (from version 3).
        0+ resource_type: i8,
        /// Name of the resource, or what names begin with; `*` for any name. The cluster is called
        /// `kafka-cluster`.
        0+ resource_name: String,
        /// How `resource_name` is meant: 3 literally, 4 as a prefix (KIP-290).
        1+ resource_pattern_type: i8 = 3,
        /// Whom the rule is about, such as `User:alice`; `User:*` for everybody.
        0+ principal: String,
        /// Address the client must come from; `*` for any.
        0+ host: String,
        /// What the rule is about: 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe, 9 cluster
        /// action, 10 describe configs, 11 alter configs, 12 idempotent write, 13 create tokens, 14 describe
        /// tokens, 15 two-phase commit.
        0+ operation: i8,
        /// What the rule says: 2 deny, 3 allow.
        0+ permission_type: i8,
    }
}
wire_struct! {
    /// Which rules were added.
    pub struct CreateAclsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per rule of the request, in its order.
        0+ results: Vec<AclCreationResult>,
    }
}
wire_struct! {
    /// Outcome of one rule.
    pub struct AclCreationResult {
        /// 0, or why it was not added.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
