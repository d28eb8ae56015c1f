//! A gateway inside the test, with or without a broker, and a client that sends any bytes at all.
//!
//! `#[path = "support/gateway.rs"] mod support;` takes it into a test. Every wait is bounded; nothing sleeps.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use gateway::config::declarative::{self, InternalTopics};
use gateway::config::snapshot::Snapshot;
use gateway::observe::{Sink, layers};
use gateway::server::Gateway;
use gateway::settings::Settings;
use kafka_testcontainers::{Cluster, ClusterSpec};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

/// Longest wait for anything. A test that gets there has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `future`, but not for ever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let in_time = tokio::time::timeout(PATIENCE, future).await;
    in_time.unwrap_or_else(|late| panic!("{late}: {what}"))
}

/// Asks again and again until `question` has an answer.
pub(crate) async fn until<T>(what: &str, mut question: impl AsyncFnMut() -> Option<T>) -> T {
    soon(what, async {
        loop {
            if let Some(answer) = question().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// A broker with the given topics and their partitions, on the backend that the environment chooses.
pub(crate) async fn cluster(topics: &[(&str, i32)]) -> Cluster {
    let spec = ClusterSpec::nodes(1).property("group.initial.rebalance.delay.ms", "0");
    let cluster = Cluster::start(spec).await.expect("a broker");
    for (topic, partitions) in topics {
        cluster
            .create_topic(topic, *partitions, 1)
            .await
            .expect("a topic");
    }
    cluster
}

/// Settings for tests: any free ports on loopback, everything else as by default.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    settings.proxy.listen = vec![any];
    settings.health.listen = any;
    settings
}

/// `routes` in Kong's format, with `SERVERS` in place of `bootstrap_servers: […]`.
pub(crate) fn snapshot(routes: &str, bootstrap: &str) -> Snapshot {
    let servers: Vec<String> = bootstrap
        .split(',')
        .map(|server| {
            let (host, port) = server.rsplit_once(':').expect("host:port");
            format!("{{host: {host}, port: {port}}}")
        })
        .collect();
    let servers = format!("bootstrap_servers: [{}]", servers.join(", "));
    let text = format!(
        "_format_version: '3.0'\nroutes:\n{}",
        routes.replace("SERVERS", &servers)
    );
    let declared = declarative::load("test", &text, InternalTopics::Refuse);
    let declared = declared.unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    declared.snapshot().expect("routes that compile")
}

/// One route for `path` with one plugin, whose `config` is YAML in flow style without the braces.
pub(crate) fn route(path: &str, plugin: &str, config: &str) -> String {
    let name = path.trim_matches('/').replace('/', "-");
    format!(
        "- {{name: r-{name}, paths: [{path}], plugins: [{{name: {plugin}, config: {{SERVERS, {config}}}}}]}}\n"
    )
}

/// A running gateway.
pub(crate) struct Rig {
    pub(crate) gateway: Option<Gateway>,
    pub(crate) address: SocketAddr,
    pub(crate) health: SocketAddr,
}

/// No broker listens there: port 1 is nobody's.
pub(crate) const NO_BROKER: &str = "127.0.0.1:1";

impl Rig {
    /// A gateway with these routes (see [`snapshot`]) and settings.
    pub(crate) async fn start(routes: &str, bootstrap: &str, settings: Settings) -> Rig {
        let gateway = Gateway::start(settings, snapshot(routes, bootstrap))
            .await
            .expect("free ports");
        Rig {
            address: gateway.addresses()[0],
            health: gateway.health_address().expect("a health listener"),
            gateway: Some(gateway),
        }
    }

    /// A new connection to the proxy port.
    pub(crate) async fn connect(&self) -> Raw {
        Raw::connect(self.address).await
    }

    /// Sends one request on a connection of its own: any bytes.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Response {
        let mut raw = self.connect().await;
        raw.send(bytes).await;
        raw.response().await
    }

    /// A GET of a path.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"))
            .await
    }

    /// A POST with a body.
    pub(crate) async fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Response {
        self.send(post(path, content_type, body)).await
    }

    /// A GET of a path of the health listener.
    pub(crate) async fn health(&self, path: &str) -> Response {
        let mut raw = Raw::connect(self.health).await;
        raw.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"))
            .await;
        raw.response().await
    }

    /// The value of a meter; 0 when it is not printed.
    pub(crate) fn meter(&self, name: &str) -> f64 {
        let text = self.gateway.as_ref().expect("running").metrics().render();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().expect("a number"))
    }
}

/// The bytes of a POST.
pub(crate) fn post(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A TCP client without an opinion.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Raw {
        let stream = soon("a connection", TcpStream::connect(address))
            .await
            .expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Raw {
            stream,
            received: Vec::new(),
        }
    }

    /// Sends bytes; that the other side has closed meanwhile is for [`Raw::response`] to find out.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = soon("sending", self.stream.write_all(bytes.as_ref())).await;
    }

    /// No more bytes will be sent.
    pub(crate) async fn finish_sending(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Receives more; false at the end.
    pub(crate) async fn more(&mut self) -> bool {
        let count = soon("more bytes", self.stream.read_buf(&mut self.received)).await;
        count.is_ok_and(|count| count > 0)
    }

    /// Receives until `text` has come, and returns everything up to its end.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        loop {
            let found = self
                .received
                .windows(text.len())
                .position(|window| window == text.as_bytes());
            if let Some(at) = found {
                let rest = self.received.split_off(at + text.len());
                let taken = std::mem::replace(&mut self.received, rest);
                return String::from_utf8_lossy(&taken).into_owned();
            }
            assert!(
                self.more().await,
                "the end before {text:?}: {}",
                String::from_utf8_lossy(&self.received)
            );
        }
    }

    /// The next answer, its body complete. A `100 Continue` is an answer without a body.
    pub(crate) async fn response(&mut self) -> Response {
        let head = self.head().await;
        let mut response = Response::of_head(&head);
        response.body = self.body(&response).await;
        response
    }

    /// The head of the next answer, without its body.
    pub(crate) async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    async fn body(&mut self, response: &Response) -> Vec<u8> {
        if response.status < 200 || response.status == 204 || response.status == 304 {
            return Vec::new();
        }
        if response.header("transfer-encoding") == Some("chunked") {
            let mut body = Vec::new();
            loop {
                let size = self.until("\r\n").await;
                let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
                let chunk = self.take(size).await;
                self.until("\r\n").await;
                if size == 0 {
                    return body;
                }
                body.extend_from_slice(&chunk);
            }
        }
        let length = response
            .header("content-length")
            .map_or(0, |length| length.parse().expect("a length"));
        self.take(length).await
    }

    /// The next `length` bytes.
    pub(crate) async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.received.len() < length {
            assert!(self.more().await, "the end in the middle of a body");
        }
        let rest = self.received.split_off(length);
        std::mem::replace(&mut self.received, rest)
    }

    /// Waits for the end of the connection, and says what came before it.
    pub(crate) async fn end(&mut self) -> String {
        while self.more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.received)).into_owned()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    fn of_head(head: &str) -> Response {
        let mut lines = head.trim_end().split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .expect("a status line");
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').expect("a header");
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Response {
            status: status.parse().expect("a status"),
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(other, _)| other == name)?;
        Some(value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }
}

/// The log of this test process from the first call on, from `debug` up. All tests of the process write to it.
pub(crate) struct Log {
    sink: Sink,
    text: Mutex<String>,
}

impl Log {
    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        let mut text = self.text.lock().expect("no panic");
        text.push_str(&String::from_utf8(self.sink.take()).expect("UTF-8"));
        text.clone()
    }

    /// Waits for a line with all of these in it.
    pub(crate) async fn line(&self, parts: &[&str]) -> String {
        let is_it = |line: &&str| parts.iter().all(|part| line.contains(part));
        until(&format!("a line with {parts:?}"), async || {
            self.text().lines().find(is_it).map(str::to_owned)
        })
        .await
    }
}

/// Begins to keep the log, if nobody did.
pub(crate) fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let sink = Sink::default();
        let subscriber = tracing_subscriber::registry().with(layers(&sink, LevelFilter::DEBUG));
        tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
        Log {
            sink,
            text: Mutex::default(),
        }
    })
}
