//! The fault proxy before plain TCP servers: what a client on the other side sees.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a failure is a failed test"
)]

use std::future::Future;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use kafka_testcontainers::proxy::{Direction, Fault, Plan, Proxy, Trigger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Bounds what must happen.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), what).await.unwrap()
}

/// A server that sends back what it gets, and ends when its client ends.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.spawn(async move {
                let (mut reader, mut writer) = stream.split();
                // A reset is one of the things that are tried here.
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

async fn proxied_echo() -> (Proxy, TcpStream) {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    (proxy, client)
}

/// Sends `bytes` and reads as many back.
async fn there_and_back(client: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    client.write_all(bytes).await.unwrap();
    read(client, bytes.len()).await
}

async fn read(client: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    soon(client.read_exact(&mut bytes)).await.unwrap();
    bytes
}

/// Reads to the end; how it ended, and what came before.
async fn read_all(client: &mut TcpStream) -> (Option<ErrorKind>, Vec<u8>) {
    let mut bytes = Vec::new();
    let end = soon(client.read_to_end(&mut bytes)).await;
    (end.err().map(|error| error.kind()), bytes)
}

#[tokio::test]
async fn bytes_and_ends_pass_unchanged() {
    let (proxy, mut client) = proxied_echo().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(3 << 20).collect();
    let (mut reader, mut writer) = client.split();
    let mut back = Vec::new();
    let sent = async {
        writer.write_all(&bytes).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let ((), received) = soon(async { tokio::join!(sent, reader.read_to_end(&mut back)) }).await;
    assert_eq!(received.unwrap(), bytes.len());
    assert!(back == bytes);
    let stats = proxy.stats();
    assert_eq!(
        (stats.accepted, stats.up_bytes, stats.down_bytes),
        (1, 3 << 20, 3 << 20)
    );
}

#[tokio::test]
async fn refusing_resets_old_and_new_connections_until_healed() {
    let (proxy, mut client) = proxied_echo().await;
    there_and_back(&mut client, b"before").await;
    proxy.set(Plan::both(Fault::Refuse));
    soon(proxy.triggered()).await;
    assert_eq!(
        read_all(&mut client).await,
        (Some(ErrorKind::ConnectionReset), vec![])
    );

    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(
        read_all(&mut next).await,
        (Some(ErrorKind::ConnectionReset), vec![])
    );
    assert_eq!(proxy.stats().resets, 2);

    proxy.set(Plan::default());
    let mut healed = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(there_and_back(&mut healed, b"after").await, b"after");
}

#[tokio::test]
async fn a_broker_that_is_down_resets() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let proxy = Proxy::start(nobody).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(
        read_all(&mut client).await,
        (Some(ErrorKind::ConnectionReset), vec![])
    );
}

#[tokio::test]
async fn delayed_bytes_arrive_later() {
    let (proxy, mut client) = proxied_echo().await;
    proxy.set(Plan {
        up: Fault::Delay(Duration::from_millis(60)),
        down: Fault::Delay(Duration::from_millis(40)),
        on: Trigger::Now,
    });
    soon(proxy.triggered()).await;
    let begin = Instant::now();
    there_and_back(&mut client, b"patience").await;
    assert!(begin.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_rate_limits_how_many_bytes_pass_in_a_time() {
    let (proxy, mut client) = proxied_echo().await;
    proxy.set(Plan::down(Fault::Rate(100_000)));
    soon(proxy.triggered()).await;
    let begin = Instant::now();
    there_and_back(&mut client, &vec![7; 20_000]).await;
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_black_hole_gives_nothing_until_healed() {
    let (proxy, mut client) = proxied_echo().await;
    there_and_back(&mut client, b"before").await;
    proxy.set(Plan::both(Fault::Blackhole));
    soon(proxy.triggered()).await;
    client.write_all(b"lost?").await.unwrap();
    // A new connection is accepted, as by a host whose program hangs.
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    next.write_all(b"too?").await.unwrap();
    let mut byte = [0];
    timeout(Duration::from_millis(100), client.read_exact(&mut byte))
        .await
        .unwrap_err();

    proxy.set(Plan::default());
    assert_eq!(read(&mut client, 5).await, b"lost?");
    assert_eq!(read(&mut next, 4).await, b"too?");
}

#[tokio::test]
async fn a_reset_is_seen_by_both_sides_after_its_byte() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut broker, _) = soon(listener.accept()).await.unwrap();

    proxy.set(Plan::down(Fault::ResetAfter(3)));
    soon(proxy.triggered()).await;
    broker.write_all(b"answer").await.unwrap();
    assert_eq!(
        read_all(&mut client).await,
        (Some(ErrorKind::ConnectionReset), b"ans".to_vec())
    );
    assert_eq!(
        read_all(&mut broker).await.0,
        Some(ErrorKind::ConnectionReset)
    );
}

#[tokio::test]
async fn an_orderly_end_after_its_byte_leaves_the_other_direction_open() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut broker, _) = soon(listener.accept()).await.unwrap();

    proxy.set(Plan::down(Fault::FinAfter(3)));
    soon(proxy.triggered()).await;
    broker.write_all(b"answer").await.unwrap();
    assert_eq!(read_all(&mut client).await, (None, b"ans".to_vec()));
    client.write_all(b"still here").await.unwrap();
    assert_eq!(read(&mut broker, 10).await, b"still here");
}

#[tokio::test]
async fn one_bit_is_corrupted_where_asked() {
    let (proxy, mut client) = proxied_echo().await;
    proxy.set(Plan::up(Fault::CorruptAt(4)));
    soon(proxy.triggered()).await;
    assert_eq!(there_and_back(&mut client, b"abcdef").await, b"abcddf");
    assert_eq!(
        there_and_back(&mut client, b"abcdef").await,
        b"abcdef",
        "once"
    );
}

#[tokio::test]
async fn the_second_produce_answer_is_lost_and_the_first_is_not() {
    let (proxy, mut client) = proxied_echo().await;
    proxy.set(Plan::down(Fault::ResetAfter(0)).on(Trigger::OnApi {
        key: 0,
        nth: 2,
        direction: Direction::Down,
    }));
    // The echo of a request of 8 bytes is an answer whose correlation id is where the request has key and version.
    let produce = |id: u8| [0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, id];
    let first = produce(9);
    assert_eq!(there_and_back(&mut client, &first).await, first);
    client.write_all(&first).await.unwrap();
    soon(proxy.triggered()).await;
    assert_eq!(
        read_all(&mut client).await,
        (Some(ErrorKind::ConnectionReset), vec![])
    );

    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(
        there_and_back(&mut next, &first).await,
        first,
        "one connection, once"
    );
}

#[tokio::test]
async fn dropping_the_proxy_ends_its_connections() {
    let (proxy, mut client) = proxied_echo().await;
    there_and_back(&mut client, b"before").await;
    let address = proxy.address();
    assert_eq!(proxy.stats().open, 1);
    drop(proxy);
    assert_eq!(read_all(&mut client).await.1, b"");
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn whoever_taps_sees_requests_and_answers_before_any_fault() {
    let (proxy, mut before) = proxied_echo().await;
    there_and_back(&mut before, b"not tapped").await;
    let (seen, mut tapped) = tokio::sync::mpsc::channel(16);
    proxy.tap(move |it| seen.try_send(it.clone()).unwrap());
    proxy.set(Plan::up(Fault::CorruptAt(15)));

    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    // Metadata v9, correlation id 7; the echo makes it its own answer, whose id is then what stood for API and version.
    let request = b"\0\0\0\x0c\0\x03\0\x09\0\x03\0\x09body";
    let echoed = there_and_back(&mut client, request).await;
    assert_eq!(echoed.last(), Some(&b'x'), "the fault is past the tap");

    for (direction, last) in [(Direction::Up, b'y'), (Direction::Down, b'x')] {
        let frame = soon(tapped.recv()).await.unwrap();
        assert_eq!(frame.direction, direction);
        assert_eq!((frame.api_key, frame.api_version), (3, 9));
        assert_eq!(frame.correlation_id, 0x0003_0009);
        assert_eq!(frame.client, client.local_addr().unwrap());
        assert_eq!(frame.frame.len(), 12);
        assert_eq!(frame.frame.last(), Some(&last));
    }
}
