//! Headers in front of every request and answer.
//!
//! ```text
//! request   v1: api_key int16, api_version int16, correlation_id int32, client_id nullable string
//!           v2: the same, tag section
//! answer    v0: correlation_id int32
//!           v1: the same, tag section
//! ```
//! Versions of an API that are flexible use v2 and v1, all others v1 and v0. Two things stay classic for peers that know less:
//! - `client_id` has its two-byte length in v2 too: a broker reads it before it knows whether the API exists;
//! - the answer to `ApiVersions` always has v0: a broker asked in a version that it does not know answers in version 0 (KIP-511).
//!
//! Version 0 of the request header had no client id; it left Kafka together with the only API that used it.
//!
//! Schemas: `RequestHeader.json`, `ResponseHeader.json`.

use crate::table::wire_struct;

wire_struct! {
    /// What stands before every request.
    pub struct RequestHeader {
        /// The API; see [`ApiKey`](crate::ApiKey).
        0+ request_api_key: i16,
        /// Version of the request.
        0+ request_api_version: i16,
        /// Chosen by the client; the answer repeats it.
        0+ correlation_id: i32,
        /// Who asks, for the broker's logs, quotas and metrics. Null and empty are both allowed.
        classic 1+ client_id: Option<String>,
    }
}

wire_struct! {
    /// What stands before every answer.
    pub struct ResponseHeader {
        /// Of the request that is answered.
        0+ correlation_id: i32,
    }
}

/// Key of `ApiVersions`, the API whose answer never has a flexible header.
const API_VERSIONS: i16 = 18;

/// Version of the request header in front of a body that is flexible or not.
pub(crate) const fn request_header_version(flexible: bool) -> i16 {
    if flexible { 2 } else { 1 }
}

/// Version of the header in front of an answer of API `key`.
pub(crate) const fn response_header_version(key: i16, flexible: bool) -> i16 {
    if flexible && key != API_VERSIONS {
        1
    } else {
        0
    }
}
