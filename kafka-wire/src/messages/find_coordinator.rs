//! `FindCoordinator` (key 10): which broker looks after a group or a transactional id.
//!
//! Versions: 1 knows transactions (KIP-98); 3 is flexible; 4 asks for many keys at once (KIP-699); 5 may
//! answer `TRANSACTION_ABORTABLE` (KIP-890); 6 knows share groups (KIP-932).
//!
//! Schemas: `FindCoordinatorRequest.json`, `FindCoordinatorResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Keys whose coordinator is wanted.
    pub struct FindCoordinatorRequest {
        /// Group or transactional id; from version 4 on in `coordinator_keys`.
        0-3 key: String,
        /// What the keys are: 0 groups, 1 transactional ids, 2 share partitions written
        /// `group:topicId:partition`.
        1+ key_type: i8,
        /// One entry per key (KIP-699).
        4+ coordinator_keys: Vec<String>,
    }
}
impl Request for FindCoordinatorRequest {
    const KEY: i16 = 10;
    const VERSIONS: RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_SINCE: i16 = 3;
    type Response = FindCoordinatorResponse;
}
wire_struct! {
    /// The coordinators.
    pub struct FindCoordinatorResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// 0, or why there is no coordinator; from version 4 on in `coordinators`.
        0-3 error_code: ErrorCode,
        /// The error in words; null without one.
        ignorable 1-3 error_message: Option<String>,
        /// Node id of the coordinator; -1 with an error.
        0-3 node_id: i32,
        /// Host name or address; empty with an error.
        0-3 host: String,
        /// TCP port; -1 with an error.
        0-3 port: i32,
        /// One entry per key of the request (KIP-699).
        4+ coordinators: Vec<Coordinator>,
    }
}
wire_struct! {
    /// The coordinator of one key.
    pub struct Coordinator {
        /// Key as it was asked for.
        4+ key: String,
        /// Node id of the coordinator; -1 with an error.
        4+ node_id: i32,
        /// Host name or address; empty with an error.
        4+ host: String,
        /// TCP port; -1 with an error.
        4+ port: i32,
        /// 0, or why there is no coordinator.
        4+ error_code: ErrorCode,
        /// The error in words; null without one.
        ignorable 4+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
