//! Whether one route takes one request: all kinds that are set must match, any value within a kind.

use std::fmt;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use regex::{Regex, RegexBuilder};

use super::host::HostPattern;
use crate::config::route::{Route, Scheme};

/// What of a request decides its route.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey<'a> {
    /// The method, as written: `GET`.
    pub method: &'a str,
    /// The host without its port, in any case; an IPv6 address as it is written, with or without brackets.
    pub host: &'a str,
    /// The port of the `Host` header; `None` is the default of [`Self::scheme`].
    pub port: Option<u16>,
    /// The path in normal form ([`super::normalise()`]), without the query.
    pub path: &'a str,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// How the request came in.
    pub scheme: Scheme,
}

/// A route that cannot be compiled; validation says the same with a better place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RouterError {
    /// What is wrong, in the words of kong-admin.md §6.
    what: String,
}

/// A compiled route.
#[derive(Debug)]
pub(super) struct Matcher {
    methods: Option<Vec<String>>,
    hosts: Option<Vec<HostPattern>>,
    paths: Option<Vec<PathPattern>>,
    headers: Vec<HeaderPattern>,
}

#[derive(Debug)]
enum PathPattern {
    Prefix(String),
    Regex(Regex),
}

#[derive(Debug)]
struct HeaderPattern {
    name: HeaderName,
    values: Vec<ValuePattern>,
}

#[derive(Debug)]
enum ValuePattern {
    Exact(String),
    Regex(Regex),
}

impl Matcher {
    pub(super) fn new(route: &Route) -> Result<Matcher, RouterError> {
        Ok(Matcher {
            methods: set(route.methods.as_ref()),
            hosts: set(route.hosts.as_ref())
                .map(|hosts| {
                    hosts
                        .iter()
                        .map(|host| HostPattern::parse(host).map_err(error))
                        .collect()
                })
                .transpose()?,
            paths: set(route.paths.as_ref())
                .map(|paths| paths.iter().map(|path| PathPattern::new(path)).collect())
                .transpose()?,
            headers: route
                .headers
                .iter()
                .flatten()
                .map(|(name, values)| HeaderPattern::new(name, values))
                .collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn takes(&self, request: &RequestKey<'_>) -> bool {
        let port = request
            .port
            .unwrap_or_else(|| request.scheme.default_port());
        any(self.methods.as_ref(), |method| method == request.method)
            && any(self.hosts.as_ref(), |host| host.takes(request.host, port))
            && any(self.paths.as_ref(), |path| path.takes(request.path))
            && self
                .headers
                .iter()
                .all(|header| header.takes(request.headers))
    }
}

/// A kind that is set; an empty one restricts nothing.
fn set(values: Option<&Vec<String>>) -> Option<Vec<String>> {
    values.filter(|values| !values.is_empty()).cloned()
}

fn any<T>(values: Option<&Vec<T>>, takes: impl Fn(&T) -> bool) -> bool {
    values.is_none_or(|values| values.iter().any(takes))
}

fn error(what: impl fmt::Display) -> RouterError {
    RouterError {
        what: what.to_string(),
    }
}

impl PathPattern {
    fn new(path: &str) -> Result<PathPattern, RouterError> {
        match path.strip_prefix('~') {
            Some(regex) => path_regex(regex).map(PathPattern::Regex).map_err(error),
            None => Ok(PathPattern::Prefix(path.to_owned())),
        }
    }

    fn takes(&self, path: &str) -> bool {
        match self {
            PathPattern::Prefix(prefix) => path.starts_with(prefix),
            PathPattern::Regex(regex) => regex.is_match(path),
        }
    }
}

impl HeaderPattern {
    fn new(name: &str, values: &[String]) -> Result<HeaderPattern, RouterError> {
        let compile = |value: &String| match value.strip_prefix("~*") {
            Some(regex) => compile(regex, true).map(ValuePattern::Regex).map_err(error),
            None => Ok(ValuePattern::Exact(value.clone())),
        };
        Ok(HeaderPattern {
            name: HeaderName::from_bytes(name.as_bytes()).map_err(error)?,
            values: values.iter().map(compile).collect::<Result<_, _>>()?,
        })
    }

    fn takes(&self, headers: &HeaderMap) -> bool {
        let mut sent = headers.get_all(&self.name).iter();
        sent.any(|value| self.values.iter().any(|pattern| pattern.takes(value)))
    }
}

impl ValuePattern {
    fn takes(&self, value: &HeaderValue) -> bool {
        match self {
            ValuePattern::Exact(text) => value.as_bytes().eq_ignore_ascii_case(text.as_bytes()),
            ValuePattern::Regex(regex) => {
                regex.is_match(&String::from_utf8_lossy(value.as_bytes()))
            }
        }
    }
}

/// Compiles the regular expression of a path, without its `~`; it is anchored at the start. The error reads
/// `invalid regex: '<r>' (<reason>)`.
pub fn path_regex(regex: &str) -> Result<Regex, String> {
    // Compiled alone first: `a)(b` must not become valid by our parentheses.
    compile(regex, false)?;
    compile(&format!("^(?:{regex})"), false)
}

/// Compiles the regular expression of a header value, without its `~*`; it is not anchored and ignores case.
pub(crate) fn header_regex(regex: &str) -> Result<Regex, String> {
    compile(regex, true)
}

fn compile(regex: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(regex)
        .case_insensitive(ignore_case)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .nest_limit(32)
        .build()
        .map_err(|error| format!("invalid regex: '{regex}' ({})", reason(&error)))
}

/// Memory that one compiled regular expression may take.
const REGEX_BYTES: usize = 1024 * 1024;

/// The last line of the parser's picture says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().next_back().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
