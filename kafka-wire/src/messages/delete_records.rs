//! `DeleteRecords` (key 21): deletes the records of partitions up to an offset (KIP-107); only their leader
//! can.
//!
//! Versions: 1 is answered before the broker throttles (KIP-219); 2 is flexible.
//!
//! Schemas: `DeleteRecordsRequest.json`, `DeleteRecordsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Where the partitions are to begin.
    pub struct DeleteRecordsRequest {
        /// Partitions to shorten, by topic.
        0+ topics: Vec<DeleteRecordsTopic>,
        /// How long to wait until all replicas have followed, in milliseconds; then the partition's error is
        /// `REQUEST_TIMED_OUT`.
        0+ timeout_ms: i32,
    }
}
impl Request for DeleteRecordsRequest {
    const KEY: i16 = 21;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = DeleteRecordsResponse;
}
wire_struct! {
    /// The partitions of one topic to shorten.
    pub struct DeleteRecordsTopic {
        /// Topic.
        0+ name: String,
        /// Partitions to shorten.
        0+ partitions: Vec<DeleteRecordsPartition>,
    }
}
wire_struct! {
    /// How far to delete in one partition.
    pub struct DeleteRecordsPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// First offset to keep; -1 for the high watermark, which deletes everything that all in-sync
        /// replicas have.
        0+ offset: i64,
    }
}
wire_struct! {
    /// Where the partitions begin now.
    pub struct DeleteRecordsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ topics: Vec<DeleteRecordsTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct DeleteRecordsTopicResult {
        /// Topic.
        0+ name: String,
        /// One entry per partition of the request.
        0+ partitions: Vec<DeleteRecordsPartitionResult>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct DeleteRecordsPartitionResult {
        /// Partition number.
        0+ partition_index: i32,
        /// Lowest log start of all its replicas in service: nothing below can be read again; -1 with an
        /// error.
        0+ low_watermark: i64,
        /// 0, or why nothing was deleted, or not on all replicas.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
