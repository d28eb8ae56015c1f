//! kafka-consume in `http-get` against a broker: kong-consume.md §1, §2, §5, §6, §8.

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

use std::time::Duration;

use consume::{Writer, answer, committed, until_committed, until_freed, values};
use gateway::settings::Settings;
use kafka_testcontainers::Cluster;
use support::{NO_BROKER, Raw, Rig, cluster, log, route, settings, soon, until};

const HELLO: &str = r#"{"message":"Hello World"}"#;

/// A broker with `topic`, and a gateway with one route `/messages` that reads it as group `g`.
async fn rig(partitions: i32, config: &str, settings: Settings) -> (Cluster, Writer, Rig) {
    let cluster = cluster(&[("t", partitions)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    let config = format!(
        "topics: [{{name: t}}], consumer_group: {{mode: manual, consumer_group_id: g}}, {config}"
    );
    let routes = route("/messages", "kafka-consume", &config);
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings).await;
    (cluster, writer, rig)
}

/// Short enough that a test can wait for it.
fn hasty() -> Settings {
    let mut settings = settings();
    settings.kafka.request_timeout = Duration::from_secs(2);
    settings.kafka.connect_timeout = Duration::from_secs(1);
    settings.consume.join_timeout = Duration::from_secs(4);
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn q01_q13_the_first_get_has_both_records_and_the_second_none() {
    let cluster = cluster(&[("my-topic", 1)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    writer.value("my-topic", HELLO.as_bytes()).await;
    writer.value("my-topic", HELLO.as_bytes()).await;
    let routes = route("/messages", "kafka-consume", "topics: [{name: my-topic}]");
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    let first = rig.get("/messages").await;
    assert_eq!(first.status, 200);
    assert_eq!(
        first.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(first.text(), answer("my-topic", 2, 0, &[HELLO, HELLO]));
    let second = rig.get("/messages").await;
    assert_eq!(second.text(), answer("my-topic", 2, 2, &[]));
    writer.value("my-topic", b"third").await;
    let third = rig.get("/messages").await;
    assert_eq!(
        third.text(),
        answer("my-topic", 3, 2, &["third"]),
        "what was acknowledged before the GET is in its answer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_first_get_is_empty_merely_because_its_fetch_has_just_ended() {
    let cluster = cluster(&[("t", 1)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    writer.value("t", b"a").await;
    writer.value("t", b"b").await;
    let paths: Vec<String> = (0..100).map(|number| format!("/m{number}")).collect();
    let routes = paths
        .iter()
        .map(|path| route(path, "kafka-consume", "topics: [{name: t}]"));
    let routes: String = routes.collect();
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    for path in &paths {
        assert_eq!(values(&rig.get(path).await, "t", 0), ["a", "b"], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t3_head_and_options_consume_nothing_and_create_no_group() {
    let (cluster, writer, rig) = rig(1, "", settings()).await;
    writer.value("t", b"a").await;
    let mut raw = rig.connect().await;
    raw.send("HEAD /messages HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains("content-type: application/json; charset=utf-8\r\n"),
        "{head}"
    );
    raw.send("OPTIONS /messages HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    let options = raw.response().await;
    assert_eq!(options.status, 204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
    raw.send("DELETE /messages HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    let other = raw.response().await;
    assert_eq!(
        (other.status, other.text().as_str(), other.header("allow")),
        (
            405,
            r#"{"message":"Method not allowed"}"#,
            Some("GET, HEAD, OPTIONS, POST")
        )
    );
    assert!(rig.meter("gateway_consume_consumers").abs() < 0.5);
    assert_eq!(committed(&cluster.bootstrap(), "g", "t", 1), [-1]);
    assert_eq!(
        values(&rig.get("/messages").await, "t", 0),
        ["a"],
        "it is still there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_call_is_answered_in_its_own_words() {
    let rig = Rig::start(
        &route("/messages", "kafka-consume", "topics: [{name: t}]"),
        NO_BROKER,
        settings(),
    )
    .await;
    let response = rig.post("/messages", "application/grpc", b"").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("grpc-status"), Some("12"));
    assert_eq!(response.header("grpc-message"), Some("not supported"));
}

/// A client that reads the head and goes away.
async fn go_away_in_the_middle(rig: &Rig) {
    let mut stream = tokio::net::TcpStream::connect(rig.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /messages HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let more = tokio::io::AsyncReadExt::read_buf(&mut stream, &mut head);
        assert!(soon("the head", more).await.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t4_a_client_that_goes_away_in_the_middle_loses_nothing() {
    let (cluster, writer, rig) = rig(2, "", settings()).await;
    let large = "x".repeat(200_000);
    for number in 0..32 {
        let value = format!("{number}-{large}");
        writer
            .write("t", number % 2, None, Some(value.as_bytes()), &[])
            .await;
    }
    // A first answer may have less than all there is; the later ones are as large as answers get.
    for _ in 0..3 {
        go_away_in_the_middle(&rig).await;
    }
    let mut found = [Vec::new(), Vec::new()];
    while found[0].len() + found[1].len() < 32 {
        let response = rig.get("/messages").await;
        for (partition, list) in found.iter_mut().enumerate() {
            let values = values(&response, "t", i32::try_from(partition).unwrap());
            let numbers = values
                .iter()
                .map(|value| value.split('-').next().unwrap().parse().unwrap());
            list.extend::<Vec<usize>>(numbers.collect());
        }
        assert_eq!(response.status, 200);
        go_away_in_the_middle(&rig).await;
    }
    for (partition, numbers) in found.iter().enumerate() {
        let expected: Vec<usize> = (0..16).map(|number| number * 2 + partition).collect();
        assert_eq!(*numbers, expected, "each once, in order");
    }
    until_committed(&cluster.bootstrap(), "g", "t", &[16, 16]).await;
    assert!(rig.meter("gateway_panics_total").abs() < 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_while_it_waits_takes_nothing() {
    let mut settings = settings();
    settings.consume.max_wait = Duration::from_secs(20);
    let (_cluster, writer, rig) = rig(1, "", settings).await;
    let mut raw = rig.connect().await;
    raw.send("GET /messages HTTP/1.1\r\nHost: h\r\n\r\n").await;
    until("the member to be there", async || {
        (rig.meter("gateway_consume_consumers") > 0.5).then_some(())
    })
    .await;
    drop(raw);
    writer.value("t", b"a").await;
    assert_eq!(values(&rig.get("/messages").await, "t", 0), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_committed_after_an_answer_with_records_and_only_then() {
    let (cluster, writer, rig) = rig(2, "", settings()).await;
    rig.get("/messages").await;
    assert_eq!(committed(&cluster.bootstrap(), "g", "t", 2), [-1, -1]);
    writer.write("t", 1, None, Some(b"a"), &[]).await;
    assert_eq!(values(&rig.get("/messages").await, "t", 1), ["a"]);
    until_committed(&cluster.bootstrap(), "g", "t", &[-1, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gets_of_one_group_are_disjoint_and_share_partitions_fairly() {
    let mut settings = settings();
    settings.consume.max_records = 10;
    let (_cluster, writer, rig) = rig(2, "", settings).await;
    for number in 0..40 {
        let value = number.to_string();
        writer
            .write("t", number % 2, None, Some(value.as_bytes()), &[])
            .await;
    }
    // Once both partitions are at hand, each has its share.
    let mut all = values(&rig.get("/messages").await, "t", 0);
    all.extend(Vec::new());
    let mut found = vec![
        rig.get("/messages"),
        rig.get("/messages"),
        rig.get("/messages"),
    ];
    let answers = futures_util::future::join_all(found.drain(..)).await;
    let mut total = 0;
    let mut by_partition = [Vec::new(), Vec::new()];
    for answer in &answers {
        let (even, odd) = (values(answer, "t", 0), values(answer, "t", 1));
        assert!(even.len() + odd.len() <= 10);
        total += even.len() + odd.len();
        by_partition[0].push(even);
        by_partition[1].push(odd);
    }
    assert!(total <= 30);
    for lists in &mut by_partition {
        let mut flat: Vec<String> = lists.concat();
        let count = flat.len();
        flat.sort();
        flat.dedup();
        assert_eq!(flat.len(), count, "no record twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_at_least_one_record_however_large() {
    let mut settings = settings();
    settings.consume.max_bytes = 100;
    settings.consume.record_max_bytes = 5000;
    let (_cluster, writer, rig) = rig(1, "", settings).await;
    let large = "x".repeat(3000);
    let too_large = "y".repeat(6000);
    for value in [large.as_str(), "small", too_large.as_str(), "last"] {
        writer.value("t", value.as_bytes()).await;
    }
    assert_eq!(values(&rig.get("/messages").await, "t", 0), [large]);
    let mut rest = Vec::new();
    while rest.len() < 3 {
        let answer = rig.get("/messages").await.json();
        let records = answer["t"]["partitions"]["0"]["records"].clone();
        rest.extend(records.as_array().unwrap().clone());
    }
    assert_eq!(rest[0]["value"], "small");
    assert!(rest[1]["value"].is_null());
    assert_eq!(rest[1]["error"], "record too large");
    assert_eq!(rest[2]["value"], "last");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_taken_for_json_are_values() {
    let (_cluster, writer, rig) = rig(1, "message_deserializer: json", settings()).await;
    writer.value("t", br#"{"a":[1,null]}"#).await;
    writer.value("t", b"{").await;
    let mut records = Vec::new();
    while records.len() < 2 {
        let answer = rig.get("/messages").await.json();
        records.extend(
            answer["t"]["partitions"]["0"]["records"]
                .as_array()
                .unwrap()
                .clone(),
        );
    }
    assert_eq!(records[0]["value"]["a"][0], 1);
    assert_eq!(records[1]["value"], "{");
    assert_eq!(records[1]["error"], "not JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn off_goes_on_after_the_last_answer_and_commits_only_what_is_posted() {
    let mut settings = settings();
    settings.consume.member_idle = Duration::from_millis(1500);
    settings.consume.max_records = 2;
    let (cluster, writer, rig) = rig(1, "commit_strategy: off", settings).await;
    for value in ["a", "b", "c", "d"] {
        writer.value("t", value.as_bytes()).await;
    }
    assert_eq!(values(&rig.get("/messages").await, "t", 0), ["a", "b"]);
    assert_eq!(values(&rig.get("/messages").await, "t", 0), ["c", "d"]);
    assert_eq!(committed(&cluster.bootstrap(), "g", "t", 1), [-1]);
    let body = br#"{"t":{"partitions":{"0":{"offset":1}}}}"#;
    let done = rig.post("/messages", "application/json", body).await;
    assert_eq!(
        (done.status, done.text().as_str()),
        (200, r#"{"message":"offsets committed"}"#)
    );
    assert_eq!(committed(&cluster.bootstrap(), "g", "t", 1), [1]);
    assert_eq!(
        values(&rig.get("/messages").await, "t", 0),
        ["b", "c"],
        "the member's position moves too"
    );
    until_freed(&rig).await;
    assert_eq!(
        values(&rig.get("/messages").await, "t", 0),
        ["b", "c"],
        "after it left, delivery restarts at the committed offset"
    );
    until_freed(&rig).await;
    let body = br#"{"offsets":[{"topic":"t","partition":0,"offset":3}]}"#;
    let done = rig
        .post("/messages", "application/json; charset=utf-8", body)
        .await;
    assert_eq!(done.status, 200, "without a member: {}", done.text());
    assert_eq!(values(&rig.get("/messages").await, "t", 0), ["d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_posted_is_refused_and_nothing_is_committed() {
    let (cluster, _writer, rig) = rig(1, "commit_strategy: off", settings()).await;
    for (body, why) in [
        ("x", "the body is not JSON"),
        (
            r#"{"x":{"partitions":{"0":{"offset":1}}}}"#,
            "topic 'x' is not configured",
        ),
        (
            r#"{"t":{"partitions":{"0":{"offset":1},"7":{"offset":1}}}}"#,
            "unknown partition t-7",
        ),
        (
            r#"{"t":{"partitions":{"0":{"offset":-1}}}}"#,
            "offset must be an integer of at least 0",
        ),
    ] {
        let refused = rig
            .post("/messages", "application/json", body.as_bytes())
            .await;
        assert_eq!(
            (refused.status, refused.text()),
            (
                400,
                format!(r#"{{"message":"Bad request","error":"{why}"}}"#)
            ),
            "{body}"
        );
    }
    let body = br#"{"t":{"partitions":{"0":{"offset":1}}}}"#;
    assert_eq!(rig.post("/messages", "text/plain", body).await.status, 400);
    assert_eq!(committed(&cluster.bootstrap(), "g", "t", 1), [-1]);
    let routes = route("/messages", "kafka-consume", "topics: [{name: t}]");
    let auto = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    let refused = auto.post("/messages", "application/json", body).await;
    assert_eq!(
        (refused.status, refused.text().as_str()),
        (
            409,
            r#"{"message":"Conflict","error":"offsets are committed automatically"}"#
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn request_parameters_count_only_when_they_are_on() {
    let mut on = settings();
    on.consume.request_parameters = true;
    let cluster = cluster(&[("a", 1), ("b", 1)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    for value in ["1", "2"] {
        writer.value("a", value.as_bytes()).await;
        writer.value("b", value.as_bytes()).await;
    }
    let routes = route(
        "/messages",
        "kafka-consume",
        "topics: [{name: b}, {name: a}]",
    );
    let rig = Rig::start(&routes, &cluster.bootstrap(), on).await;
    let only_a = rig.get("/messages?topics=a&max=1&wait=5000").await;
    assert_eq!(only_a.text(), answer("a", 2, 0, &["1"]));
    let refused = rig.get("/messages?topics=x").await;
    assert_eq!(
        (refused.status, refused.text().as_str()),
        (
            400,
            r#"{"message":"Bad request","error":"topic 'x' is not configured"}"#
        )
    );
    let both = rig.get("/messages?wait=5000").await.text();
    assert!(
        both.starts_with(r#"{"b":{"partitions":{"0":"#),
        "as configured: {both}"
    );
    let off = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    assert_eq!(off.get("/messages?max=0&topics=x").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_can_wait_for_a_first_record() {
    let mut settings = settings();
    settings.consume.max_wait = Duration::from_secs(20);
    let (_cluster, writer, rig) = rig(1, "", settings).await;
    let mut raw = rig.connect().await;
    raw.send("GET /messages HTTP/1.1\r\nHost: h\r\n\r\n").await;
    until("the member to be there", async || {
        (rig.meter("gateway_consume_consumers") > 0.5).then_some(())
    })
    .await;
    writer.value("t", b"a").await;
    assert_eq!(values(&raw.response().await, "t", 0), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn g62_a_get_that_waits_is_answered_when_the_drain_begins() {
    let mut settings = settings();
    settings.consume.max_wait = Duration::from_secs(20);
    let (_cluster, _writer, mut rig) = rig(1, "", settings).await;
    let mut raw = rig.connect().await;
    raw.send("GET /messages HTTP/1.1\r\nHost: h\r\n\r\n").await;
    until("the member to be there", async || {
        (rig.meter("gateway_consume_consumers") > 0.5).then_some(())
    })
    .await;
    let draining = tokio::spawn(rig.gateway.take().unwrap().drain());
    let answered = tokio::time::timeout(Duration::from_secs(10), raw.response()).await;
    let response = answered.expect("long before its time is over");
    assert_eq!((response.status, response.closes()), (200, true));
    assert_eq!(response.text(), answer("t", 0, 0, &[]));
    assert!(soon("the drain", draining).await.unwrap().in_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn latest_means_it_only_when_enforced() {
    let cluster = cluster(&[("t", 1)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    writer.value("t", b"old").await;
    let group = |id: &str| {
        format!("topics: [{{name: t}}], consumer_group: {{mode: manual, consumer_group_id: {id}}}")
    };
    let routes = route(
        "/latest",
        "kafka-consume",
        &format!("{}, enforce_latest_offset_reset: true", group("a")),
    ) + &route(
        "/earliest",
        "kafka-consume",
        &format!("{}, auto_offset_reset: earliest", group("b")),
    );
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    assert_eq!(values(&rig.get("/latest").await, "t", 0), [""; 0]);
    writer.value("t", b"new").await;
    assert_eq!(values(&rig.get("/latest").await, "t", 0), ["new"]);
    assert_eq!(values(&rig.get("/earliest").await, "t", 0), ["old", "new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn g36_kafka_being_down_is_told_in_general_unless_the_plugin_says_otherwise() {
    let log = log();
    let routes = route("/general", "kafka-consume", "topics: [{name: t}]")
        + &route(
            "/real",
            "kafka-consume",
            "topics: [{name: t}], error_handling: {return_error_message: true}",
        );
    let rig = Rig::start(&routes, NO_BROKER, hasty()).await;
    let general = rig.get("/general").await;
    assert_eq!(
        (general.status, general.text().as_str()),
        (
            502,
            r#"{"message":"Bad Gateway","error":"could not consume messages from topic"}"#
        )
    );
    let id = general.header("x-kong-request-id").unwrap();
    log.line(&[id, "records cannot be consumed", "127.0.0.1:1"])
        .await;
    let real = rig.get("/real").await;
    assert_eq!(
        (real.status, real.text().as_str()),
        (
            502,
            r#"{"message":"Bad Gateway","error":"no broker is reachable"}"#
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_topic_is_an_error_and_is_not_created() {
    let cluster = cluster(&[]).await;
    let routes = route(
        "/messages",
        "kafka-consume",
        "topics: [{name: nowhere}], error_handling: {return_error_message: true}",
    );
    let rig = Rig::start(&routes, &cluster.bootstrap(), hasty()).await;
    for _ in 0..2 {
        let unknown = rig.get("/messages").await;
        assert_eq!(
            (unknown.status, unknown.text().as_str()),
            (
                502,
                r#"{"message":"Bad Gateway","error":"UnknownTopicOrPartition"}"#
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_after_an_outage_the_same_member_goes_on() {
    let (mut cluster, writer, rig) = rig(1, "", hasty()).await;
    writer.value("t", b"before").await;
    assert_eq!(values(&rig.get("/messages").await, "t", 0), ["before"]);
    cluster.kill(1).await.unwrap();
    assert_eq!(rig.get("/messages").await.status, 502);
    cluster.restart(1).await.unwrap();
    writer.value("t", b"after").await;
    let found = until("the record after the outage", async || {
        let response = rig.get("/messages").await;
        (response.status == 200)
            .then(|| values(&response, "t", 0))
            .filter(|found| !found.is_empty())
    })
    .await;
    assert_eq!(found, ["after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_leaves_when_nobody_asks_and_on_the_drain() {
    let mut settings = settings();
    settings.consume.member_idle = Duration::from_millis(200);
    let (cluster, writer, mut rig) = rig(1, "", settings).await;
    writer.value("t", b"a").await;
    assert_eq!(values(&rig.get("/messages").await, "t", 0), ["a"]);
    until_freed(&rig).await;
    until_committed(&cluster.bootstrap(), "g", "t", &[1]).await;
    rig.get("/messages").await;
    let gateway = rig.gateway.take().unwrap();
    let metrics = gateway.metrics().clone();
    let drained = soon("the drain", gateway.drain()).await;
    assert!(drained.in_time, "{drained:?}");
    assert_eq!(metrics.consumers.get(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_gets_are_answered_one_after_the_other() {
    let mut settings = settings();
    settings.consume.max_records = 1;
    let (_cluster, writer, rig) = rig(1, "", settings).await;
    for value in ["a", "b", "c"] {
        writer.value("t", value.as_bytes()).await;
    }
    let mut raw: Raw = rig.connect().await;
    raw.send("GET /messages HTTP/1.1\r\nHost: h\r\n\r\n".repeat(3))
        .await;
    for value in ["a", "b", "c"] {
        assert_eq!(values(&raw.response().await, "t", 0), [value]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn membership_none_reads_all_partitions_and_commits_all_the_same() {
    let mut settings = settings();
    settings.consume.membership = gateway::settings::Membership::None;
    let (cluster, writer, rig) = rig(2, "", settings.clone()).await;
    writer.write("t", 0, None, Some(b"a"), &[]).await;
    writer.write("t", 1, None, Some(b"b"), &[]).await;
    let config = "topics: [{name: t}], consumer_group: {mode: manual, consumer_group_id: g}";
    let routes = route("/messages", "kafka-consume", config);
    let other = Rig::start(&routes, &cluster.bootstrap(), settings).await;
    // Both nodes have all partitions; so both may give the same record.
    let partitions = |text: &str| text.contains(r#""0":{"#) && text.contains(r#""1":{"#);
    assert!(partitions(&other.get("/messages").await.text()));
    assert!(partitions(&rig.get("/messages").await.text()));
    until("everything to be committed", async || {
        rig.get("/messages").await;
        (committed(&cluster.bootstrap(), "g", "t", 2) == [1, 1]).then_some(())
    })
    .await;
}
