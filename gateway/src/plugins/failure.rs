//! What Kafka's errors are called, for clients that may know (`return_error_message`) and for the log.

use kafka_client::{Error, SendError, SendErrorKind};

/// A failure in the words of kong-consume.md §8: a Kafka error code in camel case, or a short sentence. Never a name
/// of a broker, nor anything that a broker wrote.
pub fn text(error: &Error) -> String {
    if let Some(code) = error.code() {
        return code.camel_name();
    }
    match error {
        Error::Timeout { .. } => TIMED_OUT,
        _ => UNREACHABLE,
    }
    .to_owned()
}

/// The same for a record that was not sent.
pub fn send_text(error: &SendError) -> String {
    match (&error.kind, error.cause.as_deref()) {
        (SendErrorKind::TooLarge { .. }, _) => "MessageTooLarge".to_owned(),
        (SendErrorKind::Partition { .. }, _) => "UnknownTopicOrPartition".to_owned(),
        (SendErrorKind::RecordRefused { .. }, _) => "InvalidRecord".to_owned(),
        (_, Some(cause)) => text(cause),
        _ => TIMED_OUT.to_owned(),
    }
}

const TIMED_OUT: &str = "request timed out";
const UNREACHABLE: &str = "no broker is reachable";

/// An error and its causes in one line, for the log alone: it names brokers and topics.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use kafka_client::ErrorCode;

    use super::*;

    #[test]
    fn a_broker_s_refusal_is_its_code_and_nothing_the_broker_wrote() {
        let error = Error::Refused {
            api: "Produce",
            subject: "secret-topic".to_owned(),
            code: ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            message: Some("user bob at 10.0.0.1".to_owned()),
        };
        assert_eq!(text(&error), "TopicAuthorizationFailed");
        assert!(chain(&error).contains("secret-topic"), "the log has it all");
    }

    #[test]
    fn the_last_attempt_says_why_a_record_was_not_sent() {
        let mut error = SendError {
            kind: SendErrorKind::Exhausted { attempts: 3 },
            possibly_written: false,
            topic: "t".into(),
            partition: Some(0),
            cause: Some(Error::NoBroker { source: None }.into()),
        };
        assert_eq!(send_text(&error), "no broker is reachable");
        error.cause = None;
        assert_eq!(send_text(&error), "request timed out");
    }
}
