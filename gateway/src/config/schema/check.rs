//! The engine: walks a node beside its schema, fills what is missing and collects what is wrong.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value as Json;

use super::field::{Absent, Field, Kind, OneOf, Record, Refused};
use super::violations::Violations;
use super::walk::Walk;
use super::{elements, expected};
use crate::config::format::Format;
use crate::input::{Node, Span, Value};

/// The value as far as it is good, and what is wrong.
pub(super) type Outcome = (Json, Option<Violations>);

/// Checks `node` as a record; `depth` is how many levels may still follow.
pub(super) fn record(record: &Record, node: &Node, depth: usize) -> Outcome {
    let Some(entries) = record_entries(node) else {
        return wrong(node.span, "expected a record");
    };
    let mut walk = Walk::default();
    for (key, _) in entries {
        if !record.fields.iter().any(|field| field.name == key.name) {
            walk.add(&key.name, Violations::at(key.span, "unknown field"));
        }
    }
    for field in record.fields {
        let given = entries.iter().find(|(key, _)| key.name == field.name);
        let given = given.map(|(_, node)| node);
        walk.take(field.name, one(field, given, node.span, depth));
    }
    for check in record.checks {
        walk.between(check, node);
    }
    walk.end()
}

/// The entries of a record; an empty list is an empty record, as it is in the vendor's Lua.
fn record_entries(node: &Node) -> Option<&[(crate::input::Key, Node)]> {
    match &node.value {
        Value::List(nodes) if nodes.is_empty() => Some(&[]),
        _ => node.entries(),
    }
}

/// Checks a field; `above` is where its record stands, for what is not there.
fn one(field: &Field, given: Option<&Node>, above: Span, depth: usize) -> Outcome {
    let Some(node) = given.filter(|node| !node.is_null()) else {
        return missing(field, given.map_or(above, |node| node.span), depth);
    };
    value(field, node, depth)
}

fn missing(field: &Field, span: Span, depth: usize) -> Outcome {
    if field.required {
        return wrong(span, "required field missing");
    }
    match field.kind {
        Kind::Record(inner, Absent::Fill) if depth > 0 => {
            let value = Value::Map(Vec::new());
            record(inner, &Node { span, value }, depth - 1)
        }
        _ => (field.default.to_json(), None),
    }
}

/// Checks what is given, and then whether this version has it.
fn value(field: &Field, node: &Node, depth: usize) -> Outcome {
    let (value, violations) = typed(field, node, depth);
    let violations = violations.or_else(|| refused(field, &value, node.span));
    (value, violations)
}

fn typed(field: &Field, node: &Node, depth: usize) -> Outcome {
    let Some(below) = depth.checked_sub(1) else {
        return wrong(node.span, "nested too deeply");
    };
    match field.kind {
        Kind::Record(inner, _) => record(inner, node, below),
        Kind::Array(element) => list(field, element, node, Keep::All, below),
        Kind::Set(element) => list(field, element, node, Keep::First, below),
        Kind::Map { keys, values } => map(keys, values, node, below),
        Kind::Reference => reference(node),
        Kind::Text | Kind::Integer | Kind::Number | Kind::Boolean => scalar(field, node),
    }
}

fn scalar(field: &Field, node: &Node) -> Outcome {
    let value = match (&field.kind, &node.value) {
        (Kind::Text, Value::Text(text)) => Some(text.as_str().into()),
        (Kind::Boolean, Value::Boolean(value)) => Some((*value).into()),
        (Kind::Integer | Kind::Number, Value::Integer(number)) => Some((*number).into()),
        (Kind::Integer, Value::Number(number)) => whole(*number).map(Json::from),
        (Kind::Number, Value::Number(number)) => Some((*number).into()),
        _ => None,
    };
    let Some(value) = value else {
        return wrong(node.span, expected(&field.kind));
    };
    match rule(field, &value) {
        Some(expected) => (value, Some(Violations::at(node.span, expected))),
        None => (value, None),
    }
}

/// The whole number that a broken one is: `2.0`.
fn whole(number: f64) -> Option<i64> {
    let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
    is_whole.then(|| format!("{number:.0}").parse().ok())?
}

/// The rule that a value of the right type breaks.
fn rule(field: &Field, value: &Json) -> Option<String> {
    if let Some(number) = value.as_f64()
        && let Some((least, most)) = field.between
        && !within(number, least, most)
    {
        return Some(format!("value should be between {least} and {most}"));
    }
    if let Some(one_of) = not_one_of(field.one_of, value) {
        return Some(one_of);
    }
    let text = value.as_str()?;
    if text.len() < field.len_min {
        return Some(format!("length must be at least {}", field.len_min));
    }
    field.format.and_then(|format| format.check(text).err())
}

fn within(number: f64, least: i64, most: i64) -> bool {
    // The bounds of every schema are far below 2^53, so their text is exact as a float.
    let bound = |bound: i64| bound.to_string().parse::<f64>().unwrap_or(f64::NAN);
    bound(least) <= number && number <= bound(most)
}

pub(super) fn not_one_of(one_of: OneOf, value: &Json) -> Option<String> {
    let (allowed, names): (bool, Vec<String>) = match one_of {
        OneOf::Anything => return None,
        OneOf::Texts(texts) => (
            value.as_str().is_some_and(|text| texts.contains(&text)),
            texts.iter().map(|&text| text.to_owned()).collect(),
        ),
        OneOf::Integers(numbers) => (
            value
                .as_i64()
                .is_some_and(|number| numbers.contains(&number)),
            numbers.iter().map(i64::to_string).collect(),
        ),
        OneOf::Numbers(numbers) => (
            value
                .as_f64()
                .is_some_and(|number| numbers.contains(&number)),
            numbers.iter().map(f64::to_string).collect(),
        ),
    };
    (!allowed).then(|| format!("expected one of: {}", names.join(", ")))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    /// Of equal elements the first.
    First,
}

fn list(field: &Field, element: &Field, node: &Node, keep: Keep, depth: usize) -> Outcome {
    let Some(nodes) = elements(node) else {
        return wrong(node.span, expected(&field.kind));
    };
    if nodes.len() < field.len_min {
        return wrong(
            node.span,
            format!("length must be at least {}", field.len_min),
        );
    }
    let mut values: Vec<Json> = Vec::new();
    let mut seen = HashSet::new();
    let mut violations = BTreeMap::new();
    for (position, node) in nodes.iter().enumerate() {
        let (element_value, wrong) = if node.is_null() {
            wrong(node.span, expected(&element.kind))
        } else {
            value(element, node, depth)
        };
        if let Some(wrong) = wrong {
            violations.insert(position, wrong);
        }
        if keep == Keep::All || seen.insert(element_value.to_string()) {
            values.push(element_value);
        }
    }
    let violations = (!violations.is_empty()).then_some(Violations::Elements(violations));
    (Json::Array(values), violations)
}

fn map(keys: Option<Format>, values: &Field, node: &Node, depth: usize) -> Outcome {
    let entries = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        Value::List(nodes) if nodes.is_empty() => &[],
        _ => return wrong(node.span, "expected a map"),
    };
    let mut walk = Walk::default();
    for (key, node) in entries {
        if let Some(Err(expected)) = keys.map(|format| format.check(&key.name)) {
            walk.add(&key.name, Violations::at(key.span, expected));
            continue;
        }
        walk.take(&key.name, value(values, node, depth));
    }
    walk.end()
}

/// A name, or a record of `id` or `name`.
fn reference(node: &Node) -> Outcome {
    let is_key = |name: &str| node.get(name).is_some_and(|node| node.text().is_some());
    match &node.value {
        Value::Text(_) => (node.to_json(), None),
        Value::Map(entries) if entries.len() == 1 && (is_key("id") || is_key("name")) => {
            (node.to_json(), None)
        }
        Value::Map(_) => wrong(node.span, "missing primary key"),
        _ => wrong(node.span, "expected a record"),
    }
}

/// What of a valid value this version does not have.
fn refused(field: &Field, value: &Json, span: Span) -> Option<Violations> {
    let unsupported =
        |what: &str| Violations::at(span, format!("{what} is not supported by this version"));
    match field.refused {
        Refused::Nothing => None,
        Refused::WhenSet => Some(unsupported(field.name)),
        Refused::WhenTrue => {
            (*value == Json::Bool(true)).then(|| unsupported(&format!("{}=true", field.name)))
        }
        Refused::Texts(texts) => {
            let text = value.as_str().filter(|text| texts.contains(text))?;
            Some(unsupported(&format!("{}={text}", field.name)))
        }
        Refused::Protocols { later, never } => match value.as_str()? {
            text if later.contains(&text) => Some(unsupported(text)),
            text if never.contains(&text) => {
                Some(Violations::at(span, "not supported by this gateway"))
            }
            _ => None,
        },
        Refused::NotEmpty(sentence) => {
            let is_empty = value.as_array().is_some_and(Vec::is_empty);
            (!is_empty).then(|| Violations::at(span, sentence))
        }
    }
}

fn wrong(span: Span, expected: impl Into<String>) -> Outcome {
    (Json::Null, Some(Violations::at(span, expected)))
}
