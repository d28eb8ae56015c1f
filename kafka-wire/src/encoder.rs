//! A message on its way to bytes: what is small is written in place, what is large stays where it is.

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::{EncodeFault, EncodeReason};
use crate::primitives::Wire;

/// A message on its way to bytes. Large byte fields are not copied: they stay where they are, between the bytes of the head.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
#[derive(Debug)]
pub struct Encoder {
    pub(crate) head: BytesMut,
    /// Where in `head` shared bytes belong, in ascending order.
    shared: Vec<(usize, Bytes)>,
    share_from: usize,
    version: i16,
    flexible: bool,
}

impl Encoder {
    /// Byte fields from this size on are shared; below, copying is cheaper than one more segment to write.
    const SHARE_FROM: usize = 512;

    /// An empty one for a message of `version`.
    pub(crate) fn new(head: BytesMut, version: i16, flexible: bool) -> Self {
        Self {
            head,
            shared: Vec::new(),
            share_from: Self::SHARE_FROM,
            version,
            flexible,
        }
    }

    pub(crate) fn version(&self) -> i16 {
        self.version
    }

    pub(crate) fn flexible(&self) -> bool {
        self.flexible
    }

    /// Head bytes, and what belongs between them.
    pub(crate) fn finish(self) -> (BytesMut, Vec<(usize, Bytes)>) {
        (self.head, self.shared)
    }

    /// Lets `write` write in the classic form.
    pub(crate) fn classic<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let flexible = std::mem::replace(&mut self.flexible, false);
        let written = write(self);
        self.flexible = flexible;
        written
    }

    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "seven bits fit a byte"
    )]
    pub(crate) fn put_unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.head.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.head.put_u8(value as u8);
    }

    /// A tagged field: number, size, value.
    pub(crate) fn put_tagged<T: Wire>(&mut self, tag: u32, value: &T) -> Result<(), EncodeFault> {
        let mut inner = Self::new(BytesMut::new(), self.version, self.flexible);
        inner.share_from = usize::MAX;
        value.encode(&mut inner)?;
        self.put_unsigned_varint(tag);
        self.put_unsigned_varint(
            u32::try_from(inner.head.len()).map_err(|_| too_long(inner.head.len(), 0x7fff_ffff))?,
        );
        self.head.put_slice(&inner.head);
        Ok(())
    }

    /// A length of at most `limit`: compact in flexible versions, else as `classic` writes it.
    pub(crate) fn put_length<N: TryFrom<usize>>(
        &mut self,
        length: usize,
        limit: usize,
        classic: impl FnOnce(&mut BytesMut, N),
    ) -> Result<(), EncodeFault> {
        let (true, Ok(compact), Ok(plain)) =
            (length <= limit, u32::try_from(length), N::try_from(length))
        else {
            return Err(too_long(length, limit));
        };
        if self.flexible {
            self.put_unsigned_varint(compact + 1);
        } else {
            classic(&mut self.head, plain);
        }
        Ok(())
    }

    /// A null in place of a length that has `length_bytes` in the classic form.
    pub(crate) fn put_null(&mut self, length_bytes: usize) {
        if self.flexible {
            self.head.put_u8(0);
        } else {
            self.head.put_bytes(0xff, length_bytes);
        }
    }

    /// Bytes whose length has been written.
    pub(crate) fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < self.share_from {
            self.head.put_slice(bytes);
        } else {
            self.shared.push((self.head.len(), bytes.clone()));
        }
    }
}

#[cold]
fn too_long(length: usize, limit: usize) -> EncodeFault {
    EncodeFault::new(EncodeReason::TooLong { length, limit })
}
