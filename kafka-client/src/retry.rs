//! How long to wait before the next try. Pure: it tells durations, somebody else sleeps.

use std::time::Duration;

/// Waits that double from `first` to `max`, each shortened or lengthened by up to a fifth at random, so that clients that failed
/// together do not come back together.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// Nothing has failed yet.
    pub(crate) fn new(first: Duration, max: Duration) -> Self {
        Self {
            first,
            max,
            failures: 0,
        }
    }

    /// The wait after one more failure.
    pub(crate) fn failed(&mut self) -> Duration {
        let wait = self.current();
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// The same, without a failure.
    pub(crate) fn current(&self) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << self.failures.min(20))
            .min(self.max);
        doubled.mul_f64(0.8 + 0.4 * fastrand::f64())
    }

    /// The next failure counts as the first one.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_secs(1);

    fn is_about(wait: Duration, expected: Duration) {
        assert!(
            wait >= expected.mul_f64(0.8) && wait <= expected.mul_f64(1.2),
            "{wait:?} is not about {expected:?}"
        );
    }

    #[test]
    fn doubles_up_to_its_maximum_and_starts_again() {
        let mut backoff = Backoff::new(FIRST, MAX);
        for expected in [FIRST, FIRST * 2, FIRST * 4, FIRST * 8, MAX, MAX] {
            is_about(backoff.failed(), expected);
        }
        backoff.reset();
        is_about(backoff.failed(), FIRST);
    }

    #[test]
    fn many_failures_do_not_overflow() {
        let mut backoff = Backoff::new(FIRST, MAX);
        for _ in 0..100 {
            assert!(backoff.failed() <= MAX.mul_f64(1.2));
        }
    }
}
