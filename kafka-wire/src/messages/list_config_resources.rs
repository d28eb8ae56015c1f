//! `ListConfigResources` (key 74): lists what has a configuration: topics, brokers, groups and more
//! (KIP-1142).
//!
//! Versions: 0, then called `ListClientMetricsResources`, lists client metrics subscriptions only (KIP-1000);
//! 1 has types of resources (KIP-1142). Both are flexible.
//!
//! Schemas: `ListConfigResourcesRequest.json`, `ListConfigResourcesResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which resources to list.
    pub struct ListConfigResourcesRequest {
        /// Types wanted: 2 topics, 4 brokers, 8 brokers' loggers, 16 client metrics subscriptions, 32 groups;
        /// empty for all of them (KIP-1142).
        1+ resource_types: Vec<i8>,
    }
}
impl Request for ListConfigResourcesRequest {
    const KEY: i16 = 74;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ListConfigResourcesResponse;
}
wire_struct! {
    /// The resources.
    pub struct ListConfigResourcesResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why they cannot be listed; `UNSUPPORTED_VERSION` for a type the broker cannot list.
        0+ error_code: ErrorCode,
        /// Every resource of the wanted types.
        0+ config_resources: Vec<ConfigResource>,
    }
}
wire_struct! {
    /// One resource, as `DescribeConfigs` takes it.
    pub struct ConfigResource {
        /// Its name; for a broker or its loggers the node id.
        0+ resource_name: String,
        /// 2 a topic, 4 a broker, 8 a broker's loggers, 16, the only one in version 0, a client metrics
        /// subscription, 32 a group (KIP-1142).
        ignorable 1+ resource_type: i8 = 16,
    }
}

#[cfg(test)]
mod tests;
