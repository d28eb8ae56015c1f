//! `kafka-consume`: records of topics as the answer (kong-consume.md).
//!
//! ```text
//! request ── parameters.rs ──┬─ http_get.rs ──── render.rs   one JSON answer per GET
//!            group.rs        ├─ sse.rs ───────── events.rs   an endless stream of events
//!                            ├─ websocket.rs ─── frame.rs    a WebSocket; acks.rs what its client has done
//!                            └─ commit.rs                    POST: the client commits
//! text.rs value.rs    JSON text and what records print in it         trouble.rs   what Kafka's errors mean here
//! ```
//!
//! Everything but `http_get.rs`, `sse.rs`, `websocket.rs` and `commit.rs` is pure. Kafka itself is behind
//! the crate's `hub`.

mod acks;
mod commit;
mod cursor;
mod events;
mod frame;
mod group;
mod handshake;
mod http_get;
mod parameters;
mod render;
mod session;
mod sse;
#[cfg(test)]
mod testing;
mod text;
mod trouble;
mod value;
mod websocket;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use kafka_client::{Client, Error, OffsetReset};
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

use super::{Call, Shared, failure};
use crate::config::kafka_consume::{self, CommitStrategy, Deserializer, KafkaConsume, Mode};
use crate::config::plugin::Plugin;
use crate::config::snapshot::Snapshot;
use crate::http::{JSON, OriginRule, Problem, Reply, origin_allowed, with_status};
use crate::hub::{Hub, Sizes, Source, contained};
use crate::observe::OfTopic;
use parameters::Parameters;
use value::Style;

/// The readers of all `kafka-consume` plugins.
#[derive(Debug)]
pub struct Consume {
    shared: Shared,
    hub: Arc<Hub>,
}

impl Consume {
    /// No reader yet: each is made by the first request that needs it.
    pub fn new(shared: Shared) -> Consume {
        Consume {
            hub: Arc::new(Hub::new(shared.clone())),
            shared,
        }
    }

    /// Answers with records, or with what the method asks for (kong-consume.md §1).
    pub async fn answer(
        &self,
        plugin: &Arc<Plugin>,
        config: &KafkaConsume,
        call: &mut Call,
    ) -> Result<Reply, Problem> {
        if is_grpc(call) {
            return Ok(grpc_unimplemented());
        }
        let request = Request {
            consume: self,
            plugin,
            config,
            parameters: Parameters::default(),
        };
        match (&call.method, config.mode) {
            (&Method::OPTIONS, _) => Ok(options()),
            (&Method::POST, _) => commit::answer(&request, call).await,
            (&Method::GET | &Method::HEAD, mode) => request.consume(mode, call).await,
            _ => Err(Problem::MethodNotAllowed(METHODS)),
        }
    }

    /// Runs a stream, which the drain waits for.
    fn spawn_stream(&self, stream: impl Future<Output = ()> + Send + 'static) {
        let metrics = &self.shared.metrics;
        let stream = contained(Arc::clone(metrics), metrics.streams.clone(), stream);
        self.shared.tasks.spawn(stream);
    }

    fn counters(&self, plugin: &Plugin, topics: &[String]) -> Counters {
        let counter = |topic: &String| {
            let of = OfTopic {
                plugin: plugin.id.to_string(),
                topic: topic.clone(),
            };
            let counter = self.shared.metrics.consumed.get_or_create_owned(&of);
            (topic.clone(), counter)
        };
        Counters(topics.iter().map(counter).collect())
    }

    /// Ends what `snapshot` does not mention any more, and streams whose route or plugin it has otherwise (G-65).
    pub fn retain(&self, snapshot: &Snapshot) {
        self.hub.retain(snapshot);
    }

    /// Commits what was finished and leaves every group, until `deadline`.
    pub async fn drain(&self, deadline: Instant) {
        self.hub.drain(deadline).await;
    }
}

/// Counts the records that a plugin gives, by topic.
#[derive(Debug)]
struct Counters(HashMap<String, Counter>);

impl Counters {
    fn add(&self, topic: &str, records: usize) {
        if let Some(counter) = self.0.get(topic) {
            counter.inc_by(u64::try_from(records).unwrap_or(u64::MAX));
        }
    }
}

const METHODS: &str = "GET, HEAD, OPTIONS, POST";

/// One request, with what it is about.
struct Request<'a> {
    consume: &'a Consume,
    plugin: &'a Arc<Plugin>,
    config: &'a KafkaConsume,
    parameters: Parameters,
}

impl Request<'_> {
    async fn consume(mut self, mode: Mode, call: &mut Call) -> Result<Reply, Problem> {
        if mode == Mode::Websocket && (call.upgrade.is_none() || call.method == Method::HEAD) {
            return Err(Problem::WebSocketRequired);
        }
        if call.method == Method::HEAD {
            return Ok(head(mode));
        }
        if self.consume.shared.settings.consume.request_parameters {
            let query = call.uri.query().unwrap_or_default();
            self.parameters = Parameters::read(query, self.config)?;
        }
        if mode != Mode::HttpGet {
            self.check_stream(call)?;
        }
        match mode {
            Mode::HttpGet => http_get::answer(&self, call).await,
            Mode::ServerSentEvents => sse::answer(&self, call).await,
            Mode::Websocket => websocket::answer(&self, call).await,
        }
    }

    /// What is asked of a stream before it is opened.
    fn check_stream(&self, call: &Call) -> Result<(), Problem> {
        let rule = OriginRule {
            allowed: &self.consume.shared.settings.http.allowed_origins,
            scheme: call.scheme,
        };
        if !origin_allowed(&call.headers, rule) {
            return Err(Problem::Forbidden);
        }
        if self.consume.shared.drain.is_cancelled() {
            return Err(Problem::Draining);
        }
        Ok(())
    }

    fn client(&self, call: &Call) -> Result<Client, Problem> {
        self.consume.hub.client(self.config).map_err(|error| {
            tracing::error!(request_id = %call.id, %error, "the client cannot be made");
            Problem::BadGateway(NOT_CONSUMED.into())
        })
    }

    /// What this request reads.
    fn source(&self, client: Client, call: &Call) -> Source {
        let settings = &self.consume.shared.settings;
        let prefix = &settings.consume.group_prefix;
        let reader = group::Reader {
            plugin: self.plugin.id,
            client: call.client,
            node: self.consume.hub.node(),
        };
        Source {
            client,
            group: group::id(self.config, prefix, &reader),
            topics: self.topics(),
            start: match self.config.start() {
                kafka_consume::OffsetReset::Earliest => OffsetReset::Earliest,
                kafka_consume::OffsetReset::Latest => OffsetReset::Latest,
            },
            membership: settings.consume.membership,
            sizes: self.sizes(),
        }
    }

    /// Small for what one client takes at a time, as the records of an answer stay in memory together.
    fn sizes(&self) -> Sizes {
        let settings = &self.consume.shared.settings;
        match self.config.mode {
            Mode::HttpGet => Sizes {
                partition_bytes: settings.consume.max_bytes.clamp(1, PARTITION_BYTES),
                answer_bytes: settings.consume.max_bytes.max(1).saturating_mul(4),
                wait: FETCH_WAIT_BRIEF,
            },
            Mode::ServerSentEvents | Mode::Websocket => Sizes {
                partition_bytes: settings.stream.buffer_bytes.clamp(1, PARTITION_BYTES),
                answer_bytes: settings.stream.buffer_bytes.max(1),
                wait: FETCH_WAIT,
            },
        }
    }

    /// The topics this request wants, in the order of the configuration.
    fn topics(&self) -> Vec<String> {
        let topics = self.config.topics.iter().map(|topic| &topic.name);
        topics
            .filter(|topic| self.parameters.wants(topic))
            .cloned()
            .collect()
    }

    fn style(&self) -> Style {
        let settings = &self.consume.shared.settings;
        Style {
            parses_json: self.config.message_deserializer == Deserializer::Json,
            null_key_empty: settings.compat.kong_null_key_empty,
            empty_records_object: settings.compat.kong_empty_records_object,
            record_max_bytes: settings.consume.record_max_bytes,
        }
    }

    fn commits(&self) -> bool {
        self.config.commit_strategy == CommitStrategy::Auto
    }

    /// The true reason goes to the log; the client gets it only if the configuration says so (G-36).
    fn failed(&self, error: &Error, call: &Call) -> Problem {
        let reason = failure::chain(error);
        tracing::error!(request_id = %call.id, reason, "records cannot be consumed");
        Problem::BadGateway(self.public(&trouble::text(error)).into())
    }

    /// What a client may know of an error.
    fn public(&self, text: &str) -> String {
        if self.config.error_handling.return_error_message {
            text.to_owned()
        } else {
            NOT_CONSUMED.to_owned()
        }
    }
}

/// What clients are told when Kafka failed.
const NOT_CONSUMED: &str = "could not consume messages from topic";

/// Most that is fetched of one partition at a time: what is left of it is walked again for every answer.
const PARTITION_BYTES: usize = 256 * 1024;

/// How long a broker may hold back the fetch of a stream.
const FETCH_WAIT: Duration = Duration::from_millis(500);

/// How long it may for http-get: a GET that finds nothing waits for the end of two fetches, to be sure of it.
const FETCH_WAIT_BRIEF: Duration = Duration::from_millis(50);

fn options() -> Reply {
    let mut reply = with_status(StatusCode::NO_CONTENT);
    reply
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(METHODS));
    reply
}

/// The head of a GET, which consumes nothing.
fn head(mode: Mode) -> Reply {
    let mut reply = with_status(StatusCode::OK);
    match mode {
        Mode::HttpGet => {
            reply.headers_mut().insert(CONTENT_TYPE, JSON);
        }
        Mode::ServerSentEvents | Mode::Websocket => sse::add_headers(reply.headers_mut()),
    }
    reply
}

fn is_grpc(call: &Call) -> bool {
    call.headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// A gRPC call is answered, although there is nothing to call (kong-consume.md §1 rule 4).
fn grpc_unimplemented() -> Reply {
    let mut reply = with_status(StatusCode::OK);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("12"));
    headers.insert("grpc-message", HeaderValue::from_static("not supported"));
    reply
}
