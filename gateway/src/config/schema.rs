//! The schema of an entity or plugin as data, and the engine that checks and fills a [`Node`] by it.
//!
//! A [`Record`] lists its [`Field`]s with type, default and rules, as the vendor's schema does; the tables are beside
//! the typed structs they feed. [`Record::check`] gives either the filled values, every field present, or all
//! [`Violations`], each with the place in the file and, for the Admin API, as the tree and the sentence of
//! kong-admin.md §6. Nothing here knows a plugin, and nesting is bounded by [`crate::input::MAX_DEPTH`].

mod check;
mod field;
mod violations;
mod walk;

pub use field::{Absent, Check, Field, Kind, OneOf, Preset, Record, Refused};
pub use violations::Violations;

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::input::{MAX_DEPTH, Node, Value};

/// The values of a valid record, every field present. `Debug` shows the names only: values may be secrets.
#[derive(Clone, PartialEq)]
pub struct Filled(Map<String, Json>);

impl Filled {
    /// The values as JSON, secrets in clear.
    pub fn expose(&self) -> &Map<String, Json> {
        &self.0
    }

    /// The texts of a list; none when the field is null or something else.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.0.get(name).and_then(Json::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect()
    }

    /// The text of a field; `None` when it is null or something else.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Sets what the schema leaves to its owner, such as a generated id.
    pub fn set(&mut self, name: &str, value: impl Into<Json>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The values as a struct. The error can only mean that the struct and the schema disagree.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.0)
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Record {
    /// Checks `node` and fills what is missing. All violations are reported at once.
    pub fn check(&self, node: &Node) -> Result<Filled, Violations> {
        match check::record(self, node, MAX_DEPTH) {
            (Json::Object(values), None) => Ok(Filled(values)),
            (_, Some(violations)) => Err(violations),
            (_, None) => Err(Violations::at(node.span, "expected a record")),
        }
    }
}

/// The kind of a value in the words of the schema: `expected a record`.
fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "expected a string",
        Kind::Integer => "expected an integer",
        Kind::Number => "expected a number",
        Kind::Boolean => "expected a boolean",
        Kind::Array(_) => "expected an array",
        Kind::Set(_) => "expected a set",
        Kind::Map { .. } => "expected a map",
        Kind::Record(..) | Kind::Reference => "expected a record",
    }
}

/// The elements of a list; an empty map is an empty list, as it is in the vendor's Lua.
fn elements(node: &Node) -> Option<&[Node]> {
    match &node.value {
        Value::List(nodes) => Some(nodes),
        Value::Map(entries) if entries.is_empty() => Some(&[]),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
