//! `kafka-consume`: records of topics as the answer. Its fields as the vendor's schema has them, and as a struct.

use serde::Deserialize;

use super::format::Format;
use super::registry::SCHEMA_REGISTRY_CONSUMER;
use super::schema::{Absent, Check, Field, Preset, Record, Refused};
use super::shared::{
    AUTHENTICATION, Authentication, BOOTSTRAP_SERVER, BootstrapServer, ERROR_HANDLING,
    ErrorHandling, LUA_FUNCTIONS, SECURITY, Security,
};

/// A complete, valid configuration of `kafka-consume`; what each field does is kong-consume.md.
/// `schema_registry`, `message_by_lua_functions` and `enable_dlq` are refused by this version, so they have no field.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct KafkaConsume {
    /// Brokers to ask first; at least one.
    pub bootstrap_servers: Vec<BootstrapServer>,
    /// Topics to read, in the order of the answer; at least one, none twice.
    pub topics: Vec<Topic>,
    /// How records are given. Default: `http-get`.
    pub mode: Mode,
    /// What a value is taken for. Default: `noop`.
    pub message_deserializer: Deserializer,
    /// Where a partition without a committed offset starts; see [`Self::start`]. Default: `latest`.
    pub auto_offset_reset: OffsetReset,
    /// Whether `latest` means it; false makes it `earliest`. Default: false.
    pub enforce_latest_offset_reset: bool,
    /// Who commits offsets. Default: `auto`.
    pub commit_strategy: CommitStrategy,
    /// Which consumer group reads.
    pub consumer_group: ConsumerGroup,
    /// Part of the connection's identity: plugins that differ in it share nothing.
    pub cluster_name: Option<String>,
    /// What clients are told of failures.
    pub error_handling: ErrorHandling,
    /// Who the gateway is to the brokers.
    pub authentication: Authentication,
    /// The transport to the brokers.
    pub security: Security,
}

impl KafkaConsume {
    /// Where a partition without a usable committed offset really starts (kong-consume.md §5):
    /// `latest` only when it is enforced.
    pub fn start(&self) -> OffsetReset {
        match self.auto_offset_reset {
            OffsetReset::Latest if self.enforce_latest_offset_reset => OffsetReset::Latest,
            OffsetReset::Latest | OffsetReset::Earliest => OffsetReset::Earliest,
        }
    }
}

/// A topic to read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Topic {
    /// Its name; a legal Kafka name.
    pub name: String,
}

/// `mode`: how records are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One JSON answer per GET.
    HttpGet,
    /// An endless stream of events.
    ServerSentEvents,
    /// A WebSocket.
    Websocket,
}

/// `message_deserializer`: what a value is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deserializer {
    /// JSON text that is parsed.
    Json,
    /// Text that is given as it is.
    Noop,
}

/// `auto_offset_reset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OffsetReset {
    /// The oldest record there is.
    Earliest,
    /// The end of the log.
    Latest,
}

/// `commit_strategy`: who commits offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CommitStrategy {
    /// The gateway, after it has given the records.
    Auto,
    /// The client, by acknowledgement or POST.
    Off,
}

/// `consumer_group`: which group reads (kong-consume.md §5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConsumerGroup {
    /// How the group id is made. Default: `random`.
    pub mode: GroupMode,
    /// The group id itself; set when [`Self::mode`] is `manual`.
    pub consumer_group_id: Option<String>,
}

/// `consumer_group.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupMode {
    /// Made of the plugin, the client and the node.
    Random,
    /// [`ConsumerGroup::consumer_group_id`].
    Manual,
}

/// The fields of `config`, as the vendor's schema has them.
pub static FIELDS: Record = Record::new(&[
    Field::record("authentication", &AUTHENTICATION, Absent::Fill),
    Field::text("auto_offset_reset")
        .default(Preset::Text("latest"))
        .one_of(&["earliest", "latest"]),
    Field::array("bootstrap_servers", &BOOTSTRAP_SERVER)
        .required()
        .len_min(1),
    Field::text("cluster_name"),
    Field::text("commit_strategy")
        .default(Preset::Text("auto"))
        .one_of(&["auto", "off"]),
    Field::record("consumer_group", &CONSUMER_GROUP, Absent::Fill),
    Field::text("dlq_topic").format(Format::KafkaTopic),
    Field::boolean("enable_dlq").refused(Refused::WhenTrue),
    Field::boolean("enforce_latest_offset_reset").default(Preset::Boolean(false)),
    Field::record("error_handling", &ERROR_HANDLING, Absent::Fill),
    LUA_FUNCTIONS,
    Field::text("message_deserializer")
        .default(Preset::Text("noop"))
        .one_of(&["json", "noop"]),
    Field::text("mode")
        .default(Preset::Text("http-get"))
        .one_of(&["http-get", "server-sent-events", "websocket"]),
    Field::record("schema_registry", &SCHEMA_REGISTRY_CONSUMER, Absent::Fill),
    Field::record("security", &SECURITY, Absent::Fill),
    Field::array("topics", &TOPIC).required().len_min(1),
])
.checks(&[
    Check::RequiredWhenTrue {
        field: "enable_dlq",
        then: "dlq_topic",
    },
    Check::Unique {
        list: "topics",
        member: "name",
        error: "duplicate topic",
    },
]);

static TOPIC: Field = Field::record("", &TOPIC_FIELDS, Absent::Null);
static TOPIC_FIELDS: Record = Record::new(&[
    Field::text("name").required().format(Format::KafkaTopic),
    Field::record("schema_registry", &SCHEMA_REGISTRY_CONSUMER, Absent::Null),
]);

static CONSUMER_GROUP: Record = Record::new(&[
    Field::text("consumer_group_id"),
    Field::text("mode")
        .default(Preset::Text("random"))
        .one_of(&["kong_consumer", "manual", "random"])
        .refused(Refused::Texts(&["kong_consumer"])),
])
.checks(&[Check::RequiredWhen {
    field: "mode",
    is: &["manual"],
    then: &["consumer_group_id"],
}]);
