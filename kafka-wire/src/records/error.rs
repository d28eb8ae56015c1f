//! What can be wrong with record batches, and how it is said.

use std::io;
use std::sync::Arc;

use super::Compression;

/// Why a record batch cannot be read, or could not be made.
///
/// Errors are small and cheap to clone: one may have to be told to everybody who waits for a batch.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Another format than is read here. 2 are record batches, 0 and 1 the messages of Kafka before 0.11, which only
    /// [`LogEntries`](super::LogEntries) reads beside them; others do not exist.
    #[error("records of magic {magic}, which cannot be read here")]
    UnsupportedMagic {
        /// The magic byte found.
        magic: i8,
    },
    /// The length field is too small for the header of a batch or for an empty message, or negative.
    #[error(
        "record batch or message claims a length of {length} bytes, less than its header takes"
    )]
    BadLength {
        /// The length field, in bytes after itself.
        length: i32,
    },
    /// The bytes were changed between whoever wrote the batch and us.
    #[error("record batch has CRC-32C {actual:#010x}, its header says {expected:#010x}")]
    CrcMismatch {
        /// What the header says.
        expected: u32,
        /// What the bytes give.
        actual: u32,
    },
    /// The bytes of a message of magic 0 or 1 were changed between whoever wrote it and us.
    #[error("message {offset} has CRC-32 {actual:#010x}, its header says {expected:#010x}")]
    MessageCrcMismatch {
        /// The offset that the message says it has; inside a compressed message of magic 1, counted from its first one.
        offset: i64,
        /// What the message says.
        expected: u32,
        /// What the bytes give.
        actual: u32,
    },
    /// A negative base offset or last offset delta, or offsets beyond 2^63 - 2.
    #[error(
        "record batch claims base offset {base_offset} with last offset delta {last_offset_delta}"
    )]
    BadOffsets {
        /// The base offset claimed.
        base_offset: i64,
        /// The last offset delta claimed.
        last_offset_delta: i32,
    },
    /// A negative count, more records than offsets, or more than the bytes can hold.
    #[error("record batch claims {count} records, which cannot be")]
    BadCount {
        /// The count claimed.
        count: i32,
    },
    /// A record inside the batch breaks the format.
    #[error("record {index} of the batch is malformed")]
    BadRecord {
        /// Which record, counted from 0.
        index: i32,
        /// What is wrong with it.
        #[source]
        fault: RecordFault,
    },
    /// A message of magic 0 or 1 breaks the format.
    #[error("message {offset} is malformed")]
    BadMessage {
        /// The offset that the message says it has; inside a compressed message of magic 1, counted from its first one.
        offset: i64,
        /// What is wrong with it.
        #[source]
        fault: RecordFault,
    },
    /// Bytes were left after the last record, or after the last whole message inside a compressed one.
    #[error("{bytes} bytes left after the last record of the batch")]
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// The attributes name a codec that Kafka does not have.
    #[error("record batch is compressed with unknown codec {id}")]
    UnknownCodec {
        /// The codec bits of the attributes, 5-7.
        id: i16,
    },
    /// A message of magic 0 or 1 claims a codec that came only with record batches: zstd (KIP-110).
    #[error("message of magic {magic} is compressed with {codec}, which its format does not have")]
    CodecNotInMagic {
        /// The codec claimed.
        codec: Compression,
        /// The format of the message.
        magic: i8,
    },
    /// An LZ4 frame whose header has the wrong checksum, in a message of magic 0 or 1. Clients before Kafka 0.10 computed it over the
    /// wrong bytes (KIP-57); such frames are not read.
    #[error(
        "lz4 frame in a message of magic {magic} has the header checksum of clients before Kafka 0.10, or a corrupt one"
    )]
    OldLz4 {
        /// The format of the message.
        magic: i8,
    },
    /// The records decompress to more than the limit. Raising the named setting makes the batch readable.
    #[error("records decompress to more than the {limit} bytes that {setting} allows")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The setting to raise: [`DecompressLimits::setting`](super::DecompressLimits::setting).
        setting: &'static str,
    },
    /// The compressed bytes are not what the codec writes.
    #[error("{codec} data of a record batch is corrupt")]
    Corrupt {
        /// The codec named by the batch.
        codec: Compression,
        /// What the codec said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The codec failed to compress: in practice, it got no memory.
    #[error("{codec} could not compress a record batch")]
    CompressFailed {
        /// The codec asked for.
        codec: Compression,
        /// What the codec said.
        #[source]
        source: Arc<io::Error>,
    },
    /// A batch without records was to be closed; brokers refuse such a batch.
    #[error("a record batch needs at least one record")]
    Empty,
    /// The finished batch is longer than the format can say (2 GiB).
    #[error("record batch of {bytes} bytes is longer than its length field can say")]
    Unrepresentable {
        /// The length of the whole batch.
        bytes: usize,
    },
}

/// What is wrong with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFault {
    /// A varint is cut off, has more than 5 (32 bits) or 10 (64 bits) bytes, or does not fit its type.
    #[error("a varint is cut off or too long")]
    Varint,
    /// A length or count is negative where it may not be, or says more than there are bytes left.
    #[error("a length says more than the bytes left, or is negative")]
    Length,
    /// The offset is not above the one before, or beyond the batch's last offset (or that of the compressed message around it).
    #[error("its offset is not above the one before it or lies outside the batch")]
    Offset,
    /// The key of a header is not UTF-8.
    #[error("a header key is not UTF-8")]
    HeaderKey,
    /// The record says that it is longer than its fields are.
    #[error("bytes are left after its last field")]
    Leftover,
    /// A compressed message of magic 0 or 1 lies inside another one.
    #[error("it is compressed although it lies inside a compressed message")]
    Nested,
    /// A compressed message of magic 0 or 1 has a null value, or no message inside.
    #[error("it is compressed and holds no message")]
    EmptyWrapper,
    /// The key of a control record does not say version and type, or its value is not what the type asks for.
    #[error("it is a control record without version and type, or without the value of its type")]
    Control,
}

/// The record does not fit into the batch any more; close it and start another.
///
/// The batch is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record batch is full")]
pub struct BatchFull;
