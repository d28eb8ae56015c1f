//! What an answer means for a batch: is it written, is it tried again, is it lost. Pure.
//!
//! With idempotence the broker accepts a batch only if its sequence follows the last one, so whatever precedes it decides:
//!
//! - A gap (`OUT_OF_ORDER_SEQUENCE_NUMBER`, `UNKNOWN_PRODUCER_ID`) said of a batch that has others before it which are not settled
//!   means only that those have failed: it waits for them and is tried again under the same numbers.
//! - The same said of the *head*, the oldest batch not settled, means that the broker has none of it and nothing after it. It and all
//!   that follow get new numbers under the next epoch (KIP-360), in the same order. The old epoch is fenced by that, so a copy
//!   that still lingers in some socket cannot come later.
//! - The same said of a head that is *unresolved* does not tell that much. It may be half of a batch that is there as a whole: the broker
//!   knows batches by their first and last number and does not recognise a half. Or the batch before it failed as possibly
//!   written, and copies of both linger in some socket: they may be written before the next epoch fences them off. To send it under
//!   new numbers could make a duplicate, so it fails as possibly written.
//! - A repetition (`DUPLICATE_SEQUENCE_NUMBER`) is success.
//!
//! A batch that failed for good *may* be written unless every attempt was answered in a way that rules it out.

use kafka_wire::ErrorCode;

use super::config::Acks;

/// What to do with a batch after a broker's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is in the log.
    Written,
    /// Try it again, unchanged.
    Retry(Trace),
    /// It waits for those before it and then goes again, unchanged. Not its own failure.
    Follow,
    /// It and all after it need new numbers.
    Renumber,
    /// It is too large, and certainly not written by this attempt: its halves may go.
    Split,
    /// It failed for good.
    Fail(Trace),
}

/// Whether an attempt may have left the batch in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trace {
    /// Certainly not: the broker refuses so before it writes.
    None,
    /// Nobody knows.
    Possible,
}

/// Where a batch stands among those of its partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Sent without numbers.
    Unnumbered,
    /// Numbered, and the oldest that is not settled.
    Head,
    /// The same, but it may be in the log all the same, or come there yet.
    Unresolved,
    /// Numbered, with unsettled ones before it.
    Behind,
}

/// What `code` means.
pub(crate) fn judge(code: ErrorCode, place: Place, acks: Acks) -> Verdict {
    let trace = trace(code, acks);
    match (code, place) {
        (ErrorCode::NONE | ErrorCode::DUPLICATE_SEQUENCE_NUMBER, _) => Verdict::Written,
        (
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
            | ErrorCode::UNKNOWN_PRODUCER_ID
            | ErrorCode::INVALID_PRODUCER_EPOCH,
            Place::Behind,
        ) => Verdict::Follow,
        (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID, Place::Head) => {
            Verdict::Renumber
        }
        (
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID,
            Place::Unresolved,
        ) => Verdict::Fail(Trace::Possible),
        (ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE, _) => Verdict::Split,
        _ if code.is_retriable() => Verdict::Retry(trace),
        _ => Verdict::Fail(trace),
    }
}

/// Codes that a broker gives before it touches the log leave no trace; with all others we do not know.
fn trace(code: ErrorCode, acks: Acks) -> Trace {
    match code {
        ErrorCode::CORRUPT_MESSAGE
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::LEADER_NOT_AVAILABLE
        | ErrorCode::MESSAGE_TOO_LARGE
        | ErrorCode::INVALID_TOPIC_EXCEPTION
        | ErrorCode::RECORD_LIST_TOO_LARGE
        | ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::INVALID_REQUIRED_ACKS
        | ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
        | ErrorCode::INVALID_TIMESTAMP
        | ErrorCode::UNSUPPORTED_VERSION
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT
        | ErrorCode::POLICY_VIOLATION
        | ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        | ErrorCode::INVALID_PRODUCER_EPOCH
        | ErrorCode::UNKNOWN_PRODUCER_ID
        | ErrorCode::UNSUPPORTED_COMPRESSION_TYPE
        | ErrorCode::INVALID_RECORD
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::INCONSISTENT_TOPIC_ID
        | ErrorCode::THROTTLING_QUOTA_EXCEEDED => Trace::None,
        // Waiting for replicas, a leader learns of its deposition after it has written.
        ErrorCode::NOT_LEADER_OR_FOLLOWER if acks != Acks::All => Trace::None,
        _ => Trace::Possible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: ErrorCode, place: Place) -> Verdict {
        judge(code, place, Acks::All)
    }

    #[test]
    fn success_and_repetition_are_both_written() {
        for place in [
            Place::Unnumbered,
            Place::Head,
            Place::Unresolved,
            Place::Behind,
        ] {
            assert_eq!(check(ErrorCode::NONE, place), Verdict::Written);
            assert_eq!(
                check(ErrorCode::DUPLICATE_SEQUENCE_NUMBER, place),
                Verdict::Written
            );
        }
    }

    #[test]
    fn a_gap_counts_for_the_head_only() {
        for code in [
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
            ErrorCode::UNKNOWN_PRODUCER_ID,
        ] {
            assert_eq!(check(code, Place::Head), Verdict::Renumber);
            assert_eq!(check(code, Place::Behind), Verdict::Follow);
            assert_eq!(check(code, Place::Unnumbered), Verdict::Fail(Trace::None));
        }
    }

    #[test]
    fn what_is_too_large_is_split_wherever_it_stands() {
        for code in [
            ErrorCode::MESSAGE_TOO_LARGE,
            ErrorCode::RECORD_LIST_TOO_LARGE,
        ] {
            for place in [
                Place::Unnumbered,
                Place::Head,
                Place::Unresolved,
                Place::Behind,
            ] {
                assert_eq!(check(code, place), Verdict::Split);
            }
        }
    }

    #[test]
    fn a_gap_at_what_is_unresolved_tells_nothing() {
        for code in [
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
            ErrorCode::UNKNOWN_PRODUCER_ID,
        ] {
            let verdict = check(code, Place::Unresolved);
            assert_eq!(verdict, Verdict::Fail(Trace::Possible));
        }
        let full = check(ErrorCode::NONE, Place::Unresolved);
        assert_eq!(full, Verdict::Written);
    }

    #[test]
    fn a_fenced_epoch_is_the_end_of_the_head() {
        let code = ErrorCode::INVALID_PRODUCER_EPOCH;
        assert_eq!(check(code, Place::Head), Verdict::Fail(Trace::None));
        assert_eq!(check(code, Place::Behind), Verdict::Follow);
    }

    #[test]
    fn retries_know_whether_the_attempt_may_have_written() {
        let retry = |code| check(code, Place::Head);
        assert_eq!(
            retry(ErrorCode::NOT_ENOUGH_REPLICAS),
            Verdict::Retry(Trace::None)
        );
        for code in [
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            ErrorCode::REQUEST_TIMED_OUT,
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            ErrorCode::KAFKA_STORAGE_ERROR,
        ] {
            assert_eq!(retry(code), Verdict::Retry(Trace::Possible), "{code}");
        }
        let alone = judge(
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            Place::Unnumbered,
            Acks::Leader,
        );
        assert_eq!(alone, Verdict::Retry(Trace::None));
    }

    #[test]
    fn what_will_not_get_better_fails_at_once() {
        for code in [
            ErrorCode::POLICY_VIOLATION,
            ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            ErrorCode::INVALID_RECORD,
        ] {
            assert_eq!(
                check(code, Place::Head),
                Verdict::Fail(Trace::None),
                "{code}"
            );
        }
        let unknown = check(ErrorCode(999), Place::Head);
        assert_eq!(unknown, Verdict::Fail(Trace::Possible));
    }
}
