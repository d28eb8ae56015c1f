//! `AlterConfigs` (key 33): replaces all settings of a resource (KIP-133); `IncrementalAlterConfigs` has
//! taken its place.
//!
//! Versions: 1 is answered before the broker throttles (KIP-219); 2 is flexible.
//!
//! Schemas: `AlterConfigsRequest.json`, `AlterConfigsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// The new settings.
    pub struct AlterConfigsRequest {
        /// One entry per resource; a resource may stand here once.
        0+ resources: Vec<AlterConfigsResource>,
        /// Whether to check only, and change nothing.
        0+ validate_only: bool,
    }
}
impl Request for AlterConfigsRequest {
    const KEY: i16 = 33;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = AlterConfigsResponse;
}
wire_struct! {
    /// Settings of one resource.
    pub struct AlterConfigsResource {
        /// Kind of resource: 2 topic, 4 broker, 8 loggers of a broker, 16 client metrics subscription
        /// (KIP-714), 32 group (KIP-848).
        0+ resource_type: i8,
        /// Name of the topic, subscription or group, or the node id of the broker in decimal; empty for the
        /// settings all brokers share.
        0+ resource_name: String,
        /// Every setting that is not to have its default: one that is missing here is lost.
        0+ configs: Vec<AlterableConfig>,
    }
}
wire_struct! {
    /// One setting.
    pub struct AlterableConfig {
        /// Name, such as `retention.ms`.
        0+ name: String,
        /// Value in text; brokers refuse null. May be a password.
        0+ value: Secret<Option<String>>,
    }
}
wire_struct! {
    /// Which resources were changed.
    pub struct AlterConfigsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per resource of the request.
        0+ responses: Vec<AlterConfigsResourceResponse>,
    }
}
wire_struct! {
    /// Outcome of one resource: it has all of its new settings, or none.
    pub struct AlterConfigsResourceResponse {
        /// 0, or why nothing was changed.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Kind of resource, as in the request: 2 topic, 4 broker, 8 loggers of a broker, 16 client metrics
        /// subscription (KIP-714), 32 group (KIP-848).
        0+ resource_type: i8,
        /// Name of the resource, as in the request.
        0+ resource_name: String,
    }
}

#[cfg(test)]
mod tests;
