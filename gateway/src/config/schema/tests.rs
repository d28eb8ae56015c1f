use serde_json::json;

use super::*;
use crate::config::{kafka_consume, kafka_upstream, route};
use crate::input::Span;

fn node(text: &str) -> Node {
    Node::parse("f.yaml", text).unwrap()
}

fn filled(record: &Record, text: &str) -> Json {
    Json::Object(record.check(&node(text)).unwrap().expose().clone())
}

fn violations(record: &Record, text: &str) -> Violations {
    record.check(&node(text)).unwrap_err()
}

/// `fields` of what is wrong with `text`.
fn fields(record: &Record, text: &str) -> Json {
    violations(record, text).to_json()
}

const SERVERS: &str = "bootstrap_servers: [{host: localhost, port: 9092}]";

#[test]
fn kafka_upstream_is_filled_as_the_quickstart_prints_it() {
    let config = filled(
        &kafka_upstream::FIELDS,
        &format!("{SERVERS}\ntopic: kong-upstream"),
    );
    let expected = json!({
        "bootstrap_servers":[{"host":"localhost","port":9092}],"topic":"kong-upstream","topics_query_arg":null,
        "allowed_topics":null,"key_query_arg":null,"message_by_lua_functions":null,"cluster_name":null,"timeout":10000,
        "keepalive":60000,"keepalive_enabled":false,"forward_method":false,"forward_uri":false,"forward_headers":false,
        "forward_body":true,"producer_request_acks":1,"producer_request_timeout":2000,
        "producer_request_limits_messages_per_request":200,"producer_request_limits_bytes_per_request":1_048_576,
        "producer_request_retries_max_attempts":10,"producer_request_retries_backoff_timeout":100,"producer_async":true,
        "producer_async_flush_timeout":1000,"producer_async_buffering_limits_messages_in_memory":50000,
        "headers":{"forward_http_headers_as_record_headers":true,"forward_all_by_default":false,"include_headers":[],
            "exclude_headers":[],"name_mappings":{},"repeated_headers_behavior":"retain_duplicates"},
        "error_handling":{"return_error_message":false},
        "authentication":{"strategy":null,"mechanism":null,"user":null,"password":null,"tokenauth":null,"oauthbearer":null},
        "security":{"ssl":null,"ssl_verify":true,"certificate_id":null},"schema_registry":{"confluent":null}});
    assert_eq!(config, expected);
}

#[test]
fn kafka_consume_is_filled_with_the_contracts_defaults() {
    let config = filled(
        &kafka_consume::FIELDS,
        &format!("{SERVERS}\ntopics: [{{name: t}}]"),
    );
    let expected = json!({
        "bootstrap_servers":[{"host":"localhost","port":9092}],"topics":[{"name":"t","schema_registry":null}],
        "mode":"http-get","message_deserializer":"noop","auto_offset_reset":"latest","enforce_latest_offset_reset":false,
        "commit_strategy":"auto","consumer_group":{"mode":"random","consumer_group_id":null},"cluster_name":null,
        "dlq_topic":null,"enable_dlq":null,"message_by_lua_functions":null,"error_handling":{"return_error_message":false},
        "authentication":{"strategy":null,"mechanism":null,"user":null,"password":null,"tokenauth":null,"oauthbearer":null},
        "security":{"ssl":null,"ssl_verify":true,"certificate_id":null},"schema_registry":{"confluent":null}});
    assert_eq!(config, expected);
}

#[test]
fn null_for_a_field_with_a_default_is_the_default() {
    let config = filled(
        &kafka_upstream::FIELDS,
        &format!("{SERVERS}\ntopic: t\ntimeout: null\nheaders: ~\nerror_handling: {{}}"),
    );
    assert_eq!(config["timeout"], 10_000);
    assert_eq!(config["headers"]["include_headers"], json!([]));
    assert_eq!(
        config["error_handling"],
        json!({"return_error_message": false})
    );
}

#[test]
fn the_contracts_examples_are_composed_word_for_word() {
    let missing = violations(&kafka_upstream::FIELDS, SERVERS);
    let config = Violations::Fields([("config".to_owned(), missing)].into());
    assert_eq!(
        config.message(),
        "schema violation (config.topic: required field missing)"
    );
    assert_eq!(
        config.to_json(),
        json!({"config": {"topic": "required field missing"}})
    );

    assert_eq!(
        violations(&route::FIELDS, "protocols: [x]").message(),
        "schema violation (protocols.1: expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp, ws, wss)"
    );

    let two = Violations::Fields(
        ["key", "cert"]
            .map(|name| {
                (
                    name.to_owned(),
                    Violations::at(Span::UNKNOWN, "required field missing"),
                )
            })
            .into(),
    );
    assert_eq!(
        two.message(),
        "2 schema violations (cert: required field missing; key: required field missing)"
    );

    let port = violations(
        &kafka_upstream::FIELDS,
        "topic: t\nbootstrap_servers: [{host: h, port: 70000}]",
    );
    let config = Violations::Fields([("config".to_owned(), port)].into());
    assert_eq!(
        config.message(),
        "schema violation (config.bootstrap_servers: {\n  {\n    port = \"value should be between 0 and 65535\"\n  }\n})"
    );

    let route = route::Route::check(&node("name: x")).unwrap_err();
    assert_eq!(
        route.message(),
        "schema violation (must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https')"
    );
}

#[test]
fn good_elements_before_a_bad_one_are_null() {
    let found = fields(
        &kafka_upstream::FIELDS,
        "topic: t\nbootstrap_servers: [{host: h, port: 1}, {host: '<YOUR_BOOTSTRAP_SERVER>', port: 1}]",
    );
    let expected =
        json!({"bootstrap_servers": [null, {"host": "invalid value: <YOUR_BOOTSTRAP_SERVER>"}]});
    assert_eq!(found, expected);
}

#[test]
fn every_type_has_its_words() {
    let found = fields(
        &kafka_upstream::FIELDS,
        "topic: 1\nbootstrap_servers: x\ntimeout: '1'\nkeepalive: 2.5\nforward_headers: 1\nforward_body: false\nheaders: 1\n\
         allowed_topics: t\nproducer_request_acks: 2\nnope: 1",
    );
    let expected = json!({
        "topic": "expected a string", "bootstrap_servers": "expected an array", "timeout": "expected an integer",
        "keepalive": "expected an integer", "forward_headers": "expected a boolean", "headers": "expected a record",
        "allowed_topics": "expected an array", "producer_request_acks": "expected one of: -1, 0, 1",
        "nope": "unknown field",
    });
    assert_eq!(found, expected);
    let found = fields(&route::FIELDS, "protocols: http\nheaders: 1\nhosts: [1]");
    let expected = json!({"protocols": "expected a set", "headers": "expected a map", "hosts": ["expected a string"]});
    assert_eq!(found, expected);
    assert_eq!(
        filled(
            &kafka_upstream::FIELDS,
            &format!("{SERVERS}\ntopic: t\ntimeout: 2.0")
        )["timeout"],
        2
    );
}

#[test]
fn nothing_to_choose_from_or_too_short_is_refused() {
    let found = fields(
        &kafka_consume::FIELDS,
        "bootstrap_servers: []\ntopics: [~]\nmode: sse\ndlq_topic: 'a b'",
    );
    let expected = json!({
        "bootstrap_servers": "length must be at least 1", "topics": ["expected a record"],
        "mode": "expected one of: http-get, server-sent-events, websocket", "dlq_topic": "invalid value: a b",
    });
    assert_eq!(found, expected);
}

#[test]
fn fields_depend_on_each_other() {
    let consume = |more: &str| fields(&kafka_consume::FIELDS, &format!("{SERVERS}\n{more}"));
    assert_eq!(
        consume("topics: [{name: a}, {name: b}, {name: a}]"),
        json!({"topics": [null, null, {"name": "duplicate topic"}]})
    );
    assert_eq!(
        consume("topics: [{name: a}]\nconsumer_group: {mode: manual}"),
        json!({"consumer_group": {"consumer_group_id": "required field missing"}})
    );
    let dlq = consume("topics: [{name: a}]\nenable_dlq: true");
    assert_eq!(dlq["dlq_topic"], "required field missing");
    let security = consume(
        "topics: [{name: a}]\nsecurity: {certificate_id: a3ad71a8-6685-4b03-a101-980a953544f6}",
    );
    assert_eq!(security["security"]["ssl"], "value must be true");
    let token = consume("topics: [{name: a}]\nauthentication: {tokenauth: true, mechanism: PLAIN}");
    assert_eq!(
        token["authentication"]["strategy"],
        "required field missing"
    );
    assert_eq!(token["authentication"]["user"], "required field missing");
    let oauth =
        consume("topics: [{name: a}]\nauthentication: {strategy: sasl, mechanism: OAUTHBEARER}");
    assert_eq!(
        oauth["authentication"]["oauthbearer"],
        "required field missing"
    );
}

#[test]
fn what_this_version_lacks_is_refused_at_its_field() {
    let cases = [
        (
            "authentication: {strategy: sasl, mechanism: PLAIN, user: u, password: p}",
            "/authentication/strategy",
            "strategy",
        ),
        (
            "authentication: {tokenauth: true}",
            "/authentication/tokenauth",
            "tokenauth=true",
        ),
        ("security: {ssl: true}", "/security/ssl", "ssl=true"),
        (
            "enable_dlq: true\ndlq_topic: d",
            "/enable_dlq",
            "enable_dlq=true",
        ),
        (
            "consumer_group: {mode: kong_consumer}",
            "/consumer_group/mode",
            "mode=kong_consumer",
        ),
        (
            "schema_registry: {confluent: {url: 'http://r'}}",
            "/schema_registry/confluent",
            "confluent",
        ),
    ];
    for (text, pointer, what) in cases {
        let found = fields(
            &kafka_consume::FIELDS,
            &format!("{SERVERS}\ntopics: [{{name: a}}]\n{text}"),
        );
        assert_eq!(
            found.pointer(pointer).unwrap(),
            &format!("{what} is not supported by this version"),
            "{found}"
        );
    }
}

#[test]
fn lua_and_the_registry_of_one_topic_are_refused_and_defaults_are_not() {
    let lua = fields(
        &kafka_consume::FIELDS,
        &format!("{SERVERS}\ntopics: [{{name: a}}]\nmessage_by_lua_functions: ['return 1']"),
    );
    assert_eq!(
        lua,
        json!({"message_by_lua_functions": "lua is not available in this build"})
    );
    let topic = fields(
        &kafka_consume::FIELDS,
        &format!(
            "{SERVERS}\ntopics: [{{name: a, schema_registry: {{confluent: {{url: 'http://r'}}}}}}]"
        ),
    );
    assert_eq!(
        topic["topics"][0]["schema_registry"]["confluent"],
        "confluent is not supported by this version"
    );
    let at_default = "security: {ssl: false}\nenable_dlq: false\nauthentication: {tokenauth: false}\n\
                      message_by_lua_functions: []\nschema_registry: {}\nconsumer_group: {mode: random}";
    filled(
        &kafka_consume::FIELDS,
        &format!("{SERVERS}\ntopics: [{{name: a}}]\n{at_default}"),
    );
}

#[test]
fn a_route_speaks_one_kind_of_protocol_and_none_of_raw_streams() {
    let mixed = route::Route::check(&node("protocols: [http, wss]\npaths: [/]")).unwrap_err();
    assert_eq!(
        mixed.to_json()["protocols"],
        "these sets are mutually exclusive: ('http', 'https'), ('ws', 'wss')"
    );
    let found = fields(&route::FIELDS, "protocols: [tcp, grpc]\npaths: [/]");
    assert_eq!(
        found["protocols"],
        json!([
            "not supported by this gateway",
            "grpc is not supported by this version"
        ])
    );
    assert_eq!(
        fields(&route::FIELDS, "protocols: []"),
        json!({"protocols": "length must be at least 1"})
    );
    assert_eq!(
        filled(&route::FIELDS, "protocols: [http, http]")["protocols"],
        json!(["http"])
    );
}

#[test]
fn a_route_without_matcher_is_told_which_it_may_set() {
    for (protocols, expected) in [
        (
            "[http]",
            "must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'",
        ),
        (
            "[https]",
            "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'",
        ),
        (
            "[ws]",
            "must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'ws'",
        ),
    ] {
        let found = route::Route::check(&node(&format!(
            "protocols: {protocols}\nhosts: []\nheaders: {{}}"
        )));
        assert_eq!(found.unwrap_err().to_json(), json!({"@entity": [expected]}));
    }
}

#[test]
fn header_names_and_patterns_of_a_route_are_checked() {
    let found = fields(
        &route::FIELDS,
        "headers: {host: [a], 'a b': [a], x: [], y: [1]}",
    );
    assert_eq!(found["headers"]["host"], "value must not be host");
    assert!(
        found["headers"]["a b"]
            .as_str()
            .unwrap()
            .starts_with("bad header name 'a b'")
    );
    assert_eq!(found["headers"]["x"], "length must be at least 1");
    assert_eq!(found["headers"]["y"], json!(["expected a string"]));
    let regex = route::Route::check(&node("headers: {x: [ok, '~*a(']}"))
        .unwrap_err()
        .to_json();
    assert_eq!(
        regex["headers"]["x"],
        json!([null, "invalid regex: 'a(' (unclosed group)"])
    );
}

#[test]
fn paths_of_violations_count_from_one_and_name_the_place() {
    let found = violations(
        &kafka_consume::FIELDS,
        "bootstrap_servers:\n  - {host: a:1, port: 1}\ntopics: [{name: a}]",
    );
    let place = Span {
        line: 2,
        column: 12,
    };
    assert_eq!(
        found.flatten("plugins[1].config"),
        [(
            "plugins[1].config.bootstrap_servers[1].host".to_owned(),
            place,
            "must not have a port".to_owned()
        )]
    );
}

#[test]
fn a_filled_record_does_not_print_its_values() {
    let filled = kafka_upstream::FIELDS
        .check(&node(&format!("{SERVERS}\ntopic: t-secret")))
        .unwrap();
    assert!(!format!("{filled:?}").contains("t-secret"));
}
