//! `AlterClientQuotas` (key 49): sets and removes quotas of users, client ids and addresses (KIP-546).
//!
//! Versions: 1 is flexible.
//!
//! Schemas: `AlterClientQuotasRequest.json`, `AlterClientQuotasResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Quotas to set and to remove.
    pub struct AlterClientQuotasRequest {
        /// One entry per entity; an entity may stand here once.
        0+ entries: Vec<EntryData>,
        /// Whether to check only, and change nothing.
        0+ validate_only: bool,
    }
}
impl Request for AlterClientQuotasRequest {
    const KEY: i16 = 49;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 1;
    type Response = AlterClientQuotasResponse;
}
wire_struct! {
    /// Changes to one entity.
    pub struct EntryData {
        /// Parts of the entity: a user, a client id, both together, or an address.
        0+ entity: Vec<EntityData>,
        /// Changes to its quotas.
        0+ ops: Vec<OpData>,
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
    /// Change to one quota.
    pub struct OpData {
        /// Name of the quota: `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`,
        /// `controller_mutation_rate` (KIP-599) or, for `ip`, `connection_creation_rate` (KIP-612).
        0+ key: String,
        /// New limit: bytes per second, percent of a thread's time, partitions or connections per second, as
        /// the key says; not looked at if `remove` is set.
        0+ value: f64,
        /// Whether to remove the quota instead of setting it.
        0+ remove: bool,
    }
}
wire_struct! {
    /// Which entities were changed.
    pub struct AlterClientQuotasResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per entity of the request.
        0+ entries: Vec<AlteredEntity>,
    }
}
wire_struct! {
    /// Outcome of one entity: all its changes were made, or none.
    pub struct AlteredEntity {
        /// 0, or why nothing was changed.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Parts of the entity, as in the request.
        0+ entity: Vec<EntityData>,
    }
}

#[cfg(test)]
mod tests;
