//! What can be set on an embedded cluster: a few of a broker's properties, under their own names.

use std::collections::BTreeMap;
use std::time::Duration;

/// What to start. The defaults are those of the real cluster that tests start, so that both behave alike.
#[derive(Debug, Clone)]
pub struct Config {
    /// How many nodes; their ids are 1 and up. Default: 1. 0 is an error at the start.
    pub nodes: usize,
    /// Whether a client that asks for an unknown topic gets one. Kafka: `auto.create.topics.enable`. Default: `true`.
    pub auto_create_topics: bool,
    /// Partitions of a topic that does not say how many. Kafka: `num.partitions`. Default: 1.
    pub num_partitions: i32,
    /// Replicas of a topic that does not say how many. Kafka: `default.replication.factor`. Default: one per node, up to 3.
    pub replication_factor: i16,
    /// Replicas that must live for a write with `acks=all`. Kafka: `min.insync.replicas`. Default: one less than the replicas, at least 1.
    pub min_insync_replicas: i16,
    /// Longest batch, in bytes. Kafka: `message.max.bytes`. Default: 1,048,588.
    pub message_max_bytes: usize,
    /// Whether records carry the time of their append. Kafka: `log.message.timestamp.type=LogAppendTime`. Default: `false`.
    pub log_append_time: bool,
    /// How far in the future a record's timestamp may lie. Kafka: `log.message.timestamp.after.max.ms`. Default: 1 hour.
    pub timestamp_after_max: Duration,
    /// Longest answer to a fetch, in bytes. Kafka: `fetch.max.bytes`. Default: 57,671,680.
    pub fetch_max_bytes: usize,
    /// Fetch sessions per node. Kafka: `max.incremental.fetch.session.cache.slots`. Default: 1,000.
    pub fetch_sessions: usize,
    /// Longest request, in bytes; a longer one closes its connection. Kafka: `socket.request.max.bytes`. Default: 100 MiB.
    pub request_max_bytes: usize,
    /// How long the first member of an empty group waits for others. Kafka: `group.initial.rebalance.delay.ms`. Default: 0, unlike Kafka's 3 s.
    pub initial_rebalance_delay: Duration,
    /// Shortest session timeout a member may ask for. Kafka: `group.min.session.timeout.ms`. Default: 6 s.
    pub min_session_timeout: Duration,
    /// Longest session timeout a member may ask for. Kafka: `group.max.session.timeout.ms`. Default: 30 min.
    pub max_session_timeout: Duration,
    /// How often members of groups of the protocol of KIP-848 are told to send a heartbeat. Kafka: `group.consumer.heartbeat.interval.ms`.
    /// Default: 5 s.
    pub consumer_heartbeat_interval: Duration,
    /// After how long a silence they are out. Kafka: `group.consumer.session.timeout.ms`. Default: 45 s.
    pub consumer_session_timeout: Duration,
    /// Longest text that a committed offset may carry, in bytes. Kafka: `offset.metadata.max.bytes`. Default: 4,096.
    pub offset_metadata_max_bytes: usize,
    /// Partitions of the topic that a real broker keeps groups in: a group's coordinator is found by its hash modulo this.
    /// Kafka: `offsets.topic.num.partitions`. Default: 4.
    pub coordinator_slots: usize,
    /// Partitions of the topic that a real broker keeps transactions in: the coordinator of a transactional id is found by its hash modulo this.
    /// Kafka: `transaction.state.log.num.partitions`. Default: 4.
    pub transaction_slots: usize,
    /// Longest that a producer may ask for its transactions to be open. Kafka: `transaction.max.timeout.ms`. Default: 15 min.
    pub transaction_max_timeout: Duration,
    /// How clients are told to speak of transactions: with 2, each end of one raises the producer's epoch (KIP-890); 1 is the way of clusters
    /// before Kafka 4.0. Kafka: the feature `transaction.version`. Default: 2.
    pub transaction_version: i16,
    /// How long a paused node leads on, before the others take over. Kafka: `broker.session.timeout.ms`. Default: 1.5 s.
    pub broker_session_timeout: Duration,
    /// How long a killed node's partitions have no leader. Default: 0, the others take over at once.
    pub failover_delay: Duration,
    /// Bytes of batches that the whole cluster keeps; writes beyond it fail with `KAFKA_STORAGE_ERROR`. Default: 1 GiB.
    pub storage_max_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self::nodes(1)
    }
}

impl Config {
    /// A cluster of so many nodes.
    pub fn nodes(nodes: usize) -> Self {
        let replicas = i16::try_from(nodes.clamp(1, 3)).unwrap_or(1);
        Self {
            nodes,
            auto_create_topics: true,
            num_partitions: 1,
            replication_factor: replicas,
            min_insync_replicas: (replicas - 1).max(1),
            message_max_bytes: 1_048_588,
            log_append_time: false,
            timestamp_after_max: Duration::from_hours(1),
            fetch_max_bytes: 57_671_680,
            fetch_sessions: 1_000,
            request_max_bytes: 100 << 20,
            initial_rebalance_delay: Duration::ZERO,
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_mins(30),
            consumer_heartbeat_interval: Duration::from_secs(5),
            consumer_session_timeout: Duration::from_secs(45),
            offset_metadata_max_bytes: 4_096,
            coordinator_slots: 4,
            transaction_slots: 4,
            transaction_max_timeout: Duration::from_mins(15),
            transaction_version: 2,
            broker_session_timeout: Duration::from_millis(1_500),
            failover_delay: Duration::ZERO,
            storage_max_bytes: 1 << 30,
        }
    }

    /// The same with a property as `server.properties` has it.
    ///
    /// # Errors
    /// A value that the property cannot have, or a property that means nothing here; nothing changed then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), PropertyError> {
        let understood = match key {
            "auto.create.topics.enable" => put(&mut self.auto_create_topics, value.parse()),
            "num.partitions" => put(&mut self.num_partitions, value.parse()),
            "default.replication.factor" => put(&mut self.replication_factor, value.parse()),
            "min.insync.replicas" => put(&mut self.min_insync_replicas, value.parse()),
            "message.max.bytes" => put(&mut self.message_max_bytes, value.parse()),
            "log.message.timestamp.type" => put(&mut self.log_append_time, append_time(value)),
            "log.message.timestamp.after.max.ms" => {
                put(&mut self.timestamp_after_max, millis(value))
            }
            "fetch.max.bytes" => put(&mut self.fetch_max_bytes, value.parse()),
            "max.incremental.fetch.session.cache.slots" => {
                put(&mut self.fetch_sessions, value.parse())
            }
            "socket.request.max.bytes" => put(&mut self.request_max_bytes, value.parse()),
            "group.initial.rebalance.delay.ms" => {
                put(&mut self.initial_rebalance_delay, millis(value))
            }
            "group.min.session.timeout.ms" => put(&mut self.min_session_timeout, millis(value)),
            "group.max.session.timeout.ms" => put(&mut self.max_session_timeout, millis(value)),
            "group.consumer.heartbeat.interval.ms" => {
                put(&mut self.consumer_heartbeat_interval, millis(value))
            }
            "group.consumer.session.timeout.ms" => {
                put(&mut self.consumer_session_timeout, millis(value))
            }
            "offset.metadata.max.bytes" => put(&mut self.offset_metadata_max_bytes, value.parse()),
            "offsets.topic.num.partitions" => put(&mut self.coordinator_slots, value.parse()),
            "transaction.state.log.num.partitions" => {
                put(&mut self.transaction_slots, value.parse())
            }
            "transaction.max.timeout.ms" => put(&mut self.transaction_max_timeout, millis(value)),
            "broker.session.timeout.ms" => put(&mut self.broker_session_timeout, millis(value)),
            _ => {
                return Err(PropertyError::Unknown {
                    key: key.to_owned(),
                });
            }
        };
        if understood {
            return Ok(());
        }
        Err(PropertyError::Value {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }

    /// The same with several properties, and those among them that mean nothing here.
    ///
    /// # Errors
    /// A value that a property cannot have.
    pub fn set_all(
        &mut self,
        properties: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, PropertyError> {
        let mut ignored = Vec::new();
        for (key, value) in properties {
            match self.set(key, value) {
                Err(PropertyError::Unknown { key }) => ignored.push(key),
                result => result?,
            }
        }
        Ok(ignored)
    }
}

/// A property that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// The embedded broker does not have it.
    #[error("the embedded broker does not know the property {key}")]
    Unknown {
        /// Its name.
        key: String,
    },
    /// It cannot have this value.
    #[error("{key} cannot be {value:?}")]
    Value {
        /// Its name.
        key: String,
        /// What it was to be.
        value: String,
    },
}

/// Whether there is a value; it is in `place` then.
fn put<T, E>(place: &mut T, value: Result<T, E>) -> bool {
    let Ok(value) = value else {
        return false;
    };
    *place = value;
    true
}

fn millis(value: &str) -> Result<Duration, std::num::ParseIntError> {
    value.parse().map(Duration::from_millis)
}

fn append_time(value: &str) -> Result<bool, ()> {
    match value {
        "CreateTime" => Ok(false),
        "LogAppendTime" => Ok(true),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_set_by_their_names() {
        let mut config = Config::default();
        config.set("num.partitions", "6").unwrap();
        config
            .set("group.initial.rebalance.delay.ms", "250")
            .unwrap();
        config
            .set("log.message.timestamp.type", "LogAppendTime")
            .unwrap();
        assert_eq!(config.num_partitions, 6);
        assert_eq!(config.initial_rebalance_delay, Duration::from_millis(250));
        assert!(config.log_append_time);
    }

    #[test]
    fn a_bad_value_is_named_and_changes_nothing() {
        let mut config = Config::default();
        let error = config.set("num.partitions", "many").unwrap_err();
        assert_eq!(error.to_string(), "num.partitions cannot be \"many\"");
        assert_eq!(config.num_partitions, 1);
    }

    #[test]
    fn unknown_properties_are_listed() {
        let mut config = Config::default();
        let properties = [("log.dirs", "/x"), ("num.partitions", "2")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let ignored = config.set_all(&properties.into()).unwrap();
        assert_eq!(ignored, ["log.dirs"]);
        assert_eq!(config.num_partitions, 2);
    }
}
