//! What the tests of this folder share.

use crate::config::declarative::{self, InternalTopics};
use crate::config::kafka_upstream::KafkaUpstream;
use crate::config::plugin::PluginConfig;

/// A valid configuration: topic `main`, and `fields` as YAML in flow style.
pub(super) fn config(fields: &str) -> KafkaUpstream {
    let text = format!(
        "{{_format_version: '3.0', routes: [{{name: r, paths: [/], plugins: [{{name: kafka-upstream, config: \
         {{bootstrap_servers: [{{host: localhost, port: 9092}}], topic: main, {fields}}}}}]}}]}}"
    );
    let snapshot = declarative::load("test", &text, InternalTopics::Allow)
        .unwrap()
        .snapshot()
        .unwrap();
    let entry = snapshot.router.iter().next().unwrap();
    match &entry.plugins[0].config {
        PluginConfig::KafkaUpstream(config) => (**config).clone(),
        other @ PluginConfig::KafkaConsume(_) => panic!("{other:?}"),
    }
}
