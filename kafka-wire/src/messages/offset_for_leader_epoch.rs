//! `OffsetForLeaderEpoch` (key 23): where a leader epoch ends in the leader's log, to find out if a reader
//! was cut off (KIP-101, KIP-320).
//!
//! Versions: 2 fences by leader epoch (KIP-320); 3 tells consumers from followers (KIP-392); 4 is flexible.
//!
//! Schemas: `OffsetForLeaderEpochRequest.json`, `OffsetForLeaderEpochResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Epochs to look up.
    pub struct OffsetForLeaderEpochRequest {
        /// Node id of an asking broker; -1 for a consumer, -2, as versions below 3 behave, for a tool that
        /// may look past the high watermark.
        ignorable 3+ replica_id: i32 = -2,
        /// What to look up, by topic.
        0+ topics: Vec<OffsetForLeaderTopic>,
    }
}
impl Request for OffsetForLeaderEpochRequest {
    const KEY: i16 = 23;
    const VERSIONS: RangeInclusive<i16> = 2..=4;
    const FLEXIBLE_SINCE: i16 = 4;
    type Response = OffsetForLeaderEpochResponse;
}
wire_struct! {
    /// Questions about one topic.
    pub struct OffsetForLeaderTopic {
        /// Topic.
        0+ topic: String,
        /// What to look up, by partition.
        0+ partitions: Vec<OffsetForLeaderPartition>,
    }
}
wire_struct! {
    /// A question about one partition.
    pub struct OffsetForLeaderPartition {
        /// Partition number.
        0+ partition: i32,
        /// Leader epoch the sender knows; the broker refuses it if it is not its own. -1 skips the check
        /// (KIP-320).
        ignorable 2+ current_leader_epoch: i32 = -1,
        /// Epoch whose end is wanted: that of the last record read.
        0+ leader_epoch: i32,
    }
}
wire_struct! {
    /// Where the epochs end.
    pub struct OffsetForLeaderEpochResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 2+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<OffsetForLeaderTopicResult>,
    }
}
wire_struct! {
    /// Answers about one topic.
    pub struct OffsetForLeaderTopicResult {
        /// Topic.
        0+ topic: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<EpochEndOffset>,
    }
}
wire_struct! {
    /// The answer about one partition.
    pub struct EpochEndOffset {
        /// 0, or why the look-up failed.
        0+ error_code: ErrorCode,
        /// Partition number.
        0+ partition: i32,
        /// Largest epoch in the log that is not above the one asked for; -1 if there is none.
        ignorable 1+ leader_epoch: i32 = -1,
        /// Offset after the last record of that epoch; -1 if there is none. A position beyond it was
        /// truncated.
        0+ end_offset: i64 = -1,
    }
}

#[cfg(test)]
mod tests;
