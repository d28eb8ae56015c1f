//! Opens the byte stream to a broker: TCP now; TLS joins here.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// A connected stream to `address` (`host:port`). A name with several addresses has each of them tried, within `limit` in all
/// (`client.dns.lookup=use_all_dns_ips`); the name is looked up anew every time.
pub(crate) async fn open(address: &str, limit: Duration) -> io::Result<TcpStream> {
    let deadline = Instant::now() + limit;
    let stream = timeout_at(deadline, TcpStream::connect(address))
        .await
        .map_err(|_| {
            io::Error::new(
                io::ErrorKind::TimedOut,
                "the connection did not stand in time",
            )
        })??;
    // Requests are written whole; waiting to fill a packet would only delay them.
    stream.set_nodelay(true)?;
    Ok(stream)
}
