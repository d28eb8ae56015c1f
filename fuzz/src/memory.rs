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

/// The most that it may cost to read a message of `length` bytes and to write it again, as `primitives.rs` states it.
///
/// An array that lies costs no more than the bytes left, on each of four levels. Elements that are really there cost their size
/// in memory, and up to twice that while the array grows; no more of them can be there than the bytes hold. What is left are texts,
/// which are copied, and what is written, in a buffer that doubles.
pub fn message_limit(structure: &Structure, version: i16, flexible: bool, length: usize) -> usize {
    let dearest = dearest_element(structure, version, flexible);
    length.saturating_mul(16 + 3 * dearest) + FIXED_BYTES
}

/// How many bytes of memory a byte of the wire may become, in the array where it is the most.
fn dearest_element(structure: &Structure, version: i16, flexible: bool) -> usize {
    let rows = structure.rows.iter();
    let kinds = rows.filter(|row| row.versions.contain(version));
    kinds
        .map(|row| dearest_in(&row.kind, version, flexible && !row.classic))
        .max()
        .unwrap_or(0)
}

fn dearest_in(kind: &Kind, version: i16, flexible: bool) -> usize {
    match kind {
        Kind::Nullable(present) => dearest_in(present, version, flexible),
        Kind::Structure(structure) => dearest_element(structure, version, flexible),
        Kind::Array(element) => {
            let least = wire_bytes(element, version, flexible).max(1);
            let here = memory_bytes(element).div_ceil(least);
            here.max(dearest_in(element, version, flexible))
        }
        _ => 0,
    }
}

/// The least bytes on the wire.
fn wire_bytes(kind: &Kind, version: i16, flexible: bool) -> usize {
    match kind {
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
        Kind::String => 2 - usize::from(flexible),
        Kind::Bytes | Kind::Array(_) => 4 - 3 * usize::from(flexible),
        Kind::Nullable(Kind::Structure(_)) => 1,
        Kind::Nullable(present) => wire_bytes(present, version, flexible),
        Kind::Structure(structure) => {
            let rows = structure.rows.iter().filter(|row| row.tag.is_none());
            let present = rows.filter(|row| row.versions.contain(version));
            let sizes = present.map(|row| wire_bytes(&row.kind, version, flexible && !row.classic));
            sizes.sum::<usize>() + usize::from(flexible)
        }
    }
}

/// At least as much as the value takes where it stands, whatever it points to left out.
fn memory_bytes(kind: &Kind) -> usize {
    match kind {
        Kind::String | Kind::Array(_) => size_of::<String>(),
        Kind::Bytes => size_of::<bytes::Bytes>(),
        Kind::Nullable(present) => memory_bytes(present) + 8,
        // Fields are sorted by alignment, so that only the end is padded.
        Kind::Structure(structure) => {
            let fields = structure.rows.iter().map(|row| memory_bytes(&row.kind));
            fields.sum::<usize>() + 8
        }
        fixed => wire_bytes(fixed, 0, false),
    }
}
