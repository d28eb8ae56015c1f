//! `ListOffsets` (key 2): finds offsets by time, or the ends of a log.
//!
//! Versions: 1 returns one offset and its timestamp (KIP-79); 2 has isolation levels (KIP-98); 4 leader
//! epochs (KIP-320); 6 is flexible; 7 finds the largest timestamp (KIP-734); 8, 9 and 11 ask about tiered
//! logs (KIP-405, KIP-1005, KIP-1023); 10 bounds the wait for remote storage (KIP-1075).
//!
//! Schemas: `ListOffsetsRequest.json`, `ListOffsetsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Timestamps to look up.
    pub struct ListOffsetsRequest {
        /// Node id of an asking broker; -1 for a consumer.
        0+ replica_id: i32,
        /// 0 takes the high watermark as the end of the log, 1 the last stable offset (KIP-98).
        2+ isolation_level: i8,
        /// What to look up, by topic.
        0+ topics: Vec<ListOffsetsTopic>,
        /// How long the broker may take to ask remote storage, in milliseconds (KIP-1075).
        ignorable 10+ timeout_ms: i32,
    }
}
impl Request for ListOffsetsRequest {
    const KEY: i16 = 2;
    const VERSIONS: RangeInclusive<i16> = 1..=11;
    const FLEXIBLE_SINCE: i16 = 6;
    type Response = ListOffsetsResponse;
}
wire_struct! {
    /// Questions about one topic.
    pub struct ListOffsetsTopic {
        /// Topic.
        0+ name: String,
        /// What to look up, by partition.
        0+ partitions: Vec<ListOffsetsPartition>,
    }
}
wire_struct! {
    /// A question about one partition.
    pub struct ListOffsetsPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// Leader epoch the sender knows; the broker refuses it if it is not its own. -1 skips the check
        /// (KIP-320).
        ignorable 4+ current_leader_epoch: i32 = -1,
        /// Milliseconds since 1970: the first offset at or after it. Or -1 the end, -2 the start, -3 the
        /// record with the largest timestamp, -4 the start of the local part, -5 the end of the tiered part,
        /// -6 the first offset not uploaded yet.
        0+ timestamp: i64,
    }
}
wire_struct! {
    /// The offsets found.
    pub struct ListOffsetsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 2+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<ListOffsetsTopicResponse>,
    }
}
wire_struct! {
    /// Answers about one topic.
    pub struct ListOffsetsTopicResponse {
        /// Topic.
        0+ name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<ListOffsetsPartitionResponse>,
    }
}
wire_struct! {
    /// The answer about one partition.
    pub struct ListOffsetsPartitionResponse {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why the look-up failed.
        0+ error_code: ErrorCode,
        /// Timestamp of the record at `offset`, in milliseconds since 1970; -1 if an end of the log was asked
        /// for or nothing was found.
        1+ timestamp: i64 = -1,
        /// Offset found; -1 if no record is that young.
        1+ offset: i64 = -1,
        /// Leader epoch of the record at `offset`; -1 if unknown (KIP-320).
        4+ leader_epoch: i32 = -1,
    }
}

#[cfg(test)]
mod tests;
