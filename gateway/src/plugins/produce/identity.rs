//! Which plugins share a producer: those that could not tell the difference (G-17, kong-produce.md §6 rule 4).

use std::time::Duration;

use kafka_client::{
    Acks as ClientAcks, ClientConfig, Compression as ClientCompression,
    Partitioner as ClientPartitioner, ProducerConfig,
};

use crate::config::kafka_upstream::{Acks, KafkaUpstream};
use crate::settings::{Compression, Partitioner, Settings};

/// Everything that a producer and its connections depend on. In this version connections have neither TLS nor
/// credentials; both join here with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    bootstrap: Vec<String>,
    cluster_name: Option<String>,
    acks: Acks,
    timeout: Duration,
    request_timeout: Duration,
    batch_records: u32,
    batch_bytes: usize,
    attempts: u32,
    backoff: Duration,
    delivery: DeliveryMode,
}

/// Who waits for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum DeliveryMode {
    /// The request waits for the broker.
    Sync,
    /// Records wait for company, at most so long and so many.
    Async {
        linger: Duration,
        max_records: usize,
    },
}

impl Identity {
    pub(super) fn of(config: &KafkaUpstream) -> Identity {
        Identity {
            bootstrap: config
                .bootstrap_servers
                .iter()
                .map(ToString::to_string)
                .collect(),
            cluster_name: config.cluster_name.clone(),
            acks: config.producer_request_acks,
            timeout: config.timeout,
            request_timeout: config.producer_request_timeout,
            batch_records: config.producer_request_limits_messages_per_request,
            batch_bytes: config.producer_request_limits_bytes_per_request,
            attempts: config.producer_request_retries_max_attempts,
            backoff: config.producer_request_retries_backoff_timeout,
            delivery: if config.producer_async {
                DeliveryMode::Async {
                    linger: config.producer_async_flush_timeout,
                    max_records: config.producer_async_buffering_limits_messages_in_memory,
                }
            } else {
                DeliveryMode::Sync
            },
        }
    }

    /// Records in memory at most.
    pub(super) fn max_records(&self) -> usize {
        match self.delivery {
            // The waiting requests are the bound.
            DeliveryMode::Sync => usize::MAX,
            DeliveryMode::Async { max_records, .. } => max_records,
        }
    }

    pub(super) fn client_config(&self, settings: &Settings) -> ClientConfig {
        ClientConfig {
            bootstrap: self.bootstrap.clone(),
            client_id: "kafka-gateway".to_owned(),
            request_timeout: self.timeout.min(settings.kafka.request_timeout),
            connect_timeout: self.connect_timeout(settings),
            ..ClientConfig::default()
        }
    }

    pub(super) fn producer_config(&self, settings: &Settings) -> ProducerConfig {
        let linger = match self.delivery {
            DeliveryMode::Sync => Duration::ZERO,
            DeliveryMode::Async { linger, .. } => linger,
        };
        let delivery_timeout = self.delivery_timeout(settings) + linger;
        // A body can take several times its size as JSON; it is the broker that knows what is too large.
        let largest = settings
            .http
            .max_body_bytes
            .saturating_mul(8)
            .saturating_add(64 * 1024);
        let max_request_size = self.batch_bytes.max(largest);
        ProducerConfig {
            acks: match self.acks {
                Acks::None => ClientAcks::None,
                Acks::Leader => ClientAcks::Leader,
                Acks::All => ClientAcks::All,
            },
            idempotent: self.acks == Acks::All,
            linger,
            batch_size: self.batch_bytes,
            batch_records: Some(self.batch_records),
            max_request_size,
            buffer_memory: settings.produce.buffer_bytes.max(max_request_size),
            compression: compression(settings.produce.compression),
            delivery_timeout,
            request_timeout: self.request_timeout,
            max_attempts: Some(self.attempts),
            retry_backoff: self.backoff,
            retry_backoff_max: self.backoff,
            max_block: match self.delivery {
                DeliveryMode::Sync => self.connect_timeout(settings) + self.backoff * self.attempts,
                DeliveryMode::Async { .. } => delivery_timeout,
            },
            partitioner: match settings.compat.partitioner {
                Partitioner::Murmur2 => ClientPartitioner::Murmur2,
                Partitioner::Crc32 => ClientPartitioner::Crc32Modulo,
            },
            ..ProducerConfig::default()
        }
    }

    fn connect_timeout(&self, settings: &Settings) -> Duration {
        self.timeout.min(settings.kafka.connect_timeout)
    }

    /// All attempts, and a connection before them (kong-produce.md §6 rule 2); a day at most.
    fn delivery_timeout(&self, settings: &Settings) -> Duration {
        let attempt = self.request_timeout.saturating_add(self.backoff);
        let attempts = attempt.checked_mul(self.attempts).unwrap_or(DAY);
        attempts
            .saturating_add(self.connect_timeout(settings))
            .min(DAY)
    }
}

const DAY: Duration = Duration::from_hours(24);

fn compression(compression: Compression) -> ClientCompression {
    match compression {
        Compression::None => ClientCompression::None,
        Compression::Gzip => ClientCompression::Gzip,
        Compression::Snappy => ClientCompression::Snappy,
        Compression::Lz4 => ClientCompression::Lz4,
        Compression::Zstd => ClientCompression::Zstd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::produce::testing::config;

    fn same(one: &str, other: &str) -> bool {
        Identity::of(&config(one)) == Identity::of(&config(other))
    }

    #[test]
    fn what_only_concerns_the_record_shares_a_producer() {
        assert!(same(
            "",
            "forward_method: true, key_query_arg: k, topics_query_arg: t, keepalive: 5"
        ));
    }

    #[test]
    fn what_concerns_connections_or_batches_does_not() {
        for other in [
            "cluster_name: c",
            "producer_request_acks: -1",
            "producer_async: false",
            "timeout: 9999",
            "producer_request_limits_messages_per_request: 7",
            "producer_request_limits_bytes_per_request: 7",
            "producer_async_flush_timeout: 7",
        ] {
            assert!(!same("", other), "{other}");
        }
    }

    #[test]
    fn a_sync_request_fails_after_its_attempts_and_one_connection() {
        let identity = Identity::of(&config("producer_async: false"));
        let config = identity.producer_config(&Settings::default());
        // Ten times 2 s and 100 ms, and 5 s.
        assert_eq!(config.delivery_timeout, Duration::from_secs(26));
        assert_eq!(config.linger, Duration::ZERO);
        assert!(!config.idempotent, "acks=1 cannot be");
    }
}
