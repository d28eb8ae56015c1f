//! Facts about record batches as a whole; small modules have their own tests beside them.

use bytes::Bytes;

use super::*;

mod building;
mod control;
mod goldens;
mod hostile;
mod message_sets;
mod peer;

/// A record with everything owned, so that both sides of a comparison can be written down.
#[derive(Debug, Clone, PartialEq, Default)]
struct Record {
    offset: i64,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl From<RecordRef<'_>> for Record {
    fn from(record: RecordRef<'_>) -> Self {
        let owned =
            |(key, value): (&str, Option<&[u8]>)| (key.to_owned(), value.map(<[u8]>::to_vec));
        Self {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(owned).collect(),
        }
    }
}

/// The first batch of `bytes`, which is there and whole.
fn parse(bytes: &Bytes) -> RecordBatch {
    RecordBatch::parse(bytes, CrcCheck::Verify)
        .unwrap()
        .unwrap()
}

/// All records of the first batch of `bytes`.
fn read(bytes: &Bytes, check: CrcCheck) -> Result<Vec<Record>, RecordError> {
    let batch = RecordBatch::parse(bytes, check)?.expect("a whole batch");
    let records = batch.open(&DecompressLimits::default())?;
    records
        .iter()
        .map(|record| record.map(Record::from))
        .collect()
}

/// Appends `record`, which must fit.
fn append(builder: &mut BatchBuilder, record: &Record) {
    let headers: Vec<(&str, Option<&[u8]>)> = record
        .headers
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_deref()))
        .collect();
    builder
        .append(NewRecord {
            timestamp: record.timestamp,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        })
        .unwrap();
}

/// A closed batch of `records`.
fn build(records: &[Record], compression: Compression) -> ClosedBatch {
    let mut builder = BatchBuilder::new(usize::MAX, 0);
    for record in records {
        append(&mut builder, record);
    }
    builder.close(compression).unwrap()
}

/// Bytes of a hexadecimal text; anything between the digits is ignored.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];
