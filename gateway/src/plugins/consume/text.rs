//! JSON text written piece by piece into one buffer. A tree of values would cost more than the rest of an answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;

/// Appends `text` as a JSON string, quotes included.
pub(super) fn push_string(out: &mut BytesMut, text: &str) {
    out.reserve(text.len() + 2);
    out.extend_from_slice(b"\"");
    let mut rest = text.as_bytes();
    while let Some(at) = first_special(rest) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else {
            break;
        };
        push_escaped(out, byte);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\"");
}

fn push_escaped(out: &mut BytesMut, byte: u8) {
    let short = match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        b'\t' => b"\\t",
        0x08 => b"\\b",
        0x0c => b"\\f",
        _ => {
            let digits = [hex_digit(byte >> 4), hex_digit(byte & 15)];
            out.extend_from_slice(b"\\u00");
            return out.extend_from_slice(&digits);
        }
    };
    out.extend_from_slice(short);
}

const fn hex_digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

/// Where the first byte is that JSON wants escaped. Eight bytes at a time, as most have none.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            let byte = usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
            return Some(index * 8 + byte);
        }
    }
    let at = tail.iter().position(|&byte| is_special(byte))?;
    Some(words.len() * 8 + at)
}

fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// The high bit of each byte that is below a blank, a quote or a backslash. The lowest such bit is always right;
/// those above it may be an effect of the borrow.
const fn specials(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let below_blank = word.wrapping_sub(ONES * 0x20) & !word;
    let quotes = zeros(word ^ (ONES * 0x22));
    let backslashes = zeros(word ^ (ONES * 0x5c));
    (below_blank | quotes | backslashes) & HIGHS
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
        fn the_first_special_byte_is_found(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(first_special(&bytes), bytes.iter().position(|&byte| is_special(byte)));
        }
    }
}
