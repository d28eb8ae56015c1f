//! From a file and the environment to [`Settings`], with every fault found on the way.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::input::{self, Fault, Key, Node, Span, Value};

use super::Settings;
use super::table::{ROWS, Row};
use super::unsupported::{UNSUPPORTED, Unsupported};
use super::value::Raw;

/// What the file and the environment say together.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The settings themselves.
    pub settings: Settings,
    /// Where the vendor's variables say that the declarative configuration is; the command line wins over it.
    pub declarative: Option<Declarative>,
    /// What was read and deliberately not acted on, one sentence each, for the log once there is one.
    pub notices: Vec<String>,
}

/// A declarative configuration named by the environment. `Debug` does not show its text: there may be secrets in it.
#[derive(Clone, PartialEq, Eq)]
pub enum Declarative {
    /// `KONG_DECLARATIVE_CONFIG`: a file.
    File(PathBuf),
    /// `KONG_DECLARATIVE_CONFIG_STRING`: the text itself.
    Text(String),
}

impl fmt::Debug for Declarative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Declarative::File(path) => f.debug_tuple("File").field(path).finish(),
            Declarative::Text(_) => f.write_str("Text(..)"),
        }
    }
}

/// Reads the settings file, if one is named, and then the variables, of which only ours and the vendor's
/// five count. All faults are reported at once.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Vec<Fault>> {
    let mut loader = Loader::default();
    if let Some(path) = file {
        loader.file(path);
    }
    let variables: BTreeMap<String, String> = variables.into_iter().collect();
    for (name, value) in &variables {
        loader.vendor_variable(name, value);
    }
    for (name, value) in &variables {
        loader.own_variable(name, value);
    }
    loader.check();
    if loader.faults.is_empty() {
        Ok(loader.loaded)
    } else {
        Err(loader.faults)
    }
}

/// `GATEWAY_HTTP__MAX_BODY_BYTES` for `http.max_body_bytes`.
pub(super) fn variable_of(name: &str) -> String {
    format!("GATEWAY_{}", name.to_uppercase().replace('.', "__"))
}

#[derive(Default)]
struct Loader {
    loaded: Loaded,
    faults: Vec<Fault>,
}

impl Loader {
    fn file(&mut self, path: &Path) {
        let file = path.display().to_string();
        if path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
        {
            self.fault(
                &file,
                Span::UNKNOWN,
                "",
                "expected YAML: TOML is not supported by this version".to_owned(),
            );
            return;
        }
        match input::read_file(path).and_then(|text| Node::parse(&file, &text)) {
            Ok(root) => self.tree(&file, &root, ""),
            Err(fault) => self.faults.push(fault),
        }
    }

    /// One level of the file; `http: {max_body_bytes: 1}` and `http.max_body_bytes: 1` say the same.
    fn tree(&mut self, file: &str, node: &Node, prefix: &str) {
        match &node.value {
            Value::Null if prefix.is_empty() => {}
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.entry(file, key, value, prefix);
                }
            }
            _ => self.fault(
                file,
                node.span,
                prefix,
                "expected a map of settings".to_owned(),
            ),
        }
    }

    fn entry(&mut self, file: &str, key: &Key, node: &Node, prefix: &str) {
        let name = if prefix.is_empty() {
            key.name.clone()
        } else {
            format!("{prefix}.{}", key.name)
        };
        match find(&name) {
            Some(found) => match Raw::of_node(node) {
                Ok(Some(raw)) => self.put(found, file, node.span, &raw),
                Ok(None) => {}
                Err(expected) => self.fault(file, node.span, &name, expected),
            },
            None if is_group(&name) => self.tree(file, node, &name),
            None => self.fault(file, key.span, &name, unknown(&name)),
        }
    }

    fn put(&mut self, found: Found, file: &str, span: Span, raw: &Raw) {
        let (name, outcome) = match found {
            Found::Row(row) => (row.name, (row.set)(&mut self.loaded.settings, raw)),
            Found::Unsupported(row) => (row.name, accept_default(row, raw)),
        };
        if let Err(expected) = outcome {
            self.fault(file, span, name, expected);
        }
    }

    fn own_variable(&mut self, variable: &str, value: &str) {
        let Some(rest) = variable.strip_prefix("GATEWAY_") else {
            return;
        };
        if is_service_link(rest) {
            return;
        }
        let name = rest.to_lowercase().replace("__", ".");
        match find(&name) {
            Some(found) => self.put(found, variable, Span::UNKNOWN, &Raw::Text(value.to_owned())),
            None => self.fault(variable, Span::UNKNOWN, &name, unknown(&name)),
        }
    }

    fn vendor_variable(&mut self, variable: &str, value: &str) {
        match variable {
            "KONG_DATABASE" if value == "off" => {}
            "KONG_DATABASE" => self.fault(
                variable,
                Span::UNKNOWN,
                "store.mode",
                format!("expected off: a database ('{value}') is not supported by this version"),
            ),
            "KONG_DECLARATIVE_CONFIG" => {
                self.loaded.declarative = Some(Declarative::File(PathBuf::from(value)));
            }
            // The map is sorted: the file has been seen when the text comes.
            "KONG_DECLARATIVE_CONFIG_STRING" if self.loaded.declarative.is_some() => self.notice(
                "KONG_DECLARATIVE_CONFIG_STRING is ignored: KONG_DECLARATIVE_CONFIG is set",
            ),
            "KONG_DECLARATIVE_CONFIG_STRING" => {
                self.loaded.declarative = Some(Declarative::Text(value.to_owned()));
            }
            "KONG_PROXY_LISTEN" => self.vendor_listen(value),
            "KONG_ADMIN_LISTEN" => {
                self.notice("KONG_ADMIN_LISTEN is ignored: this version has no Admin API");
            }
            _ => {}
        }
    }

    /// `0.0.0.0:8000 reuseport, 0.0.0.0:8443 http2 ssl`: the addresses without `ssl` are ours.
    fn vendor_listen(&mut self, value: &str) {
        let mut addresses = Vec::new();
        for entry in value
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let mut words = entry.split_whitespace();
            let address = words.next().unwrap_or_default();
            if words.any(|word| word == "ssl") {
                self.notice(&format!(
                    "KONG_PROXY_LISTEN: {address} is not opened: this version has no TLS listener"
                ));
                continue;
            }
            match address.parse::<SocketAddr>() {
                Ok(address) => addresses.push(address),
                Err(_) => self.fault(
                    "KONG_PROXY_LISTEN",
                    Span::UNKNOWN,
                    "proxy.listen",
                    format!("expected address:port, found '{address}'"),
                ),
            }
        }
        if addresses.is_empty() {
            let expected = "expected at least one address without ssl";
            self.fault(
                "KONG_PROXY_LISTEN",
                Span::UNKNOWN,
                "proxy.listen",
                expected.to_owned(),
            );
        } else {
            self.loaded.settings.proxy.listen = addresses;
        }
    }

    /// What no single row can say.
    fn check(&mut self) {
        if self.loaded.settings.http.max_head_bytes < 8192 {
            let expected = "expected at least 8192, the longest request target";
            self.fault(
                "settings",
                Span::UNKNOWN,
                "http.max_head_bytes",
                expected.to_owned(),
            );
        }
    }

    fn notice(&mut self, notice: &str) {
        self.loaded.notices.push(notice.to_owned());
    }

    fn fault(&mut self, file: &str, span: Span, path: &str, expected: String) {
        self.faults.push(Fault {
            file: file.to_owned(),
            span,
            path: path.to_owned(),
            expected,
        });
    }
}

/// A known name.
#[derive(Clone, Copy)]
enum Found {
    Row(&'static Row),
    Unsupported(&'static Unsupported),
}

fn find(name: &str) -> Option<Found> {
    let row = ROWS.iter().find(|row| row.name == name).map(Found::Row);
    row.or_else(|| {
        UNSUPPORTED
            .iter()
            .find(|row| row.name == name)
            .map(Found::Unsupported)
    })
}

fn names() -> impl Iterator<Item = &'static str> {
    let rows = ROWS.iter().map(|row| row.name);
    rows.chain(UNSUPPORTED.iter().map(|row| row.name))
}

fn is_group(name: &str) -> bool {
    names().any(|known| {
        known
            .split_once('.')
            .is_some_and(|(group, _)| group == name)
    })
}

/// A setting of a feature that is not built is accepted as long as it changes nothing.
fn accept_default(row: &Unsupported, raw: &Raw) -> Result<(), String> {
    let written = raw.items().join(",");
    // This version has no store: what `store.mode=file` asks for is all it does.
    let is_file_mode = row.name == "store.mode" && written == "file";
    if written == row.default || is_file_mode {
        return Ok(());
    }
    Err(format!("{} is not supported by this version", row.name))
}

fn unknown(name: &str) -> String {
    let groups = names().filter_map(|known| Some(known.split_once('.')?.0));
    let nearest = names()
        .chain(groups)
        .min_by_key(|known| distance(name, known));
    format!(
        "unknown setting, the nearest known name is '{}'",
        nearest.unwrap_or_default()
    )
}

/// How many letters must be inserted, removed or replaced to make `b` of `a` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().take(256).enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (other, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Kubernetes tells every container about services, and one called `gateway` or `gateway-x` takes our prefix:
/// `GATEWAY_SERVICE_HOST`, `GATEWAY_PORT_8000_TCP_ADDR`, `GATEWAY_ADMIN_SERVICE_PORT`. No setting looks like that.
fn is_service_link(rest: &str) -> bool {
    let has_port = rest == "PORT"
        || rest.ends_with("_PORT")
        || ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
            rest.split_once(protocol).is_some_and(|(before, _)| {
                before
                    .rsplit_once("PORT_")
                    .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
            })
        });
    let is_link = has_port || rest.ends_with("SERVICE_HOST") || rest.contains("SERVICE_PORT");
    is_link && !rest.contains("__")
}
