//! Varints as records use them: zigzag numbers in groups of seven bits, the lowest first.
//!
//! ```text
//! number  0  -1   1  -2   2 …      zigzag: the sign goes to the lowest bit, so that small numbers
//! code    0   1   2   3   4 …      of either sign have small codes
//!
//! code  => group* last
//!   group: 1xxxxxxx               seven bits, more follow
//!   last:  0xxxxxxx               the highest bits
//! ```
//!
//! 32-bit numbers take at most 5 bytes, 64-bit numbers at most 10. A longer one, or one whose last byte
//! carries bits beyond the type, is refused; padding within the 5 or 10 bytes (`80 00` for 0) is read, as Kafka
//! does. Written by hand and not in nom: these few lines are most of what reading records costs.

/// Takes a 32-bit number off the front of `input`; `None` if there is no valid one.
#[inline]
pub(super) fn take_i32(input: &mut &[u8]) -> Option<i32> {
    if let [first @ 0..0x80, rest @ ..] = *input {
        *input = rest;
        return Some(unzigzag_32(u32::from(*first)));
    }
    let code = take_code(input, MAX_BYTES_32)?;
    u32::try_from(code).ok().map(unzigzag_32)
}

/// Takes a 64-bit number off the front of `input`; `None` if there is no valid one.
#[inline]
pub(super) fn take_i64(input: &mut &[u8]) -> Option<i64> {
    if let [first @ 0..0x80, rest @ ..] = *input {
        *input = rest;
        return Some(unzigzag_64(u64::from(*first)));
    }
    take_code(input, MAX_BYTES_64).map(unzigzag_64)
}

/// The code of a number, before zigzag is undone.
#[inline]
fn take_code(input: &mut &[u8], max_bytes: u32) -> Option<u64> {
    if let [low @ 0x80..=0xff, high @ 0..0x80, rest @ ..] = *input {
        *input = rest;
        return Some(u64::from(low & 0x7f) | (u64::from(*high) << 7));
    }
    take_long_code(input, max_bytes)
}

/// Three bytes and more.
fn take_long_code(input: &mut &[u8], max_bytes: u32) -> Option<u64> {
    let mut code = 0;
    for group in 0..max_bytes {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        let bits = u64::from(byte & 0x7f);
        let shift = group * 7;
        code |= bits << shift;
        if (bits << shift) >> shift != bits {
            return None;
        }
        if byte < 0x80 {
            return Some(code);
        }
    }
    None
}

/// The code of `number`.
#[inline]
pub(super) fn zigzag(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

/// The code of a length or count. None in memory is beyond 2^62.
#[inline]
pub(super) fn zigzag_len(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX) << 1
}

/// Bytes that the code takes, 1-10.
#[inline]
pub(super) fn encoded_len(code: u64) -> usize {
    if code >= 1 << 21 {
        return long_len(code);
    }
    1 + usize::from(code >= 1 << 7) + usize::from(code >= 1 << 14)
}

#[cold]
fn long_len(code: u64) -> usize {
    let bits = u64::BITS - code.leading_zeros();
    usize::try_from(bits.div_ceil(7)).unwrap_or(10)
}

/// The code of -1, which stands for null where a length is expected.
pub(super) const NULL: u64 = 1;

const MAX_BYTES_32: u32 = 5;
const MAX_BYTES_64: u32 = 10;

#[inline]
fn unzigzag_32(code: u32) -> i32 {
    (code >> 1).cast_signed() ^ -(code & 1).cast_signed()
}

#[inline]
fn unzigzag_64(code: u64) -> i64 {
    (code >> 1).cast_signed() ^ -(code & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(number: i64) -> Vec<u8> {
        let mut code = zigzag(number);
        let mut bytes = Vec::new();
        while code >= 0x80 {
            bytes.push(u8::try_from(code & 0x7f).unwrap() | 0x80);
            code >>= 7;
        }
        bytes.push(u8::try_from(code).unwrap());
        bytes
    }

    #[test]
    fn small_numbers_of_either_sign_take_one_byte() {
        for (number, byte) in [(0, 0), (-1, 1), (1, 2), (-64, 0x7f), (63, 0x7e)] {
            assert_eq!(take_i32(&mut &[byte][..]), Some(number));
            assert_eq!(take_i64(&mut &[byte][..]), Some(i64::from(number)));
            assert_eq!(encode(number.into()), [byte]);
        }
    }

    #[test]
    fn extremes_take_all_bytes() {
        assert_eq!(
            take_i32(&mut &[0xff, 0xff, 0xff, 0xff, 0x0f][..]),
            Some(i32::MIN)
        );
        assert_eq!(
            take_i32(&mut &[0xfe, 0xff, 0xff, 0xff, 0x0f][..]),
            Some(i32::MAX)
        );
        assert_eq!(take_i64(&mut &encode(i64::MIN)[..]), Some(i64::MIN));
        assert_eq!(encoded_len(zigzag(i64::MIN)), 10);
    }

    #[test]
    fn too_many_bytes_are_refused() {
        assert_eq!(
            take_i32(&mut &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00][..]),
            None
        );
        assert_eq!(
            take_i64(&mut &[[0x80; 10].as_slice(), &[0]].concat()[..]),
            None
        );
    }

    #[test]
    fn bits_beyond_the_type_are_refused() {
        assert_eq!(take_i32(&mut &[0xff, 0xff, 0xff, 0xff, 0x10][..]), None);
        assert_eq!(
            take_i64(&mut &[[0xff; 9].as_slice(), &[2]].concat()[..]),
            None
        );
    }

    #[test]
    fn padding_within_the_limit_is_read() {
        let mut input = &[0x80, 0x80, 0x80, 0x80, 0x00, 0xaa][..];
        assert_eq!(take_i32(&mut input), Some(0));
        assert_eq!(input, [0xaa]);
    }

    #[test]
    fn cut_off_numbers_are_refused() {
        for bytes in [&[][..], &[0x80], &[0xff, 0xff], &[0x80; 4], &[0x80; 9]] {
            assert_eq!(take_i32(&mut &*bytes), None);
            assert_eq!(take_i64(&mut &*bytes), None);
        }
    }

    #[test]
    fn null_is_minus_one() {
        assert_eq!(NULL, zigzag(-1));
    }

    proptest! {
        #[test]
        fn every_number_comes_back_and_its_length_is_known(number: i64, shift in 0..64, after: u8) {
            let number = number >> shift;
            let mut bytes = encode(number);
            prop_assert_eq!(bytes.len(), encoded_len(zigzag(number)));
            bytes.push(after);

            let mut input = &bytes[..];
            prop_assert_eq!(take_i64(&mut input), Some(number));
            prop_assert_eq!(input, [after]);

            let mut input = &bytes[..];
            let narrow = take_i32(&mut input);
            prop_assert_eq!(narrow.map(i64::from), i32::try_from(number).ok().map(i64::from));
        }

        #[test]
        fn lengths_are_never_negative(length in 0..=usize::MAX >> 2) {
            prop_assert_eq!(zigzag_len(length), zigzag(i64::try_from(length).unwrap()));
        }
    }
}
