//! kafka-upstream against a broker: what becomes of a request, and of its failures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

#[path = "support/records.rs"]
mod records;
#[path = "support/gateway.rs"]
mod support;

use std::time::Duration;

use kafka_testcontainers::{Cluster, ClusterSpec};
use records::Reader;
use serde_json::{Value, json};
use support::{NO_BROKER, Rig, cluster, log, route, settings, until};

const SENT: &str = r#"{"message":"message sent"}"#;
const NOT_SENT: &str = r#"{"message":"Bad Gateway","error":"could not send message to topic"}"#;

/// A gateway with one produce route `/send` to topic `t`, which has so many partitions.
async fn rig(partitions: i32, config: &str) -> (Cluster, Rig) {
    let cluster = cluster(&[("t", partitions)]).await;
    let routes = route("/send", "kafka-upstream", &format!("topic: t, {config}"));
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    (cluster, rig)
}

const SYNC: &str = "producer_async: false";

#[tokio::test(flavor = "multi_thread")]
async fn q31_each_content_type_becomes_its_record() {
    let (cluster, rig) = rig(1, SYNC).await;
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
    let cases: [(&str, &[u8], Value); 6] = [
        (
            "application/x-www-form-urlencoded",
            b"foo=bar",
            json!({"body": "foo=bar", "body_args": {"foo": "bar"}}),
        ),
        (
            "multipart/form-data; boundary=b",
            multipart.as_bytes(),
            json!({"body": multipart, "body_args": {"a": "1"}}),
        ),
        (
            "application/json",
            b"{\"a\": [1, 2]}",
            json!({"body": "{\"a\": [1, 2]}", "body_args": {"a": [1, 2]}}),
        ),
        (
            "text/plain",
            b"hello",
            json!({"body": "hello", "body_args": {}}),
        ),
        (
            "application/xml",
            b"<a/>",
            json!({"body": "<a/>", "body_args": {}}),
        ),
        (
            "image/png",
            b"\x89PNG",
            json!({"body": "iVBORw==", "body_args": {}, "body_base64": true}),
        ),
    ];
    let reader = Reader::new(&cluster.bootstrap(), "t", 1);
    for (content_type, body, expected) in cases {
        let response = rig.post("/send", content_type, body).await;
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, SENT),
            "{content_type}"
        );
        assert_eq!(
            response.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        let record = reader.next().await;
        assert_eq!(record.json(), expected, "{content_type}");
        assert_eq!((record.key, record.headers), (None, vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn q25_the_sample_request_goes_to_partition_0_of_10() {
    let (cluster, rig) = rig(10, "").await;
    let response = rig.send("POST / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(response.status, 404);
    let response = rig.send("POST /send HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!((response.status, response.text().as_str()), (200, SENT));
    let record = Reader::new(&cluster.bootstrap(), "t", 1).next().await;
    assert_eq!(
        record.json(),
        json!({"body": "", "body_args": {}, "body_base64": true})
    );
    assert_eq!((record.partition, record.offset), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn q32_a_body_that_does_not_parse_is_refused_and_nothing_is_sent() {
    let (cluster, rig) = rig(1, SYNC).await;
    for (content_type, body, message) in [
        ("application/json", "{", "invalid json body"),
        ("application/json", "7", "invalid json body"),
        (
            "multipart/form-data; boundary=b",
            "x",
            "unable to decode multipart body",
        ),
    ] {
        let response = rig.post("/send", content_type, body.as_bytes()).await;
        assert_eq!(
            (response.status, response.text()),
            (400, format!(r#"{{"message":"{message}"}}"#))
        );
    }
    let response = rig.post("/send", "text/plain", b"after").await;
    assert_eq!(response.status, 200);
    let record = Reader::new(&cluster.bootstrap(), "t", 1).next().await;
    assert_eq!(
        (record.offset, record.json()["body"].as_str()),
        (0, Some("after")),
        "nothing before it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_forwarded_that_is_switched_on_and_identity_is_stripped() {
    let config = "producer_async: false, forward_method: true, forward_uri: true, forward_headers: true, forward_body: false, \
                  key_query_arg: k, headers: {include_headers: [x-trace], name_mappings: {x-trace: Trace}}";
    let (cluster, rig) = rig(3, config).await;
    let request = "PUT /send/a%20b?k=key%201&x HTTP/1.1\r\nHost: h\r\nX-Trace: 7\r\nX_Consumer-ID: forged\r\nX-Consumer-Username: root\r\n\r\n";
    assert_eq!(rig.send(request).await.status, 200);
    let record = Reader::new(&cluster.bootstrap(), "t", 3).next().await;
    let expected = json!({
        "method": "PUT", "uri": "/send/a%20b?k=key%201&x", "uri_args": {"k": "key 1", "x": true},
        "headers": {"host": "h", "x-trace": "7"},
    });
    assert_eq!(record.json(), expected);
    assert_eq!(record.key.as_deref(), Some(&b"key 1"[..]));
    assert_eq!(record.headers, [("Trace".to_owned(), Some(b"7".to_vec()))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_where_java_would_send_them() {
    let (cluster, rig) = rig(7, "producer_async: false, key_query_arg: k").await;
    let reader = Reader::new(&cluster.bootstrap(), "t", 7);
    // murmur2 as in Kafka's Utils, sign dropped, modulo 7; the empty key is a key.
    for (key, partition) in [
        ("a", murmur2(b"a") % 7),
        ("order-42", murmur2(b"order-42") % 7),
        ("", murmur2(b"") % 7),
    ] {
        assert_eq!(rig.get(&format!("/send?k={key}")).await.status, 200);
        let record = reader.next().await;
        assert_eq!(
            (
                record.key.as_deref(),
                u32::try_from(record.partition).unwrap()
            ),
            (Some(key.as_bytes()), partition),
            "{key}"
        );
    }
}

/// Austin Appleby's `MurmurHash2` with Kafka's seed, sign bit dropped.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c_u32 ^ u32::try_from(data.len()).unwrap();
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().unwrap()).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    for (index, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * index);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    (hash ^ (hash >> 15)) & 0x7fff_ffff
}

#[tokio::test(flavor = "multi_thread")]
async fn g30_topics_are_checked_and_allowed_before_anything_is_sent() {
    let cluster = cluster(&[("t", 1), ("u", 1), ("v", 1)]).await;
    let config = "topic: t, topics_query_arg: to, allowed_topics: [u], producer_async: false";
    let rig = Rig::start(
        &route("/send", "kafka-upstream", config),
        &cluster.bootstrap(),
        settings(),
    )
    .await;
    let refused = |why: &str| format!(r#"{{"message":"Bad request","error":"{why}"}}"#);
    for (query, status, body) in [
        ("to=u,a/b", 400, refused("invalid topic name")),
        ("to=u,__consumer_offsets", 400, refused("internal topics are not allowed")),
        ("to=u,%zz", 400, refused("argument 'to' has a broken percent escape")),
        ("to=u,v", 502, r#"{"message":"Bad Gateway","error":"one or more target topics are not in the allowed topics list"}"#.to_owned()),
        ("to=u,t,u", 200, SENT.to_owned()),
        ("", 200, SENT.to_owned()),
    ] {
        let response = rig.get(&format!("/send?{query}")).await;
        assert_eq!((response.status, response.text()), (status, body), "{query}");
    }
    let reader = Reader::new(&cluster.bootstrap(), "t", 1);
    let counts = [
        reader.count("t", 1),
        reader.count("u", 1),
        reader.count("v", 1),
    ];
    assert_eq!(counts, [2, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_concurrent_requests_are_each_there_once() {
    let (cluster, rig) = rig(3, "producer_async: false, producer_request_acks: -1").await;
    let clients = (0..20).map(|client| {
        let address = rig.address;
        tokio::spawn(async move {
            let mut raw = support::Raw::connect(address).await;
            for number in 0..50 {
                raw.send(support::post(
                    "/send",
                    "text/plain",
                    format!("{client}-{number}").as_bytes(),
                ))
                .await;
                assert_eq!(raw.response().await.status, 200);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let records = Reader::new(&cluster.bootstrap(), "t", 3).take(1000).await;
    let mut bodies: Vec<String> = records
        .iter()
        .map(|record| record.json()["body"].as_str().unwrap().to_owned())
        .collect();
    bodies.sort_unstable();
    bodies.dedup();
    assert_eq!(bodies.len(), 1000);
    assert!(rig.meter("gateway_panics_total") == 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_never_dropped() {
    let (cluster, rig) = rig(1, SYNC).await;
    // As text in the record it stays below the broker's own limit of 1 MiB.
    let body = vec![b'x'; 1_000_000];
    assert_eq!(rig.post("/send", "text/plain", &body).await.status, 200);
    let record = Reader::new(&cluster.bootstrap(), "t", 1).next().await;
    assert_eq!(
        record.json()["body"].as_str().map(str::len),
        Some(1_000_000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_is_created_and_the_first_request_is_not_lost() {
    let spec = ClusterSpec::nodes(1).property("auto.create.topics.enable", "true");
    let cluster = Cluster::start(spec).await.unwrap();
    let rig = Rig::start(
        &route(
            "/send",
            "kafka-upstream",
            "topic: fresh, producer_async: false",
        ),
        &cluster.bootstrap(),
        settings(),
    )
    .await;
    assert_eq!(rig.post("/send", "text/plain", b"first").await.status, 200);
    let record = Reader::new(&cluster.bootstrap(), "fresh", 1).next().await;
    assert_eq!(record.json()["body"], "first");
}

/// Settings under which Kafka's absence is found out soon.
fn hasty() -> gateway::settings::Settings {
    let mut settings = settings();
    settings.kafka.connect_timeout = Duration::from_secs(2);
    settings.kafka.request_timeout = Duration::from_secs(1);
    settings
}

const HASTY: &str = "producer_request_timeout: 1000, producer_request_retries_max_attempts: 2, producer_request_retries_backoff_timeout: 20";

#[tokio::test(flavor = "multi_thread")]
async fn kafka_down_is_a_502_and_recovers_by_itself() {
    let log = log();
    let mut cluster = cluster(&[("t", 1)]).await;
    let routes = route(
        "/send",
        "kafka-upstream",
        &format!("topic: t, producer_async: false, {HASTY}"),
    ) + &route(
        "/told",
        "kafka-upstream",
        &format!(
            "topic: t, producer_async: false, error_handling: {{return_error_message: true}}, {HASTY}"
        ),
    );
    let bootstrap = cluster.bootstrap();
    cluster.stop(1).await.unwrap();
    let rig = Rig::start(&routes, &bootstrap, hasty()).await;
    assert_eq!(
        rig.health("/health/ready").await.status,
        200,
        "Kafka being down does not change readiness"
    );
    let response = rig.post("/send", "text/plain", b"x").await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (502, NOT_SENT),
        "G-36"
    );
    let id = response.header("x-kong-request-id").unwrap().to_owned();
    let told = rig.post("/told", "text/plain", b"x").await;
    let error = told.json()["error"].as_str().unwrap().to_owned();
    assert!(
        [
            "no broker is reachable",
            "request timed out",
            "UnknownTopicOrPartition"
        ]
        .contains(&error.as_str()),
        "{error}"
    );
    log.line(&[&id, "record not sent", "\"topic\":\"t\""]).await;
    cluster.restart(1).await.unwrap();
    until("the first record after the recovery", async || {
        let response = rig.post("/send", "text/plain", b"recovered").await;
        (response.status == 200).then_some(())
    })
    .await;
    let record = Reader::new(&bootstrap, "t", 1).next().await;
    assert!(["x", "recovered"].contains(&record.json()["body"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_in_between_is_a_502_and_comes_back() {
    let mut cluster = cluster(&[("t", 1)]).await;
    let routes = route(
        "/send",
        "kafka-upstream",
        &format!("topic: t, producer_async: false, {HASTY}"),
    );
    let rig = Rig::start(&routes, &cluster.bootstrap(), hasty()).await;
    assert_eq!(rig.post("/send", "text/plain", b"before").await.status, 200);
    cluster.stop(1).await.unwrap();
    assert_eq!(rig.post("/send", "text/plain", b"during").await.status, 502);
    cluster.restart(1).await.unwrap();
    until("an answer of 200", async || {
        (rig.post("/send", "text/plain", b"after").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn async_answers_at_once_and_says_what_it_lost() {
    let log = log();
    let routes = route(
        "/send",
        "kafka-upstream",
        &format!("topic: t, {HASTY}, producer_async_flush_timeout: 1"),
    );
    let rig = Rig::start(&routes, NO_BROKER, hasty()).await;
    let response = rig.post("/send", "text/plain", b"x").await;
    assert_eq!((response.status, response.text().as_str()), (200, SENT));
    let id = response.header("x-kong-request-id").unwrap().to_owned();
    log.line(&[&id, "record lost", "\"reason\":"]).await;
    let meters = rig.gateway.as_ref().unwrap().metrics().render();
    assert!(
        meters
            .lines()
            .any(|line| line.starts_with("gateway_produce_lost_total{")
                && line.ends_with("topic=\"t\"} 1")),
        "{meters}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g48_a_full_queue_is_a_503_and_not_growth() {
    let config = "topic: t, producer_async_buffering_limits_messages_in_memory: 3, producer_async_flush_timeout: 60000";
    let rig = Rig::start(
        &route("/send", "kafka-upstream", config),
        NO_BROKER,
        settings(),
    )
    .await;
    for _ in 0..3 {
        assert_eq!(rig.post("/send", "text/plain", b"x").await.status, 200);
    }
    let response = rig.post("/send", "text/plain", b"x").await;
    let overflow = r#"{"message":"Service unavailable","error":"buffer overflow"}"#;
    assert_eq!((response.status, response.text().as_str()), (503, overflow));
    assert_eq!(response.header("retry-after"), Some("1"));
}

/// Posts 4 kB at a time until the queue of 100 kB is full, which must be soon.
async fn fill(rig: &Rig) {
    let mut sent = 0;
    loop {
        let response = rig.post("/send", "text/plain", &[b'x'; 4000]).await;
        if response.status == 503 {
            assert!(response.text().contains("buffer overflow"), "{response:?}");
            return;
        }
        assert_eq!(response.status, 200);
        sent += 4000;
        assert!(sent < 200_000, "the queue grows beyond its bound");
    }
}

fn small() -> gateway::settings::Settings {
    let mut settings = settings();
    settings.http.max_body_bytes = 4000;
    settings.produce.buffer_bytes = 100_000;
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn g48_the_queue_is_bounded_in_bytes_while_kafka_is_down() {
    let rig = Rig::start(
        &route("/send", "kafka-upstream", "topic: t"),
        NO_BROKER,
        small(),
    )
    .await;
    fill(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g48_the_queue_is_bounded_in_bytes_while_a_broker_is_stuck() {
    let mut cluster = cluster(&[("t", 1)]).await;
    let config = "topic: t, producer_async_flush_timeout: 1, producer_request_limits_bytes_per_request: 50000";
    let rig = Rig::start(
        &route("/send", "kafka-upstream", config),
        &cluster.bootstrap(),
        small(),
    )
    .await;
    assert_eq!(rig.post("/send", "text/plain", b"first").await.status, 200);
    Reader::new(&cluster.bootstrap(), "t", 1).next().await;
    cluster.pause(1).await.unwrap();
    fill(&rig).await;
    cluster.resume(1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_costs_nothing_and_its_record_arrives_whole_or_not() {
    let (cluster, rig) = rig(1, SYNC).await;
    for _ in 0..20 {
        let mut raw = rig.connect().await;
        raw.send(support::post("/send", "text/plain", b"gone"))
            .await;
        drop(raw);
    }
    assert_eq!(rig.post("/send", "text/plain", b"stayed").await.status, 200);
    until("all connections to be over", async || {
        (rig.meter("gateway_connections") == 0.0).then_some(())
    })
    .await;
    let reader = Reader::new(&cluster.bootstrap(), "t", 1);
    let count = reader.count("t", 1);
    for record in reader.take(usize::try_from(count).unwrap()).await {
        assert!(["gone", "stayed"].contains(&record.json()["body"].as_str().unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acks_0_is_answered_when_the_record_is_on_its_way() {
    let (cluster, rig) = rig(1, "producer_async: false, producer_request_acks: 0").await;
    assert_eq!(rig.post("/send", "text/plain", b"x").await.status, 200);
    assert_eq!(
        Reader::new(&cluster.bootstrap(), "t", 1)
            .next()
            .await
            .json()["body"],
        "x"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_effect_at_once_and_loses_nothing_that_was_queued() {
    let (cluster, rig) = rig(1, "producer_async_flush_timeout: 60000").await;
    assert_eq!(rig.post("/send", "text/plain", b"queued").await.status, 200);
    let other = support::snapshot("- {name: other, paths: [/other]}\n", &cluster.bootstrap());
    rig.gateway.as_ref().unwrap().apply(other);
    assert_eq!(rig.get("/other").await.status, 503);
    assert_eq!(rig.post("/send", "text/plain", b"late").await.status, 404);
    let record = Reader::new(&cluster.bootstrap(), "t", 1).next().await;
    assert_eq!(
        record.json()["body"],
        "queued",
        "flushed long before its minute is over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn g35_what_requests_carry_in_confidence_is_in_no_log_line_and_no_meter() {
    let log = log();
    let spec = ClusterSpec::nodes(1).property("auto.create.topics.enable", "false");
    let cluster = Cluster::start(spec).await.unwrap();
    cluster.create_topic("t", 1, 1).await.unwrap();
    let routes = route(
        "/send",
        "kafka-upstream",
        "topic: t, producer_async: false, key_query_arg: apikey",
    ) + &route("/lost", "kafka-upstream", &format!("topic: u, {HASTY}"));
    let mut settings = hasty();
    settings.http.body_timeout = Duration::from_millis(500);
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings).await;
    let secret = "hunter2-5ecret";
    let head = format!(
        "Host: h\r\nAuthorization: Bearer {secret}\r\nCookie: session={secret}\r\napikey: {secret}\r\n"
    );
    for (line, rest) in [
        (
            "POST /send?apikey=SECRET HTTP/1.1",
            "Content-Type: text/plain\r\nContent-Length: 14\r\n\r\nhunter2-5ecret",
        ),
        (
            "POST /send?apikey=SECRET HTTP/1.1",
            "Content-Type: application/json\r\nContent-Length: 14\r\n\r\nhunter2-5ecret",
        ),
        (
            "POST /send?apikey=SECRET HTTP/1.1",
            "Content-Length: 15\r\n\r\nhunter2-5ecret",
        ),
        (
            "POST /lost?apikey=SECRET HTTP/1.1",
            "Content-Length: 14\r\n\r\nhunter2-5ecret",
        ),
        ("GET /nowhere?apikey=SECRET HTTP/1.1", "\r\n"),
        ("GET /send?apikey=SECRET HTTP/1.1", "Host: SECRET\r\n\r\n"),
        ("GET /send?apikey=SECRET%zz HTTP/1.1", "\r\n"),
        ("SECRET", "\r\n"),
    ] {
        let request = format!("{line}\r\n{head}{rest}").replace("SECRET", secret);
        let response = rig.send(request).await;
        let told = format!("{:?} {}", response.headers, response.text());
        assert!(!told.contains(secret), "{told}");
    }
    until("the loss to be logged", async || {
        let meters = rig.gateway.as_ref().unwrap().metrics().render();
        assert!(!meters.contains(secret));
        meters
            .lines()
            .any(|line| line.starts_with("gateway_produce_lost_total{") && line.ends_with(" 1"))
            .then_some(())
    })
    .await;
    let text = log.text();
    assert!(
        text.contains("\"path\":\"/send\"") && text.contains("record lost"),
        "the log works: {text}"
    );
    assert!(!text.contains(secret), "{text}");
}
