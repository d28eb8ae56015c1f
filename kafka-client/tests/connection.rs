//! Connections to brokers that are slow, silent, hostile or old.
//!
//! Rows of the fault matrix, and the tests that inflict them:
//!
//! | row | test |
//! |---|---|
//! | 3 reset or end in the middle of an answer | `an_answer_that_is_cut_off_is_asked_for_again`, `a_real_broker_behind_a_bad_line` |
//! | 4 half-open connection | `a_silent_broker_loses_its_connections_and_they_do_not_pile_up`, `a_real_broker_behind_a_bad_line` |
//! | 5 slow line | `a_real_broker_behind_a_bad_line` |
//! | 6 throttling | `a_throttled_broker_gets_nothing_until_its_time_is_over`; `net::driver`: `what_is_sent_to_a_muted_broker_waits_and_does_not_run_out_of_time` |
//! | 22 what is no frame | `what_is_no_kafka_broker_is_told_by_what_it_sends` |
//! | 27 refused `ApiVersions` | `a_refused_question_for_versions_is_asked_once_more`, `refusals_without_end_are_not_followed`; more in `net::connection` |
//!
//! Rows 7 to 10 are in `cluster.rs`.
//!
//! Where minutes pass, the clock is paused, though bytes travel through real sockets: on a busy machine they may come after a timer that
//! should have been later. What is asserted there holds in spite of a request that runs out of time for no reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "test code: a failure is a failed test; not every test uses all of the history"
)]

#[path = "support/history.rs"]
mod history;

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use history::{History, within};
use kafka_client::{Client, ClientConfig, Error, Producer, ProducerConfig, ProducerRecord};
use kafka_testcontainers::embedded::{Broker, Config, Control};
use kafka_testcontainers::proxy::{Direction, Fault, Plan, Proxy, Trigger};
use kafka_testcontainers::{Cluster, ClusterSpec};
use kafka_wire::Request as _;
use kafka_wire::messages::api_versions::ApiVersionsRequest;
use kafka_wire::messages::metadata::{MetadataRequest, MetadataResponse, MetadataResponseBroker};
use kafka_wire::messages::produce::ProduceRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

const TOPIC: &str = "orders";

fn config(bootstrap: &str) -> ClientConfig {
    ClientConfig {
        bootstrap: bootstrap.split(',').map(str::to_owned).collect(),
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    }
}

/// Waits until something holds that depends on bytes under way.
async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("it does not hold");
}

async fn broker() -> Broker {
    let broker = Broker::start(Config::nodes(1)).await.unwrap();
    broker.create_topic(TOPIC, 3, -1).unwrap();
    broker
}

/// An error and its causes.
fn line(error: &Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line = format!("{line}: {cause}");
        next = cause.source();
    }
    line
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_again() {
    for bytes in [0, 1, 4, 5, 30] {
        let broker = broker().await;
        let mut cuts = 0;
        broker.control(move |seen| {
            cuts += usize::from(seen.is::<MetadataRequest>());
            match cuts {
                1..=2 if seen.is::<MetadataRequest>() => Control::PassThenCut(bytes),
                _ => Control::Pass,
            }
        });
        let client = Client::new(config(&broker.bootstrap())).unwrap();
        assert_eq!(client.partition_count(TOPIC).await.unwrap(), 3, "{bytes}");
        assert_eq!(broker.requests_seen(MetadataRequest::KEY), 3, "{bytes}");
        client.shutdown().await;
        broker.shutdown();
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_broker_loses_its_connections_and_they_do_not_pile_up() {
    let broker = broker().await;
    let client = Client::new(config(&broker.bootstrap())).unwrap();
    client.connect().await.unwrap();
    broker.pause(1).unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(5) {
        let error = client.partition_count(TOPIC).await.unwrap_err();
        assert!(error.is_retriable(), "{}", line(&error));
        let tasks = client.stats().tasks;
        assert!(tasks <= 3, "{tasks} tasks: connections pile up");
    }
    broker.resume(1).unwrap();
    // Questions under way when it woke up may have to run out of time.
    for _ in 0..10 {
        if let Ok(count) = client.partition_count(TOPIC).await {
            return assert_eq!(count, 3);
        }
    }
    panic!("nothing came although the broker is back");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_broker_gets_nothing_until_its_time_is_over() {
    const THROTTLE: Duration = Duration::from_secs(20);
    let broker = broker().await;
    let seen_at = Arc::new(Mutex::new(Vec::new()));
    let notes = seen_at.clone();
    let address = broker.addr_of(1).unwrap();
    broker.control(move |seen| {
        if !seen.is::<MetadataRequest>() {
            return Control::Pass;
        }
        let mut notes = notes.lock().unwrap();
        notes.push((seen.connection, Instant::now()));
        if notes.len() > 2 {
            return Control::Pass;
        }
        let this = MetadataResponseBroker {
            node_id: 1,
            host: address.ip().to_string(),
            port: address.port().into(),
            rack: None,
        };
        let answer = MetadataResponse {
            throttle_time_ms: i32::try_from(THROTTLE.as_millis()).unwrap()
                * i32::from(notes.len() == 2),
            brokers: vec![this],
            ..Default::default()
        };
        seen.answer::<MetadataRequest>(&answer).unwrap()
    });
    let client = Client::new(config(&broker.bootstrap())).unwrap();
    client.connect().await.unwrap();
    let start = Instant::now();
    loop {
        match client.partition_count(TOPIC).await {
            Ok(count) => break assert_eq!(count, 3),
            Err(error) => assert!(error.is_retriable(), "{}", line(&error)),
        }
    }
    assert!(start.elapsed() >= THROTTLE, "{:?}", start.elapsed());
    let seen_at = seen_at.lock().unwrap();
    let [_, throttled, next, ..] = seen_at[..] else {
        panic!("{seen_at:?}");
    };
    let wait = next.1 - throttled.1;
    // The broker's clock started before the client's.
    assert!(wait + Duration::from_millis(5) >= THROTTLE, "{wait:?}");
}

/// Waits until a client that connects to somebody who answers `bytes` to whatever comes says that it is `why`.
async fn check_diagnosis(bytes: &'static [u8], why: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 1];
            socket.read_exact(&mut request).await.unwrap();
            socket.write_all(bytes).await.unwrap();
            // Until the client has had enough.
            let mut rest = Vec::new();
            let _ = socket.read_to_end(&mut rest).await;
        }
    });
    let client = Client::new(ClientConfig {
        request_timeout: Duration::from_secs(1),
        ..config(&address)
    })
    .unwrap();
    let expected =
        format!("no broker is reachable: {address} does not speak Kafka's protocol here: {why}");
    let diagnosis = async { while line(&client.connect().await.unwrap_err()) != expected {} };
    within(60, diagnosis).await;
    answering.abort();
    client.shutdown().await;
}

#[tokio::test]
async fn what_is_no_kafka_broker_is_told_by_what_it_sends() {
    tokio::join!(
        check_diagnosis(
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "the answer is HTTP: this is not a Kafka port",
        ),
        check_diagnosis(
            &[0x15, 3, 3, 0, 2, 2, 22],
            "the answer is a TLS alert: this port expects TLS",
        ),
        check_diagnosis(
            &[0x7f, 0xff, 0xff, 0xff],
            "a frame of 2147483647 bytes is over the limit of 104857600",
        ),
        check_diagnosis(&[0xff; 8], "a frame of negative length -1"),
    );
}

/// The versions of `ApiVersions` that each connection asked for.
type Asked = Arc<Mutex<HashMap<u64, Vec<i16>>>>;

/// Has every `ApiVersions` above `up_to` answered as librdkafka's mock does: error 35, and behind it what is no list.
fn refuse_versions(broker: &Broker, up_to: i16) -> Asked {
    let asked = Asked::default();
    let notes = asked.clone();
    broker.control(move |seen| {
        if !seen.is::<ApiVersionsRequest>() {
            return Control::Pass;
        }
        let mut notes = notes.lock().unwrap();
        notes
            .entry(seen.connection)
            .or_default()
            .push(seen.api_version);
        if seen.api_version <= up_to {
            return Control::Pass;
        }
        let mut answer = seen.correlation_id.to_be_bytes().to_vec();
        answer.extend([0, 35, 0xde, 0xad, 0xbe, 0xef, 0, 0]);
        Control::Answer(answer.into())
    });
    asked
}

#[tokio::test]
async fn a_refused_question_for_versions_is_asked_once_more() {
    let broker = broker().await;
    let asked = refuse_versions(&broker, 0);
    let client = Client::new(config(&broker.bootstrap())).unwrap();
    assert_eq!(client.partition_count(TOPIC).await.unwrap(), 3);
    for (connection, versions) in &*asked.lock().unwrap() {
        assert_eq!(versions, &[4, 0], "connection {connection}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_without_end_are_not_followed() {
    let broker = broker().await;
    let asked = refuse_versions(&broker, -1);
    let client = Client::new(config(&broker.bootstrap())).unwrap();
    let start = Instant::now();
    let mut errors = Vec::new();
    while start.elapsed() < Duration::from_mins(1) {
        errors.push(line(&client.connect().await.unwrap_err()));
    }
    let is_clear = |error: &String| error.contains("sent an answer that cannot be read");
    assert!(errors.iter().any(is_clear), "{errors:?}");
    let asked = asked.lock().unwrap();
    for versions in asked.values() {
        assert!(matches!(versions[..], [4] | [4, 0]), "{versions:?}");
    }
    // Waits double from 50 ms and are 0.8 s at the least in the end.
    assert!(
        (10..=85).contains(&asked.len()),
        "{} connections",
        asked.len()
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_closes_and_the_next_request_opens_another() {
    let broker = broker().await;
    let client = Client::new(ClientConfig {
        connections_max_idle: Duration::from_secs(10),
        metadata_max_age: Duration::from_hours(1),
        ..config(&broker.bootstrap())
    })
    .unwrap();
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    for round in 0..5 {
        let sent = producer.send(ProducerRecord::to(TOPIC, b"value")).await;
        sent.unwrap().await.unwrap();
        assert!(broker.connections() > 0);
        sleep(Duration::from_secs(9)).await;
        assert!(broker.connections() > 0, "round {round}: closed too early");
        sleep(Duration::from_secs(2)).await;
        eventually(|| broker.connections() == 0).await;
        assert_eq!(client.stats().tasks, 1, "the one that keeps metadata fresh");
    }
    let stored: usize = (0..3)
        .map(|partition| broker.log(TOPIC, partition).len())
        .sum();
    assert_eq!(stored, 5);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_limit_stays() {
    let broker = broker().await;
    let client = Client::new(ClientConfig {
        connections_max_idle: Duration::ZERO,
        metadata_max_age: Duration::from_hours(24),
        ..config(&broker.bootstrap())
    })
    .unwrap();
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let sent = producer.send(ProducerRecord::to(TOPIC, b"value")).await;
    sent.unwrap().await.unwrap();
    let before = broker.connections();
    assert!(before > 0);
    sleep(Duration::from_hours(23)).await;
    assert_eq!(broker.connections(), before);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_accepts_and_closes_is_not_connected_to_in_a_circle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    let accepting = tokio::spawn(async move {
        loop {
            drop(listener.accept().await.unwrap());
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let client = Client::new(config(&address)).unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(1) {
        client.connect().await.unwrap_err();
    }
    let accepted = accepted.load(Ordering::Relaxed);
    // An attempt is two connections: the broker might be one that knows no newer `ApiVersions`. Waits are 0.8 s at the least in the end.
    assert!(
        (20..=2 * 85).contains(&accepted),
        "{accepted} connections in a minute"
    );
    accepting.abort();
}

#[tokio::test(start_paused = true)]
async fn a_closed_client_keeps_nobody_waiting() {
    let client = Client::new(config("127.0.0.1:1")).unwrap();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.partition_count(TOPIC).await }
    });
    tokio::task::yield_now().await;
    client.shutdown().await;
    let start = Instant::now();
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

/// A producer before a real broker behind a proxy, and what became of its records.
struct Line {
    cluster: Cluster,
    producer: Producer,
    history: History,
    sent: u64,
}

impl Line {
    async fn start() -> Self {
        let cluster = Cluster::start(ClusterSpec::nodes(1).proxied())
            .await
            .unwrap();
        cluster.create_topic(TOPIC, 1, 1).await.unwrap();
        let client = Client::new(config(&cluster.bootstrap())).unwrap();
        let config = ProducerConfig {
            request_timeout: Duration::from_secs(5),
            ..Default::default()
        };
        Self {
            producer: Producer::new(&client, config).unwrap(),
            cluster,
            history: History::default(),
            sent: 0,
        }
    }

    fn proxy(&self) -> &Proxy {
        self.cluster.proxy(1).unwrap()
    }

    /// Sends fifty records and waits for their outcome.
    async fn send(&mut self) {
        let numbers = self.sent..self.sent + 50;
        self.sent = numbers.end;
        let sending = self.history.send(&self.producer, TOPIC, numbers, 1);
        within(100, sending).await;
    }

    /// The answer to the next `Produce` breaks off.
    async fn break_off(&mut self, fault: Fault) {
        let on = Trigger::OnApi {
            key: ProduceRequest::KEY,
            nth: 1,
            direction: Direction::Down,
        };
        self.proxy().set(Plan::down(fault).on(on));
        self.send().await;
        within(10, self.proxy().triggered()).await;
        self.proxy().set(Plan::default());
    }

    /// Nothing passes until the client has given its connection up and opened another.
    async fn fall_silent(&mut self) {
        let accepted = self.proxy().stats().accepted;
        self.proxy().set(Plan::both(Fault::Blackhole));
        let numbers = self.sent..self.sent + 50;
        self.sent = numbers.end;
        let proxy = self.cluster.proxy(1).unwrap();
        let healing = async {
            while proxy.stats().accepted == accepted {
                sleep(Duration::from_millis(10)).await;
            }
            proxy.set(Plan::default());
        };
        let sending = self.history.send(&self.producer, TOPIC, numbers, 1);
        within(100, async { tokio::join!(healing, sending) }).await;
    }
}

/// Rows 3, 4 and 5, one after the other before one broker: starting one takes longer than all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_broker_behind_a_bad_line() {
    let mut line = Line::start().await;
    line.send().await;
    for fault in [
        Fault::ResetAfter(10),
        Fault::FinAfter(3),
        Fault::ResetAfter(0),
    ] {
        line.break_off(fault).await;
    }
    line.fall_silent().await;

    let accepted = line.proxy().stats().accepted;
    line.proxy()
        .set(Plan::both(Fault::Delay(Duration::from_millis(300))));
    line.send().await;
    line.proxy().set(Plan::both(Fault::Rate(20_000)));
    line.send().await;
    let after = line.proxy().stats().accepted;
    assert_eq!(after, accepted, "a slow line is no broken one");

    let history = &line.history;
    assert!(history.failed().is_empty(), "{:?}", history.failed());
    assert_eq!(history.acked(), 350);
}
