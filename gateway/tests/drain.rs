//! G-51, G-60 to G-64: health, the end of the gateway, and what becomes of records that were accepted before it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/records.rs"]
mod records;
#[path = "support/gateway.rs"]
mod support;

use std::time::Duration;

use process::Process;
use records::Reader;
use support::{NO_BROKER, Raw, Rig, cluster, log, post, route, settings, soon, until};

const HASTY: &str = "producer_request_timeout: 200, producer_request_retries_max_attempts: 1, producer_request_retries_backoff_timeout: 10";

#[tokio::test]
async fn g60_health_tells_no_detail() {
    let rig = Rig::start("- {name: idle, paths: [/idle]}\n", NO_BROKER, settings()).await;
    for path in ["/health/live", "/health/ready"] {
        let response = rig.health(path).await;
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, r#"{"status":"ok"}"#),
            "{path}"
        );
    }
    rig.get("/idle").await;
    let metrics = until("the request to be counted", async || {
        let metrics = rig.health("/metrics").await;
        metrics
            .text()
            .contains("gateway_http_requests_total{route=\"idle\",status=\"503\"} 1")
            .then_some(metrics)
    })
    .await;
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .contains("version=1.0.0")
    );
    assert_eq!(rig.health("/").await.status, 404);
    let mut raw = Raw::connect(rig.health).await;
    raw.send("POST /health/live HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        .await;
    let response = raw.response().await;
    assert_eq!(
        (response.status, response.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g62_during_the_lag_readiness_is_off_and_requests_are_served() {
    let mut settings = settings();
    settings.drain.lag = settings.drain.timeout;
    let mut rig = Rig::start("- {name: idle, paths: [/idle]}\n", NO_BROKER, settings).await;
    let draining = tokio::spawn(rig.gateway.take().unwrap().drain());
    until("readiness to be off", async || {
        (rig.health("/health/ready").await.status == 503).then_some(())
    })
    .await;
    assert_eq!(
        rig.get("/idle").await.status,
        503,
        "accepted and answered: it has no plugin"
    );
    draining.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn g62_running_requests_finish_and_idle_connections_close_at_once() {
    let cluster = cluster(&[("t", 1)]).await;
    let routes = route("/send", "kafka-upstream", "topic: t, producer_async: false");
    let mut rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    let mut idle = rig.connect().await;
    idle.send(post("/send", "text/plain", b"before")).await;
    assert_eq!(idle.response().await.status, 200);
    let mut running = rig.connect().await;
    running.send("POST /send HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(running.response().await.status, 100, "it is under way");
    let draining = tokio::spawn(rig.gateway.take().unwrap().drain());
    assert_eq!(idle.end().await, "", "closed at once");
    let ready = rig.health("/health/ready").await;
    assert_eq!(
        (ready.status, ready.text().as_str()),
        (503, r#"{"status":"draining"}"#)
    );
    assert_eq!(rig.health("/health/live").await.status, 200);
    running.send("during").await;
    let response = running.response().await;
    assert_eq!(
        (response.status, response.closes()),
        (200, true),
        "answered, and the last answer"
    );
    let drained = soon("the drain", draining).await.unwrap();
    assert!(drained.in_time && drained.loss.records == 0, "{drained:?}");
    assert!(
        tokio::net::TcpStream::connect(rig.address).await.is_err(),
        "nobody listens any more"
    );
    let bodies: Vec<_> = Reader::new(&cluster.bootstrap(), "t", 1)
        .take(2)
        .await
        .iter()
        .map(|record| record.json()["body"].clone())
        .collect();
    assert_eq!(
        bodies,
        ["before", "during"],
        "G-64: each 200 is on the broker"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g64_what_was_queued_before_the_drain_is_on_the_broker_after_it() {
    let cluster = cluster(&[("t", 1)]).await;
    let routes = route(
        "/send",
        "kafka-upstream",
        "topic: t, producer_async_flush_timeout: 60000",
    );
    let mut rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    for number in 0..50 {
        assert_eq!(
            rig.post("/send", "text/plain", number.to_string().as_bytes())
                .await
                .status,
            200
        );
    }
    let drained = soon("the drain", rig.gateway.take().unwrap().drain()).await;
    assert!(drained.in_time && drained.loss.records == 0, "{drained:?}");
    let records = Reader::new(&cluster.bootstrap(), "t", 1).take(50).await;
    let mut bodies: Vec<u32> = records
        .iter()
        .map(|record| record.json()["body"].as_str().unwrap().parse().unwrap())
        .collect();
    bodies.sort_unstable();
    assert_eq!(bodies, (0..50).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn g64_what_no_broker_takes_is_counted_and_named() {
    let log = log();
    let config = format!("topic: t, producer_async_flush_timeout: 60000, {HASTY}");
    let mut settings = settings();
    settings.drain.timeout = Duration::from_millis(500);
    let mut rig = Rig::start(
        &route("/send", "kafka-upstream", &config),
        NO_BROKER,
        settings,
    )
    .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let response = rig.post("/send", "text/plain", b"x").await;
        assert_eq!(response.status, 200);
        ids.push(response.header("x-kong-request-id").unwrap().to_owned());
    }
    let drained = soon("the drain", rig.gateway.take().unwrap().drain()).await;
    assert_eq!(drained.loss.records, 3);
    let text = log.text();
    for id in ids {
        assert!(
            text.lines()
                .any(|line| line.contains("record lost") && line.contains(&id)),
            "{id} in {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g63_a_client_that_never_ends_is_cut_and_takes_no_time_from_records() {
    let cluster = cluster(&[("t", 1)]).await;
    let mut settings = settings();
    settings.drain.timeout = Duration::from_secs(1);
    let routes = route(
        "/send",
        "kafka-upstream",
        "topic: t, producer_async_flush_timeout: 60000",
    );
    let mut rig = Rig::start(&routes, &cluster.bootstrap(), settings).await;
    assert_eq!(rig.post("/send", "text/plain", b"queued").await.status, 200);
    let mut endless = rig.connect().await;
    let head =
        "POST /send HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    endless.send(head).await;
    assert_eq!(endless.response().await.status, 100, "it is under way");
    endless.send("he").await;
    let drained = soon("the drain", rig.gateway.take().unwrap().drain()).await;
    assert!(!drained.in_time && drained.loss.records == 0, "{drained:?}");
    assert_eq!(endless.end().await, "", "cut without half an answer");
    assert_eq!(
        Reader::new(&cluster.bootstrap(), "t", 1)
            .next()
            .await
            .json()["body"],
        "queued"
    );
}

fn config(bootstrap: &str, plugin: &str) -> String {
    let (host, port) = bootstrap.rsplit_once(':').unwrap();
    let routes = route("/send", "kafka-upstream", plugin).replace(
        "SERVERS",
        &format!("bootstrap_servers: [{{host: {host}, port: {port}}}]"),
    );
    format!("_format_version: '3.0'\nroutes:\n{routes}")
}

async fn send(process: &Process, body: &[u8]) -> u16 {
    let mut raw = Raw::connect(process.address).await;
    raw.send(post("/send", "text/plain", body)).await;
    raw.response().await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn g62_sigterm_and_sigint_end_the_process_with_0_and_everything_sent() {
    let cluster = cluster(&[("t", 1)]).await;
    for (index, signal) in ["TERM", "INT"].into_iter().enumerate() {
        let config = config(
            &cluster.bootstrap(),
            "topic: t, producer_async_flush_timeout: 60000",
        );
        let mut process = Process::start(&config, &[], "").await;
        assert_eq!(send(&process, signal.as_bytes()).await, 200);
        process.signal(signal);
        assert_eq!(
            process.exit_code().await,
            Some(0),
            "{}",
            process.rest_of_log().await
        );
        let record = Reader::new(&cluster.bootstrap(), "t", 1)
            .take(index + 1)
            .await
            .pop()
            .unwrap();
        assert_eq!(record.json()["body"], signal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g63_lost_records_are_exit_code_1() {
    let config = config(NO_BROKER, &format!("topic: t, {HASTY}"));
    let mut process = Process::start(&config, &[("GATEWAY_DRAIN__TIMEOUT_MS", "300")], "").await;
    assert_eq!(send(&process, b"x").await, 200);
    process.signal("TERM");
    assert_eq!(process.exit_code().await, Some(1));
    let log = process.rest_of_log().await;
    assert!(
        log.contains("accepted records were lost") && log.contains("\"records\":1"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g63_a_second_signal_cuts_at_once_with_130() {
    let config = config(NO_BROKER, "topic: t");
    let mut process = Process::start(&config, &[], "").await;
    let mut endless = Raw::connect(process.address).await;
    endless
        .send("POST /send HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(endless.response().await.status, 100);
    process.signal("TERM");
    process.line("\"message\":\"draining\"").await;
    process.signal("TERM");
    assert_eq!(process.exit_code().await, Some(130));
    assert_eq!(endless.end().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_stops_the_start_with_a_reason() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.yaml");
    std::fs::write(&file, "_format_version: '3.0'\n").unwrap();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["serve", "--config"])
        .arg(&file)
        .env("GATEWAY_PROXY__LISTEN", &address)
        .env("GATEWAY_HEALTH__LISTEN", "127.0.0.1:0")
        .output();
    let output = soon("the end", output).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains(&format!("cannot listen on {address}")),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g51_without_file_descriptors_accepting_waits_and_recovers() {
    let config = config(NO_BROKER, "topic: t");
    let mut process = Process::start(&config, &[], "ulimit -n 64").await;
    let mut inside = Raw::connect(process.address).await;
    // More than there are file descriptors; what the backlog does not take either just waits.
    let address = process.address;
    let crowd: Vec<_> = (0..200)
        .map(|_| tokio::spawn(async move { Raw::connect(address).await.more().await }))
        .collect();
    let line = process.line("cannot accept connections").await;
    assert!(line.contains("\"level\":\"WARN\""), "{line}");
    inside.send(post("/send", "text/plain", b"x")).await;
    assert_eq!(
        inside.response().await.status,
        200,
        "those inside are served all the while"
    );
    crowd.iter().for_each(tokio::task::JoinHandle::abort);
    until("room again", async || {
        (send(&process, b"x").await == 200).then_some(())
    })
    .await;
    let mut raw = Raw::connect(process.health).await;
    raw.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let metrics = raw.response().await.text();
    let errors = metrics
        .lines()
        .find_map(|line| line.strip_prefix("gateway_accept_errors_total "))
        .unwrap();
    assert!(
        (1..1000).contains(&errors.parse::<u32>().unwrap()),
        "no spin: {errors}"
    );
}
