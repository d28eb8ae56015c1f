//! A message on its way to bytes: what is small is written in place, what is large stays where it is.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::error::{EncodeFault, EncodeReason};
use crate::primitives::Wire;
use crate::rows::Kind;

/// A message on its way to bytes. Large byte fields are not copied: they stay where they are, between the bytes of the head.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
#[derive(Debug)]
pub struct Encoder {
    pub(crate) head: BytesMut,
    pub(crate) version: i16,
    /// Compact lengths and tag sections (KIP-482).
    pub(crate) flexible: bool,
    /// Where in `head` shared bytes belong, in ascending order.
    pub(crate) shared: Vec<(usize, Bytes)>,
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

    /// The length or count of a value of `kind`.
    #[inline]
    pub(crate) fn put_length(&mut self, length: usize, kind: Kind) -> Result<(), EncodeFault> {
        let number = at_most(kind.length_limit(), length)?;
        if self.flexible {
            self.put_unsigned_varint(number + 1);
        } else {
            self.head.put_uint(number.into(), kind.length_width());
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

    /// A tagged field: number, size, value.
    pub(crate) fn put_tagged<T: Wire>(&mut self, tag: u32, value: &T) -> Result<(), EncodeFault> {
        self.put_unsigned_varint(tag);
        let start = self.head.len();
        let share_from = std::mem::replace(&mut self.share_from, usize::MAX);
        value.encode(self)?;
        self.share_from = share_from;
        let size = self.head.len() - start;
        self.put_unsigned_varint(at_most(0x7fff_ffff, size)?);
        // The size is known at the end and belongs in front.
        if let Some(written) = self.head.get_mut(start..) {
            written.rotate_left(size);
        }
        Ok(())
    }
}

#[inline]
fn at_most(limit: usize, length: usize) -> Result<u32, EncodeFault> {
    let number = u32::try_from(length).ok().filter(|_| length <= limit);
    number.ok_or_else(|| EncodeFault::new(EncodeReason::TooLong { length, limit }))
}
