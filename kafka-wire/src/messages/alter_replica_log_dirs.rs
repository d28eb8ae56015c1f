//! `AlterReplicaLogDirs` (key 34): moves replicas of one broker into other log directories of it (KIP-113).
//!
//! Versions: 1 is the oldest left; 2 is flexible.
//!
//! Schemas: `AlterReplicaLogDirsRequest.json`, `AlterReplicaLogDirsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which replicas go into which directory.
    pub struct AlterReplicaLogDirsRequest {
        /// What to move, by directory.
        0+ dirs: Vec<AlterReplicaLogDir>,
    }
}
impl Request for AlterReplicaLogDirsRequest {
    const KEY: i16 = 34;
    const VERSIONS: RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = AlterReplicaLogDirsResponse;
}
wire_struct! {
    /// Replicas for one directory.
    pub struct AlterReplicaLogDir {
        /// Absolute path of the directory on the broker.
        0+ path: String,
        /// Replicas to move there, by topic.
        0+ topics: Vec<AlterReplicaLogDirTopic>,
    }
}
wire_struct! {
    /// Replicas of one topic.
    pub struct AlterReplicaLogDirTopic {
        /// Topic.
        0+ name: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// Which moves have begun; `DescribeLogDirs` tells how far they are.
    pub struct AlterReplicaLogDirsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ results: Vec<AlterReplicaLogDirTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct AlterReplicaLogDirTopicResult {
        /// Topic.
        0+ topic_name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<AlterReplicaLogDirPartitionResult>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct AlterReplicaLogDirPartitionResult {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why it does not move, such as `LOG_DIR_NOT_FOUND`.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
