//! Zstandard (RFC 8878) from hostile bytes.
//!
//! Feeds: a byte that says how large pieces are, then frames.
//!
//! Asserts what `codecs::check` says. The second way is the library's other one, which has a window and reads its input piece by piece; frames
//! before and after show what came out. What the C library allocates is held by `-rss_limit_mb`.
#![no_main]

use kafka_fuzz::codecs::{Subject, check, read_all};
use kafka_fuzz::pieces::Pieces;
use kafka_wire::records::Compression;
use libfuzzer_sys::fuzz_target;
use zstd::stream::read::Decoder;

const ZSTD: Subject = Subject {
    codec: Compression::Zstd,
    in_pieces: |bytes, size, most| {
        let mut decoder = Decoder::new(Pieces::new(bytes, size))?;
        decoder.window_log_max(23)?;
        read_all(decoder, most)
    },
    between: |before, frames, after| Some([&frame(before), frames, &frame(after)].concat()),
};

fuzz_target!(|data: &[u8]| check(data, &ZSTD));

fn frame(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}
