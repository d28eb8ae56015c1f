//! When a connection was used last, whether it may be used again, and until when its broker wants to be left alone.
//!
//! Handles and the task that owns the socket share it without a lock: whoever finds that a connection stands has as long as an idle
//! connection lives to put a request in line, and the task ends nothing that was used meanwhile. Pure: it takes the time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kafka_wire::ApiKey;
use tokio::time::Instant;

/// Shared by everybody who has to do with one connection.
#[derive(Debug)]
pub(crate) struct Usage {
    start: Instant,
    /// In nanoseconds since `start`; [`ENDED`] once it may not be used any more.
    last: AtomicU64,
    /// The same; 0 if it never was.
    muted_until: AtomicU64,
    has_answered: AtomicBool,
}

impl Usage {
    /// Of a connection that stands since `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            start: now,
            last: AtomicU64::new(0),
            muted_until: AtomicU64::new(0),
            has_answered: AtomicBool::new(false),
        }
    }

    /// It is used, or is about to be; false if it has ended.
    pub(crate) fn touch(&self, now: Instant) -> bool {
        let now = self.nanos(now);
        let later = |last: u64| (last != ENDED).then_some(last.max(now));
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        self.last.fetch_update(success, failure, later).is_ok()
    }

    /// From now on it must not be used.
    pub(crate) fn end(&self) {
        self.last.store(ENDED, Ordering::Release);
    }

    /// Ends it if it was not used for `limit`, or did so before; else the time at which to look again.
    pub(crate) fn end_if_idle(&self, limit: Duration, now: Instant) -> Result<(), Instant> {
        let last = self.last.load(Ordering::Acquire);
        if last == ENDED {
            return Ok(());
        }
        let due = self.start + Duration::from_nanos(last) + limit;
        if now < due {
            return Err(due);
        }
        // Somebody may have been faster.
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        let ended = self.last.compare_exchange(last, ENDED, success, failure);
        ended.map(|_| ()).map_err(|_| now + limit)
    }

    /// There was an answer to a request of this API that could be read.
    pub(crate) fn answered(&self, api_key: i16) {
        let opening = [
            ApiKey::API_VERSIONS,
            ApiKey::SASL_HANDSHAKE,
            ApiKey::SASL_AUTHENTICATE,
        ];
        if !opening.contains(&ApiKey(api_key)) {
            self.has_answered.store(true, Ordering::Relaxed);
        }
    }

    /// Whether anything was answered but what the broker speaks and who we are.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// The broker holds us back for its quota: it gets nothing before `until` (KIP-219).
    pub(crate) fn mute(&self, until: Instant) {
        self.muted_until
            .fetch_max(self.nanos(until), Ordering::AcqRel);
    }

    /// Until when nothing may be sent; `None` if that is allowed now.
    pub(crate) fn muted_until(&self, now: impl FnOnce() -> Instant) -> Option<Instant> {
        match self.muted_until.load(Ordering::Acquire) {
            0 => None,
            until => {
                let until = self.start + Duration::from_nanos(until);
                (now() < until).then_some(until)
            }
        }
    }

    fn nanos(&self, at: Instant) -> u64 {
        let nanos = at.saturating_duration_since(self.start).as_nanos();
        u64::try_from(nanos).unwrap_or(ENDED - 1)
    }
}

const ENDED: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(9);
    const MOMENT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn ends_when_it_was_not_used_for_the_limit_and_not_before() {
        let start = Instant::now();
        let usage = Usage::new(start);
        assert!(usage.touch(start + LIMIT / 2));
        let due = start + LIMIT / 2 + LIMIT;
        assert_eq!(usage.end_if_idle(LIMIT, due - MOMENT), Err(due));
        assert_eq!(usage.end_if_idle(LIMIT, due), Ok(()));
        assert!(!usage.touch(due), "it has ended");
    }

    #[tokio::test]
    async fn who_touches_it_in_time_keeps_it() {
        let start = Instant::now();
        let usage = Usage::new(start);
        assert!(usage.touch(start + LIMIT));
        assert_eq!(
            usage.end_if_idle(LIMIT, start + LIMIT),
            Err(start + LIMIT * 2)
        );
    }

    #[tokio::test]
    async fn a_shorter_throttle_does_not_cut_a_longer_one() {
        let start = Instant::now();
        let usage = Usage::new(start);
        assert_eq!(usage.muted_until(|| start), None);
        usage.mute(start + LIMIT);
        usage.mute(start + MOMENT);
        assert_eq!(usage.muted_until(|| start), Some(start + LIMIT));
        assert_eq!(usage.muted_until(|| start + LIMIT), None);
    }
}
