//! Which topic names a request may ask for (G-30, G-31).

/// Why a topic name is refused; `Display` is what the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// Kafka allows 1 to 249 of `[A-Za-z0-9._-]`, and neither `.` nor `..`.
    #[error("invalid topic name")]
    Illegal,
    /// It begins with `__`, as the brokers' own topics do.
    #[error("internal topics are not allowed")]
    Internal,
}

/// Checks a decoded topic name. `allow_internal` is the setting `produce.allow_internal_topics`.
pub fn check_topic(name: &str, allow_internal: bool) -> Result<(), TopicError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty()
        || name.len() > 249
        || name == "."
        || name == ".."
        || !name.bytes().all(legal)
    {
        return Err(TopicError::Illegal);
    }
    if name.starts_with("__") && !allow_internal {
        return Err(TopicError::Internal);
    }
    Ok(())
}

#[test]
fn g30_only_names_that_kafka_takes() {
    let long = "a".repeat(249);
    for name in ["a", "A.b_c-9", "...", "_a", &long] {
        assert_eq!(check_topic(name, false), Ok(()), "{name}");
    }
    let too_long = "a".repeat(250);
    for name in ["", ".", "..", "a b", "a/b", "ä", "a\0", "a%2e", &too_long] {
        assert_eq!(check_topic(name, false), Err(TopicError::Illegal), "{name}");
    }
}

#[test]
fn g31_internal_topics_only_when_allowed() {
    assert_eq!(
        check_topic("__consumer_offsets", false),
        Err(TopicError::Internal)
    );
    assert_eq!(check_topic("__consumer_offsets", true), Ok(()));
}
