//! Snappy in xerial's frame, and bare.
//!
//! ```text
//! Stream  => magic version compatible [Block]
//!   magic: 82 53 4e 41 50 50 59 00       "\x82SNAPPY\0"
//!   version: int32                       1
//!   compatible: int32                    1, the oldest version that can read it
//!
//! Block   => length data
//!   length: int32                        bytes of data
//!   data: byte[]                         one Snappy block; begins with its decompressed length as a varint
//! ```
//!
//! Kafka's Java client writes blocks of 32 KiB. librdkafka and others write one Snappy block with no frame around it.

use std::io;

use super::{Codec, Output, Refusal, corrupt};

/// Keeps the compressor's hash table.
pub(super) struct Snappy {
    compressor: snap::raw::Encoder,
    decompressor: snap::raw::Decoder,
}

impl Default for Snappy {
    fn default() -> Self {
        Self {
            compressor: snap::raw::Encoder::new(),
            decompressor: snap::raw::Decoder::new(),
        }
    }
}

impl Codec for Snappy {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        output.extend_from_slice(&MAGIC);
        output.extend_from_slice(&VERSION.to_be_bytes());
        output.extend_from_slice(&VERSION.to_be_bytes());
        for block in input.chunks(BLOCK_BYTES) {
            self.compress_block(block, output)?;
        }
        Ok(())
    }

    fn decompress(&mut self, input: &[u8], output: &mut Output) -> Result<(), Refusal> {
        let Some(framed) = input.strip_prefix(&MAGIC) else {
            return self.decompress_block(input, output);
        };
        let Some((_versions, mut rest)) = framed.split_at_checked(2 * size_of_val(&VERSION)) else {
            return Err(corrupt("snappy frame ends within its header"));
        };
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::try_from(i32::from_be_bytes(*length)).ok();
            let Some((block, after)) = length.and_then(|length| after.split_at_checked(length))
            else {
                return Err(corrupt(
                    "snappy block is longer than what is left of its frame",
                ));
            };
            self.decompress_block(block, output)?;
            rest = after;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(corrupt("snappy frame ends within the length of a block"))
        }
    }
}

impl Snappy {
    fn compress_block(&mut self, block: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        let (length_at, start) = (output.len(), output.len() + size_of::<i32>());
        output.resize(start + snap::raw::max_compress_len(block.len()), 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let length = self.compressor.compress(block, room)?;
        output.truncate(start + length);
        // A block of 32 KiB is far from 2 GiB.
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        if let Some(slot) = output.get_mut(length_at..start) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    fn decompress_block(&mut self, block: &[u8], output: &mut Output) -> Result<(), Refusal> {
        let claimed = snap::raw::decompress_len(block).map_err(io::Error::from)?;
        let start = output.bytes.len();
        let end = start.saturating_add(claimed);
        output.check(end)?;
        if claimed > block.len().saturating_mul(MAX_RATIO) {
            return Err(corrupt("snappy block claims more than its bytes can hold"));
        }
        output.bytes.resize(end, 0);
        let room = output.bytes.get_mut(start..).unwrap_or_default();
        self.decompressor
            .decompress(block, room)
            .map_err(io::Error::from)?;
        Ok(())
    }
}

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const VERSION: i32 = 1;
const BLOCK_BYTES: usize = 32 * 1024;
/// The best that Snappy can do is a copy of 64 bytes said in three.
const MAX_RATIO: usize = 22;
