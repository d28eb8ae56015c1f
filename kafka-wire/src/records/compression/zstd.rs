//! Zstandard (RFC 8878): frames one after the other. The C library, by way of its own safe bindings.

use std::io::{self, Cursor};

use zstd::zstd_safe::{
    CCtx, CParameter, DCtx, DParameter, ErrorCode, InBuffer, OutBuffer, ResetDirective,
    compress_bound, get_error_name, get_frame_content_size,
};

use super::{Codec, Output, Refusal, corrupt};

/// Keeps both contexts, each made when it is first needed.
pub(super) struct Zstd {
    level: i32,
    compressor: Option<CCtx<'static>>,
    decompressor: Option<DCtx<'static>>,
}

impl Codec for Zstd {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        output.reserve(compress_bound(input.len()));
        let mut end = Cursor::new(&mut *output);
        end.set_position(u64::try_from(end.get_ref().len()).unwrap_or(u64::MAX));
        let compressor = self.compressor()?;
        compressor
            .reset(ResetDirective::SessionOnly)
            .map_err(named)?;
        compressor.compress2(&mut end, input).map_err(named)?;
        Ok(())
    }

    fn decompress(&mut self, input: &[u8], output: &mut Output) -> Result<(), Refusal> {
        let claimed = get_frame_content_size(input).map_err(|_| corrupt("no zstd frame header"))?;
        let claimed = claimed.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        output.check(claimed.unwrap_or(0))?;
        // A frame that fits whole is decompressed in one go, without a window; but a large claim has to be earned.
        let believable = input.len().saturating_mul(4).max(ROOM_BYTES);
        output.grow(claimed.unwrap_or(usize::MAX).min(believable).max(1));
        let decompressor = self.decompressor()?;
        decompressor
            .reset(ResetDirective::SessionOnly)
            .map_err(named)?;
        decompress_frames(decompressor, input, output)
    }
}

impl Zstd {
    /// -131,072 to 22.
    pub(super) fn new(level: i32) -> Self {
        Self {
            level: level.clamp(LEAST_LEVEL, MOST_LEVEL),
            compressor: None,
            decompressor: None,
        }
    }

    fn compressor(&mut self) -> io::Result<&mut CCtx<'static>> {
        if self.compressor.is_none() {
            let mut context = CCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
            context
                .set_parameter(CParameter::CompressionLevel(self.level))
                .map_err(named)?;
            self.compressor = Some(context);
        }
        self.compressor
            .as_mut()
            .ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn decompressor(&mut self) -> io::Result<&mut DCtx<'static>> {
        if self.decompressor.is_none() {
            let mut context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
            context
                .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
                .map_err(named)?;
            self.decompressor = Some(context);
        }
        self.decompressor
            .as_mut()
            .ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }
}

fn decompress_frames(
    decompressor: &mut DCtx<'_>,
    input: &[u8],
    output: &mut Output,
) -> Result<(), Refusal> {
    let mut input = InBuffer::around(input);
    loop {
        output.grow(ROOM_BYTES);
        let (read, written) = (input.pos(), output.bytes.len());
        let mut room = OutBuffer::around_pos(&mut output.bytes, written);
        let wanted = decompressor
            .decompress_stream(&mut room, &mut input)
            .map_err(named)?;
        let stuck = input.pos() == read && output.bytes.len() == written;
        output.check(output.bytes.len())?;
        match wanted {
            0 if input.pos() == input.src.len() => return Ok(()),
            _ if stuck => return Err(corrupt("zstd data is cut off")),
            _ => {}
        }
    }
}

/// What zstd calls the error.
fn named(code: ErrorCode) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, get_error_name(code))
}

/// What the library takes (`ZSTD_minCLevel`, `ZSTD_maxCLevel`).
const LEAST_LEVEL: i32 = -131_072;
const MOST_LEVEL: i32 = 22;
/// A window of 8 MiB, the most that Kafka's own levels use and that RFC 8878 (3.1.1.1.2) asks decoders to support.
const WINDOW_LOG_MAX: u32 = 23;
const ROOM_BYTES: usize = 64 * 1024;
