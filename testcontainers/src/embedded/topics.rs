//! The topics of a cluster: names, ids, and where partitions are placed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_wire::{ErrorCode, Uuid};

use super::config::Config;
use super::partition::Partition;

/// A topic. Its partitions never change in number.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: Arc<str>,
    pub(super) id: Uuid,
    pub(super) settings: Settings,
    partitions: Vec<Partition>,
}

/// What a topic may set for itself.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) message_max_bytes: usize,
    pub(super) min_insync_replicas: i16,
    pub(super) log_append_time: bool,
    /// Records need a key (`cleanup.policy=compact`); nothing is compacted.
    pub(super) is_compacted: bool,
    /// As they were given.
    pub(super) given: BTreeMap<String, String>,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct NewTopic {
    pub(super) name: String,
    /// -1 for the default.
    pub(super) partitions: i32,
    /// -1 for the default.
    pub(super) replication: i16,
    /// Replicas of each partition, in order; empty for a placement of ours.
    pub(super) assignment: Vec<Vec<i32>>,
    pub(super) settings: BTreeMap<String, String>,
}

/// Why there is no such topic, as Kafka says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

/// All topics, by name and by id.
#[derive(Debug, Default)]
pub(super) struct Topics {
    by_name: BTreeMap<Arc<str>, Arc<Topic>>,
    by_id: HashMap<Uuid, Arc<Topic>>,
    /// Where the next topic's first partition goes.
    next_place: usize,
}

impl Topic {
    /// The partition with this index.
    pub(super) fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    /// All partitions with their indexes.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (i32, &Partition)> {
        (0..).zip(&self.partitions)
    }

    /// Replicas of each partition.
    pub(super) fn replication(&self) -> usize {
        let first = self.partitions.first();
        first.map_or(0, |partition| partition.lock().replicas.len())
    }
}

impl Topics {
    /// The topic of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    /// The topic with this id.
    pub(super) fn with_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// All topics, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_name.values()
    }

    /// Makes a topic on the nodes that are `up`, unless this is a trial.
    ///
    /// # Errors
    /// As Kafka's controller refuses.
    pub(super) fn create(
        &mut self,
        new: NewTopic,
        config: &Config,
        up: &[i32],
        trial: Trial,
    ) -> Result<Arc<Topic>, Refused> {
        self.check_name(&new.name)?;
        let settings = Settings::from_given(new.settings, config)?;
        let partitions = match new.assignment.as_slice() {
            [] => self.place(new.partitions, new.replication, config, up)?,
            _ => new.assignment,
        };
        let existing: usize = self.iter().map(|topic| topic.partitions.len()).sum();
        if existing + partitions.len() > MOST_PARTITIONS {
            return Err(refused(
                ErrorCode::POLICY_VIOLATION,
                format!("the embedded broker keeps at most {MOST_PARTITIONS} partitions"),
            ));
        }
        let topic = Arc::new(Topic {
            name: new.name.into(),
            id: random_id(),
            settings,
            partitions: partitions
                .into_iter()
                .map(|replicas| Partition::new(replicas, |node| up.contains(&node)))
                .collect(),
        });
        if trial == Trial::Real {
            self.next_place += 1;
            self.by_name.insert(topic.name.clone(), topic.clone());
            self.by_id.insert(topic.id, topic.clone());
        }
        Ok(topic)
    }

    /// Takes a topic out of the table; what is in its partitions is the caller's to end.
    pub(super) fn remove(&mut self, topic: &Topic) {
        self.by_name.remove(&topic.name);
        self.by_id.remove(&topic.id);
    }

    fn check_name(&self, name: &str) -> Result<(), Refused> {
        if !is_valid_name(name) {
            return Err(refused(
                ErrorCode::INVALID_TOPIC_EXCEPTION,
                format!(
                    "{name:?} is no name for a topic: 1 to 249 of the letters, digits, '.', '_' and '-' of ASCII, and not '.' or '..'"
                ),
            ));
        }
        if self.by_name.contains_key(name) {
            return Err(refused(
                ErrorCode::TOPIC_ALREADY_EXISTS,
                format!("there is a topic {name} already"),
            ));
        }
        Ok(())
    }

    /// Spreads partitions over the nodes that are up, so that each leads about as many.
    fn place(
        &self,
        partitions: i32,
        replication: i16,
        config: &Config,
        up: &[i32],
    ) -> Result<Vec<Vec<i32>>, Refused> {
        let partitions = default_for(partitions, config.num_partitions);
        let replication = default_for(replication, config.replication_factor);
        let Ok(count @ 1..) = usize::try_from(partitions) else {
            return Err(refused(
                ErrorCode::INVALID_PARTITIONS,
                format!("a topic cannot have {partitions} partitions"),
            ));
        };
        let replicas = match usize::try_from(replication) {
            Ok(replicas @ 1..) if replicas <= up.len() => replicas,
            _ => {
                return Err(refused(
                    ErrorCode::INVALID_REPLICATION_FACTOR,
                    format!(
                        "{replication} replicas do not fit on {} nodes that are up",
                        up.len()
                    ),
                ));
            }
        };
        if count > MOST_PARTITIONS {
            return Err(refused(
                ErrorCode::POLICY_VIOLATION,
                format!("{count} partitions are more than the embedded broker keeps"),
            ));
        }
        let nodes = up.iter().copied().cycle();
        let first = self.next_place;
        Ok((first..first + count)
            .map(|place| {
                nodes
                    .clone()
                    .skip(place % up.len())
                    .take(replicas)
                    .collect()
            })
            .collect())
    }
}

impl Settings {
    fn from_given(given: BTreeMap<String, String>, config: &Config) -> Result<Self, Refused> {
        let mut settings = Self {
            message_max_bytes: config.message_max_bytes,
            min_insync_replicas: config.min_insync_replicas,
            log_append_time: config.log_append_time,
            is_compacted: false,
            given: BTreeMap::new(),
        };
        for (key, value) in &given {
            let bad = || {
                refused(
                    ErrorCode::INVALID_CONFIG,
                    format!("{key} cannot be {value:?}"),
                )
            };
            match key.as_str() {
                "max.message.bytes" => {
                    settings.message_max_bytes = value.parse().map_err(|_| bad())?;
                }
                "min.insync.replicas" => {
                    settings.min_insync_replicas = value.parse().map_err(|_| bad())?;
                }
                "message.timestamp.type" => {
                    settings.log_append_time = match value.as_str() {
                        "LogAppendTime" => true,
                        "CreateTime" => false,
                        _ => return Err(bad()),
                    }
                }
                "cleanup.policy" => {
                    settings.is_compacted = value.split(',').any(|it| it.trim() == "compact");
                }
                key if WITHOUT_EFFECT.contains(&key) => {}
                _ => {
                    return Err(refused(
                        ErrorCode::INVALID_CONFIG,
                        format!("topics have no setting {key}"),
                    ));
                }
            }
        }
        settings.given = given;
        Ok(settings)
    }
}

/// Whether a topic is really made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    Real,
    /// `validate_only`.
    Trial,
}

/// Kafka's rule for names of topics.
pub(super) fn is_valid_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=249).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(legal)
}

/// A random UUID (version 4), as Kafka gives its topics.
pub(super) fn random_id() -> Uuid {
    let random = fastrand::u128(..);
    let version = 0xf << 76;
    let variant = 0b11 << 62;
    Uuid(((random & !version & !variant) | (4 << 76) | (0b10 << 62)).to_be_bytes())
}

/// -1 asks for the default.
fn default_for<T: PartialEq + From<i8>>(asked: T, default: T) -> T {
    if asked == T::from(-1) { default } else { asked }
}

fn refused(code: ErrorCode, message: String) -> Refused {
    Refused { code, message }
}

/// Settings of a topic that Kafka knows; here they are kept and have no effect.
const WITHOUT_EFFECT: [&str; 20] = [
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "max.compaction.lag.ms",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "preallocate",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.ms",
];

/// Of all topics together; Kafka itself refuses to create more at once.
const MOST_PARTITIONS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn create(
        topics: &mut Topics,
        name: &str,
        partitions: i32,
        replication: i16,
        up: &[i32],
    ) -> Result<Arc<Topic>, ErrorCode> {
        let new = NewTopic {
            name: name.into(),
            partitions,
            replication,
            ..NewTopic::default()
        };
        topics
            .create(new, &Config::nodes(3), up, Trial::Real)
            .map_err(|refused| refused.code)
    }

    fn leaders(topic: &Topic) -> Vec<i32> {
        topic
            .partitions()
            .filter_map(|(_, it)| it.lock().leader)
            .collect()
    }

    #[test]
    fn leaders_are_spread() {
        let mut topics = Topics::default();
        let first = create(&mut topics, "a", 4, 2, &[1, 2, 3]).unwrap();
        assert_eq!(leaders(&first), [1, 2, 3, 1]);
        assert_eq!(first.partition(2).unwrap().lock().replicas, [3, 1]);
        let second = create(&mut topics, "b", 1, 3, &[1, 2, 3]).unwrap();
        assert_eq!(leaders(&second), [2]);
    }

    #[test]
    fn what_kafka_refuses_is_refused() {
        let mut topics = Topics::default();
        let mut code = |name, partitions, replication| {
            create(&mut topics, name, partitions, replication, &[1, 2]).unwrap_err()
        };
        assert_eq!(code("a b", 1, 1), ErrorCode::INVALID_TOPIC_EXCEPTION);
        assert_eq!(code("..", 1, 1), ErrorCode::INVALID_TOPIC_EXCEPTION);
        assert_eq!(code("", 1, 1), ErrorCode::INVALID_TOPIC_EXCEPTION);
        assert_eq!(code("a", 0, 1), ErrorCode::INVALID_PARTITIONS);
        assert_eq!(code("a", -2, 1), ErrorCode::INVALID_PARTITIONS);
        assert_eq!(code("a", 1, 3), ErrorCode::INVALID_REPLICATION_FACTOR);
        assert_eq!(code("a", 1, 0), ErrorCode::INVALID_REPLICATION_FACTOR);
        assert_eq!(code("a", 1_000_000, 1), ErrorCode::POLICY_VIOLATION);
        create(&mut topics, "a", 1, 1, &[1]).unwrap();
        let again = create(&mut topics, "a", 1, 1, &[1]).unwrap_err();
        assert_eq!(again, ErrorCode::TOPIC_ALREADY_EXISTS);
    }

    #[test]
    fn a_trial_makes_nothing() {
        let mut topics = Topics::default();
        let new = NewTopic {
            name: "a".into(),
            partitions: 1,
            replication: 1,
            ..NewTopic::default()
        };
        topics
            .create(new, &Config::nodes(1), &[1], Trial::Trial)
            .unwrap();
        assert!(topics.named("a").is_none());
    }

    #[test]
    fn settings_of_topics_are_checked() {
        let set = |key: &str, value: &str| {
            let given = [(key.to_owned(), value.to_owned())].into();
            Settings::from_given(given, &Config::default()).map_err(|refused| refused.code)
        };
        assert_eq!(
            set("max.message.bytes", "10").unwrap().message_max_bytes,
            10
        );
        assert!(
            set("cleanup.policy", "compact,delete")
                .unwrap()
                .is_compacted
        );
        assert!(set("retention.ms", "1000").is_ok());
        assert_eq!(
            set("max.message.bytes", "x").unwrap_err(),
            ErrorCode::INVALID_CONFIG
        );
        assert_eq!(
            set("no.such.thing", "1").unwrap_err(),
            ErrorCode::INVALID_CONFIG
        );
    }

    #[test]
    fn ids_are_version_4() {
        let Uuid(bytes) = random_id();
        assert_eq!(bytes[6] >> 4, 4);
        assert_eq!(bytes[8] >> 6, 0b10);
    }
}
