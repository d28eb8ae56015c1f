//! `Fetch` (key 1): reads record batches from the leader, or the nearest replica, of partitions.
//!
//! Versions: 4 has record batch v2 and isolation levels (KIP-98); 5 the log's start; 7 fetch sessions
//! (KIP-227); 9 fences by leader epoch (KIP-320); 10 allows zstd (KIP-110); 11 reads from followers
//! (KIP-392); 12 is flexible and finds diverging logs (KIP-595); 13 speaks topic ids (KIP-516); 14 knows
//! tiered storage (KIP-405); 15 moves the replica's id (KIP-903); 16 sends endpoints of new leaders
//! (KIP-951); 17 and 18 serve controllers (KIP-853, KIP-1166).
//!
//! Schemas: `FetchRequest.json`, `FetchResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Which partitions to read from where, and how long to wait for how much.
    pub struct FetchRequest {
        /// Node id of a fetching follower; -1 for a consumer. Moved into `replica_state` in version 15.
        0-14 replica_id: i32 = -1,
        /// Longest time the broker may wait for `min_bytes` to gather, in milliseconds.
        0+ max_wait_ms: i32,
        /// The broker answers at once when this many bytes are there; 0 and 1 do not wait for more.
        0+ min_bytes: i32,
        /// Soft limit of the whole answer; the first batch is sent even if it is larger (KIP-74).
        ignorable 3+ max_bytes: i32 = i32::MAX,
        /// 0 shows records of open transactions, 1 stops at the last stable offset and lists aborted ones
        /// (KIP-98).
        ignorable 4+ isolation_level: i8,
        /// Fetch session to continue; 0 for a new one or none (KIP-227).
        ignorable 7+ session_id: i32,
        /// Count of requests in the session: 0 asks for a new session, -1 for none or to close one (KIP-227).
        ignorable 7+ session_epoch: i32 = -1,
        /// Partitions to read; in a session only those that changed.
        0+ topics: Vec<FetchTopic>,
        /// Partitions to drop from the session (KIP-227).
        7+ forgotten_topics_data: Vec<ForgottenTopic>,
        /// Rack of the consumer, so that the leader can point to a near replica; empty for none (KIP-392).
        ignorable 11+ rack_id: String,
    } tagged {
        /// Cluster the sender believes it talks to; null skips the check. Controllers use it (KIP-595).
        ignorable 0: 12+ cluster_id: Option<String>,
        /// Who the fetching follower is; left at its default by a consumer (KIP-903).
        1: 15+ replica_state: ReplicaState,
    }
}
impl Request for FetchRequest {
    const KEY: i16 = 1;
    const VERSIONS: RangeInclusive<i16> = 4..=18;
    const FLEXIBLE_SINCE: i16 = 12;
    type Response = FetchResponse;
}
wire_struct! {
    /// A follower that fetches for replication.
    pub struct ReplicaState {
        /// Node id of the follower; -1 for a consumer.
        15+ replica_id: i32 = -1,
        /// Broker epoch of the follower; -1 if unknown. Keeps a restarted broker out of the in-sync set until
        /// it has caught up (KIP-903).
        15+ replica_epoch: i64 = -1,
    }
}
wire_struct! {
    /// The partitions of one topic to read.
    pub struct FetchTopic {
        /// Topic, by name; gives way to `topic_id` in version 13.
        ignorable 0-12 topic: String,
        /// Topic, by id (KIP-516).
        ignorable 13+ topic_id: Uuid,
        /// Partitions to read, served in this order.
        0+ partitions: Vec<FetchPartition>,
    }
}
wire_struct! {
    /// Where to read one partition.
    pub struct FetchPartition {
        /// Partition number.
        0+ partition: i32,
        /// Leader epoch the sender knows; the broker refuses it if it is not its own. -1 skips the check
        /// (KIP-320).
        ignorable 9+ current_leader_epoch: i32 = -1,
        /// First offset wanted.
        0+ fetch_offset: i64,
        /// Leader epoch of the last record the sender has, to find out if its log diverges; -1 for none
        /// (KIP-595).
        12+ last_fetched_epoch: i32 = -1,
        /// Start of a follower's own log; -1 from a consumer.
        ignorable 5+ log_start_offset: i64 = -1,
        /// Soft limit for this partition; the first batch is sent even if it is larger (KIP-74).
        0+ partition_max_bytes: i32,
    } tagged {
        /// Directory the fetching replica keeps its log in; zero from a consumer (KIP-853).
        ignorable 0: 17+ replica_directory_id: Uuid,
        /// High watermark a follower knows, -1 if it knows none; the maximum, the default, says it does not
        /// take part (KIP-1166).
        ignorable 1: 18+ high_watermark: i64 = i64::MAX,
    }
}
wire_struct! {
    /// The partitions of one topic to drop from a session.
    pub struct ForgottenTopic {
        /// Topic, by name; gives way to `topic_id` in version 13.
        ignorable 7-12 topic: String,
        /// Topic, by id (KIP-516).
        ignorable 13+ topic_id: Uuid,
        /// Partition numbers.
        7+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// The records, by partition.
    pub struct FetchResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// 0, or what is wrong with the request as a whole, such as an unknown session (KIP-227).
        ignorable 7+ error_code: ErrorCode,
        /// Session the broker keeps for the sender; 0 if it keeps none (KIP-227).
        7+ session_id: i32,
        /// One entry per topic; in a session only topics with news.
        0+ responses: Vec<FetchableTopicResponse>,
    } tagged {
        /// Addresses of the leaders that `current_leader` names, so that no metadata request is needed
        /// (KIP-951).
        0: 16+ node_endpoints: Vec<NodeEndpoint>,
    }
}
wire_struct! {
    /// What one topic had.
    pub struct FetchableTopicResponse {
        /// Topic, by name; gives way to `topic_id` in version 13.
        ignorable 0-12 topic: String,
        /// Topic, by id (KIP-516).
        ignorable 13+ topic_id: Uuid,
        /// One entry per partition; in a session only partitions with news.
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
        /// Offset after the last record that all in-sync replicas have; -1 with an error.
        0+ high_watermark: i64,
        /// Every transaction below this offset is decided; -1 if unknown (KIP-98).
        ignorable 4+ last_stable_offset: i64 = -1,
        /// First offset still in the log; -1 if unknown.
        ignorable 5+ log_start_offset: i64 = -1,
        /// Transactions whose records in this answer do not count, by first offset; null when reading
        /// uncommitted (KIP-98).
        ignorable 4+ aborted_transactions: Option<Vec<AbortedTransaction>>,
        /// Node id of the replica to read from next; -1 to stay (KIP-392).
        11+ preferred_read_replica: i32 = -1,
        /// Record batches one after the other, the last one possibly cut off; opaque here.
        0+ records: Option<Bytes>,
    } tagged {
        /// Where the sender's log parts from the leader's; set when `last_fetched_epoch` shows that it does
        /// (KIP-595).
        0: 12+ diverging_epoch: EpochEndOffset,
        /// Who leads now, set with `NOT_LEADER_OR_FOLLOWER` and `FENCED_LEADER_EPOCH`.
        1: 12+ current_leader: LeaderIdAndEpoch,
        /// Snapshot to load because the wanted offset is gone; controllers only (KIP-630).
        2: 12+ snapshot_id: SnapshotId,
    }
}
wire_struct! {
    /// The last leader epoch two logs share, and where it ends.
    pub struct EpochEndOffset {
        /// Leader epoch; -1 if there is none to report.
        12+ epoch: i32 = -1,
        /// Offset after the last record of that epoch; -1 if there is none to report.
        12+ end_offset: i64 = -1,
    }
}
wire_struct! {
    /// A partition's leader as the answering broker knows it.
    pub struct LeaderIdAndEpoch {
        /// Node id; -1 if there is no leader or none is known.
        12+ leader_id: i32 = -1,
        /// Epoch of that leadership; -1 if unknown.
        12+ leader_epoch: i32 = -1,
    }
}
wire_struct! {
    /// Names a snapshot of a controller's log by what it covers.
    pub struct SnapshotId {
        /// Offset after the last record it covers; -1 for no snapshot.
        0+ end_offset: i64 = -1,
        /// Leader epoch of that record; -1 for no snapshot.
        0+ epoch: i32 = -1,
    }
}
wire_struct! {
    /// A transaction that was rolled back.
    pub struct AbortedTransaction {
        /// Producer whose records from `first_offset` to its next abort marker do not count.
        4+ producer_id: i64,
        /// Offset of its first record.
        4+ first_offset: i64,
    }
}
wire_struct! {
    /// Where a broker listens.
    pub struct NodeEndpoint {
        /// Node id.
        16+ node_id: i32,
        /// Host name or address.
        16+ host: String,
        /// TCP port.
        16+ port: i32,
        /// Rack the broker stands in; null if it was given none.
        16+ rack: Option<String>,
    }
}

#[cfg(test)]
mod tests;
