//! Facts about the codecs alone: what comes back, bombs, cut-off data.

use std::io::Write as _;

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const COMPRESSING: [Compression; 4] = [
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

fn compress(codec: Compression, input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    Codecs::default()
        .compress(codec, input, &mut output)
        .unwrap();
    output
}

fn decompress(codec: Compression, input: &[u8], limit: usize) -> Result<Vec<u8>, RecordError> {
    let limits = DecompressLimits {
        max_output_bytes: limit,
        setting: "limit",
    };
    Codecs::default().decompress(codec, input, &limits)
}

fn is_too_large(codec: Compression, input: &[u8], limit: usize) {
    match decompress(codec, input, limit) {
        Err(RecordError::TooLarge {
            limit: named,
            setting: "limit",
        }) => assert_eq!(named, limit),
        other => panic!("{codec}: {:?}", other.map(|output| output.len())),
    }
}

/// Asserts that `input` is refused as corrupt, and returns why.
fn is_corrupt(codec: Compression, input: &[u8]) -> String {
    match decompress(codec, input, 1 << 20) {
        Err(RecordError::Corrupt {
            codec: named,
            source,
        }) if named == codec => source.to_string(),
        other => panic!("{codec}: {:?}", other.map(|output| output.len())),
    }
}

#[test]
fn names_and_numbers_lead_back_to_the_codec() {
    for codec in ALL {
        assert_eq!(codec.to_string().parse(), Ok(codec));
        assert_eq!(Compression::try_from(codec.id()).unwrap(), codec);
    }
    assert_eq!("brotli".parse::<Compression>(), Err(UnknownCompression));
    assert!(matches!(
        Compression::try_from(-1),
        Err(RecordError::UnknownCodec { id: -1 })
    ));
}

#[test]
fn a_small_bomb_is_refused_at_the_limit() {
    let zeros = vec![0; 8 << 20];
    for codec in COMPRESSING {
        let bomb = compress(codec, &zeros);
        for limit in [0, 1, 1000, 1 << 20, (8 << 20) - 1] {
            is_too_large(codec, &bomb, limit);
        }
        assert_eq!(
            decompress(codec, &bomb, 8 << 20).unwrap().len(),
            8 << 20,
            "{codec}: the limit itself is allowed"
        );
    }
}

#[test]
fn memory_follows_data_and_not_claims() {
    for codec in COMPRESSING {
        let output = decompress(codec, &compress(codec, b"short"), usize::MAX).unwrap();
        assert!(output.capacity() <= 1024, "{codec}: {}", output.capacity());
        let output = decompress(codec, &compress(codec, &vec![0; 3 << 20]), usize::MAX).unwrap();
        assert!(
            output.capacity() <= 6 << 20,
            "{codec}: {}",
            output.capacity()
        );
    }
}

#[test]
fn data_cut_off_anywhere_is_an_error() {
    let text: Vec<u8> = (0..100_000_u32)
        .flat_map(u32::to_le_bytes)
        .take(100_000)
        .collect();
    for codec in COMPRESSING {
        let whole = compress(codec, &text);
        for length in (0..whole.len())
            .rev()
            .step_by(whole.len() / 50)
            .chain(0..20)
            .chain(whole.len() - 20..whole.len())
        {
            match decompress(codec, &whole[..length], 1 << 20) {
                Err(RecordError::Corrupt { .. }) => {}
                // Xerial's frame does not say how many blocks there are, so a cut between two goes unnoticed here, though
                // not by whoever counts the records.
                Ok(output) if codec == Compression::Snappy => {
                    assert!(output.len() % (32 * 1024) == 0 && text.starts_with(&output));
                }
                other => panic!(
                    "{codec} at {length}: {:?}",
                    other.map(|output| output.len())
                ),
            }
        }
    }
}

#[test]
fn bytes_after_the_end_are_an_error() {
    for codec in COMPRESSING {
        let mut whole = compress(codec, b"whole");
        whole.extend_from_slice(b"after");
        is_corrupt(codec, &whole);
    }
}

#[test]
fn nothing_is_no_compressed_data() {
    for codec in [Compression::Gzip, Compression::Lz4, Compression::Zstd] {
        is_corrupt(codec, b"");
    }
}

#[test]
fn gzip_members_and_zstd_frames_may_follow_each_other() {
    for codec in [Compression::Gzip, Compression::Zstd] {
        let two = [compress(codec, b"one "), compress(codec, b"two")].concat();
        assert_eq!(decompress(codec, &two, 7).unwrap(), b"one two");
        is_too_large(codec, &two, 6);
    }
}

#[test]
fn gzip_data_that_fails_its_checksum_is_refused() {
    let mut bytes = compress(Compression::Gzip, b"checked");
    let at = bytes.len() - 8;
    bytes[at] ^= 1;
    is_corrupt(Compression::Gzip, &bytes);
}

#[test]
fn snappy_is_written_in_xerials_frame_in_blocks_of_32_kib() {
    let bytes = compress(Compression::Snappy, &vec![7; 40_000]);
    assert_eq!(bytes[..16], *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    let first = usize::try_from(u32::from_be_bytes(bytes[16..20].try_into().unwrap())).unwrap();
    assert_eq!(
        snap::raw::decompress_len(&bytes[20..20 + first]).unwrap(),
        32 * 1024
    );
    assert_eq!(
        snap::raw::decompress_len(&bytes[24 + first..]).unwrap(),
        40_000 - 32 * 1024
    );
}

#[test]
fn snappy_without_a_frame_is_read() {
    let bare = snap::raw::Encoder::new()
        .compress_vec(b"bare bare bare bare")
        .unwrap();
    assert_eq!(
        decompress(Compression::Snappy, &bare, 100).unwrap(),
        b"bare bare bare bare"
    );
}

#[test]
fn snappy_claims_are_not_believed() {
    let two_gigabytes = [0xff, 0xff, 0xff, 0xff, 0x07, 0x00, 0x61];
    is_too_large(Compression::Snappy, &two_gigabytes, 1 << 20);
    let a_megabyte = [0x80, 0x80, 0x40, 0x00, 0x61];
    assert!(is_corrupt(Compression::Snappy, &a_megabyte).contains("claims more"));

    let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    framed.extend_from_slice(&i32::MAX.to_be_bytes());
    assert!(is_corrupt(Compression::Snappy, &framed).contains("longer than"));
    framed.truncate(16);
    framed.extend_from_slice(&(-1_i32).to_be_bytes());
    is_corrupt(Compression::Snappy, &framed);
    framed.truncate(18);
    is_corrupt(Compression::Snappy, &framed);
    framed.truncate(12);
    is_corrupt(Compression::Snappy, &framed);
}

#[test]
fn snappy_at_its_best_ratio_is_still_believed() {
    let zeros = vec![0; 1 << 20];
    let bare = snap::raw::Encoder::new().compress_vec(&zeros).unwrap();
    assert!(bare.len() * 20 < zeros.len());
    assert_eq!(
        decompress(Compression::Snappy, &bare, 1 << 20).unwrap(),
        zeros
    );
}

#[test]
fn lz4_of_other_kinds_is_read_or_refused() {
    let text = b"linked ".repeat(50_000);
    let info = FrameInfo::new()
        .block_mode(BlockMode::Linked)
        .block_size(BlockSize::Max4MB);
    let write = |info: FrameInfo| {
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(&text).unwrap();
        encoder.finish().unwrap()
    };
    let size = u64::try_from(text.len()).unwrap();
    let checked = info
        .clone()
        .content_checksum(true)
        .block_checksums(true)
        .content_size(Some(size));
    for info in [info, checked] {
        assert_eq!(
            decompress(Compression::Lz4, &write(info), text.len()).unwrap(),
            text
        );
    }
    let legacy = [
        &[0x02, 0x21, 0x4c, 0x18, 2, 0, 0, 0, 0x10, b'a'][..],
        &[0; 4],
    ]
    .concat();
    is_corrupt(Compression::Lz4, &legacy);
}

#[test]
fn an_lz4_block_that_holds_nothing_does_not_end_the_frame() {
    let empty: [&[u8]; 3] = [
        // No literal and no match; the same with a length for the match that does not come; stored.
        &[1, 0, 0, 0, 0x00],
        &[1, 0, 0, 0, 0x08],
        &[0, 0, 0, 0x80],
    ];
    for empty in empty {
        let frame = [
            &[0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82],
            empty,
            &[3, 0, 0, 0x80],
            b"abc",
            empty,
            &[3, 0, 0, 0x80],
            b"def",
            &[0, 0, 0, 0],
        ];
        let output = decompress(Compression::Lz4, &frame.concat(), 6);
        assert_eq!(output.unwrap(), b"abcdef");
    }
}

#[test]
fn lz4_headers_with_the_checksum_of_kafka_0_8_are_refused() {
    let mut frame = compress(Compression::Lz4, b"old");
    frame[6] ^= 1;
    is_corrupt(Compression::Lz4, &frame);
}

#[test]
fn zstd_without_a_content_size_is_read_up_to_the_limit() {
    let streamed = ::zstd::stream::encode_all(&vec![1; 5 << 20][..], 3).unwrap();
    assert_eq!(
        decompress(Compression::Zstd, &streamed, 5 << 20)
            .unwrap()
            .len(),
        5 << 20
    );
    is_too_large(Compression::Zstd, &streamed, (5 << 20) - 1);
}

#[test]
fn a_zstd_frame_that_says_too_much_is_refused_by_its_header() {
    // Magic, single segment with a content size of 8 bytes: 2^50.
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 4, 0];
    is_too_large(Compression::Zstd, &header, 64 << 20);
}

#[test]
fn zstd_windows_beyond_8_mib_are_refused() {
    // Magic, no content size, window descriptor; then one raw block "a", the last.
    let frame = |exponent: u8| {
        [
            0x28,
            0xb5,
            0x2f,
            0xfd,
            0x00,
            exponent << 3,
            0x09,
            0x00,
            0x00,
            b'a',
        ]
    };
    assert_eq!(
        decompress(Compression::Zstd, &frame(13), 100).unwrap(),
        b"a"
    );
    assert!(is_corrupt(Compression::Zstd, &frame(14)).contains("memory"));
}

#[test]
fn a_codec_works_again_after_an_error() {
    let mut codecs = Codecs::default();
    let limits = DecompressLimits {
        max_output_bytes: 1 << 20,
        setting: "limit",
    };
    for codec in COMPRESSING {
        let good = compress(codec, &vec![5; 100_000]);
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 0x55;
        for input in [&bad[..], &good[..middle], b"no header at all"] {
            let _ = codecs.decompress(codec, input, &limits);
            assert_eq!(
                codecs.decompress(codec, &good, &limits).unwrap(),
                vec![5; 100_000],
                "{codec}"
            );
        }
    }
}

proptest! {
    #[test]
    fn what_was_compressed_comes_back(
        seed in vec(any::<u8>(), 0..500), times in 0..400_usize, before in vec(any::<u8>(), 0..5)
    ) {
        let input = seed.repeat(times);
        for codec in COMPRESSING {
            let mut output = before.clone();
            Codecs::default().compress(codec, &input, &mut output).unwrap();
            prop_assert!(output.starts_with(&before), "{} appends", codec);
            let back = decompress(codec, &output[before.len()..], input.len()).unwrap();
            prop_assert!(back == input, "{}", codec);
        }
    }

    #[test]
    fn anything_is_refused_or_stays_within_the_limit(input in vec(any::<u8>(), 0..300)) {
        for codec in COMPRESSING {
            if let Ok(output) = decompress(codec, &input, 5000) {
                prop_assert!(output.len() <= 5000);
            }
        }
    }

    #[test]
    fn changed_bytes_are_refused_or_stay_within_the_limit(
        seed in vec(any::<u8>(), 1..100), changes in vec((any::<usize>(), any::<u8>()), 1..4)
    ) {
        for codec in COMPRESSING {
            let mut bytes = compress(codec, &seed.repeat(20));
            for (at, byte) in &changes {
                let at = at % bytes.len();
                bytes[at] = *byte;
            }
            if let Ok(output) = decompress(codec, &bytes, 5000) {
                prop_assert!(output.len() <= 5000);
            }
        }
    }
}

#[test]
fn a_higher_level_makes_less_and_any_level_can_be_read() {
    let input: Vec<u8> = (0..40_000_u32)
        .flat_map(|number| (number / 7 * number % 1000).to_string().into_bytes())
        .collect();
    let size = |codec, gzip, zstd| {
        let mut codecs = Codecs::with_levels(CompressionLevels { gzip, zstd });
        let mut output = Vec::new();
        codecs.compress(codec, &input, &mut output).unwrap();
        let mut plain = Codecs::default();
        let limits = DecompressLimits::default();
        assert_eq!(plain.decompress(codec, &output, &limits).unwrap(), input);
        output.len()
    };
    let gzip = |level| size(Compression::Gzip, level, 3);
    let zstd = |level| size(Compression::Zstd, 6, level);
    assert!(gzip(9) < gzip(1));
    assert!(zstd(19) < zstd(1));
    assert_eq!((gzip(0), gzip(10)), (gzip(1), gzip(9)), "the nearest");
    assert_eq!(zstd(i32::MAX), zstd(22), "the nearest");
    let default = CompressionLevels::default();
    assert_eq!((default.gzip, default.zstd), (6, 3), "Kafka's");
}
