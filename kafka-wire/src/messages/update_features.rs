//! `UpdateFeatures` (key 57): raises, lowers or switches off features of the whole cluster (KIP-584).
//!
//! Versions: 1 says how a level may change, and can check only (KIP-778); 2 answers with one error for all
//! (KIP-1022). All are flexible.
//!
//! Schemas: `UpdateFeaturesRequest.json`, `UpdateFeaturesResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Features and the levels they should have.
    pub struct UpdateFeaturesRequest {
        /// How long to wait until the levels are in force, in milliseconds.
        0+ timeout_ms: i32 = 60000,
        /// One entry per feature; from version 2 on all of them change or none.
        0+ feature_updates: Vec<FeatureUpdateKey>,
        /// Whether to check only, and change nothing (KIP-778).
        1+ validate_only: bool,
    }
}
impl Request for UpdateFeaturesRequest {
    const KEY: i16 = 57;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = UpdateFeaturesResponse;
}
wire_struct! {
    /// The new level of one feature.
    pub struct FeatureUpdateKey {
        /// Feature, such as `metadata.version`.
        0+ feature: String,
        /// Level to put in force; 0 switches the feature off.
        0+ max_version_level: i16,
        /// Whether the level may fall, in version 0; gives way to `upgrade_type` in version 1.
        0-0 allow_downgrade: bool,
        /// How the level may change: 1 only up, 2 down if nothing is lost, 3 down even with loss (KIP-778).
        1+ upgrade_type: i8 = 1,
    }
}
wire_struct! {
    /// Which levels have changed.
    pub struct UpdateFeaturesResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why the request was refused.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// One entry per feature of the request, up to version 1.
        ignorable 0-1 results: Vec<UpdatableFeatureResult>,
    }
}
wire_struct! {
    /// Outcome of one feature.
    pub struct UpdatableFeatureResult {
        /// Feature.
        0+ feature: String,
        /// 0, or why its level was not changed.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
