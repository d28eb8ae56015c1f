//! JSON text written piece by piece into one buffer. A tree of values would cost more than the rest of an answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;

/// Appends `text` as a JSON string, quotes included.
pub(super) fn push_string(out: &mut BytesMut, text: &str) {
    out.reserve(text.len() + text.len() / 8 + 2);
    out.extend_from_slice(b"\"");
    let mut rest = text.as_bytes();
    let mut room = Room::default();
    while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
        if has(block, is_special) {
            rest = room.escape(rest);
            out.extend_from_slice(room.filled());
        } else {
            out.extend_from_slice(block);
            rest = after;
        }
    }
    room.escape_bytes(rest);
    out.extend_from_slice(room.filled());
    out.extend_from_slice(b"\"");
}

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Whether a byte of the block is one. No early exit, so that the compiler compares many bytes at once.
#[inline]
fn has(block: &[u8; BLOCK], is_one: impl Fn(u8) -> bool) -> bool {
    let mut found = false;
    for &byte in block {
        found |= is_one(byte);
    }
    found
}

fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// The high bit of each byte that is special. The lowest such bit is always right; those above it may be an effect
/// of the borrow.
const fn specials(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let below_blank = word.wrapping_sub(ONES * 0x20) & !word;
    let quotes = word ^ (ONES * 0x22);
    let quotes = quotes.wrapping_sub(ONES) & !quotes;
    let backslashes = word ^ (ONES * 0x5c);
    let backslashes = backslashes.wrapping_sub(ONES) & !backslashes;
    (below_blank | quotes | backslashes) & HIGHS
}

/// Where escaped bytes are put together: cheaper than appending to a buffer that may have to grow. JSON as a string
/// is a quote every few bytes.
struct Room {
    bytes: [u8; ROOM],
    length: usize,
}

/// A block and the word that crosses its end, six bytes each, and a word on top.
const ROOM: usize = 512;

impl Default for Room {
    fn default() -> Room {
        Room {
            bytes: [0; ROOM],
            length: 0,
        }
    }
}

impl Room {
    /// Escapes at least a block from the beginning of `text`, if there is one; what is left of `text`.
    fn escape<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        self.length = 0;
        let mut rest = text;
        while text.len() - rest.len() < BLOCK {
            let Some((word, after)) = rest.split_first_chunk::<8>() else {
                break;
            };
            self.put(word);
            let found = specials(u64::from_le_bytes(*word));
            if found == 0 {
                self.length += 8;
                rest = after;
                continue;
            }
            let plain = usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
            self.length += plain;
            let Some((&special, after)) = rest.get(plain..).and_then(<[u8]>::split_first) else {
                break;
            };
            self.put_escaped(special);
            rest = after;
        }
        rest
    }

    /// Escapes fewer bytes than a block.
    fn escape_bytes(&mut self, text: &[u8]) {
        self.length = 0;
        for &byte in text {
            if is_special(byte) {
                self.put_escaped(byte);
            } else {
                self.put(&[byte]);
                self.length += 1;
            }
        }
    }

    fn filled(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Writes without counting.
    #[inline]
    fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        let room = self.bytes.get_mut(self.length..);
        // There is always room.
        if let Some(room) = room.and_then(|room| room.first_chunk_mut()) {
            *room = *bytes;
        }
    }

    #[inline]
    fn put_escaped(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                self.put(b"\\u00");
                self.length += 4;
                self.put(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
                self.length += 2;
                return;
            }
        };
        self.put(&[b'\\', short]);
        self.length += 2;
    }
}

const fn hex_digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

/// Where the first line end is.
pub(super) fn line_end(text: &str) -> Option<usize> {
    let is_end = |byte: u8| byte == b'\n' || byte == b'\r';
    let (blocks, tail) = text.as_bytes().as_chunks::<BLOCK>();
    let mut before = 0;
    for block in blocks {
        // Asked one by one: together the compiler makes a table of them, and looks up byte after byte.
        if has(block, |byte| byte == b'\n') || has(block, |byte| byte == b'\r') {
            return Some(before + block.iter().position(|&byte| is_end(byte))?);
        }
        before += BLOCK;
    }
    Some(before + tail.iter().position(|&byte| is_end(byte))?)
}

/// Appends a number.
pub(super) fn push_number(out: &mut BytesMut, number: i64) {
    let mut digits = [0; 20];
    let mut rest = number.unsigned_abs();
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        // Less than ten.
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        used += 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.extend_from_slice(b"-");
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// Appends bytes as base64, in quotes.
pub(super) fn push_base64(out: &mut BytesMut, bytes: &[u8]) {
    out.extend_from_slice(b"\"");
    push_bare_base64(out, bytes);
    out.extend_from_slice(b"\"");
}

/// Appends bytes as base64.
pub(super) fn push_bare_base64(out: &mut BytesMut, bytes: &[u8]) {
    let start = out.len();
    let length = bytes.len().div_ceil(3) * 4;
    out.resize(start + length, 0);
    if let Some(room) = out.get_mut(start..) {
        // The room is exactly what is needed.
        let _ = STANDARD.encode_slice(bytes, room);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn numbers_print_as_they_are() {
        for number in [0, 7, 10, -1, 1_700_000_000_000, i64::MAX, i64::MIN] {
            assert_eq!(written(|out| push_number(out, number)), number.to_string());
        }
    }

    #[test]
    fn strings_are_escaped_as_serde_json_does() {
        for text in [
            "",
            "plain",
            "a\"b\\c\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}",
            "äöü € 😀",
            "12345678\"",
        ] {
            let expected = serde_json::to_string(text).unwrap();
            assert_eq!(written(|out| push_string(out, text)), expected);
        }
    }

    #[test]
    fn base64_has_its_padding() {
        for (bytes, expected) in [
            (&b""[..], "\"\""),
            (b"\xff", "\"/w==\""),
            (b"\xff\xfe\xfd", "\"//79\""),
        ] {
            assert_eq!(written(|out| push_base64(out, bytes)), expected);
        }
    }

    proptest! {
        #[test]
        fn every_string_is_escaped_as_serde_json_does(text in any::<String>()) {
            prop_assert_eq!(written(|out| push_string(out, &text)), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn long_strings_too(text in "[a-z\"\\\\\u{0}-\u{1f}äöü😀]{0,300}") {
            prop_assert_eq!(written(|out| push_string(out, &text)), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn the_first_line_end_is_found(text in "[a-f]{0,200}[\r\na]{0,3}[a-f\r\n]{0,100}") {
            prop_assert_eq!(line_end(&text), text.find(['\n', '\r']));
        }
    }
}
