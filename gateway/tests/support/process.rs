//! The binary itself, as an operator starts it.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use super::support::soon;

/// A running `gateway serve`. Killed when it is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) health: SocketAddr,
    log: Lines<BufReader<ChildStderr>>,
    _folder: tempfile::TempDir,
}

impl Process {
    /// Starts the binary with a declarative configuration and settings as environment variables, under a shell that
    /// runs `limits` first (`ulimit -n 64`), and waits until it is ready.
    pub(crate) async fn start(config: &str, settings: &[(&str, &str)], limits: &str) -> Process {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("gateway.yaml");
        std::fs::write(&file, config).expect("a file");
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!("{limits}\nexec \"$0\" serve --config \"$1\""))
            .arg(env!("CARGO_BIN_EXE_gateway"))
            .arg(&file)
            .env("GATEWAY_PROXY__LISTEN", "127.0.0.1:0")
            .env("GATEWAY_HEALTH__LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary");
        let mut log = BufReader::new(child.stderr.take().expect("a log")).lines();
        let ready = line_with(&mut log, "\"message\":\"ready\"").await;
        Process {
            address: address(&ready, "proxy"),
            health: address(&ready, "health"),
            child,
            log,
            _folder: folder,
        }
    }

    /// The next log line that contains `text`.
    pub(crate) async fn line(&mut self, text: &str) -> String {
        line_with(&mut self.log, text).await
    }

    /// Everything that is still logged, to the end of the process.
    pub(crate) async fn rest_of_log(&mut self) -> String {
        let mut rest = String::new();
        while let Ok(Some(line)) = soon("the end of the log", self.log.next_line()).await {
            rest.push_str(&line);
            rest.push('\n');
        }
        rest
    }

    /// Sends a signal: `TERM`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().expect("running").to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status();
        assert!(status.expect("kill").success());
    }

    /// Waits for the end, and says with which code.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        soon("the end of the process", self.child.wait())
            .await
            .expect("a status")
            .code()
    }
}

async fn line_with(log: &mut Lines<BufReader<ChildStderr>>, text: &str) -> String {
    let mut seen = Vec::new();
    loop {
        match soon(text, log.next_line()).await {
            Ok(Some(line)) if line.contains(text) => return line,
            Ok(Some(line)) => seen.push(line),
            _ => panic!("the log ended before {text:?}: {seen:#?}"),
        }
    }
}

/// The first address in a member of a log line.
fn address(line: &str, member: &str) -> SocketAddr {
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let text = line[member]
        .as_str()
        .expect("a member")
        .trim_matches(|letter: char| !letter.is_ascii_digit());
    text.parse()
        .unwrap_or_else(|error| panic!("{error}: {line}"))
}
