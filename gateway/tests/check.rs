//! `gateway check` as people run it: the real binary on files that are wrong in one way each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with files, and what the binary says about them.
struct Case {
    folder: TempDir,
    command: Command,
}

impl Case {
    /// `gateway check` without the environment of whoever runs the tests.
    fn new() -> Case {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
        command.env_clear().arg("check");
        Case {
            folder: tempfile::tempdir().unwrap(),
            command,
        }
    }

    fn config(text: &str) -> Case {
        Case::new().file("--config", "kong.yaml", text)
    }

    fn file(mut self, option: &str, name: &str, text: impl AsRef<[u8]>) -> Case {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        self.command.arg(option).arg(path);
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Case {
        self.command.env(name, value);
        self
    }

    /// Exit code, what was said on stdout, and the faults on stderr with the folder left out.
    fn run(mut self) -> (Option<i32>, String, Vec<String>) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().unwrap();
        let folder = format!("{}/", self.folder.path().display());
        let faults = String::from_utf8(stderr).unwrap().replace(&folder, "");
        let lines = faults.lines().map(str::to_owned).collect();
        (status.code(), String::from_utf8(stdout).unwrap(), lines)
    }

    /// Exactly these faults, exit code 1, and nothing on stdout.
    fn fails_with(self, expected: &[&str]) {
        let (code, stdout, faults) = self.run();
        assert_eq!(faults, expected);
        assert_eq!(code, Some(1));
        assert_eq!(stdout, "");
    }

    /// One fault that begins and ends so; exit code 1.
    fn fails_like(self, start: &str, end: &str) {
        let (code, stdout, faults) = self.run();
        let [fault] = faults.as_slice() else {
            panic!("one fault expected: {faults:#?}");
        };
        assert!(fault.starts_with(start) && fault.ends_with(end), "{fault}");
        assert_eq!(code, Some(1));
        assert_eq!(stdout, "");
    }

    fn passes(self) -> String {
        let (code, stdout, faults) = self.run();
        assert_eq!((code, faults), (Some(0), Vec::new()));
        stdout
    }
}

const GOOD: &str = r#"_format_version: "3.0"
routes:
  - name: orders
    paths: ["/orders"]
    methods: [POST]
    plugins:
      - name: kafka-upstream
        config:
          bootstrap_servers: [{host: localhost, port: 9092}]
          topic: orders
  - name: idle
    hosts: ["*.idle.test"]
"#;

#[test]
fn a_good_file_is_ok() {
    let said = Case::config(GOOD).passes();
    assert_eq!(
        said,
        "ok: 2 routes, 1 of them without a plugin (they answer 503)\n"
    );
}

#[test]
fn a_good_file_with_settings_and_variables_is_ok() {
    let said = Case::config(GOOD)
        .file(
            "--settings",
            "settings.yaml",
            "http:\n  max_body_bytes: 2097152\n",
        )
        .variable("GATEWAY_SSE__HEARTBEAT_MS", "5000")
        .variable("KONG_ADMIN_LISTEN", "127.0.0.1:8001")
        .passes();
    assert!(
        said.starts_with("note: KONG_ADMIN_LISTEN is ignored"),
        "{said}"
    );
    assert!(said.contains("\nok: 2 routes"), "{said}");
}

#[test]
fn the_text_of_a_variable_is_a_configuration_too() {
    let said = Case::new()
        .variable("KONG_DECLARATIVE_CONFIG_STRING", GOOD)
        .passes();
    assert!(said.starts_with("ok: 2 routes"), "{said}");
    Case::new()
        .variable(
            "KONG_DECLARATIVE_CONFIG_STRING",
            "_format_version: '3.0'\nx: 1\n",
        )
        .fails_with(&["KONG_DECLARATIVE_CONFIG_STRING:2:1: x: unknown field"]);
}

#[test]
fn no_configuration_or_no_file_is_a_fault() {
    Case::new().fails_with(&["--config: expected a file with routes and plugins"]);
    let mut case = Case::new();
    let missing: PathBuf = case.folder.path().join("missing.yaml");
    case.command.arg("--config").arg(missing);
    case.fails_like("missing.yaml: expected a readable file: ", "(os error 2)");
}

#[test]
fn what_is_no_yaml_names_the_line() {
    Case::config("_format_version: \"3.0\"\nroutes: [\n  {name: a\n").fails_like(
        "kong.yaml:3:3: expected valid YAML or JSON: ",
        "unclosed bracket '{'",
    );
    Case::config("_format_version: \"3.0\"\nroutes:\n\t- name: a\n").fails_like("kong.yaml:3:", "");
    Case::new()
        .file(
            "--config",
            "kong.json",
            "{\n  \"_format_version\": \"3.0\",\n  \"routes\": [}\n}\n",
        )
        .fails_like(
            "kong.json:3:13: expected valid YAML or JSON: ",
            "closed by '}'",
        );
    Case::new()
        .file(
            "--config",
            "kong.yaml",
            b"_format_version: \"3.0\" # \xff\n",
        )
        .fails_with(&["kong.yaml: expected UTF-8 text"]);
}

#[test]
fn a_name_that_occurs_twice_names_the_second() {
    Case::config("_format_version: \"3.0\"\nroutes:\n- name: a\n  name: b\n  paths: [/]\n")
        .fails_like("kong.yaml:4:3: ", "");
}

#[test]
fn bombs_are_defused() {
    let mut bomb = "_format_version: \"3.0\"\na: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (letter, before) in ('b'..='k').zip('a'..) {
        let tens = vec![format!("*{before}"); 10].join(",");
        writeln!(bomb, "{letter}: &{letter} [{tens}]").unwrap();
    }
    Case::config(&bomb).fails_like("kong.yaml:", "");
    Case::config(&"[".repeat(1_000_000)).fails_like("kong.yaml:1:", "");
    Case::config(&"- ".repeat(1_000_000)).fails_like("kong.yaml:1:", "");
    let endless = " ".repeat(10 * 1024 * 1024 + 1);
    Case::config(&endless).fails_with(&["kong.yaml: expected at most 10485760 bytes"]);
}

#[test]
fn a_missing_version_names_the_field() {
    Case::config("routes: []\n")
        .fails_with(&["kong.yaml:1:1: _format_version: required field missing"]);
}

#[test]
fn every_fault_of_a_file_is_named_in_its_order() {
    Case::config(
        r#"_format_version: "3.0"
routes:
  - name: "bad name"
    paths: ["orders", "/a//b", "~/("]
    methods: [post]
    hosts: ["a.*.b"]
    protocols: [http, tcp]
    plugins:
      - name: kafka-upstream
        config:
          bootstrap_servers:
            - host: localhost:9092
              port: 70000
          topic: "a b"
          producer_request_acks: 3
          tiemout: 1
      - name: kafka-consume
        config:
          bootstrap_servers: []
          mode: sse
consumers:
  - username: u
"#,
    )
    .fails_with(&[
        "kong.yaml:3:11: routes[1].name: invalid value 'bad name': the only accepted ascii characters are alphanumerics or ., -, _, and ~",
        "kong.yaml:4:13: routes[1].paths[1]: should start with: / (fixed path) or ~/ (regex path)",
        "kong.yaml:4:23: routes[1].paths[2]: must not have empty segments",
        "kong.yaml:4:32: routes[1].paths[3]: invalid regex: '/(' (unclosed group)",
        "kong.yaml:5:15: routes[1].methods[1]: invalid value: post",
        "kong.yaml:6:13: routes[1].hosts[1]: invalid wildcard: must be placed at leftmost or rightmost label",
        "kong.yaml:7:23: routes[1].protocols[2]: not supported by this gateway",
        "kong.yaml:12:21: routes[1].plugins[1].config.bootstrap_servers[1].host: must not have a port",
        "kong.yaml:13:21: routes[1].plugins[1].config.bootstrap_servers[1].port: value should be between 0 and 65535",
        "kong.yaml:14:18: routes[1].plugins[1].config.topic: invalid value: a b",
        "kong.yaml:15:34: routes[1].plugins[1].config.producer_request_acks: expected one of: -1, 0, 1",
        "kong.yaml:16:11: routes[1].plugins[1].config.tiemout: unknown field",
        "kong.yaml:19:11: routes[1].plugins[2].config.topics: required field missing",
        "kong.yaml:19:30: routes[1].plugins[2].config.bootstrap_servers: length must be at least 1",
        "kong.yaml:20:17: routes[1].plugins[2].config.mode: expected one of: http-get, server-sent-events, websocket",
        "kong.yaml:21:1: consumers: consumers are not supported by this version",
    ]);
}

#[test]
fn a_kafka_consume_of_a_service_is_refused_by_name() {
    Case::config(
        "_format_version: \"3.0\"\nservices:\n- name: s\n  url: http://u\n  plugins:\n  - name: kafka-consume\n    config: {}\n",
    )
    .fails_with(&[
        "kong.yaml:3:3: services[1]: services are not supported by this version: this gateway forwards to no upstream",
        "kong.yaml:6:11: services[1].plugins[1].service: value must be null (plugin 'kafka-consume' cannot belong to a service)",
    ]);
}

#[test]
fn what_is_not_built_yet_is_refused_at_its_field_and_no_secret_is_printed() {
    let text = GOOD.replace(
        "          topic: orders\n",
        "          topic: orders\n          authentication: {strategy: sasl, mechanism: PLAIN, user: u, password: hunter2}\n          security: {ssl: true}\n",
    );
    let (code, _, faults) = Case::config(&text).run();
    assert_eq!(code, Some(1));
    let prefix = "routes[1].plugins[1].config";
    for (place, field, what) in [
        ("11:38", "authentication.strategy", "strategy"),
        ("11:55", "authentication.mechanism", "mechanism"),
        ("11:68", "authentication.user", "user"),
        ("11:81", "authentication.password", "password"),
        ("12:27", "security.ssl", "ssl=true"),
    ] {
        let line =
            format!("kong.yaml:{place}: {prefix}.{field}: {what} is not supported by this version");
        assert!(faults.contains(&line), "{line}\n{faults:#?}");
    }
    assert!(!faults.concat().contains("hunter2"));
}

#[test]
fn topics_of_kafkas_own_need_a_setting() {
    let text = GOOD.replace("topic: orders", "topic: __orders");
    Case::config(&text).fails_with(&[
        "kong.yaml:10:18: routes[1].plugins[1].config.topic: topics that begin with '__' are refused unless produce.allow_internal_topics is true",
    ]);
    Case::config(&text)
        .variable("GATEWAY_PRODUCE__ALLOW_INTERNAL_TOPICS", "true")
        .passes();
}

#[test]
fn faults_of_the_settings_are_named_before_the_configuration_is_read() {
    Case::config("nonsense: 1")
        .file("--settings", "settings.yaml", "http:\n  max_body_byte: 1\nsse:\n  heartbeat_ms: soon\nadmin:\n  token: t\n")
        .variable("GATEWAY_WS__PING", "1")
        .fails_with(&[
            "settings.yaml:2:3: http.max_body_byte: unknown setting, the nearest known name is 'http.max_body_bytes'",
            "settings.yaml:4:17: sse.heartbeat_ms: expected milliseconds, at most 86400000",
            "settings.yaml:6:10: admin.token: admin.token is not supported by this version",
            "GATEWAY_WS__PING: ws.ping: unknown setting, the nearest known name is 'ws.ping_ms'",
        ]);
}

#[test]
fn help_lists_the_settings() {
    let mut case = Case::new();
    case.command.arg("--help");
    let said = case.passes();
    for name in ["http.max_body_bytes", "drain.timeout_ms", "rest.enabled"] {
        assert!(said.contains(name), "{name}");
    }
}
