//! `ApiVersions`: what the broker can do.

use std::sync::atomic::Ordering;

use kafka_wire::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use kafka_wire::{ApiKey, ErrorCode, Request as _, messages};

use super::{Context, OFFERED};

pub(super) fn answer(context: &Context<'_>, request: ApiVersionsRequest) -> ApiVersionsResponse {
    let names = [
        request.client_software_name,
        request.client_software_version,
    ];
    if context.version >= 3 && !names.iter().all(|name| is_software_name(name)) {
        return ApiVersionsResponse {
            error_code: ErrorCode::INVALID_REQUEST,
            ..ApiVersionsResponse::default()
        };
    }
    let level = context.cluster.transaction_version();
    let level = level.load(Ordering::Relaxed);
    ApiVersionsResponse {
        api_keys: OFFERED.iter().filter_map(|key| offered(*key)).collect(),
        supported_features: supported(context.version),
        finalized_features_epoch: 0,
        finalized_features: vec![FinalizedFeatureKey {
            name: TRANSACTION_VERSION.into(),
            max_version_level: level,
            min_version_level: level,
        }],
        ..ApiVersionsResponse::default()
    }
}

/// Before version 4 clients are not told of features that begin at level 0 (KIP-1022).
fn supported(version: i16) -> Vec<SupportedFeatureKey> {
    if version < 4 {
        return Vec::new();
    }
    vec![SupportedFeatureKey {
        name: TRANSACTION_VERSION.into(),
        min_version: 0,
        max_version: 2,
    }]
}

/// For a version above ours: an error, and the versions of this very API.
pub(super) fn unsupported() -> ApiVersionsResponse {
    ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: offered(ApiKey(ApiVersionsRequest::KEY))
            .into_iter()
            .collect(),
        ..ApiVersionsResponse::default()
    }
}

fn offered(key: ApiKey) -> Option<ApiVersion> {
    let api = messages::api(key)?;
    let first = match key {
        // Announced, not implemented: old librdkafka takes the absence of version 0 for a lack of compression.
        ApiKey::PRODUCE => 0,
        _ => *api.versions.start(),
    };
    Some(ApiVersion {
        api_key: key.0,
        min_version: first,
        max_version: api.versions.end() - i16::from(api.latest_unstable),
    })
}

/// Letters and digits, inside also `-` and `.` (KIP-511).
fn is_software_name(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(legal)
}

/// The feature that says how clients speak of transactions (KIP-890).
const TRANSACTION_VERSION: &str = "transaction.version";
