//! `DeleteShareGroupOffsets` (key 92): makes a share group forget what it has read of topics (KIP-932).
//!
//! Versions: 0 is the only one.
//!
//! Schemas: `DeleteShareGroupOffsetsRequest.json`, `DeleteShareGroupOffsetsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Topics that one group, which must have no members, is to forget.
    pub struct DeleteShareGroupOffsetsRequest {
        /// Share group.
        0+ group_id: String,
        /// One entry per topic.
        0+ topics: Vec<DeleteShareGroupOffsetsRequestTopic>,
    }
}
impl Request for DeleteShareGroupOffsetsRequest {
    const KEY: i16 = 92;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DeleteShareGroupOffsetsResponse;
}
wire_struct! {
    /// A topic to forget, with all its partitions.
    pub struct DeleteShareGroupOffsetsRequestTopic {
        /// Topic.
        0+ topic_name: String,
    }
}
wire_struct! {
    /// Which topics were forgotten.
    pub struct DeleteShareGroupOffsetsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why none was, such as `NON_EMPTY_GROUP`.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// One entry per topic of the request.
        0+ responses: Vec<DeleteShareGroupOffsetsResponseTopic>,
    }
}
wire_struct! {
    /// Outcome of one topic.
    pub struct DeleteShareGroupOffsetsResponseTopic {
        /// Topic, by name.
        0+ topic_name: String,
        /// The same topic, by id; zero if it is unknown.
        0+ topic_id: Uuid,
        /// 0, or why it was not forgotten.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
