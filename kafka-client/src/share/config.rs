//! How a member of a share group reads.

use std::time::Duration;

use crate::config::ConfigError;

/// What one share consumer does. Names in the docs are Kafka's.
#[derive(Debug, Clone)]
pub struct ShareConfig {
    /// The group's name. Kafka: `group.id`. Must not be empty.
    pub group: String,
    /// What the next call of `poll` says of records that the application said nothing of. Kafka: `share.acknowledgement.mode`.
    /// Default: they are accepted.
    pub acknowledging: Acknowledging,
    /// Most records that a broker locks for this member at a time, as far as batches allow. Kafka: `max.poll.records`. Default: 500.
    pub max_records: usize,
    /// Bytes that make a broker answer before `fetch_max_wait`. Kafka: `fetch.min.bytes`. Default: 1.
    pub fetch_min_bytes: usize,
    /// Longest time for which a broker waits for them. Kafka: `fetch.max.wait.ms`. Default: 500 ms.
    pub fetch_max_wait: Duration,
    /// Most bytes of an answer, unless its first batch is larger. Kafka: `fetch.max.bytes`. Default: 50 MiB.
    pub fetch_max_bytes: usize,
    /// Most bytes that a batch may decompress to. Default: 64 MiB.
    pub max_decompressed_bytes: usize,
}

impl Default for ShareConfig {
    fn default() -> Self {
        Self {
            group: String::new(),
            acknowledging: Acknowledging::default(),
            max_records: 500,
            fetch_min_bytes: 1,
            fetch_max_wait: Duration::from_millis(500),
            fetch_max_bytes: 50 << 20,
            max_decompressed_bytes: 64 << 20,
        }
    }
}

/// What silence about a record means once the application asks for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acknowledging {
    /// It is finished. Kafka: `implicit`.
    #[default]
    Implicit,
    /// It is not, and somebody else may try. Kafka's `explicit`, whose Java client raises an error instead.
    Explicit,
}

impl ShareConfig {
    /// Whether it can work at all.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.group.is_empty() {
            return Err(ConfigError::Missing { field: "group" });
        }
        let sizes = [
            ("max_records", self.max_records),
            ("fetch_max_bytes", self.fetch_max_bytes),
            ("max_decompressed_bytes", self.max_decompressed_bytes),
        ];
        match sizes.into_iter().find(|(_, size)| *size == 0) {
            Some((field, _)) => Err(ConfigError::TooSmall { field, least: 1 }),
            None => Ok(()),
        }
    }
}
