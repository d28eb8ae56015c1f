//! `DescribeLogDirs` (key 35): tells what lies in the log directories of one broker, and how full they are
//! (KIP-113).
//!
//! Versions: 1 is the oldest left; 2 is flexible; 3 can refuse as a whole; 4 tells the size of the volumes
//! (KIP-827); 5 marks cordoned directories (KIP-1066).
//!
//! Schemas: `DescribeLogDirsRequest.json`, `DescribeLogDirsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Which partitions to look for.
    pub struct DescribeLogDirsRequest {
        /// Partitions, by topic; null, the default, for all the broker has.
        0+ topics: Option<Vec<DescribableLogDirTopic>>,
    }
}
impl Request for DescribeLogDirsRequest {
    const KEY: i16 = 35;
    const VERSIONS: RangeInclusive<i16> = 1..=5;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = DescribeLogDirsResponse;
}
wire_struct! {
    /// Partitions of one topic.
    pub struct DescribableLogDirTopic {
        /// Topic.
        0+ topic: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// The log directories of the broker that was asked.
    pub struct DescribeLogDirsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why they cannot be described. Versions below 3 leave `results` empty instead.
        ignorable 3+ error_code: ErrorCode,
        /// One entry per directory.
        0+ results: Vec<DescribeLogDirsResult>,
    }
}
wire_struct! {
    /// One log directory.
    pub struct DescribeLogDirsResult {
        /// 0, or what is wrong with it; `KAFKA_STORAGE_ERROR` if it is offline.
        0+ error_code: ErrorCode,
        /// Its absolute path on the broker.
        0+ log_dir: String,
        /// Wanted partitions that lie in it, by topic.
        0+ topics: Vec<DescribeLogDirsTopic>,
        /// Size of its volume, in bytes, without remote storage; -1 if unknown (KIP-827).
        ignorable 4+ total_bytes: i64 = -1,
        /// Free space of its volume, in bytes, without remote storage; -1 if unknown (KIP-827).
        ignorable 4+ usable_bytes: i64 = -1,
        /// Whether it takes no new partitions (KIP-1066).
        ignorable 5+ is_cordoned: bool,
    }
}
wire_struct! {
    /// Logs of one topic.
    pub struct DescribeLogDirsTopic {
        /// Topic.
        0+ name: String,
        /// One entry per log.
        0+ partitions: Vec<DescribeLogDirsPartition>,
    }
}
wire_struct! {
    /// The log of one partition.
    pub struct DescribeLogDirsPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// Size of its segments, in bytes.
        0+ partition_size: i64,
        /// How many offsets it is behind: the log in use behind the high watermark, a future log behind the
        /// one in use; -1 if unknown.
        0+ offset_lag: i64,
        /// Whether it is a future log: a copy that `AlterReplicaLogDirs` began, which replaces the one in use
        /// when it has caught up.
        0+ is_future_key: bool,
    }
}

#[cfg(test)]
mod tests;
