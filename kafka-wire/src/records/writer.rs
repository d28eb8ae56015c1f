//! How a record gets into the buffer, into room made before: keys and values in one piece each, and what stands between them,
//! lengths and deltas, gathered in a register and put there in one piece too.

use std::mem;

use super::varint::{NULL, zigzag_len};

/// A few bytes that follow each other: at most two numbers and one byte. Gathered from the last to the first, for a length stands
/// in front of what it counts.
#[derive(Clone, Copy)]
pub(super) struct Short {
    /// The first byte lowest.
    bits: u64,
    len: usize,
}

impl Short {
    pub(super) const EMPTY: Self = Self { bits: 0, len: 0 };

    /// How many bytes.
    #[inline]
    pub(super) fn len(self) -> usize {
        self.len
    }

    /// A varint whose zigzag has been done, below [`SHORT_CODES`], and these bytes behind it.
    #[inline]
    pub(super) fn before(self, code: u64) -> Self {
        debug_assert!(code < SHORT_CODES, "{code} is not short");
        let low = code & 0x7f;
        let middle = (code << 1) & 0x7f00;
        let high = (code << 2) & 0x7f_0000;
        match code {
            0..0x80 => self.behind::<1>(low),
            0x80..0x4000 => self.behind::<2>(0x80 | low | middle),
            _ => self.behind::<3>(0x8080 | low | middle | high),
        }
    }

    /// `N` bytes, the first one lowest, and these behind them.
    #[inline]
    fn behind<const N: usize>(self, bytes: u64) -> Self {
        debug_assert!(self.len + N <= size_of::<u64>(), "more than a register");
        Self {
            bits: (self.bits << (8 * N)) | bytes,
            len: self.len + N,
        }
    }
}

/// Fills `room` from its front. Whoever makes one has computed how much will be written; what goes beyond is
/// left out.
pub(super) struct Writer<'a> {
    room: &'a mut [u8],
}

impl<'a> Writer<'a> {
    #[inline]
    pub(super) fn new(room: &'a mut [u8]) -> Self {
        Self { room }
    }

    /// A few bytes: the whole register in one instruction while there is room. What is too much, the next ones overwrite.
    #[inline]
    pub(super) fn put(&mut self, short: Short) {
        let room = mem::take(&mut self.room);
        self.room = match room.first_chunk_mut() {
            Some(slot) => {
                *slot = short.bits.to_le_bytes();
                room.get_mut(short.len..).unwrap_or_default()
            }
            None => put_last(room, short),
        };
    }

    /// Bytes as they are.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if let Some((slot, rest)) = mem::take(&mut self.room).split_at_mut_checked(bytes.len()) {
            slot.copy_from_slice(bytes);
            self.room = rest;
        }
    }

    /// A varint of any length whose zigzag has been done.
    pub(super) fn code(&mut self, mut code: u64) {
        while code >= SHORT_CODES {
            let [low, ..] = code.to_le_bytes();
            self.bytes(&[low | 0x80]);
            code >>= 7;
        }
        self.put(Short::EMPTY.before(code));
    }

    /// A length and as many bytes, or -1 for null.
    pub(super) fn nullable(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => {
                self.code(zigzag_len(bytes.len()));
                self.bytes(bytes);
            }
            None => self.code(NULL),
        }
    }
}

/// By value, so that [`Writer`] can stay in registers.
#[cold]
#[inline(never)]
fn put_last(room: &mut [u8], short: Short) -> &mut [u8] {
    let bytes = short.bits.to_le_bytes();
    let bytes = bytes.get(..short.len).unwrap_or_default();
    match room.split_at_mut_checked(bytes.len()) {
        Some((slot, rest)) => {
            slot.copy_from_slice(bytes);
            rest
        }
        None => Default::default(),
    }
}

/// Codes below it take three bytes at most.
pub(super) const SHORT_CODES: u64 = 1 << 21;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::varint::{encoded_len, take_i32, take_i64, zigzag};
    use super::*;

    proptest! {
        #[test]
        fn every_number_is_written_as_it_is_read(number: i64, shift in 0..64) {
            let number = number >> shift;
            let mut room = [0xee; 20];
            let mut writer = Writer::new(&mut room);
            writer.code(zigzag(number));
            let written = 20 - writer.room.len();
            prop_assert_eq!(written, encoded_len(zigzag(number)));
            prop_assert_eq!(take_i64(&mut &room[..written]), Some(number));
        }

        #[test]
        fn short_numbers_stand_in_the_order_they_are_read_in(
            first in -0x10_0000..0x10_0000_i32, last in -0x10_0000..0x10_0000_i32, room in 6..20_usize
        ) {
            let short = Short::EMPTY.before(zigzag(last.into())).before(0).before(zigzag(first.into()));
            let mut room = vec![0xee; room.max(short.len())];
            Writer::new(&mut room).put(short);
            let mut written = &room[..short.len()];
            prop_assert_eq!(take_i32(&mut written), Some(first));
            prop_assert_eq!(take_i32(&mut written), Some(0));
            prop_assert_eq!(take_i32(&mut written), Some(last));
            prop_assert!(written.is_empty());
        }
    }

    #[test]
    fn what_is_just_large_enough_is_filled_to_the_last_byte() {
        for length in 0..40 {
            let mut room = vec![0; length];
            let mut writer = Writer::new(&mut room);
            for _ in 0..length {
                writer.code(NULL);
            }
            assert_eq!(writer.room.len(), 0);
            assert!(room.iter().all(|&byte| byte == 1), "{room:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        for room in 0..22 {
            let mut room = vec![0; room];
            let mut writer = Writer::new(&mut room);
            writer.code(u64::MAX);
            writer.nullable(Some(b"some bytes"));
            writer.nullable(None);
            assert_eq!(writer.room.len(), 0);
        }
    }
}
