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
    BatchBuilder, Compression, CrcCheck, DecompressLimits, LogEntries, NewRecord,
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
/// Messages of magic 0 and 1, every codec.
const OLD_GOLDENS: [&[u8]; 10] = [
    include_bytes!("data/java-v0-none.messages"),
    include_bytes!("data/java-v0-gzip.messages"),
    include_bytes!("data/java-v0-snappy.messages"),
    include_bytes!("data/java-v0-lz4.messages"),
    include_bytes!("data/java-v1-none.messages"),
    include_bytes!("data/java-v1-gzip.messages"),
    include_bytes!("data/java-v1-snappy.messages"),
    include_bytes!("data/java-v1-lz4.messages"),
    include_bytes!("data/java-v1-compacted.messages"),
    include_bytes!("data/java-v1-log-append.messages"),
];
/// What codecs need for themselves, whatever the input: the blocks of LZ4 are the largest.
const CODEC_BYTES: usize = 256 * 1024;

/// Bytes allocated, freed or not, while `batch` is read to its end.
fn allocated(batch: &Bytes, limits: &DecompressLimits) -> usize {
    let region = Region::new(ALLOCATOR);
    for records in LogEntries::new(batch.clone(), CrcCheck::Skip).flatten() {
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
    message_bombs_stop_at_the_limit();
    plain_messages_cost_no_more_than_they_weigh();
    walking_allocates_nothing();
    appending_allocates_nothing_while_there_is_room();
}

/// Every other value for short data; else every bit, and what lengths turn over at.
fn changes(golden: &[u8]) -> Vec<u8> {
    if golden.len() <= 130 {
        return (1..=u8::MAX).collect();
    }
    let mut changes: Vec<u8> = (0..8).map(|bit| 1 << bit).collect();
    changes.extend([0x7f, 0xff]);
    changes
}

fn no_corruption_allocates_more_than_a_fixed_amount() {
    let limits = DecompressLimits::default();
    for golden in GOLDENS.into_iter().chain(OLD_GOLDENS) {
        for length in 0..golden.len() {
            let took = allocated(&Bytes::copy_from_slice(&golden[..length]), &limits);
            assert!(took <= 4 * length + CODEC_BYTES, "{length}: {took} bytes");
        }
        let mut bytes = golden.to_vec();
        for at in 0..bytes.len() {
            let original = bytes[at];
            for change in changes(golden) {
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

/// A message of magic 1 around `value`, with the right size; checksums are not looked at here.
fn message(offset: i64, attributes: u8, value: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| i32::try_from(bytes).unwrap().to_be_bytes();
    let mut message = offset.to_be_bytes().to_vec();
    message.extend(length(4 + 2 + 8 + 4 + 4 + value.len()));
    message.extend([0, 0, 0, 0, 1, attributes]);
    message.extend(0_i64.to_be_bytes());
    message.extend((-1_i32).to_be_bytes());
    message.extend(length(value.len()));
    message.extend(value);
    message
}

fn message_bombs_stop_at_the_limit() {
    let inside = message(0, 0, &vec![0; 16 << 20]);
    let limits = DecompressLimits {
        max_output_bytes: 1 << 20,
        ..DecompressLimits::default()
    };
    // One Snappy block, bare: that it says it holds 16 MiB is all there is to see.
    let snappy = snap::raw::Encoder::new().compress_vec(&inside).unwrap();
    let bomb = Bytes::from(message(0, 2, &snappy));
    let took = allocated(&bomb, &limits);
    assert!(took <= CODEC_BYTES, "{took} bytes");
    // Once more as records, and twice the limit while it grows.
    let whole = DecompressLimits::default();
    let took = allocated(&bomb, &whole);
    assert!(
        took > 32 << 20 && took <= (33 << 20) + CODEC_BYTES,
        "{took} bytes"
    );
}

fn plain_messages_cost_no_more_than_they_weigh() {
    let messages: Vec<u8> = (0..100_000)
        .flat_map(|offset| message(offset, 0, b""))
        .collect();
    let took = allocated(&Bytes::from(messages.clone()), &DecompressLimits::default());
    assert!(took <= messages.len() + CODEC_BYTES, "{took} bytes");
    // Offsets that fall make each a set of its own.
    let messages: Vec<u8> = (0..100_000)
        .rev()
        .flat_map(|offset| message(offset, 0, b""))
        .collect();
    let took = allocated(&Bytes::from(messages.clone()), &DecompressLimits::default());
    assert!(took <= 4 * messages.len() + CODEC_BYTES, "{took} bytes");
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
