//! The LZ4 frame format, as far as Kafka uses it: one frame of the current format, no dictionary.
//!
//! ```text
//! Frame => magic flags blockSizes [contentSize] headerChecksum [Block] endMark [contentChecksum]
//!   magic: 04 22 4d 18
//!   flags: byte                 bit 2: a content checksum, 3: a content size, 4: a checksum after every block
//!   blockSizes: byte            bit 4-6: blocks of at most 4: 64 KiB, 5: 256 KiB, 6: 1 MiB, 7: 4 MiB
//!   contentSize: uint64         little-endian, as all numbers here
//!   headerChecksum: byte
//!   endMark: 00 00 00 00
//!   contentChecksum: uint32
//!
//! Block => length data [checksum]
//!   length: uint32              bytes of data; the highest bit says that they are not compressed
//! ```
//!
//! Blocks and checksums are the library's. What it would let pass, the outline, is checked here before: a frame without its end
//! mark, bytes behind the frame, the legacy format.

use std::io::{self, BufRead, Write};
use std::mem;

use lz4_flex::frame::{
    BlockMode, BlockSize, Error as FrameError, FrameDecoder, FrameEncoder, FrameInfo,
};

use super::{Codec, Output, Refusal, corrupt};

/// Keeps the compressor with its hash table and block buffers.
pub(super) struct Lz4 {
    compressor: FrameEncoder<Vec<u8>>,
}

impl Default for Lz4 {
    fn default() -> Self {
        let info = FrameInfo::new()
            .block_mode(BlockMode::Independent)
            .block_size(BlockSize::Max64KB);
        Self {
            compressor: FrameEncoder::with_frame_info(info, Vec::new()),
        }
    }
}

impl Codec for Lz4 {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        *self.compressor.get_mut() = mem::take(output);
        let done = self.compressor.write_all(input);
        let done = done.and_then(|()| self.compressor.try_finish().map_err(io::Error::from));
        *output = mem::take(self.compressor.get_mut());
        done
    }

    fn decompress(&mut self, input: &[u8], output: &mut Output) -> Result<(), Refusal> {
        check_outline(input).ok_or_else(|| corrupt("not one whole LZ4 frame"))?;
        let mut decompressor = FrameDecoder::new(input);
        // A block may hold nothing, so that nothing is not the end; the end of the input is, for there the outline ends.
        while !decompressor.get_ref().is_empty() {
            let block = decompressor.fill_buf()?;
            let length = block.len();
            output.push(block)?;
            decompressor.consume(length);
        }
        Ok(())
    }
}

/// Whether `error` says that the header of a frame has the wrong checksum.
pub(super) fn is_header_checksum(error: &io::Error) -> bool {
    let source = error.get_ref().and_then(|source| source.downcast_ref());
    matches!(source, Some(FrameError::HeaderChecksumError))
}

/// `Some` if `input` is a frame from its magic number to its end mark, and nothing else.
fn check_outline(input: &[u8]) -> Option<()> {
    let rest = input.strip_prefix(&MAGIC)?;
    let (&[flags, _block_sizes], rest) = rest.split_first_chunk()?;
    let content_size = if flags & CONTENT_SIZE == 0 {
        0
    } else {
        size_of::<u64>()
    };
    let (_content_size_and_header_checksum, mut rest) = rest.split_at_checked(content_size + 1)?;
    let block_checksum = if flags & BLOCK_CHECKSUM == 0 {
        0
    } else {
        CHECKSUM_BYTES
    };
    loop {
        let (length, after) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes(*length);
        if length == END_MARK {
            let content_checksum = if flags & CONTENT_CHECKSUM == 0 {
                0
            } else {
                CHECKSUM_BYTES
            };
            return (after.len() == content_checksum).then_some(());
        }
        let length = usize::try_from(length & !NOT_COMPRESSED).ok()?;
        rest = after.get(length.checked_add(block_checksum)?..)?;
    }
}

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const CONTENT_CHECKSUM: u8 = 1 << 2;
const CONTENT_SIZE: u8 = 1 << 3;
const BLOCK_CHECKSUM: u8 = 1 << 4;
const CHECKSUM_BYTES: usize = 4;
const END_MARK: u32 = 0;
const NOT_COMPRESSED: u32 = 1 << 31;
