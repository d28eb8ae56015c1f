//! `ShareFetch` (key 78): reads records for a member of a share group, locks them for it, and takes back what
//! it says about earlier ones (KIP-932).
//!
//! Versions: 1 is the first stable one; 0 was early access in Kafka 4.0, and 4.1 dropped it; 2 can hold to
//! `max_records` to the letter (KIP-1206) and renew locks (KIP-1222).
//!
//! Schemas: `ShareFetchRequest.json`, `ShareFetchResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Which partitions to read, how much of them, and what became of the records before.
    pub struct ShareFetchRequest {
        /// Share group; null, the default, names none.
        0+ group_id: Option<String>,
        /// Member that reads; null names none.
        0+ member_id: Option<String>,
        /// Count of requests in the session: 0 opens one and may acknowledge nothing, -1 closes it and
        /// releases what is still locked.
        0+ share_session_epoch: i32,
        /// Longest time the broker may wait for `min_bytes` to gather, in milliseconds.
        0+ max_wait_ms: i32,
        /// The broker answers at once when this many bytes are there; 0 and 1 do not wait for more.
        0+ min_bytes: i32,
        /// Soft limit of the whole answer; the first batch is sent even if it is larger (KIP-74).
        0+ max_bytes: i32 = i32::MAX,
        /// Most records to lock; a soft limit that gives way to whole batches, unless `share_acquire_mode`
        /// says otherwise.
        1+ max_records: i32,
        /// Number of records wished for in each entry of `acquired_records`; the broker may cut larger ones.
        1+ batch_size: i32,
        /// How to count `max_records`: 0 lets it be exceeded so that batches stay whole, 1 never exceeds it
        /// (KIP-1206).
        ignorable 2+ share_acquire_mode: i8,
        /// Whether type 4 stands in `acknowledge_types`. If so nothing is read, and the limits on time, bytes
        /// and records must all be 0 (KIP-1222).
        2+ is_renew_ack: bool,
        /// Partitions to read or to acknowledge; in a session those already known need not be repeated.
        0+ topics: Vec<FetchTopic>,
        /// Partitions to drop from the session.
        0+ forgotten_topics_data: Vec<ForgottenTopic>,
    }
}
impl Request for ShareFetchRequest {
    const KEY: i16 = 78;
    const VERSIONS: RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = ShareFetchResponse;
}
wire_struct! {
    /// The partitions of one topic to read or to acknowledge.
    pub struct FetchTopic {
        /// Topic.
        0+ topic_id: Uuid,
        /// Partitions, each once.
        0+ partitions: Vec<FetchPartition>,
    }
}
wire_struct! {
    /// What to do with one partition.
    pub struct FetchPartition {
        /// Partition number.
        0+ partition_index: i32,
        /// What became of records handed out earlier; empty for no news.
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
    /// The partitions of one topic to drop from a session.
    pub struct ForgottenTopic {
        /// Topic.
        0+ topic_id: Uuid,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// The records, by partition, and which of them are the member's.
    pub struct ShareFetchResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or what is wrong with the request as a whole, such as an unknown session.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// How long records stay locked for the member, in milliseconds; after it others may get them.
        1+ acquisition_lock_timeout_ms: i32,
        /// One entry per topic with news.
        0+ responses: Vec<ShareFetchableTopicResponse>,
        /// Addresses of the leaders that `current_leader` names, so that no metadata request is needed.
        0+ node_endpoints: Vec<NodeEndpoint>,
    }
}
wire_struct! {
    /// What one topic had.
    pub struct ShareFetchableTopicResponse {
        /// Topic.
        0+ topic_id: Uuid,
        /// One entry per partition with news.
        0+ partitions: Vec<PartitionData>,
    }
}
wire_struct! {
    /// What one partition had.
    pub struct PartitionData {
        /// Partition number.
        0+ partition_index: i32,
        /// 0, or why nothing was read.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// 0, or why the acknowledgements were refused; `INVALID_RECORD_STATE` if the lock was lost.
        0+ acknowledge_error_code: ErrorCode,
        /// That error in words; null without one.
        0+ acknowledge_error_message: Option<String>,
        /// Who leads now; counts only with `NOT_LEADER_OR_FOLLOWER`.
        0+ current_leader: LeaderIdAndEpoch,
        /// Record batches one after the other, with more in them than the member may use: see
        /// `acquired_records`. Null in version 0 only; opaque here.
        0+ records: Bytes,
        /// The records locked for the member, by offset; others in `records` are not for it.
        0+ acquired_records: Vec<AcquiredRecords>,
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
    /// A run of records locked for the member.
    pub struct AcquiredRecords {
        /// Offset of the first record.
        0+ first_offset: i64,
        /// Offset of the last record, which is included.
        0+ last_offset: i64,
        /// How often the records have been handed out, this time included; 1 for the first time.
        0+ delivery_count: i16,
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
