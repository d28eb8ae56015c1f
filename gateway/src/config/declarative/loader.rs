//! One load of a declarative file: walks the tree, collects entities and faults.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Declared, InternalTopics};
use crate::config::route::Route;
use crate::config::schema::{Filled, Violations};
use crate::input::{Fault, Key, Node, Span, Value};

/// Namespace of the ids that are made of names; a random UUID, fixed for ever.
pub(super) const IDS: Uuid = Uuid::from_u128(0x6f2c_53d8_0c1e_4c0b_9a41_7d5e_90b3_a7c4);

pub(super) fn load(
    file: &str,
    root: &Node,
    internal_topics: InternalTopics,
) -> Result<Declared, Vec<Fault>> {
    let mut loader = Loader {
        file,
        internal_topics,
        version: Version::Three,
        declared: Declared {
            routes: Vec::new(),
            plugins: Vec::new(),
        },
        places: HashMap::new(),
        seen: HashSet::new(),
        faults: Vec::new(),
    };
    loader.file(root);
    let Loader {
        declared,
        mut faults,
        ..
    } = loader;
    faults.sort_by_key(|fault| (fault.span.line, fault.span.column));
    if faults.is_empty() {
        Ok(declared)
    } else {
        Err(faults)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// 1.1 and 2.1: a path that looks like a regular expression is one.
    Old,
    /// 3.0: a path with `~` is one.
    Three,
}

pub(super) struct Loader<'a> {
    file: &'a str,
    pub(super) internal_topics: InternalTopics,
    version: Version,
    pub(super) declared: Declared,
    /// Routes by name and by id, those with faults too: a reference to them is not a second fault.
    pub(super) places: HashMap<String, Option<Uuid>>,
    /// What must be unique: kind and value.
    seen: HashSet<String>,
    pub(super) faults: Vec<Fault>,
}

/// The plugin's place: what its `route` field must say.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    /// Nested under a route; `None` when the route itself has faults.
    Route(Option<Uuid>),
    /// In the file's own list: every route, unless it names one.
    File,
    /// Nested under a service, which is refused as a whole.
    Service,
}

/// An entity as it is written.
#[derive(Clone, Copy)]
pub(super) struct Written<'n> {
    pub(super) path: &'n str,
    pub(super) node: &'n Node,
}

impl Written<'_> {
    /// Where a field stands, or else the entity.
    pub(super) fn span(self, field: &str) -> Span {
        self.node
            .get(field)
            .map_or(self.node.span, |node| node.span)
    }
}

impl Loader<'_> {
    fn file(&mut self, root: &Node) {
        let Some(entries) = root.entries() else {
            return self.fault(root.span, "", "expected a declarative configuration");
        };
        self.version(root);
        for (key, node) in entries {
            self.collection(key, node);
        }
        // After the routes, wherever the list stands.
        for (path, node) in self.list(root.get("plugins"), "plugins") {
            self.plugin(&path, node, Scope::File);
        }
    }

    fn version(&mut self, root: &Node) {
        let expected = "expected one of: \"1.1\", \"2.1\", \"3.0\"";
        match root.get("_format_version").map(|node| (node.text(), node)) {
            Some((Some("3.0"), _)) => {}
            Some((Some("1.1" | "2.1"), _)) => self.version = Version::Old,
            Some((Some(_), node)) => self.fault(node.span, "_format_version", expected),
            Some((None, node)) if !node.is_null() => {
                self.fault(
                    node.span,
                    "_format_version",
                    "expected a string, in quotes: \"3.0\"",
                );
            }
            _ => self.fault(root.span, "_format_version", "required field missing"),
        }
    }

    fn collection(&mut self, key: &Key, node: &Node) {
        match key.name.as_str() {
            "_format_version" | "plugins" => {}
            "_transform" => {
                if !matches!(node.value, Value::Boolean(_) | Value::Null) {
                    self.fault(node.span, "_transform", "expected a boolean");
                }
            }
            "routes" => {
                for (path, node) in self.list(Some(node), "routes") {
                    self.route(&path, node);
                }
            }
            "services" => {
                for (path, node) in self.list(Some(node), "services") {
                    self.service(&path, node);
                }
            }
            name @ ("consumers" | "certificates" | "snis" | "keyauth_credentials") => {
                if !self.list(Some(node), name).is_empty() {
                    self.fault(
                        key.span,
                        name,
                        &format!("{name} are not supported by this version"),
                    );
                }
            }
            name => self.fault(key.span, name, "unknown field"),
        }
    }

    /// The elements under `path`, each with its own path; a fault when there is something else than a list.
    fn list<'n>(&mut self, node: Option<&'n Node>, path: &str) -> Vec<(String, &'n Node)> {
        let Some(node) = node.filter(|node| !node.is_null()) else {
            return Vec::new();
        };
        if !matches!(node.value, Value::List(_)) {
            self.fault(node.span, path, "expected an array");
        }
        let numbered = node.elements().iter().zip(1_usize..);
        numbered
            .map(|(node, position)| (format!("{path}[{position}]"), node))
            .collect()
    }

    fn route(&mut self, path: &str, node: &Node) {
        let own = self.without_plugins(node);
        self.name_known(&own, None);
        let id = match Route::check(&own) {
            Ok(filled) => self.add_route(Written { path, node: &own }, filled),
            Err(violations) => {
                self.violations(path, &violations);
                None
            }
        };
        let plugins = format!("{path}.plugins");
        for (path, node) in self.list(node.get("plugins"), &plugins) {
            self.plugin(&path, node, Scope::Route(id));
        }
    }

    fn add_route(&mut self, written: Written<'_>, mut filled: Filled) -> Option<Uuid> {
        let given = filled.text("id").and_then(|id| Uuid::try_parse(id).ok());
        let id = given.unwrap_or_else(|| self.made_id(filled.text("name"), written.node));
        filled.set("id", id.to_string());
        let is_new = filled.text("name").is_none_or(|name| {
            let expected = format!("UNIQUE violation detected on '{{name=\"{name}\"}}'");
            self.unique(written, "name", &format!("routes name={name}"), &expected)
        });
        if is_new {
            self.unique_id(written, "routes", id);
        }
        match filled.typed::<Route>() {
            Ok(route) => {
                self.name_known(written.node, Some(id));
                self.places.insert(id.to_string(), Some(id));
                self.declared.routes.push(route);
                Some(id)
            }
            Err(error) => {
                self.fault(written.node.span, written.path, &error.to_string());
                None
            }
        }
    }

    /// The id of a route that has none: of its name, or else of what it says; equal ones are counted.
    fn made_id(&mut self, name: Option<&str>, node: &Node) -> Uuid {
        if let Some(name) = name {
            return Uuid::new_v5(&IDS, format!("routes/{name}").as_bytes());
        }
        let said = node.to_json().to_string();
        let mut copy = 0_usize;
        while !self.seen.insert(format!("routes said={copy}/{said}")) {
            copy += 1;
        }
        Uuid::new_v5(&IDS, format!("routes//{copy}/{said}").as_bytes())
    }

    fn name_known(&mut self, node: &Node, id: Option<Uuid>) {
        if let Some(name) = node.get("name").and_then(Node::text) {
            self.places.insert(name.to_owned(), id);
        }
    }

    /// A service is refused; what hangs below it is read as far as its faults need a name.
    fn service(&mut self, path: &str, node: &Node) {
        let expected =
            "services are not supported by this version: this gateway forwards to no upstream";
        self.fault(node.span, path, expected);
        let plugins = format!("{path}.plugins");
        for (path, node) in self.list(node.get("plugins"), &plugins) {
            self.plugin(&path, node, Scope::Service);
        }
    }

    /// Remembers `value`, and whether it is new; when it is not, `expected` is a fault at `field`.
    pub(super) fn unique(
        &mut self,
        written: Written<'_>,
        field: &str,
        value: &str,
        expected: &str,
    ) -> bool {
        let is_new = self.seen.insert(value.to_owned());
        if !is_new {
            self.fault_in(written, field, expected);
        }
        is_new
    }

    pub(super) fn unique_id(&mut self, written: Written<'_>, kind: &str, id: Uuid) {
        let expected = format!("primary key violation on key '{{id=\"{id}\"}}'");
        self.unique(written, "id", &format!("{kind} id={id}"), &expected);
    }

    /// The route alone; in an old file with `~` before paths that look like regular expressions.
    fn without_plugins(&self, node: &Node) -> Node {
        let Some(entries) = node.entries() else {
            return node.clone();
        };
        let kept = entries.iter().filter(|(key, _)| key.name != "plugins");
        let value = Value::Map(
            kept.map(|(key, node)| match key.name.as_str() {
                "paths" if self.version == Version::Old => (key.clone(), with_regex_marks(node)),
                _ => (key.clone(), node.clone()),
            })
            .collect(),
        );
        Node {
            span: node.span,
            value,
        }
    }

    pub(super) fn violations(&mut self, path: &str, violations: &Violations) {
        for (path, span, expected) in violations.flatten(path) {
            self.fault(span, &path, &expected);
        }
    }

    /// A fault at a field of an entity, or at the entity when the field is not there.
    pub(super) fn fault_in(&mut self, written: Written<'_>, field: &str, expected: &str) {
        self.fault(
            written.span(field),
            &format!("{}.{field}", written.path),
            expected,
        );
    }

    pub(super) fn fault(&mut self, span: Span, path: &str, expected: &str) {
        self.faults.push(Fault {
            file: self.file.to_owned(),
            span,
            path: path.to_owned(),
            expected: expected.to_owned(),
        });
    }
}

/// `~` before every path that has a letter which no plain path has.
fn with_regex_marks(node: &Node) -> Node {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~/%".contains(&byte);
    let is_regex = |text: &str| text.starts_with('/') && !text.bytes().all(is_plain);
    let mark = |node: &Node| match node.text().filter(|text| is_regex(text)) {
        Some(text) => Node {
            span: node.span,
            value: Value::Text(format!("~{text}")),
        },
        None => node.clone(),
    };
    match &node.value {
        Value::List(nodes) => Node {
            span: node.span,
            value: Value::List(nodes.iter().map(mark).collect()),
        },
        _ => node.clone(),
    }
}
