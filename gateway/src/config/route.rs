//! A route: which requests it takes. The entity of both Admin APIs and of the declarative file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use uuid::Uuid;

use super::format::Format;
use super::schema::{Field, Filled, Preset, Record, Refused, Violations};
use super::shared::{TAG, uuid};
use crate::input::{Node, Span};
use crate::routing::header_regex;

/// A valid route, every field filled (kong-admin.md §5). `None` is "not restricted by this".
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, named as the vendor names them"
)]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Route {
    /// Its id: given, or stable over loads of the same file.
    #[serde(deserialize_with = "uuid")]
    pub id: Uuid,
    /// A unique name.
    pub name: Option<String>,
    /// When it was made, in Unix seconds; the earlier of two equal routes wins. 0 when the file does not say.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds. 0 when the file does not say.
    pub updated_at: i64,
    /// Protocols it takes; at least one. Default: http and https.
    pub protocols: Vec<Protocol>,
    /// Request methods, upper case.
    pub methods: Option<Vec<String>>,
    /// Host names, with an optional port and at most one `*` at either end.
    pub hosts: Option<Vec<String>>,
    /// Path prefixes in normal form, or `~` and a regular expression that is anchored at the start.
    pub paths: Option<Vec<String>>,
    /// Header names and the values that match; a value after `~*` is a regular expression.
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// What an http request gets when only https is taken: 426, or a redirect. Default: 426.
    pub https_redirect_status_code: u16,
    /// Rank among routes with regular expressions, higher first. Default: 0.
    pub regex_priority: i64,
    /// For the forwarding that this gateway does not do. Default: true.
    pub strip_path: bool,
    /// For the forwarding that this gateway does not do. Default: `v0`.
    pub path_handling: String,
    /// For the forwarding that this gateway does not do. Default: false.
    pub preserve_host: bool,
    /// For the forwarding that this gateway does not do. Default: true.
    pub request_buffering: bool,
    /// For the forwarding that this gateway does not do. Default: true.
    pub response_buffering: bool,
    /// Labels; they change nothing.
    pub tags: Option<Vec<String>>,
}

/// A protocol of a route or plugin. Those of raw streams are refused before this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// WebSocket in the clear.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// gRPC in the clear.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
}

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The port of a `Host` header that names none.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl Protocol {
    /// Whether it runs over TLS.
    pub fn is_secure(self) -> bool {
        matches!(self, Protocol::Https | Protocol::Wss | Protocol::Grpcs)
    }
}

impl Route {
    /// The status that refuses a request of `scheme`, when this route takes secure protocols only: 426, or a
    /// redirect to https (kong-admin.md §7 rule 5). `None` when the request is taken.
    pub fn https_required(&self, scheme: Scheme) -> Option<u16> {
        let secure_only = self.protocols.iter().all(|protocol| protocol.is_secure());
        (scheme == Scheme::Http && secure_only).then_some(self.https_redirect_status_code)
    }
}

impl Route {
    /// Checks a route as it is written, the rules between its fields included; fills everything but a missing `id`.
    pub fn check(node: &Node) -> Result<Filled, Violations> {
        let filled = FIELDS.check(node)?;
        let mut violations = BTreeMap::new();
        mixed_protocols(&filled, node, &mut violations);
        bad_header_values(node, &mut violations);
        without_matcher(&filled, node, &mut violations);
        if violations.is_empty() {
            Ok(filled)
        } else {
            Err(Violations::Fields(violations))
        }
    }
}

/// The fields of a route (kong-admin.md §5).
pub static FIELDS: Record = Record::new(&[
    Field::text("id").format(Format::Uuid),
    Field::text("name").format(Format::Name),
    Field::integer("created_at").default(Preset::Integer(0)),
    Field::integer("updated_at").default(Preset::Integer(0)),
    Field::set("protocols", &PROTOCOL)
        .default(Preset::Texts(&["http", "https"]))
        .len_min(1),
    Field::set("methods", &METHOD),
    Field::array("hosts", &HOST),
    Field::array("paths", &PATH),
    Field::map_of("headers", Format::RouteHeader, &HEADER_VALUES),
    Field::set("snis", &TAG).refused(Refused::WhenSet),
    Field::array("sources", &TAG).refused(Refused::NotEmpty("not supported by this gateway")),
    Field::array("destinations", &TAG).refused(Refused::NotEmpty("not supported by this gateway")),
    Field::integer("https_redirect_status_code")
        .default(Preset::Integer(426))
        .one_of_integers(&[426, 301, 302, 307, 308]),
    Field::integer("regex_priority").default(Preset::Integer(0)),
    Field::boolean("strip_path").default(Preset::Boolean(true)),
    Field::text("path_handling")
        .default(Preset::Text("v0"))
        .one_of(&["v0", "v1"]),
    Field::boolean("preserve_host").default(Preset::Boolean(false)),
    Field::boolean("request_buffering").default(Preset::Boolean(true)),
    Field::boolean("response_buffering").default(Preset::Boolean(true)),
    Field::reference("service").refused(Refused::WhenSet),
    Field::set("tags", &TAG),
]);

static PROTOCOL: Field = Field::text("")
    .one_of(PROTOCOLS)
    .refused(Refused::Protocols {
        later: &["grpc", "grpcs"],
        never: &["tcp", "tls", "tls_passthrough", "udp"],
    });
static METHOD: Field = Field::text("").format(Format::Method);
static HOST: Field = Field::text("").format(Format::RouteHost);
static PATH: Field = Field::text("").format(Format::Path);
static HEADER_VALUES: Field = Field::array("", &HEADER_VALUE).len_min(1);
static HEADER_VALUE: Field = Field::text("").len_min(1);

/// Every protocol the vendor's schema knows.
const PROTOCOLS: &[&str] = &[
    "grpc",
    "grpcs",
    "http",
    "https",
    "tcp",
    "tls",
    "tls_passthrough",
    "udp",
    "ws",
    "wss",
];

/// Protocols that one route may have together.
const TOGETHER: &[[&str; 2]] = &[["grpc", "grpcs"], ["http", "https"], ["ws", "wss"]];

fn mixed_protocols(filled: &Filled, node: &Node, violations: &mut BTreeMap<String, Violations>) {
    let protocols = filled.texts("protocols");
    let mixed: Vec<String> = TOGETHER
        .iter()
        .filter(|set| protocols.iter().any(|protocol| set.contains(protocol)))
        .map(|set| format!("('{}')", set.join("', '")))
        .collect();
    if mixed.len() > 1 {
        let expected = format!("these sets are mutually exclusive: {}", mixed.join(", "));
        violations.insert(
            "protocols".to_owned(),
            Violations::at(place(node, "protocols"), expected),
        );
    }
}

/// Values after `~*` must be regular expressions.
fn bad_header_values(node: &Node, violations: &mut BTreeMap<String, Violations>) {
    let headers = node
        .get("headers")
        .and_then(Node::entries)
        .unwrap_or_default();
    let mut bad = BTreeMap::new();
    for (key, values) in headers {
        let broken: BTreeMap<usize, Violations> = values
            .elements()
            .iter()
            .enumerate()
            .filter_map(|(position, value)| {
                let regex = value.text()?.strip_prefix("~*")?;
                let expected = header_regex(regex).err()?;
                Some((position, Violations::at(value.span, expected)))
            })
            .collect();
        if !broken.is_empty() {
            bad.insert(key.name.clone(), Violations::Elements(broken));
        }
    }
    if !bad.is_empty() {
        violations.insert("headers".to_owned(), Violations::Fields(bad));
    }
}

/// A route must be restricted by something.
fn without_matcher(filled: &Filled, node: &Node, violations: &mut BTreeMap<String, Violations>) {
    let has = |name: &&str| {
        filled
            .expose()
            .get(*name)
            .is_some_and(|value| !is_empty(value))
    };
    if ["methods", "hosts", "headers", "paths"].iter().any(has) {
        return;
    }
    let protocols: BTreeSet<&str> = filled.texts("protocols").into_iter().collect();
    let (kinds, protocol) = match ["https", "wss", "http", "ws"]
        .iter()
        .find(|name| protocols.contains(**name))
    {
        Some(secure @ (&"https" | &"wss")) => {
            ("'methods', 'hosts', 'headers', 'paths', 'snis'", *secure)
        }
        other => (
            "'methods', 'hosts', 'headers', 'paths'",
            other.copied().unwrap_or("http"),
        ),
    };
    let expected = format!("must set one of {kinds} when 'protocols' is '{protocol}'");
    violations.insert(
        "@entity".to_owned(),
        Violations::Elements(BTreeMap::from([(0, Violations::at(node.span, expected))])),
    );
}

fn is_empty(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Array(values) => values.is_empty(),
        serde_json::Value::Object(values) => values.is_empty(),
        _ => false,
    }
}

fn place(node: &Node, name: &str) -> Span {
    node.get(name).map_or(node.span, |node| node.span)
}
