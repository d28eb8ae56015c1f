//! `ShareGroupDescribe` (key 77): describes members and state of share groups (KIP-932).
//!
//! Versions: 1 is the first stable one, and the only one; 0 was early access in Kafka 4.0, and 4.1 dropped
//! it.
//!
//! Schemas: `ShareGroupDescribeRequest.json`, `ShareGroupDescribeResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Groups to describe.
    pub struct ShareGroupDescribeRequest {
        /// Group ids.
        0+ group_ids: Vec<String>,
        /// Whether to compute `authorized_operations` (KIP-430).
        0+ include_authorized_operations: bool,
    }
}
impl Request for ShareGroupDescribeRequest {
    const KEY: i16 = 77;
    const VERSIONS: RangeInclusive<i16> = 1..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ShareGroupDescribeResponse;
}
wire_struct! {
    /// The descriptions.
    pub struct ShareGroupDescribeResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per group of the request.
        0+ groups: Vec<DescribedGroup>,
    }
}
wire_struct! {
    /// One group.
    pub struct DescribedGroup {
        /// 0, or why it cannot be described.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Group id.
        0+ group_id: String,
        /// `Empty`, `Stable` or `Dead`; empty with an error.
        0+ group_state: String,
        /// Rises with every change of members or subscriptions.
        0+ group_epoch: i32,
        /// Group epoch the assignment was made for; below `group_epoch` a new one is due.
        0+ assignment_epoch: i32,
        /// Assignor in use, such as `simple`.
        0+ assignor_name: String,
        /// Every member.
        0+ members: Vec<Member>,
        /// Bit n is set if the sender may do the ACL operation with code n to the group; `i32::MIN` if not
        /// asked for (KIP-430).
        0+ authorized_operations: i32 = i32::MIN,
    }
}
wire_struct! {
    /// One member.
    pub struct Member {
        /// Member id.
        0+ member_id: String,
        /// Rack of the consumer; null for none.
        0+ rack_id: Option<String>,
        /// Epoch the member has reached.
        0+ member_epoch: i32,
        /// Client id it last sent.
        0+ client_id: String,
        /// Address it last sent from.
        0+ client_host: String,
        /// Topics it wants, by name.
        0+ subscribed_topic_names: Vec<String>,
        /// Partitions it has.
        0+ assignment: Assignment,
    }
}
wire_struct! {
    /// Partitions of one member.
    pub struct Assignment {
        /// Partitions, by topic.
        0+ topic_partitions: Vec<TopicPartitions>,
    }
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicPartitions {
        /// Topic, by id.
        0+ topic_id: Uuid,
        /// The same topic, by name.
        0+ topic_name: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}

#[cfg(test)]
mod tests;
