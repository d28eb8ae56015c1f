//! `PushTelemetry` (key 72): hands the client's metrics to a broker (KIP-714).
//!
//! Versions: 0 is the only one.
//!
//! Schemas: `PushTelemetryRequest.json`, `PushTelemetryResponse.json`.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;
use crate::uuid::Uuid;

wire_struct! {
    /// Metrics that `GetTelemetrySubscriptions` has asked for.
    pub struct PushTelemetryRequest {
        /// Id of this client as the broker gave it.
        0+ client_instance_id: Uuid,
        /// Subscription the metrics answer to; `UNKNOWN_SUBSCRIPTION_ID` asks to fetch it anew.
        0+ subscription_id: i32,
        /// Whether this is the last push before the client goes; such a one may come early.
        0+ terminating: bool,
        /// How `metrics` is compressed: 0 not at all, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
        0+ compression_type: i8,
        /// OpenTelemetry's `MetricsData` v1 in protobuf, compressed as said above; opaque here.
        0+ metrics: Bytes,
    }
}
impl Request for PushTelemetryRequest {
    const KEY: i16 = 72;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = PushTelemetryResponse;
}
wire_struct! {
    /// Whether the metrics were taken.
    pub struct PushTelemetryResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why they were not, such as `TELEMETRY_TOO_LARGE`.
        0+ error_code: ErrorCode,
    }
}

#[cfg(test)]
mod tests;
