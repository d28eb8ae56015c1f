//! `AddRaftVoter` (key 80): gives a controller a vote in the metadata quorum (KIP-853).
//!
//! Versions: 1 can answer before the change is committed (KIP-1186). All are flexible.
//!
//! Schemas: `AddRaftVoterRequest.json`, `AddRaftVoterResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// The controller that should vote.
    pub struct AddRaftVoterRequest {
        /// Cluster the sender believes it talks to; null skips the check.
        0+ cluster_id: Option<String>,
        /// How long to wait until the controller has caught up and the change is made, in milliseconds.
        0+ timeout_ms: i32,
        /// Node id of the controller.
        0+ voter_id: i32,
        /// Directory it keeps the metadata log in; tells it from an earlier one with the same node id.
        0+ voter_directory_id: Uuid,
        /// Where the controller listens.
        0+ listeners: Vec<Listener>,
        /// True answers when the new voters are committed, false when the leader alone has written them.
        /// Version 0 behaves as true (KIP-1186).
        1+ ack_when_committed: bool = true,
    }
}
impl Request for AddRaftVoterRequest {
    const KEY: i16 = 80;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = AddRaftVoterResponse;
}
wire_struct! {
    /// One listener of the controller.
    pub struct Listener {
        /// Name of the listener, such as `CONTROLLER`.
        0+ name: String,
        /// Host name or address.
        0+ host: String,
        /// TCP port.
        0+ port: u16,
    }
}
wire_struct! {
    /// Whether the controller votes.
    pub struct AddRaftVoterResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why it does not, such as `DUPLICATE_VOTER`.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        ignorable 0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
