//! What is wrong with an entity: a tree in the shape of the entity.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use crate::input::Span;

/// Everything that is wrong, in the shape of what was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violations {
    /// The value itself is wrong.
    At {
        /// Where it stands in its file.
        span: Span,
        /// What was expected.
        expected: String,
    },
    /// Fields of a record or map are wrong. What is wrong with the whole record is under `@entity`.
    Fields(BTreeMap<String, Violations>),
    /// Elements of a list are wrong, by position from 0.
    Elements(BTreeMap<usize, Violations>),
}

impl Violations {
    /// One violation.
    pub fn at(span: Span, expected: impl Into<String>) -> Violations {
        Violations::At {
            span,
            expected: expected.into(),
        }
    }

    /// The `fields` of an Admin API error; good elements of a list are null.
    pub fn to_json(&self) -> Json {
        match self {
            Violations::At { expected, .. } => expected.as_str().into(),
            Violations::Fields(fields) => fields
                .iter()
                .map(|(name, violations)| (name.clone(), violations.to_json()))
                .collect::<Map<String, Json>>()
                .into(),
            Violations::Elements(elements) => {
                let length = elements.keys().next_back().map_or(0, |last| last + 1);
                let element = |position| {
                    elements
                        .get(&position)
                        .map_or(Json::Null, Violations::to_json)
                };
                (0..length).map(element).collect()
            }
        }
    }

    /// The `message` of an Admin API error, as kong-admin.md §6 composes it.
    pub fn message(&self) -> String {
        let mut sentences = Vec::new();
        match self {
            Violations::At { expected, .. } => sentences.push(expected.clone()),
            Violations::Fields(fields) => {
                if let Some(Violations::Elements(entity)) = fields.get(ENTITY) {
                    sentences.extend(entity.values().map(Violations::as_text));
                }
                for (name, violations) in fields.iter().filter(|(name, _)| *name != ENTITY) {
                    sentences.extend(violations.sentences(name));
                }
            }
            Violations::Elements(_) => sentences.push(self.as_text()),
        }
        let joined = sentences.join("; ");
        match sentences.len() {
            1 => format!("schema violation ({joined})"),
            count => format!("{count} schema violations ({joined})"),
        }
    }

    /// `name: text`, or one `name.sub: text` per part.
    fn sentences(&self, name: &str) -> Vec<String> {
        self.parts()
            .into_iter()
            .map(|(part, violations)| match part {
                Some(part) => format!("{name}.{part}: {}", violations.as_text()),
                None => format!("{name}: {}", violations.as_text()),
            })
            .collect()
    }

    /// The direct parts and their names; a single violation is its own, nameless part.
    fn parts(&self) -> Vec<(Option<String>, &Violations)> {
        match self {
            Violations::At { .. } => vec![(None, self)],
            Violations::Fields(fields) => fields
                .iter()
                .map(|(name, part)| (Some(name.clone()), part))
                .collect(),
            Violations::Elements(elements) => elements
                .iter()
                .map(|(position, part)| (Some((position + 1).to_string()), part))
                .collect(),
        }
    }

    fn as_text(&self) -> String {
        match self {
            Violations::At { expected, .. } => expected.clone(),
            Violations::Fields(_) | Violations::Elements(_) => self.as_table(0),
        }
    }

    /// A Lua table, two blanks per level.
    fn as_table(&self, level: usize) -> String {
        let indent = "  ".repeat(level + 1);
        let mut table = "{\n".to_owned();
        for (name, part) in self.parts() {
            let value = match part {
                Violations::At { expected, .. } => format!("\"{expected}\""),
                nested => nested.as_table(level + 1),
            };
            let _ = match (self, name) {
                (Violations::Fields(_), Some(name)) => writeln!(table, "{indent}{name} = {value}"),
                _ => writeln!(table, "{indent}{value}"),
            };
        }
        table.push_str(&"  ".repeat(level));
        table.push('}');
        table
    }

    /// Every single violation with its path below `prefix`, where list positions count from 1: `topics[1].name`.
    pub fn flatten(&self, prefix: &str) -> Vec<(String, Span, String)> {
        let mut found = Vec::new();
        self.collect(prefix, &mut found);
        found
    }

    fn collect(&self, path: &str, found: &mut Vec<(String, Span, String)>) {
        match self {
            Violations::At { span, expected } => {
                found.push((path.to_owned(), *span, expected.clone()));
            }
            Violations::Fields(fields) => {
                for (name, violations) in fields {
                    match violations {
                        Violations::Elements(entity) if name == ENTITY => {
                            for violation in entity.values() {
                                violation.collect(path, found);
                            }
                        }
                        _ if path.is_empty() => violations.collect(name, found),
                        _ => violations.collect(&format!("{path}.{name}"), found),
                    }
                }
            }
            Violations::Elements(elements) => {
                for (position, violations) in elements {
                    violations.collect(&format!("{path}[{}]", position + 1), found);
                }
            }
        }
    }
}

/// The name under which a violation of the whole entity stands.
pub(super) const ENTITY: &str = "@entity";
