//! From `host:port` to addresses. Behind a trait, so that tests can move a name from one address to another.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

/// Looks names up.
pub(crate) trait Resolve: Debug + Send + Sync {
    /// The addresses of `host`, best first.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Lookup<'a>;
}

/// A look-up under way. Dropping it forgets it.
pub(crate) type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// What the operating system says, in its order; a name is asked for anew each time.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Lookup<'a> {
        Box::pin(async move {
            if let Ok(ip) = host.parse::<IpAddr>() {
                return Ok(vec![SocketAddr::new(ip, port)]);
            }
            Ok(tokio::net::lookup_host((host, port)).await?.collect())
        })
    }
}

/// Host and port of `host:port`, an IPv6 address without its brackets; `None` if it is not of that form.
pub(crate) fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match bare {
        Some(bare) => Some((bare, port)),
        // Without brackets, nobody can tell where an IPv6 address ends.
        None => (!host.is_empty() && !host.contains([':', '[', ']'])).then_some((host, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(host_and_port("[::1]:9092"), Some(("::1", 9092)));
        assert_eq!(host_and_port("kafka:9092"), Some(("kafka", 9092)));
        for wrong in [
            "::1:9092",
            ":9092",
            "kafka",
            "kafka:",
            "kafka:x",
            "[::1:9092",
        ] {
            assert_eq!(host_and_port(wrong), None, "{wrong}");
        }
    }
}
