//! One message of the formats before record batches, magic 0 and 1: where its fields are, and whether they can be right.
//!
//! Never looks into what a message holds compressed; that is [`MessageSet`](super::MessageSet)'s.

use nom::bytes::complete::take;
use nom::number::complete::{be_i8, be_i32, be_i64, be_u8, be_u32};
use nom::{IResult, Parser};

use super::header::{LENGTH_END, MAGIC_AT, length_at, read_at};
use super::{Attributes, CrcCheck, RecordError, RecordFault, TimestampType};

/// A message and its place in the log, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// Never negative, and never the last one of 64 bits, so that there is one behind it.
    pub(super) offset: i64,
    /// 0 or 1.
    pub(super) magic: i8,
    /// Compression, and in magic 1 the type of the timestamp. Bits without meaning are cleared: in record batches they have one.
    pub(super) attributes: Attributes,
    /// Milliseconds since 1970. -1 in magic 0, which has none.
    pub(super) timestamp: i64,
    pub(super) key: Option<&'a [u8]>,
    /// The value, or with a compression the messages inside.
    pub(super) value: Option<&'a [u8]>,
    /// Bytes from the offset to the end of the value.
    pub(super) size: usize,
}

impl<'a> Message<'a> {
    /// The first message of `input`; `Ok(None)` if `input` ends before the message does.
    pub(super) fn parse(input: &'a [u8], check: CrcCheck) -> Result<Option<Self>, RecordError> {
        let Some(size) = message_len(input)? else {
            return Ok(None);
        };
        let entry = input.get(..size).unwrap_or_default();
        if check == CrcCheck::Verify {
            verify_crc(entry)?;
        }
        match Self::fields(entry) {
            Ok(([], message)) if (0..i64::MAX).contains(&message.offset) => Ok(Some(message)),
            Ok(([], message)) => Err(bad(message.offset, RecordFault::Offset)),
            Ok((_, message)) => Err(bad(message.offset, RecordFault::Leftover)),
            Err(_) => Err(bad(offset_of(entry), RecordFault::Length)),
        }
    }

    /// ```text
    /// MessageSet => [Entry]                   without a count: they end where the bytes end
    ///
    /// Entry =>
    ///   offset: int64               @0
    ///   messageSize: int32          @8        bytes that follow
    ///   message: Message            @12
    ///
    /// Message =>
    ///   crc: uint32                 @12       CRC-32 (gzip's, not CRC-32C) of all that follows
    ///   magic: int8                 @16       0 or 1
    ///   attributes: int8            @17
    ///     bit 0-2  compression: 0 none, 1 gzip, 2 snappy, 3 lz4
    ///     bit 3    timestamp type: 0 create time, 1 log append time; magic 1 only
    ///     bit 4-7  unused
    ///   timestamp: int64            @18       magic 1 only (KIP-32)
    ///   key: bytes                  @18, @26
    ///   value: bytes                          with a compression: a MessageSet, compressed
    ///
    /// bytes =>
    ///   length: int32                         -1 for null
    ///   data: byte[]
    /// ```
    fn fields(entry: &'a [u8]) -> IResult<&'a [u8], Self, ()> {
        let (rest, (offset, _size, _crc, magic, attributes)) =
            (be_i64, be_i32, be_u32, be_i8, be_u8).parse(entry)?;
        let (rest, timestamp) = match magic {
            0 => (rest, NO_TIMESTAMP),
            _ => be_i64(rest)?,
        };
        let (rest, (key, value)) = (bytes, bytes).parse(rest)?;
        let meaning = if magic == 0 { MEANING_0 } else { MEANING_1 };
        let message = Self {
            offset,
            magic,
            attributes: Attributes((attributes & meaning).into()),
            timestamp,
            key,
            value,
            size: entry.len(),
        };
        Ok((rest, message))
    }

    /// Whether the value holds messages, compressed.
    pub(super) fn is_wrapper(&self) -> bool {
        self.attributes.0 & i16::from(MEANING_0) != 0
    }

    /// Whether the timestamp is the broker's.
    pub(super) fn is_log_append(&self) -> bool {
        self.attributes.timestamp_type() == TimestampType::LogAppend
    }
}

/// A nullable field.
fn bytes(input: &[u8]) -> IResult<&[u8], Option<&[u8]>, ()> {
    let (rest, length) = be_i32(input)?;
    if length == -1 {
        return Ok((rest, None));
    }
    let length = u32::try_from(length).map_err(|_| nom::Err::Error(()))?;
    take(length).map(Some).parse(rest)
}

/// Bytes of the first message of `input`, offset and size field included; `Ok(None)` if `input` ends before the message does.
fn message_len(input: &[u8]) -> Result<Option<usize>, RecordError> {
    let Some(length) = length_at(input) else {
        return Ok(None);
    };
    let magic = read_at(input, MAGIC_AT).map(i8::from_be_bytes);
    let least = match magic {
        None | Some(0) => LEAST_BYTES_0,
        Some(1) => LEAST_BYTES_1,
        Some(magic) => return Err(RecordError::UnsupportedMagic { magic }),
    };
    match usize::try_from(length) {
        Ok(claimed) if claimed >= least => {
            let whole = claimed.saturating_add(LENGTH_END);
            Ok((whole <= input.len()).then_some(whole))
        }
        _ => Err(RecordError::BadLength { length }),
    }
}

fn verify_crc(entry: &[u8]) -> Result<(), RecordError> {
    let expected = read_at(entry, LENGTH_END).map_or(0, u32::from_be_bytes);
    let actual = crc32fast::hash(entry.get(MAGIC_AT..).unwrap_or_default());
    if actual == expected {
        Ok(())
    } else {
        Err(RecordError::MessageCrcMismatch {
            offset: offset_of(entry),
            expected,
            actual,
        })
    }
}

fn offset_of(entry: &[u8]) -> i64 {
    read_at(entry, 0).map_or(0, i64::from_be_bytes)
}

/// The error for the message that says it is at `offset`.
pub(super) fn bad(offset: i64, fault: RecordFault) -> RecordError {
    RecordError::BadMessage { offset, fault }
}

/// What Kafka gives records that have no timestamp.
const NO_TIMESTAMP: i64 = -1;
/// Attributes that say something in magic 0, and in magic 1.
const MEANING_0: u8 = 0b0111;
const MEANING_1: u8 = 0b1111;
/// CRC, magic, attributes and two lengths; in magic 1 a timestamp too.
const LEAST_BYTES_0: usize = 4 + 1 + 1 + 4 + 4;
const LEAST_BYTES_1: usize = LEAST_BYTES_0 + 8;
