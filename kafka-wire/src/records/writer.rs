//! How a record gets into the buffer: into room made before, with one look at its end per field and not per byte.

use std::mem;

use super::varint::{NULL, zigzag_len};

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

    /// Bytes left.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.room.len()
    }

    /// A varint whose zigzag has been done. Nearly all take one to three bytes, each written in one piece.
    #[inline]
    pub(super) fn code(&mut self, code: u64) {
        let [low, ..] = code.to_le_bytes();
        let [middle, ..] = (code >> 7).to_le_bytes();
        let [high, ..] = (code >> 14).to_le_bytes();
        match code {
            0..0x80 => self.array([low]),
            0x80..0x4000 => self.array([low | 0x80, middle]),
            0x4000..0x20_0000 => self.array([low | 0x80, middle | 0x80, high]),
            _ => self.long_code(code),
        }
    }

    #[cold]
    fn long_code(&mut self, mut code: u64) {
        while code >= 0x80 {
            let [low, ..] = code.to_le_bytes();
            self.array([low | 0x80]);
            code >>= 7;
        }
        let [low, ..] = code.to_le_bytes();
        self.array([low]);
    }

    /// A length and as many bytes.
    #[inline]
    pub(super) fn sized(&mut self, bytes: &[u8]) {
        self.code(zigzag_len(bytes.len()));
        if let Some((slot, rest)) = mem::take(&mut self.room).split_at_mut_checked(bytes.len()) {
            slot.copy_from_slice(bytes);
            self.room = rest;
        }
    }

    /// A length and as many bytes, or -1 for null.
    #[inline]
    pub(super) fn nullable(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.sized(bytes),
            None => self.code(NULL),
        }
    }

    /// A few bytes as they are.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some((slot, rest)) = mem::take(&mut self.room).split_first_chunk_mut() {
            *slot = bytes;
            self.room = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::varint::{encoded_len, take_i64, zigzag};
    use super::*;

    proptest! {
        #[test]
        fn every_number_is_written_as_it_is_read(number: i64, shift in 0..64) {
            let number = number >> shift;
            let mut room = [0xee; 12];
            let mut writer = Writer::new(&mut room);
            writer.code(zigzag(number));
            let written = 12 - writer.left();
            prop_assert_eq!(written, encoded_len(zigzag(number)));
            prop_assert!(room[written..].iter().all(|&byte| byte == 0xee));
            prop_assert_eq!(take_i64(&mut &room[..written]), Some(number));
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        for room in 0..22 {
            let mut room = vec![0; room];
            let mut writer = Writer::new(&mut room);
            writer.code(u64::MAX);
            writer.sized(b"some bytes");
            writer.nullable(None);
            assert_eq!(writer.left(), 0);
        }
    }
}
