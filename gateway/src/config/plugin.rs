//! A plugin as it is attached: which one, to what, and its typed configuration.

use serde::Deserialize;
use uuid::Uuid;

use super::format::{Format, is_internal_topic};
use super::kafka_consume::{self, KafkaConsume};
use super::kafka_upstream::{self, KafkaUpstream};
use super::route::Protocol;
use super::schema::{Absent, Field, Filled, Preset, Record, Refused};
use super::shared::TAG;
use crate::input::{Node, Span};

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
    KafkaUpstream(Box<KafkaUpstream>),
    /// Records are the answer.
    KafkaConsume(Box<KafkaConsume>),
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

/// What the configuration may call a plugin.
#[derive(Debug, Clone, Copy)]
pub struct PluginSchema {
    /// Its name.
    pub name: &'static str,
    /// The fields of the entity, `config` with the plugin's own fields among them.
    pub entity: &'static Record,
    /// Makes the typed configuration of a filled `config`.
    typed: fn(&Filled) -> Result<PluginConfig, serde_json::Error>,
    /// Where in `config` names of topics stand.
    topics: fn(&Node) -> Vec<(String, &Node)>,
}

impl PluginSchema {
    /// The plugin called `name`. The error says whether the name is unknown or the plugin not built yet.
    pub fn of(name: &str) -> Result<&'static PluginSchema, String> {
        if let Some(schema) = SCHEMAS.iter().find(|schema| schema.name == name) {
            return Ok(schema);
        }
        if LATER.contains(&name) {
            return Err(format!("plugin '{name}' is not supported by this version"));
        }
        Err(format!(
            "plugin '{name}' not enabled; add it to the 'plugins' configuration property"
        ))
    }

    /// The entity of checked and filled values; `id` and `route` are its owner's to know.
    pub(super) fn entity_of(
        &self,
        filled: &Filled,
        id: Uuid,
        route: Option<Uuid>,
    ) -> Result<Plugin, serde_json::Error> {
        let common: Common = filled.typed()?;
        Ok(Plugin {
            id,
            route,
            instance_name: common.instance_name,
            protocols: common.protocols,
            enabled: common.enabled,
            tags: common.tags.unwrap_or_default(),
            config: (self.typed)(filled)?,
        })
    }

    /// The topics of Kafka's own that `config` names, each with its path below `config` and its place (G-31).
    pub(super) fn internal_topics(&self, config: &Node) -> Vec<(String, Span)> {
        let is_internal = |node: &Node| node.text().is_some_and(is_internal_topic);
        let named = (self.topics)(config).into_iter();
        named
            .filter(|(_, node)| is_internal(node))
            .map(|(path, node)| (path, node.span))
            .collect()
    }
}

/// The fields of every plugin, as a struct.
#[derive(Deserialize)]
struct Common {
    instance_name: Option<String>,
    protocols: Vec<Protocol>,
    enabled: bool,
    tags: Option<Vec<String>>,
}

/// The filled `config` as a struct.
#[derive(Deserialize)]
struct Config<T> {
    config: T,
}

static SCHEMAS: &[PluginSchema] = &[
    PluginSchema {
        name: "kafka-consume",
        entity: &KAFKA_CONSUME,
        typed: |filled| {
            filled
                .typed()
                .map(|Config { config }| PluginConfig::KafkaConsume(config))
        },
        topics: topics_to_read,
    },
    PluginSchema {
        name: "kafka-upstream",
        entity: &KAFKA_UPSTREAM,
        typed: |filled| {
            filled
                .typed()
                .map(|Config { config }| PluginConfig::KafkaUpstream(config))
        },
        topics: topics_to_write,
    },
];

/// Plugins of the contract that this version does not have.
const LATER: &[&str] = &["confluent", "confluent-consume", "kafka-log", "key-auth"];

/// The record of a plugin entity: what all plugins have, with this one's scope, protocols and fields.
macro_rules! entity {
    ($(#[doc = $doc:literal])+ $record:ident, service: $service:expr, protocols: $protocol:ident = $protocols:expr, config: $config:expr) => {
        $(#[doc = $doc])+
        static $record: Record = Record::new(&[
            Field::text("id").format(Format::Uuid),
            Field::text("name").required(),
            Field::text("instance_name").format(Format::Name),
            Field::integer("created_at"),
            Field::integer("updated_at"),
            Field::reference("route"),
            Field::reference("service").refused($service),
            Field::reference("consumer").refused(Refused::WhenSet),
            Field::set("protocols", &$protocol).default(Preset::Texts($protocols)).len_min(1),
            Field::boolean("enabled").default(Preset::Boolean(true)),
            Field::set("tags", &TAG),
            Field::record("config", &$config, Absent::Fill),
        ]);
        static $protocol: Field = Field::text("").one_of($protocols);
    };
}

entity! {
    /// `kafka-consume` may not belong to a service, in no version.
    KAFKA_CONSUME,
    service: Refused::NotEmpty("value must be null"),
    protocols: CONSUME_PROTOCOL = &["grpc", "grpcs", "http", "https", "ws", "wss"],
    config: kafka_consume::FIELDS
}

entity! {
    /// `kafka-upstream` may belong to a service once there are any.
    KAFKA_UPSTREAM,
    service: Refused::WhenSet,
    protocols: UPSTREAM_PROTOCOL = &["grpc", "grpcs", "http", "https"],
    config: kafka_upstream::FIELDS
}

fn topics_to_read(config: &Node) -> Vec<(String, &Node)> {
    let topics = config.get("topics").map(Node::elements).unwrap_or_default();
    let named = topics.iter().zip(1..);
    named
        .filter_map(|(topic, position)| {
            Some((format!("topics[{position}].name"), topic.get("name")?))
        })
        .collect()
}

fn topics_to_write(config: &Node) -> Vec<(String, &Node)> {
    let allowed = config
        .get("allowed_topics")
        .map(Node::elements)
        .unwrap_or_default();
    let allowed = allowed
        .iter()
        .zip(1..)
        .map(|(topic, position)| (format!("allowed_topics[{position}]"), topic));
    let default = config.get("topic").map(|topic| ("topic".to_owned(), topic));
    default.into_iter().chain(allowed).collect()
}
