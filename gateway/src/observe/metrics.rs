//! The meters, all in one place.

use prometheus_client::registry::Registry;

/// Every meter of the process.
#[derive(Debug, Default)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// Meters at zero.
    pub fn new() -> Metrics {
        Metrics {
            registry: Registry::default(),
        }
    }

    /// All meters as Prometheus text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}
