//! Why a record is not known to be written.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;

use crate::error::Error;

/// A record that failed: why, and whether it may be in the log all the same. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SendError {
    /// Why.
    pub kind: SendErrorKind,
    /// Whether the record may have been written although it failed: its last answer was lost, or time ran out while it was on its way.
    /// Sending it again may then make a duplicate.
    pub possibly_written: bool,
    /// The record's topic.
    pub topic: Arc<str>,
    /// The record's partition; `None` if it failed before it got one.
    pub partition: Option<i32>,
    /// What the last attempt met, if there was one.
    pub cause: Option<Arc<Error>>,
}

/// Why a record failed, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// The record alone is too large. Others are not affected.
    #[error("a record of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes it would take, as a batch of its own.
        size: usize,
        /// Bytes allowed: the lesser of `max_request_size` and `buffer_memory`.
        limit: usize,
    },
    /// The record alone is too large for the broker. Others are not affected. Kafka: `max.message.bytes` of the topic, or
    /// `message.max.bytes` of the broker, which does not tell the limit: it lies between `written` and `size`.
    #[error("a batch of this record alone, {size} bytes, is over the limit of its topic{}", known(*.written))]
    TooLargeForTopic {
        /// Bytes of the batch as it was sent: compressed, its header included.
        size: usize,
        /// Bytes of the largest batch that this producer has written to the partition, if any.
        written: Option<usize>,
    },
    /// The buffer stayed full. Wait, or send less.
    #[error("the buffer stayed full for {waited:?}")]
    BufferFull {
        /// How long room was waited for; 0 if not at all.
        waited: Duration,
    },
    /// The topic cannot be used: unknown, not authorized, or no broker tells. The cause says which.
    #[error("the topic cannot be used")]
    Topic,
    /// The topic has no such partition.
    #[error("the topic has {partitions} partitions")]
    Partition {
        /// How many it has.
        partitions: usize,
    },
    /// The broker refused for good, or the request could not be made. The cause says why.
    #[error("refused")]
    Refused,
    /// The broker refused this very record.
    #[error("the broker refused this record{}", detail(.message.as_deref()))]
    RecordRefused {
        /// Why, in the broker's words, if it had any.
        message: Option<String>,
    },
    /// The broker refused other records of the same batch, and this one with them. Sending it again may help.
    #[error("the broker refused another record of the same batch")]
    NeighbourRefused,
    /// Not acknowledged in time. The cause is what the last attempt met.
    #[error("not acknowledged within {after:?}")]
    Expired {
        /// `delivery_timeout`.
        after: Duration,
    },
    /// Every attempt failed. The cause is what the last one met.
    #[error("not acknowledged in {attempts} attempts")]
    Exhausted {
        /// How many there were.
        attempts: u32,
    },
    /// The batch of the record could not be made: in practice, compression got no memory.
    #[error("its batch could not be made")]
    Unencodable,
    /// Its transaction was aborted before the record was sent.
    #[error("its transaction was aborted")]
    Aborted,
    /// The producer was closed, or its runtime ended, before the record was acknowledged.
    #[error("the producer is closed")]
    Closed,
}

fn known(written: Option<usize>) -> String {
    written.map_or_else(String::new, |written| {
        format!(", which is {written} at least")
    })
}

fn detail(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!(": {message}"))
}

impl SendError {
    /// A record that failed before it was taken, so it is not written.
    pub(crate) fn untaken(topic: &str, kind: SendErrorKind, cause: Option<Error>) -> Self {
        Self {
            kind,
            possibly_written: false,
            topic: topic.into(),
            partition: None,
            cause: cause.map(Arc::new),
        }
    }

    /// The broker's error code, if the cause has one.
    pub fn code(&self) -> Option<ErrorCode> {
        self.cause.as_deref().and_then(Error::code)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record for {}", self.topic)?;
        if let Some(partition) = self.partition {
            write!(f, "-{partition}")?;
        }
        write!(f, ": {}", self.kind)?;
        if self.possibly_written {
            write!(f, "; it may have been written")?;
        }
        Ok(())
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| {
            let cause: &(dyn std::error::Error + 'static) = cause;
            cause
        })
    }
}

/// Why a record was not taken now.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The topic is not known yet.
    NoTopic,
    /// There is no memory; this many bytes would do.
    NoMemory(usize),
    /// It cannot be taken at all.
    Failed(SendError),
}

/// Records that were given up because closing took too long, or that failed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{lost} records were not acknowledged before the producer was closed")]
pub struct CloseError {
    /// How many. Each one's delivery says whether it may have been written.
    pub lost: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_why_and_whether_it_may_be_written() {
        let error = SendError {
            kind: SendErrorKind::Expired {
                after: Duration::from_secs(2),
            },
            possibly_written: true,
            topic: "orders".into(),
            partition: Some(3),
            cause: None,
        };
        assert_eq!(
            error.to_string(),
            "record for orders-3: not acknowledged within 2s; it may have been written"
        );
    }
}
