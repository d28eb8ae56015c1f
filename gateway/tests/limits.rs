//! G-40 to G-45: how long and how much a client may. Small settings instead of long waits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

#[path = "support/gateway.rs"]
mod support;

use std::time::Duration;

use support::{NO_BROKER, Rig, post, route, settings, soon, until};
use tokio::time::Instant;

const SHORT: Duration = Duration::from_millis(500);
const TIMEOUT: &str = r#"{"message":"Request timeout"}"#;

async fn rig(change: impl FnOnce(&mut gateway::settings::Settings)) -> Rig {
    let mut settings = settings();
    change(&mut settings);
    let routes = route("/send", "kafka-upstream", "topic: t") + "- {name: idle, paths: [/idle]}\n";
    Rig::start(&routes, NO_BROKER, settings).await
}

/// The other clients of a gateway that somebody tries to keep busy.
async fn check_others_are_served(rig: &Rig) {
    assert_eq!(rig.get("/idle").await.status, 503);
}

#[tokio::test]
async fn g40_a_head_that_does_not_end_gets_408() {
    let rig = rig(|settings| settings.http.head_timeout = SHORT).await;
    let mut raw = rig.connect().await;
    raw.send("GET /idle HTTP/1.1\r\nHost: h\r\n").await;
    check_others_are_served(&rig).await;
    let response = raw.response().await;
    assert_eq!(
        (response.status, response.text().as_str(), response.closes()),
        (408, TIMEOUT, true)
    );
    assert_eq!(raw.end().await, "");
}

#[tokio::test]
async fn g40_dripping_does_not_help() {
    let rig = rig(|settings| settings.http.head_timeout = SHORT).await;
    let mut raw = rig.connect().await;
    let began = Instant::now();
    let dripping = async {
        loop {
            raw.send("A").await;
            if tokio::time::timeout(SHORT / 10, raw.stream.readable())
                .await
                .is_ok()
            {
                break;
            }
        }
    };
    soon("the end of the drip", dripping).await;
    assert!(began.elapsed() >= SHORT);
    assert_eq!(raw.response().await.status, 408);
}

#[tokio::test]
async fn g40_the_clock_starts_at_accept_and_silence_is_closed_silently() {
    let rig = rig(|settings| settings.http.head_timeout = SHORT).await;
    let mut raw = rig.connect().await;
    check_others_are_served(&rig).await;
    assert_eq!(raw.end().await, "");
}

#[tokio::test]
async fn g40_the_head_of_a_later_request_is_timed_from_its_first_byte() {
    let rig = rig(|settings| settings.http.head_timeout = SHORT).await;
    let mut raw = rig.connect().await;
    raw.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(raw.response().await.status, 503);
    // Twice the time of a head, and nobody minds: that is keep-alive.
    assert!(
        tokio::time::timeout(SHORT * 2, raw.more()).await.is_err(),
        "still open"
    );
    raw.send("GET /idle").await;
    assert_eq!(raw.response().await.status, 408);
}

#[tokio::test]
async fn g41_a_body_that_stops_gets_408_and_sends_nothing() {
    let rig = rig(|settings| settings.http.body_timeout = SHORT).await;
    for body in [
        "Content-Length: 10\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let mut raw = rig.connect().await;
        raw.send(format!("POST /send HTTP/1.1\r\nHost: h\r\n{body}"))
            .await;
        check_others_are_served(&rig).await;
        let response = raw.response().await;
        assert_eq!(
            (response.status, response.text().as_str(), response.closes()),
            (408, TIMEOUT, true)
        );
        assert_eq!(raw.end().await, "");
    }
    let meters = rig.gateway.as_ref().unwrap().metrics().render();
    assert!(
        !meters.contains("gateway_produce_records_total{"),
        "nothing was sent: {meters}"
    );
}

#[tokio::test]
async fn g42_an_idle_connection_is_closed_after_its_last_answer() {
    let rig = rig(|settings| settings.http.keepalive = SHORT).await;
    let mut raw = rig.connect().await;
    for _ in 0..3 {
        raw.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n").await;
        let response = raw.response().await;
        assert_eq!((response.status, response.closes()), (503, false));
    }
    let began = Instant::now();
    assert_eq!(raw.end().await, "");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn g43_a_client_that_takes_nothing_is_disconnected() {
    let rig = rig(|settings| settings.http.write_stall = SHORT).await;
    let mut raw = rig.connect().await;
    // Answers pile up unread until no buffer on the way takes more; then the gateway stops reading too.
    let requests = "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000);
    let sending = async {
        use tokio::io::AsyncWriteExt as _;
        while raw.stream.write_all(requests.as_bytes()).await.is_ok() {}
    };
    soon("the disconnection of a client that reads nothing", sending).await;
    check_others_are_served(&rig).await;
    until("its place to be free", async || {
        (rig.meter("gateway_connections") == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn g44_a_body_over_the_limit_gets_413() {
    let rig = rig(|settings| settings.http.max_body_bytes = 1000).await;
    let too_large = r#"{"message":"Payload too large"}"#;
    assert_eq!(
        rig.post("/send", "text/plain", &[b'x'; 1000]).await.status,
        200
    );
    let response = rig.post("/send", "text/plain", &[b'x'; 1001]).await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (413, too_large)
    );
    let chunked = "POST /send HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500));
    let response = rig
        .send(format!("{chunked}{chunk}{chunk}1\r\nx\r\n0\r\n\r\n"))
        .await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (413, too_large)
    );
    // Said before a byte of the body has come.
    let response = rig
        .send("POST /send HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n")
        .await;
    assert_eq!((response.status, response.closes()), (413, true));
}

#[tokio::test]
async fn g44_a_client_that_sends_on_regardless_still_sees_the_413() {
    let rig = rig(|settings| settings.http.max_body_bytes = 1000).await;
    let response = rig
        .post("/send", "text/plain", &vec![b'x'; 3_000_000])
        .await;
    assert_eq!(response.status, 413, "the answer is not lost in a reset");
}

#[tokio::test]
async fn g45_one_address_has_so_many_connections() {
    let rig = rig(|settings| settings.http.max_connections_per_ip = 2).await;
    let mut first = rig.connect().await;
    let mut second = rig.connect().await;
    for raw in [&mut first, &mut second] {
        raw.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert_eq!(raw.response().await.status, 503);
    }
    assert_eq!(rig.connect().await.end().await, "", "the third is closed");
    assert!(rig.meter("gateway_connections_rejected_total{reason=\"per_ip\"}") >= 1.0);
    drop(first);
    until("room for another", async || {
        let mut raw = rig.connect().await;
        raw.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n").await;
        raw.more().await.then_some(())
    })
    .await;
}

#[tokio::test]
async fn g45_at_the_limit_nobody_is_accepted_until_somebody_leaves() {
    let rig = rig(|settings| settings.http.max_connections = 1).await;
    let mut first = rig.connect().await;
    first.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(first.response().await.status, 503);
    let mut second = rig.connect().await;
    second.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(
        tokio::time::timeout(SHORT, second.more()).await.is_err(),
        "it waits in the backlog"
    );
    drop(first);
    assert_eq!(second.response().await.status, 503);
    assert_eq!(
        rig.health("/health/live").await.status,
        200,
        "probes have places of their own"
    );
}

#[tokio::test]
async fn localhost_works_over_both_families() {
    let mut both = settings();
    both.proxy.listen = vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
    let rig = Rig::start("- {name: idle, paths: [/idle]}\n", NO_BROKER, both).await;
    for address in rig.gateway.as_ref().unwrap().addresses() {
        let mut raw = support::Raw::connect(*address).await;
        raw.send(post("/idle", "text/plain", b"x")).await;
        assert_eq!(raw.response().await.status, 503, "{address}");
    }
}
