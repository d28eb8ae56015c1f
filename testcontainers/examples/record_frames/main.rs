//! Records what foreign clients and a real broker say to each other: the frames of `kafka-wire/tests/data/frames`.
//!
//! ```text
//! cargo run -p kafka-testcontainers --example record_frames -- FOLDER [PROPERTY=VALUE...] CLIENT...
//! ```
//! A property is one more for the brokers.
//! `CLIENT` is an executable file, of which `clients/` beside this one holds those that were recorded; the name of the file
//! without its extension is the name of the client. It is run against a fresh broker of Kafka's own behind the fault
//! proxy and finds in its environment:
//!
//! | | |
//! |---|---|
//! | `KAFKA` | where the broker is: `127.0.0.1:40001` |
//! | `KAFKA_SASL` | the same for clients that log in: PLAIN, user `alice`, password `alice-secret` |
//! | `KAFKA_JARS` | folder of Kafka's jars, the tools' among them |
//! | `KAFKA_SCRATCH` | an empty folder, gone afterwards |
//!
//! Of each API, version and direction one frame is kept, as `FOLDER/CLIENT/Fetch-v11.response`, length prefix included; of `Produce`
//! requests and `Fetch` answers one per compression, as `Produce-v9.gzip.request`. The largest of at most 400 bytes is taken, as it
//! says more than an empty one, or else the smallest; nothing above 4 KiB. What `CLIENT` recorded before is replaced.
//!
//! What would name the machine is overwritten with as many `x`: the folders of the broker's log. Nothing else is touched.

mod kept;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_testcontainers::{Backend, Cluster, ClusterSpec, SaslListener, jars};
use tokio::process::Command;

use kept::Kept;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("FOLDER CLIENT...")?);
    let (properties, clients): (Vec<_>, Vec<_>) = arguments.partition(|it| it.contains('='));
    for client in clients.iter().map(Path::new) {
        let name = client.file_stem().ok_or("a client without a name")?;
        let kept = record(client, &properties).await?;
        println!("{}: {}", name.display(), kept.summary());
        kept.write(&folder.join(name))?;
    }
    Ok(())
}

/// Runs a client against a broker of its own.
async fn record(client: &Path, properties: &[String]) -> Result<Kept> {
    let mut spec = broker();
    for (key, value) in properties.iter().filter_map(|it| it.split_once('=')) {
        spec = spec.property(key, value);
    }
    let cluster = Cluster::start(spec).await?;
    let kept = Arc::new(Mutex::new(Kept::default()));
    for node in cluster.node_ids() {
        for proxy in [cluster.proxy(node), cluster.sasl_proxy(node)] {
            let kept = Arc::clone(&kept);
            let proxy = proxy.ok_or("a cluster without proxies")?;
            proxy.tap(move |tapped| {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .see(tapped);
            });
        }
    }
    let ended = run(client, &cluster).await?;
    if !ended.success() {
        eprintln!("{}: {ended}", client.display());
    }
    drop(cluster);
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *kept))
}

/// With everything that tools may ask for: users, permissions, delegation tokens, tiny log segments.
fn broker() -> ClusterSpec {
    let mut spec = ClusterSpec::nodes(1)
        .backend(Backend::Process)
        .proxied()
        .sasl(SaslListener::default().plain_user("alice", "alice-secret"));
    for (key, value) in [
        (
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        ),
        ("super.users", "User:ANONYMOUS;User:alice"),
        ("delegation.token.secret.key", "secret-of-a-test"),
        ("group.consumer.heartbeat.interval.ms", "500"),
        ("group.consumer.min.heartbeat.interval.ms", "500"),
        ("group.share.heartbeat.interval.ms", "500"),
        ("group.share.min.heartbeat.interval.ms", "500"),
        ("group.share.record.lock.duration.ms", "15000"),
        ("unstable.api.versions.enable", "false"),
    ] {
        spec = spec.property(key, value);
    }
    spec
}

async fn run(client: &Path, cluster: &Cluster) -> Result<ExitStatus> {
    let scratch = tempfile::tempdir()?;
    let child = Command::new(client.canonicalize()?)
        .current_dir(&scratch)
        .env("KAFKA", cluster.bootstrap())
        .env("KAFKA_SASL", cluster.sasl_bootstrap())
        .env("KAFKA_JARS", jars::fetch().await?)
        .env("KAFKA_SCRATCH", scratch.path())
        .kill_on_drop(true)
        .status();
    Ok(tokio::time::timeout(LIMIT, child).await??)
}

/// A client that takes longer hangs.
const LIMIT: Duration = Duration::from_mins(15);
