//! A message on its way to bytes: what is small is written in place, what is large stays where it is.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::error::{EncodeFault, EncodeReason};
use crate::primitives::{Classic, Wire};

/// A message on its way to bytes. Large byte fields are not copied: they stay where they are, between the bytes of the head.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
#[derive(Debug)]
pub struct Encoder {
    pub(crate) head: BytesMut,
    pub(crate) version: i16,
    /// Compact lengths and tag sections (KIP-482).
    pub(crate) flexible: bool,
    /// Where in `head` shared bytes belong, in ascending order.
    shared: Vec<(usize, Bytes)>,
    share_from: usize,
}

impl Encoder {
    /// Byte fields from this size on are shared; below, copying is cheaper than one more segment to write.
    const SHARE_FROM: usize = 512;

    /// Appends a message of `version` to `head`.
    pub(crate) fn new(head: BytesMut, version: i16, flexible: bool) -> Self {
        Self {
            head,
            version,
            flexible,
            shared: Vec::new(),
            share_from: Self::SHARE_FROM,
        }
    }

    /// Head bytes, and what belongs between them.
    pub(crate) fn finish(self) -> (BytesMut, Vec<(usize, Bytes)>) {
        (self.head, self.shared)
    }

    #[inline]
    pub(crate) fn put_unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            let [.., low] = value.to_be_bytes();
            self.head.put_u8(low | 0x80);
            value >>= 7;
        }
        let [.., last] = value.to_be_bytes();
        self.head.put_u8(last);
    }

    /// A length or count, or null in its place.
    #[inline]
    pub(crate) fn put_length(
        &mut self,
        length: Option<usize>,
        classic: Classic,
    ) -> Result<(), EncodeFault> {
        let number = match (classic, length) {
            (_, None) => -1,
            (Classic::Int16, Some(length)) => at_most(0x7fff, length)?,
            (Classic::Int32, Some(length)) => at_most(0x7fff_ffff, length)?,
        };
        match (self.flexible, classic, number.to_be_bytes()) {
            (true, ..) => self.put_unsigned_varint(number.cast_unsigned().wrapping_add(1)),
            (false, Classic::Int16, [_, _, low @ ..]) => self.head.put_slice(&low),
            (false, Classic::Int32, all) => self.head.put_slice(&all),
        }
        Ok(())
    }

    /// Bytes whose length has been written.
    #[inline]
    pub(crate) fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < self.share_from {
            self.head.put_slice(bytes);
        } else {
            self.shared.push((self.head.len(), bytes.clone()));
        }
    }

    /// A tag section without tags, unless this version has none; where its count stands.
    #[inline]
    pub(crate) fn put_no_tags(&mut self) -> usize {
        if self.flexible {
            self.head.put_u8(0);
        }
        self.head.len() - usize::from(self.flexible)
    }

    /// A tagged field: number, size, value.
    pub(crate) fn put_tagged<T: Wire>(&mut self, tag: u32, value: &T) -> Result<(), EncodeFault> {
        self.put_unsigned_varint(tag);
        let start = self.head.len();
        let share_from = std::mem::replace(&mut self.share_from, usize::MAX);
        value.encode(self)?;
        self.share_from = share_from;
        let size = self.head.len() - start;
        self.put_unsigned_varint(at_most(0x7fff_ffff, size)?.cast_unsigned());
        // The size is known at the end and belongs in front.
        if let Some(written) = self.head.get_mut(start..) {
            written.rotate_left(size);
        }
        Ok(())
    }
}

#[inline]
fn at_most(limit: usize, length: usize) -> Result<i32, EncodeFault> {
    let number = i32::try_from(length).ok().filter(|_| length <= limit);
    number.ok_or_else(|| EncodeFault::new(EncodeReason::TooLong { length, limit }))
}
