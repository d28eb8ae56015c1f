//! G-1 to G-12: what is a request, what is none, and where one ends. Raw TCP against a gateway without Kafka.

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

use support::{NO_BROKER, Response, Rig, post, route, settings};

const BAD_REQUEST: &str = r#"{"message":"Bad request"}"#;

/// `/send` reads its body and answers 200 without Kafka (it only queues); `/idle` has no plugin and reads nothing.
fn routes() -> String {
    let producing = route("/send", "kafka-upstream", "topic: t, forward_uri: true");
    format!("{producing}- {{name: idle, paths: [/idle]}}\n- {{name: deep, paths: [/b/c]}}\n")
}

async fn rig() -> Rig {
    Rig::start(&routes(), NO_BROKER, settings()).await
}

/// Sends `bytes` and a whole second request after them, and sees the refusal, then the end: the second one is not
/// answered. Every answer carries what answers carry.
async fn check(rig: &Rig, bytes: &str, status: u16, body: &str) {
    let mut raw = rig.connect().await;
    raw.send(format!("{bytes}GET /idle HTTP/1.1\r\nHost: h\r\n\r\n"))
        .await;
    let response = raw.response().await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (status, body),
        "{bytes:?}"
    );
    assert!(response.closes(), "{bytes:?}");
    check_headers(&response);
    assert_eq!(
        response.header("content-type"),
        Some("application/json; charset=utf-8"),
        "G-70"
    );
    assert_eq!(raw.end().await, "", "nothing after {bytes:?}");
}

fn check_headers(response: &Response) {
    assert_eq!(response.header("server"), Some("kafka-gateway"));
    assert!(response.header("date").is_some());
    let id = response.header("x-kong-request-id").expect("a request id");
    assert!(
        id.len() == 32
            && id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        "{id}"
    );
    assert!(
        response
            .header("x-kong-response-latency")
            .expect("a latency")
            .parse::<u64>()
            .is_ok()
    );
}

#[tokio::test]
async fn g1_length_beside_chunks_is_no_request() {
    let rig = rig().await;
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        check(
            &rig,
            &format!("POST /send HTTP/1.1\r\nHost: h\r\n{lines}\r\n0\r\n\r\n"),
            400,
            BAD_REQUEST,
        )
        .await;
    }
}

#[tokio::test]
async fn g2_a_length_is_one_plain_number() {
    let rig = rig().await;
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5,5\r\n",
        "Content-Length:\r\n",
        "Content-Length: 9223372036854775808\r\n",
        "Content-Length: -1\r\n",
    ] {
        check(
            &rig,
            &format!("POST /send HTTP/1.1\r\nHost: h\r\n{lines}\r\nhello"),
            400,
            BAD_REQUEST,
        )
        .await;
    }
}

#[tokio::test]
async fn g3_encodings_and_chunk_framing() {
    let rig = rig().await;
    for encoding in [
        "gzip",
        "chunked, gzip",
        "gzip, chunked",
        "xchunked",
        "chunked\r\nTransfer-Encoding: chunked",
    ] {
        check(
            &rig,
            &format!(
                "POST /send HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {encoding}\r\n\r\n0\r\n\r\n"
            ),
            400,
            BAD_REQUEST,
        )
        .await;
    }
    let long_extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(4096));
    for chunks in [
        "+5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
        &long_extension,
    ] {
        let request =
            format!("POST /send HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        check(&rig, &request, 400, BAD_REQUEST).await;
    }
}

#[tokio::test]
async fn g3_good_chunks_with_extensions_and_trailers_are_a_body() {
    let rig = rig().await;
    let mut raw = rig.connect().await;
    let chunked = "POST /send HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n";
    raw.send(format!("{chunked}{chunked}")).await;
    assert_eq!(raw.response().await.status, 200);
    assert_eq!(
        raw.response().await.status,
        200,
        "the connection goes on after the trailers"
    );
}

#[tokio::test]
async fn g4_folds_blanks_and_control_characters() {
    let rig = rig().await;
    for lines in [
        "A: b\r\n c\r\n",
        "A : b\r\n",
        "A: b\0\r\n",
        "A: b\x01\r\n",
        "A\0: b\r\n",
        ": b\r\n",
        "A\r\n",
        "A: b\rc\r\n",
    ] {
        check(
            &rig,
            &format!("GET /idle HTTP/1.1\r\nHost: h\r\n{lines}\r\n"),
            400,
            BAD_REQUEST,
        )
        .await;
    }
    check(&rig, "GET /idle HTTP/1.1\nHost: h\n\n", 400, BAD_REQUEST).await;
    check(&rig, "\x16\x03\x01\x02\x00\x01\x00\n", 400, BAD_REQUEST).await;
}

#[tokio::test]
async fn g5_heads_and_targets_have_limits() {
    let rig = rig().await;
    let head_too_large = r#"{"message":"Request header fields too large"}"#;
    let uri_too_long = r#"{"message":"URI too long"}"#;
    let many = "A: b\r\n".repeat(101);
    check(
        &rig,
        &format!("GET /idle HTTP/1.1\r\nHost: h\r\n{many}\r\n"),
        431,
        head_too_large,
    )
    .await;
    let long = format!("A: {}\r\n", "b".repeat(33_000));
    check(
        &rig,
        &format!("GET /idle HTTP/1.1\r\nHost: h\r\n{long}\r\n"),
        431,
        head_too_large,
    )
    .await;
    let target = "a".repeat(8192);
    check(
        &rig,
        &format!("GET /{target} HTTP/1.1\r\nHost: h\r\n\r\n"),
        414,
        uri_too_long,
    )
    .await;
    let endless = "a".repeat(9000);
    check(&rig, &format!("GET /{endless}"), 414, uri_too_long).await;
    // The most that is allowed is answered.
    let most = "A: b\r\n".repeat(99);
    assert_eq!(
        rig.send(format!("GET /idle HTTP/1.1\r\nHost: h\r\n{most}\r\n"))
            .await
            .status,
        503
    );
    let target = "a".repeat(8190);
    assert_eq!(
        rig.send(format!("GET /{target} HTTP/1.1\r\nHost: h\r\n\r\n"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn g5_http_09_is_closed_without_a_word() {
    let rig = rig().await;
    let mut raw = rig.connect().await;
    raw.send("GET /idle\r\n").await;
    assert_eq!(raw.end().await, "");
}

#[tokio::test]
async fn g6_host_is_there_once_valid_and_agrees_with_the_target() {
    let rig = rig().await;
    for lines in [
        "",
        "Host: h\r\nHost: h\r\n",
        "Host: a b\r\n",
        "Host:\r\n",
        "Host: h/x\r\n",
        "Host: u@h\r\n",
    ] {
        check(
            &rig,
            &format!("GET /idle HTTP/1.1\r\n{lines}\r\n"),
            400,
            BAD_REQUEST,
        )
        .await;
    }
    check(
        &rig,
        "GET http://evil/idle HTTP/1.1\r\nHost: h\r\n\r\n",
        400,
        BAD_REQUEST,
    )
    .await;
    check(
        &rig,
        "GET http://u@h/idle HTTP/1.1\r\nHost: h\r\n\r\n",
        400,
        BAD_REQUEST,
    )
    .await;
    check(
        &rig,
        "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n",
        400,
        BAD_REQUEST,
    )
    .await;
    assert_eq!(
        rig.send("GET http://h/idle HTTP/1.1\r\nHost: H\r\n\r\n")
            .await
            .status,
        503
    );
    assert_eq!(
        rig.send("GET /idle HTTP/1.0\r\n\r\n").await.status,
        503,
        "HTTP/1.0 needs none"
    );
}

#[tokio::test]
async fn g7_pipelined_requests_are_answered_in_order() {
    let rig = rig().await;
    let mut raw = rig.connect().await;
    let body = post("/send", "text/plain", b"hello");
    let requests = [
        &body[..],
        b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /idle HTTP/1.1\r\nHost: h\r\n\r\n",
    ]
    .concat();
    raw.send(requests).await;
    let statuses = [
        raw.response().await.status,
        raw.response().await.status,
        raw.response().await.status,
    ];
    assert_eq!(statuses, [200, 404, 503]);
}

#[tokio::test]
async fn g7_after_a_refused_upgrade_no_byte_is_http() {
    let rig = rig().await;
    let mut raw = rig.connect().await;
    let upgrade =
        "GET /idle HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    raw.send(format!("{upgrade}GET /idle HTTP/1.1\r\nHost: h\r\n\r\n"))
        .await;
    let response = raw.response().await;
    assert_eq!(response.status, 503);
    assert!(response.closes());
    assert_eq!(raw.end().await, "");
}

#[tokio::test]
async fn a_request_byte_by_byte_is_the_same_request() {
    let rig = rig().await;
    let mut raw = rig.connect().await;
    let request = "POST /send HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for byte in request.bytes() {
        raw.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(raw.response().await.status, 200);
}

#[tokio::test]
async fn g8_continue_comes_when_the_body_is_wanted_and_a_refusal_when_not() {
    let rig = rig().await;
    let expecting = |path: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut raw = rig.connect().await;
    raw.send(expecting("/send", 5)).await;
    assert_eq!(raw.response().await.status, 100);
    raw.send("hello").await;
    assert_eq!(raw.response().await.status, 200);
    // G-44: at once, and without asking for the body.
    let response = rig.send(expecting("/send", 2 << 20)).await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (413, r#"{"message":"Payload too large"}"#)
    );
    assert!(response.closes());
    let response = rig.send(expecting("/nowhere", 5)).await;
    assert_eq!(response.status, 404);
    assert!(response.closes(), "nobody knows whether the body comes");
}

#[tokio::test]
async fn g8_other_expectations_fail() {
    let rig = rig().await;
    let request = "POST /send HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 200-ok\r\n\r\n";
    check(&rig, request, 417, r#"{"message":"Expectation failed"}"#).await;
}

#[tokio::test]
async fn g9_every_spelling_of_a_path_is_one_route() {
    let rig = rig().await;
    for path in [
        "/b/c",
        "/a/../b/c",
        "/a/%2e%2e/b/c",
        "/a/%2E./b//c",
        "/b/./c",
        "//b/%63",
        "/../b/c",
    ] {
        assert_eq!(rig.get(path).await.status, 503, "{path}");
    }
    assert_eq!(rig.get("/b%2fc").await.status, 404, "%2f is no slash");
    for path in ["/b%00", "/b%", "/b%2", "/b%zz"] {
        let response = rig.get(path).await;
        assert_eq!(
            (response.status, response.text().as_str()),
            (400, BAD_REQUEST),
            "{path}"
        );
    }
}

#[tokio::test]
async fn g11_every_answer_says_who_we_are_and_ids_are_ours() {
    let rig = rig().await;
    for request in [
        "GET /idle HTTP/1.1\r\nHost: h\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: h\r\n",
    ] {
        let mine = "0123456789abcdef0123456789abcdef";
        let response = rig
            .send(format!("{request}X-Kong-Request-Id: {mine}\r\n\r\n"))
            .await;
        check_headers(&response);
        assert_ne!(response.header("x-kong-request-id"), Some(mine));
        assert!(
            !format!("{:?}", response.headers)
                .to_lowercase()
                .contains("kong/"),
            "T-14"
        );
    }
    check_headers(&rig.health("/health/live").await);
}

#[tokio::test]
async fn g12_a_body_that_nobody_reads() {
    let rig = rig().await;
    let mut raw = rig.connect().await;
    raw.send(post("/idle", "text/plain", &vec![b'x'; 60_000]))
        .await;
    let response = raw.response().await;
    assert_eq!(
        (response.status, response.closes()),
        (503, false),
        "a short one is drained"
    );
    raw.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(
        raw.response().await.status,
        503,
        "and the connection goes on"
    );
    raw.send(post("/idle", "text/plain", &vec![b'x'; 300_000]))
        .await;
    let response = raw.response().await;
    assert_eq!(
        (response.status, response.closes()),
        (503, true),
        "a long one is not"
    );
    assert_eq!(raw.end().await, "");
}

#[tokio::test]
async fn what_was_no_request_has_a_line_in_the_access_log_too() {
    let log = support::log();
    let rig = rig().await;
    let response = rig.send("GET / HTTP/1.1\r\n\r\n").await;
    let id = response.header("x-kong-request-id").unwrap();
    let line = log
        .line(&["\"target\":\"access\"", "\"status\":400", id])
        .await;
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["method"], "", "what it asked is not known");
    assert_eq!(line["client_ip"], "127.0.0.1");
}

#[tokio::test]
async fn routing_answers_404_426_and_503_in_the_form_the_client_likes() {
    let mut text = routes();
    text.push_str("- {name: secure, paths: [/secure], protocols: [https]}\n- {name: moved, paths: [/moved], protocols: [https], https_redirect_status_code: 308}\n");
    let rig = Rig::start(&text, NO_BROKER, settings()).await;
    let nowhere = rig.get("/nowhere").await;
    let id = nowhere.header("x-kong-request-id").unwrap().to_owned();
    assert_eq!(
        nowhere.text(),
        format!(
            "{{\n  \"message\":\"no Route matched with those values\",\n  \"request_id\":\"{id}\"\n}}"
        )
    );
    let plain = rig
        .send("GET /idle HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\n\r\n")
        .await;
    assert!(
        plain
            .text()
            .starts_with("no Service found with those values\nrequest_id: ")
    );
    let secure = rig.get("/secure").await;
    assert_eq!(
        (secure.status, secure.header("upgrade")),
        (426, Some("TLS/1.2, HTTP/1.1"))
    );
    assert!(secure.text().contains("Please use HTTPS protocol"));
    let moved = rig
        .send("GET /moved?a=b HTTP/1.1\r\nHost: h:8000\r\n\r\n")
        .await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, Some("https://h/moved?a=b"))
    );
}
