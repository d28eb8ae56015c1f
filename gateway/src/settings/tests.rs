use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::input::Fault;

/// Names and defaults as the contract's tables have them (gateway-rules.md §5 and §8).
const CONTRACT: &[(&str, &str)] = &[
    ("proxy.listen", "0.0.0.0:8000,[::]:8000"),
    ("http.head_timeout_ms", "10000"),
    ("http.body_timeout_ms", "10000"),
    ("http.body_min_rate", "256"),
    ("http.keepalive_ms", "60000"),
    ("http.write_stall_ms", "30000"),
    ("http.max_body_bytes", "1048576"),
    ("http.max_head_bytes", "32768"),
    ("http.max_connections", "10000"),
    ("http.max_connections_per_ip", "1000"),
    ("http.allowed_origins", ""),
    ("kafka.request_timeout_ms", "10000"),
    ("kafka.connect_timeout_ms", "5000"),
    ("consume.request_parameters", "false"),
    ("consume.membership", "group"),
    ("consume.group_prefix", "com.konghq.kafka."),
    ("consume.member_idle_ms", "30000"),
    ("consume.join_timeout_ms", "10000"),
    ("consume.max_wait_ms", "0"),
    ("consume.auto_commit_interval_ms", "1000"),
    ("consume.max_records", "500"),
    ("consume.max_bytes", "1048576"),
    ("consume.record_max_bytes", "8388608"),
    ("sse.heartbeat_ms", "15000"),
    ("sse.resume", "false"),
    ("ws.ping_ms", "30000"),
    ("ws.pong_timeout_ms", "10000"),
    ("ws.max_recv_bytes", "65536"),
    ("ws.max_unacked", "1000"),
    ("stream.stall_ms", "30000"),
    ("stream.max", "5000"),
    ("stream.max_per_ip", "200"),
    ("stream.max_per_consumer", "200"),
    ("stream.buffer_bytes", "1048576"),
    ("produce.buffer_bytes", "33554432"),
    ("produce.compression", "none"),
    ("produce.allow_internal_topics", "false"),
    ("compat.kong_empty_records_object", "false"),
    ("compat.kong_null_key_empty", "true"),
    ("compat.partitioner", "murmur2"),
    ("drain.lag_ms", "0"),
    ("drain.timeout_ms", "25000"),
    ("health.listen", "127.0.0.1:8100"),
];

/// The other names of §8: known, and refused unless at the default.
const CONTRACT_LATER: &[&str] = &[
    "proxy.tls_listen",
    "proxy.trusted_ips",
    "http.cors",
    "kafka.trusted_ca",
    "kafka.allow_insecure_sasl",
    "admin.listen",
    "admin.tls_listen",
    "admin.token",
    "admin.insecure",
    "admin.allowed_hosts",
    "admin.cors_origins",
    "admin.max_body_bytes",
    "store.path",
    "store.mode",
    "store.key_file",
    "vault.env_prefix",
    "compat.admin_secrets",
    "compat.confluent_plaintext",
    "apisix.enabled",
    "apisix.listen",
    "apisix.admin_listen",
    "apisix.admin_keys",
    "apisix.allow_admin",
    "pubsub.max_pipeline",
    "pubsub.idle_ms",
    "pubsub.max_send_bytes",
    "rest.enabled",
    "lua.max_instructions",
    "lua.max_memory_bytes",
    "memory.max_bytes",
    "outbound.allowed_hosts",
    "outbound.deny_private",
];

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn of_variables(pairs: &[(&str, &str)]) -> Result<Loaded, Vec<Fault>> {
    load(None, variables(pairs))
}

/// Loads `text` as a settings file, with variables on top.
fn of_file(text: &str, pairs: &[(&str, &str)]) -> Result<Loaded, Vec<Fault>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.yaml");
    fs::write(&path, text).unwrap();
    load(Some(&path), variables(pairs))
}

/// Faults as lines, without the folder.
fn lines(outcome: Result<Loaded, Vec<Fault>>) -> Vec<String> {
    let short = |fault: &Fault| {
        let text = fault.to_string();
        text.rsplit_once("/settings.yaml")
            .map_or(text.clone(), |(_, end)| format!("settings.yaml{end}"))
    };
    outcome.unwrap_err().iter().map(short).collect()
}

#[test]
fn names_and_defaults_are_the_contracts() {
    let table: Vec<(&str, String)> = descriptions()
        .into_iter()
        .map(|row| (row.name, row.default))
        .collect();
    let contract: Vec<(&str, String)> = CONTRACT
        .iter()
        .map(|(name, default)| (*name, (*default).to_owned()))
        .collect();
    assert_eq!(table, contract);
    for name in CONTRACT_LATER {
        assert!(UNSUPPORTED.iter().any(|row| row.name == *name), "{name}");
    }
}

#[test]
fn every_default_may_be_written_and_changes_nothing() {
    for row in descriptions() {
        let loaded = of_variables(&[(&row.variable(), &row.default)]).unwrap();
        assert_eq!(loaded.settings, Settings::default(), "{}", row.name);
    }
    for row in UNSUPPORTED {
        let name = Description {
            name: row.name,
            kind: "",
            default: String::new(),
            doc: "",
        };
        let loaded = of_variables(&[(&name.variable(), row.default)]).unwrap();
        assert_eq!(loaded.settings, Settings::default(), "{}", row.name);
    }
}

#[test]
fn every_setting_reaches_its_field() {
    // What differs from the default for each kind of value.
    for row in descriptions() {
        let other = match row.kind {
            "true or false" => (row.default != "true").to_string(),
            "one of: none, gzip, snappy, lz4, zstd" => "zstd".to_owned(),
            "one of: group, none" => "none".to_owned(),
            "one of: murmur2, crc32" => "crc32".to_owned(),
            "address:port" | "a list of address:port" => "127.0.0.1:9".to_owned(),
            "a list of texts" | "text" => "x".to_owned(),
            "bytes, or a share from 1% to 100%" => "7%".to_owned(),
            _ => "12345".to_owned(),
        };
        let loaded = of_variables(&[(&row.variable(), &other)]).unwrap();
        assert_ne!(loaded.settings, Settings::default(), "{}", row.name);
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "http:\n  max_body_bytes: 10\n  keepalive_ms: 5\nsse.resume: true\n";
    let loaded = of_file(file, &[("GATEWAY_HTTP__MAX_BODY_BYTES", "20")]).unwrap();
    assert_eq!(loaded.settings.http.max_body_bytes, 20);
    assert_eq!(loaded.settings.http.keepalive, Duration::from_millis(5));
    assert!(loaded.settings.sse.resume);
}

#[test]
fn an_empty_file_and_null_are_the_defaults() {
    for text in ["", "# nothing\n", "http:\n  max_body_bytes:\n"] {
        let outcome = of_file(text, &[]).map(|loaded| loaded.settings);
        assert_eq!(outcome.unwrap(), Settings::default(), "{text:?}");
    }
}

#[test]
fn an_unknown_setting_names_the_nearest_known_one() {
    let file = "http:\n  max_bodybytes: 1\nconsum: {max_records: 1}\n";
    assert_eq!(
        lines(of_file(file, &[("GATEWAY_SSE__HEARTBEAT", "1")])),
        [
            "settings.yaml:2:3: http.max_bodybytes: unknown setting, the nearest known name is 'http.max_body_bytes'",
            "settings.yaml:3:1: consum: unknown setting, the nearest known name is 'consume'",
            "GATEWAY_SSE__HEARTBEAT: sse.heartbeat: unknown setting, the nearest known name is 'sse.heartbeat_ms'",
        ]
    );
}

#[test]
fn a_wrong_value_says_what_was_expected() {
    let file = "http:\n  max_body_bytes: -1\n  head_timeout_ms: 0\n  max_head_bytes: 100\n\
                sse: {resume: maybe}\nproxy: {listen: [8000]}\nws: 3\n";
    assert_eq!(
        lines(of_file(file, &[])),
        [
            "settings.yaml:2:19: http.max_body_bytes: expected a whole number, at least 1",
            "settings.yaml:3:20: http.head_timeout_ms: expected at least 1",
            "settings.yaml:5:15: sse.resume: expected true or false",
            "settings.yaml:6:17: proxy.listen: expected a list of address:port",
            "settings.yaml:7:5: ws: expected a map of settings",
            "settings: http.max_head_bytes: expected at least 8192, the longest request target",
        ]
    );
}

#[test]
fn what_this_version_lacks_is_refused() {
    let file = "admin:\n  token: t\nstore:\n  mode: file\n";
    assert_eq!(
        lines(of_file(file, &[("GATEWAY_REST__ENABLED", "true")])),
        [
            "settings.yaml:2:10: admin.token: admin.token is not supported by this version",
            "GATEWAY_REST__ENABLED: rest.enabled: rest.enabled is not supported by this version",
        ]
    );
}

#[test]
fn a_toml_file_or_none_at_all_is_a_fault() {
    let toml = load(Some(&PathBuf::from("settings.TOML")), []);
    assert_eq!(
        toml.unwrap_err()[0].to_string(),
        "settings.TOML: expected YAML: TOML is not supported by this version"
    );
    let missing = load(Some(&PathBuf::from("/nowhere/settings.yaml")), []).unwrap_err();
    assert!(
        missing[0]
            .to_string()
            .starts_with("/nowhere/settings.yaml: expected a readable file")
    );
}

#[test]
fn the_vendors_variables_are_read_and_ours_win() {
    let loaded = of_variables(&[
        ("KONG_DATABASE", "off"),
        ("KONG_DECLARATIVE_CONFIG", "/etc/kong.yml"),
        (
            "KONG_PROXY_LISTEN",
            "0.0.0.0:9000 reuseport backlog=16384, 0.0.0.0:9443 http2 ssl reuseport",
        ),
        ("KONG_ADMIN_LISTEN", "127.0.0.1:8001"),
        ("KONG_SOMETHING_ELSE", "x"),
    ])
    .unwrap();
    assert_eq!(
        loaded.declarative,
        Some(Declarative::File(PathBuf::from("/etc/kong.yml")))
    );
    assert_eq!(
        loaded.settings.proxy.listen,
        ["0.0.0.0:9000".parse().unwrap()]
    );
    assert_eq!(loaded.notices.len(), 2, "{:?}", loaded.notices);

    let ours = of_variables(&[
        ("GATEWAY_PROXY__LISTEN", "127.0.0.1:1"),
        ("KONG_PROXY_LISTEN", "0.0.0.0:2"),
    ]);
    assert_eq!(
        ours.unwrap().settings.proxy.listen,
        ["127.0.0.1:1".parse().unwrap()]
    );
    let text =
        of_variables(&[("KONG_DECLARATIVE_CONFIG_STRING", "_format_version: '3.0'")]).unwrap();
    assert!(matches!(text.declarative, Some(Declarative::Text(_))));
    assert!(!format!("{text:?}").contains("_format_version"));
}

#[test]
fn a_database_and_a_listener_that_cannot_be_are_refused() {
    let faults =
        of_variables(&[("KONG_DATABASE", "postgres"), ("KONG_PROXY_LISTEN", "off")]).unwrap_err();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(
        faults[0].to_string().contains("'postgres'"),
        "{}",
        faults[0]
    );
}

#[test]
fn what_kubernetes_says_about_a_service_called_gateway_is_no_setting() {
    let links = [
        "GATEWAY_SERVICE_HOST",
        "GATEWAY_SERVICE_PORT",
        "GATEWAY_SERVICE_PORT_HTTP",
        "GATEWAY_PORT",
        "GATEWAY_PORT_8000_TCP",
        "GATEWAY_PORT_8000_TCP_ADDR",
        "GATEWAY_ADMIN_SERVICE_HOST",
        "GATEWAY_ADMIN_PORT_8001_TCP_PROTO",
    ];
    for link in links {
        assert!(
            of_variables(&[(link, "tcp://10.0.0.1:8000")]).is_ok(),
            "{link}"
        );
    }
    for typo in [
        "GATEWAY_HTTP_MAX_BODY_BYTES",
        "GATEWAY_PROXY_LISTEN",
        "GATEWAY_REPORT",
    ] {
        assert!(of_variables(&[(typo, "1")]).is_err(), "{typo}");
    }
}

#[test]
fn the_help_lists_everything() {
    let help = help();
    for row in descriptions() {
        assert!(
            help.contains(row.name) && help.contains(row.doc),
            "{}",
            row.name
        );
    }
    for row in UNSUPPORTED {
        assert!(help.contains(row.name), "{}", row.name);
    }
}
