//! What Kafka's errors mean to those who consume: their text (kong-consume.md §8), and whether a stream can go on
//! (§3 rule 5). Pure.

use kafka_client::{Error, ErrorCode};
use tokio::time::{Duration, Instant};

use crate::hub::Failure;
use crate::plugins::failure;

/// An error in the words of the contract.
pub(super) fn text(error: &Error) -> String {
    match error {
        Error::Records { .. } => ErrorCode::CORRUPT_MESSAGE.camel_name(),
        error => failure::text(error),
    }
}

/// A failure of a member in the words of the contract.
pub(super) fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::Kafka(error) => text(error),
        Failure::Join | Failure::Closed => "group join timed out".to_owned(),
    }
}

/// Decides whether a stream ends.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// Since when, and when last, a topic was unknown.
    unknown: Option<(Instant, Instant)>,
}

impl Judge {
    /// Whether the stream ends with this error. Brokers that are lost, leaders that change and groups that rebalance
    /// are no reason; what only people can change is.
    pub(super) fn is_fatal(&mut self, error: &Error, now: Instant) -> bool {
        match error {
            Error::Records { .. } | Error::Unsupported { .. } | Error::Closed => return true,
            Error::UnknownTopic { waited, .. } => return self.is_unknown_for_long(*waited, now),
            _ => {}
        }
        match error.code() {
            Some(
                ErrorCode::TOPIC_AUTHORIZATION_FAILED
                | ErrorCode::GROUP_AUTHORIZATION_FAILED
                | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
                | ErrorCode::SASL_AUTHENTICATION_FAILED
                | ErrorCode::INVALID_TOPIC_EXCEPTION
                | ErrorCode::INVALID_GROUP_ID,
            ) => true,
            Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID) => {
                self.is_unknown_for_long(Duration::ZERO, now)
            }
            _ => false,
        }
    }

    fn is_unknown_for_long(&mut self, waited: Duration, now: Instant) -> bool {
        let began = now.checked_sub(waited).unwrap_or(now);
        let since = match self.unknown {
            Some((since, last)) if began < last + QUIET => since,
            _ => began,
        };
        self.unknown = Some((since, now));
        now >= since + UNKNOWN
    }
}

/// How long a topic may be unknown.
const UNKNOWN: Duration = Duration::from_secs(30);

/// Without a complaint for so long, the topic was known again in between.
const QUIET: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: ErrorCode) -> Error {
        Error::Refused {
            api: "Fetch",
            subject: "t-0".to_owned(),
            code,
            message: None,
        }
    }

    #[test]
    fn what_people_must_change_ends_a_stream_and_what_passes_does_not() {
        let now = Instant::now();
        let mut judge = Judge::default();
        for code in [
            ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            ErrorCode::GROUP_AUTHORIZATION_FAILED,
            ErrorCode::SASL_AUTHENTICATION_FAILED,
        ] {
            assert!(judge.is_fatal(&refused(code), now), "{code}");
        }
        for code in [
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            ErrorCode::REBALANCE_IN_PROGRESS,
            ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ] {
            assert!(!judge.is_fatal(&refused(code), now), "{code}");
        }
        assert!(!judge.is_fatal(&Error::NoBroker { source: None }, now));
    }

    #[test]
    fn an_unknown_topic_ends_a_stream_after_30_s_in_a_row() {
        let start = Instant::now();
        let mut judge = Judge::default();
        let unknown = Error::UnknownTopic {
            topic: "t".to_owned(),
            code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            waited: Duration::from_secs(10),
        };
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!judge.is_fatal(&unknown, after(10)));
        assert!(!judge.is_fatal(&unknown, after(21)));
        assert!(judge.is_fatal(&unknown, after(32)));
        let mut judge = Judge::default();
        assert!(!judge.is_fatal(&unknown, after(10)));
        assert!(
            !judge.is_fatal(&unknown, after(100)),
            "it was known in between"
        );
    }

    #[test]
    fn unreadable_records_are_corrupt_messages() {
        assert_eq!(
            text(&refused(ErrorCode::GROUP_AUTHORIZATION_FAILED)),
            "GroupAuthorizationFailed"
        );
        assert_eq!(failure_text(&Failure::Join), "group join timed out");
    }
}
