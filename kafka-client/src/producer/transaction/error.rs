//! Why a transaction did not go as wanted, by what the caller can do about it.

use std::sync::Arc;

use kafka_wire::ErrorCode;

use crate::config::ConfigError;
use crate::error::Error;
use crate::producer::send_error::SendError;

/// A step of a transaction that failed. Cheap to clone.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// A configuration that cannot work.
    #[error("the producer cannot work as configured")]
    Config(#[from] ConfigError),
    /// Another producer has the transactional id now, or a transaction was open for longer than its timeout and the coordinator has
    /// aborted it. This producer is finished: make a new one only if no other should be at work.
    #[error("the producer of transactional id {id} was fenced")]
    Fenced {
        /// The transactional id.
        id: Arc<str>,
        /// What the coordinator said.
        source: Error,
    },
    /// A record of the transaction is not written, so nothing of it can be committed. The next
    /// [`begin`](super::TransactionalProducer::begin) aborts it.
    #[error("a record of the transaction is not written, so that it has to be aborted")]
    Record(#[source] SendError),
    /// The transaction cannot be committed: the group refuses its offsets, or the coordinator asks for it. The next
    /// [`begin`](super::TransactionalProducer::begin) aborts it.
    #[error("the transaction has to be aborted")]
    MustAbort(#[source] Error),
    /// The coordinator has not answered in time (`max_block`). What the transaction came to is not known; the next
    /// [`begin`](super::TransactionalProducer::begin) carries out what was asked for.
    #[error("the coordinator has not answered in time")]
    Unknown(#[source] Error),
    /// The coordinator refused for good. This producer is finished.
    #[error("the coordinator refused")]
    Refused(#[source] Error),
}

impl TransactionError {
    /// What `error` of the coordinator means.
    pub(crate) fn of(id: &Arc<str>, error: Error) -> Self {
        match error.code() {
            _ if error.is_retriable() => Self::Unknown(error),
            Some(
                ErrorCode::PRODUCER_FENCED
                | ErrorCode::INVALID_PRODUCER_EPOCH
                | ErrorCode::TRANSACTION_COORDINATOR_FENCED
                // What transactions v2 say when the coordinator has ended it in its own time.
                | ErrorCode::INVALID_TXN_STATE,
            ) => Self::Fenced {
                id: id.clone(),
                source: error,
            },
            Some(ErrorCode::TRANSACTION_ABORTABLE) => Self::MustAbort(error),
            _ => Self::Refused(error),
        }
    }

    /// What `error` means that came of adding offsets: the group's refusals concern this transaction alone.
    pub(crate) fn of_offsets(id: &Arc<str>, error: Error) -> Self {
        match error.code() {
            Some(
                ErrorCode::UNKNOWN_MEMBER_ID
                | ErrorCode::ILLEGAL_GENERATION
                | ErrorCode::FENCED_INSTANCE_ID
                | ErrorCode::STALE_MEMBER_EPOCH
                | ErrorCode::GROUP_AUTHORIZATION_FAILED
                | ErrorCode::TOPIC_AUTHORIZATION_FAILED
                | ErrorCode::INVALID_GROUP_ID
                | ErrorCode::OFFSET_METADATA_TOO_LARGE
                | ErrorCode::INVALID_COMMIT_OFFSET_SIZE,
            ) => Self::MustAbort(error),
            _ if error.is_retriable() => Self::MustAbort(error),
            _ => Self::of(id, error),
        }
    }

    /// Whether the producer is finished, so that only a new one can go on.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Fenced { .. } | Self::Refused(_) | Self::Config(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: ErrorCode) -> Error {
        Error::Refused {
            api: "EndTxn",
            subject: "tx".into(),
            code,
            message: None,
        }
    }

    #[test]
    fn fencing_is_final_and_a_bad_generation_is_not() {
        let id: Arc<str> = "tx".into();
        let of = |code| TransactionError::of(&id, refused(code));
        assert!(of(ErrorCode::PRODUCER_FENCED).is_final());
        assert!(of(ErrorCode::INVALID_PRODUCER_EPOCH).is_final());
        assert!(of(ErrorCode::INVALID_TXN_STATE).is_final());
        assert!(!of(ErrorCode::TRANSACTION_ABORTABLE).is_final());
        assert!(!of(ErrorCode::COORDINATOR_NOT_AVAILABLE).is_final());
        let of_offsets = |code| TransactionError::of_offsets(&id, refused(code));
        assert!(!of_offsets(ErrorCode::ILLEGAL_GENERATION).is_final());
        assert!(of_offsets(ErrorCode::PRODUCER_FENCED).is_final());
    }
}
