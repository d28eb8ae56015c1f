//! What members of a `sticky` group tell beside their subscription: what they were last assigned, and when.
//!
//! ```text
//! previous_assignment: array (int32) of { topic: string (int16), partitions: array (int32) of int32 }
//! generation: int32                                                             since version 1
//! ```
//! No field tells the version: what has a generation is version 1, as in Kafka's `StickyAssignor`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::group::assignor::sticky::{Claim, UNKNOWN_GENERATION};
use crate::group::assignor::{Candidate, Partitions, Previous};

/// Writes it at version 1.
pub(in crate::group::assignor) fn encode(previous: Previous<'_>) -> Bytes {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for one in previous.partitions {
        topics.entry(&one.topic).or_default().push(one.partition);
    }
    let mut out = BytesMut::new();
    out.put_i32(length(topics.len()));
    for (topic, numbers) in topics {
        // The wire has no longer topics.
        out.put_i16(i16::try_from(topic.len()).unwrap_or(i16::MAX));
        out.put_slice(topic.as_bytes());
        out.put_i32(length(numbers.len()));
        for number in numbers {
            out.put_i32(number);
        }
    }
    out.put_i32(previous.generation);
    out.freeze()
}

/// What a member claims; nothing if it tells nothing, or what nobody understands.
pub(super) fn claim(candidate: &Candidate) -> Claim<'static> {
    let mut bytes = candidate.user_data.as_deref().unwrap_or_default();
    let partitions = partitions(&mut bytes);
    let generation = bytes.try_get_i32().ok().filter(|_| partitions.is_some());
    Claim {
        generation: generation.unwrap_or(UNKNOWN_GENERATION),
        partitions: Cow::Owned(partitions.unwrap_or_default()),
    }
}

fn partitions(bytes: &mut &[u8]) -> Option<Partitions> {
    let mut partitions = Partitions::new();
    // Counts are not trusted: each round takes bytes, and ends when there are none.
    for _ in 0..count(bytes)? {
        let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
        let (topic, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        let topic = std::str::from_utf8(topic).ok()?;
        let numbers = partitions.entry(topic.to_owned()).or_default();
        for _ in 0..count(bytes)? {
            numbers.push(bytes.try_get_i32().ok()?);
        }
    }
    Some(partitions)
}

fn count(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(bytes.try_get_i32().ok()?).ok()
}

fn length(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
