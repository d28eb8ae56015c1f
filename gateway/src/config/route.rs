//! A route: which requests it takes. The entity of both Admin APIs and of the declarative file.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use super::shared::uuid;

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
