//! What reading may allocate, counted by the allocator itself: bytes asked for, whether given back or not.
//!
//! libFuzzer and the C library of zstd do not ask this allocator; their memory is held by `-rss_limit_mb`.

use std::alloc::System;

use kafka_wire::rows::{Kind, Structure};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static METER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What `call` gives back, and the bytes allocated on the way.
pub fn metered<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(METER);
    let result = call();
    (result, region.change().bytes_allocated)
}

/// What every door may allocate beside what follows from its input.
pub const FIXED_BYTES: usize = 64 * 1024;

/// The most that it may cost to read a message of `length` bytes and to write it again, as `primitives.rs` states it, when elements that
/// are really there take `element_bytes`.
///
/// A count that lies costs no more than the bytes left and an element, in each of the four arrays that may lie within each other; an
/// array that grows has at most twice the room that it needs. What is left are texts, which are copied, and what is written, in a buffer
/// that doubles.
pub fn message_limit(structure: &Structure, length: usize, element_bytes: usize) -> usize {
    16 * length + 2 * element_bytes + 4 * largest_element(structure) + FIXED_BYTES
}

fn largest_element(structure: &Structure) -> usize {
    let kinds = structure.rows.iter().map(|row| &row.kind);
    kinds.map(largest_within).max().unwrap_or(0)
}

fn largest_within(kind: &Kind) -> usize {
    match kind {
        Kind::Nullable(present) => largest_within(present),
        Kind::Structure(structure) => largest_element(structure),
        Kind::Array(element) => memory_bytes(element).max(largest_within(element)),
        _ => 0,
    }
}

/// At least as much as the value takes where it stands, whatever it points to left out.
pub fn memory_bytes(kind: &Kind) -> usize {
    match kind {
        Kind::String | Kind::Array(_) => size_of::<String>(),
        Kind::Bytes => size_of::<bytes::Bytes>(),
        Kind::Nullable(present) => memory_bytes(present) + 8,
        // Fields are sorted by alignment, so that only the end is padded.
        Kind::Structure(structure) => {
            let fields = structure.rows.iter().map(|row| memory_bytes(&row.kind));
            fields.sum::<usize>() + 8
        }
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
    }
}
