//! `ConsumerGroupDescribe` (key 69): members and state of groups of the new protocol (KIP-848).
//!
//! Versions: 1 tells members that still speak the classic protocol (KIP-1099).
//!
//! Schemas: `ConsumerGroupDescribeRequest.json`, `ConsumerGroupDescribeResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Groups to describe.
    pub struct ConsumerGroupDescribeRequest {
        /// Group ids.
        0+ group_ids: Vec<String>,
        /// Whether to compute `authorized_operations` (KIP-430).
        0+ include_authorized_operations: bool,
    }
}
impl Request for ConsumerGroupDescribeRequest {
    const KEY: i16 = 69;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ConsumerGroupDescribeResponse;
}
wire_struct! {
    /// The descriptions.
    pub struct ConsumerGroupDescribeResponse {
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
        /// `Empty`, `Assigning`, `Reconciling`, `Stable` or `Dead`; empty with an error.
        0+ group_state: String,
        /// Rises with every change of members or subscriptions.
        0+ group_epoch: i32,
        /// Group epoch the target assignment was made for; below `group_epoch` a new one is due.
        0+ assignment_epoch: i32,
        /// Assignor in use, such as `uniform`.
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
        /// Static member's name; null for a dynamic member.
        0+ instance_id: Option<String>,
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
        /// Topics it wants, by pattern; null for none.
        0+ subscribed_topic_regex: Option<String>,
        /// Partitions it has.
        0+ assignment: Assignment,
        /// Partitions it should have in the end.
        0+ target_assignment: Assignment,
        /// 0 speaks the classic protocol, 1 the new one, -1 unknown (KIP-1099).
        ignorable 1+ member_type: i8 = -1,
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
