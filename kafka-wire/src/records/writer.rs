//! How a record gets into the buffer: into room made before, with no look at its end for every byte.

use super::varint::Varint;

/// Fills `room` from its front. Whoever makes one has computed how much will be written and adds [`SLACK`]; with
/// less, the record comes out short, but nothing panics.
pub(super) struct Writer<'a> {
    room: &'a mut [u8],
    written: usize,
}

impl<'a> Writer<'a> {
    #[inline]
    pub(super) fn new(room: &'a mut [u8]) -> Self {
        Self { room, written: 0 }
    }

    /// Bytes so far.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// A number, written as eight bytes at once; what is too much is overwritten by what comes next.
    #[inline]
    pub(super) fn varint(&mut self, number: Varint) {
        let Some(bytes) = number.padded() else {
            return number.bytes().for_each(|byte| self.bytes(&[byte]));
        };
        if let Some(slot) = self.rest().first_chunk_mut() {
            *slot = bytes;
        }
        self.written += number.len();
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if let Some(slot) = self.rest().get_mut(..bytes.len()) {
            slot.copy_from_slice(bytes);
        }
        self.written += bytes.len();
    }

    #[inline]
    fn rest(&mut self) -> &mut [u8] {
        self.room.get_mut(self.written..).unwrap_or_default()
    }
}

/// Bytes that may be overwritten behind what was asked for.
pub(super) const SLACK: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::varint::take_i64;
    use super::*;

    proptest! {
        #[test]
        fn every_number_is_written_as_it_is_read(number: i64, shift in 0..64) {
            let number = number >> shift;
            let mut room = [0xee; 30];
            let mut writer = Writer::new(&mut room);
            writer.varint(Varint::new(number));
            let written = writer.written();
            prop_assert_eq!(written, Varint::new(number).len());
            prop_assert!(room[written + SLACK..].iter().all(|&byte| byte == 0xee));
            prop_assert_eq!(take_i64(&mut &room[..written]), Some(number));
        }
    }

    #[test]
    fn too_little_room_does_not_panic() {
        for room in 0..40 {
            let mut room = vec![0; room];
            let mut writer = Writer::new(&mut room);
            writer.varint(Varint::new(i64::MIN));
            writer.bytes(b"some bytes");
            writer.varint(Varint::NULL);
            assert_eq!(writer.written(), 21);
        }
    }
}
