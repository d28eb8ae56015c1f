//! `DeleteTopics` (key 20): deletes topics and all their records.
//!
//! Versions: 4 is flexible; 5 explains errors and can throttle (KIP-599); 6 accepts topic ids (KIP-516).
//!
//! Schemas: `DeleteTopicsRequest.json`, `DeleteTopicsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Topics to delete.
    pub struct DeleteTopicsRequest {
        /// Topics, by name or id, from version 6 on.
        6+ topics: Vec<DeleteTopicState>,
        /// Topics, by name, up to version 5.
        ignorable 0-5 topic_names: Vec<String>,
        /// How long to wait until the topics are gone, in milliseconds; deletion goes on after it.
        0+ timeout_ms: i32,
    }
}
impl Request for DeleteTopicsRequest {
    const KEY: i16 = 20;
    const VERSIONS: RangeInclusive<i16> = 1..=6;
    const FLEXIBLE_SINCE: i16 = 4;
    type Response = DeleteTopicsResponse;
}
wire_struct! {
    /// A topic, by name or by id.
    pub struct DeleteTopicState {
        /// Topic, by name; null to go by id.
        6+ name: Option<String>,
        /// Topic, by id; zero to go by name.
        6+ topic_id: Uuid,
    }
}
wire_struct! {
    /// Which topics were deleted.
    pub struct DeleteTopicsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
        /// One entry per topic of the request.
        0+ responses: Vec<DeletableTopicResult>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct DeletableTopicResult {
        /// Topic, by name; null if the sender, who asked by id, may not see it (from version 6).
        0+ name: Option<String> where null 6+,
        /// Topic, by id; zero if unknown (KIP-516).
        ignorable 6+ topic_id: Uuid,
        /// 0, or why it was not deleted.
        0+ error_code: ErrorCode,
        /// The error in words; null without one (KIP-599).
        ignorable 5+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
