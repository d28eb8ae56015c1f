//! `DescribeClientQuotas` (key 48): reads the quotas that are set for users, client ids and addresses
//! (KIP-546).
//!
//! Versions: 1 is flexible.
//!
//! Schemas: `DescribeClientQuotasRequest.json`, `DescribeClientQuotasResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Whose quotas to read.
    pub struct DescribeClientQuotasRequest {
        /// Conditions an entity must fulfil, at most one per type; empty for none.
        0+ components: Vec<ComponentData>,
        /// Whether to leave out entities that have a type without a condition.
        0+ strict: bool,
    }
}
impl Request for DescribeClientQuotasRequest {
    const KEY: i16 = 48;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 1;
    type Response = DescribeClientQuotasResponse;
}
wire_struct! {
    /// Condition on one type of an entity.
    pub struct ComponentData {
        /// Type: `user`, `client-id` or `ip` (KIP-612).
        0+ entity_type: String,
        /// Which entities of this type fulfil it: 0 the one named in `match`, 1 the default, 2 any that is
        /// named.
        0+ match_type: i8,
        /// Name wanted; null unless `match_type` is 0.
        0+ r#match: Option<String>,
    }
}
wire_struct! {
    /// The quotas.
    pub struct DescribeClientQuotasResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why they cannot be read.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// One entry per entity that has quotas and fulfils the conditions; null with an error.
        0+ entries: Option<Vec<EntryData>>,
    }
}
wire_struct! {
    /// Quotas of one entity.
    pub struct EntryData {
        /// Parts of the entity: a user, a client id, both together, or an address.
        0+ entity: Vec<EntityData>,
        /// Quotas set for it.
        0+ values: Vec<ValueData>,
    }
}
wire_struct! {
    /// One part of an entity.
    pub struct EntityData {
        /// Type: `user`, `client-id` or `ip` (KIP-612).
        0+ entity_type: String,
        /// Name; null for the default of the type.
        0+ entity_name: Option<String>,
    }
}
wire_struct! {
    /// One quota.
    pub struct ValueData {
        /// Name of the quota: `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`,
        /// `controller_mutation_rate` (KIP-599) or, for `ip`, `connection_creation_rate` (KIP-612).
        0+ key: String,
        /// Limit: bytes per second, percent of a thread's time, partitions or connections per second, as the
        /// key says.
        0+ value: f64,
    }
}

#[cfg(test)]
mod tests;
