//! The LZ4 frame format from hostile bytes.
//!
//! Feeds: a byte that says how large pieces are, then a frame.
//!
//! Asserts what `codecs::check` says. The second way is a decoder that reads its input piece by piece; blocks put before the first and
//! behind the last show what came out, unless the frame says how long it is or has a checksum over all of it.
#![no_main]

use std::io::{self, BufRead as _};

use kafka_fuzz::codecs::{Subject, check};
use kafka_fuzz::pieces::Pieces;
use kafka_wire::records::Compression;
use libfuzzer_sys::fuzz_target;
use lz4_flex::frame::FrameDecoder;

const LZ4: Subject = Subject {
    codec: Compression::Lz4,
    in_pieces,
    between: |before, frame, after| {
        // Magic, flags, block size, checksum of these; at the end, a length of zero.
        let (header, rest) = frame.split_at_checked(7)?;
        let (blocks, end) = rest.split_at_checked(rest.len().checked_sub(4)?)?;
        let is_plain =
            header[4] & (CONTENT_CHECKSUM | CONTENT_SIZE | BLOCK_CHECKSUM | DICTIONARY) == 0;
        is_plain.then(|| [header, &stored(before), blocks, &stored(after), end].concat())
    },
};

fuzz_target!(|data: &[u8]| check(data, &LZ4));

/// Block by block to the end of the input: `read_to_end` would take a block that holds nothing for it.
fn in_pieces(bytes: &[u8], size: usize, most: u64) -> io::Result<Vec<u8>> {
    let mut decoder = FrameDecoder::new(Pieces::new(bytes, size));
    let mut output = Vec::new();
    while !decoder.get_ref().is_empty() && u64::try_from(output.len()).unwrap() < most {
        let block = decoder.fill_buf()?;
        let length = block.len();
        output.extend_from_slice(block);
        decoder.consume(length);
    }
    Ok(output)
}

/// A block that is not compressed, which the highest bit of its length says.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap() | 1 << 31;
    [&length.to_le_bytes()[..], bytes].concat()
}

const DICTIONARY: u8 = 1;
const CONTENT_CHECKSUM: u8 = 1 << 2;
const CONTENT_SIZE: u8 = 1 << 3;
const BLOCK_CHECKSUM: u8 = 1 << 4;
