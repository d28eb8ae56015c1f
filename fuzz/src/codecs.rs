//! What the `decompress_*` targets assert.
//!
//! Compressed bytes get into `kafka-wire` the way they do in life, inside a batch; [`around`] makes a batch of any bytes.

use std::io::{self, Read};

use bytes::Bytes;
use kafka_wire::records::{
    BATCH_HEADER_BYTES, Codecs, Compression, CrcCheck, DecompressLimits, RecordBatch, RecordError,
    RecordSet,
};

use crate::memory::metered;
use crate::records::{LIMITS, open_limit, rebuild_value, walk};

/// A codec, and a second way to decompress what it wrote.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The codec.
    pub codec: Compression,
    /// Decompresses input that comes in pieces of the given size, and stops after as many bytes of output as the last argument says.
    pub in_pieces: fn(&[u8], usize, u64) -> io::Result<Vec<u8>>,
    /// Other bytes that decompress to what the arguments decompress to: the first as it is, the second decompressed, the third as it
    /// is. `None` if the second takes no neighbours.
    pub between: Between,
}

/// See [`Subject::between`].
pub type Between = fn(&[u8], &[u8], &[u8]) -> Option<Vec<u8>>;

/// Holds hostile compressed bytes against their [`Subject`]. The first byte says how large the pieces are.
///
/// Asserts that
/// - memory stays within what limits, codec and input account for, and output within its limit;
/// - decompressors that were used before give the same;
/// - input in pieces decompresses to as many bytes, and to the same ones: they are seen through a record that is put around them;
/// - a limit of just as many bytes suffices, one byte less is refused for the limit, naming its setting;
/// - what went in as a value, compressed, comes out of either way.
pub fn check(data: &[u8], subject: &Subject) {
    let [size, compressed @ ..] = data else {
        return;
    };
    let pieces = usize::from(*size).max(1);
    let batch = around(compressed, subject.codec, 1);
    let (_, allocated) = metered(|| drop(parse(&batch).open(&LIMITS)));
    assert!(allocated <= open_limit(batch.len()), "{allocated} bytes");
    let opened = size_of_records(&batch, &LIMITS, &mut Codecs::default());

    let mut codecs = Codecs::default();
    for _ in 0..2 {
        assert_eq!(size_of_records(&batch, &LIMITS, &mut codecs), opened);
    }
    if let Outcome::Size(length) = opened {
        check_output(compressed, length, pieces, subject);
        check_limit(&batch, length);
    }
    check_round(compressed, pieces, subject);
}

/// What came of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// So many bytes came out.
    Size(usize),
    /// More than allowed would have.
    TooLarge,
    /// What the codec said.
    Refused(String),
}

fn size_of_records(batch: &Bytes, limits: &DecompressLimits, codecs: &mut Codecs) -> Outcome {
    // One record fits into seven bytes, none into none: what fits tells how much came out.
    match parse(batch).open_with(limits, codecs) {
        Ok(set) => {
            assert!(set.size_bytes() <= limits.max_output_bytes);
            Outcome::Size(set.size_bytes())
        }
        Err(RecordError::BadCount { .. }) => match parse(&with_count(batch, 0)).open(limits) {
            Ok(_) => Outcome::Size(0),
            Err(RecordError::TrailingBytes { bytes }) => Outcome::Size(bytes),
            other => panic!("{other:?} without a record, a wrong count with one"),
        },
        Err(RecordError::TooLarge { limit, setting }) => {
            assert_eq!((limit, setting), (limits.max_output_bytes, limits.setting));
            Outcome::TooLarge
        }
        Err(error) => Outcome::Refused(format!("{error:?}")),
    }
}

fn check_output(compressed: &[u8], length: usize, pieces: usize, subject: &Subject) {
    if compressed.is_empty() {
        assert_eq!(length, 0);
        return;
    }
    let enough = u64::try_from(LIMITS.max_output_bytes + 1).unwrap();
    let theirs = (subject.in_pieces)(compressed, pieces, enough).expect("accepted in one piece");
    assert_eq!(theirs.len(), length);

    // The bytes themselves are only to be seen as parts of a record.
    let (before, after) = record_around(length);
    let Some(whole) = (subject.between)(&before, compressed, &after) else {
        return;
    };
    let limits = DecompressLimits {
        max_output_bytes: length + 64,
        ..LIMITS
    };
    let set = parse(&around(&whole, subject.codec, 1)).open(&limits);
    let set: RecordSet = set.expect("the same bytes, with others around");
    let records = walk(&set).expect("a record around them");
    assert_eq!(records[0].value, Some(&theirs[..]));
}

fn check_limit(batch: &Bytes, length: usize) {
    let at_most = |max_output_bytes| DecompressLimits {
        max_output_bytes,
        ..LIMITS
    };
    let outcome = |limit| size_of_records(batch, &at_most(limit), &mut Codecs::default());
    assert_eq!(outcome(length), Outcome::Size(length));
    if length > 0 {
        assert_eq!(outcome(length - 1), Outcome::TooLarge);
    }
}

/// The bytes as a value that is compressed honestly.
fn check_round(value: &[u8], pieces: usize, subject: &Subject) {
    let sealed = rebuild_value(value, subject.codec);
    let compressed = &sealed[BATCH_HEADER_BYTES..];
    let theirs = (subject.in_pieces)(compressed, pieces, u64::MAX).expect("our own compression");
    let plain = around(&theirs, Compression::None, 1);
    let set = parse(&plain).open(&LIMITS).expect("our own record");
    assert_eq!(walk(&set).expect("our own record")[0].value, Some(value));
}

/// A batch that says that its records are `count` in number and `compressed`; its checksum is of no account.
pub fn around(compressed: &[u8], codec: Compression, count: i32) -> Bytes {
    let length = i32::try_from(BATCH_HEADER_BYTES - 12 + compressed.len()).unwrap();
    let codec: i16 = match codec {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Snappy => 2,
        Compression::Lz4 => 3,
        Compression::Zstd => 4,
    };
    let mut batch = Vec::new();
    batch.extend(0_i64.to_be_bytes());
    batch.extend(length.to_be_bytes());
    batch.extend((-1_i32).to_be_bytes());
    batch.push(2);
    batch.extend([0; 4]);
    batch.extend(codec.to_be_bytes());
    // Last offset delta, two timestamps, producer id, epoch and sequence.
    batch.extend([0; 4 + 8 + 8]);
    batch.extend([0xff; 8 + 2 + 4]);
    batch.extend(count.to_be_bytes());
    batch.extend(compressed);
    batch.into()
}

fn with_count(batch: &Bytes, count: i32) -> Bytes {
    let mut bytes = batch.to_vec();
    bytes[BATCH_HEADER_BYTES - 4..BATCH_HEADER_BYTES].copy_from_slice(&count.to_be_bytes());
    bytes.into()
}

fn parse(batch: &Bytes) -> RecordBatch {
    let batch = RecordBatch::parse(batch, CrcCheck::Skip);
    batch.expect("a header of our own").expect("a whole batch")
}

/// What stands before and after `length` bytes that are the value of a batch's only record.
fn record_around(length: usize) -> (Vec<u8>, Vec<u8>) {
    // Attributes, both deltas and a null key; behind the value, no headers.
    let mut front = vec![0, 0, 0, 1];
    put_varint(length, &mut front);
    let mut before = Vec::new();
    put_varint(front.len() + length + 1, &mut before);
    before.extend(front);
    (before, vec![0])
}

/// A number that is not negative, as the zigzag code has it.
fn put_varint(value: usize, out: &mut Vec<u8>) {
    let mut value = value * 2;
    while value >= 0x80 {
        out.push(0x80 | value.to_le_bytes()[0]);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// All that `reader` gives, up to `most` bytes.
pub fn read_all(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut output = Vec::new();
    reader.take(most).read_to_end(&mut output)?;
    Ok(output)
}
