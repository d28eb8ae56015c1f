//! `DescribeConfigs` (key 32): reads the settings of topics, brokers, groups and client metrics subscriptions
//! (KIP-133).
//!
//! Versions: 1 tells where a value comes from (KIP-226); 2 is answered before the broker throttles (KIP-219);
//! 3 adds types and documentation (KIP-569); 4 is flexible.
//!
//! Schemas: `DescribeConfigsRequest.json`, `DescribeConfigsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Whose settings to read.
    pub struct DescribeConfigsRequest {
        /// One entry per resource. A broker's own settings and loggers are known to that broker only.
        0+ resources: Vec<DescribeConfigsResource>,
        /// Whether to fill `synonyms` (KIP-226).
        1+ include_synonyms: bool,
        /// Whether to fill `documentation` (KIP-569).
        3+ include_documentation: bool,
    }
}
impl Request for DescribeConfigsRequest {
    const KEY: i16 = 32;
    const VERSIONS: RangeInclusive<i16> = 1..=4;
    const FLEXIBLE_SINCE: i16 = 4;
    type Response = DescribeConfigsResponse;
}
wire_struct! {
    /// One resource.
    pub struct DescribeConfigsResource {
        /// Kind of resource: 2 topic, 4 broker, 8 loggers of a broker, 16 client metrics subscription
        /// (KIP-714), 32 group (KIP-848).
        0+ resource_type: i8,
        /// Name of the topic, subscription or group, or the node id of the broker in decimal; empty for the
        /// settings all brokers share.
        0+ resource_name: String,
        /// Names of the settings wanted; null for all.
        0+ configuration_keys: Option<Vec<String>>,
    }
}
wire_struct! {
    /// The settings.
    pub struct DescribeConfigsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per resource of the request.
        0+ results: Vec<DescribeConfigsResult>,
    }
}
wire_struct! {
    /// Settings of one resource.
    pub struct DescribeConfigsResult {
        /// 0, or why they cannot be read.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Kind of resource, as in the request: 2 topic, 4 broker, 8 loggers of a broker, 16 client metrics
        /// subscription (KIP-714), 32 group (KIP-848).
        0+ resource_type: i8,
        /// Name of the resource, as in the request.
        0+ resource_name: String,
        /// Settings in force; empty with an error.
        0+ configs: Vec<DescribeConfigsResourceResult>,
    }
}
wire_struct! {
    /// One setting.
    pub struct DescribeConfigsResourceResult {
        /// Name, such as `retention.ms`.
        0+ name: String,
        /// Value in text; null if it is sensitive, or not set.
        0+ value: Option<String>,
        /// Whether it cannot be changed while the broker runs.
        0+ read_only: bool,
        /// Where the value comes from: 1 the topic, 2 and 3 the broker's dynamic settings or their default, 4
        /// its file, 5 Kafka's default, 6 its dynamic logger settings, 7 the client metrics subscription, 8
        /// the group; 0 and -1 unknown.
        ignorable 1+ config_source: i8 = -1,
        /// Whether it is a secret, which is never sent.
        0+ is_sensitive: bool,
        /// Every place the value could come from, the one that counts first; empty if not asked for
        /// (KIP-226).
        ignorable 1+ synonyms: Vec<DescribeConfigsSynonym>,
        /// Type of the value: 1 boolean, 2 string, 3 32-bit, 4 16-bit and 5 64-bit integer, 6 double, 7 list,
        /// 8 class, 9 password; 0 unknown (KIP-569).
        ignorable 3+ config_type: i8,
        /// What the setting is for, in words; null if not asked for, or if there is none (KIP-569).
        ignorable 3+ documentation: Option<String>,
    }
}
wire_struct! {
    /// One place a value could come from.
    pub struct DescribeConfigsSynonym {
        /// Name of the setting there, such as `log.retention.ms`.
        1+ name: String,
        /// Value there, in text; null if it is sensitive.
        1+ value: Option<String>,
        /// What place it is, numbered as in `config_source`: 1 topic, 2 and 3 dynamic settings of one or all
        /// brokers, 4 file, 5 Kafka's default, 6 loggers, 7 client metrics subscription, 8 group.
        1+ source: i8,
    }
}

#[cfg(test)]
mod tests;
