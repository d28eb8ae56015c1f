//! What the two sides of one connection tell each other: the guard that reads it, and the service that answers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::time::{Duration, Instant};

use super::head::Refusal;
use crate::http::Peer;

/// One connection. Requests are counted from 1 on either side, in the order in which they came.
#[derive(Debug)]
pub(super) struct Line {
    peer: Arc<Peer>,
    accepted: Instant,
    /// Requests that the guard has let through.
    passed: AtomicU64,
    /// Requests that the service has begun to answer.
    begun: AtomicU64,
    /// Requests whose answer has ended.
    ended: AtomicU64,
    /// When the last answer ended, in milliseconds since `accepted`.
    idle_since_ms: AtomicU64,
    /// The request that was refused, if any: its number, and why.
    refused: OnceLock<(u64, Refusal)>,
}

impl Line {
    pub(super) fn new(peer: Arc<Peer>) -> Arc<Line> {
        Arc::new(Line {
            peer,
            accepted: Instant::now(),
            passed: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            idle_since_ms: AtomicU64::new(0),
            refused: OnceLock::new(),
        })
    }

    pub(super) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// The guard has let so many requests through in all.
    pub(super) fn passed(&self, requests: u64) {
        self.passed.store(requests, Ordering::Release);
    }

    /// The guard refuses request `number`; hyper gets a stand-in.
    pub(super) fn refuse(&self, number: u64, refusal: Refusal) {
        // There is no request after a refused one.
        let _ = self.refused.set((number, refusal));
    }

    /// The service has got a request; why it must be refused, if it is the stand-in.
    pub(super) fn begin(&self) -> Option<Refusal> {
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let (refused, refusal) = *self.refused.get()?;
        (number == refused).then_some(refusal)
    }

    /// An answer has ended, whole or cut.
    pub(super) fn end(&self) {
        let now = u64::try_from(self.accepted.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.idle_since_ms.store(now, Ordering::Release);
        self.ended.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.passed.load(Ordering::Acquire) > self.ended.load(Ordering::Acquire)
    }

    /// When the last answer ended; when the connection was accepted, if there was none.
    pub(super) fn idle_since(&self) -> Instant {
        self.accepted + Duration::from_millis(self.idle_since_ms.load(Ordering::Acquire))
    }
}
