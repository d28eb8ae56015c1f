//! Real Apache Kafka on the local JVM: these tests need `java` and `mvn`, whatever `KAFKA_BACKEND` says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code: a failure is a failed test"
)]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kafka_testcontainers::proxy::{Direction, Fault, Plan, Trigger};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec, NodeError, StartError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio::time::{Instant, timeout};

/// Bounds what must happen, on a machine that builds and tests other things at the same time.
const LIMIT: Duration = Duration::from_mins(2);

async fn start(spec: ClusterSpec) -> Cluster {
    let begin = Instant::now();
    let nodes = spec.nodes;
    let cluster = Cluster::start(spec.backend(Backend::Process))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    println!("{nodes} nodes ready after {:?}", begin.elapsed());
    cluster
}

/// The three nodes that most tests share, one test at a time. Nobody drops them: their guards end them.
async fn shared() -> MutexGuard<'static, Cluster> {
    static CLUSTER: OnceCell<Mutex<Cluster>> = OnceCell::const_new();
    let cluster = CLUSTER
        .get_or_init(|| async { Mutex::new(start(ClusterSpec::nodes(3)).await) })
        .await;
    cluster.lock().await
}

/// Writes one line with Kafka's producer, acks=all, by way of `bootstrap`.
async fn produce(cluster: &Cluster, bootstrap: &str, topic: &str, line: &str) {
    let mut producer = cluster
        .tool("org.apache.kafka.tools.ConsoleProducer")
        .unwrap()
        .args(["--bootstrap-server", bootstrap, "--topic", topic])
        .args(["--command-property", "acks=all"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = producer.stdin.take().unwrap();
    stdin
        .write_all(format!("{line}\n").as_bytes())
        .await
        .unwrap();
    drop(stdin);
    let status = timeout(LIMIT, producer.wait()).await.unwrap().unwrap();
    assert!(status.success());
}

/// All lines of a topic of one partition, which must be `count`, read with Kafka's consumer.
async fn consume(cluster: &Cluster, topic: &str, count: usize) -> Vec<String> {
    let output = cluster
        .tool("org.apache.kafka.tools.consumer.ConsoleConsumer")
        .unwrap()
        .args(["--bootstrap-server", &cluster.bootstrap(), "--topic", topic])
        .args(["--from-beginning", "--max-messages", &count.to_string()])
        .output();
    let output = timeout(LIMIT, output).await.unwrap().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(str::to_owned).collect()
}

/// Waits for a fact that no event tells.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, waiting).await.expect(what);
}

#[tokio::test]
async fn one_node_starts_takes_records_and_is_gone_when_dropped() {
    let cluster = start(ClusterSpec::nodes(1).property("num.partitions", "3")).await;
    assert_eq!(cluster.backend(), Backend::Process);
    assert_eq!(cluster.node_ids(), [1]);
    let address = cluster.bootstrap();
    assert_eq!(cluster.bootstrap_of(1), address);
    assert_eq!(cluster.bootstrap_of(2), "");
    assert!(cluster.proxy(1).is_none());

    produce(&cluster, &address, "made-by-itself", "x").await;
    // The property is in force.
    assert_eq!(cluster.leader("made-by-itself", 2).await.unwrap(), 1);

    cluster.create_topic("default", -1, -1).await.unwrap();
    assert_eq!(cluster.leader("default", 2).await.unwrap(), 1);

    drop(cluster);
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn three_nodes_share_topics_and_run_kafkas_own_tools() {
    let cluster = shared().await;
    assert_eq!(cluster.node_ids(), [1, 2, 3]);
    let addresses: Vec<String> = (1..=3).map(|node| cluster.bootstrap_of(node)).collect();
    assert_eq!(cluster.bootstrap(), addresses.join(","));

    cluster.create_topic("shared", 1, 3).await.unwrap();
    cluster.in_sync("shared").await.unwrap();
    produce(&cluster, &cluster.bootstrap(), "shared", "a line").await;
    assert_eq!(consume(&cluster, "shared", 1).await, ["a line"]);
}

#[tokio::test]
async fn what_kafka_refuses_is_refused_with_its_reason() {
    let cluster = shared().await;
    let refused = cluster.create_topic("replicated", 1, 4).await.unwrap_err();
    assert!(
        refused.to_string().contains("INVALID_REPLICATION_FACTOR"),
        "{refused}"
    );
    cluster.create_topic("twice", 1, 1).await.unwrap();
    let refused = cluster.create_topic("twice", 1, 1).await.unwrap_err();
    assert!(matches!(
        refused,
        NodeError::Refused {
            api: "CreateTopics",
            ..
        }
    ));
    assert!(refused.to_string().contains("TOPIC_ALREADY_EXISTS"));
}

#[tokio::test]
async fn a_killed_leader_is_replaced_and_comes_back_with_its_data() {
    let mut cluster = shared().await;
    cluster.create_topic("killed", 1, 3).await.unwrap();
    produce(&cluster, &cluster.bootstrap(), "killed", "before").await;
    let leader = cluster.leader("killed", 0).await.unwrap();
    let address = cluster.bootstrap_of(leader);

    cluster.kill(leader).await.unwrap();
    TcpStream::connect(&address).await.unwrap_err();
    let next = cluster.leader("killed", 0).await.unwrap();
    assert_ne!(next, leader);
    produce(&cluster, &cluster.bootstrap(), "killed", "meanwhile").await;
    for wrong in [
        cluster.kill(leader).await,
        cluster.stop(leader).await,
        cluster.pause(leader).await,
        cluster.resume(leader).await,
    ] {
        assert!(matches!(wrong, Err(NodeError::State { state: "down", .. })));
    }

    cluster.restart(leader).await.unwrap();
    assert_eq!(cluster.bootstrap_of(leader), address);
    cluster.in_sync("killed").await.unwrap();
    assert_eq!(
        consume(&cluster, "killed", 2).await,
        ["before", "meanwhile"]
    );
}

#[tokio::test]
async fn a_paused_leader_is_replaced_and_goes_on_when_resumed() {
    let mut cluster = shared().await;
    cluster.create_topic("paused", 1, 3).await.unwrap();
    let leader = cluster.leader("paused", 0).await.unwrap();

    cluster.pause(leader).await.unwrap();
    // Its kernel still accepts: that is what makes a pause worse than a death.
    TcpStream::connect(cluster.bootstrap_of(leader))
        .await
        .unwrap();
    let next = cluster.leader("paused", 0).await.unwrap();
    assert_ne!(next, leader);
    produce(&cluster, &cluster.bootstrap_of(next), "paused", "meanwhile").await;
    let wrong = cluster.pause(leader).await.unwrap_err();
    assert!(matches!(
        wrong,
        NodeError::State {
            state: "paused",
            ..
        }
    ));

    cluster.resume(leader).await.unwrap();
    cluster.in_sync("paused").await.unwrap();
    let wrong = cluster.resume(leader).await.unwrap_err();
    assert!(matches!(
        wrong,
        NodeError::State {
            state: "running",
            ..
        }
    ));
    assert_eq!(consume(&cluster, "paused", 1).await, ["meanwhile"]);
}

#[tokio::test]
async fn stopping_is_orderly_and_restarting_needs_no_stop() {
    let mut cluster = shared().await;
    cluster.create_topic("stopped", 1, 3).await.unwrap();
    let leader = cluster.leader("stopped", 0).await.unwrap();
    cluster.pause(leader).await.unwrap();
    cluster.stop(leader).await.unwrap();
    let next = cluster.leader("stopped", 0).await.unwrap();
    assert_ne!(next, leader);
    cluster.restart(leader).await.unwrap();
    cluster.restart(next).await.unwrap();
    cluster.in_sync("stopped").await.unwrap();
}

#[tokio::test]
async fn there_is_no_fourth_node() {
    let mut cluster = shared().await;
    for wrong in [cluster.kill(4).await, cluster.restart(4).await] {
        assert!(matches!(wrong, Err(NodeError::Unknown { node: 4 })));
    }
    assert_eq!(cluster.logs(4), "");
}

#[tokio::test]
async fn clients_of_a_proxied_cluster_come_by_the_proxies() {
    let cluster = start(ClusterSpec::nodes(1).proxied()).await;
    let proxy = cluster.proxy(1).unwrap();
    assert_eq!(cluster.bootstrap(), proxy.address().to_string());
    cluster.create_topic("proxied", 1, 1).await.unwrap();
    assert_eq!(
        proxy.stats().accepted,
        0,
        "the harness does not disturb the count"
    );

    // The broker appends, the producer never hears of it and sends again: idempotence keeps one.
    proxy.set(Plan::down(Fault::ResetAfter(0)).on(Trigger::OnApi {
        key: 0,
        nth: 1,
        direction: Direction::Down,
    }));
    produce(&cluster, &cluster.bootstrap(), "proxied", "once").await;
    timeout(LIMIT, proxy.triggered()).await.unwrap();
    assert_eq!(proxy.stats().resets, 1);
    produce(&cluster, &cluster.bootstrap(), "proxied", "last").await;
    assert_eq!(consume(&cluster, "proxied", 2).await, ["once", "last"]);
}

#[tokio::test]
async fn a_broker_that_cannot_start_tells_why() {
    let spec = ClusterSpec::nodes(1)
        .backend(Backend::Process)
        .property("num.partitions", "many");
    let error = Cluster::start(spec).await.unwrap_err();
    assert!(matches!(error, StartError::Ended { node: 1, .. }));
    assert!(error.to_string().contains("num.partitions"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_attempts() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap();
    let spec = ClusterSpec::nodes(1)
        .backend(Backend::Process)
        .property("controller.quorum.voters", format!("1@{taken}"))
        .property(
            "listeners",
            format!("PLAINTEXT://127.0.0.1:1,INTERNAL://127.0.0.1:2,CONTROLLER://{taken}"),
        );
    let error = Cluster::start(spec).await.unwrap_err();
    assert!(
        error.to_string().contains("Address already in use"),
        "{error}"
    );
}

#[tokio::test]
async fn no_node_is_no_cluster() {
    let spec = ClusterSpec::nodes(0).backend(Backend::Process);
    let error = Cluster::start(spec).await.unwrap_err();
    assert!(matches!(error, StartError::NoNodes));
}

/// This test binary with nothing but the test that is made for it.
fn in_a_process_of_its_own(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", test])
        .env("KAFKA_BACKEND", "process")
        .kill_on_drop(true);
    command
}

#[tokio::test]
#[ignore = "run by other tests, in a process of its own"]
async fn hang_with_a_paused_node() {
    let mut cluster = Cluster::start(ClusterSpec::nodes(1))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    cluster.pause(1).await.unwrap();
    eprintln!("paused at {}", cluster.bootstrap());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn nothing_outlives_a_test_that_is_killed_not_even_a_paused_broker() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = in_a_process_of_its_own("hang_with_a_paused_node")
        .env("TMPDIR", temporary.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut has_told_backend = false;
    let address = loop {
        let line = timeout(LIMIT, lines.next_line()).await.unwrap();
        let line = line.unwrap().expect("it says that it is paused");
        has_told_backend |= line == "Kafka backend: process";
        if let Some((_, address)) = line.split_once("paused at ") {
            break address.to_owned();
        }
    };
    assert!(has_told_backend);
    TcpStream::connect(&address).await.unwrap();
    let is_empty = || temporary.path().read_dir().unwrap().next().is_none();
    assert!(!is_empty());

    child.kill().await.unwrap();
    until("the broker is gone", async || {
        TcpStream::connect(&address).await.is_err()
    })
    .await;
    until("its data is gone", async || is_empty()).await;
}

/// What a machine says that has only these programs and no jars.
async fn without_the_rest(programs: &[&str]) -> String {
    let machine = tempfile::tempdir().unwrap();
    for program in programs {
        let path = std::env::var_os("PATH").unwrap();
        let found = std::env::split_paths(&path)
            .map(|folder| folder.join(program))
            .find(|path| Path::exists(path));
        symlink(found.unwrap(), machine.path().join(program)).unwrap();
    }
    let output = in_a_process_of_its_own("hang_with_a_paused_node")
        .env("PATH", machine.path())
        .env("KAFKA_JARS_CACHE", machine.path().join("jars"))
        .output();
    let output = timeout(LIMIT, output).await.unwrap().unwrap();
    assert!(!output.status.success(), "it fails, it does not skip");
    String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn without_java_or_maven_tests_fail_and_say_what_to_install() {
    for (programs, missing) in [([].as_slice(), "java"), (&["java"], "mvn")] {
        let said = without_the_rest(programs).await;
        let sentence = format!(
            "a real Kafka broker needs `{missing}`, which is not on the PATH: install a JDK 17 or newer and Maven"
        );
        assert!(said.contains(&sentence), "{said}");
    }
}
