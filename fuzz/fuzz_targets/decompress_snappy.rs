//! Snappy from hostile bytes, in xerial's frame and bare.
//!
//! Feeds: a byte that says how large pieces are (of no account here: Snappy's blocks are read whole), then a frame or a block.
//!
//! Asserts what `codecs::check` says. The second way is a decoder of its own, which takes one element of a block at a time; the
//! blocks are put into a frame with others before and after to show what came out.
#![no_main]

use std::io::{self, ErrorKind::InvalidData};

use kafka_fuzz::codecs::{Subject, check};
use kafka_wire::records::Compression;
use libfuzzer_sys::fuzz_target;

const SNAPPY: Subject = Subject {
    codec: Compression::Snappy,
    in_pieces: |bytes, _, most| {
        let mut output = Vec::new();
        for block in blocks(bytes).ok_or(InvalidData)? {
            let decoded = decode(block, most).ok_or(InvalidData)?;
            output.extend(decoded);
        }
        io::Result::Ok(output)
    },
    between: |before, bytes, after| {
        let mut frame = MAGIC.to_vec();
        frame.extend([0, 0, 0, 1, 0, 0, 0, 1]);
        let (before, after) = (literal(before), literal(after));
        let inside = blocks(bytes)?;
        for block in [&before[..]].into_iter().chain(inside).chain([&after[..]]) {
            frame.extend(i32::try_from(block.len()).unwrap().to_be_bytes());
            frame.extend(block);
        }
        Some(frame)
    },
};

fuzz_target!(|data: &[u8]| check(data, &SNAPPY));

/// The blocks of a frame, or the one that stands alone.
fn blocks(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let Some(framed) = bytes.strip_prefix(&MAGIC) else {
        return Some(vec![bytes]);
    };
    let mut rest = framed.get(8..)?;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
        let (block, after) = after.split_at_checked(length)?;
        blocks.push(block);
        rest = after;
    }
    Some(blocks)
}

/// What a block decompresses to: its length as a varint, then literals and copies, told apart by two bits.
fn decode(block: &[u8], most: u64) -> Option<Vec<u8>> {
    let mut rest = block.iter().copied();
    let (mut wanted, mut shift) = (0_u64, 0);
    loop {
        let byte = rest.next()?;
        wanted |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            break;
        }
        if shift > 28 {
            return None;
        }
    }
    let wanted = usize::try_from(wanted.min(most)).ok()?;
    let mut output = Vec::new();
    let number = |rest: &mut dyn Iterator<Item = u8>, bytes: usize| {
        let mut number = 0;
        for place in 0..bytes {
            number |= usize::from(rest.next()?) << (8 * place);
        }
        Some(number)
    };
    while let Some(tag) = rest.next() {
        let high = usize::from(tag >> 2);
        let (length, back) = match tag & 3 {
            0 if high < 60 => (high + 1, 0),
            0 => (number(&mut rest, high - 59)? + 1, 0),
            1 => ((high & 7) + 4, (high >> 3) << 8 | number(&mut rest, 1)?),
            2 => (high + 1, number(&mut rest, 2)?),
            _ => (high + 1, number(&mut rest, 4)?),
        };
        let is_literal = tag & 3 == 0;
        for _ in 0..length {
            let byte = if is_literal {
                rest.next()?
            } else {
                *output.get(output.len().checked_sub(back.max(1))?)?
            };
            if output.len() == wanted || (!is_literal && back == 0) {
                return None;
            }
            output.push(byte);
        }
    }
    (output.len() == wanted).then_some(output)
}

/// A block of one literal of at most 60 bytes.
fn literal(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    assert!((1..=60).contains(&length));
    [&[length, (length - 1) << 2], bytes].concat()
}

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
