//! `gateway dev`: the whole gateway with a broker inside the process, for trying out.
//!
//! The embedded broker keeps everything in memory and is made for tests; nothing of it belongs into production, and
//! what is printed says so.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use kafka_client::{Client, ClientConfig, Producer, ProducerConfig, ProducerRecord};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec};
use tokio::time::interval;
use tracing_subscriber::filter::LevelFilter;

use crate::cli::DevOptions;
use crate::config::declarative::{self, InternalTopics};
use crate::config::snapshot::Snapshot;
use crate::observe;
use crate::plugins::failure;
use crate::serve::{Signals, block_on, run};
use crate::server::Gateway;
use crate::settings::Settings;

/// Runs until SIGTERM or SIGINT. Standard output has the lines to try; only warnings are logged, unless `RUST_LOG`
/// says more.
pub fn dev(options: &DevOptions) -> ExitCode {
    let log = observe::init(LevelFilter::WARN);
    let code = block_on(async {
        let mut signals = Signals::new()?;
        let cluster = broker().await?;
        let snapshot = snapshot(&cluster.bootstrap())?;
        let gateway = match Gateway::start(settings(options.port), snapshot).await {
            Ok(gateway) => gateway,
            Err(error) => {
                eprintln!(
                    "{}; another port is chosen with --port",
                    failure::chain(&error)
                );
                return Ok(ExitCode::FAILURE);
            }
        };
        // Nobody may be reading.
        let welcome = welcome(options, &gateway, &cluster.bootstrap());
        let _ = io::stdout().write_all(welcome.as_bytes());
        let demo = options
            .demo
            .then(|| tokio::spawn(trickle(cluster.bootstrap())));
        let code = run(gateway, &mut signals).await;
        if let Some(demo) = demo {
            demo.abort();
        }
        Ok(code)
    });
    drop(log);
    code
}

/// The topic of the ready configuration.
const TOPIC: &str = "demo";

async fn broker() -> io::Result<Cluster> {
    let spec = ClusterSpec::nodes(1).backend(Backend::Embedded);
    let cluster = Cluster::start(spec).await.map_err(io::Error::other)?;
    cluster
        .create_topic(TOPIC, 3, 1)
        .await
        .map_err(io::Error::other)?;
    Ok(cluster)
}

fn settings(port: u16) -> Settings {
    let mut settings = Settings::default();
    settings.proxy.listen = vec![
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv6Addr::LOCALHOST, port).into(),
    ];
    if port == 0 {
        // Two families could not agree on one free port.
        settings.proxy.listen.truncate(1);
        settings.health.listen.set_port(0);
    }
    settings
}

/// One route to produce, and one for each way to consume.
fn snapshot(bootstrap: &str) -> io::Result<Snapshot> {
    let (host, port) = bootstrap
        .split(',')
        .next()
        .and_then(|server| server.rsplit_once(':'))
        .unwrap_or_default();
    let servers = format!("bootstrap_servers: [{{host: '{host}', port: {port}}}]");
    let consume = |name: &str, path: &str, mode: &str| {
        format!(
            "- name: {name}\n  paths: [{path}]\n  plugins:\n  - name: kafka-consume\n    config:\n      {servers}\n      \
             topics: [{{name: {TOPIC}}}]\n      mode: {mode}\n"
        )
    };
    let text = [
        "_format_version: '3.0'\nroutes:\n".to_owned(),
        format!(
            "- name: produce\n  paths: [/produce]\n  plugins:\n  - name: kafka-upstream\n    config:\n      {servers}\n      \
             topic: {TOPIC}\n      producer_async: false\n"
        ),
        consume("messages", "/messages", "http-get"),
        consume("stream", "/stream", "server-sent-events"),
        consume("socket", "/socket", "websocket"),
    ];
    let declared = declarative::load(
        "the ready configuration",
        &text.concat(),
        InternalTopics::Refuse,
    )
    .map_err(|faults| {
        io::Error::other(
            faults
                .into_iter()
                .map(|fault| fault.to_string())
                .collect::<String>(),
        )
    })?;
    declared.snapshot().map_err(io::Error::other)
}

/// What is printed: plain words, and lines that work as they stand.
fn welcome(options: &DevOptions, gateway: &Gateway, bootstrap: &str) -> String {
    let port = gateway
        .addresses()
        .first()
        .map_or(options.port, SocketAddr::port);
    let host = if options.port == 0 {
        "127.0.0.1"
    } else {
        "localhost"
    };
    let base = format!("{host}:{port}");
    let demo = if options.demo {
        "A sample record comes every second.\n"
    } else {
        ""
    };
    format!(
        "gateway dev: Kafka behind HTTP, with a broker inside this process.\n\
         The broker is for trying out and testing only: it keeps everything in memory and forgets it at the end.\n\
         {demo}\n\
         Try, in another terminal:\n\n  \
         curl -X POST http://{base}/produce -H 'Content-Type: application/json' -d '{{\"hello\":\"world\"}}'\n  \
         curl http://{base}/messages\n  \
         curl -N http://{base}/stream\n\n\
         The same records by WebSocket: ws://{base}/socket\n\
         Kafka clients reach the broker at {bootstrap}, topic {TOPIC}.\n\n\
         With a real Kafka: put its address in place of `bootstrap_servers` in a configuration file, and run\n  \
         gateway serve --config FILE\n\
         `gateway check --config FILE` says what is wrong with it. Ctrl-C ends.\n"
    )
}

/// A sample record every second, for as long as the task lives.
async fn trickle(bootstrap: String) {
    let config = ClientConfig {
        bootstrap: vec![bootstrap],
        ..ClientConfig::default()
    };
    let producer =
        Client::new(config).and_then(|client| Producer::new(&client, ProducerConfig::default()));
    let Ok(producer) = producer else {
        return;
    };
    let mut second = interval(Duration::from_secs(1));
    for number in 1_u64.. {
        second.tick().await;
        let value = format!(
            r#"{{"sample":{number},"celsius":{}}}"#,
            15 + fastrand::u8(0..10)
        );
        let key = format!("sensor-{}", number % 3);
        let record = ProducerRecord {
            key: Some(key.as_bytes()),
            ..ProducerRecord::to(TOPIC, value.as_bytes())
        };
        if let Err(error) = producer.send(record).await {
            tracing::warn!(%error, "sample not sent");
        }
    }
}

#[test]
fn the_ready_configuration_is_valid_and_has_its_four_routes() {
    let snapshot = snapshot("127.0.0.1:9092").unwrap();
    let plugins = |entry: &std::sync::Arc<crate::config::snapshot::RouteEntry>| entry.plugins.len();
    assert_eq!(
        snapshot.router.iter().map(plugins).collect::<Vec<_>>(),
        [1, 1, 1, 1]
    );
}
