//! The plugins of a declarative file: to which route they belong, and whether they may.

use uuid::Uuid;

use super::InternalTopics;
use super::loader::{IDS, Loader, Scope, Written};
use crate::config::plugin::{Plugin, PluginSchema};
use crate::config::schema::Filled;
use crate::input::Node;

/// What a plugin is attached to.
#[derive(Clone, Copy)]
enum Owner {
    Everything,
    Route(Uuid),
    /// A route that is not there or has faults of its own: the plugin is checked alone.
    Unknown,
}

impl Loader<'_> {
    /// One plugin, wherever it stands.
    pub(super) fn plugin(&mut self, path: &str, node: &Node, scope: Scope) {
        let written = Written { path, node };
        let Some(schema) = self.plugin_schema(written) else {
            return;
        };
        if let Scope::Service = scope {
            if schema.name == "kafka-consume" {
                let expected =
                    "value must be null (plugin 'kafka-consume' cannot belong to a service)";
                self.fault(written.span("name"), &format!("{path}.service"), expected);
            }
            return;
        }
        let before = self.faults.len();
        let owner = self.owner(written, scope);
        self.internal_topics(written, schema);
        match schema.entity.check(node) {
            Err(violations) => self.violations(path, &violations),
            Ok(filled) if self.faults.len() == before => {
                self.add_plugin(written, schema, &filled, owner);
            }
            Ok(_) => {}
        }
    }

    /// What the plugin's name stands for.
    fn plugin_schema(&mut self, written: Written<'_>) -> Option<&'static PluginSchema> {
        let Written { path, node } = written;
        let field = format!("{path}.name");
        match node.get("name").map(|name| (name, name.text())) {
            _ if node.entries().is_none() => self.fault(node.span, path, "expected a record"),
            None => self.fault(node.span, &field, "required field missing"),
            Some((name, None)) => self.fault(name.span, &field, "expected a string"),
            Some((name, Some(text))) => match PluginSchema::of(text) {
                Ok(schema) => return Some(schema),
                Err(expected) => self.fault(name.span, &field, &expected),
            },
        }
        None
    }

    /// What the plugin is attached to, by its place or by its `route` field.
    fn owner(&mut self, written: Written<'_>, scope: Scope) -> Owner {
        let field = written.node.get("route").filter(|node| !node.is_null());
        match (scope, field) {
            (Scope::Route(_), Some(_)) => {
                self.fault_in(written, "route", "value must be null");
                Owner::Unknown
            }
            (Scope::Route(id), None) => id.map_or(Owner::Unknown, Owner::Route),
            (_, None) => Owner::Everything,
            (_, Some(field)) => {
                let by_key = ["id", "name"].iter().find_map(|key| field.get(key)?.text());
                // Neither is a fault that the schema names.
                let Some(key) = by_key.or_else(|| field.text()) else {
                    return Owner::Unknown;
                };
                if !self.places.contains_key(key) {
                    let expected = format!(
                        "the foreign key cannot be resolved with '{{name=\"{key}\"}}' for an existing 'routes' entity"
                    );
                    self.fault_in(written, "route", &expected);
                }
                let id = self.places.get(key).copied().flatten();
                id.map_or(Owner::Unknown, Owner::Route)
            }
        }
    }

    fn internal_topics(&mut self, written: Written<'_>, schema: &PluginSchema) {
        let refuse = self.internal_topics == InternalTopics::Refuse;
        let Some(config) = written.node.get("config").filter(|_| refuse) else {
            return;
        };
        for (topic, span) in schema.internal_topics(config) {
            let expected = "topics that begin with '__' are refused unless produce.allow_internal_topics is true";
            self.fault(span, &format!("{}.config.{topic}", written.path), expected);
        }
    }

    fn add_plugin(
        &mut self,
        written: Written<'_>,
        schema: &PluginSchema,
        filled: &Filled,
        owner: Owner,
    ) {
        let (route, scope) = match owner {
            Owner::Everything => (None, "null".to_owned()),
            Owner::Route(id) => (Some(id), format!("{{id=\"{id}\"}}")),
            Owner::Unknown => return,
        };
        let name = schema.name;
        let is_new = self.unique(written, "name", &format!("plugins {name} {scope}"), &format!(
            "UNIQUE violation detected on '{{consumer=null,name=\"{name}\",route={scope},service=null}}'"
        ));
        if let Some(instance) = filled.text("instance_name") {
            let expected =
                format!("UNIQUE violation detected on '{{instance_name=\"{instance}\"}}'");
            self.unique(
                written,
                "instance_name",
                &format!("plugins instance={instance}"),
                &expected,
            );
        }
        let made = || Uuid::new_v5(&IDS, format!("plugins/{name}/{scope}").as_bytes());
        let id = filled
            .text("id")
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or_else(made);
        if is_new {
            self.unique_id(written, "plugins", id);
        }
        match schema.entity_of(filled, id, route) {
            Ok(plugin) => {
                self.shares_protocol(written, &plugin);
                self.declared.plugins.push(plugin);
            }
            Err(error) => self.fault(written.node.span, written.path, &error.to_string()),
        }
    }

    fn shares_protocol(&mut self, written: Written<'_>, plugin: &Plugin) {
        let route = plugin
            .route
            .and_then(|id| self.declared.routes.iter().find(|route| route.id == id));
        let shared = route.is_none_or(|route| {
            route
                .protocols
                .iter()
                .any(|protocol| plugin.protocols.contains(protocol))
        });
        if !shared {
            self.fault_in(
                written,
                "protocols",
                "must match the associated route's protocols",
            );
        }
    }
}
