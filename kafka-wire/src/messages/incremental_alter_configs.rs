//! `IncrementalAlterConfigs` (key 44): changes single settings and leaves the others alone (KIP-339).
//!
//! Versions: 1 is flexible.
//!
//! Schemas: `IncrementalAlterConfigsRequest.json`, `IncrementalAlterConfigsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// What to change.
    pub struct IncrementalAlterConfigsRequest {
        /// One entry per resource; a resource may stand here once. The loggers of a broker are changed by
        /// that broker only (KIP-412).
        0+ resources: Vec<AlterConfigsResource>,
        /// Whether to check only, and change nothing.
        0+ validate_only: bool,
    }
}
impl Request for IncrementalAlterConfigsRequest {
    const KEY: i16 = 44;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 1;
    type Response = IncrementalAlterConfigsResponse;
}
wire_struct! {
    /// Changes to one resource.
    pub struct AlterConfigsResource {
        /// Kind of resource: 2 topic, 4 broker, 8 loggers of a broker, 16 client metrics subscription
        /// (KIP-714), 32 group (KIP-848).
        0+ resource_type: i8,
        /// Name of the topic, subscription or group, or the node id of the broker in decimal; empty for the
        /// settings all brokers share.
        0+ resource_name: String,
        /// Changes, at most one per setting.
        0+ configs: Vec<AlterableConfig>,
    }
}
wire_struct! {
    /// Change to one setting.
    pub struct AlterableConfig {
        /// Name, such as `retention.ms`.
        0+ name: String,
        /// What to do: 0 set, 1 delete, which brings the default back, 2 append to a list, 3 subtract from a
        /// list.
        0+ config_operation: i8,
        /// Value in text, or the items to append or subtract, with commas between; null to delete. May be a
        /// password.
        0+ value: Secret<Option<String>>,
    }
}
wire_struct! {
    /// Which resources were changed.
    pub struct IncrementalAlterConfigsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per resource of the request.
        0+ responses: Vec<AlterConfigsResourceResponse>,
    }
}
wire_struct! {
    /// Outcome of one resource: all its changes were made, or none.
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
