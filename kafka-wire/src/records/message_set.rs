//! Messages of the formats before record batches, magic 0 and 1, that are read as one: Kafka 0.7 to 0.10 wrote them, and segments of
//! that age are still served as they are. Read-only: no broker takes them from a producer any more (KIP-724).
//!
//! ```text
//!            ┌───────────┬───────────┬───────────┐
//! plain      │ message 7 │ message 8 │ message 9 │        each with offset, checksum and fields of its own
//!            └───────────┴───────────┴───────────┘
//!            ┌───────────────────────────────────┐
//! compressed │ message 9  ╭───┬───┬───╮          │        a wrapper at the offset of the last message inside; its value
//!            │            │ 7 │ 8 │ 9 │ magic 0  │        is a message set, compressed as a whole (KIP-31)
//!            │            │ 0 │ 1 │ 2 │ magic 1  │        offset inside + (offset of the wrapper - last offset inside)
//!            └────────────┴───┴───┴───┴──────────┘
//! ```
//! In magic 1 messages have a timestamp (KIP-32). Where the broker sets it (log append time), it sets that of the wrapper, which then
//! holds for all messages inside.
//!
//! [`MessageSet::open`] makes records of them as a record batch has them, so that from there on one walk reads all formats; that is
//! one copy, never longer than the messages are. Here is nothing that writes messages, and nothing that guesses: a message
//! inside that cannot be right spoils its wrapper.

use std::fmt;

use bytes::Bytes;

use super::compression::is_lz4_header_checksum;
use super::message::{Message, bad};
use super::{
    Attributes, BatchBuilder, Codecs, Compression, CrcCheck, DecompressLimits, NewRecord,
    RecordError, RecordFault, RecordSet, TimestampType,
};

/// One compressed message, or neighbouring ones that are not compressed and have offsets and the like in common. Cheap
/// to clone; keeps the bytes that it was parsed from alive.
#[derive(Clone)]
pub struct MessageSet {
    bytes: Bytes,
    magic: i8,
    attributes: Attributes,
    first_offset: Option<i64>,
    last_offset: i64,
    /// Of the wrapper, or of the first plain message.
    timestamp: i64,
    check: CrcCheck,
}

impl MessageSet {
    /// The first messages of `bytes` that can be read as one: a compressed one alone, or up to 64 KiB (one message at least) of those
    /// that are not. `Ok(None)` if `bytes` end before the first message does: brokers cut a fetch answer wherever the size limit falls.
    ///
    /// # Errors
    /// A magic byte other than 0 and 1, a size too small for a message, a wrong CRC, fields longer than their message, an offset that
    /// cannot be. Only the first message's: one that cannot be read ends the set before it.
    pub fn parse(bytes: &Bytes, check: CrcCheck) -> Result<Option<Self>, RecordError> {
        let Some(first) = Message::parse(bytes, check)? else {
            return Ok(None);
        };
        let (size, last_offset) = if first.is_wrapper() {
            (first.size, first.offset)
        } else {
            neighbours(&first, bytes, check)
        };
        Ok(Some(Self {
            magic: first.magic,
            attributes: first.attributes,
            first_offset: (!first.is_wrapper()).then_some(first.offset),
            last_offset,
            timestamp: first.timestamp,
            check,
            bytes: bytes.slice(..size),
        }))
    }

    /// The format: 0, or 1 with timestamps and relative offsets.
    pub fn magic(&self) -> i8 {
        self.magic
    }

    /// Compression and timestamp type; no other flag is ever set.
    pub fn attributes(&self) -> Attributes {
        self.attributes
    }

    /// Offset of the first message; `None` if they are compressed, for then it stands inside.
    pub fn first_offset(&self) -> Option<i64> {
        self.first_offset
    }

    /// Offset of the last message.
    pub fn last_offset(&self) -> i64 {
        self.last_offset
    }

    /// The first offset after the messages, where reading goes on.
    pub fn next_offset(&self) -> i64 {
        self.last_offset.saturating_add(1)
    }

    /// The messages as on the wire.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The messages as records, decompressed if they have to be. Messages inside a compressed one are checked as those outside.
    ///
    /// # Errors
    /// A codec that the format does not have, or that nobody has; corrupt compressed data; more output than `limits` allow; a message
    /// inside that is malformed, compressed once more, or cut off; offsets that do not rise up to that of the wrapper.
    pub fn open(&self, limits: &DecompressLimits) -> Result<RecordSet, RecordError> {
        self.open_with(limits, &mut Codecs::default())
    }

    /// The same with decompressors that are kept from one to the next.
    ///
    /// # Errors
    /// As [`MessageSet::open`].
    pub fn open_with(
        &self,
        limits: &DecompressLimits,
        codecs: &mut Codecs,
    ) -> Result<RecordSet, RecordError> {
        match self.attributes.compression()? {
            // Their checksums have been looked at when they were parsed.
            Compression::None => Converter::of(&self.bytes, CrcCheck::Skip)?.finish(self),
            Compression::Zstd => Err(RecordError::CodecNotInMagic {
                codec: Compression::Zstd,
                magic: self.magic,
            }),
            codec => {
                let inside = self.decompress(codec, limits, codecs)?;
                let mut converter = Converter::of(&inside, self.check)?;
                converter.place_inside(self)?;
                converter.finish(self)
            }
        }
    }

    fn decompress(
        &self,
        codec: Compression,
        limits: &DecompressLimits,
        codecs: &mut Codecs,
    ) -> Result<Vec<u8>, RecordError> {
        let wrapper = Message::parse(&self.bytes, CrcCheck::Skip)?;
        let Some(value) = wrapper.and_then(|wrapper| wrapper.value) else {
            return Err(bad(self.last_offset, RecordFault::EmptyWrapper));
        };
        codecs
            .decompress(codec, value, limits)
            .map_err(|error| match error {
                RecordError::Corrupt { source, .. } if is_lz4_header_checksum(&source) => {
                    RecordError::OldLz4 { magic: self.magic }
                }
                error => error,
            })
    }
}

impl fmt::Debug for MessageSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageSet")
            .field("magic", &self.magic)
            .field("attributes", &self.attributes)
            .field("first_offset", &self.first_offset)
            .field("last_offset", &self.last_offset)
            .finish_non_exhaustive()
    }
}

/// How far the messages reach that `first` can be read with, in bytes, and the offset of the last one.
fn neighbours(first: &Message<'_>, input: &[u8], check: CrcCheck) -> (usize, i64) {
    let (mut size, mut last_offset) = (first.size, first.offset);
    while size < PLAIN_BYTES {
        let rest = input.get(size..).unwrap_or_default();
        // Looked at before the checksum is, which may be that of a megabyte.
        let Ok(Some(next)) = Message::parse(rest, CrcCheck::Skip) else {
            break;
        };
        let rises = next.offset > last_offset && next.offset - first.offset <= i64::from(i32::MAX);
        let alike = next.magic == first.magic && next.attributes == first.attributes;
        let same_time = !first.is_log_append() || next.timestamp == first.timestamp;
        if !(rises && alike && same_time) || Message::parse(rest, check).is_err() {
            break;
        }
        size += next.size;
        last_offset = next.offset;
    }
    (size, last_offset)
}

/// Messages on their way to be records.
struct Converter {
    builder: BatchBuilder,
    /// As the messages say it; relative inside a wrapper of magic 1.
    first_offset: i64,
    last_offset: i64,
    /// Where the first one really is.
    base_offset: i64,
}

impl Converter {
    /// Takes all of `messages`, which are whole, plain and in the order of their offsets, or else refused.
    fn of(messages: &[u8], check: CrcCheck) -> Result<Self, RecordError> {
        let first_offset = match Message::parse(messages, check)? {
            Some(first) => first.offset,
            None => 0,
        };
        let mut converter = Self {
            // No longer than they are now: a message has 26 bytes beside key and value, a record at most as many.
            builder: BatchBuilder::new(usize::MAX, messages.len() + super::BATCH_HEADER_BYTES),
            first_offset,
            last_offset: first_offset - 1,
            base_offset: first_offset,
        };
        let mut rest = messages;
        while !rest.is_empty() {
            let Some(message) = Message::parse(rest, check)? else {
                return Err(RecordError::TrailingBytes { bytes: rest.len() });
            };
            converter.add(&message)?;
            rest = rest.get(message.size..).unwrap_or_default();
        }
        Ok(converter)
    }

    fn add(&mut self, message: &Message<'_>) -> Result<(), RecordError> {
        if message.is_wrapper() {
            return Err(bad(message.offset, RecordFault::Nested));
        }
        if message.offset <= self.last_offset {
            return Err(bad(message.offset, RecordFault::Offset));
        }
        let delta = i32::try_from(message.offset - self.first_offset)
            .map_err(|_| bad(message.offset, RecordFault::Offset))?;
        self.last_offset = message.offset;
        let record = NewRecord {
            timestamp: message.timestamp,
            key: message.key,
            value: message.value,
            headers: &[],
        };
        let bytes = self.builder.len().saturating_add(message.size);
        self.builder
            .append_at(record, delta.cast_unsigned())
            .map_err(|_| RecordError::Unrepresentable { bytes })
    }

    /// Says which wrapper the messages were in.
    fn place_inside(&mut self, wrapper: &MessageSet) -> Result<(), RecordError> {
        if self.builder.is_empty() {
            return Err(bad(wrapper.last_offset, RecordFault::EmptyWrapper));
        }
        if self.last_offset > wrapper.last_offset {
            return Err(bad(self.last_offset, RecordFault::Offset));
        }
        if wrapper.magic > 0 {
            self.base_offset = self.first_offset + (wrapper.last_offset - self.last_offset);
        }
        Ok(())
    }

    fn finish(self, set: &MessageSet) -> Result<RecordSet, RecordError> {
        let (mut header, records) = self.builder.into_records();
        let last_offset_delta = i32::try_from(set.last_offset - self.base_offset);
        header.base_offset = self.base_offset;
        header.last_offset_delta =
            last_offset_delta.map_err(|_| bad(set.last_offset, RecordFault::Offset))?;
        header.attributes = set.attributes;
        if set.attributes.timestamp_type() == TimestampType::LogAppend {
            header.max_timestamp = set.timestamp;
        }
        Ok(RecordSet::new(header, records))
    }
}

/// Plain messages that are read as one. Enough for the cost of each set to be spread, little enough to copy.
const PLAIN_BYTES: usize = 64 * 1024;
