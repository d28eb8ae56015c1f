//! Texts that must have a form: hosts, names, topics, paths. Each check fails in the words of kong-admin.md §6.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use uuid::Uuid;

use crate::routing::{HostPattern, PathError, is_host, normalise, path_regex, split_port};

/// The form that a text must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// DNS name or IP address, without a port.
    Host,
    /// As [`Format::Host`], with an optional port and at most one `*` at either end.
    RouteHost,
    /// A UUID.
    Uuid,
    /// A legal Kafka topic name.
    KafkaTopic,
    /// The name of an HTTP header, not `host`.
    RouteHeader,
    /// A path in normal form, or `~` and a regular expression.
    Path,
    /// A request method.
    Method,
    /// Name of an entity.
    Name,
    /// A label.
    Tag,
    /// A URL of http or https.
    HttpUrl,
}

impl Format {
    /// Whether `text` has the form; the error says what was expected.
    pub fn check(self, text: &str) -> Result<(), String> {
        let valid = match self {
            Format::Host => return host(text),
            Format::RouteHost => return HostPattern::parse(text).map(|_| ()),
            Format::Path => return path(text),
            Format::RouteHeader => return route_header(text),
            Format::KafkaTopic => is_topic_name(text),
            Format::Method => {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase())
            }
            Format::Uuid => is_uuid(text),
            Format::Name => is_name(text),
            Format::Tag => is_tag(text),
            Format::HttpUrl => ["http://", "https://"]
                .iter()
                .any(|scheme| text.starts_with(scheme)),
        };
        if valid {
            Ok(())
        } else {
            Err(self.expected(text))
        }
    }

    fn expected(self, text: &str) -> String {
        match self {
            Format::Uuid => "expected a valid UUID".to_owned(),
            Format::Name => format!(
                "invalid value '{text}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
            ),
            Format::Tag => format!(
                "invalid tag '{text}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"
            ),
            Format::HttpUrl => "must be an http or https url".to_owned(),
            _ => format!("invalid value: {text}"),
        }
    }
}

/// Whether `name` is a legal Kafka topic name: 1 to 249 of `[A-Za-z0-9._-]`, neither `.` nor `..` (G-30).
pub fn is_topic_name(name: &str) -> bool {
    (1..=249).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !matches!(name, "." | "..")
}

/// Whether a topic belongs to Kafka itself, and is off limits without `produce.allow_internal_topics` (G-31).
pub fn is_internal_topic(name: &str) -> bool {
    name.starts_with("__")
}

fn host(text: &str) -> Result<(), String> {
    if is_host(text) {
        return Ok(());
    }
    match split_port(text) {
        Some((name, Some(_))) if is_host(name) => Err("must not have a port".to_owned()),
        _ => Err(format!("invalid value: {text}")),
    }
}

fn path(text: &str) -> Result<(), String> {
    if let Some(regex) = text.strip_prefix("~/") {
        return path_regex(&format!("/{regex}")).map(|_| ());
    }
    if !text.starts_with('/') {
        return Err("should start with: / (fixed path) or ~/ (regex path)".to_owned());
    }
    if text.contains("//") {
        return Err("must not have empty segments".to_owned());
    }
    let sent = utf8_percent_encode(text, NEVER_SENT).to_string();
    match normalise(&sent) {
        Ok(normal) if normal == text => Ok(()),
        Ok(normal) => Err(format!(
            "non-normalized path, consider use '{normal}' instead"
        )),
        Err(PathError::NotAbsolute | PathError::BrokenEscape | PathError::Nul) => {
            Err(format!("invalid value: {text}"))
        }
    }
}

/// What a request's path never holds as it is: a route that did would match nothing.
const NEVER_SENT: &AsciiSet = &CONTROLS.add(b' ').add(b'?').add(b'#');

fn route_header(name: &str) -> Result<(), String> {
    if name.eq_ignore_ascii_case("host") {
        return Err("value must not be host".to_owned());
    }
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(is_letter) {
        return Ok(());
    }
    Err(format!(
        "bad header name '{name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
    ))
}

/// The hyphenated form only, as Kong's schema wants it.
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

fn is_name(text: &str) -> bool {
    let is_letter =
        |letter: char| letter.is_alphanumeric() || ".-_~".contains(letter) || !letter.is_ascii();
    !text.is_empty() && text.chars().all(is_letter)
}

fn is_tag(text: &str) -> bool {
    let is_letter = |letter: char| !letter.is_control() && !matches!(letter, ',' | '/');
    !text.is_empty() && text.chars().all(is_letter)
}

#[cfg(test)]
mod tests;
