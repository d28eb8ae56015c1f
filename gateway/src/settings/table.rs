//! The one table of settings: name, type, default and meaning of each, by group.
//!
//! A row is `name => field: Type = default,` under its doc comment. [`Settings`], one struct per group, their
//! defaults and the help text all follow from it. A row whose feature is not built lives in
//! `unsupported.rs`; building the feature moves the row here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::value::{Compression, Membership, Partitioner, Raw, SettingValue};

/// One row of the table as the loader sees it.
pub(super) struct Row {
    /// `group.name`.
    pub(super) name: &'static str,
    /// What may be written.
    pub(super) kind: &'static str,
    /// The default as it would be written.
    pub(super) default: fn() -> String,
    /// The row's doc comment.
    pub(super) doc: &'static str,
    /// Puts a written value into its field; the error says what was expected.
    pub(super) set: fn(&mut Settings, &Raw) -> Result<(), String>,
}

macro_rules! settings {
    ($(
        $(#[doc = $group_doc:literal])+
        $group:ident: $Group:ident {
            $( $(#[doc = $doc:literal])+ $name:ident => $field:ident: $type:ty = $default:expr, )+
        }
    )+) => {
        /// All settings the gateway acts on; `Settings::default()` is a gateway that was told nothing.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Settings {
            $( $(#[doc = $group_doc])+ pub $group: $Group, )+
        }
        $(
            $(#[doc = $group_doc])+
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $Group {
                $(
                    $(#[doc = $doc])+
                    #[doc = concat!("\n\nSetting `", stringify!($group), ".", stringify!($name), "`.")]
                    pub $field: $type,
                )+
            }
            impl Default for $Group {
                fn default() -> $Group {
                    $Group { $( $field: $default, )+ }
                }
            }
        )+
        /// The rows in the order above.
        pub(super) const ROWS: &[Row] = &[$($(
            Row {
                name: concat!(stringify!($group), ".", stringify!($name)),
                kind: <$type as SettingValue>::KIND,
                default: || SettingValue::show(&$Group::default().$field),
                doc: concat!($($doc),+),
                set: |settings, raw| {
                    let value: $type = SettingValue::read(raw)?;
                    if value.is_zero() && !SettingValue::is_zero(&$Group::default().$field) {
                        return Err("expected at least 1".to_owned());
                    }
                    settings.$group.$field = value;
                    Ok(())
                },
            },
        )+)+];
    };
}

settings! {
    /// Where requests for the routes come in.
    proxy: Proxy {
        /// Addresses of the cleartext HTTP listener. Port 0 takes any free port.
        listen => listen: Vec<SocketAddr> = everywhere(8000),
    }
    /// Limits and time-outs of every client connection on the proxy port.
    http: Http {
        /// Longest time from accept, or from the first byte of a later request, to a complete request head; then 408 and close.
        head_timeout_ms => head_timeout: Duration = millis(10_000),
        /// Longest time without progress while a request body is read; then 408 and close.
        body_timeout_ms => body_timeout: Duration = millis(10_000),
        /// Lowest average speed of a request body after its first 10 seconds, in bytes per second; 0 switches the check off.
        body_min_rate => body_min_rate: u64 = 256,
        /// How long a connection may stay idle between two requests.
        keepalive_ms => keepalive: Duration = millis(60_000),
        /// How long a client may take no byte of an answer before it is disconnected.
        write_stall_ms => write_stall: Duration = millis(30_000),
        /// Longest request body; a longer one gets 413.
        max_body_bytes => max_body_bytes: usize = MIB,
        /// Longest request head; a longer one gets 431.
        max_head_bytes => max_head_bytes: usize = 32 * 1024,
        /// Connections open at once; at the limit no more are accepted.
        max_connections => max_connections: usize = 10_000,
        /// Connections open at once from one address; more are closed.
        max_connections_per_ip => max_connections_per_ip: usize = 1_000,
        /// Origins that may open WebSocket connections and event streams besides the request's own; `*` for any that sends no cookie.
        allowed_origins => allowed_origins: Vec<String> = Vec::new(),
    }
    /// Every connection to a Kafka broker.
    kafka: Kafka {
        /// Longest wait for the answer to one request before the connection is dropped.
        request_timeout_ms => request_timeout: Duration = millis(10_000),
        /// Longest time to connect to a broker.
        connect_timeout_ms => connect_timeout: Duration = millis(5_000),
    }
    /// What kafka-consume does that its own fields do not say.
    consume: Consume {
        /// Whether the query parameters topics, wait and max are honoured.
        request_parameters => request_parameters: bool = false,
        /// `group`: nodes share the partitions as a Kafka consumer group; `none`: each node reads them all.
        membership => membership: Membership = Membership::Group,
        /// What generated consumer group ids begin with.
        group_prefix => group_prefix: String = "com.konghq.kafka.".to_owned(),
        /// How long an http-get group member stays without a request before it leaves.
        member_idle_ms => member_idle: Duration = millis(30_000),
        /// Longest wait for partitions after joining a group; then 502.
        join_timeout_ms => join_timeout: Duration = millis(10_000),
        /// How long an http-get waits for a first record.
        max_wait_ms => max_wait: Duration = millis(0),
        /// Time between two commits of a stream under `commit_strategy=auto`.
        auto_commit_interval_ms => auto_commit_interval: Duration = millis(1_000),
        /// Most records in one http-get answer.
        max_records => max_records: usize = 500,
        /// Most bytes of keys and values in one http-get answer; at least one record is always given.
        max_bytes => max_bytes: usize = MIB,
        /// Largest record that is delivered with its value.
        record_max_bytes => record_max_bytes: usize = 8 * MIB,
    }
    /// Server-sent events.
    sse: Sse {
        /// Time between two keep-alive comments on an idle stream.
        heartbeat_ms => heartbeat: Duration = millis(15_000),
        /// Whether event ids are cursors that `Last-Event-ID` resumes from.
        resume => resume: bool = false,
    }
    /// WebSocket connections.
    ws: Ws {
        /// Time between two pings.
        ping_ms => ping: Duration = millis(30_000),
        /// Longest wait for the pong before the connection is closed.
        pong_timeout_ms => pong_timeout: Duration = millis(10_000),
        /// Largest message a client may send; a larger one closes with 1009.
        max_recv_bytes => max_recv_bytes: usize = 65_536,
        /// Unacknowledged records at which a stream under `commit_strategy=off` pauses.
        max_unacked => max_unacked: usize = 1_000,
    }
    /// Event streams and WebSocket connections alike.
    stream: Stream {
        /// How long a client may take no byte before it is disconnected.
        stall_ms => stall: Duration = millis(30_000),
        /// Streams open at once; more get 503.
        max => max: usize = 5_000,
        /// Streams open at once from one address; more get 503.
        max_per_ip => max_per_ip: usize = 200,
        /// Streams open at once of one consumer; more get 503.
        max_per_consumer => max_per_consumer: usize = 200,
        /// Bytes queued for one client; a full queue pauses its reading from Kafka.
        buffer_bytes => buffer_bytes: usize = MIB,
    }
    /// What kafka-upstream does that its own fields do not say.
    produce: Produce {
        /// Bytes queued in one producer; beyond, asynchronous requests get 503.
        buffer_bytes => buffer_bytes: usize = 32 * MIB,
        /// Compression of the batches sent.
        compression => compression: Compression = Compression::None,
        /// Whether topics that begin with `__` may be written in the configuration and asked for.
        allow_internal_topics => allow_internal_topics: bool = false,
    }
    /// Habits of the vendor's gateway that people may depend on.
    compat: Compat {
        /// Whether an empty list of records is printed as `{}`.
        kong_empty_records_object => kong_empty_records_object: bool = false,
        /// Whether a null key is printed as `""` in http-get.
        kong_null_key_empty => kong_null_key_empty: bool = true,
        /// How a key chooses its partition: `murmur2` as Java's client, `crc32` as the vendor's.
        partitioner => partitioner: Partitioner = Partitioner::Murmur2,
    }
    /// The end of the process.
    drain: Drain {
        /// How long readiness says 503 before connections are refused, so that load balancers notice.
        lag_ms => lag: Duration = millis(0),
        /// Longest time the whole drain may take.
        timeout_ms => timeout: Duration = millis(25_000),
    }
    /// Liveness, readiness and metrics.
    health: Health {
        /// Address of the listener. Port 0 takes any free port.
        listen => listen: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8100),
    }
}

const MIB: usize = 1024 * 1024;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Every address of both families.
fn everywhere(port: u16) -> Vec<SocketAddr> {
    vec![
        SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
        SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port),
    ]
}
