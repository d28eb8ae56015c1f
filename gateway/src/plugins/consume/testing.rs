//! What the tests of this folder share.

use kafka_client::{Headers, RecordRef};

use super::value::Style;
use crate::config::declarative::{self, InternalTopics};
use crate::config::kafka_consume::KafkaConsume;
use crate::config::plugin::PluginConfig;

/// A valid configuration: topic `t` unless `fields`, YAML in flow style, has others.
pub(super) fn config(fields: &str) -> KafkaConsume {
    let topics = if fields.contains("topics:") {
        ""
    } else {
        "topics: [{name: t}],"
    };
    let text = format!(
        "{{_format_version: '3.0', routes: [{{name: r, paths: [/], plugins: [{{name: kafka-consume, config: \
         {{bootstrap_servers: [{{host: localhost, port: 9092}}], {topics} {fields}}}}}]}}]}}"
    );
    let snapshot = declarative::load("test", &text, InternalTopics::Allow)
        .unwrap()
        .snapshot()
        .unwrap();
    let entry = snapshot.router.iter().next().unwrap();
    match &entry.plugins[0].config {
        PluginConfig::KafkaConsume(config) => (**config).clone(),
        other @ PluginConfig::KafkaUpstream(_) => panic!("{other:?}"),
    }
}

/// How records are printed by default.
pub(super) const STYLE: Style = Style {
    parses_json: false,
    null_key_empty: true,
    empty_records_object: false,
    record_max_bytes: 8 << 20,
};

/// A record without headers.
pub(super) fn record<'a>(
    offset: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
) -> RecordRef<'a> {
    RecordRef {
        offset,
        timestamp: 1_700_000_000_000,
        key,
        value,
        headers: Headers::default(),
    }
}
