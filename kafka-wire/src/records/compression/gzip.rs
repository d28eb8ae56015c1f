//! gzip (RFC 1952): members one after the other, as `java.util.zip.GZIPInputStream` reads them.

use std::io;

use flate2::{Compress, Compression as Level, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Codec, Output, Refusal, corrupt};

/// Keeps the compressor, which is large; a decompressor is cheap to make.
pub(super) struct Gzip {
    level: Level,
    compressor: Option<Compress>,
}

impl Gzip {
    /// 1 to 9.
    pub(super) fn new(level: u32) -> Self {
        Self {
            level: Level::new(level.clamp(1, 9)),
            compressor: None,
        }
    }
}

impl Codec for Gzip {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        let compressor = self
            .compressor
            .get_or_insert_with(|| Compress::new_gzip(self.level, WINDOW_BITS));
        compressor.reset();
        let mut rest = input;
        loop {
            output.reserve(rest.len() / 2 + ROOM_BYTES);
            let before = compressor.total_in();
            let status = compressor.compress_vec(rest, output, FlushCompress::Finish)?;
            rest = after(rest, compressor.total_in() - before);
            if status == Status::StreamEnd {
                return Ok(());
            }
        }
    }

    fn decompress(&mut self, input: &[u8], output: &mut Output) -> Result<(), Refusal> {
        let mut rest = input;
        while !rest.is_empty() || input.is_empty() {
            rest = member(rest, output)?;
        }
        Ok(())
    }
}

/// Decompresses one member and returns what follows it.
fn member<'a>(input: &'a [u8], output: &mut Output) -> Result<&'a [u8], Refusal> {
    let mut decompressor = Decompress::new_gzip(WINDOW_BITS);
    let mut rest = input;
    loop {
        output.grow(input.len().saturating_mul(2).max(ROOM_BYTES));
        let (before, length) = (decompressor.total_in(), output.bytes.len());
        let status = decompressor
            .decompress_vec(rest, &mut output.bytes, FlushDecompress::None)
            .map_err(io::Error::from)?;
        output.check(output.bytes.len())?;
        let left = after(rest, decompressor.total_in() - before);
        let stuck = left.len() == rest.len() && output.bytes.len() == length;
        rest = left;
        match status {
            Status::StreamEnd => return Ok(rest),
            _ if stuck => return Err(corrupt("gzip data is cut off")),
            _ => {}
        }
    }
}

/// `bytes` without the first `count`.
fn after(bytes: &[u8], count: u64) -> &[u8] {
    usize::try_from(count)
        .ok()
        .and_then(|count| bytes.get(count..))
        .unwrap_or_default()
}

const WINDOW_BITS: u8 = 15;
const ROOM_BYTES: usize = 512;
