//! `ShareGroupHeartbeat` (key 76): joins, stays in and leaves a share group, whose members may read the same
//! partitions side by side (KIP-932).
//!
//! Versions: 1 is the first stable one, and the only one; 0 was early access in Kafka 4.0, and 4.1 dropped
//! it.
//!
//! Schemas: `ShareGroupHeartbeatRequest.json`, `ShareGroupHeartbeatResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// State of the member; what has not changed since the last answer is left out.
    pub struct ShareGroupHeartbeatRequest {
        /// Share group.
        0+ group_id: String,
        /// Id of the member for its whole life, made up by the client.
        0+ member_id: String,
        /// Epoch the member is in; 0 joins, -1 leaves.
        0+ member_epoch: i32,
        /// Rack of the consumer; null for none, or if unchanged.
        0+ rack_id: Option<String>,
        /// Topics, by name; null if unchanged.
        0+ subscribed_topic_names: Option<Vec<String>>,
    }
}
impl Request for ShareGroupHeartbeatRequest {
    const KEY: i16 = 76;
    const VERSIONS: RangeInclusive<i16> = 1..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ShareGroupHeartbeatResponse;
}
wire_struct! {
    /// State of the member as the broker wants it.
    pub struct ShareGroupHeartbeatResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or what is wrong; `UNKNOWN_MEMBER_ID` and `FENCED_MEMBER_EPOCH` mean join again.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Id of the member; null with an error.
        0+ member_id: Option<String>,
        /// Epoch to go on with.
        0+ member_epoch: i32,
        /// When the next heartbeat is due, in milliseconds.
        0+ heartbeat_interval_ms: i32,
        /// Partitions the member should read; null if unchanged.
        0+ assignment: Option<Assignment>,
    }
}
wire_struct! {
    /// The share of one member.
    pub struct Assignment {
        /// Partitions it may read at once; other members may have them too.
        0+ topic_partitions: Vec<TopicPartitions>,
    }
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

#[cfg(test)]
mod tests;
