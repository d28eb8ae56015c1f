//! `gateway dev`: what a stranger sees first.

#![cfg(feature = "dev")]
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

use std::process::Stdio;

use records::Reader;
use support::{Raw, post, soon};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Starts `gateway dev` on free ports, and reads what it prints up to its last line.
async fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["dev", "--port", "0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut printed = String::new();
    while !printed.contains("Ctrl-C") {
        let line = soon("a line", lines.next_line())
            .await
            .unwrap()
            .expect("more lines");
        printed.push_str(&line);
        printed.push('\n');
    }
    // Somebody has to read on, or printing would fail.
    let mut rest = lines.into_inner();
    tokio::spawn(async move { rest.read_to_end(&mut Vec::new()).await });
    (child, printed)
}

/// The word after `before`, without the comma or full stop behind it.
fn word_after<'a>(text: &'a str, before: &str) -> &'a str {
    let rest = text.split_once(before).expect(before).1;
    rest.split([' ', ',', '\n']).next().expect("a word")
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_three_lines_to_try_and_says_what_the_broker_is_for() {
    let (mut child, printed) = start(&[]).await;
    let curls: Vec<&str> = printed
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(curls.len(), 3, "{printed}");
    for words in [
        "for trying out and testing only",
        "forgets it at the end",
        "With a real Kafka",
        "gateway serve --config FILE",
    ] {
        assert!(printed.contains(words), "{words} in {printed}");
    }
    let address = word_after(curls[0], "http://")
        .strip_suffix("/produce")
        .unwrap();
    let mut raw = Raw::connect(address.parse().unwrap()).await;
    raw.send(post(
        "/produce",
        "application/json",
        br#"{"hello":"world"}"#,
    ))
    .await;
    let response = raw.response().await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (200, r#"{"message":"message sent"}"#)
    );
    let bootstrap = word_after(&printed, "reach the broker at ");
    let record = Reader::new(bootstrap, "demo", 3).next().await;
    assert_eq!(record.json()["body_args"]["hello"], "world");
    let pid = child.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-s", "INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(soon("the end", child.wait()).await.unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_brings_records_by_itself() {
    let (_child, printed) = start(&["--demo"]).await;
    let reader = Reader::new(word_after(&printed, "reach the broker at "), "demo", 3);
    let first = reader.next().await;
    assert!(
        first.json()["sample"].as_u64().is_some() && first.json()["celsius"].as_u64().is_some()
    );
    assert!(first.key.is_some_and(|key| key.starts_with(b"sensor-")));
    reader.next().await;
}
