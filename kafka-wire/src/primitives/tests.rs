use bytes::{Bytes, BytesMut};
use nom::Err::Error;

use super::*;
use crate::error::EncodeReason;

fn read<T: Wire>(bytes: &'static [u8], flexible: bool) -> Result<T, DecodeReason> {
    let frame = Bytes::from_static(bytes);
    match T::decode(
        &frame,
        Context {
            version: 0,
            flexible,
            frame: &frame,
        },
    ) {
        Ok((rest, value)) => {
            assert!(rest.is_empty(), "left over: {rest:?}");
            Ok(value)
        }
        Err(fault @ Error(_)) => Err(Fault::into_error(fault, "Test", 0, bytes.len()).reason),
        Err(other) => unreachable!("{other:?}"),
    }
}

fn write<T: Wire>(value: &T, flexible: bool) -> Vec<u8> {
    let mut out = Encoder::new(BytesMut::new(), 0, flexible);
    value.encode(&mut out).unwrap();
    out.head.to_vec()
}

#[test]
fn varints_end_after_five_bytes_and_32_bits() {
    let cases: [(u32, &[u8]); 5] = [
        (0, &[0]),
        (127, &[0x7f]),
        (128, &[0x80, 1]),
        (300, &[0xac, 2]),
        (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];
    for (value, bytes) in cases {
        let mut out = Encoder::new(BytesMut::new(), 0, true);
        out.put_unsigned_varint(value);
        assert_eq!(&out.head[..], bytes);
        assert_eq!(unsigned_varint(bytes).unwrap(), (&[][..], value));
    }
    for (bytes, reason) in [
        (&[0xff, 0xff, 0xff, 0xff, 0x1f][..], DecodeReason::Varint),
        (&[0x80, 0x80, 0x80, 0x80, 0x80, 0], DecodeReason::Varint),
        (&[0x80], DecodeReason::Truncated),
    ] {
        assert_eq!(
            Fault::into_error(unsigned_varint(bytes).unwrap_err(), "T", 0, 9).reason,
            reason
        );
    }
}

#[test]
fn strings_in_both_forms() {
    assert_eq!(write(&"ab".to_owned(), false), [0, 2, b'a', b'b']);
    assert_eq!(write(&"ab".to_owned(), true), [3, b'a', b'b']);
    assert_eq!(write(&None::<String>, false), [0xff, 0xff]);
    assert_eq!(write(&None::<String>, true), [0]);
    assert_eq!(read::<Option<String>>(&[0xff, 0xff], false), Ok(None));
    assert_eq!(
        read::<String>(&[0xff, 0xff], false),
        Err(DecodeReason::Null)
    );
    assert_eq!(
        read::<String>(&[0xff, 0xfe], false),
        Err(DecodeReason::Length(-2))
    );
}

#[test]
fn a_claimed_count_is_held_against_the_bytes_left() {
    assert_eq!(
        read::<Vec<i64>>(&[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0], false),
        Err(DecodeReason::Length(2))
    );
    assert_eq!(
        read::<Vec<i64>>(&[0x7f, 0xff, 0xff, 0xff], false),
        Err(DecodeReason::Length(0x7fff_ffff))
    );
    assert_eq!(read::<Vec<i8>>(&[3, 1, 2], true), Ok(vec![1, 2]));
    assert_eq!(read::<Option<Vec<i8>>>(&[0], true), Ok(None));
}

#[test]
fn a_string_over_the_limit_is_not_written() {
    let mut out = Encoder::new(BytesMut::new(), 0, true);
    let error = "x"
        .repeat(0x8000)
        .encode(&mut out)
        .unwrap_err()
        .into_error("Test", 0);
    assert_eq!(
        error.reason,
        EncodeReason::TooLong {
            length: 0x8000,
            limit: 0x7fff
        }
    );
}

#[test]
fn a_string_over_the_limit_is_not_read_either() {
    // A compact length can say more than a classic one; Kafka refuses it all the same.
    for (length, varint) in [(0x7fff, [0x80, 0x80, 2]), (0x8000, [0x81, 0x80, 2])] {
        let bytes = [&varint[..], &vec![b'x'; length]].concat().leak();
        let expected = if length == 0x7fff {
            Ok(length)
        } else {
            Err(DecodeReason::Length(0x8000))
        };
        assert_eq!(read::<String>(bytes, true).map(|it| it.len()), expected);
        let read = read::<Option<String>>(bytes, true);
        assert_eq!(read.map(|it| it.unwrap().len()), expected);
    }
    let bytes = [&[0x81, 0x80, 2][..], &vec![0; 0x8000]].concat().leak();
    assert_eq!(read::<Bytes>(bytes, true).map(|it| it.len()), Ok(0x8000));
}

#[test]
fn large_bytes_are_shared_and_small_ones_copied() {
    let large = Bytes::from(vec![7; 4096]);
    let mut out = Encoder::new(BytesMut::new(), 0, false);
    large.encode(&mut out).unwrap();
    Bytes::from_static(b"ab").encode(&mut out).unwrap();
    assert_eq!(out.head.len(), 4 + 4 + 2);
    let [(at, bytes)] = &out.shared[..] else {
        unreachable!("{out:?}")
    };
    assert_eq!((*at, bytes.as_ptr()), (4, large.as_ptr()));
}

#[test]
fn bytes_read_are_slices_of_the_frame() {
    let frame = Bytes::from_static(&[0, 0, 0, 2, 8, 9]);
    let (_, bytes) = Bytes::decode(
        &frame,
        Context {
            version: 0,
            flexible: false,
            frame: &frame,
        },
    )
    .unwrap();
    assert_eq!(bytes.as_ptr(), frame[4..].as_ptr());
}
