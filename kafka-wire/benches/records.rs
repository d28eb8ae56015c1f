//! What record batches cost: walking and building 10,000 records, every codec both ways, beside `kafka-protocol`.
//!
//! `cargo bench -p kafka-wire --bench records`; criterion's "elem/s" are records, its "B/s" bytes of uncompressed batch.
//!
//! Instructions that a record of 100 B with a key of 13 B takes, as `valgrind --tool=callgrind` counts them. On a machine with
//! other work they say more than a clock does, and show what a change has changed:
//!
//! | | ours | of which | `kafka-protocol` |
//! |---|---|---|---|
//! | build, in batches of 16 KiB | 331 | 200 encode, 36 copy key and value, 59 checksum, the rest makes batches and buffers | 475, one batch |
//! | walk, checksum skipped | 179 | | |
//! | walk | 236 | 57 checksum | 628 |
//!
//! In time, appending to a batch in the nearest cache takes 10 ns where only copying key and value takes 7.5 (2 GHz); reading 10,000 values
//! from farther away and writing 1.2 MB adds 4, the checksum 5.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "bench code: a failure is a failed bench; criterion's macros make functions without docs"
)]

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kafka_protocol::records as theirs;
use kafka_wire::records::{
    BatchBuilder, Batches, Codecs, Compression, CrcCheck, DecompressLimits, LogEntries, NewRecord,
    RecordBatch,
};

criterion_group!(benches, walk, build, compress, decompress);
criterion_main!(benches);

const RECORDS: usize = 10_000;
const SIZES: [usize; 2] = [100, 1024];
const TIMESTAMP: i64 = 1_700_000_000_000;
const KEY: &[u8] = b"customer-4711";

/// A value of `size` bytes that compresses about as well as JSON does.
fn value(size: usize, number: usize) -> Vec<u8> {
    let event = format!(
        r#"{{"id":{number},"customer":"{:08x}","event":"order-{}","amount":{}}},"#,
        number.wrapping_mul(2_654_435_761),
        ["placed", "paid", "sent", "returned"][number % 4],
        number.wrapping_mul(7919) % 100_000,
    );
    event.bytes().cycle().take(size).collect()
}

fn values(size: usize) -> Vec<Vec<u8>> {
    (0..RECORDS).map(|number| value(size, number)).collect()
}

fn fill(builder: &mut BatchBuilder, values: &[Vec<u8>]) {
    for (timestamp, value) in (TIMESTAMP..).zip(values) {
        let record = NewRecord {
            timestamp,
            key: Some(KEY),
            value: Some(value),
            headers: &[],
        };
        builder.append(record).unwrap();
    }
}

fn batch(values: &[Vec<u8>], compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(usize::MAX, 0);
    fill(&mut builder, values);
    builder.close(compression).unwrap().seal()
}

/// As a producer does: batch after batch, each with a buffer of its own.
fn batches(values: &[Vec<u8>], limit: usize) -> usize {
    let mut builder = BatchBuilder::new(limit, limit);
    let mut sum = 0;
    for (timestamp, value) in (TIMESTAMP..).zip(values) {
        let record = NewRecord {
            timestamp,
            key: Some(KEY),
            value: Some(value),
            headers: &[],
        };
        if builder.append(record).is_err() {
            sum += builder.close(Compression::None).unwrap().seal().len();
            builder = BatchBuilder::new(limit, limit);
            builder.append(record).unwrap();
        }
    }
    sum + builder.len()
}

fn walk_ours(bytes: &Bytes, check: CrcCheck) -> usize {
    let mut sum = 0;
    for batch in Batches::new(bytes.clone(), check) {
        let records = batch.unwrap().open(&DecompressLimits::default()).unwrap();
        for record in &records {
            let record = record.unwrap();
            sum += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        }
    }
    sum
}

/// As a consumer does, who does not know how old a segment is.
fn walk_any(bytes: &Bytes) -> usize {
    let mut sum = 0;
    for entry in LogEntries::new(bytes.clone(), CrcCheck::Verify) {
        let records = entry.unwrap().open(&DecompressLimits::default()).unwrap();
        for record in &records {
            let record = record.unwrap();
            sum += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        }
    }
    sum
}

fn walk(criterion: &mut Criterion) {
    for size in SIZES {
        let bytes = batch(&values(size), Compression::None);
        let mut group = criterion.benchmark_group(format!("walk 10,000 x {size} B"));
        group.throughput(Throughput::Elements(u64::try_from(RECORDS).unwrap()));
        group.bench_function("ours, CRC skipped", |bench| {
            bench.iter(|| walk_ours(black_box(&bytes), CrcCheck::Skip));
        });
        group.bench_function("ours", |bench| {
            bench.iter(|| walk_ours(black_box(&bytes), CrcCheck::Verify));
        });
        group.bench_function("ours, formats told apart", |bench| {
            bench.iter(|| walk_any(black_box(&bytes)));
        });
        group.bench_function("kafka-protocol", |bench| {
            bench.iter(|| {
                theirs::RecordBatchDecoder::decode(&mut black_box(&bytes).clone()).unwrap()
            });
        });
        group.finish();
    }
}

fn build(criterion: &mut Criterion) {
    for size in SIZES {
        let values = values(size);
        let mut group = criterion.benchmark_group(format!("build 10,000 x {size} B"));
        group.throughput(Throughput::Elements(u64::try_from(RECORDS).unwrap()));
        group.bench_function("ours", |bench| {
            let mut buffer = Some(BytesMut::new());
            bench.iter(|| {
                let builder = BatchBuilder::with_buffer(usize::MAX, buffer.take().unwrap());
                let mut builder = builder.summing();
                fill(&mut builder, black_box(&values));
                let sealed = builder.close(Compression::None).unwrap().seal();
                buffer = Some(black_box(sealed).try_into_mut().unwrap());
            });
        });
        group.bench_function("ours, in batches of 16 KiB", |bench| {
            bench.iter(|| batches(black_box(&values), 16 * 1024));
        });
        let records: Vec<theirs::Record> = (0..)
            .zip(&values)
            .map(|(n, value)| to_theirs(n, value))
            .collect();
        let options = theirs::RecordEncodeOptions {
            version: 2,
            compression: theirs::Compression::None,
        };
        group.bench_function("kafka-protocol", |bench| {
            let mut buffer = BytesMut::new();
            bench.iter(|| {
                buffer.clear();
                theirs::RecordBatchEncoder::encode(&mut buffer, black_box(&records), &options)
                    .unwrap();
            });
        });
        group.finish();
    }
}

fn to_theirs(number: i32, value: &[u8]) -> theirs::Record {
    theirs::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: theirs::TimestampType::Creation,
        offset: number.into(),
        sequence: number - 1,
        timestamp: TIMESTAMP + i64::from(number),
        key: Some(Bytes::from_static(KEY)),
        value: Some(Bytes::copy_from_slice(value)),
        headers: kafka_protocol::indexmap::IndexMap::new(),
    }
}

const CODECS: [Compression; 4] = [
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

/// Batches as producers make them: 16 KiB and 1 MiB before compression.
const BATCH_RECORDS: [(&str, usize); 2] = [("16 KiB", 140), ("1 MiB", 9_000)];

fn compress(criterion: &mut Criterion) {
    let values = values(100);
    for (name, count) in BATCH_RECORDS {
        let values = &values[..count];
        let filled = || {
            let mut builder = BatchBuilder::new(usize::MAX, 0);
            fill(&mut builder, values);
            builder
        };
        let mut group = criterion.benchmark_group(format!("compress {name}"));
        group.throughput(Throughput::Bytes(u64::try_from(filled().len()).unwrap()));
        for codec in CODECS {
            group.bench_function(format!("{codec}"), |bench| {
                bench.iter_batched(
                    filled,
                    |batch| batch.close(codec).unwrap(),
                    BatchSize::LargeInput,
                );
            });
            let mut codecs = Codecs::default();
            group.bench_function(format!("{codec}, codecs kept"), |bench| {
                let close = |batch: BatchBuilder| batch.close_with(codec, &mut codecs).unwrap();
                bench.iter_batched(filled, close, BatchSize::LargeInput);
            });
        }
        group.finish();
    }
}

fn decompress(criterion: &mut Criterion) {
    let values = values(100);
    let limits = DecompressLimits::default();
    for (name, count) in BATCH_RECORDS {
        let values = &values[..count];
        let length = batch(values, Compression::None).len();
        let mut group = criterion.benchmark_group(format!("decompress {name}"));
        group.throughput(Throughput::Bytes(u64::try_from(length).unwrap()));
        for codec in CODECS {
            let batch = RecordBatch::parse(&batch(values, codec), CrcCheck::Verify)
                .unwrap()
                .unwrap();
            let ratio = length * 10 / batch.bytes().len();
            group.bench_function(
                format!("{codec} ({}.{}x)", ratio / 10, ratio % 10),
                |bench| {
                    bench.iter(|| black_box(&batch).open(&limits).unwrap());
                },
            );
            let mut codecs = Codecs::default();
            group.bench_function(format!("{codec}, codecs kept"), |bench| {
                bench.iter(|| black_box(&batch).open_with(&limits, &mut codecs).unwrap());
            });
        }
        group.finish();
    }
}
