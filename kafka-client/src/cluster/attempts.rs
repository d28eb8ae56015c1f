//! When the next attempt to connect to a broker may begin, and how long it may take. Pure.
//!
//! The wait counts from one attempt's start to the next one's, and it grows until a connection has proved itself: a broker that accepts, even
//! tells its versions, and closes is not connected to in a circle.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::ClientConfig;
use crate::net::stream::Attempt;
use crate::retry::Backoff;

/// The attempts made so far to reach one broker.
#[derive(Debug)]
pub(crate) struct Attempts {
    /// Between attempts (`reconnect.backoff.ms`).
    between: Backoff,
    /// How long one may take (KIP-601).
    limit: Backoff,
    not_before: Instant,
    last_start: Instant,
    last: Attempt,
    /// When the last one that led to a connection did.
    connected: Option<Instant>,
    /// A connection that stood for so long has proved itself, whatever it was used for.
    proof: Duration,
}

impl Attempts {
    /// None was made yet.
    pub(crate) fn new(config: &ClientConfig, now: Instant) -> Self {
        let longest = config.connect_timeout_max.max(config.connect_timeout);
        Self {
            between: Backoff::new(config.reconnect_backoff, config.reconnect_backoff_max),
            limit: Backoff::new(config.connect_timeout, longest),
            not_before: now,
            last_start: now,
            last: Attempt {
                limit: config.connect_timeout,
                tried: None,
            },
            connected: None,
            proof: config.reconnect_backoff_max * 2,
        }
    }

    /// The earliest time for the next one.
    pub(crate) fn not_before(&self) -> Instant {
        self.not_before
    }

    /// One that begins at `now`. It counts as failed until it is said to have led to a connection: who is dropped in the middle of one
    /// waits like everybody else.
    pub(crate) fn begin(&mut self, now: Instant) -> Attempt {
        let attempt = self.attempt(now);
        self.failed(now);
        attempt
    }

    /// The same, but it counts as failed only if that is said: several may be under way at a time.
    pub(crate) fn attempt(&mut self, now: Instant) -> Attempt {
        if self
            .connected
            .take()
            .is_some_and(|at| now >= at + self.proof)
        {
            self.between.reset();
        }
        Attempt {
            limit: self.limit.current(),
            ..self.last
        }
    }

    /// One that began at `start` led to nothing.
    pub(crate) fn failed(&mut self, start: Instant) {
        self.last_start = start;
        self.not_before = start + self.between.failed();
        self.limit.failed();
    }

    /// The broker did not let us in at `now`: the credentials would have to be others first.
    pub(crate) fn refused(&mut self, now: Instant) {
        let wait = AFTER_REFUSAL.mul_f64(1.0 + 0.2 * fastrand::f64());
        self.not_before = self.not_before.max(now + wait);
    }

    /// The addresses that `attempt` tried need not be tried first next time.
    pub(crate) fn ended(&mut self, attempt: Attempt) {
        self.last.tried = attempt.tried;
    }

    /// The last connection, which has ended, was of use: the next failure counts as the first one.
    pub(crate) fn proved(&mut self) {
        self.between.reset();
        self.not_before = self
            .not_before
            .min(self.last_start + self.between.current());
    }

    /// It led to a connection that answers.
    pub(crate) fn connected(&mut self, now: Instant) {
        self.limit.reset();
        self.connected = Some(now);
    }
}

/// Least wait after a failed login: more often is what guessing passwords looks like.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn config() -> ClientConfig {
        ClientConfig::default()
    }

    /// How long the next attempt has to wait at `now`, in jitter's bounds.
    fn wait_is_about(attempts: &Attempts, now: Instant, expected: Duration) {
        let wait = attempts.not_before().saturating_duration_since(now);
        assert!(
            wait >= expected.mul_f64(0.8) && wait <= expected.mul_f64(1.2),
            "{wait:?} is not about {expected:?}"
        );
    }

    #[tokio::test]
    async fn waits_and_limits_grow_while_attempts_fail() {
        let (config, now) = (config(), Instant::now());
        let mut attempts = Attempts::new(&config, now);
        assert_eq!(attempts.not_before(), now);
        for exponent in 0..8 {
            let limit = attempts.begin(now).limit;
            let expected =
                (config.connect_timeout * 2_u32.pow(exponent)).min(config.connect_timeout_max);
            assert!(limit >= expected.mul_f64(0.8) && limit <= expected.mul_f64(1.2));
            let wait = config.reconnect_backoff * 2_u32.pow(exponent);
            wait_is_about(&attempts, now, wait.min(config.reconnect_backoff_max));
        }
        attempts.connected(now);
        let limit = attempts.begin(now).limit;
        assert!(limit <= config.connect_timeout.mul_f64(1.2), "{limit:?}");
    }

    #[tokio::test]
    async fn a_connection_that_dies_young_counts_as_failed() {
        let (config, mut now) = (config(), Instant::now());
        let mut attempts = Attempts::new(&config, now);
        for _ in 0..10 {
            attempts.begin(now);
            attempts.connected(now);
            now = attempts.not_before();
        }
        attempts.begin(now);
        wait_is_about(&attempts, now, config.reconnect_backoff_max);
    }

    #[tokio::test]
    async fn a_connection_that_was_of_use_begins_anew() {
        let (config, now) = (config(), Instant::now());
        let mut attempts = Attempts::new(&config, now);
        for _ in 0..10 {
            attempts.begin(now);
        }
        attempts.connected(now);
        attempts.proved();
        wait_is_about(&attempts, now, config.reconnect_backoff);
    }

    #[tokio::test]
    async fn a_refused_login_is_not_tried_again_within_a_second() {
        let (config, now) = (config(), Instant::now());
        let mut attempts = Attempts::new(&config, now);
        attempts.begin(now);
        attempts.refused(now);
        assert!(attempts.not_before() >= now + SECOND);
    }

    #[tokio::test]
    async fn a_connection_that_lasted_begins_anew() {
        let (config, now) = (config(), Instant::now());
        let mut attempts = Attempts::new(&config, now);
        for _ in 0..10 {
            attempts.begin(now);
        }
        attempts.connected(now);
        let later = now + SECOND * 3;
        attempts.begin(later);
        wait_is_about(&attempts, later, config.reconnect_backoff);
    }
}
