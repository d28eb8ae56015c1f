//! What the tests of kafka-consume share: records written by a client that is not ours, and the clients that read.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, TopicPartitionList};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::support::{PATIENCE, Raw, Response, Rig, soon, until};

/// The time of every record that [`Writer`] writes.
pub(crate) const TIME: i64 = 1_700_000_000_000;

/// Writes records, each acknowledged before the next.
pub(crate) struct Writer(FutureProducer);

impl Writer {
    pub(crate) fn new(bootstrap: &str) -> Writer {
        Writer::with(bootstrap, &[("linger.ms", "0")])
    }

    pub(crate) fn with(bootstrap: &str, config: &[(&str, &str)]) -> Writer {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", bootstrap);
        for (name, value) in config {
            client.set(*name, *value);
        }
        Writer(client.create().expect("a producer"))
    }

    /// A record with a value and nothing else, in partition 0.
    pub(crate) async fn value(&self, topic: &str, value: &[u8]) {
        self.write(topic, 0, None, Some(value), &[]).await;
    }

    pub(crate) async fn write(
        &self,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        let mut record: FutureRecord<'_, [u8], [u8]> =
            FutureRecord::to(topic).partition(partition).timestamp(TIME);
        if let Some(key) = key {
            record = record.key(key);
        }
        if let Some(value) = value {
            record = record.payload(value);
        }
        if !headers.is_empty() {
            let mut all = OwnedHeaders::new();
            for (key, value) in headers {
                all = all.insert(Header { key, value: *value });
            }
            record = record.headers(all);
        }
        let sent = soon("a record to be written", self.0.send(record, PATIENCE)).await;
        sent.expect("a record");
    }

    /// Many values, batched as the producer likes, in the order of `values` within their partition.
    pub(crate) async fn values<'a>(
        &self,
        topic: &str,
        values: impl Iterator<Item = (i32, &'a [u8])>,
    ) {
        let mut sending = Vec::new();
        for (partition, value) in values {
            let mut record: FutureRecord<'_, [u8], [u8]> =
                FutureRecord::to(topic).partition(partition).payload(value);
            // A full queue has to be waited for.
            let delivery = loop {
                match self.0.send_result(record) {
                    Ok(delivery) => break delivery,
                    Err((_, back)) => record = back,
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            };
            sending.push(delivery);
        }
        for delivery in sending {
            let sent = soon("a record to be written", delivery).await;
            sent.expect("not cancelled").expect("a record");
        }
    }
}

/// What a group has committed for partitions 0 and up; -1 for nothing.
pub(crate) fn committed(bootstrap: &str, group: &str, topic: &str, partitions: i32) -> Vec<i64> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()
        .expect("a consumer");
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition(topic, partition);
    }
    // A young cluster may have no coordinator yet.
    let began = tokio::time::Instant::now();
    let offsets = loop {
        match consumer.committed_offsets(list.clone(), PATIENCE) {
            Ok(offsets) => break offsets,
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
    };
    let offsets = offsets.elements();
    let offsets = offsets.iter().map(|element| element.offset().to_raw());
    offsets
        .map(|offset| offset.filter(|offset| *offset >= 0).unwrap_or(-1))
        .collect()
}

/// Waits until a group has committed these offsets.
pub(crate) async fn until_committed(bootstrap: &str, group: &str, topic: &str, expected: &[i64]) {
    let partitions = i32::try_from(expected.len()).expect("few");
    let mut found = Vec::new();
    let what = format!("{expected:?} to be committed");
    let is_there = until(&what, async || {
        let (bootstrap, group, topic) = (bootstrap.to_owned(), group.to_owned(), topic.to_owned());
        let ask = move || committed(&bootstrap, &group, &topic, partitions);
        found = tokio::task::spawn_blocking(ask).await.expect("an answer");
        (found == expected).then_some(())
    });
    is_there.await;
}

/// Waits until nobody reads from Kafka any more: at most the second that the contract gives, and a little for a
/// machine that has other things to do; then until no task of a stream is left.
pub(crate) async fn until_freed(rig: &Rig) {
    let freed = until("the consumers to be freed", async || {
        (rig.meter("gateway_consume_consumers") < 0.5).then_some(())
    });
    let in_time = tokio::time::timeout(Duration::from_secs(6), freed).await;
    in_time.expect("freed in time");
    until("the streams to end", async || {
        (rig.meter("gateway_consume_streams") < 0.5).then_some(())
    })
    .await;
}

/// An event stream.
pub(crate) struct Events {
    pub(crate) raw: Raw,
    pub(crate) head: String,
    text: Vec<u8>,
}

impl Events {
    /// Opens a stream with these header lines, each ending in CRLF.
    pub(crate) async fn open(rig: &Rig, path: &str, headers: &str) -> Events {
        let mut raw = rig.connect().await;
        raw.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n"))
            .await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Events {
            raw,
            head,
            text: Vec::new(),
        }
    }

    /// Everything up to and including `end`.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        loop {
            let text = &self.text;
            let found = text
                .windows(end.len())
                .position(|window| window == end.as_bytes());
            if let Some(at) = found {
                let rest = self.text.split_off(at + end.len());
                let taken = std::mem::replace(&mut self.text, rest);
                return String::from_utf8(taken).expect("UTF-8");
            }
            let is_open = self.chunk().await;
            let text = String::from_utf8_lossy(&self.text);
            assert!(is_open, "the end before {end:?}: {text}");
        }
    }

    /// The next block: up to and including an empty line.
    pub(crate) async fn block(&mut self) -> String {
        self.until("\n\n").await
    }

    /// The next block that is no comment.
    pub(crate) async fn event(&mut self) -> String {
        loop {
            let block = self.block().await;
            if !block.starts_with(':') {
                return block;
            }
        }
    }

    /// Everything to the orderly end of the stream.
    pub(crate) async fn rest(&mut self) -> String {
        while self.chunk().await {}
        String::from_utf8(std::mem::take(&mut self.text)).expect("UTF-8")
    }

    async fn chunk(&mut self) -> bool {
        let size = self.raw.until("\r\n").await;
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
        let chunk = self.raw.take(size).await;
        self.raw.until("\r\n").await;
        self.text.extend_from_slice(&chunk);
        size > 0
    }
}

/// The text of an event whose id is an offset.
pub(crate) fn event(topic: &str, value: &str, offset: i64) -> String {
    format!("data: {value}\ntopic: {topic}\nevent: message\nid: {offset}\n\n")
}

/// A WebSocket.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<TcpStream>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Socket {
    pub(crate) async fn open(rig: &Rig, path: &str) -> Socket {
        let request = format!("ws://h{path}");
        let mut request = request.into_client_request().expect("a request");
        // What we must not get.
        let offered = HeaderValue::from_static("permessage-deflate");
        request
            .headers_mut()
            .insert("sec-websocket-extensions", offered);
        let stream = rig.connect().await.stream;
        let opened = tokio_tungstenite::client_async(request, stream);
        let (stream, response) = soon("a WebSocket", opened).await.expect("a WebSocket");
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().expect("text").to_owned();
            (name.as_str().to_owned(), value)
        });
        Socket {
            headers: headers.collect(),
            stream,
        }
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Message {
        let next = soon("a message", self.stream.next()).await;
        next.expect("no end").expect("a message")
    }

    /// The next text frame.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.next().await {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        let sent = soon("a message to be sent", self.stream.send(message.into())).await;
        sent.expect("an open connection");
    }

    /// The code and reason of the close that comes next, whatever comes before it.
    pub(crate) async fn close_code(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("a reason");
                return (frame.code.into(), frame.reason.as_str().to_owned());
            }
        }
    }
}

/// The frame of a record without key and headers.
pub(crate) fn frame(topic: &str, offset: i64, value: &str) -> String {
    let value = serde_json::to_string(value).expect("JSON");
    format!(
        r#"{{"topic":"{topic}","partition":0,"offset":{offset},"timestamp":{TIME},"key":null,"value":{value},"headers":{{}}}}"#
    )
}

/// The values of one partition in an http-get answer.
pub(crate) fn values(response: &Response, topic: &str, partition: i32) -> Vec<String> {
    let answer = response.json();
    let records = &answer[topic]["partitions"][partition.to_string()]["records"];
    let records = records.as_array().unwrap_or_else(|| panic!("{answer}"));
    let values = records.iter();
    values
        .map(|record| record["value"].as_str().expect("text").to_owned())
        .collect()
}

/// The text of an http-get answer for one partition 0 with these values, from an offset on.
pub(crate) fn answer(topic: &str, high_watermark: i64, from: i64, values: &[&str]) -> String {
    let records = values.iter().zip(from..).map(|(value, offset)| {
        let value = serde_json::to_string(value).expect("JSON");
        format!(r#"{{"key":"","offset":{offset},"timestamp":{TIME},"value":{value}}}"#)
    });
    let records: Vec<String> = records.collect();
    format!(
        r#"{{"{topic}":{{"partitions":{{"0":{{"errcode":0,"high_watermark":{high_watermark},"records":[{}]}}}}}}}}"#,
        records.join(",")
    )
}
