//! `ConsumerGroupHeartbeat` (key 68): joins, stays in and leaves a group of the new protocol, where the
//! broker assigns (KIP-848).
//!
//! Versions: 1 subscribes by pattern and lets the client choose its member id (KIP-1082).
//!
//! Schemas: `ConsumerGroupHeartbeatRequest.json`, `ConsumerGroupHeartbeatResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// State of the member; what has not changed since the last answer is left out.
    pub struct ConsumerGroupHeartbeatRequest {
        /// Group.
        0+ group_id: String,
        /// Id of the member for its whole life; in version 0 empty on the first try.
        0+ member_id: String,
        /// Epoch the member is in; 0 joins, -1 leaves, -2 leaves for a while as a static member.
        0+ member_epoch: i32,
        /// Static member's name; null for a dynamic member, or if unchanged.
        0+ instance_id: Option<String>,
        /// Rack of the consumer; null for none, or if unchanged.
        0+ rack_id: Option<String>,
        /// How long the member may take to give up partitions, in milliseconds; -1 if unchanged.
        0+ rebalance_timeout_ms: i32 = -1,
        /// Topics, by name; null if unchanged.
        0+ subscribed_topic_names: Option<Vec<String>>,
        /// Topics, by RE2 pattern; null if unchanged, empty to unsubscribe.
        1+ subscribed_topic_regex: Option<String>,
        /// Assignor the broker should use; null for its choice, or if unchanged.
        0+ server_assignor: Option<String>,
        /// Partitions the member has now; null if unchanged.
        0+ topic_partitions: Option<Vec<TopicPartitions>>,
    }
}
impl Request for ConsumerGroupHeartbeatRequest {
    const KEY: i16 = 68;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ConsumerGroupHeartbeatResponse;
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicPartitions {
        /// Topic.
        0+ topic_id: Uuid,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// State of the member as the broker wants it.
    pub struct ConsumerGroupHeartbeatResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or what is wrong; `FENCED_MEMBER_EPOCH` means give up all partitions and join again.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Id of the member; null with an error.
        0+ member_id: Option<String>,
        /// Epoch to go on with.
        0+ member_epoch: i32,
        /// When the next heartbeat is due, in milliseconds.
        0+ heartbeat_interval_ms: i32,
        /// Partitions the member should have; null if unchanged.
        0+ assignment: Option<Assignment>,
    }
}
wire_struct! {
    /// The share of one member.
    pub struct Assignment {
        /// Partitions it may read at once.
        0+ topic_partitions: Vec<TopicPartitions>,
    }
}

#[cfg(test)]
mod tests;
