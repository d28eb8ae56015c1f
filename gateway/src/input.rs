//! Text that people write for us, read into a tree that remembers where everything stood.
//!
//! The settings file and the declarative file both come through here: YAML, and JSON as the part of YAML that
//! it is. A [`Node`] carries its line and column, so that whoever checks it later can say where the fault is.
//! Nothing here knows what a setting or a plugin is, and nothing here reads more than the limits allow:
//! [`MAX_BYTES`] of text, [`MAX_DEPTH`] levels, and a budget of aliases that a bomb runs into at once.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

mod yaml;

/// Longest file that is read, in bytes: 10 MiB.
pub const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Deepest nesting of lists and maps; the deepest legal plugin configuration needs 15.
pub const MAX_DEPTH: usize = 16;

/// Where something stands in a text. Line and column count from 1; 0 is "nobody knows".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl Span {
    /// The place of a value that came from no file.
    pub const UNKNOWN: Span = Span { line: 0, column: 0 };

    /// Whether the place is known.
    pub fn is_known(self) -> bool {
        self.line > 0
    }
}

/// A value and where it stands. `Debug` shows the kind and the place only: the text may be a secret.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// Where the value begins.
    pub span: Span,
    /// What stands there.
    pub value: Value,
}

/// What a [`Node`] holds: the JSON data model, with whole and broken numbers apart.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Nothing: `null`, `~` or an empty value.
    Null,
    /// `true` or `false`; `yes`, `no`, `on` and `off` are text.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, and whole ones beyond 64 bits.
    Number(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file; no name occurs twice.
    Map(Vec<(Key, Node)>),
}

/// The name of a map entry and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where the name begins.
    pub span: Span,
    /// The name.
    pub name: String,
}

impl Node {
    /// Reads YAML or JSON text; empty text is null. `file` is only named in the fault.
    pub fn parse(file: &str, text: &str) -> Result<Node, Fault> {
        yaml::parse(text).map_err(|(span, expected)| Fault {
            file: file.to_owned(),
            span,
            path: String::new(),
            expected,
        })
    }

    /// The entries of a map; `None` for anything else.
    pub fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under `name`; `None` when this is no map or has no such name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let entries = self.entries()?;
        let (_, node) = entries.iter().find(|(key, _)| key.name == name)?;
        Some(node)
    }

    /// The text; `None` for anything else.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list; none for anything else.
    pub fn elements(&self) -> &[Node] {
        match &self.value {
            Value::List(nodes) => nodes,
            _ => &[],
        }
    }

    /// Whether nothing stands here.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// The same values as JSON; numbers that JSON cannot say become null.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Number(value) => (*value).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(nodes) => nodes.iter().map(Node::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|(key, node)| (key.name.clone(), node.to_json()))
                .collect(),
        }
    }
}

impl Value {
    /// What this is, in words: `a map`.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) | Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { line, column } = self.span;
        write!(f, "{} at {line}:{column}", self.value.kind())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// One thing that is wrong in an input, in the form in which `gateway check` prints it:
/// `file:line:column: field: what was expected`. The parts that are unknown are left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The file as the user named it, or the environment variable.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// Which field, from the top of the file; list positions count from 1: `routes[1].plugins[2].config.topic`.
    pub path: String,
    /// What was expected there, in the words of the contract.
    pub expected: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.span.is_known() {
            write!(f, ":{}:{}", self.span.line, self.span.column)?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", on_one_line(&self.path))?;
        }
        write!(f, ": {}", on_one_line(&self.expected))
    }
}

/// Names and values of the file are quoted in faults; a line break or an escape code in them must not reach a terminal.
fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |letter: char| {
        let escaped = letter
            .is_control()
            .then(|| letter.escape_default().to_string());
        escaped.unwrap_or_else(|| letter.to_string())
    };
    Cow::Owned(text.chars().map(escape).collect())
}

/// The text of a file, at most [`MAX_BYTES`] of valid UTF-8.
pub fn read_file(path: &Path) -> Result<String, Fault> {
    let fault = |expected: String| Fault {
        file: path.display().to_string(),
        span: Span::UNKNOWN,
        path: String::new(),
        expected,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| fault(format!("expected a readable file: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(fault(format!("expected at most {MAX_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| fault("expected UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests;
