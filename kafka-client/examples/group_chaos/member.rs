//! Members of three clients, each a process that prints the partition and offset of every record it reads.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use kafka_client::{
    Assignor, Client, ClientConfig, Consumer, ConsumerConfig, Event, GroupConfig, GroupProtocol,
    OffsetReset,
};
use kafka_testcontainers::Cluster;
use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::account::Account;
use crate::{GROUP, Reading, TOPIC};

/// How the group divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Cooperative,
    Consumer,
}

impl Protocol {
    /// By its name on the command line.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "cooperative" => Self::Cooperative,
            "consumer" => Self::Consumer,
            other => panic!("no such protocol: {other}"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cooperative => "cooperative",
            Self::Consumer => "consumer",
        }
    }
}

/// Whose client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Java,
    Librdkafka,
}

/// A process.
pub(crate) struct Member {
    pub(crate) kind: Kind,
    number: usize,
    process: Child,
    reading: Reading,
}

impl Member {
    /// Starts one.
    pub(crate) fn start(
        kind: Kind,
        protocol: Protocol,
        cluster: &Cluster,
        account: &Arc<Account>,
    ) -> Self {
        let mut command = match kind {
            Kind::Ours => own(&["member", "ours", &cluster.bootstrap(), protocol.name()]),
            Kind::Librdkafka => own(&[
                "member",
                "librdkafka",
                &cluster.bootstrap(),
                protocol.name(),
            ]),
            Kind::Java => java(cluster, protocol),
        };
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let number = account.new_member(kind);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let account = account.clone();
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((partition, offset)) = place(&line) {
                    account.read(number, partition, offset);
                }
            }
        });
        Self {
            kind,
            number,
            process,
            reading,
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self, account: &Account) {
        account.killed(self.number);
        self.process.kill().await.unwrap();
        self.reading.await.unwrap();
    }

    /// SIGTERM, and what it still has to say.
    pub(crate) async fn stop(mut self) {
        let id = self.process.id().unwrap();
        let done = Command::new("kill").arg(id.to_string()).status().await;
        assert!(done.unwrap().success());
        let ended = timeout(Duration::from_mins(1), self.process.wait()).await;
        ended.expect("a member did not end").unwrap();
        self.reading.await.unwrap();
    }
}

fn own(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(args);
    command
}

fn java(cluster: &Cluster, protocol: Protocol) -> Command {
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let mut command = cluster
        .tool(class)
        .expect("Kafka's tools come with real brokers");
    command.args(["--bootstrap-server", &cluster.bootstrap()]);
    command.args(["--topic", TOPIC, "--group", GROUP, "--from-beginning"]);
    for property in [
        "print.partition=true",
        "print.offset=true",
        "print.value=false",
    ] {
        command.args(["--formatter-property", property]);
    }
    let assignor =
        "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    let how = match protocol {
        Protocol::Cooperative => vec![assignor, "session.timeout.ms=6000"],
        Protocol::Consumer => vec!["group.protocol=consumer"],
    };
    for property in how.into_iter().chain(["auto.commit.interval.ms=500"]) {
        command.args(["--command-property", property]);
    }
    command.stderr(Stdio::null());
    command
}

/// `3 17`, or as Java has it `Partition:3`, a tab, `Offset:17`.
fn place(line: &str) -> Option<(i32, i64)> {
    let mut numbers = line
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|part| !part.is_empty());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The process of a member of ours, or of librdkafka's.
pub(crate) async fn run(kind: &str, bootstrap: &str, protocol: Protocol) {
    match kind {
        "ours" => ours(bootstrap, protocol).await,
        _ => librdkafka(bootstrap, protocol).await,
    }
}

async fn ours(bootstrap: &str, protocol: Protocol) {
    let client = Client::new(ClientConfig {
        bootstrap: vec![bootstrap.into()],
        ..Default::default()
    });
    let group = GroupConfig {
        id: GROUP.into(),
        session_timeout: Duration::from_secs(6),
        heartbeat_interval: Duration::from_secs(1),
        protocol: match protocol {
            Protocol::Cooperative => GroupProtocol::Classic {
                assignors: vec![Assignor::CooperativeSticky],
            },
            Protocol::Consumer => GroupProtocol::Consumer { assignor: None },
        },
        ..Default::default()
    };
    let config = ConsumerConfig {
        group: Some(group),
        reset: OffsetReset::Earliest,
        auto_commit: Some(Duration::from_millis(500)),
        ..Default::default()
    };
    let mut consumer = Consumer::new(&client.unwrap(), config).unwrap();
    consumer.subscribe([TOPIC.to_owned()]);
    let mut end = signal(SignalKind::terminate()).unwrap();
    loop {
        let polled = tokio::select! {
            polled = consumer.poll(Duration::from_secs(1)) => polled,
            _ = end.recv() => break,
        };
        match polled {
            Ok(Some(Event::Records(records))) => {
                let offsets = records.iter().map(|record| record.unwrap().offset);
                print(offsets.map(|offset| (records.partition(), offset)));
            }
            Ok(Some(Event::PartitionError { partition, error })) => {
                eprintln!("{partition}: {error}");
            }
            Ok(_) => {}
            Err(error) => eprintln!("{error}"),
        }
    }
    if let Err(error) = consumer.close(Duration::from_secs(30)).await {
        eprintln!("closing: {error}");
    }
}

async fn librdkafka(bootstrap: &str, protocol: Protocol) {
    let mut config = rdkafka::ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", GROUP)
        .set("auto.offset.reset", "earliest")
        .set("auto.commit.interval.ms", "500");
    match protocol {
        Protocol::Cooperative => config
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "1000"),
        Protocol::Consumer => config.set("group.protocol", "consumer"),
    };
    let consumer: rdkafka::consumer::StreamConsumer = config.create().unwrap();
    consumer.subscribe(&[TOPIC]).unwrap();
    let mut end = signal(SignalKind::terminate()).unwrap();
    loop {
        tokio::select! {
            received = consumer.recv() => match received {
                Ok(message) => print([(message.partition(), message.offset())]),
                Err(error) => eprintln!("{error}"),
            },
            _ = end.recv() => break,
        }
    }
    // Dropping it commits and leaves.
}

fn print(places: impl IntoIterator<Item = (i32, i64)>) {
    let mut out = std::io::stdout().lock();
    for (partition, offset) in places {
        writeln!(out, "{partition} {offset}").unwrap();
    }
    out.flush().unwrap();
}
