//! When a failure that is tried again is worth telling. Pure.

use kafka_wire::ErrorCode;
use tokio::time::{Duration, Instant};

use crate::error::Error;

/// Failures of one kind of question since it last succeeded.
///
/// What will not pass is told at once, what may pass once it has lasted for the limit; the same again is told once per limit.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    limit: Duration,
    since: Option<Instant>,
    told: Option<(Option<ErrorCode>, Instant)>,
}

impl Patience {
    /// Nothing has failed yet.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: None,
            told: None,
        }
    }

    /// One more failure; true if it should be told.
    pub(crate) fn failed(&mut self, error: &Error, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        if error.is_retriable() && now < since + self.limit {
            return false;
        }
        let code = error.code();
        let known = self
            .told
            .filter(|(told, at)| *told == code && now < *at + self.limit);
        if known.is_none() {
            self.told = Some((code, now));
        }
        known.is_none()
    }

    /// It works again.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn refused(code: ErrorCode) -> Error {
        Error::Refused {
            api: "Fetch",
            subject: "t-0".into(),
            code,
            message: None,
        }
    }

    #[test]
    fn what_may_pass_is_told_after_a_while_and_not_over_and_over() {
        let now = Instant::now();
        let error = refused(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        let mut patience = Patience::new(LIMIT);
        assert!(!patience.failed(&error, now));
        assert!(!patience.failed(&error, now + LIMIT / 2));
        assert!(patience.failed(&error, now + LIMIT));
        assert!(!patience.failed(&error, now + LIMIT * 3 / 2));
        assert!(patience.failed(&error, now + LIMIT * 2));
    }

    #[test]
    fn what_does_not_pass_is_told_at_once() {
        let now = Instant::now();
        let error = refused(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        let mut patience = Patience::new(LIMIT);
        assert!(patience.failed(&error, now));
        assert!(!patience.failed(&error, now));
        assert!(patience.failed(&refused(ErrorCode::INVALID_TOPIC_EXCEPTION), now));
    }

    #[test]
    fn success_forgets() {
        let now = Instant::now();
        let error = refused(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        let mut patience = Patience::new(LIMIT);
        patience.failed(&error, now);
        patience.reset();
        assert!(patience.failed(&error, now));
    }
}
