//! Chunk framing, checked by the letter while it passes by (G-3). Pure: nothing is kept but where we are.

use super::head::{MAX_HEADERS, is_token};

/// Where in a chunked body the next byte belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    step: Step,
    /// Bytes of chunk extensions so far, over all chunks.
    extension_bytes: usize,
    trailer_lines: usize,
    trailer_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Size { digits: u8, size: u64 },
    Extension { size: u64 },
    SizeLf { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
}

/// The byte at this index of what was fed last cannot belong to a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadChunk(pub(super) usize);

impl Chunks {
    /// Before the first chunk. Trailers may have `trailer_bytes` in all, as a head may.
    pub(super) fn new(trailer_bytes: usize) -> Chunks {
        Chunks {
            step: Step::Size { digits: 0, size: 0 },
            extension_bytes: 0,
            trailer_lines: 0,
            trailer_bytes,
        }
    }

    /// Whether the body is complete.
    pub(super) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Takes bytes until they or the body end, and says how many belonged to the body.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.step {
                Step::Done => break,
                Step::Data { left } => {
                    let here = u64::try_from(bytes.len() - at)
                        .unwrap_or(u64::MAX)
                        .min(left);
                    // It was the length of a slice a line ago.
                    at += usize::try_from(here).unwrap_or(0);
                    self.step = if here == left {
                        Step::DataCr
                    } else {
                        Step::Data { left: left - here }
                    };
                }
                step => {
                    self.step = self.next(step, byte).ok_or(BadChunk(at))?;
                    at += 1;
                }
            }
        }
        Ok(at)
    }

    /// Where a byte of the framing leads; `None` when it does not belong there.
    fn next(&mut self, step: Step, byte: u8) -> Option<Step> {
        match (step, byte) {
            (Step::Size { digits: 1.., size } | Step::Extension { size }, b'\r') => {
                Some(Step::SizeLf { size })
            }
            (Step::Size { digits: 1.., size }, b';')
            | (Step::Extension { size }, b'\t' | b' '..=0x7e | 0x80..) => self.extension(size),
            (Step::Size { digits, size }, _) => {
                let digit = char::from(byte).to_digit(16)?;
                // 16 digits are all that 64 bits hold.
                (digits < 16).then(|| Step::Size {
                    digits: digits + 1,
                    size: size << 4 | u64::from(digit),
                })
            }
            (Step::SizeLf { size: 0 }, b'\n') => Some(Step::TrailerStart),
            (Step::SizeLf { size }, b'\n') => Some(Step::Data { left: size }),
            (Step::DataCr, b'\r') => Some(Step::DataLf),
            (Step::DataLf, b'\n') => Some(Step::Size { digits: 0, size: 0 }),
            (Step::TrailerStart, b'\r') => Some(Step::EndLf),
            (Step::EndLf, b'\n') => Some(Step::Done),
            _ => self.next_of_trailer(step, byte),
        }
    }

    fn extension(&mut self, size: u64) -> Option<Step> {
        self.extension_bytes += 1;
        (self.extension_bytes <= MAX_EXTENSION_BYTES).then_some(Step::Extension { size })
    }

    fn next_of_trailer(&mut self, step: Step, byte: u8) -> Option<Step> {
        self.trailer_bytes = self.trailer_bytes.checked_sub(1)?;
        match (step, byte) {
            (Step::TrailerStart, _) if is_token(byte) => {
                self.trailer_lines += 1;
                (self.trailer_lines <= MAX_HEADERS).then_some(Step::TrailerName)
            }
            (Step::TrailerName, b':') | (Step::TrailerValue, b'\t' | b' '..=0x7e | 0x80..) => {
                Some(Step::TrailerValue)
            }
            (Step::TrailerName, _) if is_token(byte) => Some(Step::TrailerName),
            (Step::TrailerValue, b'\r') => Some(Step::TrailerLf),
            (Step::TrailerLf, b'\n') => Some(Step::TrailerStart),
            _ => None,
        }
    }
}

/// Chunk extensions in all (G-3).
const MAX_EXTENSION_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests;
