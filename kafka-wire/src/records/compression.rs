//! How the records of a batch are compressed: as one piece, header of the batch left out.
//!
//! Whoever sends compressed bytes is not trusted: output grows as data really comes out, and ends at a limit that
//! the caller sets. What else a codec may allocate is fixed: zstd a window of 8 MiB, lz4 its blocks, 12 MiB at worst (reserved,
//! but touched only as data arrives), gzip 64 KiB, snappy nothing.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use super::RecordError;

mod gzip;
mod lz4;
mod snappy;
mod zstd;

/// A codec of Kafka. Kafka: `compression.type`. Default: `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// gzip (RFC 1952), level 6 by default.
    Gzip,
    /// Snappy blocks in the frame of the Java library xerial, as Kafka's own client writes them; one bare block is read as well.
    Snappy,
    /// The LZ4 frame format, in independent blocks of 64 KiB.
    Lz4,
    /// Zstandard (RFC 8878, KIP-110), level 3 by default.
    Zstd,
}

impl Compression {
    /// The number that stands for the codec in a batch's attributes.
    pub(super) fn id(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl TryFrom<i16> for Compression {
    type Error = RecordError;

    fn try_from(id: i16) -> Result<Self, RecordError> {
        ALL.into_iter()
            .find(|codec| codec.id() == id)
            .ok_or(RecordError::UnknownCodec { id })
    }
}

impl FromStr for Compression {
    type Err = UnknownCompression;

    fn from_str(name: &str) -> Result<Self, UnknownCompression> {
        ALL.into_iter()
            .find(|codec| codec.name() == name)
            .ok_or(UnknownCompression)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that stands for no codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such compression; there are none, gzip, snappy, lz4 and zstd")]
pub struct UnknownCompression;

/// How much memory decompressed records may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecompressLimits {
    /// Bytes that the records of one batch may decompress to. Default: 64 MiB.
    pub max_output_bytes: usize,
    /// What the user has to raise, as the error names it. Default: `max_output_bytes`.
    pub setting: &'static str,
}

impl Default for DecompressLimits {
    fn default() -> Self {
        Self {
            max_output_bytes: 64 << 20,
            setting: "max_output_bytes",
        }
    }
}

/// Compressors and decompressors, kept to be used for one batch after the other, each made when it is first needed.
///
/// Worth it for small batches and zstd above all. Memory stays with them: together about 2 MiB, and 8 MiB more once
/// a zstd frame with the largest window has been read.
#[derive(Default)]
pub struct Codecs {
    levels: CompressionLevels,
    gzip: Option<gzip::Gzip>,
    snappy: Option<snappy::Snappy>,
    lz4: Option<lz4::Lz4>,
    zstd: Option<zstd::Zstd>,
}

/// How hard compressors try, for codecs that let one choose (KIP-390): a lower level is faster, a higher one makes smaller batches.
/// snappy has no levels, and lz4 has one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompressionLevels {
    /// 1 to 9; what is outside is taken for the nearest. Kafka: `compression.gzip.level`. Default: 6.
    pub gzip: u32,
    /// -131,072 to 22; what is outside is taken for the nearest. Kafka: `compression.zstd.level`. Default: 3.
    pub zstd: i32,
}

impl Default for CompressionLevels {
    fn default() -> Self {
        Self { gzip: 6, zstd: 3 }
    }
}

impl Codecs {
    /// None yet; compressors will try as hard as `levels` say.
    pub fn with_levels(levels: CompressionLevels) -> Self {
        Self {
            levels,
            ..Self::default()
        }
    }

    /// Appends `input` to `output`, compressed.
    pub(super) fn compress(
        &mut self,
        codec: Compression,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let Some(chosen) = self.get(codec) else {
            output.extend_from_slice(input);
            return Ok(());
        };
        chosen
            .compress(input, output)
            .map_err(|source| RecordError::CompressFailed {
                codec,
                source: Arc::new(source),
            })
    }

    /// What `input` decompresses to.
    pub(super) fn decompress(
        &mut self,
        codec: Compression,
        input: &[u8],
        limits: &DecompressLimits,
    ) -> Result<Vec<u8>, RecordError> {
        let mut output = Output {
            bytes: Vec::new(),
            limit: limits.max_output_bytes,
        };
        let done = if let Some(chosen) = self.get(codec) {
            chosen.decompress(input, &mut output)
        } else {
            output.push(input)
        };
        match done {
            Ok(()) => Ok(output.bytes),
            Err(Refusal::TooLarge) => Err(RecordError::TooLarge {
                limit: limits.max_output_bytes,
                setting: limits.setting,
            }),
            Err(Refusal::Corrupt(source)) => Err(RecordError::Corrupt {
                codec,
                source: Arc::new(source),
            }),
        }
    }

    fn get(&mut self, codec: Compression) -> Option<&mut dyn Codec> {
        Some(match codec {
            Compression::None => return None,
            Compression::Gzip => {
                let level = self.levels.gzip;
                self.gzip.get_or_insert_with(|| gzip::Gzip::new(level))
            }
            Compression::Snappy => self.snappy.get_or_insert_default(),
            Compression::Lz4 => self.lz4.get_or_insert_default(),
            Compression::Zstd => {
                let level = self.levels.zstd;
                self.zstd.get_or_insert_with(|| zstd::Zstd::new(level))
            }
        })
    }
}

impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codecs").finish_non_exhaustive()
    }
}

/// What a codec has to do; another implementation of zstd, say, needs no more than this.
trait Codec {
    /// Appends `input` to `output`, compressed.
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()>;

    /// Decompresses all of `input`, which nobody vouches for. Usable again after an error.
    fn decompress(&mut self, input: &[u8], output: &mut Output) -> Result<(), Refusal>;
}

/// Decompressed bytes, which never become more than the limit and one.
struct Output {
    bytes: Vec<u8>,
    limit: usize,
}

impl Output {
    /// Appends `bytes`, or refuses them.
    fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if bytes.len() > self.limit.saturating_sub(self.bytes.len()) {
            return Err(Refusal::TooLarge);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Refuses output that has grown beyond the limit, or is known to.
    fn check(&self, length: usize) -> Result<(), Refusal> {
        if length > self.limit {
            Err(Refusal::TooLarge)
        } else {
            Ok(())
        }
    }

    /// Makes room for more when there is none: as much as came out so far, so that memory follows data. One byte more
    /// than the limit tells "too large" from "just fits".
    fn grow(&mut self, at_least: usize) {
        if self.bytes.len() == self.bytes.capacity() {
            let room = self
                .limit
                .saturating_add(1)
                .saturating_sub(self.bytes.len());
            self.bytes
                .reserve_exact(self.bytes.len().max(at_least).min(room));
        }
    }
}

/// Why a codec gave up.
enum Refusal {
    TooLarge,
    Corrupt(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Corrupt(error)
    }
}

/// Whether `error` says that the header of an LZ4 frame has the wrong checksum.
pub(super) fn is_lz4_header_checksum(error: &io::Error) -> bool {
    lz4::is_header_checksum(error)
}

/// Corrupt data, in words.
fn corrupt(what: &'static str) -> Refusal {
    Refusal::Corrupt(io::Error::new(io::ErrorKind::InvalidData, what))
}

const ALL: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

#[cfg(test)]
mod tests;
