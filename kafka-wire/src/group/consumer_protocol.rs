//! What consumers of a classic group tell each other: what a member wants and has, and what it gets.
//!
//! ```text
//! version: int16, then the table of that version, never flexible
//! ```
//! A subscription travels in `JoinGroupRequest`'s `metadata`, an assignment in `SyncGroupRequest`'s `assignment`; no broker reads
//! them. Versions: 1 tells owned partitions (KIP-429); 2 the generation they are from (KIP-792); 3 the rack (KIP-881).
//!
//! Schemas: `ConsumerProtocolSubscription.json`, `ConsumerProtocolAssignment.json`.

use std::ops::RangeInclusive;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::error::{DecodeError, DecodeReason, EncodeError, EncodeFault, EncodeReason, Fault};
use crate::primitives::Context;
use crate::table::{Message, wire_struct};

/// Versions of both messages. A newer one is read as the newest of these: Kafka only ever adds fields at the end.
pub const VERSIONS: RangeInclusive<i16> = 0..=3;

wire_struct! {
    /// What a member wants to read and what it still holds.
    pub struct ConsumerProtocolSubscription {
        /// Topics, by name.
        0+ topics: Vec<String>,
        /// State of the assignor, opaque to all others; null for none.
        0+ user_data: Option<Bytes>,
        /// Partitions the member has not given up yet (KIP-429).
        ignorable 1+ owned_partitions: Vec<TopicPartition>,
        /// Generation `owned_partitions` are from; -1 if unknown (KIP-792).
        ignorable 2+ generation_id: i32 = -1,
        /// Rack of the consumer; null for none (KIP-881).
        ignorable 3+ rack_id: Option<String>,
    }
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicPartition {
        /// Topic.
        0+ topic: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// What a member is to read.
    pub struct ConsumerProtocolAssignment {
        /// Partitions, by topic.
        0+ assigned_partitions: Vec<TopicPartition>,
        /// State of the assignor, opaque to all others; null for none.
        0+ user_data: Option<Bytes>,
    }
}

impl ConsumerProtocolSubscription {
    /// Reads a subscription, and the version its sender wrote it in, which may be above [`VERSIONS`].
    ///
    /// # Errors
    /// Bytes that are not a subscription. Bytes after it are ignored, as Kafka does.
    pub fn decode(bytes: &Bytes) -> Result<(Self, i16), DecodeError> {
        decode(bytes)
    }

    /// Writes it, version first. Fields that `version` lacks are left out.
    ///
    /// # Errors
    /// A version outside [`VERSIONS`], or a topic name too long for the wire.
    pub fn encode(&self, version: i16) -> Result<Bytes, EncodeError> {
        encode(self, version)
    }
}

impl ConsumerProtocolAssignment {
    /// Reads an assignment, and the version its sender wrote it in, which may be above [`VERSIONS`].
    ///
    /// # Errors
    /// Bytes that are not an assignment. Bytes after it are ignored, as Kafka does.
    pub fn decode(bytes: &Bytes) -> Result<(Self, i16), DecodeError> {
        decode(bytes)
    }

    /// Writes it, version first.
    ///
    /// # Errors
    /// A version outside [`VERSIONS`], or a topic name too long for the wire.
    pub fn encode(&self, version: i16) -> Result<Bytes, EncodeError> {
        encode(self, version)
    }
}

fn decode<M: Message>(bytes: &Bytes) -> Result<(M, i16), DecodeError> {
    let mut rest = bytes.as_ref();
    let sent = rest.try_get_i16().unwrap_or(-1);
    let version = sent.min(*VERSIONS.end());
    let read = if VERSIONS.contains(&version) {
        M::decode(
            rest,
            Context {
                version,
                flexible: false,
                frame: bytes,
            },
        )
    } else {
        Err(Fault::at(bytes, DecodeReason::Version))
    };
    match read {
        Ok((_, message)) => Ok((message, sent)),
        Err(fault) => Err(Fault::into_error(
            fault,
            M::STRUCTURE.name,
            sent,
            bytes.len(),
        )),
    }
}

fn encode<M: Message>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    if !VERSIONS.contains(&version) {
        return Err(EncodeFault::new(EncodeReason::Version).into_error(M::STRUCTURE.name, version));
    }
    let mut out = BytesMut::new();
    out.put_i16(version);
    crate::frame::encode_message(message, version, false, out)
}

#[cfg(test)]
mod tests;
