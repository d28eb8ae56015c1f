//! Opens the byte stream to a broker: TCP now; TLS joins here.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::net::resolve::{Resolve, host_and_port};

/// One attempt to connect, over all addresses of a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// How long it may take in all.
    pub(crate) limit: Duration,
    /// The address tried last, before and during this attempt: the next one to try is the one behind it.
    pub(crate) tried: Option<SocketAddr>,
}

/// A connected stream to `address` (`host:port`). Each address that the name has now is tried in turn, with an equal share of the time that
/// is left (`client.dns.lookup=use_all_dns_ips`), beginning behind the one that `attempt` tried last.
pub(crate) async fn open(
    address: &str,
    attempt: &mut Attempt,
    resolver: &dyn Resolve,
) -> io::Result<TcpStream> {
    let deadline = Instant::now() + attempt.limit;
    let Some((host, port)) = host_and_port(address) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not of the form host:port",
        ));
    };
    let looked_up = timeout_at(deadline, resolver.resolve(host, port)).await;
    let mut addresses = looked_up.unwrap_or_else(|_| Err(late("name was not looked up")))?;
    begin_behind(&mut addresses, attempt.tried);
    let mut outcome = Err(io::Error::new(
        io::ErrorKind::NotFound,
        "the name has no address",
    ));
    for (left, address) in (1..=addresses.len()).rev().zip(&addresses) {
        attempt.tried = Some(*address);
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        let connected = timeout(share, TcpStream::connect(address)).await;
        outcome = connected.unwrap_or_else(|_| Err(late("connection did not stand")));
        if outcome.is_ok() {
            break;
        }
    }
    let stream = outcome.map_err(|error| named(error, &addresses, attempt.tried))?;
    tune(&stream)?;
    Ok(stream)
}

fn begin_behind(addresses: &mut [SocketAddr], tried: Option<SocketAddr>) {
    let known = addresses.iter().position(|one| Some(*one) == tried);
    if let Some(place) = known {
        addresses.rotate_left(place + 1);
    }
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    // Requests are written whole; waiting to fill a packet would only delay them.
    stream.set_nodelay(true)?;
    // A peer that vanished without a word is found out while nothing is under way; while something is, the request's timeout is earlier.
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// An error that says which of several addresses it is about.
fn named(error: io::Error, addresses: &[SocketAddr], tried: Option<SocketAddr>) -> io::Error {
    match (addresses.len(), tried) {
        (2.., Some(last)) => {
            let count = addresses.len();
            io::Error::new(
                error.kind(),
                format!("none of {count} addresses answers, the last one ({last}): {error}"),
            )
        }
        _ => error,
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the {what} in the time given"),
    )
}

/// Silence after which the peer is asked whether it is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
/// Time between such questions; how many go unanswered before the connection ends is the system's affair (Linux: 9).
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
