//! `Produce` (key 0): hands record batches to the leaders of partitions.
//!
//! Versions: 3 is the first with record batch v2 and transactions (KIP-98); 7 allows zstd (KIP-110); 8 says
//! which record spoiled a batch (KIP-467); 9 is flexible; 10 names the new leader on `NOT_LEADER_OR_FOLLOWER`
//! (KIP-951); 11 and 12 belong to transactions v2 (KIP-890); 13 speaks topic ids instead of names (KIP-516).
//!
//! Schemas: `ProduceRequest.json`, `ProduceResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Batches for any number of partitions that one broker leads.
    pub struct ProduceRequest {
        /// Id of the transaction the batches belong to; null outside of one.
        3+ transactional_id: Option<String>,
        /// Who must have the records before the broker answers: 0 nobody (then no answer is sent at all), 1
        /// the leader, -1 every replica in sync.
        0+ acks: i16,
        /// How long the leader waits for the other replicas, in milliseconds; counts only when `acks` is -1.
        0+ timeout_ms: i32,
        /// What to append, by topic.
        0+ topic_data: Vec<TopicProduceData>,
    }
}
impl Request for ProduceRequest {
    const KEY: i16 = 0;
    const VERSIONS: RangeInclusive<i16> = 3..=13;
    const FLEXIBLE_SINCE: i16 = 9;
    type Response = ProduceResponse;
}
wire_struct! {
    /// The batches of one topic.
    pub struct TopicProduceData {
        /// Topic, by name; gives way to `topic_id` in version 13.
        ignorable 0-12 name: String,
        /// Topic, by id (KIP-516).
        ignorable 13+ topic_id: Uuid,
        /// What to append, by partition.
        0+ partition_data: Vec<PartitionProduceData>,
    }
}
wire_struct! {
    /// The batch of one partition.
    pub struct PartitionProduceData {
        /// Partition number.
        0+ index: i32,
        /// Exactly one record batch since record batch v2, as `records` builds it; opaque here.
        0+ records: Option<Bytes>,
    }
}
wire_struct! {
    /// Where the batches went, or why they did not.
    pub struct ProduceResponse {
        /// One entry per topic of the request.
        0+ responses: Vec<TopicProduceResponse>,
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
    } tagged {
        /// Addresses of the leaders that `current_leader` names, so that no metadata request is needed
        /// (KIP-951).
        0: 10+ node_endpoints: Vec<NodeEndpoint>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct TopicProduceResponse {
        /// Topic, by name; gives way to `topic_id` in version 13.
        ignorable 0-12 name: String,
        /// Topic, by id (KIP-516).
        ignorable 13+ topic_id: Uuid,
        /// One entry per partition of the request.
        0+ partition_responses: Vec<PartitionProduceResponse>,
    }
}
wire_struct! {
    /// Outcome of one batch.
    pub struct PartitionProduceResponse {
        /// Partition number.
        0+ index: i32,
        /// 0, or why the batch was refused; after some codes it may be in the log all the same.
        0+ error_code: ErrorCode,
        /// Offset given to the first record of the batch; -1 when it was refused.
        0+ base_offset: i64,
        /// When the broker appended the batch, in milliseconds since 1970; -1 if the topic keeps the
        /// producer's timestamps.
        ignorable 2+ log_append_time_ms: i64 = -1,
        /// First offset still in the log; -1 if unknown. Tells expired data from lost data after
        /// `UNKNOWN_PRODUCER_ID`.
        ignorable 5+ log_start_offset: i64 = -1,
        /// The records that spoiled the batch; empty if the broker does not blame single ones (KIP-467).
        ignorable 8+ record_errors: Vec<BatchIndexAndErrorMessage>,
        /// The error in words; null without one (KIP-467).
        ignorable 8+ error_message: Option<String>,
    } tagged {
        /// Who leads now, set with `NOT_LEADER_OR_FOLLOWER` (KIP-951).
        0: 10+ current_leader: LeaderIdAndEpoch,
    }
}
wire_struct! {
    /// One record the broker refused, and the whole batch with it.
    pub struct BatchIndexAndErrorMessage {
        /// Position in the batch, from 0.
        8+ batch_index: i32,
        /// What is wrong with the record; null if the broker keeps it to itself.
        8+ batch_index_error_message: Option<String>,
    }
}
wire_struct! {
    /// A partition's leader as the answering broker knows it.
    pub struct LeaderIdAndEpoch {
        /// Node id; -1 if there is no leader or none is known.
        10+ leader_id: i32 = -1,
        /// Epoch of that leadership; -1 if unknown.
        10+ leader_epoch: i32 = -1,
    }
}
wire_struct! {
    /// Where a broker listens.
    pub struct NodeEndpoint {
        /// Node id.
        10+ node_id: i32,
        /// Host name or address.
        10+ host: String,
        /// TCP port.
        10+ port: i32,
        /// Rack the broker stands in; null if it was given none.
        10+ rack: Option<String>,
    }
}

#[cfg(test)]
mod tests;
