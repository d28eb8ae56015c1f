//! `UnregisterBroker` (key 64): makes the cluster forget a broker that is gone for good (KIP-631).
//!
//! Versions: 0 only, and flexible.
//!
//! Schemas: `UnregisterBrokerRequest.json`, `UnregisterBrokerResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// The broker to forget.
    pub struct UnregisterBrokerRequest {
        /// Node id of the broker.
        0+ broker_id: i32,
    }
}
impl Request for UnregisterBrokerRequest {
    const KEY: i16 = 64;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = UnregisterBrokerResponse;
}
wire_struct! {
    /// Whether it is forgotten.
    pub struct UnregisterBrokerResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why it is not, such as `BROKER_ID_NOT_REGISTERED`.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
    }
}

#[cfg(test)]
mod tests;
