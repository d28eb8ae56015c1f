//! `GetTelemetrySubscriptions` (key 71): asks which of the client's metrics the cluster wants to have, how
//! often and in what form (KIP-714).
//!
//! Versions: 0 is the only one.
//!
//! Schemas: `GetTelemetrySubscriptionsRequest.json`, `GetTelemetrySubscriptionsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Who asks.
    pub struct GetTelemetrySubscriptionsRequest {
        /// Id of this client as the broker gave it; zero on the first try.
        0+ client_instance_id: Uuid,
    }
}
impl Request for GetTelemetrySubscriptionsRequest {
    const KEY: i16 = 71;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = GetTelemetrySubscriptionsResponse;
}
wire_struct! {
    /// What to push with `PushTelemetry`.
    pub struct GetTelemetrySubscriptionsResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why there is no subscription.
        0+ error_code: ErrorCode,
        /// Id the client goes by for its whole life; where one was sent, zero means to keep it.
        0+ client_instance_id: Uuid,
        /// Names this set of wishes; a push has to repeat it.
        0+ subscription_id: i32,
        /// Compressions a push may use, the best first: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. Empty allows
        /// none.
        0+ accepted_compression_types: Vec<i8>,
        /// Time between two pushes, or until the next question if nothing is wanted, in milliseconds.
        0+ push_interval_ms: i32,
        /// Largest `metrics` a push may carry, in bytes, as sent.
        0+ telemetry_max_bytes: i32,
        /// Whether counters tell their growth since the last push; false tells it since the start.
        0+ delta_temporality: bool,
        /// Beginnings of the names wanted; empty for no metrics, a single empty string for all.
        0+ requested_metrics: Vec<String>,
    }
}

#[cfg(test)]
mod tests;
