//! Host names of routes: plain or with one `*`, with or without a port.

use std::net::Ipv6Addr;

/// A host of a route, ready to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    name: Name,
    /// `None` takes any port.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    /// `example.com`.
    Exact(String),
    /// `*.example.com`, as `.example.com`.
    EndsWith(String),
    /// `example.*`, as `example.`.
    StartsWith(String),
}

impl HostPattern {
    /// Reads a host of a route; the error is in the words of kong-admin.md §6.
    pub fn parse(text: &str) -> Result<HostPattern, String> {
        let invalid = || format!("invalid value: {text}");
        let (name, port) = split_port(text).ok_or_else(invalid)?;
        let bare = without_brackets(name);
        let name = match name.matches('*').count() {
            0 if is_host(name) => Name::Exact(bare.to_ascii_lowercase()),
            0 => return Err(invalid()),
            1 => wildcard(name).ok_or_else(invalid)??,
            _ => return Err("invalid wildcard: must have at most one wildcard".to_owned()),
        };
        Ok(HostPattern { name, port })
    }

    /// Whether a request to `host` (no port, any case) and `port` is meant. A wildcard stands for one letter or more.
    pub fn takes(&self, host: &str, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        let host = without_brackets(host).as_bytes();
        match &self.name {
            Name::Exact(name) => host.eq_ignore_ascii_case(name.as_bytes()),
            Name::EndsWith(end) => split_end(host, end.len()).is_some_and(|(before, tail)| {
                !before.is_empty() && tail.eq_ignore_ascii_case(end.as_bytes())
            }),
            Name::StartsWith(start) => {
                host.split_at_checked(start.len())
                    .is_some_and(|(head, after)| {
                        !after.is_empty() && head.eq_ignore_ascii_case(start.as_bytes())
                    })
            }
        }
    }

    /// Whether there is no `*` in it.
    pub fn is_plain(&self) -> bool {
        matches!(self.name, Name::Exact(_))
    }
}

/// An IPv6 address is the same with and without brackets.
fn without_brackets(host: &str) -> &str {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host)
}

/// The part before the last `count` bytes, and those; `None` when there are not so many.
fn split_end(bytes: &[u8], count: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.len().checked_sub(count)?)
}

/// `*.x` or `x.*`; the outer `None` is a host that is no host even without its star.
fn wildcard(name: &str) -> Option<Result<Name, String>> {
    if let Some(end) = name.strip_prefix('*') {
        return if let Some(rest) = end.strip_prefix('.') {
            is_dns_name(rest).then(|| Ok(Name::EndsWith(end.to_ascii_lowercase())))
        } else {
            Some(Err(MISPLACED.to_owned()))
        };
    }
    if let Some(start) = name.strip_suffix('*') {
        return if let Some(rest) = start.strip_suffix('.') {
            is_dns_name(rest).then(|| Ok(Name::StartsWith(start.to_ascii_lowercase())))
        } else {
            Some(Err(MISPLACED.to_owned()))
        };
    }
    Some(Err(MISPLACED.to_owned()))
}

const MISPLACED: &str = "invalid wildcard: must be placed at leftmost or rightmost label";

/// Host and port of `host`, `host:port`, `[::1]` or `[::1]:port`; a bare IPv6 address has no port.
/// `None` when the port is no port.
pub(crate) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text, None));
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !text.ends_with(']') => (name, port),
        _ => return Some((text, None)),
    };
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_number.then(|| port.parse().ok())??;
    Some((name, Some(port)))
}

/// Whether `text` is a DNS name or an IP address, with or without brackets around an IPv6 address.
pub(crate) fn is_host(text: &str) -> bool {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = bare {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    text.parse::<Ipv6Addr>().is_ok() || is_dns_name(text)
}

/// Labels of letters, digits, `-` and `_`, none empty, at most 253 in all. An IPv4 address looks the same.
fn is_dns_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let ends = [label.bytes().next(), label.bytes().next_back()];
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && ends.iter().all(|end| *end != Some(b'-'))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}
