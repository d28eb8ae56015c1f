//! Accepting connections, up to the limits, whatever the operating system says.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use crate::observe::Metrics;

/// How many connections there may be (G-45). Listeners that share a gate share its places.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    per_ip: Arc<PerIp>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct PerIp {
    max: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Place {
    ip: IpAddr,
    per_ip: Arc<PerIp>,
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(max: usize, max_per_ip: usize, metrics: Arc<Metrics>) -> Gate {
        Gate {
            places: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))),
            per_ip: Arc::new(PerIp {
                max: max_per_ip,
                open: Mutex::default(),
            }),
            metrics,
        }
    }

    /// The next connection that may stay, with its place. At the limit nothing is accepted; a connection too many
    /// from one address is closed. Errors are waited out: they are no reason to end, or to spin (G-51).
    pub(super) async fn accept(
        &self,
        listener: &TcpListener,
        patience: &mut Backoff,
    ) -> (TcpStream, SocketAddr, Place) {
        loop {
            let permit = Arc::clone(&self.places).acquire_owned().await;
            match (permit, listener.accept().await) {
                (Ok(permit), Ok((socket, address))) => {
                    patience.reset();
                    if let Some(place) = self.place(address.ip().to_canonical(), permit) {
                        return (socket, address, place);
                    }
                }
                (_, Err(error)) => {
                    self.metrics.accept_errors.inc();
                    patience.wait(&error).await;
                }
                // The semaphore is never closed.
                (Err(_), Ok(_)) => {}
            }
        }
    }

    fn place(&self, ip: IpAddr, permit: OwnedSemaphorePermit) -> Option<Place> {
        let mut open = self
            .per_ip
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(ip).or_default();
        if *count >= self.per_ip.max {
            self.metrics.connection_rejected("per_ip");
            return None;
        }
        *count += 1;
        self.metrics.connections_accepted.inc();
        self.metrics.connections.inc();
        Some(Place {
            ip,
            per_ip: Arc::clone(&self.per_ip),
            metrics: Arc::clone(&self.metrics),
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.connections.dec();
        let mut open = self
            .per_ip
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.ip);
            }
        }
    }
}

/// The wait after an error of accept: longer with each one in a row.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    logged: Option<Instant>,
}

impl Backoff {
    pub(super) fn new() -> Backoff {
        Backoff {
            next: SHORTEST,
            logged: None,
        }
    }

    fn reset(&mut self) {
        self.next = SHORTEST;
    }

    async fn wait(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionReset | Interrupted
        ) {
            // That one client is gone; the next may be there already.
            return;
        }
        if self
            .logged
            .is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL)
        {
            self.logged = Some(Instant::now());
            tracing::warn!(%error, wait = ?self.next, "cannot accept connections");
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST);
    }
}

/// Waits after errors of accept (G-51).
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// Time between two log lines about it.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn g51_waits_grow_from_10_ms_to_1_s_and_start_again_after_success() {
        let full = io::Error::from_raw_os_error(24);
        let mut backoff = Backoff::new();
        let mut waits = Vec::new();
        for _ in 0..9 {
            let began = Instant::now();
            backoff.wait(&full).await;
            waits.push(began.elapsed().as_millis());
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        let began = Instant::now();
        backoff.wait(&full).await;
        assert_eq!(began.elapsed().as_millis(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_went_away_costs_no_wait() {
        let began = Instant::now();
        Backoff::new()
            .wait(&io::ErrorKind::ConnectionAborted.into())
            .await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn g45_a_place_too_many_of_one_address_is_refused_until_one_is_free() {
        let gate = Gate::new(10, 2, Arc::new(Metrics::new()));
        let place = |ip: &str| {
            let permit = Arc::clone(&gate.places).try_acquire_owned().unwrap();
            gate.place(ip.parse().unwrap(), permit)
        };
        let first = place("192.0.2.1");
        let second = place("192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(place("192.0.2.1").is_none());
        assert!(place("192.0.2.2").is_some());
        drop(first);
        assert!(place("192.0.2.1").is_some());
        drop(second);
        assert!(
            gate.per_ip.open.lock().unwrap().is_empty(),
            "nobody is remembered"
        );
    }
}
