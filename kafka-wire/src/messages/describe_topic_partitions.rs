//! `DescribeTopicPartitions` (key 75): describes topics page by page, with the replicas that may become
//! leader (KIP-966).
//!
//! Versions: 0 only, and flexible.
//!
//! Schemas: `DescribeTopicPartitionsRequest.json`, `DescribeTopicPartitionsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Topics to describe, and the page.
    pub struct DescribeTopicPartitionsRequest {
        /// Topics wanted; empty for all the sender may see.
        0+ topics: Vec<TopicRequest>,
        /// Most partitions in the answer; the broker may have a lower limit of its own.
        0+ response_partition_limit: i32 = 2000,
        /// Where the page begins; null for the first page.
        0+ cursor: Option<Cursor>,
    }
}
impl Request for DescribeTopicPartitionsRequest {
    const KEY: i16 = 75;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DescribeTopicPartitionsResponse;
}
wire_struct! {
    /// A topic.
    pub struct TopicRequest {
        /// Topic.
        0+ name: String,
    }
}
wire_struct! {
    /// Where a page begins; topics go by name, partitions by number.
    pub struct Cursor {
        /// First topic of the page.
        0+ topic_name: String,
        /// First partition of that topic.
        0+ partition_index: i32,
    }
}
wire_struct! {
    /// One page of topics.
    pub struct DescribeTopicPartitionsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 0+ throttle_time_ms: i32,
        /// Topics of this page; a large one may go on in the next.
        0+ topics: Vec<DescribeTopicPartitionsResponseTopic>,
        /// Where the next page begins, to be sent back as `cursor`; null after the last page.
        0+ next_cursor: Option<Cursor>,
    }
}
wire_struct! {
    /// One topic and its partitions on this page.
    pub struct DescribeTopicPartitionsResponseTopic {
        /// 0, or why the topic cannot be described.
        0+ error_code: ErrorCode,
        /// Topic, by name; the schema allows null, but topics are asked for by name.
        0+ name: Option<String>,
        /// Topic, by id; zero with an error (KIP-516).
        ignorable 0+ topic_id: Uuid,
        /// Whether Kafka keeps its own state in it, as in `__consumer_offsets`.
        ignorable 0+ is_internal: bool,
        /// Partitions of this page, by number.
        0+ partitions: Vec<DescribeTopicPartitionsResponsePartition>,
        /// Bit n is set if the sender may do the ACL operation with code n to the topic; `i32::MIN` if
        /// unknown (KIP-430).
        0+ topic_authorized_operations: i32 = i32::MIN,
    }
}
wire_struct! {
    /// Who has one partition.
    pub struct DescribeTopicPartitionsResponsePartition {
        /// 0, or what is amiss, such as `LEADER_NOT_AVAILABLE`.
        0+ error_code: ErrorCode,
        /// Partition number.
        0+ partition_index: i32,
        /// Node id of the leader; -1 if it has none.
        0+ leader_id: i32,
        /// Epoch of that leadership; -1 if unknown (KIP-320).
        ignorable 0+ leader_epoch: i32 = -1,
        /// Node ids that should have the partition, the preferred leader first.
        0+ replica_nodes: Vec<i32>,
        /// Node ids that are in sync with the leader.
        0+ isr_nodes: Vec<i32>,
        /// Node ids that are not in sync, but have every record below the high watermark and may lead without
        /// loss; null if unknown (KIP-966).
        0+ eligible_leader_replicas: Option<Vec<i32>>,
        /// Node ids that were eligible before they shut down uncleanly; null if unknown (KIP-966).
        0+ last_known_elr: Option<Vec<i32>>,
        /// Node ids whose replica is down (KIP-112).
        ignorable 0+ offline_replicas: Vec<i32>,
    }
}

#[cfg(test)]
mod tests;
