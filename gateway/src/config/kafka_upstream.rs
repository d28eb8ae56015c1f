//! `kafka-upstream`: each request becomes a record. Its fields as the vendor's schema has them, and as a struct.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::format::Format;
use super::registry::SCHEMA_REGISTRY_PRODUCER;
use super::schema::{Absent, Check, Field, Preset, Record};
use super::shared::{
    AUTHENTICATION, Authentication, BOOTSTRAP_SERVER, BootstrapServer, ERROR_HANDLING,
    ErrorHandling, LUA_FUNCTIONS, SECURITY, Security, TEXT, TOPIC_NAME, millis,
};

/// A complete, valid configuration of `kafka-upstream`; what each field does is kong-produce.md §1 to §6.
/// `message_by_lua_functions` and `schema_registry` are refused by this version, so they have no field.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, named as the vendor names them"
)]
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct KafkaUpstream {
    /// Brokers to ask first; at least one.
    pub bootstrap_servers: Vec<BootstrapServer>,
    /// Default target topic.
    pub topic: String,
    /// Query argument with a comma-separated list of target topics; null for always [`Self::topic`].
    pub topics_query_arg: Option<String>,
    /// Topics that a request may ask for, besides [`Self::topic`].
    pub allowed_topics: Option<Vec<String>>,
    /// Query argument that holds the record key; null for null keys.
    pub key_query_arg: Option<String>,
    /// Part of the producer's identity: plugins that differ in it share nothing.
    pub cluster_name: Option<String>,
    /// Connect and socket time-out. Default: 10 s.
    #[serde(deserialize_with = "millis")]
    pub timeout: Duration,
    /// Accepted and printed; our connections are always kept. Default: 60 s.
    #[serde(deserialize_with = "millis")]
    pub keepalive: Duration,
    /// Accepted and printed; our connections are always kept. Default: false.
    pub keepalive_enabled: bool,
    /// Whether the value has `method`. Default: false.
    pub forward_method: bool,
    /// Whether the value has `uri` and `uri_args`. Default: false.
    pub forward_uri: bool,
    /// Whether the value has `headers`. Default: false.
    pub forward_headers: bool,
    /// Whether the value has `body`, `body_args` and `body_base64`. Default: true.
    pub forward_body: bool,
    /// How many replicas must have a record before it counts as sent. Default: the leader.
    pub producer_request_acks: Acks,
    /// Longest wait for the broker to acknowledge one request. Default: 2 s.
    #[serde(deserialize_with = "millis")]
    pub producer_request_timeout: Duration,
    /// Records at which a batch is sent. Default: 200.
    pub producer_request_limits_messages_per_request: u32,
    /// Bytes at which a batch is sent. Default: 1 MiB.
    pub producer_request_limits_bytes_per_request: usize,
    /// Attempts per batch, the first included. Default: 10.
    pub producer_request_retries_max_attempts: u32,
    /// Wait between two attempts. Default: 100 ms.
    #[serde(deserialize_with = "millis")]
    pub producer_request_retries_backoff_timeout: Duration,
    /// Whether the answer is given at queueing, not at acknowledgement. Default: true.
    pub producer_async: bool,
    /// Longest wait of a queued record for company. Default: 1 s.
    #[serde(deserialize_with = "millis")]
    pub producer_async_flush_timeout: Duration,
    /// Records queued at most per producer. Default: 50,000.
    pub producer_async_buffering_limits_messages_in_memory: usize,
    /// Which HTTP headers become record headers.
    pub headers: RecordHeaders,
    /// What clients are told of failures.
    pub error_handling: ErrorHandling,
    /// Who the gateway is to the brokers.
    pub authentication: Authentication,
    /// The transport to the brokers.
    pub security: Security,
}

/// `producer_request_acks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "i64")]
pub enum Acks {
    /// 0: nobody answers, a record counts as sent when it is written to the socket.
    None,
    /// 1: the leader has it.
    Leader,
    /// −1: all in-sync replicas have it.
    All,
}

impl TryFrom<i64> for Acks {
    type Error = &'static str;

    fn try_from(acks: i64) -> Result<Acks, &'static str> {
        match acks {
            0 => Ok(Acks::None),
            1 => Ok(Acks::Leader),
            -1 => Ok(Acks::All),
            _ => Err("expected one of: -1, 0, 1"),
        }
    }
}

/// `config.headers`: HTTP headers as record headers (kong-produce.md §5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordHeaders {
    /// Whether any are forwarded. Default: true.
    pub forward_http_headers_as_record_headers: bool,
    /// Whether all but [`Self::exclude_headers`] are, instead of only [`Self::include_headers`]. Default: false.
    pub forward_all_by_default: bool,
    /// Names that are forwarded. Default: none.
    pub include_headers: Vec<String>,
    /// Names that are not forwarded. Default: none.
    pub exclude_headers: Vec<String>,
    /// Other names for record headers, by HTTP name. Default: none.
    pub name_mappings: BTreeMap<String, String>,
    /// What becomes of a header that occurs more than once. Default: each is kept.
    pub repeated_headers_behavior: RepeatedHeaders,
}

/// `repeated_headers_behavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedHeaders {
    /// One record header for each, in order.
    RetainDuplicates,
    /// The first alone.
    TakeFirst,
    /// One record header, the values joined with `,`.
    ConcatenateByComma,
}

/// The fields of `config`, as the vendor's schema has them.
pub static FIELDS: Record = Record::new(&[
    Field::array("allowed_topics", &TOPIC_NAME),
    Field::record("authentication", &AUTHENTICATION, Absent::Fill),
    Field::array("bootstrap_servers", &BOOTSTRAP_SERVER)
        .required()
        .len_min(1),
    Field::text("cluster_name"),
    Field::record("error_handling", &ERROR_HANDLING, Absent::Fill),
    Field::boolean("forward_body").default(Preset::Boolean(true)),
    Field::boolean("forward_headers").default(Preset::Boolean(false)),
    Field::boolean("forward_method").default(Preset::Boolean(false)),
    Field::boolean("forward_uri").default(Preset::Boolean(false)),
    Field::record("headers", &RECORD_HEADERS, Absent::Fill),
    Field::integer("keepalive")
        .default(Preset::Integer(60_000))
        .between(0, MOST_MILLIS),
    Field::boolean("keepalive_enabled").default(Preset::Boolean(false)),
    Field::text("key_query_arg"),
    LUA_FUNCTIONS,
    Field::boolean("producer_async").default(Preset::Boolean(true)),
    Field::integer("producer_async_buffering_limits_messages_in_memory")
        .default(Preset::Integer(50_000))
        .between(1, 10_000_000),
    Field::integer("producer_async_flush_timeout")
        .default(Preset::Integer(1_000))
        .between(1, 60_000),
    Field::integer("producer_request_acks")
        .default(Preset::Integer(1))
        .one_of_integers(&[-1, 0, 1]),
    Field::integer("producer_request_limits_bytes_per_request")
        .default(Preset::Integer(1_048_576))
        .between(1, 104_857_600),
    Field::integer("producer_request_limits_messages_per_request")
        .default(Preset::Integer(200))
        .between(1, 1_000_000),
    Field::integer("producer_request_retries_backoff_timeout")
        .default(Preset::Integer(100))
        .between(0, 60_000),
    Field::integer("producer_request_retries_max_attempts")
        .default(Preset::Integer(10))
        .between(1, 1_000),
    Field::integer("producer_request_timeout")
        .default(Preset::Integer(2_000))
        .between(1, MOST_MILLIS),
    Field::record("schema_registry", &SCHEMA_REGISTRY_PRODUCER, Absent::Fill),
    Field::record("security", &SECURITY, Absent::Fill),
    Field::integer("timeout")
        .default(Preset::Integer(10_000))
        .between(1, MOST_MILLIS),
    Field::text("topic").required().format(Format::KafkaTopic),
    Field::text("topics_query_arg"),
])
.checks(&[Check::AnyTrue(&[
    "forward_method",
    "forward_uri",
    "forward_headers",
    "forward_body",
])]);

static RECORD_HEADERS: Record = Record::new(&[
    Field::array("exclude_headers", &TEXT).default(Preset::Texts(&[])),
    Field::boolean("forward_all_by_default").default(Preset::Boolean(false)),
    Field::boolean("forward_http_headers_as_record_headers").default(Preset::Boolean(true)),
    Field::array("include_headers", &TEXT).default(Preset::Texts(&[])),
    Field::map("name_mappings", &TEXT).default(Preset::EmptyMap),
    Field::text("repeated_headers_behavior")
        .default(Preset::Text("retain_duplicates"))
        .one_of(&["concatenate_by_comma", "retain_duplicates", "take_first"]),
]);

/// The longest duration the vendor's schema allows, in milliseconds.
const MOST_MILLIS: i64 = 2_147_483_646;
