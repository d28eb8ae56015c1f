//! `ShareAcknowledge` (key 79): tells what became of records of a share group, without reading more
//! (KIP-932).
//!
//! Versions: 1 is the first stable one; 0 was early access in Kafka 4.0, and 4.1 dropped it; 2 can renew
//! locks, and tells how long they hold (KIP-1222).
//!
//! Schemas: `ShareAcknowledgeRequest.json`, `ShareAcknowledgeResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// What became of the records a member was handed.
    pub struct ShareAcknowledgeRequest {
        /// Share group; null, the default, names none.
        0+ group_id: Option<String>,
        /// Member that acknowledges; null names none.
        0+ member_id: Option<String>,
        /// Count of requests in the session, shared with `ShareFetch`; -1 closes it and releases what is
        /// still locked. 0 is refused, as only a fetch opens a session.
        0+ share_session_epoch: i32,
        /// Whether type 4 stands in `acknowledge_types` (KIP-1222).
        2+ is_renew_ack: bool,
        /// What to acknowledge, by topic.
        0+ topics: Vec<AcknowledgeTopic>,
    }
}
impl Request for ShareAcknowledgeRequest {
    const KEY: i16 = 79;
    const VERSIONS: RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ShareAcknowledgeResponse;
}
wire_struct! {
    /// Acknowledgements in one topic.
    pub struct AcknowledgeTopic {
        /// Topic.
        0+ topic_id: Uuid,
        /// What to acknowledge, by partition; each once.
        0+ partitions: Vec<AcknowledgePartition>,
    }
}
wire_struct! {
    /// Acknowledgements in one partition.
    pub struct AcknowledgePartition {
        /// Partition number.
        0+ partition_index: i32,
        /// What became of the records, by runs of offsets.
        0+ acknowledgement_batches: Vec<AcknowledgementBatch>,
    }
}
wire_struct! {
    /// What became of a run of records.
    pub struct AcknowledgementBatch {
        /// Offset of the first record.
        0+ first_offset: i64,
        /// Offset of the last record, which is included.
        0+ last_offset: i64,
        /// One entry for each offset, or a single one for all: 0 gap (no record there), 1 accept, 2 release
        /// (hand it out again), 3 reject (never again), 4 renew (hold the lock for longer; from version 2,
        /// KIP-1222).
        0+ acknowledge_types: Vec<i8>,
    }
}
wire_struct! {
    /// Which acknowledgements were taken.
    pub struct ShareAcknowledgeResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or what is wrong with the request as a whole, such as an unknown session.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// How long a renewed lock holds, in milliseconds (KIP-1222).
        ignorable 2+ acquisition_lock_timeout_ms: i32,
        /// One entry per topic of the request.
        0+ responses: Vec<ShareAcknowledgeTopicResponse>,
        /// Addresses of the leaders that `current_leader` names, so that no metadata request is needed.
        0+ node_endpoints: Vec<NodeEndpoint>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct ShareAcknowledgeTopicResponse {
        /// Topic.
        0+ topic_id: Uuid,
        /// One entry per partition of the request.
        0+ partitions: Vec<PartitionData>,
    }
}
wire_struct! {
    /// Outcome of one partition.
    pub struct PartitionData {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why the acknowledgements were refused; `INVALID_RECORD_STATE` if the lock was lost.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Who leads now; counts only with `NOT_LEADER_OR_FOLLOWER`.
        0+ current_leader: LeaderIdAndEpoch,
    }
}
wire_struct! {
    /// A partition's leader as the answering broker knows it.
    pub struct LeaderIdAndEpoch {
        /// Node id; -1 if unknown, though brokers leave 0 where the leader does not count.
        0+ leader_id: i32,
        /// Epoch of that leadership; without meaning if the leader does not count.
        0+ leader_epoch: i32,
    }
}
wire_struct! {
    /// Where a broker listens.
    pub struct NodeEndpoint {
        /// Node id.
        0+ node_id: i32,
        /// Host name or address.
        0+ host: String,
        /// TCP port.
        0+ port: i32,
        /// Rack the broker stands in; null if it was given none.
        0+ rack: Option<String>,
    }
}

#[cfg(test)]
mod tests;
