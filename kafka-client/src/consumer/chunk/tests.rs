use bytes::{Bytes, BytesMut};
use kafka_wire::records::{BatchBuilder, Compression, NewRecord, RecordError, stamp_base_offset};

use super::*;

/// A batch with `values` from `offset` on.
pub(crate) fn batch(offset: i64, values: &[&[u8]], compression: Compression) -> BytesMut {
    let mut builder = BatchBuilder::new(1 << 20, 0);
    for value in values {
        let record = NewRecord {
            value: Some(value),
            ..NewRecord::default()
        };
        builder.append(record).unwrap();
    }
    let sealed = builder.close(compression).unwrap().seal();
    let mut bytes = BytesMut::from(&sealed[..]);
    stamp_base_offset(&mut bytes, offset, 0);
    bytes
}

fn plain(offset: i64, count: usize) -> BytesMut {
    batch(offset, &vec![b"v".as_slice(); count], Compression::None)
}

fn asked(offset: i64) -> Wanted {
    Wanted {
        partition: TopicPartition::new("t", 0),
        generation: 1,
        offset,
        leader_epoch: None,
    }
}

fn read(offset: i64, batches: &[BytesMut]) -> Chunk {
    let records: Bytes = batches.concat().into();
    let data = PartitionData {
        records: Some(records),
        high_watermark: 99,
        ..Default::default()
    };
    Chunk::read(&asked(offset), 1, data, CrcCheck::Verify)
}

fn limits(event_bytes: usize) -> OpenLimits {
    OpenLimits {
        batch: DecompressLimits {
            max_output_bytes: 10_000,
            setting: "max_decompressed_bytes",
        },
        event_bytes,
    }
}

fn take(chunk: &mut Chunk, event_bytes: usize) -> Option<(Vec<i64>, i64)> {
    let records = chunk.take(&limits(event_bytes), &mut Codecs::default())?;
    let offsets = records.iter().map(|record| record.unwrap().offset);
    Some((offsets.collect(), records.next_offset()))
}

#[test]
fn all_batches_of_an_answer_make_one_event() {
    let mut chunk = read(5, &[plain(5, 2), plain(7, 1)]);
    assert_eq!((chunk.from, chunk.next), (5, 8));
    assert_eq!(take(&mut chunk, 1000), Some((vec![5, 6, 7], 8)));
    assert_eq!(take(&mut chunk, 1000), None);
    assert_eq!(chunk.from, 8);
}

#[test]
fn a_batch_that_is_cut_off_is_left_for_the_next_answer() {
    let mut cut = plain(7, 1);
    cut.truncate(cut.len() - 1);
    let mut chunk = read(5, &[plain(5, 2), cut.clone()]);
    assert_eq!(take(&mut chunk, 1000), Some((vec![5, 6], 7)));
    assert!(read(7, &[cut]).is_void());
}

/// Offsets 42-45, compressed, as the Java client wrote them.
const OLD: [&[u8]; 2] = [
    include_bytes!("../../../../kafka-wire/tests/data/java-v0-gzip.messages"),
    include_bytes!("../../../../kafka-wire/tests/data/java-v1-snappy.messages"),
];

#[test]
fn messages_of_old_segments_are_read_with_the_batches_behind_them() {
    for old in OLD {
        let mut chunk = read(44, &[BytesMut::from(old), plain(46, 1)]);
        assert_eq!((chunk.from, chunk.next), (44, 47));
        assert_eq!(take(&mut chunk, 1000), Some((vec![44, 45, 46], 47)));
    }
}

#[test]
fn copies_of_messages_count_as_decompressed() {
    let plain_messages = include_bytes!("../../../../kafka-wire/tests/data/java-v1-none.messages");
    let mut chunk = read(42, &[BytesMut::from(&plain_messages[..]), plain(46, 1)]);
    assert_eq!(take(&mut chunk, 200), Some((vec![42, 43, 44, 45], 46)));
    assert_eq!(take(&mut chunk, 200), Some((vec![46], 47)));
}

#[test]
fn messages_that_cannot_be_opened_stop_the_partition_where_the_last_ones_ended() {
    let refused = include_bytes!("../../../../kafka-wire/tests/data/java-v0-lz4.messages");
    let mut chunk = read(39, &[plain(39, 2), BytesMut::from(&refused[..])]);
    assert_eq!(take(&mut chunk, 1000), Some((vec![39, 40], 41)));
    assert_eq!((chunk.from, chunk.next), (41, 41));
    let End::Failed(error) = &chunk.end else {
        panic!("{:?}", chunk.end)
    };
    let line = crate::error::chain(&**error);
    assert!(line.contains("before Kafka 0.10"), "{line}");
}

#[test]
fn records_before_the_position_are_skipped() {
    let mut chunk = read(6, &[plain(3, 2), plain(5, 2)]);
    assert_eq!(take(&mut chunk, 1000), Some((vec![6], 7)));
}

#[test]
fn a_corrupt_batch_ends_the_chunk_before_it() {
    let mut corrupt = plain(7, 1);
    *corrupt.last_mut().unwrap() ^= 1;
    let mut chunk = read(5, &[plain(5, 2), corrupt, plain(8, 1)]);
    assert_eq!(take(&mut chunk, 1000), Some((vec![5, 6], 7)));
    let End::Failed(error) = &chunk.end else {
        panic!("{:?}", chunk.end)
    };
    assert!(matches!(
        **error,
        Error::Records {
            offset: 7,
            source: RecordError::CrcMismatch { .. },
            ..
        }
    ));
    assert!(error.to_string().contains("seek"), "{error}");
}

#[test]
fn checksums_are_skipped_on_demand() {
    let mut corrupt = plain(5, 1);
    corrupt[17] ^= 1;
    let data = PartitionData {
        records: Some(corrupt.freeze()),
        ..Default::default()
    };
    let mut chunk = Chunk::read(&asked(5), 1, data, CrcCheck::Skip);
    assert_eq!(take(&mut chunk, 1000), Some((vec![5], 6)));
}

#[test]
fn compressed_batches_make_events_of_bounded_size() {
    let value = vec![b'x'; 600];
    let squeezed = |offset| batch(offset, &[&value], Compression::Gzip);
    let mut chunk = read(5, &[squeezed(5), squeezed(6), squeezed(7)]);
    assert_eq!(take(&mut chunk, 1000), Some((vec![5, 6], 7)));
    assert!(!chunk.is_taken());
    assert_eq!(take(&mut chunk, 1000), Some((vec![7], 8)));
    assert!(chunk.is_taken());
}

#[test]
fn a_bomb_stops_the_partition_and_names_the_setting() {
    let value = vec![b'x'; 20_000];
    let bomb = batch(6, &[&value], Compression::Gzip);
    let mut chunk = read(5, &[plain(5, 1), bomb, plain(7, 1)]);
    assert_eq!(take(&mut chunk, 1000), Some((vec![5], 6)));
    assert_eq!(take(&mut chunk, 1000), None);
    assert_eq!((chunk.from, chunk.next), (6, 6));
    let End::Failed(error) = &chunk.end else {
        panic!("{:?}", chunk.end)
    };
    let line = crate::error::chain(&**error);
    assert!(line.contains("max_decompressed_bytes"), "{line}");
}

#[test]
fn nonsense_lengths_and_counts_are_errors_without_allocation() {
    for (at, bytes) in [(8, (-5_i32).to_be_bytes()), (57, i32::MAX.to_be_bytes())] {
        let mut batch = plain(5, 1);
        batch[at..at + 4].copy_from_slice(&bytes);
        let data = PartitionData {
            records: Some(batch.freeze()),
            ..Default::default()
        };
        let chunk = Chunk::read(&asked(5), 1, data, CrcCheck::Skip);
        assert!(matches!(chunk.end, End::Failed(_)), "{chunk:?}");
        assert_eq!(chunk.next, 5);
    }
}

#[test]
fn hidden_batches_move_the_position_without_records() {
    let mut builder = BatchBuilder::new(1000, 0);
    builder.append(NewRecord::default()).unwrap();
    let mut closed = builder.close(Compression::None).unwrap();
    closed.set_control(true);
    let mut marker = BytesMut::from(&closed.seal()[..]);
    stamp_base_offset(&mut marker, 5, 0);
    let mut chunk = read(5, &[marker]);
    assert!(!chunk.is_void());
    assert_eq!(chunk.next, 6);
    assert_eq!(take(&mut chunk, 1000), None);
    assert_eq!(chunk.from, 6);
}
