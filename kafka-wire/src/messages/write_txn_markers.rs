//! `WriteTxnMarkers` (key 27): writes the end of transactions into the logs of their partitions (KIP-98).
//!
//! Versions: 1 is the oldest left, and flexible; 2 tells the version of the transaction (KIP-1228).
//! Coordinators send it to leaders; a client needs it only to end a hanging transaction (KIP-664).
//!
//! Schemas: `WriteTxnMarkersRequest.json`, `WriteTxnMarkersResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Ends of any number of transactions.
    pub struct WriteTxnMarkersRequest {
        /// One entry per transaction.
        0+ markers: Vec<WritableTxnMarker>,
    }
}
impl Request for WriteTxnMarkersRequest {
    const KEY: i16 = 27;
    const VERSIONS: RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_SINCE: i16 = 1;
    type Response = WriteTxnMarkersResponse;
}
wire_struct! {
    /// The end of one transaction.
    pub struct WritableTxnMarker {
        /// Producer id of the transaction.
        0+ producer_id: i64,
        /// Its epoch.
        0+ producer_epoch: i16,
        /// True commits, false rolls back.
        0+ transaction_result: bool,
        /// Partitions to write the marker to, by topic.
        0+ topics: Vec<WritableTxnMarkerTopic>,
        /// Epoch of the coordinator that decided; a leader that has seen a higher one refuses the marker.
        0+ coordinator_epoch: i32,
        /// Version of the transaction: 0 and 1 before KIP-890, 2 since then, where the epoch must be above
        /// that of the records (KIP-1228).
        ignorable 2+ transaction_version: i8,
    }
}
wire_struct! {
    /// Partitions of one topic.
    pub struct WritableTxnMarkerTopic {
        /// Topic.
        0+ name: String,
        /// Partition numbers.
        0+ partition_indexes: Vec<i32>,
    }
}
wire_struct! {
    /// Which markers were written.
    pub struct WriteTxnMarkersResponse {
        /// One entry per transaction of the request.
        0+ markers: Vec<WritableTxnMarkerResult>,
    }
}
wire_struct! {
    /// Outcome of one transaction.
    pub struct WritableTxnMarkerResult {
        /// Producer id of the transaction.
        0+ producer_id: i64,
        /// One entry per topic.
        0+ topics: Vec<WritableTxnMarkerTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct WritableTxnMarkerTopicResult {
        /// Topic.
        0+ name: String,
        /// One entry per partition.
        0+ partitions: Vec<WritableTxnMarkerPartitionResult>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct WritableTxnMarkerPartitionResult {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why the marker was not written.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
