//! `DescribeQuorum` (key 55): tells who leads the controllers, and how far the others have followed
//! (KIP-595).
//!
//! Versions: 1 adds the times of the last fetch (KIP-836); 2 adds directory ids, addresses and error messages
//! (KIP-853). All are flexible.
//!
//! Schemas: `DescribeQuorumRequest.json`, `DescribeQuorumResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Which quorum to describe.
    pub struct DescribeQuorumRequest {
        /// Partitions, by topic; there is one quorum only, partition 0 of `__cluster_metadata`.
        0+ topics: Vec<TopicData>,
    }
}
impl Request for DescribeQuorumRequest {
    const KEY: i16 = 55;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DescribeQuorumResponse;
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicData {
        /// Topic.
        0+ topic_name: String,
        /// Partitions to describe.
        0+ partitions: Vec<PartitionData>,
    }
}
wire_struct! {
    /// One partition.
    pub struct PartitionData {
        /// Partition number.
        0+ partition_index: i32,
    }
}
wire_struct! {
    /// The quorum as its leader sees it.
    pub struct DescribeQuorumResponse {
        /// 0, or why it cannot be described.
        0+ error_code: ErrorCode,
        /// The error in words; null without one (KIP-853).
        ignorable 2+ error_message: Option<String>,
        /// One entry per topic of the request.
        0+ topics: Vec<QuorumTopic>,
        /// Addresses of the controllers (KIP-853).
        2+ nodes: Vec<Node>,
    }
}
wire_struct! {
    /// The quorum of one topic.
    pub struct QuorumTopic {
        /// Topic.
        0+ topic_name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<QuorumPartition>,
    }
}
wire_struct! {
    /// The quorum of one partition.
    pub struct QuorumPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why it cannot be described; `NOT_LEADER_OR_FOLLOWER` if another controller leads.
        0+ error_code: ErrorCode,
        /// The error in words; null without one (KIP-853).
        ignorable 2+ error_message: Option<String>,
        /// Node id of the leader; -1 if unknown.
        0+ leader_id: i32,
        /// Epoch of that leadership.
        0+ leader_epoch: i32,
        /// Offset after the last record that is committed; -1 if unknown.
        0+ high_watermark: i64,
        /// Controllers that have a vote, the leader among them.
        0+ current_voters: Vec<ReplicaState>,
        /// Nodes that follow without a vote, such as brokers.
        0+ observers: Vec<ReplicaState>,
    }
}
wire_struct! {
    /// How far one node has followed.
    pub struct ReplicaState {
        /// Node id.
        0+ replica_id: i32,
        /// Directory it keeps the log in; zero if unknown (KIP-853).
        2+ replica_directory_id: Uuid,
        /// Offset after the last record it has; -1 if unknown.
        0+ log_end_offset: i64,
        /// When it last fetched, by the leader's clock, in milliseconds since 1970; -1 for the leader itself,
        /// or if unknown (KIP-836).
        ignorable 1+ last_fetch_timestamp: i64 = -1,
        /// When it last had all the leader had, by the leader's clock, in milliseconds since 1970; now for
        /// the leader itself, -1 if unknown (KIP-836).
        ignorable 1+ last_caught_up_timestamp: i64 = -1,
    }
}
wire_struct! {
    /// Where one controller listens.
    pub struct Node {
        /// Node id.
        2+ node_id: i32,
        /// Every listener of the controller.
        2+ listeners: Vec<Listener>,
    }
}
wire_struct! {
    /// One listener.
    pub struct Listener {
        /// Name of the listener, such as `CONTROLLER`.
        2+ name: String,
        /// Host name or address.
        2+ host: String,
        /// TCP port.
        2+ port: u16,
    }
}

#[cfg(test)]
mod tests;
