//! The checksum of two pieces from the checksums of each: so records can be summed while they are still in the cache, and the header,
//! which changes last, by itself.
//!
//! A CRC is the remainder of the message, read as a polynomial over GF(2), by a fixed one. Bytes behind a piece multiply its remainder by
//! x to the power of their bits; the rest is addition, which is XOR. As everywhere in CRC-32C, bits are mirrored: the lowest power of x is
//! the highest bit.

/// CRC-32C of two pieces that follow each other, the second of `second_len` bytes.
pub(super) fn join(first: u32, second: u32, second_len: usize) -> u32 {
    let mut shifted = first;
    let mut bytes = second_len;
    for power in POWERS {
        if bytes & 1 == 1 {
            shifted = multiply(shifted, power);
        }
        bytes >>= 1;
        if bytes == 0 {
            break;
        }
    }
    shifted ^ second
}

/// The product of two remainders, bit by bit. Without branches: which bits are set is anybody's guess.
const fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    let mut place = u32::BITS;
    while place > 0 {
        place -= 1;
        product ^= b & 0_u32.wrapping_sub(a >> place & 1);
        b = (b >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(b & 1));
    }
    product
}

/// What 1, 2, 4, 8 … bytes behind a piece multiply its remainder by; a batch has fewer than 2 GiB.
const POWERS: [u32; 32] = powers();

#[expect(
    clippy::indexing_slicing,
    reason = "at compile time, where an index beyond the end fails the build"
)]
const fn powers() -> [u32; 32] {
    // x to the power of 8, one byte.
    let mut powers = [1 << (31 - 8); 32];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = multiply(powers[place - 1], powers[place - 1]);
        place += 1;
    }
    powers
}

/// Castagnoli's, mirrored (RFC 3720, section 12.1).
const POLYNOMIAL: u32 = 0x82f6_3b78;

#[cfg(test)]
mod tests {
    use crc32c::crc32c;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn two_pieces_have_the_checksum_of_the_whole(
            first in prop::collection::vec(any::<u8>(), 0..100),
            second in prop::collection::vec(any::<u8>(), 0..100_000),
        ) {
            let whole = [first.clone(), second.clone()].concat();
            let joined = join(crc32c(&first), crc32c(&second), second.len());
            prop_assert_eq!(joined, crc32c(&whole));
        }
    }

    #[test]
    fn nothing_behind_changes_nothing() {
        assert_eq!(join(0x1234_5678, crc32c(b""), 0), 0x1234_5678);
    }
}
