//! Zstandard (RFC 8878) from hostile bytes.
//!
//! Feeds: a byte that says how large pieces are, then frames.
//!
//! Asserts what `codecs::check` says. The second way is the library's other one, which has a window and reads its input piece by piece;
//! frames before and after show what came out. The library's two ways disagree about a few frames; then one of them has to agree with us. What
//! the C library allocates is held by `-rss_limit_mb`; it is not instrumented, so that its branches do not guide the search.
#![no_main]

use std::io;

use kafka_fuzz::codecs::{Subject, check, read_all};
use kafka_fuzz::pieces::Pieces;
use kafka_wire::records::Compression;
use libfuzzer_sys::fuzz_target;
use zstd::stream::read::Decoder;

const ZSTD: Subject = Subject {
    codec: Compression::Zstd,
    in_pieces: |bytes, size, most| {
        // A repeated byte that is repeated zero times is fine in one go, and corrupt in a stream.
        streamed(bytes, size, most).or_else(|_| zstd::bulk::decompress(bytes, MOST_AT_ONCE))
    },
    between: |before, frames, after| {
        // What is fine in one go only, is so only if there is room enough for it.
        streamed(frames, frames.len(), u64::MAX).ok()?;
        Some([&frame(before), frames, &frame(after)].concat())
    },
};

fuzz_target!(|data: &[u8]| check(data, &ZSTD));

fn streamed(bytes: &[u8], size: usize, most: u64) -> io::Result<Vec<u8>> {
    let mut decoder = Decoder::new(Pieces::new(bytes, size))?;
    decoder.window_log_max(23)?;
    read_all(decoder, most)
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

/// More than any output that the target accepts.
const MOST_AT_ONCE: usize = 2 << 20;
