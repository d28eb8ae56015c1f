//! kafka-consume in `websocket` against a broker: kong-consume.md §4.

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

use consume::{Socket, TIME, Writer, frame, until_freed};
use gateway::settings::Settings;
use kafka_testcontainers::Cluster;
use support::{NO_BROKER, Raw, Rig, cluster, route, settings, soon};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

const HELLO: &str = r#"{"message":"Hello World"}"#;
const WEBSOCKET: &str = "topics: [{name: t}], mode: websocket";

/// A broker with topic `t`, and a gateway with one route `/ws`.
async fn rig(partitions: i32, config: &str, settings: Settings) -> (Cluster, Writer, Rig) {
    let cluster = cluster(&[("t", partitions)]).await;
    let writer = Writer::new(&cluster.bootstrap());
    let routes = route("/ws", "kafka-consume", &format!("{WEBSOCKET}, {config}"));
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings).await;
    (cluster, writer, rig)
}

fn ack(offset: i64) -> Message {
    Message::text(format!(
        r#"{{"ack":{{"topic":"t","partition":0,"offset":{offset}}}}}"#
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn q02_t2_records_are_text_frames_to_the_byte_and_new_ones_follow() {
    let (_cluster, writer, rig) = rig(1, "", settings()).await;
    writer.value("t", HELLO.as_bytes()).await;
    writer
        .write(
            "t",
            0,
            Some(b"k1"),
            Some(b"{\"a\":1}"),
            &[("trace", Some(b"t-1")), ("n", Some(b"1")), ("n", None)],
        )
        .await;
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.headers.get("sec-websocket-extensions"), None, "T-6");
    assert_eq!(socket.headers.get("sec-websocket-protocol"), None);
    assert_eq!(socket.text().await, frame("t", 0, HELLO));
    assert_eq!(
        socket.text().await,
        format!(
            r#"{{"topic":"t","partition":0,"offset":1,"timestamp":{TIME},"key":"k1","value":"{{\"a\":1}}","headers":{{"trace":"t-1","n":["1",null]}}}}"#
        )
    );
    writer.value("t", b"live").await;
    let live = tokio::time::timeout(Duration::from_secs(1), socket.text()).await;
    assert_eq!(live.expect("within a second"), frame("t", 2, "live"));
}

#[tokio::test(flavor = "multi_thread")]
async fn t7_null_and_empty_keys_and_values_are_four_different_things() {
    let (_cluster, writer, rig) = rig(1, "", settings()).await;
    for (key, value) in [
        (None, None),
        (Some(&b""[..]), None),
        (None, Some(&b""[..])),
        (Some(b"\xff"), Some(&b"\xfe"[..])),
    ] {
        writer.write("t", 0, key, value, &[]).await;
    }
    let mut socket = Socket::open(&rig, "/ws").await;
    for expected in [
        r#""key":null,"value":null,"#,
        r#""key":"","value":null,"#,
        r#""key":null,"value":"","#,
        r#""key":"/w==","key_base64":true,"value":"/g==","value_base64":true,"#,
    ] {
        let text = socket.text().await;
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn q03_what_is_acknowledged_is_not_delivered_again() {
    let (_cluster, writer, rig) = rig(1, "commit_strategy: off", settings()).await;
    for value in ["a", "b", "c"] {
        writer.value("t", value.as_bytes()).await;
    }
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 0, "a"));
    assert_eq!(socket.text().await, frame("t", 1, "b"));
    socket.send(ack(0)).await;
    // Answered after the acknowledgement, so that was taken.
    socket.send(Message::Ping(vec![1].into())).await;
    while !matches!(socket.next().await, Message::Pong(_)) {}
    drop(socket);
    until_freed(&rig).await;
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 1, "b"), "restarts at 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_committed_without_acknowledgements() {
    let (_cluster, writer, rig) = rig(1, "", settings()).await;
    writer.value("t", b"a").await;
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 0, "a"));
    socket.send(ack(0)).await;
    socket.stream.close(None).await.unwrap();
    until_freed(&rig).await;
    writer.value("t", b"b").await;
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 1, "b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_owes_acknowledgements_gets_no_more() {
    let mut settings = settings();
    settings.ws.max_unacked = 2;
    let (_cluster, writer, rig) = rig(1, "commit_strategy: off", settings).await;
    for value in ["a", "b", "c", "d", "e"] {
        writer.value("t", value.as_bytes()).await;
    }
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 0, "a"));
    assert_eq!(socket.text().await, frame("t", 1, "b"));
    let more = tokio::time::timeout(Duration::from_millis(300), socket.text()).await;
    assert!(more.is_err(), "{more:?}");
    socket.send(ack(0)).await;
    assert_eq!(socket.text().await, frame("t", 2, "c"));
    socket.send(ack(2)).await;
    assert_eq!(socket.text().await, frame("t", 3, "d"));
    assert_eq!(socket.text().await, frame("t", 4, "e"));
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_many_records_are_sent_when_asked_for() {
    let (cluster, writer, rig) = rig(1, "commit_strategy: off", settings()).await;
    let mut socket = Socket::open(&rig, "/ws").await;
    socket
        .send(Message::text(r#"{"type":"batch","max_records":2}"#))
        .await;
    socket.send(Message::Ping(vec![1].into())).await;
    while !matches!(socket.next().await, Message::Pong(_)) {}
    let writer_many = Writer::with(&cluster.bootstrap(), &[("linger.ms", "200")]);
    let values = ["a", "b", "c"].map(|value| (0, value.as_bytes()));
    writer_many.values("t", values.into_iter()).await;
    let first: serde_json::Value = serde_json::from_str(&socket.text().await).unwrap();
    let partition = &first["t"]["partitions"]["0"];
    let records = partition["records"].as_array().unwrap();
    assert_eq!(partition["errcode"], 0);
    assert_eq!(partition["high_watermark"], 3);
    assert_eq!(
        (&records[0]["value"], &records[1]["value"]),
        (&"a".into(), &"b".into())
    );
    assert_eq!(records.len(), 2);
    let second: serde_json::Value = serde_json::from_str(&socket.text().await).unwrap();
    assert_eq!(second["t"]["partitions"]["0"]["records"][0]["value"], "c");
    socket
        .send(Message::text(
            r#"{"type":"acks","acks":[{"topic":"t","partition":0,"offset":2}]}"#,
        ))
        .await;
    socket
        .send(Message::text(r#"{"type":"batch","max_records":0}"#))
        .await;
    socket.send(Message::Ping(vec![2].into())).await;
    while !matches!(socket.next().await, Message::Pong(_)) {}
    writer.value("t", b"d").await;
    assert_eq!(socket.text().await, frame("t", 3, "d"));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_invalid_messages_end_the_connection() {
    let (_cluster, writer, rig) = rig(1, "commit_strategy: off", settings()).await;
    writer.value("t", b"a").await;
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 0, "a"));
    socket.send(Message::text("{")).await;
    assert_eq!(socket.text().await, r#"{"error":"invalid JSON"}"#);
    socket.send(Message::text(r#"{"hello":1}"#)).await;
    assert_eq!(socket.text().await, r#"{"error":"unknown message"}"#);
    socket.send(ack(0)).await;
    socket.send(ack(7)).await;
    assert_eq!(
        socket.text().await,
        r#"{"error":"invalid acknowledgement: offset 7 was not delivered"}"#
    );
    assert_eq!(socket.close_code().await.0, 1008);
    until_freed(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t6_each_offence_has_its_close_code() {
    let (_cluster, _writer, rig) = rig(1, "", settings()).await;
    let mut socket = Socket::open(&rig, "/ws").await;
    socket.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.close_code().await.0, 1003);
    let mut socket = Socket::open(&rig, "/ws").await;
    socket.send(Message::text("x".repeat(65_537))).await;
    assert_eq!(socket.close_code().await.0, 1009);
    let cases: [(&[u8], u16); 4] = [
        // A text frame that is no UTF-8.
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
        // A frame without a mask.
        (&[0x81, 0x01, b'x'], 1002),
        // A compressed frame.
        (&[0xc1, 0x81, 0, 0, 0, 0, b'x'], 1002),
        // The head of a frame of 100 MiB.
        (&[0x82, 0xff, 0, 0, 0, 0, 6, 0x40, 0, 0, 0, 0, 0, 0], 1009),
    ];
    for (bytes, code) in cases {
        let mut raw = raw_socket(&rig).await;
        raw.stream.write_all(bytes).await.unwrap();
        let mut head = [0; 4];
        soon("a close", raw.stream.read_exact(&mut head))
            .await
            .unwrap();
        assert_eq!(head[0], 0x88, "a close: {head:?}");
        assert_eq!(u16::from_be_bytes([head[2], head[3]]), code);
    }
    until_freed(&rig).await;
    assert!(rig.meter("gateway_panics_total").abs() < 0.5);
}

/// A WebSocket connection whose frames are made by hand.
async fn raw_socket(rig: &Rig) -> Raw {
    let mut raw = rig.connect().await;
    raw.send(
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    .await;
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
        "{head}"
    );
    raw
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_and_answers_to_ours_expected() {
    let mut settings = settings();
    settings.ws.ping = Duration::from_millis(250);
    settings.ws.pong_timeout = Duration::from_secs(1);
    let (_cluster, _writer, rig) = rig(1, "", settings).await;
    let mut socket = Socket::open(&rig, "/ws").await;
    socket.send(Message::Ping(b"hello".to_vec().into())).await;
    let mut answers = 0;
    let mut pings = 0;
    // Reading answers pings, so the connection lives on for longer than the limit.
    while pings < 8 {
        match socket.next().await {
            Message::Ping(_) => pings += 1,
            Message::Pong(payload) => {
                assert_eq!(&payload[..], b"hello");
                answers += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answers, 1);
    let mut silent = raw_socket(&rig).await;
    let mut received = Vec::new();
    soon("the end", silent.stream.read_to_end(&mut received))
        .await
        .unwrap();
    let close = received.windows(2).position(|pair| pair[0] == 0x88);
    let close = close.expect("a close frame");
    assert_eq!(&received[close + 2..close + 4], &1008_u16.to_be_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_commits_and_says_good_bye() {
    let (_cluster, writer, mut rig) = rig(1, "commit_strategy: off", settings()).await;
    writer.value("t", b"a").await;
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 0, "a"));
    let gateway = rig.gateway.take().unwrap();
    let metrics = gateway.metrics().clone();
    let draining = tokio::spawn(gateway.drain());
    assert_eq!(socket.close_code().await.0, 1001);
    let drained = soon("the drain", draining).await.unwrap();
    assert!(drained.in_time, "{drained:?}");
    assert_eq!((metrics.streams.get(), metrics.consumers.get()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_refused_is_refused_before_the_upgrade() {
    let mut settings = settings();
    settings.stream.max = 1;
    let (_cluster, _writer, rig) = rig(1, "", settings).await;
    let plain = rig.get("/ws").await;
    assert_eq!(
        (plain.status, plain.text().as_str()),
        (426, r#"{"message":"WebSocket upgrade required"}"#)
    );
    assert_eq!(plain.header("upgrade"), Some("websocket"));
    assert_eq!(plain.header("connection"), Some("Upgrade"));
    let mut raw = rig.connect().await;
    raw.send("HEAD /ws HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(raw.head().await.starts_with("HTTP/1.1 426 "));
    let upgrade = |headers: &str| {
        format!(
            "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{headers}\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    };
    let foreign = rig.send(upgrade("Origin: http://evil.example\r\n")).await;
    assert_eq!(
        (foreign.status, foreign.text().as_str()),
        (403, r#"{"message":"Forbidden"}"#)
    );
    let _open = raw_socket(&rig).await;
    let many = rig.send(upgrade("")).await;
    assert_eq!((many.status, many.header("retry-after")), (503, Some("1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_there_is_no_upgrade() {
    let mut settings = settings();
    settings.kafka.request_timeout = Duration::from_millis(500);
    let routes = route("/ws", "kafka-consume", WEBSOCKET);
    let rig = Rig::start(&routes, NO_BROKER, settings).await;
    let refused = rig
        .send(
            "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await;
    assert_eq!(
        (refused.status, refused.text().as_str()),
        (
            502,
            r#"{"message":"Bad Gateway","error":"could not consume messages from topic"}"#
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_in_the_other_modes_is_a_plain_get() {
    let cluster = cluster(&[("t", 1)]).await;
    let routes = route("/messages", "kafka-consume", "topics: [{name: t}]");
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    let answer = rig
        .send(
            "GET /messages HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().starts_with(r#"{"t":"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_disconnected() {
    let mut settings = settings();
    settings.stream.stall = Duration::from_millis(800);
    settings.stream.buffer_bytes = 64 * 1024;
    let (_cluster, writer, rig) = rig(1, "", settings).await;
    let large = "x".repeat(100_000);
    for _ in 0..200 {
        writer.value("t", large.as_bytes()).await;
    }
    let mut socket = Socket::open(&rig, "/ws").await;
    assert_eq!(socket.text().await, frame("t", 0, &large));
    until_freed(&rig).await;
}
