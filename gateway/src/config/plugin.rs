//! A plugin as it is attached: which one, to what, and its typed configuration.

use uuid::Uuid;

use super::kafka_consume::KafkaConsume;
use super::kafka_upstream::KafkaUpstream;
use super::route::Protocol;

/// A valid plugin entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// Its id: given, or stable over loads of the same file.
    pub id: Uuid,
    /// A name for this instance, unique among plugins.
    pub instance_name: Option<String>,
    /// The route it is attached to; `None` is every route.
    pub route: Option<Uuid>,
    /// Protocols it is meant for; shares at least one with its route.
    pub protocols: Vec<Protocol>,
    /// Whether it runs; a disabled one is skipped as if it were not there. Default: true.
    pub enabled: bool,
    /// Labels; they change nothing.
    pub tags: Vec<String>,
    /// Which plugin it is, and its own fields.
    pub config: PluginConfig,
}

/// The plugins this version has, with their configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum PluginConfig {
    /// Requests become records.
    KafkaUpstream(KafkaUpstream),
    /// Records are the answer.
    KafkaConsume(KafkaConsume),
}

impl Plugin {
    /// Its name in the configuration: `kafka-upstream`.
    pub fn name(&self) -> &'static str {
        match self.config {
            PluginConfig::KafkaUpstream(_) => "kafka-upstream",
            PluginConfig::KafkaConsume(_) => "kafka-consume",
        }
    }

    /// Its place in the order of plugins: the highest of a request runs first.
    pub fn priority(&self) -> u32 {
        match self.config {
            PluginConfig::KafkaUpstream(_) => 751,
            PluginConfig::KafkaConsume(_) => 753,
        }
    }
}
