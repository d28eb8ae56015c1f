//! One batch of one partition, from its first record to its outcome.

mod split;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::records::{
    BatchBuilder, ClosedBatch, Codecs, Compression, NewRecord, ProducerStamp, RecordError,
};
use tokio::time::Instant;

use super::delivery::{Completion, Failure, Outcome};
use super::lane::Rules;
use super::memory::{Buffer, Memory, Permit};
use super::send_error::SendErrorKind;
use crate::error::Error;
pub(crate) use split::Halves;

/// A batch. Dropped before its outcome is known, it fails as [`SendErrorKind::Closed`], so that nobody waits for ever.
pub(crate) struct Batch {
    /// Its place in its partition: how many records were put there before its first one.
    pub(crate) number: u64,
    /// Who is told.
    pub(crate) completion: Arc<Completion>,
    /// Records in it.
    pub(crate) records: u32,
    /// When it has failed at the latest.
    pub(crate) deadline: Instant,
    /// How often it was sent, not counting attempts that failed for another batch's sake.
    pub(crate) attempts: u32,
    /// Under which numbers it goes; `None` without idempotence, or as long as it was never sent.
    pub(crate) stamp: Option<ProducerStamp>,
    /// Whether some attempt may have written it.
    pub(crate) maybe_written: bool,
    /// Whether it was split off a batch that may have been written: then the broker does not recognise it.
    pub(crate) is_fragment: bool,
    /// What the last attempt met.
    pub(crate) cause: Option<Arc<Error>>,
    /// Whether it is with a broker now: its socket may hold the bytes, and its outcome may be anything.
    pub(crate) on_its_way: bool,
    content: Content,
    limit: usize,
    capacity: usize,
    permit: Option<Permit>,
}

enum Content {
    /// Takes records.
    Open(BatchBuilder),
    /// As it goes over the wire, under the numbers given.
    Sealed(Bytes, Option<ProducerStamp>),
    /// Neither: it failed to be sealed.
    Gone,
}

impl Batch {
    /// An empty batch in `buffer`, to be compressed or not.
    pub(crate) fn new(
        number: u64,
        completion: Arc<Completion>,
        deadline: Instant,
        rules: &Rules,
        buffer: Buffer,
    ) -> Self {
        let limit = rules.batch_size;
        let capacity = buffer.bytes.capacity();
        let mut builder = BatchBuilder::with_buffer(limit, buffer.bytes);
        if rules.compression == Compression::None {
            builder = builder.summing();
        }
        Self {
            number,
            completion,
            records: 0,
            deadline,
            attempts: 0,
            stamp: None,
            maybe_written: false,
            is_fragment: false,
            cause: None,
            on_its_way: false,
            limit,
            capacity,
            content: Content::Open(builder),
            permit: Some(buffer.permit),
        }
    }

    /// Appends a record of at most `size` bytes; its index, or `None` if it does not fit or the memory to grow is not there.
    #[inline]
    pub(crate) fn append(
        &mut self,
        record: NewRecord<'_>,
        size: usize,
        memory: &Memory,
    ) -> Option<u32> {
        let Content::Open(builder) = &mut self.content else {
            return None;
        };
        let needed = builder.len() + size;
        if needed > self.limit && self.records > 0 {
            return None;
        }
        if needed > self.capacity {
            let capacity = needed.max(2 * self.capacity);
            let more = memory.try_take(capacity - self.capacity)?;
            if let Some(permit) = &mut self.permit {
                permit.merge(more);
            }
            self.capacity = capacity;
        }
        let index = builder.append(record).ok()?;
        self.records = index + 1;
        Some(index)
    }

    /// Bytes so far, before compression.
    pub(crate) fn len(&self) -> usize {
        match &self.content {
            Content::Open(builder) => builder.len(),
            Content::Sealed(bytes, _) => bytes.len(),
            Content::Gone => 0,
        }
    }

    /// The bytes to send, under the numbers given. Cheap if nothing changed since the last time.
    pub(crate) fn seal(
        &mut self,
        compression: Compression,
        transactional: bool,
        codecs: &mut Codecs,
    ) -> Result<Bytes, RecordError> {
        let mut closed = match std::mem::replace(&mut self.content, Content::Gone) {
            Content::Sealed(bytes, stamp) if stamp == self.stamp => {
                self.content = Content::Sealed(bytes.clone(), stamp);
                return Ok(bytes);
            }
            Content::Sealed(bytes, _) => ClosedBatch::reopen(bytes),
            Content::Open(builder) => self.close(builder, compression, codecs)?,
            Content::Gone => return Err(RecordError::Empty),
        };
        closed.set_transactional(transactional);
        if let Some(stamp) = self.stamp {
            closed.set_producer(stamp);
        }
        let bytes = closed.seal();
        self.content = Content::Sealed(bytes.clone(), self.stamp);
        Ok(bytes)
    }

    fn close(
        &mut self,
        builder: BatchBuilder,
        compression: Compression,
        codecs: &mut Codecs,
    ) -> Result<ClosedBatch, RecordError> {
        let closed = builder.close_with(compression, codecs)?;
        if compression != Compression::None {
            // Compressed bytes lie in a buffer of their own, which may have grown to twice their length.
            let needed = closed.len().saturating_mul(2);
            if let Some(permit) = &mut self.permit {
                permit.shrink_to(needed);
            }
            self.capacity = needed.min(self.capacity);
        }
        Ok(closed)
    }

    /// Ties the memory to `bytes`, this batch's: it comes back when the socket has let go of them, whenever that is. For batches
    /// whose outcome says nothing of the socket.
    pub(crate) fn give_away(&mut self, bytes: Bytes) -> Bytes {
        let Some(permit) = self.permit.take() else {
            return bytes;
        };
        let owned = Bytes::from_owner(Paid {
            bytes,
            _permit: permit,
        });
        self.content = Content::Sealed(owned.clone(), self.stamp);
        owned
    }

    /// Tells the outcome and gives the memory back. Called once nothing of the batch is on its way any more.
    pub(crate) fn complete(mut self, outcome: Outcome, memory: &Memory) {
        self.completion.complete(outcome);
        let content = std::mem::replace(&mut self.content, Content::Gone);
        if let (Content::Sealed(bytes, _), Some(permit)) = (content, self.permit.take()) {
            memory.give_back(bytes, permit);
        }
    }

    /// The outcome of a batch that failed as `kind`.
    pub(crate) fn failure(&self, kind: SendErrorKind) -> Outcome {
        Outcome::Failed(Box::new(Failure {
            kind,
            possibly_written: self.maybe_written || self.on_its_way,
            cause: self.cause.clone(),
            blamed: Vec::new(),
        }))
    }
}

/// Bytes and what they cost.
struct Paid {
    bytes: Bytes,
    _permit: Permit,
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if !self.completion.is_done() {
            let closed = self.failure(SendErrorKind::Closed);
            self.completion.complete(closed);
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("number", &self.number)
            .field("records", &self.records)
            .field("attempts", &self.attempts)
            .field("stamp", &self.stamp)
            .field("maybe_written", &self.maybe_written)
            .field("is_fragment", &self.is_fragment)
            .finish_non_exhaustive()
    }
}
