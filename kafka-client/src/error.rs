//! What can go wrong between a client and its cluster, by what the caller can do about it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::records::RecordError;
use kafka_wire::sasl::{Mechanism, SaslError};
use kafka_wire::{DecodeError, EncodeError, ErrorCode, FrameError, UnsupportedVersion};

/// A request that did not get its answer, or got a bad one. Cheap to clone: one failure may concern many records.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No connection to a broker, so nothing was sent. Trying again may help.
    #[error("no connection to {broker}")]
    Connect {
        /// `host:port` of the broker.
        broker: Arc<str>,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The connection ended after the request was written, at least in part: it may or may not have taken effect.
    #[error("the connection to {broker} ended before the answer came")]
    Disconnected {
        /// `host:port` of the broker.
        broker: Arc<str>,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// No answer in time. The request may or may not have taken effect; its connection was closed.
    #[error("no answer to {api} from {broker} within {after:?}")]
    Timeout {
        /// The request, as Kafka names it: `Produce`.
        api: &'static str,
        /// `host:port` of the broker.
        broker: Arc<str>,
        /// The limit that passed.
        after: Duration,
    },
    /// No broker of the cluster could be reached in the time given.
    #[error("no broker is reachable")]
    NoBroker {
        /// What the last attempt met; `None` if none was made.
        source: Option<Arc<Error>>,
    },
    /// The broker understood and said no.
    #[error("{api} of {subject}: {code}{}", detail(.message.as_deref()))]
    Refused {
        /// The request, as Kafka names it.
        api: &'static str,
        /// The topic, partition or group concerned.
        subject: String,
        /// Why, as a number with a name.
        code: ErrorCode,
        /// Why, in the broker's words, if it had any.
        message: Option<String>,
    },
    /// The topic did not appear in the time given.
    #[error("topic {topic} is not known to the cluster ({code}) after {waited:?}")]
    UnknownTopic {
        /// The topic.
        topic: String,
        /// What the cluster said of it last.
        code: ErrorCode,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Client and broker share no version of an API.
    #[error("broker {broker} is too old or too new")]
    Unsupported {
        /// `host:port` of the broker.
        broker: Arc<str>,
        /// What each side has.
        source: UnsupportedVersion,
    },
    /// The broker sent bytes that are not the answer; its connection is not used again.
    #[error("broker {broker} sent an answer that cannot be read")]
    Malformed {
        /// `host:port` of the broker.
        broker: Arc<str>,
        /// Where the answer went wrong.
        source: DecodeError,
    },
    /// What answers is not a Kafka broker, or not one that speaks plaintext; the connection was closed.
    #[error("{broker} does not speak Kafka's protocol here")]
    NotKafka {
        /// `host:port` asked.
        broker: Arc<str>,
        /// What it sent instead.
        source: FrameError,
    },
    /// The broker does not take the credentials. Mend them: the same ones are not tried again within a second, and will not do then.
    #[error("{broker} does not accept the credentials ({mechanism})")]
    Authentication {
        /// `host:port` of the broker.
        broker: Arc<str>,
        /// The mechanism they were shown by.
        mechanism: Mechanism,
        /// What the broker said, or why the mechanism cannot say them.
        source: SaslError,
    },
    /// The broker does not offer the mechanism. Choose one that it does, or have it enabled there (`sasl.enabled.mechanisms`).
    #[error("{broker} does not offer {mechanism}, but {}", enabled.join(", "))]
    MechanismNotEnabled {
        /// `host:port` of the broker.
        broker: Arc<str>,
        /// The mechanism that was asked for.
        mechanism: Mechanism,
        /// Those that are enabled, as the broker names them.
        enabled: Vec<String>,
    },
    /// What answers does not log in as a broker does: it does not know the password, or wants what would weaken it. Nothing was sent that helps
    /// it. Find out who it is.
    #[error("{broker} cannot be trusted to be a broker ({mechanism})")]
    UntrustedBroker {
        /// `host:port` asked.
        broker: Arc<str>,
        /// The mechanism.
        mechanism: Mechanism,
        /// What was wrong with what it said.
        source: SaslError,
    },
    /// The application's own [`TokenCallback`](crate::TokenCallback) gave no token. Trying again may help.
    #[error("no token to log in with")]
    Token {
        /// What it said.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// Records of a partition cannot be read. Reading stops there; `seek` beyond the offset goes on without them.
    #[error("{topic}-{partition} cannot be read at offset {offset}; seek beyond it to go on")]
    Records {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// First offset that cannot be read.
        offset: i64,
        /// What is wrong with the bytes there.
        source: RecordError,
    },
    /// Records before the position are gone: a leader was elected that did not have them (KIP-320), and no policy says where to go on.
    /// Reading stops there; `seek` goes on.
    #[error("{topic}-{partition} was truncated before offset {offset}{}; seek to go on", common_part(*.common))]
    Truncated {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The position when it was noticed.
        offset: i64,
        /// Leader epoch of the record before it.
        leader_epoch: Option<i32>,
        /// Where the logs part: records before it are those that were read, records at and beyond it are not. `None` if the leader
        /// does not know the epoch any more.
        common: Option<i64>,
    },
    /// A value of ours that the wire cannot carry.
    #[error("the request cannot be written")]
    Unwritable {
        /// The field at fault.
        source: EncodeError,
    },
    /// The client was shut down.
    #[error("the client is closed")]
    Closed,
}

fn detail(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!(": {message}"))
}

fn common_part(offset: Option<i64>) -> String {
    offset.map_or_else(String::new, |offset| {
        format!(": what was read is in the log up to offset {offset} only")
    })
}

impl Error {
    /// The broker's error code, if a broker refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { code, .. } | Self::UnknownTopic { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Disconnected { .. }
            | Self::Timeout { .. }
            | Self::NoBroker { .. }
            | Self::Token { .. } => true,
            Self::Refused { code, .. } | Self::UnknownTopic { code, .. } => code.is_retriable(),
            _ => false,
        }
    }

    /// Whether a broker did not let us in, and would not a moment later.
    pub(crate) fn is_about_login(&self) -> bool {
        matches!(
            self,
            Self::Authentication { .. }
                | Self::MechanismNotEnabled { .. }
                | Self::UntrustedBroker { .. }
                | Self::Refused {
                    code: ErrorCode::ILLEGAL_SASL_STATE,
                    ..
                }
        )
    }

    /// Whether the request may have taken effect although it failed.
    pub fn may_have_taken_effect(&self) -> bool {
        matches!(
            self,
            Self::Disconnected { .. }
                | Self::Timeout { .. }
                | Self::Malformed { .. }
                | Self::NotKafka { .. }
        )
    }
}

/// An error and its causes in one line, for logs: `Display` prints its own level only.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_api_subject_and_code() {
        let error = Error::Refused {
            api: "Fetch",
            subject: "t-0".into(),
            code: ErrorCode::NOT_LEADER_OR_FOLLOWER,
            message: None,
        };
        assert_eq!(
            error.to_string(),
            "Fetch of t-0: NOT_LEADER_OR_FOLLOWER (6)"
        );
        assert!(error.is_retriable() && !error.may_have_taken_effect());
    }
}
