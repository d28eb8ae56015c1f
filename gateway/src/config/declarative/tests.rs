use uuid::Uuid;

use super::*;
use crate::config::kafka_consume::{CommitStrategy, GroupMode, Mode, OffsetReset};
use crate::config::kafka_upstream::Acks;
use crate::config::plugin::PluginConfig;

fn declared(text: &str) -> Declared {
    load("f.yaml", text, InternalTopics::Refuse).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// What is wrong, one line each.
fn faults(text: &str) -> Vec<String> {
    let faults = load("f.yaml", text, InternalTopics::Refuse).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

/// A file of one route with `plugins`, indented by four blanks.
fn route_with(plugins: &str) -> String {
    format!("_format_version: '3.0'\nroutes:\n- name: r\n  paths: [/r]\n  plugins:\n{plugins}\n")
}

const UPSTREAM: &str = "{bootstrap_servers: [{host: localhost, port: 9092}], topic: t}";
const CONSUME: &str = "{bootstrap_servers: [{host: localhost, port: 9092}], topics: [{name: t}]}";

#[test]
fn a_route_with_its_plugin_becomes_typed() {
    let text = route_with(
        "  - name: kafka-consume
    instance_name: first
    config:
      bootstrap_servers: [{host: localhost, port: 9092}]
      topics: [{name: a}, {name: b}]
      mode: server-sent-events
      commit_strategy: off
      auto_offset_reset: latest
      consumer_group: {mode: manual, consumer_group_id: g}",
    );
    let declared = declared(&text);
    assert_eq!(
        declared.routes[0].paths.as_deref(),
        Some(&["/r".to_owned()][..])
    );
    let plugin = &declared.plugins[0];
    assert_eq!(plugin.route, Some(declared.routes[0].id));
    assert_eq!(plugin.instance_name.as_deref(), Some("first"));
    let PluginConfig::KafkaConsume(config) = &plugin.config else {
        panic!("kafka-consume");
    };
    assert_eq!(config.mode, Mode::ServerSentEvents);
    assert_eq!(config.commit_strategy, CommitStrategy::Off);
    assert_eq!(
        config.start(),
        OffsetReset::Earliest,
        "latest is not enforced"
    );
    assert_eq!(config.consumer_group.mode, GroupMode::Manual);
    assert_eq!(
        config.consumer_group.consumer_group_id.as_deref(),
        Some("g")
    );
    let topics: Vec<&str> = config
        .topics
        .iter()
        .map(|topic| topic.name.as_str())
        .collect();
    assert_eq!(topics, ["a", "b"]);
}

#[test]
fn json_says_the_same_as_yaml() {
    let json = r#"{"_format_version": "3.0", "routes": [{"name": "r", "paths": ["/r"], "plugins": [
        {"name": "kafka-upstream", "config": {"bootstrap_servers": [{"host": "localhost", "port": 9092}], "topic": "t",
         "producer_request_acks": -1}}]}]}"#;
    let yaml = route_with(
        "  - name: kafka-upstream\n    config: {bootstrap_servers: [{host: localhost, port: 9092}], topic: t, producer_request_acks: -1}",
    );
    assert_eq!(declared(json), declared(&yaml));
    let declared = declared(json);
    let PluginConfig::KafkaUpstream(config) = &declared.plugins[0].config else {
        panic!("kafka-upstream");
    };
    assert_eq!(config.producer_request_acks, Acks::All);
    assert_eq!(config.bootstrap_servers[0].to_string(), "localhost:9092");
}

#[test]
fn made_ids_are_stable_distinct_and_given_ones_are_kept() {
    let text = format!(
        "_format_version: '3.0'
routes:
- {{name: a, paths: [/a], plugins: [{{name: kafka-upstream, config: {UPSTREAM}}}]}}
- {{name: b, paths: [/a], plugins: [{{name: kafka-upstream, config: {UPSTREAM}}}]}}
- {{paths: [/x]}}
- {{paths: [/x]}}
- {{id: a3ad71a8-6685-4b03-a101-980a953544f6, paths: [/y]}}
"
    );
    let first = declared(&text);
    assert_eq!(first, declared(&text));
    let mut ids: Vec<Uuid> = first.routes.iter().map(|route| route.id).collect();
    ids.extend(first.plugins.iter().map(|plugin| plugin.id));
    assert_eq!(ids[4].to_string(), "a3ad71a8-6685-4b03-a101-980a953544f6");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 7, "no two are equal");
    assert_eq!(first.routes[0].id.get_version_num(), 5);
    let moved =
        declared("_format_version: '3.0'\nroutes:\n- {paths: [/z]}\n- {name: a, hosts: [h]}\n");
    assert_eq!(
        moved.routes[1].id, first.routes[0].id,
        "a name keeps its id wherever it stands"
    );
}

#[test]
fn a_plugin_of_the_file_is_global_or_names_its_route_by_name_or_id() {
    let id = "a3ad71a8-6685-4b03-a101-980a953544f6";
    let text = format!(
        "_format_version: '3.0'
plugins:
- {{name: kafka-upstream, config: {UPSTREAM}}}
- {{name: kafka-consume, route: a, config: {CONSUME}}}
- {{name: kafka-consume, route: {{id: {id}}}, config: {CONSUME}}}
routes:
- {{name: a, paths: [/a]}}
- {{id: {id}, paths: [/b]}}
"
    );
    let declared = declared(&text);
    assert_eq!(declared.plugins[0].route, None);
    assert_eq!(declared.plugins[1].route, Some(declared.routes[0].id));
    assert_eq!(declared.plugins[2].route, Some(declared.routes[1].id));
}

#[test]
fn a_route_gets_its_own_plugin_before_the_global_one_and_no_disabled_one() {
    let text = format!(
        "_format_version: '3.0'
routes:
- name: own
  paths: [/own]
  plugins: [{{name: kafka-upstream, instance_name: own, config: {UPSTREAM}}}]
- {{name: none, paths: [/none]}}
- {{name: sockets, protocols: [ws, wss], paths: [/sockets]}}
- name: off
  paths: [/off]
  plugins: [{{name: kafka-consume, enabled: false, config: {CONSUME}}}]
plugins:
- {{name: kafka-upstream, instance_name: global, config: {UPSTREAM}}}
- {{name: kafka-consume, instance_name: reader, route: none, config: {CONSUME}}}
"
    );
    let snapshot = declared(&text).snapshot().unwrap();
    let plugins = |name: &str| -> Vec<String> {
        let entry = snapshot
            .router
            .iter()
            .find(|entry| entry.route.name.as_deref() == Some(name))
            .unwrap();
        entry
            .plugins
            .iter()
            .map(|plugin| plugin.instance_name.clone().unwrap_or_default())
            .collect()
    };
    assert_eq!(plugins("own"), ["own"]);
    assert_eq!(
        plugins("none"),
        ["reader", "global"],
        "priority 753 before 751"
    );
    assert_eq!(plugins("off"), ["global"]);
    assert!(
        plugins("sockets").is_empty(),
        "kafka-upstream does not speak ws"
    );
}

#[test]
fn the_format_version_is_required_and_old_ones_mark_their_regexes() {
    assert_eq!(
        faults("routes: []\n"),
        ["f.yaml:1:1: _format_version: required field missing"]
    );
    assert_eq!(
        faults("_format_version: 3.0\n"),
        ["f.yaml:1:18: _format_version: expected a string, in quotes: \"3.0\""]
    );
    assert_eq!(
        faults("_format_version: '4.0'\n"),
        ["f.yaml:1:18: _format_version: expected one of: \"1.1\", \"2.1\", \"3.0\""]
    );
    for version in ["1.1", "2.1"] {
        let old = declared(&format!(
            "_format_version: '{version}'\nroutes: [{{paths: ['/a/\\d+', /b.c, '~/d/\\w']}}]\n"
        ));
        assert_eq!(
            old.routes[0].paths.as_deref().unwrap(),
            ["~/a/\\d+", "/b.c", "~/d/\\w"]
        );
    }
}

#[test]
fn what_is_no_configuration_is_one_fault() {
    for text in ["", "[]", "x"] {
        assert_eq!(faults(text).len(), 1, "{text}");
        assert!(
            faults(text)[0].ends_with("expected a declarative configuration"),
            "{text}"
        );
    }
}

#[test]
fn unknown_fields_are_faults_at_every_level() {
    let text = "_format_version: '3.0'
_transform: yes please
upstreams: []
routes:
- paths: [/]
  expression: x
  plugins:
  - name: kafka-upstream
    conf: {}
    config:
      bootstrap_servers: [{host: a, port: 1, tls: true}]
      topic: t
";
    assert_eq!(
        faults(text),
        [
            "f.yaml:2:13: _transform: expected a boolean",
            "f.yaml:3:1: upstreams: unknown field",
            "f.yaml:6:3: routes[1].expression: unknown field",
            "f.yaml:9:5: routes[1].plugins[1].conf: unknown field",
            "f.yaml:11:46: routes[1].plugins[1].config.bootstrap_servers[1].tls: unknown field",
        ]
    );
}

#[test]
fn services_are_refused_and_a_kafka_consume_under_one_in_the_contracts_words() {
    let text = "_format_version: '3.0'
services:
- name: s
  url: http://upstream
  plugins:
  - name: kafka-consume
    config: {}
  routes:
  - paths: [/]
plugins:
- name: kafka-consume
  service: s
  config: {bootstrap_servers: [{host: a, port: 1}], topics: [{name: t}]}
";
    assert_eq!(
        faults(text),
        [
            "f.yaml:3:3: services[1]: services are not supported by this version: this gateway forwards to no upstream",
            "f.yaml:6:11: services[1].plugins[1].service: value must be null (plugin 'kafka-consume' cannot belong to a service)",
            "f.yaml:12:12: plugins[1].service: value must be null",
        ]
    );
}

#[test]
fn consumers_and_certificates_are_refused_and_empty_lists_are_not() {
    let text =
        "_format_version: '3.0'\nconsumers: [{username: u}]\ncertificates: []\nsnis:\nroutes: {}\n";
    assert_eq!(
        faults(text),
        [
            "f.yaml:2:1: consumers: consumers are not supported by this version",
            "f.yaml:5:9: routes: expected an array",
        ]
    );
}

#[test]
fn a_plugin_must_be_known_built_and_placed_right() {
    let text = format!(
        "_format_version: '3.0'
plugins:
- {{name: foo}}
- {{name: key-auth}}
- {{config: {{}}}}
- 7
- {{name: kafka-upstream, route: nope, config: {UPSTREAM}}}
- {{name: kafka-upstream, consumer: c, config: {UPSTREAM}}}
routes:
- {{name: r, paths: [/], plugins: [{{name: kafka-upstream, route: r, config: {UPSTREAM}}}]}}
- {{name: w, paths: [/], protocols: [ws], plugins: [{{name: kafka-upstream, config: {UPSTREAM}}}]}}
"
    );
    assert_eq!(
        faults(&text),
        [
            "f.yaml:3:10: plugins[1].name: plugin 'foo' not enabled; add it to the 'plugins' configuration property",
            "f.yaml:4:10: plugins[2].name: plugin 'key-auth' is not supported by this version",
            "f.yaml:5:3: plugins[3].name: required field missing",
            "f.yaml:6:3: plugins[4]: expected a record",
            "f.yaml:7:33: plugins[5].route: the foreign key cannot be resolved with '{name=\"nope\"}' for an existing 'routes' entity",
            "f.yaml:8:36: plugins[6].consumer: consumer is not supported by this version",
            "f.yaml:10:65: routes[1].plugins[1].route: value must be null",
            "f.yaml:11:52: routes[2].plugins[1].protocols: must match the associated route's protocols",
        ]
    );
}

#[test]
fn names_ids_and_plugins_are_unique() {
    let id = "a3ad71a8-6685-4b03-a101-980a953544f6";
    let text = format!(
        "_format_version: '3.0'
routes:
- {{name: r, id: {id}, paths: [/]}}
- {{name: r, paths: [/]}}
- {{id: {id}, paths: [/]}}
plugins:
- {{name: kafka-upstream, route: r, config: {UPSTREAM}}}
- {{name: kafka-upstream, config: {UPSTREAM}}}
- {{name: kafka-upstream, config: {UPSTREAM}}}
"
    );
    assert_eq!(
        faults(&text),
        [
            "f.yaml:4:10: routes[2].name: UNIQUE violation detected on '{name=\"r\"}'".to_owned(),
            format!("f.yaml:5:8: routes[3].id: primary key violation on key '{{id=\"{id}\"}}'"),
            "f.yaml:9:10: plugins[3].name: UNIQUE violation detected on \
             '{consumer=null,name=\"kafka-upstream\",route=null,service=null}'"
                .to_owned(),
        ]
    );
}

#[test]
fn topics_of_kafkas_own_need_the_setting() {
    let text = route_with(
        "  - name: kafka-upstream
    config: {bootstrap_servers: [{host: a, port: 1}], topic: __a, allowed_topics: [b, __c]}
  - name: kafka-consume
    config: {bootstrap_servers: [{host: a, port: 1}], topics: [{name: b}, {name: __consumer_offsets}]}",
    );
    let refused =
        "topics that begin with '__' are refused unless produce.allow_internal_topics is true";
    assert_eq!(
        faults(&text),
        [
            format!("f.yaml:7:62: routes[1].plugins[1].config.topic: {refused}"),
            format!("f.yaml:7:87: routes[1].plugins[1].config.allowed_topics[2]: {refused}"),
            format!("f.yaml:9:82: routes[1].plugins[2].config.topics[2].name: {refused}"),
        ]
    );
    assert!(load("f.yaml", &text, InternalTopics::Allow).is_ok());
}

#[test]
fn the_deepest_legal_configuration_fits_and_a_deeper_one_is_a_fault() {
    let registry = "schema_registry: {confluent: {url: 'http://r', authentication: {mode: oauth2, oauth2: \
                    {token_endpoint: 'http://t', scopes: [a]}}}}";
    let text = format!(
        "_format_version: '3.0'\nroutes:\n- paths: [/]\n  plugins:\n  - name: kafka-consume\n    config: \
         {{bootstrap_servers: [{{host: a, port: 1}}], topics: [{{name: t, {registry}}}]}}\n"
    );
    let found = faults(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with("confluent is not supported by this version"),
        "{found:?}"
    );
    let deep = format!(
        "_format_version: '3.0'\nroutes: {}{}\n",
        "[".repeat(20),
        "]".repeat(20)
    );
    assert_eq!(faults(&deep).len(), 1);
}

#[test]
fn a_file_cut_anywhere_is_a_fault_or_a_configuration() {
    let text = route_with(&format!("  - name: kafka-consume\n    config: {CONSUME}"));
    for end in 0..text.len() {
        if let Err(faults) = load("f.yaml", &text[..end], InternalTopics::Refuse) {
            assert!(!faults.is_empty());
        }
    }
}
