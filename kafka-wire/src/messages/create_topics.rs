//! `CreateTopics` (key 19): creates topics.
//!
//! Versions: 4 lets the broker choose counts (KIP-464); 5 is flexible and answers with the configuration
//! (KIP-525); 6 can throttle (KIP-599); 7 answers with topic ids (KIP-516).
//!
//! Schemas: `CreateTopicsRequest.json`, `CreateTopicsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Topics to create.
    pub struct CreateTopicsRequest {
        /// One entry per topic; a name may stand here once.
        0+ topics: Vec<CreatableTopic>,
        /// How long to wait until the topics exist, in milliseconds; creation goes on after it.
        0+ timeout_ms: i32 = 60000,
        /// Whether to check only, and create nothing.
        1+ validate_only: bool,
    }
}
impl Request for CreateTopicsRequest {
    const KEY: i16 = 19;
    const VERSIONS: RangeInclusive<i16> = 2..=7;
    const FLEXIBLE_SINCE: i16 = 5;
    type Response = CreateTopicsResponse;
}
wire_struct! {
    /// One topic.
    pub struct CreatableTopic {
        /// Topic name.
        0+ name: String,
        /// Number of partitions; -1 takes the broker's default, or goes with `assignments` (KIP-464).
        0+ num_partitions: i32,
        /// Number of replicas; -1 takes the broker's default, or goes with `assignments` (KIP-464).
        0+ replication_factor: i16,
        /// Which brokers get which partition; empty lets the broker choose.
        0+ assignments: Vec<CreatableReplicaAssignment>,
        /// Settings that differ from the broker's defaults.
        0+ configs: Vec<CreatableTopicConfig>,
    }
}
wire_struct! {
    /// The replicas of one partition.
    pub struct CreatableReplicaAssignment {
        /// Partition number.
        0+ partition_index: i32,
        /// Node ids, the preferred leader first.
        0+ broker_ids: Vec<i32>,
    }
}
wire_struct! {
    /// One setting.
    pub struct CreatableTopicConfig {
        /// Name, such as `retention.ms`.
        0+ name: String,
        /// Value in text; null takes the default.
        0+ value: Option<String>,
    }
}
wire_struct! {
    /// Which topics were created.
    pub struct CreateTopicsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 2+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<CreatableTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct CreatableTopicResult {
        /// Topic name.
        0+ name: String,
        /// Id of the new topic; zero with an error (KIP-516).
        ignorable 7+ topic_id: Uuid,
        /// 0, or why it was not created.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        ignorable 1+ error_message: Option<String>,
        /// Partitions it got; -1 if unknown (KIP-525).
        ignorable 5+ num_partitions: i32 = -1,
        /// Replicas it got; -1 if unknown (KIP-525).
        ignorable 5+ replication_factor: i16 = -1,
        /// Settings in force; null if the sender may not see them (KIP-525).
        ignorable 5+ configs: Option<Vec<CreatableTopicConfigs>>,
    } tagged {
        /// 0, or why `configs` is null although the topic was created (KIP-525).
        ignorable 0: 5+ topic_config_error_code: ErrorCode,
    }
}
wire_struct! {
    /// One setting in force.
    pub struct CreatableTopicConfigs {
        /// Name, such as `retention.ms`.
        5+ name: String,
        /// Value in text; null if it is sensitive.
        5+ value: Option<String>,
        /// Whether it cannot be changed.
        5+ read_only: bool,
        /// Where the value comes from: 1 the topic, 2 and 3 the broker's dynamic settings or their default, 4
        /// its file, 5 Kafka's default; -1 unknown.
        ignorable 5+ config_source: i8 = -1,
        /// Whether it is a secret, which is never sent.
        5+ is_sensitive: bool,
    }
}

#[cfg(test)]
mod tests;
