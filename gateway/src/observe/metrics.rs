//! Every meter of the process, with its Prometheus name and meaning.
//!
//! Labels come from the configuration or from this file, never from a request (G-52).

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The meters. Prometheus names begin with `gateway_`; counters end in `_total`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// `gateway_http_requests_total{route,status}`: answers, by the name or id of the route; `route=""` is none.
    pub requests: Family<Answered, Counter>,
    /// `gateway_http_request_seconds{route}`: from the complete head to the end of the answer.
    pub request_seconds: Family<OfRoute, Histogram, fn() -> Histogram>,
    /// `gateway_http_response_bytes_total`: bytes of the bodies of answers.
    pub response_bytes: Counter,
    /// `gateway_http_cut_total`: answers that ended before they were complete.
    pub cut: Counter,
    /// `gateway_connections`: open client connections.
    pub connections: Gauge,
    /// `gateway_connections_accepted_total`.
    pub connections_accepted: Counter,
    /// `gateway_connections_rejected_total{reason}`: closed at once, by the limit they were over.
    pub connections_rejected: Family<OfReason, Counter>,
    /// `gateway_accept_errors_total`: what the operating system refused, such as for want of file descriptors.
    pub accept_errors: Counter,
    /// `gateway_panics_total`: bugs of ours that a request ran into; never anything but 0.
    pub panics: Counter,
    /// `gateway_produce_records_total{plugin,topic,result}`: records by what became of them; `result` is `sent` or `failed`.
    pub produced: Family<Produced, Counter>,
    /// `gateway_produce_lost_total{plugin,topic}`: records answered with 200 under `producer_async` that no broker took.
    pub produce_lost: Family<OfTopic, Counter>,
    /// `gateway_consume_records_total{plugin,topic}`: records that were put into answers, events and frames.
    pub consumed: Family<OfTopic, Counter>,
    /// `gateway_consume_streams`: open event streams and WebSocket connections.
    pub streams: Gauge,
    /// `gateway_consume_consumers`: consumers that read from Kafka, one per stream and one per http-get plugin in use.
    pub consumers: Gauge,
}

/// Labels of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    /// Name or id of the route; empty for none.
    pub route: String,
    /// Status code.
    pub status: u16,
}

/// Label of a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfRoute {
    /// Name or id of the route; empty for none.
    pub route: String,
}

/// Label of a rejected connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfReason {
    /// Which limit it was over: `per_ip`.
    pub reason: &'static str,
}

/// Labels of a record's fate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Produced {
    /// Id of the plugin.
    pub plugin: String,
    /// A configured topic.
    pub topic: String,
    /// `sent`: a broker acknowledged it, or nobody was asked to. `failed`: refused, or not delivered in time.
    pub result: &'static str,
}

/// Labels of records by plugin and topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfTopic {
    /// Id of the plugin.
    pub plugin: String,
    /// A configured topic.
    pub topic: String,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// Meters at zero.
    pub fn new() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("gateway"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(latency),
            response_bytes: Counter::default(),
            cut: Counter::default(),
            connections: Gauge::default(),
            connections_accepted: Counter::default(),
            connections_rejected: Family::default(),
            accept_errors: Counter::default(),
            panics: Counter::default(),
            produced: Family::default(),
            produce_lost: Family::default(),
            consumed: Family::default(),
            streams: Gauge::default(),
            consumers: Gauge::default(),
        };
        metrics.register();
        metrics.register_consume();
        metrics
    }

    fn register_consume(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "consume_records",
            "Records put into answers, events and frames",
            self.consumed.clone(),
        );
        registry.register(
            "consume_streams",
            "Open event streams and WebSocket connections",
            self.streams.clone(),
        );
        registry.register(
            "consume_consumers",
            "Consumers that read from Kafka",
            self.consumers.clone(),
        );
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Answers by route and status",
            self.requests.clone(),
        );
        registry.register(
            "http_request_seconds",
            "Time to the end of the answer",
            self.request_seconds.clone(),
        );
        registry.register(
            "http_response_bytes",
            "Bytes of the bodies of answers",
            self.response_bytes.clone(),
        );
        registry.register(
            "http_cut",
            "Answers that ended before they were complete",
            self.cut.clone(),
        );
        registry.register(
            "connections",
            "Open client connections",
            self.connections.clone(),
        );
        registry.register(
            "connections_accepted",
            "Connections accepted",
            self.connections_accepted.clone(),
        );
        registry.register(
            "connections_rejected",
            "Connections over a limit",
            self.connections_rejected.clone(),
        );
        registry.register(
            "accept_errors",
            "Errors of accept",
            self.accept_errors.clone(),
        );
        registry.register(
            "panics",
            "Panics contained in a request",
            self.panics.clone(),
        );
        registry.register(
            "produce_records",
            "Records by what became of them",
            self.produced.clone(),
        );
        registry.register(
            "produce_lost",
            "Accepted records that no broker took",
            self.produce_lost.clone(),
        );
    }

    /// Counts a connection that was closed at once.
    pub fn connection_rejected(&self, reason: &'static str) {
        self.connections_rejected
            .get_or_create(&OfReason { reason })
            .inc();
    }

    /// All meters as Prometheus text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// From half a millisecond, which a local acknowledgement takes, to the longest time-outs.
fn latency() -> Histogram {
    Histogram::new([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    ])
}

#[test]
fn meters_print_under_the_names_that_are_documented() {
    let metrics = Metrics::new();
    metrics
        .requests
        .get_or_create(&Answered {
            route: "a".to_owned(),
            status: 200,
        })
        .inc();
    metrics.connection_rejected("per_ip");
    let produced = Produced {
        plugin: "p".to_owned(),
        topic: "t".to_owned(),
        result: "sent",
    };
    metrics.produced.get_or_create(&produced).inc();
    let text = metrics.render();
    for line in [
        "gateway_http_requests_total{route=\"a\",status=\"200\"} 1",
        "gateway_panics_total 0",
        "gateway_connections 0",
        "gateway_connections_rejected_total{reason=\"per_ip\"} 1",
        "gateway_produce_records_total{plugin=\"p\",topic=\"t\",result=\"sent\"} 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}
