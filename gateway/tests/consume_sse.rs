//! kafka-consume in `server-sent-events` against a broker: kong-consume.md §3, §5.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

#[path = "support/consume.rs"]
mod consume;
#[path = "support/gateway.rs"]
mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use consume::{Events, Writer, committed, event, until_committed, until_freed};
use gateway::settings::Settings;
use kafka_testcontainers::Cluster;
use support::{NO_BROKER, Rig, cluster, route, settings, snapshot, soon, until};

const HELLO: &str = r#"{"message":"Hello World"}"#;
const SSE: &str = "topics: [{name: t}], mode: server-sent-events";

/// A broker with topic `t`, and a gateway with one route `/stream`.
async fn rig(partitions: i32, config: &str, settings: Settings) -> (Cluster, Writer, Rig) {
    let cluster = cluster(&[("t", partitions)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    let routes = route("/stream", "kafka-consume", &format!("{SSE}, {config}"));
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings).await;
    (cluster, writer, rig)
}

#[tokio::test(flavor = "multi_thread")]
async fn q14_q16_records_are_events_to_the_byte_and_new_ones_follow() {
    let cluster = cluster(&[("my-topic", 1)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    writer.value("my-topic", HELLO.as_bytes()).await;
    writer.value("my-topic", HELLO.as_bytes()).await;
    let config = "topics: [{name: my-topic}], mode: server-sent-events";
    let routes = route("/stream", "kafka-consume", config);
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    let mut events = Events::open(&rig, "/stream", "Accept: text/event-stream\r\n").await;
    let head = events.head.to_ascii_lowercase();
    for line in [
        "content-type: text/event-stream\r\n",
        "cache-control: no-cache\r\n",
        "x-accel-buffering: no\r\n",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(!head.contains("content-length"), "{head}");
    let first = events.block().await + &events.block().await;
    assert_eq!(
        first,
        "data: {\"message\":\"Hello World\"}\ntopic: my-topic\nevent: message\nid: 0\n\n\
         data: {\"message\":\"Hello World\"}\ntopic: my-topic\nevent: message\nid: 1\n\n"
    );
    writer.value("my-topic", b"live").await;
    let live = tokio::time::timeout(Duration::from_secs(1), events.block()).await;
    assert_eq!(live.expect("within a second"), event("my-topic", "live", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn t3_a_head_has_the_headers_and_opens_nothing() {
    let (_cluster, _writer, rig) = rig(1, "", settings()).await;
    let mut raw = rig.connect().await;
    raw.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let head = raw.head().await;
    assert!(
        head.contains("content-type: text/event-stream\r\n"),
        "{head}"
    );
    assert!(rig.meter("gateway_consume_streams").abs() < 0.5);
    assert!(rig.meter("gateway_consume_consumers").abs() < 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_an_idle_stream_shows_that_it_lives_also_while_kafka_is_down() {
    let mut settings = settings();
    settings.sse.heartbeat = Duration::from_millis(100);
    let (mut cluster, writer, rig) = rig(1, "", settings).await;
    let mut events = Events::open(&rig, "/stream", "").await;
    assert_eq!(events.block().await, ": keep-alive\n\n");
    cluster.kill(1).await.unwrap();
    for _ in 0..10 {
        assert_eq!(events.block().await, ": keep-alive\n\n");
    }
    cluster.restart(1).await.unwrap();
    writer.value("t", b"back").await;
    assert_eq!(events.event().await, event("t", "back", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_stream_commits_what_was_written_and_frees_its_consumer() {
    let config = "consumer_group: {mode: manual, consumer_group_id: g}";
    let (_cluster, writer, rig) = rig(1, config, settings()).await;
    writer.value("t", b"a").await;
    let mut events = Events::open(&rig, "/stream", "").await;
    assert_eq!(events.block().await, event("t", "a", 0));
    drop(events);
    until_freed(&rig).await;
    writer.value("t", b"b").await;
    let mut again = Events::open(&rig, "/stream", "").await;
    assert_eq!(again.block().await, event("t", "b", 1), "a was committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn off_commits_nothing_but_what_is_posted() {
    let (_cluster, writer, rig) = rig(1, "commit_strategy: off", settings()).await;
    writer.value("t", b"a").await;
    writer.value("t", b"b").await;
    for _ in 0..2 {
        let mut events = Events::open(&rig, "/stream", "").await;
        assert_eq!(
            events.block().await,
            event("t", "a", 0),
            "again from the start"
        );
        drop(events);
        until_freed(&rig).await;
    }
    let mut events = Events::open(&rig, "/stream", "").await;
    assert_eq!(events.block().await, event("t", "a", 0));
    let body = br#"{"t":{"partitions":{"0":{"offset":1}}}}"#;
    let done = rig.post("/stream", "application/json", body).await;
    assert_eq!(
        done.status,
        200,
        "on behalf of the open stream: {}",
        done.text()
    );
    assert_eq!(events.block().await, event("t", "b", 1), "which goes on");
    drop(events);
    until_freed(&rig).await;
    let mut events = Events::open(&rig, "/stream", "").await;
    assert_eq!(events.block().await, event("t", "b", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_says_when_to_come_back_and_commits() {
    let config = "consumer_group: {mode: manual, consumer_group_id: g}";
    let (_cluster, writer, mut rig) = rig(1, config, settings()).await;
    writer.value("t", b"a").await;
    let mut events = Events::open(&rig, "/stream", "").await;
    assert_eq!(events.block().await, event("t", "a", 0));
    let gateway = rig.gateway.take().unwrap();
    let metrics = gateway.metrics().clone();
    let draining = tokio::spawn(gateway.drain());
    assert_eq!(events.rest().await, "retry: 3000\n\n");
    let drained = soon("the drain", draining).await.unwrap();
    assert!(drained.in_time, "{drained:?}");
    assert_eq!((metrics.streams.get(), metrics.consumers.get()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn g65_a_reload_ends_the_streams_whose_plugin_changed_and_no_others() {
    let cluster = cluster(&[("t", 1)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    let group =
        |id: &str| format!("{SSE}, consumer_group: {{mode: manual, consumer_group_id: {id}}}");
    let stays = route("/stays", "kafka-consume", &group("a"));
    let changes = route("/changes", "kafka-consume", &group("b"));
    let routes = format!("{stays}{changes}");
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    let mut staying = Events::open(&rig, "/stays", "").await;
    let mut changing = Events::open(&rig, "/changes", "").await;
    let other = route("/changes", "kafka-consume", &group("c"));
    let reloaded = snapshot(&format!("{stays}{other}"), &cluster.bootstrap());
    rig.gateway.as_ref().unwrap().apply(reloaded);
    assert_eq!(changing.rest().await, "retry: 3000\n\n");
    writer.value("t", b"a").await;
    assert_eq!(staying.event().await, event("t", "a", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_disconnected_and_stops_the_fetching() {
    let mut settings = settings();
    settings.stream.stall = Duration::from_millis(800);
    settings.stream.buffer_bytes = 64 * 1024;
    let config = "consumer_group: {mode: manual, consumer_group_id: g}";
    let (_cluster, writer, rig) = rig(1, config, settings).await;
    let large = "x".repeat(100_000);
    for _ in 0..200 {
        writer.value("t", large.as_bytes()).await;
    }
    let mut events = Events::open(&rig, "/stream", "").await;
    events.until("id: 0\n\n").await;
    until_freed(&rig).await;
    let given = rig.gateway.as_ref().unwrap().metrics().render();
    let given = given
        .lines()
        .find(|line| line.starts_with("gateway_consume_records_total"))
        .and_then(|line| line.split(' ').nth(1)?.parse::<u32>().ok())
        .unwrap_or_default();
    assert!(
        given < 150,
        "{given} of 200 large records were taken for nobody"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g20_g46_a_foreign_page_and_a_stream_too_many_are_refused() {
    let mut settings = settings();
    settings.stream.max_per_ip = 1;
    let (_cluster, _writer, rig) = rig(1, "", settings).await;
    let get = |headers: &str| format!("GET /stream HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
    let foreign = rig.send(get("Origin: http://evil.example\r\n")).await;
    assert_eq!(
        (foreign.status, foreign.text().as_str()),
        (403, r#"{"message":"Forbidden"}"#)
    );
    let events = Events::open(&rig, "/stream", "Origin: http://h\r\n").await;
    let refused = rig.send(get("")).await;
    assert_eq!(
        (
            refused.status,
            refused.text().as_str(),
            refused.header("retry-after")
        ),
        (503, r#"{"message":"Service unavailable"}"#, Some("1"))
    );
    drop(events);
    until_freed(&rig).await;
    Events::open(&rig, "/stream", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_no_stream_is_opened() {
    let mut settings = settings();
    settings.kafka.request_timeout = Duration::from_millis(500);
    let routes = route("/stream", "kafka-consume", SSE);
    let rig = Rig::start(&routes, NO_BROKER, settings).await;
    let response = rig.get("/stream").await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (
            502,
            r#"{"message":"Bad Gateway","error":"could not consume messages from topic"}"#
        )
    );
    assert!(rig.meter("gateway_consume_streams").abs() < 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fatal_error_is_an_event_and_the_end() {
    let cluster = cluster(&[]).await;
    let mut settings = settings();
    settings.kafka.request_timeout = Duration::from_secs(2);
    let config = "topics: [{name: nowhere}], mode: server-sent-events, error_handling: {return_error_message: true}";
    let routes = route("/stream", "kafka-consume", config);
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings).await;
    let mut events = Events::open(&rig, "/stream", "").await;
    let heartbeat = until_block(&mut events).await;
    assert_eq!(
        heartbeat, ": keep-alive\n\n",
        "unknown for 15 s is no reason yet"
    );
    let error = "event: error\ndata: {\"message\":\"Bad Gateway\",\"error\":\"UnknownTopicOrPartition\"}\n\n";
    let rest = events.rest().await;
    assert!(rest.ends_with(error), "{rest}");
    until_freed(&rig).await;
}

async fn until_block(events: &mut Events) -> String {
    events.block().await
}

#[tokio::test(flavor = "multi_thread")]
async fn t18_two_streams_of_one_address_share_the_partitions() {
    let (_cluster, writer, rig) = rig(2, "", settings()).await;
    let mut one = Events::open(&rig, "/stream", "").await;
    let mut other = Events::open(&rig, "/stream", "").await;
    // Until the second has joined, the first may see everything, and see it again.
    let mut number = 0;
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    until("each to have a partition", async || {
        for partition in 0..2 {
            let value = format!("{partition}-{number}");
            writer
                .write("t", partition, None, Some(value.as_bytes()), &[])
                .await;
        }
        number += 1;
        for (stream, seen) in [&mut one, &mut other].into_iter().zip(&mut seen) {
            while let Ok(event) =
                tokio::time::timeout(Duration::from_millis(200), stream.event()).await
            {
                seen.insert(event.lines().next().unwrap().to_owned());
            }
        }
        let last = |seen: &BTreeSet<String>, partition: i32| {
            seen.contains(&format!("data: {partition}-{}", number - 1))
        };
        let shares = [
            (last(&seen[0], 0), last(&seen[0], 1)),
            (last(&seen[1], 0), last(&seen[1], 1)),
        ];
        (shares == [(true, false), (false, true)] || shares == [(false, true), (true, false)])
            .then_some(())
    })
    .await;
    drop(one);
    // The one that is left gets everything again.
    writer.write("t", 0, None, Some(b"last-0"), &[]).await;
    writer.write("t", 1, None, Some(b"last-1"), &[]).await;
    let mut missing = BTreeSet::from(["data: last-0".to_owned(), "data: last-1".to_owned()]);
    while !missing.is_empty() {
        let event = other.event().await;
        missing.remove(event.lines().next().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_resume_an_id_is_a_position_to_go_on_from() {
    let mut settings = settings();
    settings.sse.resume = true;
    let (cluster, writer, rig) = rig(1, "commit_strategy: off", settings).await;
    for value in ["a", "b", "c"] {
        writer.value("t", value.as_bytes()).await;
    }
    let mut events = Events::open(&rig, "/stream", "").await;
    let first = events.block().await;
    let id = first.trim_end().rsplit_once("id: ").unwrap().1.to_owned();
    assert_eq!(id, "eyJ0Ijp7IjAiOjF9fQ", "{first}");
    drop(events);
    until_freed(&rig).await;
    let mut again = Events::open(&rig, "/stream", &format!("Last-Event-ID: {id}\r\n")).await;
    assert!(again.block().await.starts_with("data: b\n"));
    drop(again);
    until_freed(&rig).await;
    let bad = "GET /stream HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 3\r\n\r\n";
    assert_eq!(rig.send(bad).await.status, 400);
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_of_a_long_stream_are_committed_as_it_goes() {
    let mut settings = settings();
    settings.consume.auto_commit_interval = Duration::from_millis(50);
    // The group of a stream bears the node's id; http-get has the bare one, which a test can ask for.
    let config = "consumer_group: {mode: manual, consumer_group_id: g}";
    let (cluster, writer, rig) = rig(1, config, settings).await;
    writer.value("t", b"a").await;
    let mut events = Events::open(&rig, "/stream", "").await;
    assert_eq!(events.block().await, event("t", "a", 0));
    let bootstrap = cluster.bootstrap();
    let group = until("the group", async || group_of(&bootstrap, "g.")).await;
    until_committed(&bootstrap, &group, "t", &[1]).await;
    writer.value("t", b"b").await;
    assert_eq!(events.block().await, event("t", "b", 1));
    until_committed(&bootstrap, &group, "t", &[2]).await;
    assert_eq!(committed(&bootstrap, "g", "t", 1), [-1]);
}

/// The group whose name begins so.
fn group_of(bootstrap: &str, prefix: &str) -> Option<String> {
    use rdkafka::consumer::{BaseConsumer, Consumer as _};
    let consumer: BaseConsumer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .ok()?;
    let groups = consumer.fetch_group_list(None, support::PATIENCE).ok()?;
    let groups = groups.groups();
    let group = groups
        .iter()
        .find(|group| group.name().starts_with(prefix))?;
    Some(group.name().to_owned())
}
