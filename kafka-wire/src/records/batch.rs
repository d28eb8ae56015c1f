//! One batch, validated; and the batches of a fetch answer, one after the other.

use std::fmt;
use std::iter::FusedIterator;

use bytes::Bytes;

use super::header::{ATTRIBUTES_AT, BATCH_HEADER_BYTES, batch_len};
use super::walk::{RecordSet, fits};
use super::{BatchHeader, Codecs, Compression, DecompressLimits, RecordError};

/// A record batch whose header has been validated. Its records have not been looked at yet: [`RecordBatch::open`].
///
/// Holds a reference to the bytes it was parsed from, so it is cheap to clone, and keeps them alive.
#[derive(Clone)]
pub struct RecordBatch {
    header: BatchHeader,
    bytes: Bytes,
}

impl RecordBatch {
    /// The first batch of `bytes`; what follows it is left alone. `Ok(None)` if `bytes` end before the batch
    /// does: a broker cuts the last batch of a fetch answer wherever the size limit falls.
    ///
    /// # Errors
    /// A magic byte other than 2, a length too short for a header, a wrong CRC, offsets or a count that cannot be.
    pub fn parse(bytes: &Bytes, check: CrcCheck) -> Result<Option<Self>, RecordError> {
        let Some(length) = batch_len(bytes)? else {
            return Ok(None);
        };
        let bytes = bytes.slice(..length);
        let Some(header) = BatchHeader::parse(&bytes) else {
            return Ok(None);
        };
        if check == CrcCheck::Verify {
            verify_crc(header.crc, &bytes)?;
        }
        header.validate()?;
        Ok(Some(Self { header, bytes }))
    }

    /// The header, validated.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The whole batch as on the wire, header included.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The records, decompressed if they have to be; uncompressed ones are not copied.
    ///
    /// # Errors
    /// An unknown codec, corrupt compressed data, more output than `limits` allow, more records claimed than the bytes can hold.
    pub fn open(&self, limits: &DecompressLimits) -> Result<RecordSet, RecordError> {
        self.open_with(limits, &mut Codecs::default())
    }

    /// The same with decompressors that are kept from one batch to the next, which is faster for small batches.
    ///
    /// # Errors
    /// As [`RecordBatch::open`].
    pub fn open_with(
        &self,
        limits: &DecompressLimits,
        codecs: &mut Codecs,
    ) -> Result<RecordSet, RecordError> {
        let stored = self.bytes.slice(BATCH_HEADER_BYTES.min(self.bytes.len())..);
        let records = match self.header.attributes.compression()? {
            Compression::None => stored,
            // What compaction leaves of a batch without records has nothing to decompress.
            _ if stored.is_empty() => stored,
            codec => codecs.decompress(codec, &stored, limits)?.into(),
        };
        fits(&self.header, &records)?;
        Ok(RecordSet::new(self.header, records))
    }
}

impl fmt::Debug for RecordBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordBatch")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Whether to verify checksums. Kafka: `check.crcs`, true by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CrcCheck {
    /// A batch with a wrong checksum is an error. Costs about 0.05 ns a byte.
    #[default]
    Verify,
    /// Checksums are not looked at; everything else still is.
    Skip,
}

/// The batches in the `records` bytes of a produce request (or of a fetch answer without old segments), in order; messages of older
/// formats are an error. [`LogEntries`](super::LogEntries) reads both.
///
/// Ends before a batch that is cut off at the end, and after the first error: behind a batch of unknown
/// length nothing can be found.
#[derive(Debug, Clone)]
pub struct Batches {
    rest: Bytes,
    check: CrcCheck,
}

impl Batches {
    /// Batches of `records`; nothing is parsed yet.
    pub fn new(records: Bytes, check: CrcCheck) -> Self {
        Self {
            rest: records,
            check,
        }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        match RecordBatch::parse(&self.rest, self.check) {
            Ok(Some(batch)) => {
                self.rest = self.rest.slice(batch.bytes.len()..);
                Some(Ok(batch))
            }
            Ok(None) => {
                self.rest = Bytes::new();
                None
            }
            Err(error) => {
                self.rest = Bytes::new();
                Some(Err(error))
            }
        }
    }
}

impl FusedIterator for Batches {}

fn verify_crc(expected: u32, batch: &[u8]) -> Result<(), RecordError> {
    let actual = crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default());
    if actual == expected {
        Ok(())
    } else {
        Err(RecordError::CrcMismatch { expected, actual })
    }
}
