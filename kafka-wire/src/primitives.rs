//! How Kafka's primitive types look on the wire, in both directions. nom starts here, and no type of it leaves the crate.
//!
//! Numbers are big endian. They look the same in every version:
//! ```text
//! bool       1 byte    0 is false, anything else true; we write 1
//! int8       1 byte    signed, two's complement, as all that follow but one
//! int16      2 bytes
//! uint16     2 bytes   unsigned: ports
//! int32      4 bytes
//! int64      8 bytes
//! float64    8 bytes   IEEE 754, double precision
//! uuid      16 bytes   the most significant first; all zero for none
//! uvarint  1-5 bytes   32 bits, 7 in a byte, the lowest first; the high bit says that another byte follows
//! ```
//! What has a length has two forms. A version of a message is classic as a whole or flexible as a whole (KIP-482):
//! ```text
//!                            classic                          flexible
//! string, UTF-8              length int16,  its bytes         length + 1 uvarint, its bytes
//! bytes, records             length int32,  its bytes         length + 1 uvarint, its bytes
//! array of T                 count  int32,  its elements      count + 1  uvarint, its elements
//! null in place of these     length or count of -1            0
//! structure                  its fields                       its fields, its tag section
//! structure that may be      int8 1, then the structure       the same
//! null (KIP-893)             int8 -1 for null                 the same
//! tag section                none                             count uvarint, then for each field, tags ascending:
//!                                                             tag uvarint, size uvarint, size bytes of value
//! ```
//! Lengths count bytes, never characters. No string is longer than 32,767 bytes, in either form.
//!
//! # What hostile bytes can cost
//!
//! A length is held against the bytes left before anything is done with it, a count against as many of the smallest elements.
//! Even so an element may be larger here than there: an empty string takes one byte of the wire and 24 of memory. An array
//! therefore starts with room for its count, but for no more elements than fit, *in memory*, into the bytes that are left; when it
//! has read that many, it doubles as every `Vec` does. So, for a frame of `n` bytes:
//! - room made on the word of a count alone is at most `n` bytes and one element, for an array and for each one around it; the
//!   tables nest arrays four deep at most, thus a lie costs `4 n` beyond what was really read;
//! - an array of `k` elements that are really there has room for fewer than `2 k`, `2 k * size_of::<T>()` bytes, and the smaller
//!   rooms that it outgrew were together no larger.

use bytes::{Buf as _, BufMut as _, Bytes};
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::be_u8;

use crate::encoder::Encoder;
use crate::error::{DecodeReason, EncodeFault, Fault};
use crate::error_code::ErrorCode;
use crate::rows::Kind;
use crate::uuid::Uuid;

/// What a parser gives back: the bytes after the value, and the value.
pub(crate) type Parsed<'a, T> = nom::IResult<&'a [u8], T, Fault>;

/// What a parser has to know about the message it is in.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Version of the message.
    pub version: i16,
    /// Compact lengths and tag sections (KIP-482).
    pub flexible: bool,
    /// The whole frame, so that bytes can be shared instead of copied.
    pub frame: &'a Bytes,
}

/// A type of the wire.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
pub trait Wire: Sized {
    /// Its name in Kafka's schema.
    const KIND: Kind;

    /// Reads one value off the front of `input`.
    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self>;

    /// Appends the value to `out`.
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault>;
}

/// Types of a fixed size: their kind, how they are made of bytes, and how they become bytes.
macro_rules! fixed {
    ($($Type:ty, $kind:ident, $from:expr, $to:expr;)*) => { $(
        impl Wire for $Type {
            const KIND: Kind = Kind::$kind;

            #[inline]
            fn decode<'a>(input: &'a [u8], _: Context<'a>) -> Parsed<'a, Self> {
                // One load; the number parsers of nom would go byte by byte.
                match input.split_first_chunk() {
                    Some((bytes, rest)) => Ok((rest, $from(*bytes))),
                    None => Err(Fault::at(input, DecodeReason::Truncated)),
                }
            }

            #[inline]
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
                out.head.put_slice(&$to(*self));
                Ok(())
            }
        }
    )* };
}
fixed! {
    bool, Bool, |[byte]: [u8; 1]| byte != 0, |value| [u8::from(value)];
    i8, Int8, i8::from_be_bytes, i8::to_be_bytes;
    i16, Int16, i16::from_be_bytes, i16::to_be_bytes;
    u16, Uint16, u16::from_be_bytes, u16::to_be_bytes;
    i32, Int32, i32::from_be_bytes, i32::to_be_bytes;
    i64, Int64, i64::from_be_bytes, i64::to_be_bytes;
    f64, Float64, f64::from_be_bytes, f64::to_be_bytes;
    ErrorCode, Int16, |bytes| ErrorCode(i16::from_be_bytes(bytes)), |code: ErrorCode| code.0.to_be_bytes();
    Uuid, Uuid, Uuid, |uuid: Uuid| uuid.0;
}

impl Wire for String {
    const KIND: Kind = Kind::String;

    #[inline]
    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        let (rest, length) = length::<Self>(input, context)?;
        let (rest, bytes) = take(length)(rest)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok((rest, text.to_owned())),
            Err(_) => Err(Fault::at(input, DecodeReason::Utf8)),
        }
    }

    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(self.len(), Self::KIND)?;
        out.head.put_slice(self.as_bytes());
        Ok(())
    }
}

impl Wire for Bytes {
    const KIND: Kind = Kind::Bytes;

    #[inline]
    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        let (rest, length) = length::<Self>(input, context)?;
        let (rest, bytes) = take(length)(rest)?;
        Ok((rest, context.frame.slice_ref(bytes)))
    }

    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(self.len(), Self::KIND)?;
        out.put_shared(self);
        Ok(())
    }
}

impl<T: Wire> Wire for Vec<T> {
    const KIND: Kind = Kind::Array(&T::KIND);

    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        let (mut rest, count) = length::<Self>(input, context)?;
        let fitting = rest.len() / size_of::<T>().max(1) + 1;
        let mut elements = Self::with_capacity(count.min(fitting));
        for index in 0..count {
            let read = T::decode(rest, context);
            let (after, element) = read.map_err(|fault| Fault::in_element(fault, index))?;
            elements.push(element);
            rest = after;
        }
        Ok((rest, elements))
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(self.len(), Self::KIND)?;
        for (index, element) in self.iter().enumerate() {
            let written = element.encode(out);
            written.map_err(|fault| fault.in_element(index))?;
        }
        Ok(())
    }
}

impl<T: Wire> Wire for Option<T> {
    const KIND: Kind = Kind::Nullable(&T::KIND);

    #[inline]
    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        let (null, present) = marks(T::KIND, context.flexible);
        if let Some(rest) = input.strip_prefix(null) {
            return Ok((rest, None));
        }
        let Some(rest) = input.strip_prefix(present) else {
            let (_, marker) = i8::decode(input, context)?;
            return Err(Fault::at(input, DecodeReason::Presence(marker)));
        };
        T::decode(rest, context).map(|(rest, value)| (rest, Some(value)))
    }

    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        let (null, present) = marks(T::KIND, out.flexible);
        if let Some(value) = self {
            out.head.put_slice(present);
            return value.encode(out);
        }
        out.head.put_slice(null);
        Ok(())
    }
}

/// What stands in place of a null, and before a value that could have been one.
#[inline]
const fn marks(kind: Kind, flexible: bool) -> (&'static [u8], &'static [u8]) {
    match kind {
        Kind::Structure(_) => (&[0xff], &[1]),
        _ if flexible => (&[0], &[]),
        Kind::String => (&[0xff; 2], &[]),
        _ => (&[0xff; 4], &[]),
    }
}

/// The length or count of a `T`, held against its limit and against what is left for as many bytes or elements.
#[inline]
fn length<'a, T: Wire>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, usize> {
    let width = T::KIND.length_width();
    let (rest, length) = if context.flexible {
        unsigned_varint.map(|next| i64::from(next) - 1).parse(input)
    } else {
        take(width)
            .map(|mut length: &[u8]| length.get_int(width))
            .parse(input)
    }?;
    let most = rest.len().min(T::KIND.length_limit());
    match usize::try_from(length) {
        Ok(length) if length.saturating_mul(const { T::KIND.unit_size() }) <= most => {
            Ok((rest, length))
        }
        Err(_) if length == -1 => Err(Fault::at(input, DecodeReason::Null)),
        _ => Err(Fault::at(input, DecodeReason::Length(length))),
    }
}

/// `uvarint`; nearly all have one byte.
#[inline]
pub(crate) fn unsigned_varint(input: &[u8]) -> Parsed<'_, u32> {
    match input {
        [byte @ ..0x80, rest @ ..] => Ok((rest, u32::from(*byte))),
        _ => long_varint(input),
    }
}

fn long_varint(input: &[u8]) -> Parsed<'_, u32> {
    let (mut rest, mut value) = (input, 0);
    for shift in [0, 7, 14, 21, 28] {
        let (after, byte) = be_u8(rest)?;
        rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            let value = u32::try_from(value).map_err(|_| Fault::at(input, DecodeReason::Varint))?;
            return Ok((rest, value));
        }
    }
    Err(Fault::at(input, DecodeReason::Varint))
}

#[cfg(test)]
mod tests;
