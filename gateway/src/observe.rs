//! What can be seen of the running gateway: meters, access log, health.

mod metrics;

pub use metrics::Metrics;
