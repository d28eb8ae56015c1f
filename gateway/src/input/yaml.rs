//! The door to the YAML parser: its events become [`Node`]s, its errors become a place and a sentence.
//!
//! Budgets are set here and nowhere else. Aliases cost what they stand for, so a bomb of aliases runs out of
//! budget after [`MAX_REPLAYED`] events and not after the memory of the machine.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, MergeKeyPolicy, Options, Spanned};

use super::{Key, MAX_DEPTH, Node, Span, Value};

/// Lists, maps and scalars in one file.
const MAX_NODES: usize = 200_000;
/// Events that aliases may stand for, in all.
const MAX_REPLAYED: usize = 100_000;

/// Reads one document; no document at all is null.
pub(super) fn parse(text: &str) -> Result<Node, (Span, String)> {
    if is_blank(text) {
        return Ok(Node {
            span: Span { line: 1, column: 1 },
            value: Value::Null,
        });
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| describe(&error))
}

/// Whether nothing but blanks, comments and document marks stand in `text`.
fn is_blank(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---" || line == "\u{feff}")
}

fn options() -> Options {
    serde_saphyr::options! {
        // YAML 1.2: `commit_strategy: off` is text.
        strict_booleans: true,
        with_snippet: false,
        merge_keys: MergeKeyPolicy::Merge,
        reject_unsupported_tags: true,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_documents: 1,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 3,
            max_aliases: 10_000,
            max_anchors: 1_000,
            max_merge_keys: 1_000,
            max_recorded_anchor_events: MAX_REPLAYED,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
            max_replay_stack_depth: MAX_DEPTH,
        },
    }
}

/// The parser's error on one line, without the place that we print ourselves.
fn describe(error: &serde_saphyr::Error) -> (Span, String) {
    let span = error.location().map_or(Span::UNKNOWN, Span::from);
    let message = error.to_string();
    let line = message.lines().next().unwrap_or_default();
    let place = format!(" at line {}, column {}", span.line, span.column);
    (
        span,
        format!("expected valid YAML or JSON: {}", line.replace(&place, "")),
    )
}

impl From<Location> for Span {
    fn from(location: Location) -> Span {
        Span {
            line: location.line(),
            column: location.column(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node {
            span: spanned.referenced.into(),
            value: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| wide(&value.to_string()), Value::Integer))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(wide(&value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(wide(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if entries.len() >= MAX_NODES {
                return Err(A::Error::custom("too many entries"));
            }
            let key = Key {
                span: key.referenced.into(),
                name: key.value,
            };
            entries.push((key, map.next_value()?));
        }
        Ok(Value::Map(entries))
    }
}

/// A whole number beyond 64 bits, as near as a float gets.
fn wide(digits: &str) -> Value {
    Value::Number(digits.parse().unwrap_or(f64::INFINITY))
}
