//! Ports for a broker, picked by the system and kept for the broker's whole life.
//!
//! A broker that was killed comes back on its old port, and until then nobody else may get it: not another test, and
//! not the near end of some connection. A socket that is bound and does not listen keeps it: a connection to it is
//! refused, as with a dead broker, and the broker may still bind beside it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1, ours until dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// Elsewhere than on Linux it would keep the broker out, too: there the port is only likely to be free.
    _keeper: Option<TcpSocket>,
}

impl Port {
    pub(crate) fn reserve() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // This lets the broker, which sets it as well, bind beside us.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self {
            number: socket.local_addr()?.port(),
            _keeper: cfg!(target_os = "linux").then_some(socket),
        })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_reserved_port_refuses_until_its_broker_listens() {
        let port = Port::reserve().unwrap();
        let refused = TcpStream::connect(port.address()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

        let broker = TcpListener::bind(port.address()).unwrap();
        TcpStream::connect(port.address()).unwrap();
        drop(broker);
        // What a broker that comes back does.
        TcpListener::bind(port.address()).unwrap();
    }

    #[test]
    fn ports_are_distinct() {
        let ports: Vec<Port> = (0..64).map(|_| Port::reserve().unwrap()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ports.len());
    }
}
