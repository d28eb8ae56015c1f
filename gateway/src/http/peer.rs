//! The connection that a request came by, as plugins see it: who is there, and what has reached the socket.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// One client connection. The server keeps it current; plugins only look.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    /// How often everything handed to the connection has been given to the socket.
    flushes: AtomicU64,
    closed: AtomicBool,
    changed: Notify,
    write_stall_ms: AtomicU64,
}

/// The connection ended before the bytes were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client is gone")]
pub struct Gone;

impl Peer {
    /// A connection from `address`; a client that takes no byte for `write_stall` is disconnected.
    pub fn new(address: SocketAddr, write_stall: Duration) -> Arc<Peer> {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        Arc::new(Peer {
            address,
            flushes: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            changed: Notify::new(),
            write_stall_ms: AtomicU64::new(millis(write_stall)),
        })
    }

    /// The other end of the socket (G-14); an IPv4 address is one, also when it came by an IPv6 listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address without its port.
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// Bounds, from now on, how long the client may take no byte of what is sent to it (G-43); streams have a
    /// setting of their own. Default: `http.write_stall_ms`.
    pub fn set_write_stall(&self, stall: Duration) {
        self.write_stall_ms.store(millis(stall), Ordering::Relaxed);
    }

    /// The current bound.
    pub fn write_stall(&self) -> Duration {
        Duration::from_millis(self.write_stall_ms.load(Ordering::Relaxed))
    }

    /// A mark for what is handed to the connection now: call it in `poll_frame` of a body at the moment the frame
    /// is returned, and [`Written::wait`] tells when that frame has been given to the socket. For bytes written to
    /// an upgraded connection, flush that connection instead.
    pub fn mark(self: &Arc<Peer>) -> Written {
        Written {
            peer: Arc::clone(self),
            flushes: self.flushes.load(Ordering::Acquire),
        }
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Everything handed over so far is in the socket.
    pub(crate) fn flushed(&self) {
        self.flushes.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// The connection has ended.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }
}

/// A mark of [`Peer::mark`].
#[derive(Debug, Clone)]
pub struct Written {
    peer: Arc<Peer>,
    flushes: u64,
}

impl Written {
    /// Waits until everything up to the mark has been given to the socket. Dropping the future changes nothing.
    pub async fn wait(&self) -> Result<(), Gone> {
        loop {
            let mut changed = std::pin::pin!(self.peer.changed.notified());
            changed.as_mut().enable();
            if self.is_written() {
                return Ok(());
            }
            if self.peer.is_closed() {
                return Err(Gone);
            }
            changed.await;
        }
    }

    /// Whether everything up to the mark has been given to the socket.
    pub fn is_written(&self) -> bool {
        self.peer.flushes.load(Ordering::Acquire) > self.flushes
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> Arc<Peer> {
        Peer::new(
            "[::ffff:192.0.2.1]:7".parse().unwrap(),
            Duration::from_secs(1),
        )
    }

    #[test]
    fn an_ipv4_client_of_an_ipv6_listener_has_an_ipv4_address() {
        assert_eq!(peer().ip(), "192.0.2.1".parse::<IpAddr>().unwrap());
    }

    #[tokio::test]
    async fn a_mark_is_written_by_the_next_flush_and_not_by_an_earlier_one() {
        let peer = peer();
        peer.flushed();
        let mark = peer.mark();
        assert!(!mark.is_written());
        let waiting = tokio::spawn({
            let mark = mark.clone();
            async move { mark.wait().await }
        });
        peer.flushed();
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn what_was_not_flushed_before_the_end_is_not_written() {
        let peer = peer();
        let written = peer.mark();
        peer.flushed();
        let lost = peer.mark();
        peer.close();
        assert_eq!(written.wait().await, Ok(()));
        assert_eq!(lost.wait().await, Err(Gone));
    }
}
