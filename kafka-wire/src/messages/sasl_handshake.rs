//! `SaslHandshake` (key 17): agrees on the SASL mechanism (KIP-43).
//!
//! Versions: after 0 the exchange goes on in bare frames, after 1 in `SaslAuthenticate` (KIP-152). Never
//! flexible.
//!
//! Schemas: `SaslHandshakeRequest.json`, `SaslHandshakeResponse.json`.

use std::ops::RangeInclusive;

use crate::api::{NEVER, Request};
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// The mechanism the client wants.
    pub struct SaslHandshakeRequest {
        /// Its registered name, such as `SCRAM-SHA-512`.
        0+ mechanism: String,
    }
}
impl Request for SaslHandshakeRequest {
    const KEY: i16 = 17;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_SINCE: i16 = NEVER;
    type Response = SaslHandshakeResponse;
}
wire_struct! {
    /// Whether the broker offers it.
    pub struct SaslHandshakeResponse {
        /// 0, or `UNSUPPORTED_SASL_MECHANISM`.
        0+ error_code: ErrorCode,
        /// What the broker offers.
        0+ mechanisms: Vec<String>,
    }
}

#[cfg(test)]
mod tests;
