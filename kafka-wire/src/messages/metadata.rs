//! `Metadata` (key 3): the brokers of the cluster, its topics, and who leads which partition.
//!
//! Versions: 1 adds racks and the controller, and null for all topics; 2 the cluster id (KIP-78); 4 makes
//! auto-creation a choice; 5 offline replicas (KIP-112); 7 leader epochs (KIP-320); 8 authorized operations
//! (KIP-430); 9 is flexible; 10 carries topic ids and 12 accepts them (KIP-516); 11 hands the cluster's
//! operations over to `DescribeCluster` (KIP-700); 13 can refuse as a whole (KIP-1102).
//!
//! Schemas: `MetadataRequest.json`, `MetadataResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Topics to describe; the brokers come with every answer.
    pub struct MetadataRequest {
        /// Topics wanted; null, the default, for all of them. Version 0 has no null: there empty means all, and above none.
        0+ topics: Option<Vec<MetadataRequestTopic>> where null 1+,
        /// Whether unknown topics may be created, if the broker is set up to do so. Versions below 4 behave
        /// as true.
        4+ allow_auto_topic_creation: bool = true,
        /// Whether to compute `cluster_authorized_operations` (KIP-430).
        8-10 include_cluster_authorized_operations: bool,
        /// Whether to compute `topic_authorized_operations` (KIP-430).
        8+ include_topic_authorized_operations: bool,
    }
}
impl Request for MetadataRequest {
    const KEY: i16 = 3;
    const VERSIONS: RangeInclusive<i16> = 0..=13;
    const FLEXIBLE_SINCE: i16 = 9;
    type Response = MetadataResponse;
}
wire_struct! {
    /// A topic, by name or by id.
    pub struct MetadataRequestTopic {
        /// Topic, by id; zero to go by name. Brokers heed it from version 12 (KIP-516).
        ignorable 10+ topic_id: Uuid,
        /// Topic, by name; null, brokers allow it from version 12, to go by id.
        0+ name: Option<String> where null 10+,
    }
}
wire_struct! {
    /// The cluster as one broker sees it.
    pub struct MetadataResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 3+ throttle_time_ms: i32,
        /// Every live broker.
        0+ brokers: Vec<MetadataResponseBroker>,
        /// Id of the cluster; null if the broker does not know it (KIP-78).
        ignorable 2+ cluster_id: Option<String>,
        /// Node id that takes admin requests; -1 if unknown. Under KRaft any broker, which passes them on.
        ignorable 1+ controller_id: i32 = -1,
        /// One entry per topic that was asked for.
        0+ topics: Vec<MetadataResponseTopic>,
        /// Bit n is set if the sender may do the ACL operation with code n to the cluster; `i32::MIN` if not
        /// asked for (KIP-430).
        8-10 cluster_authorized_operations: i32 = i32::MIN,
        /// 0, or `REBOOTSTRAP_REQUIRED`: forget what is known and start over from the bootstrap addresses
        /// (KIP-1102).
        ignorable 13+ error_code: ErrorCode,
    }
}
wire_struct! {
    /// Where a broker listens.
    pub struct MetadataResponseBroker {
        /// Node id.
        0+ node_id: i32,
        /// Host name or address.
        0+ host: String,
        /// TCP port.
        0+ port: i32,
        /// Rack the broker stands in; null if it was given none.
        ignorable 1+ rack: Option<String>,
    }
}
wire_struct! {
    /// One topic and its partitions.
    pub struct MetadataResponseTopic {
        /// 0, or why the topic cannot be described.
        0+ error_code: ErrorCode,
        /// Topic, by name; null if it was asked for by an id nobody knows (from version 12).
        0+ name: Option<String> where null 12+,
        /// Topic, by id; zero if there is none (KIP-516).
        ignorable 10+ topic_id: Uuid,
        /// Whether Kafka keeps its own state in it, as in `__consumer_offsets`.
        ignorable 1+ is_internal: bool,
        /// Every partition, in no promised order.
        0+ partitions: Vec<MetadataResponsePartition>,
        /// Bit n is set if the sender may do the ACL operation with code n to the topic; `i32::MIN` if not
        /// asked for (KIP-430).
        8+ topic_authorized_operations: i32 = i32::MIN,
    }
}
wire_struct! {
    /// Who has one partition.
    pub struct MetadataResponsePartition {
        /// 0, or what is amiss, such as `LEADER_NOT_AVAILABLE`.
        0+ error_code: ErrorCode,
        /// Partition number.
        0+ partition_index: i32,
        /// Node id of the leader; -1 if it has none.
        0+ leader_id: i32,
        /// Epoch of that leadership; -1 if unknown. A lower one than known is stale news (KIP-320).
        ignorable 7+ leader_epoch: i32 = -1,
        /// Node ids that should have the partition, the preferred leader first.
        0+ replica_nodes: Vec<i32>,
        /// Node ids that are in sync with the leader.
        0+ isr_nodes: Vec<i32>,
        /// Node ids whose replica is down (KIP-112).
        ignorable 5+ offline_replicas: Vec<i32>,
    }
}

#[cfg(test)]
mod tests;
