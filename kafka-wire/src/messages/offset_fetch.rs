//! `OffsetFetch` (key 9): asks how far groups have read.
//!
//! Versions: 1 reads from Kafka instead of `ZooKeeper`; 2 can ask for all partitions and answers errors once; 5
//! adds leader epochs (KIP-320); 6 is flexible; 7 waits for open transactions (KIP-447); 8 asks for many
//! groups at once (KIP-709); 9 serves the new group protocol (KIP-848); 10 speaks topic ids.
//!
//! Schemas: `OffsetFetchRequest.json`, `OffsetFetchResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Groups, and the partitions of interest.
    pub struct OffsetFetchRequest {
        /// Group; from version 8 on in `groups`.
        0-7 group_id: String,
        /// Partitions of interest; null for every one with an offset (from version 2). From version 8 on in
        /// `groups`.
        0-7 topics: Option<Vec<OffsetFetchRequestTopic>> where null 2-7,
        /// One entry per group (KIP-709).
        8+ groups: Vec<OffsetFetchRequestGroup>,
        /// Whether a partition with an undecided transactional commit is refused with
        /// `UNSTABLE_OFFSET_COMMIT` (KIP-447).
        7+ require_stable: bool,
    }
}
impl Request for OffsetFetchRequest {
    const KEY: i16 = 9;
    const VERSIONS: RangeInclusive<i16> = 1..=10;
    const FLEXIBLE_SINCE: i16 = 6;
    type Response = OffsetFetchResponse;
}
wire_struct! {
    /// Partitions of one topic, up to version 7.
    pub struct OffsetFetchRequestTopic {
        /// Topic.
        0-7 name: String,
        /// Partition numbers.
        0-7 partition_indexes: Vec<i32>,
    }
}
wire_struct! {
    /// Questions about one group.
    pub struct OffsetFetchRequestGroup {
        /// Group.
        8+ group_id: String,
        /// Member that asks, checked together with its epoch; null from outside the group (KIP-848).
        ignorable 9+ member_id: Option<String>,
        /// Epoch of that member; -1 from outside the group or with the classic protocol (KIP-848).
        ignorable 9+ member_epoch: i32 = -1,
        /// Partitions of interest; null for every one with an offset.
        8+ topics: Option<Vec<OffsetFetchRequestTopics>>,
    }
}
wire_struct! {
    /// Partitions of one topic, from version 8 on.
    pub struct OffsetFetchRequestTopics {
        /// Topic, by name; gives way to `topic_id` in version 10.
        ignorable 8-9 name: String,
        /// Topic, by id (KIP-848).
        ignorable 10+ topic_id: Uuid,
        /// Partition numbers.
        8+ partition_indexes: Vec<i32>,
    }
}
wire_struct! {
    /// The stored positions.
    pub struct OffsetFetchResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 3+ throttle_time_ms: i32,
        /// Positions, by topic; from version 8 on in `groups`.
        0-7 topics: Vec<OffsetFetchResponseTopic>,
        /// 0, or why the group could not be read; from version 8 on in `groups`.
        ignorable 2-7 error_code: ErrorCode,
        /// One entry per group of the request (KIP-709).
        8+ groups: Vec<OffsetFetchResponseGroup>,
    }
}
wire_struct! {
    /// Positions in one topic, up to version 7.
    pub struct OffsetFetchResponseTopic {
        /// Topic.
        0-7 name: String,
        /// Positions, by partition.
        0-7 partitions: Vec<OffsetFetchResponsePartition>,
    }
}
wire_struct! {
    /// Position in one partition, up to version 7.
    pub struct OffsetFetchResponsePartition {
        /// Partition number.
        0-7 partition_index: i32,
        /// Next offset to read; -1 if none is stored.
        0-7 committed_offset: i64,
        /// Leader epoch of the last record read; -1 if unknown (KIP-320).
        ignorable 5-7 committed_leader_epoch: i32 = -1,
        /// The application's note beside the offset; null only from old brokers.
        0-7 metadata: Option<String>,
        /// 0, or why the position could not be read.
        0-7 error_code: ErrorCode,
    }
}
wire_struct! {
    /// Positions of one group.
    pub struct OffsetFetchResponseGroup {
        /// Group.
        8+ group_id: String,
        /// Positions, by topic.
        8+ topics: Vec<OffsetFetchResponseTopics>,
        /// 0, or why the group could not be read.
        8+ error_code: ErrorCode,
    }
}
wire_struct! {
    /// Positions in one topic, from version 8 on.
    pub struct OffsetFetchResponseTopics {
        /// Topic, by name; gives way to `topic_id` in version 10.
        ignorable 8-9 name: String,
        /// Topic, by id (KIP-848).
        ignorable 10+ topic_id: Uuid,
        /// Positions, by partition.
        8+ partitions: Vec<OffsetFetchResponsePartitions>,
    }
}
wire_struct! {
    /// Position in one partition, from version 8 on.
    pub struct OffsetFetchResponsePartitions {
        /// Partition number.
        8+ partition_index: i32,
        /// Next offset to read; -1 if none is stored.
        8+ committed_offset: i64,
        /// Leader epoch of the last record read; -1 if unknown (KIP-320).
        ignorable 8+ committed_leader_epoch: i32 = -1,
        /// The application's note beside the offset; null if it was refused.
        8+ metadata: Option<String>,
        /// 0, or why the position could not be read.
        8+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
