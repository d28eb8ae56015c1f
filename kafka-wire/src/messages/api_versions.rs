//! `ApiVersions` (key 18): what a broker can do; the first request on every connection (KIP-35).
//!
//! Versions: 3 is flexible, names the client (KIP-511) and lists features (KIP-584); 4 can report features
//! that begin at level 0 (KIP-1022). The answer's header stays at version 0, and a broker that does not know
//! the request's version answers in version 0 with `UNSUPPORTED_VERSION` and the range it does know.
//!
//! Schemas: `ApiVersionsRequest.json`, `ApiVersionsResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Who asks.
    pub struct ApiVersionsRequest {
        /// Name of the client library, for the broker's metrics; letters, digits, `-` and `.` (KIP-511).
        ignorable 3+ client_software_name: String,
        /// Its version, in the same letters (KIP-511).
        ignorable 3+ client_software_version: String,
    }
}
impl Request for ApiVersionsRequest {
    const KEY: i16 = 18;
    const VERSIONS: RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_SINCE: i16 = 3;
    type Response = ApiVersionsResponse;
}
wire_struct! {
    /// Every API and its versions.
    pub struct ApiVersionsResponse {
        /// 0, or `UNSUPPORTED_VERSION`: ask again with a version of the range in `api_keys`.
        0+ error_code: ErrorCode,
        /// One entry per API.
        0+ api_keys: Vec<ApiVersion>,
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        ignorable 1+ throttle_time_ms: i32,
    } tagged {
        /// Features this broker knows; before version 4 without those that begin at level 0 (KIP-584).
        ignorable 0: 3+ supported_features: Vec<SupportedFeatureKey>,
        /// Rises with every change of `finalized_features`; -1 if they are unknown (KIP-584).
        ignorable 1: 3+ finalized_features_epoch: i64 = -1,
        /// Features the whole cluster has switched on; they count if the epoch is not -1 (KIP-584).
        ignorable 2: 3+ finalized_features: Vec<FinalizedFeatureKey>,
        /// Whether a controller is ready to leave `ZooKeeper` behind; always false since Kafka 4.0 (KIP-866).
        ignorable 3: 3+ zk_migration_ready: bool,
    }
}
wire_struct! {
    /// Versions of one API, both ends included.
    pub struct ApiVersion {
        /// Number of the API; may be one we do not know.
        0+ api_key: i16,
        /// Oldest version.
        0+ min_version: i16,
        /// Newest version.
        0+ max_version: i16,
    }
}
wire_struct! {
    /// Levels of one feature, both ends included.
    pub struct SupportedFeatureKey {
        /// Feature, such as `transaction.version`.
        3+ name: String,
        /// Lowest level.
        3+ min_version: i16,
        /// Highest level.
        3+ max_version: i16,
    }
}
wire_struct! {
    /// Levels of one feature that the cluster has agreed on.
    pub struct FinalizedFeatureKey {
        /// Feature, such as `metadata.version`.
        3+ name: String,
        /// The level in force.
        3+ max_version_level: i16,
        /// Lowest level it may go back to.
        3+ min_version_level: i16,
    }
}

#[cfg(test)]
mod tests;
