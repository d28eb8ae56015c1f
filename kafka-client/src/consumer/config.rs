//! What a consumer reads, how much at a time, and for whom.

use std::time::Duration;

use crate::config::ConfigError;
use crate::consumer::position::Origin;
use crate::group::assignor::Assignor;

/// How to read. Names in brackets are Kafka's.
#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// Bytes that a broker gathers before it answers a fetch, as long as `fetch_max_wait` allows.
    /// Kafka: `fetch.min.bytes`. Default: 1, which answers as soon as there is anything.
    pub fetch_min_bytes: usize,
    /// Longest time that a broker holds a fetch back for `fetch_min_bytes`; also the longest time
    /// that a partition assigned in the meantime waits for its first fetch.
    /// Kafka: `fetch.max.wait.ms`. Default: 500 ms.
    pub fetch_max_wait: Duration,
    /// Soft limit of one fetch answer, in bytes; a first batch that is larger is sent all the same.
    /// At most two answers per broker are held: one that is read and one that waits or is on its
    /// way. Kafka: `fetch.max.bytes`. Default: 50 MiB.
    pub fetch_max_bytes: usize,
    /// Soft limit for one partition in one fetch answer, in bytes, as above. An event of
    /// decompressed records is not much larger either.
    /// Kafka: `max.partition.fetch.bytes`. Default: 1 MiB.
    pub max_partition_fetch_bytes: usize,
    /// Whether records of open and rolled-back transactions are shown.
    /// Kafka: `isolation.level`. Default: they are.
    pub isolation: Isolation,
    /// Where to read when there is no position, or none that the log still has.
    /// Kafka: `auto.offset.reset`. Default: at the end.
    pub reset: OffsetReset,
    /// Whether the checksum of each batch is verified. Kafka: `check.crcs`. Default: true.
    pub check_crcs: bool,
    /// Most bytes that one batch may decompress to; a batch that has more is an error that names
    /// this field, and stops its partition. Default: 64 MiB.
    pub max_decompressed_bytes: usize,
    /// Where the consumer runs, as brokers call their racks: a leader may then name a replica nearby to read from (KIP-392), if its
    /// cluster has `replica.selector.class` set. It is read until it errs, and for `metadata_max_age` at most before the leader is
    /// asked again. Kafka: `client.rack`. Default: none.
    pub client_rack: Option<String>,
    /// Whether [`Consumer::subscribe_pattern`](crate::Consumer::subscribe_pattern) leaves out the topics in which Kafka keeps its own
    /// state. Kafka: `exclude.internal.topics`. Default: true.
    pub exclude_internal_topics: bool,
    /// The group to be a member of (`subscribe`), or to keep offsets for (`assign`).
    /// Kafka: `group.id` and what belongs to it. Default: none.
    pub group: Option<GroupConfig>,
    /// How often offsets are committed without being told to: those of records that were handed
    /// out before the last call of `poll`. Also done before partitions are given up and on close.
    /// Needs `group`. Kafka: `enable.auto.commit`, `auto.commit.interval.ms`. Default: never.
    pub auto_commit: Option<Duration>,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            fetch_min_bytes: 1,
            fetch_max_wait: Duration::from_millis(500),
            fetch_max_bytes: 50 << 20,
            max_partition_fetch_bytes: 1 << 20,
            isolation: Isolation::default(),
            reset: OffsetReset::default(),
            check_crcs: true,
            max_decompressed_bytes: 64 << 20,
            client_rack: None,
            exclude_internal_topics: true,
            group: None,
            auto_commit: None,
        }
    }
}

/// Membership in a group.
#[derive(Debug, Clone)]
pub struct GroupConfig {
    /// The group's name. Kafka: `group.id`. Must not be empty.
    pub id: String,
    /// Who divides the partitions, and how. A group changes from the classic protocol to the other one while it runs: as soon as one member
    /// speaks it, the coordinator serves both. Kafka: `group.protocol`. Default: classic.
    pub protocol: GroupProtocol,
    /// A name of this member that outlives it: a member that comes back under it within
    /// `session_timeout` gets its partitions without a rebalance, so `close` does not leave the
    /// group (KIP-345). Kafka: `group.instance.id`. Default: none.
    pub instance_id: Option<String>,
    /// Silence after which the coordinator gives a member up. In the protocol of KIP-848 the coordinator's own setting counts.
    /// Kafka: `session.timeout.ms`. Default: 45 s.
    pub session_timeout: Duration,
    /// Time between signs of life; a third of `session_timeout` or less. In the protocol of KIP-848 the coordinator says it.
    /// Kafka: `heartbeat.interval.ms`. Default: 3 s.
    pub heartbeat_interval: Duration,
    /// Longest time for which a rebalance waits for the application to come back to `poll`.
    /// Kafka: `max.poll.interval.ms` in its role as rebalance timeout. Default: 5 min.
    pub rebalance_timeout: Duration,
    /// Longest time between two calls of `poll`. After it the application is taken for dead: the member leaves the group, its partitions
    /// are [`Lost`](crate::Event::Lost), and it joins again with the next call. Time spent waiting in `poll` does not count.
    /// Kafka: `max.poll.interval.ms`. Default: 5 min.
    pub max_poll_interval: Duration,
}

/// How a group divides its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupProtocol {
    /// One of the members divides, with the first of these that all members offer. If all of them are cooperative, members read on during a
    /// rebalance, and stop only what they give up (KIP-429). Kafka: `classic`, `partition.assignment.strategy`.
    Classic {
        /// Ways to divide, best first; at least one.
        assignors: Vec<Assignor>,
    },
    /// The coordinator divides, and partitions move one by one (KIP-848; Kafka 4.0 and later). Kafka: `consumer`.
    Consumer {
        /// The coordinator's way to divide, such as `uniform` or `range`; `None` for its default. Kafka: `group.remote.assignor`.
        assignor: Option<String>,
    },
}

impl Default for GroupProtocol {
    fn default() -> Self {
        Self::Classic {
            assignors: vec![Assignor::Range, Assignor::CooperativeSticky],
        }
    }
}

impl Default for GroupConfig {
    fn default() -> Self {
        Self {
            id: String::new(),
            instance_id: None,
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            rebalance_timeout: Duration::from_mins(5),
            max_poll_interval: Duration::from_mins(5),
            protocol: GroupProtocol::default(),
        }
    }
}

/// Where to read a partition: at first, or after a seek.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first record that the log still has.
    Earliest,
    /// At the end of the log: only what is written from now on. With [`Isolation::ReadCommitted`] at the last stable offset: records
    /// of transactions that are open now are still to come.
    Latest,
    /// At an offset. One that the log does not have is treated as [`OffsetReset`] says.
    Offset(i64),
    /// The same, with the leader epoch of the record before it: if that record was lost with its leader since, it is noticed
    /// (KIP-320) as [`Error::Truncated`](crate::Error::Truncated) says.
    Position {
        /// The next record's offset.
        offset: i64,
        /// As [`PartitionRecords::leader_epoch`](crate::PartitionRecords::leader_epoch) says.
        leader_epoch: i32,
    },
    /// At the first record whose timestamp is not smaller, in milliseconds since 1970; if there is none, where the log ended when the
    /// broker was asked.
    Timestamp(i64),
    /// Where the group has committed to go on; where it has not, and without a group, as [`OffsetReset`] says.
    Committed,
}

/// What to do about a partition without a usable position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OffsetReset {
    /// Start at the first record that the log still has. Kafka: `earliest`.
    Earliest,
    /// Start at the end. Kafka: `latest`.
    #[default]
    Latest,
    /// Start at the first record that is not older than that now (by its timestamp and this machine's clock); at the end if there is
    /// none (KIP-1106). Kafka: `by_duration:PT1H`.
    ByDuration(Duration),
    /// Stop the partition and say so; `seek` starts it again. Kafka: `none`.
    Fail,
}

impl OffsetReset {
    /// Where to look for a position; `None` for nowhere.
    pub(crate) fn origin(self) -> Option<Origin> {
        match self {
            Self::Earliest => Some(Origin::Earliest),
            Self::Latest => Some(Origin::Latest),
            Self::ByDuration(age) => Some(Origin::Ago(age)),
            Self::Fail => None,
        }
    }
}

/// Whether transactions are looked at (KIP-98).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Every record is shown, whatever becomes of its transaction. Kafka: `read_uncommitted`.
    #[default]
    ReadUncommitted,
    /// Records of rolled-back transactions are left out, and reading stops before the first
    /// transaction that is still open. Kafka: `read_committed`.
    ReadCommitted,
}

impl Isolation {
    /// As the wire has it.
    pub(crate) fn level(self) -> i8 {
        match self {
            Self::ReadUncommitted => 0,
            Self::ReadCommitted => 1,
        }
    }
}

impl ConsumerConfig {
    /// Whether it can work at all.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("fetch_max_bytes", self.fetch_max_bytes),
            ("max_partition_fetch_bytes", self.max_partition_fetch_bytes),
            ("max_decompressed_bytes", self.max_decompressed_bytes),
        ];
        if let Some((field, _)) = sizes.into_iter().find(|(_, size)| *size == 0) {
            return Err(ConfigError::TooSmall { field, least: 1 });
        }
        match (&self.group, self.auto_commit) {
            (None, Some(_)) => Err(ConfigError::Missing { field: "group" }),
            (_, Some(Duration::ZERO)) => Err(ConfigError::TooSmall {
                field: "auto_commit",
                least: 1,
            }),
            (Some(group), _) => group.check(),
            (None, None) => Ok(()),
        }
    }
}

impl ConsumerConfig {
    /// The same with times that the wire can say: nobody waits longer than 24 days anyway.
    pub(crate) fn clamped(mut self) -> Self {
        self.fetch_max_wait = self.fetch_max_wait.min(LONGEST);
        self.auto_commit = self.auto_commit.map(|every| every.min(LONGEST));
        if let Some(group) = &mut self.group {
            group.session_timeout = group.session_timeout.min(LONGEST);
            group.heartbeat_interval = group.heartbeat_interval.min(LONGEST);
            group.rebalance_timeout = group.rebalance_timeout.min(LONGEST);
            group.max_poll_interval = group.max_poll_interval.min(LONGEST);
        }
        self
    }
}

impl GroupConfig {
    fn check(&self) -> Result<(), ConfigError> {
        if self.id.is_empty() {
            return Err(ConfigError::Missing { field: "group.id" });
        }
        let times = [
            ("heartbeat_interval", self.heartbeat_interval),
            ("max_poll_interval", self.max_poll_interval),
        ];
        if let Some((field, _)) = times.into_iter().find(|(_, time)| time.is_zero()) {
            return Err(ConfigError::TooSmall { field, least: 1 });
        }
        if matches!(&self.protocol, GroupProtocol::Classic { assignors } if assignors.is_empty()) {
            return Err(ConfigError::Missing { field: "assignors" });
        }
        if self.heartbeat_interval >= self.session_timeout {
            return Err(ConfigError::Conflict {
                field: "heartbeat_interval",
                other: "session_timeout",
                why: "a member that is silent for longer than its session is expelled",
            });
        }
        Ok(())
    }
}

/// As many milliseconds as fit 31 bits.
pub(crate) const LONGEST: Duration = Duration::from_millis(0x7fff_ffff);

/// Milliseconds as the wire has them; the largest number stands for anything longer.
pub(crate) fn wire_ms(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

/// A size as the wire has it; the largest number stands for anything larger.
pub(crate) fn wire_size(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, heartbeat: u64) -> ConsumerConfig {
        let group = GroupConfig {
            id: id.into(),
            heartbeat_interval: Duration::from_secs(heartbeat),
            ..Default::default()
        };
        ConsumerConfig {
            group: Some(group),
            ..Default::default()
        }
    }

    #[test]
    fn defaults_work_with_and_without_a_group() {
        assert_eq!(ConsumerConfig::default().check(), Ok(()));
        assert_eq!(member("g", 3).check(), Ok(()));
    }

    #[test]
    fn a_group_has_a_name_and_a_pulse() {
        let unnamed = ConfigError::Missing { field: "group.id" };
        assert_eq!(member("", 3).check(), Err(unnamed));
        assert!(matches!(
            member("g", 45).check(),
            Err(ConfigError::Conflict { .. })
        ));
    }

    #[test]
    fn commits_need_a_group_to_be_kept_for() {
        let config = ConsumerConfig {
            auto_commit: Some(Duration::from_secs(1)),
            ..Default::default()
        };
        assert_eq!(config.check(), Err(ConfigError::Missing { field: "group" }));
    }
}
