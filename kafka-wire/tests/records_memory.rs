//! What hostile record batches can make us allocate, counted by the allocator itself. The one test of its
//! binary, for others would be counted with it. (zstd allocates in C, where it is not seen; its window is capped by a test beside it.)

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::alloc::System;

use bytes::Bytes;
use kafka_wire::records::{
    BatchBuilder, Batches, Compression, CrcCheck, DecompressLimits, NewRecord,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const GOLDENS: [&[u8]; 5] = [
    include_bytes!("data/java-none.batch"),
    include_bytes!("data/java-gzip.batch"),
    include_bytes!("data/java-snappy.batch"),
    include_bytes!("data/java-lz4.batch"),
    include_bytes!("data/java-zstd.batch"),
];
/// What codecs need for themselves, whatever the input: the blocks of LZ4 are the largest.
const CODEC_BYTES: usize = 256 * 1024;

/// Bytes allocated, freed or not, while `batch` is read to its end.
fn allocated(batch: &Bytes, limits: &DecompressLimits) -> usize {
    let region = Region::new(ALLOCATOR);
    for records in Batches::new(batch.clone(), CrcCheck::Skip).flatten() {
        if let Ok(records) = records.open(limits) {
            let headers = records
                .iter()
                .flatten()
                .map(|record| record.headers.iter().count());
            assert!(headers.sum::<usize>() <= records.size_bytes());
        }
    }
    region.change().bytes_allocated
}

#[test]
fn memory_follows_the_input_and_never_what_it_claims() {
    no_corruption_allocates_more_than_a_fixed_amount();
    bombs_stop_at_the_limit();
    walking_allocates_nothing();
    appending_allocates_nothing_while_there_is_room();
}

fn no_corruption_allocates_more_than_a_fixed_amount() {
    let limits = DecompressLimits::default();
    for golden in GOLDENS {
        let mut bytes = golden.to_vec();
        for at in 0..bytes.len() {
            let original = bytes[at];
            for change in [0x01, 0x08, 0x40, 0x80, 0xff] {
                bytes[at] = original ^ change;
                let took = allocated(&Bytes::copy_from_slice(&bytes), &limits);
                assert!(took <= 4 * golden.len() + CODEC_BYTES, "{at}: {took} bytes");
            }
            bytes[at] = original;
        }
    }
}

fn bombs_stop_at_the_limit() {
    let zeros = vec![0; 16 << 20];
    let limits = DecompressLimits {
        max_output_bytes: 1 << 20,
        ..DecompressLimits::default()
    };
    for codec in [
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let mut builder = BatchBuilder::new(usize::MAX, 0);
        builder
            .append(NewRecord {
                value: Some(&zeros),
                ..NewRecord::default()
            })
            .unwrap();
        let bomb = builder.close(codec).unwrap().seal();
        let took = allocated(&bomb, &limits);
        // Doubling adds up to twice the limit; the last step may be the limit once more.
        assert!(took <= (3 << 20) + CODEC_BYTES, "{codec}: {took} bytes");
    }
}

fn walking_allocates_nothing() {
    let batch = Bytes::from_static(GOLDENS[0]);
    assert_eq!(allocated(&batch, &DecompressLimits::default()), 0);
}

fn appending_allocates_nothing_while_there_is_room() {
    let mut builder = BatchBuilder::new(16 * 1024, 16 * 1024);
    let headers = [("trace", Some(&b"abc"[..]))];
    let record = NewRecord {
        timestamp: 1,
        value: Some(b"value"),
        headers: &headers,
        ..NewRecord::default()
    };
    let region = Region::new(ALLOCATOR);
    while builder.append(record).is_ok() {}
    assert_eq!(region.change().bytes_allocated, 0);
    assert!(builder.record_count() > 500);
}
