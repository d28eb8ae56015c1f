//! `DescribeAcls` (key 29): reads the access rules that pass a filter (KIP-140).
//!
//! Versions: 1 has rules for prefixes of names (KIP-290); 2 is flexible; 3 knows users as resources
//! (KIP-373).
//!
//! Schemas: `DescribeAclsRequest.json`, `DescribeAclsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which rules to read; a rule must pass every filter.
    pub struct DescribeAclsRequest {
        /// Kind of resource wanted: 1 any, 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation
        /// token, 7 user (from version 3).
        0+ resource_type_filter: i8,
        /// Name wanted, read as `pattern_type_filter` says; null for any.
        0+ resource_name_filter: Option<String>,
        /// Which rules the name finds: 1 those with this name, literal or prefixed; 2 those that apply to a
        /// resource of this name; 3 only literal, 4 only prefixed ones with this name (KIP-290).
        1+ pattern_type_filter: i8 = 3,
        /// Principal wanted, such as `User:alice`, compared as it stands; null for any.
        0+ principal_filter: Option<String>,
        /// Address wanted, compared as it stands; null for any.
        0+ host_filter: Option<String>,
        /// Operation wanted: 1 any, 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe, 9
        /// cluster action, 10 describe configs, 11 alter configs, 12 idempotent write, 13 create tokens, 14
        /// describe tokens, 15 two-phase commit. 2 finds only rules about all operations.
        0+ operation: i8,
        /// Kind of rule wanted: 1 any, 2 deny, 3 allow.
        0+ permission_type: i8,
    }
}
impl Request for DescribeAclsRequest {
    const KEY: i16 = 29;
    const VERSIONS: RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = DescribeAclsResponse;
}
wire_struct! {
    /// The rules.
    pub struct DescribeAclsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why they cannot be read: `SECURITY_DISABLED` if the broker has no authorizer.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Rules that pass, by resource.
        0+ resources: Vec<DescribeAclsResource>,
    }
}
wire_struct! {
    /// Rules about one resource, or about all resources with one prefix.
    pub struct DescribeAclsResource {
        /// Kind of resource: 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token, 7 user
        /// (from version 3).
        0+ resource_type: i8,
        /// Name of the resource, or what names begin with; `*` for any name. The cluster is called
        /// `kafka-cluster`.
        0+ resource_name: String,
        /// How `resource_name` is meant: 3 literally, 4 as a prefix (KIP-290).
        1+ pattern_type: i8 = 3,
        /// Rules about it.
        0+ acls: Vec<AclDescription>,
    }
}
wire_struct! {
    /// One rule.
    pub struct AclDescription {
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

#[cfg(test)]
mod tests;
