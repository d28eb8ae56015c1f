//! A record or map while it is checked: what is good of it, what is wrong, and the rules between its fields.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value as Json};

use super::check::{Outcome, not_one_of};
use super::elements;
use super::field::{Check, OneOf};
use super::violations::{ENTITY, Violations};
use crate::input::{Node, Span};

/// A record or map while it is walked.
#[derive(Default)]
pub(super) struct Walk {
    values: Map<String, Json>,
    violations: BTreeMap<String, Violations>,
    entity: BTreeMap<usize, Violations>,
}

impl Walk {
    /// Takes the value of a field, and what is wrong with it.
    pub(super) fn take(&mut self, name: &str, (value, violations): Outcome) {
        self.values.insert(name.to_owned(), value);
        if let Some(violations) = violations {
            self.add(name, violations);
        }
    }

    /// Takes what is wrong with a field; a field that is wrong already keeps its first violation.
    pub(super) fn add(&mut self, name: &str, violations: Violations) {
        self.violations.entry(name.to_owned()).or_insert(violations);
    }

    pub(super) fn end(mut self) -> Outcome {
        if !self.entity.is_empty() {
            let entity = Violations::Elements(self.entity);
            self.violations.insert(ENTITY.to_owned(), entity);
        }
        let violations =
            (!self.violations.is_empty()).then_some(Violations::Fields(self.violations));
        (Json::Object(self.values), violations)
    }

    /// A rule between fields.
    pub(super) fn between(&mut self, check: &Check, node: &Node) {
        match *check {
            Check::RequiredWhen { field, is, then } if self.is_one_of(field, is) => {
                for then in then {
                    self.require(then, node);
                }
            }
            Check::RequiredWithAny { field, then } if self.is_set(field) => {
                self.require(then, node);
            }
            Check::RequiredWhenTrue { field, then } if self.is_true(field) => {
                self.require(then, node);
            }
            Check::OneOfWhenTrue {
                field,
                then,
                one_of,
            } if self.is_true(field) => {
                if let Some(expected) = not_one_of(OneOf::Texts(one_of), self.value(then)) {
                    self.wrong(then, node, &expected);
                }
            }
            Check::TrueWithAny { field, then } if self.is_set(field) && !self.is_true(then) => {
                self.wrong(then, node, "value must be true");
            }
            Check::AnyTrue(fields) => self.any_true(fields, node),
            Check::Unique {
                list,
                member,
                error,
            } => self.unique(list, member, error, node),
            _ => {}
        }
    }

    fn value(&self, name: &str) -> &Json {
        self.values.get(name).unwrap_or(&Json::Null)
    }

    fn is_set(&self, name: &str) -> bool {
        !self.value(name).is_null()
    }

    fn is_true(&self, name: &str) -> bool {
        self.value(name) == true
    }

    fn is_one_of(&self, name: &str, texts: &[&str]) -> bool {
        self.value(name)
            .as_str()
            .is_some_and(|text| texts.contains(&text))
    }

    fn wrong(&mut self, name: &str, node: &Node, expected: &str) {
        self.add(name, Violations::at(span_of(name, node), expected));
    }

    fn require(&mut self, name: &str, node: &Node) {
        if !self.is_set(name) {
            self.wrong(name, node, "required field missing");
        }
    }

    /// Says nothing while one of the fields is wrong itself: it may be the one that is meant to be true.
    fn any_true(&mut self, fields: &[&str], node: &Node) {
        if fields
            .iter()
            .any(|name| self.is_true(name) || self.violations.contains_key(*name))
        {
            return;
        }
        let names = fields.join("', '");
        let expected = format!("at least one of these fields must be true: '{names}'");
        self.entity
            .insert(self.entity.len(), Violations::at(node.span, expected));
    }

    fn unique(&mut self, list: &str, member: &str, error: &str, node: &Node) {
        let nodes = node.get(list).and_then(elements).unwrap_or_default();
        let mut seen = HashSet::new();
        let mut violations = BTreeMap::new();
        for (position, element) in nodes.iter().enumerate() {
            let Some(node) = element.get(member) else {
                continue;
            };
            if node.text().is_some_and(|text| !seen.insert(text)) {
                let at = Violations::at(node.span, error);
                let at = Violations::Fields(BTreeMap::from([(member.to_owned(), at)]));
                violations.insert(position, at);
            }
        }
        if !violations.is_empty() {
            self.add(list, Violations::Elements(violations));
        }
    }
}

/// Where a field stands, or else its record.
fn span_of(name: &str, node: &Node) -> Span {
    node.get(name).map_or(node.span, |node| node.span)
}
