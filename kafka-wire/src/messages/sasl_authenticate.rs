//! `SaslAuthenticate` (key 36): one step of a SASL exchange (KIP-152).
//!
//! Versions: 1 limits the session (KIP-368); 2 is flexible.
//!
//! Schemas: `SaslAuthenticateRequest.json`, `SaslAuthenticateResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::secret::Secret;
use crate::table::wire_struct;

wire_struct! {
    /// What the mechanism has to say to the broker.
    pub struct SaslAuthenticateRequest {
        /// Message of the mechanism, opaque to Kafka; never printed.
        0+ auth_bytes: Secret,
    }
}
impl Request for SaslAuthenticateRequest {
    const KEY: i16 = 36;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 2;
    type Response = SaslAuthenticateResponse;
}
wire_struct! {
    /// What the broker answers, until it accepts or refuses.
    pub struct SaslAuthenticateResponse {
        /// 0, or why the broker refused.
        0+ error_code: ErrorCode,
        /// The same in words; null without an error.
        0+ error_message: Option<String>,
        /// Message of the mechanism, opaque to Kafka; never printed.
        0+ auth_bytes: Secret,
        /// Time until the broker wants a new authentication, in milliseconds; 0 for never (KIP-368).
        ignorable 1+ session_lifetime_ms: i64,
    }
}

#[cfg(test)]
mod tests;
