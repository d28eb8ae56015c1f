//! How a producer batches, waits and repeats.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::records::{Compression, CompressionLevels};

use super::metrics::ProducerObserver;
use super::partitioner::{Keyless, Partitioner};
use crate::config::ConfigError;

/// What one producer does. Names in the docs are Kafka's.
#[derive(Debug, Clone)]
pub struct ProducerConfig {
    /// Who must have a record before it counts as written. Kafka: `acks`. Default: all replicas in sync.
    pub acks: Acks,
    /// Whether repetitions are recognised by the broker, so that a retry makes neither duplicate nor reordering. Needs [`Acks::All`].
    /// Kafka: `enable.idempotence`. Default: true.
    pub idempotent: bool,
    /// Longest wait for more records before a batch is sent; 0 sends at once, and batches what gathers meanwhile.
    /// Kafka: `linger.ms`. Default: 5 ms.
    pub linger: Duration,
    /// Most bytes of a batch of several records, before compression. Kafka: `batch.size`. Default: 16 KiB.
    pub batch_size: usize,
    /// Most records of a batch; `None` for as many as fit. Default: `None`.
    pub batch_records: Option<u32>,
    /// Most bytes of a produce request, before compression, and thereby of a record. Kafka: `max.request.size`. Default: 1 MiB.
    pub max_request_size: usize,
    /// Bytes that may wait to be sent or acknowledged; beyond, `send` waits. Kafka: `buffer.memory`. Default: 32 MiB.
    pub buffer_memory: usize,
    /// How batches are compressed. Kafka: `compression.type`. Default: not at all.
    pub compression: Compression,
    /// How batches of some topics are compressed instead, by the topics' names. Default: none are different.
    pub topic_compression: BTreeMap<String, Compression>,
    /// How hard it is tried. Kafka: `compression.gzip.level`, `compression.zstd.level`. Default: Kafka's.
    pub compression_levels: CompressionLevels,
    /// Longest time from a record's being taken to its success or failure. Kafka: `delivery.timeout.ms`. Default: 120 s.
    pub delivery_timeout: Duration,
    /// Longest wait for one answer, and for the other replicas on the broker. Kafka: `request.timeout.ms`. Default: 30 s.
    pub request_timeout: Duration,
    /// How often a batch is tried in all; `None` for as often as `delivery_timeout` allows. Kafka: `retries`, plus one. Default: `None`.
    pub max_attempts: Option<u32>,
    /// Wait before a batch is tried again; doubles up to the maximum, with jitter. Kafka: `retry.backoff.ms`. Default: 100 ms.
    pub retry_backoff: Duration,
    /// Longest such wait. Kafka: `retry.backoff.max.ms`. Default: 1 s.
    pub retry_backoff_max: Duration,
    /// Longest wait of `send` for the topic's metadata and for buffer memory. Kafka: `max.block.ms`. Default: 60 s.
    pub max_block: Duration,
    /// Batches of one partition under way at a time, with idempotence or without retries; otherwise it is one, to keep their order.
    /// Kafka: `max.in.flight.requests.per.connection`. Default: 5, which is also the most with idempotence.
    pub max_in_flight: usize,
    /// Connections for produce requests to each broker, which share the partitions: a broker works on one request of a connection at a
    /// time, so a producer that sends more than a broker takes that way gains by a second one. Kafka's own clients have one.
    /// Default: 1.
    pub connections: NonZeroU8,
    /// Which partition a record with a key goes to. Kafka: `partitioner.class`; librdkafka: `partitioner`. Default: murmur2, as Kafka's
    /// Java client.
    pub partitioner: Partitioner,
    /// Whether records are partitioned as if they had no key. Kafka: `partitioner.ignore.keys`. Default: false.
    pub ignore_keys: bool,
    /// Which partition a record without a key goes to, if the partitioner leaves it open. Default: partitions take turns;
    /// [`Keyless::JAVA`] is for what Kafka's Java client does.
    pub keyless: Keyless,
    /// Who is told of every batch, for metrics; nobody costs nothing. Default: `None`.
    pub observer: Option<Arc<dyn ProducerObserver>>,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            idempotent: true,
            linger: Duration::from_millis(5),
            batch_size: 16 << 10,
            batch_records: None,
            max_request_size: 1 << 20,
            buffer_memory: 32 << 20,
            compression: Compression::None,
            topic_compression: BTreeMap::new(),
            compression_levels: CompressionLevels::default(),
            delivery_timeout: Duration::from_mins(2),
            request_timeout: Duration::from_secs(30),
            max_attempts: None,
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            max_block: Duration::from_mins(1),
            max_in_flight: MAX_IDEMPOTENT_IN_FLIGHT,
            connections: NonZeroU8::MIN,
            partitioner: Partitioner::default(),
            ignore_keys: false,
            keyless: Keyless::default(),
            observer: None,
        }
    }
}

/// Who must have a record before the broker says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acks {
    /// Nobody: the record counts as written once it is on its way; its offset stays unknown (-1).
    None,
    /// The leader: lost if it dies before the others have it.
    Leader,
    /// Every replica in sync.
    #[default]
    All,
}

impl Acks {
    /// As the wire has it.
    pub(crate) fn wire(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

impl ProducerConfig {
    /// Whether it can work at all.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.check_least()?;
        let conflicts = [
            (
                self.idempotent && self.acks != Acks::All,
                "idempotent",
                "acks",
                "idempotence needs the acknowledgement of all replicas",
            ),
            (
                self.idempotent && self.max_in_flight > MAX_IDEMPOTENT_IN_FLIGHT,
                "idempotent",
                "max_in_flight",
                "brokers remember the last 5 batches only",
            ),
            (
                self.linger >= self.delivery_timeout,
                "linger",
                "delivery_timeout",
                "records would expire before they are sent",
            ),
            (
                self.batch_size > self.max_request_size,
                "batch_size",
                "max_request_size",
                "a request has to hold a batch",
            ),
            (
                self.batch_size > self.buffer_memory,
                "batch_size",
                "buffer_memory",
                "the buffer has to hold a batch",
            ),
        ];
        match conflicts.into_iter().find(|(is_conflict, ..)| *is_conflict) {
            Some((_, field, other, why)) => Err(ConfigError::Conflict { field, other, why }),
            None => Ok(()),
        }
    }

    fn check_least(&self) -> Result<(), ConfigError> {
        let least = [
            ("batch_size", self.batch_size),
            ("max_in_flight", self.max_in_flight),
            (
                "max_attempts",
                self.max_attempts.map_or(1, |most| usize::from(most > 0)),
            ),
            (
                "batch_records",
                self.batch_records.map_or(1, |most| usize::from(most > 0)),
            ),
        ];
        match least.into_iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(ConfigError::TooSmall { field, least: 1 }),
            None => Ok(()),
        }
    }

    /// The same with times that can be added to any clock: what is longer than a year is a year.
    pub(crate) fn bounded(mut self) -> Self {
        for time in [
            &mut self.linger,
            &mut self.delivery_timeout,
            &mut self.request_timeout,
            &mut self.retry_backoff,
            &mut self.retry_backoff_max,
            &mut self.max_block,
        ] {
            *time = (*time).min(YEAR);
        }
        self
    }

    /// Bytes of the largest record, header of its batch included.
    pub(crate) fn record_limit(&self) -> usize {
        self.max_request_size
            .min(self.buffer_memory)
            .min(MAX_RECORD_BYTES)
    }
}

const YEAR: Duration = Duration::from_hours(365 * 24);
/// Batches of a producer that a broker remembers per partition (KIP-98).
const MAX_IDEMPOTENT_IN_FLIGHT: usize = 5;
/// What a frame can carry at all, with room for its other fields.
const MAX_RECORD_BYTES: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict(config: &ProducerConfig) -> (&'static str, &'static str) {
        match config.check() {
            Err(ConfigError::Conflict { field, other, .. }) => (field, other),
            other => panic!("no conflict: {other:?}"),
        }
    }

    #[test]
    fn the_default_is_idempotent_and_consistent() {
        let config = ProducerConfig::default();
        assert!(config.idempotent && config.acks == Acks::All);
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn contradictions_name_both_fields() {
        let default = ProducerConfig::default;
        for acks in [Acks::None, Acks::Leader] {
            assert_eq!(
                conflict(&ProducerConfig { acks, ..default() }),
                ("idempotent", "acks")
            );
        }
        let hasty = ProducerConfig {
            max_in_flight: 6,
            ..default()
        };
        assert_eq!(conflict(&hasty), ("idempotent", "max_in_flight"));
        let lazy = ProducerConfig {
            linger: Duration::from_mins(2),
            ..default()
        };
        assert_eq!(conflict(&lazy), ("linger", "delivery_timeout"));
        let wide = ProducerConfig {
            batch_size: 2 << 20,
            ..default()
        };
        assert_eq!(conflict(&wide), ("batch_size", "max_request_size"));
        let tight = ProducerConfig {
            buffer_memory: 1024,
            ..default()
        };
        assert_eq!(conflict(&tight), ("batch_size", "buffer_memory"));
    }

    #[test]
    fn endless_times_do_not_overflow() {
        let config = ProducerConfig {
            max_block: Duration::MAX,
            delivery_timeout: Duration::MAX,
            ..Default::default()
        };
        let config = config.bounded();
        let now = tokio::time::Instant::now();
        assert!(now + config.max_block + config.delivery_timeout > now);
    }

    #[test]
    fn nothing_may_be_zero_that_has_to_happen() {
        let never = ProducerConfig {
            max_attempts: Some(0),
            ..Default::default()
        };
        let error = never.check().unwrap_err();
        assert_eq!(error.to_string(), "max_attempts must be at least 1");
    }
}
