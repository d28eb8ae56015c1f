//! The main job, whole: tens of thousands of records between Kafka's own tools and HTTP, byte for byte.
//!
//! On the backend `process` against three nodes of Apache Kafka, with its console producer and consumer; elsewhere
//! librdkafka stands in for both.

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
#[path = "support/records.rs"]
mod records;
#[path = "support/gateway.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use consume::{Events, Socket, Writer, until_freed};
use futures_util::future::join_all;
use kafka_testcontainers::{Cluster, ClusterSpec};
use records::Reader;
use serde_json::Value;
use support::{Rig, post, route, settings, soon};
use tokio::io::AsyncWriteExt as _;

const COUNT: usize = 10_000;
const PARTITIONS: i32 = 3;
const CONNECTIONS: usize = 16;
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const CONSOLE_PRODUCER: &str = "org.apache.kafka.tools.ConsoleProducer";
const CONSOLE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// Of each partition the offsets and values, in the order in which they came.
type Log = BTreeMap<i32, Vec<(i64, Vec<u8>)>>;

async fn cluster(topics: &[String]) -> Cluster {
    let spec = ClusterSpec::nodes(3).property("group.initial.rebalance.delay.ms", "0");
    let cluster = Cluster::start(spec).await.expect("a cluster");
    for topic in topics {
        let made = cluster.create_topic(topic, PARTITIONS, 3).await;
        made.expect("a topic");
    }
    cluster
}

/// Text with what JSON escapes, of different lengths; no line ends, as the console producer and events split there.
fn text(number: usize) -> String {
    let filling = "\"\\\t/äöü€😀 ".repeat(number % 13);
    format!("{{\"number\":{number},\"filling\":\"{filling}\"}}")
}

/// The same, and every tenth no text at all.
fn bytes(number: usize) -> Vec<u8> {
    if number % 10 == 9 {
        let mut bytes = vec![0xff, 0xfe, 0x00];
        bytes.extend((0..number % 256).map(|byte| u8::try_from(byte).unwrap()));
        return bytes;
    }
    text(number).into_bytes()
}

/// Writes lines with Kafka's console producer.
async fn write_by_console(cluster: &Cluster, topic: &str, codec: &str, lines: &str) {
    let mut tool = cluster.tool(CONSOLE_PRODUCER).expect("a tool");
    let mut producer = tool
        .args(["--bootstrap-server", &cluster.bootstrap()])
        .args(["--topic", topic, "--compression-codec", codec])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a producer");
    let mut input = producer.stdin.take().expect("its input");
    let written = soon("the lines to be read", input.write_all(lines.as_bytes()));
    written.await.expect("written");
    drop(input);
    let ended = soon("the producer to end", producer.wait_with_output()).await;
    let ended = ended.expect("its output");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

/// What Kafka's console consumer prints of a topic.
async fn read_by_console(cluster: &Cluster, topic: &str) -> Vec<u8> {
    let mut tool = cluster.tool(CONSOLE_CONSUMER).expect("a tool");
    let consumer = tool
        .args(["--bootstrap-server", &cluster.bootstrap()])
        .args(["--topic", topic, "--from-beginning"])
        .args(["--max-messages", &COUNT.to_string()])
        .args(["--timeout-ms", "20000"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .output();
    let output = soon("the consumer to end", consumer).await.expect("output");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The topic as librdkafka sees it.
async fn log_of(cluster: &Cluster, topic: &str) -> Log {
    let mut log = Log::new();
    let reader = Reader::new(&cluster.bootstrap(), topic, PARTITIONS);
    for record in reader.take(COUNT).await {
        let value = record.value.expect("a value");
        let partition = log.entry(record.partition).or_default();
        partition.push((record.offset, value));
    }
    log
}

/// A value as http-get and frames have it.
fn value_of(record: &Value) -> Vec<u8> {
    let text = record["value"].as_str().expect("text");
    if record["value_base64"] == true {
        STANDARD.decode(text).expect("base64")
    } else {
        text.as_bytes().to_vec()
    }
}

async fn by_http_get(rig: &Rig, path: &str, topic: &str) -> Log {
    let mut log = Log::new();
    let mut raw = rig.connect().await;
    let mut count = 0;
    while count < COUNT {
        raw.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"))
            .await;
        let response = raw.response().await;
        assert_eq!(response.status, 200, "{}", response.text());
        let answer = response.json();
        let partitions = answer[topic]["partitions"].as_object().expect("partitions");
        for (partition, of_partition) in partitions {
            for record in of_partition["records"].as_array().expect("records") {
                let offset = record["offset"].as_i64().expect("an offset");
                let partition = log.entry(partition.parse().unwrap()).or_default();
                partition.push((offset, value_of(record)));
                count += 1;
            }
        }
    }
    log
}

async fn by_websocket(rig: &Rig, path: &str) -> Log {
    let mut log = Log::new();
    let mut socket = Socket::open(rig, path).await;
    for _ in 0..COUNT {
        let record: Value = serde_json::from_str(&socket.text().await).expect("JSON");
        let partition = i32::try_from(record["partition"].as_i64().unwrap()).unwrap();
        let offset = record["offset"].as_i64().expect("an offset");
        let partition = log.entry(partition).or_default();
        partition.push((offset, value_of(&record)));
    }
    log
}

/// Events do not say their partition, so each is looked up by offset and value.
async fn by_events(rig: &Rig, path: &str, topic: &str, expected: &Log) -> Log {
    let mut log = Log::new();
    let mut events = Events::open(rig, path, "").await;
    for _ in 0..COUNT {
        let event = events.event().await;
        let (head, id) = event
            .trim_end()
            .rsplit_once("\nevent: message\nid: ")
            .unwrap();
        let offset: i64 = id.parse().unwrap();
        let (data, rest) = head.split_once("\ntopic: ").unwrap();
        let text = data.strip_prefix("data: ").unwrap();
        let value = if rest == format!("{topic}\nencoding: base64") {
            STANDARD.decode(text).expect("base64")
        } else {
            assert_eq!(rest, topic);
            text.as_bytes().to_vec()
        };
        let partition = expected.iter().find_map(|(partition, records)| {
            let index = usize::try_from(offset).unwrap();
            let is_it = records
                .get(index)
                .is_some_and(|record| *record == (offset, value.clone()));
            is_it.then_some(*partition)
        });
        let partition = partition.unwrap_or_else(|| panic!("no such record: {event}"));
        log.entry(partition).or_default().push((offset, value));
    }
    log
}

/// All values, sorted.
fn sorted(log: &Log) -> Vec<Vec<u8>> {
    let mut values: Vec<_> = log
        .values()
        .flatten()
        .map(|(_, value)| value.clone())
        .collect();
    values.sort();
    values
}

fn check(found: &Log, expected: &Log, what: &str) {
    for (partition, records) in expected {
        let found = found.get(partition).map(Vec::as_slice).unwrap_or_default();
        let differs = records
            .iter()
            .zip(found)
            .position(|(one, other)| one != other);
        assert_eq!(differs, None, "{what}: partition {partition}");
        assert_eq!(found.len(), records.len(), "{what}: partition {partition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_every_codec_arrive_in_every_mode_each_once_and_in_order() {
    let topics: Vec<String> = CODECS
        .iter()
        .flat_map(|codec| [format!("console-{codec}"), format!("rdkafka-{codec}")])
        .collect();
    let cluster = cluster(&topics).await;
    let mut routes = String::new();
    for topic in &topics {
        for mode in ["http-get", "server-sent-events", "websocket"] {
            let config = format!("topics: [{{name: {topic}}}], mode: {mode}");
            routes += &route(&format!("/{mode}/{topic}"), "kafka-consume", &config);
        }
    }
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    for codec in CODECS {
        let by_console = format!("console-{codec}");
        let lines: Vec<String> = (0..COUNT).map(text).collect();
        if cluster.tool(CONSOLE_PRODUCER).is_some() {
            let lines = lines.join("\n") + "\n";
            write_by_console(&cluster, &by_console, codec, &lines).await;
        } else {
            let writer = Writer::with(&cluster.bootstrap(), &[("compression.type", codec)]);
            let values = lines.iter().map(|line| (0, line.as_bytes()));
            writer.values(&by_console, values).await;
        }
        let by_rdkafka = format!("rdkafka-{codec}");
        let values: Vec<Vec<u8>> = (0..COUNT).map(bytes).collect();
        let writer = Writer::with(&cluster.bootstrap(), &[("compression.type", codec)]);
        let partitioned = values.iter().enumerate().map(|(number, value)| {
            let partition = number % usize::try_from(PARTITIONS).unwrap();
            (i32::try_from(partition).unwrap(), value.as_slice())
        });
        writer.values(&by_rdkafka, partitioned).await;
        for (topic, mut written) in [
            (
                by_console,
                lines.into_iter().map(String::into_bytes).collect(),
            ),
            (by_rdkafka, values),
        ] {
            written.sort();
            let expected = log_of(&cluster, &topic).await;
            assert_eq!(sorted(&expected), written, "{topic}: as written");
            let found = by_http_get(&rig, &format!("/http-get/{topic}"), &topic).await;
            check(&found, &expected, &format!("{topic} by http-get"));
            let path = format!("/server-sent-events/{topic}");
            let found = by_events(&rig, &path, &topic, &expected).await;
            check(&found, &expected, &format!("{topic} by events"));
            let found = by_websocket(&rig, &format!("/websocket/{topic}")).await;
            check(&found, &expected, &format!("{topic} by WebSocket"));
        }
    }
    assert!(rig.meter("gateway_panics_total").abs() < 0.5);
    let gateway = rig.gateway.as_ref().unwrap();
    gateway.apply(support::snapshot(
        "- {name: none, paths: [/none]}\n",
        &cluster.bootstrap(),
    ));
    until_freed(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_posted_are_read_back_by_kafka_s_own_consumer() {
    let cluster = cluster(&["posted".to_owned()]).await;
    let config = "topic: posted, producer_async: false, producer_request_acks: -1";
    let routes = route("/send", "kafka-upstream", config);
    let rig = Rig::start(&routes, &cluster.bootstrap(), settings()).await;
    let clients = (0..CONNECTIONS).map(|client| {
        let rig = &rig;
        async move {
            let mut raw = rig.connect().await;
            for number in (client..COUNT).step_by(CONNECTIONS) {
                raw.send(post("/send", "text/plain", text(number).as_bytes()))
                    .await;
                let response = raw.response().await;
                assert_eq!(response.status, 200, "{}", response.text());
            }
        }
    });
    join_all(clients).await;
    let body = |number| serde_json::to_string(&text(number)).unwrap();
    let expected = (0..COUNT)
        .map(|number| format!("{{\"body\":{},\"body_args\":{{}}}}", body(number)).into_bytes());
    let mut expected: Vec<Vec<u8>> = expected.collect();
    expected.sort();
    let found = if cluster.tool(CONSOLE_CONSUMER).is_some() {
        let printed = read_by_console(&cluster, "posted").await;
        let lines = printed.strip_suffix(b"\n").expect("a last line");
        let mut lines: Vec<Vec<u8>> = lines
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        lines.sort();
        lines
    } else {
        sorted(&log_of(&cluster, "posted").await)
    };
    assert_eq!(found.len(), expected.len());
    assert!(found == expected, "byte for byte");
}
