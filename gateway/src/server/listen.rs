//! Opening listeners on IPv4 and IPv6.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    /// The address that was asked for.
    pub address: SocketAddr,
    /// What the operating system said.
    pub source: io::Error,
}

/// Opens a listener on every address.
///
/// `0.0.0.0` and `[::]` with one port are the same to an operating system whose IPv6 sockets take IPv4 as well; then
/// one socket serves both. A machine without IPv6 is served on IPv4 alone.
pub(super) async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    let mut sorted = addresses.to_vec();
    // The wide one first: the other is needed only where it does not cover it.
    sorted.sort_by_key(|address| address.ip() != IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    let mut listeners: Vec<TcpListener> = Vec::new();
    for address in sorted {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if is_covered(address, &error, &listeners) => {}
            Err(error) if has_no_ipv6(address, &error, addresses) => {
                tracing::warn!(%address, %error, "no IPv6 on this machine, listening on IPv4 alone");
            }
            Err(source) => return Err(ListenError { address, source }),
        }
    }
    Ok(listeners)
}

/// Whether `[::]` takes the connections to `0.0.0.0` already.
fn is_covered(address: SocketAddr, error: &io::Error, listeners: &[TcpListener]) -> bool {
    let twin = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), address.port());
    address.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        && error.kind() == io::ErrorKind::AddrInUse
        && listeners
            .iter()
            .any(|listener| listener.local_addr().is_ok_and(|local| local == twin))
}

/// Whether an IPv6 address was given along with its IPv4 twin, and there is no IPv6.
fn has_no_ipv6(address: SocketAddr, error: &io::Error, addresses: &[SocketAddr]) -> bool {
    // EAFNOSUPPORT and EADDRNOTAVAIL, which have no and one kind in std.
    let is_missing =
        error.raw_os_error() == Some(97) || error.kind() == io::ErrorKind::AddrNotAvailable;
    let twin = match address.ip() {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Ipv4Addr::LOCALHOST),
        _ => None,
    };
    is_missing
        && twin.is_some_and(|twin| {
            addresses.contains(&SocketAddr::new(IpAddr::V4(twin), address.port()))
        })
}
