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
//! therefore starts with room for as many elements as fit, *in memory*, into the bytes that are left, and later makes room for as
//! many again as it has really read, up to its count and no further. So, for a frame of `n` bytes:
//! - room made on the word of a count alone is at most `n` bytes and one element for each array around it and itself; the tables
//!   nest arrays four deep at most, thus a lie costs `4 n` beyond what was really read;
//! - `k` elements that are really there take `k * size_of::<T>()` bytes, and the smaller rooms they grew out of less than twice that.

use bytes::{BufMut as _, Bytes};
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::{be_i16, be_i32};

use crate::encoder::Encoder;
use crate::error::{DecodeReason, EncodeFault, Fault};
use crate::error_code::ErrorCode;
use crate::rows::Kind;
use crate::secret::Secret;
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

/// A type of the wire. It says how it looks, or, if null is a matter of its length, how it looks when it may be null; each pair of
/// methods here stands on the other one.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
pub trait Wire: Sized {
    /// Its name in Kafka's schema.
    const KIND: Kind;

    /// Reads a value off the front of `input`.
    #[inline]
    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        match Self::decode_nullable(input, context)? {
            (rest, Some(value)) => Ok((rest, value)),
            (_, None) => Err(Fault::at(input, DecodeReason::Null)),
        }
    }

    /// Appends the value to `out`.
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        Self::encode_nullable(Some(self), out)
    }

    /// Reads a value or a null: one byte says which.
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        match i8::decode(input, context)? {
            (rest, -1) => Ok((rest, None)),
            (rest, 1) => Self::decode(rest, context).map(|(rest, value)| (rest, Some(value))),
            (_, marker) => Err(Fault::at(input, DecodeReason::Presence(marker))),
        }
    }

    /// Appends a value or a null.
    fn encode_nullable(value: Option<&Self>, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.head.put_i8(if value.is_some() { 1 } else { -1 });
        value.map_or(Ok(()), |value| value.encode(out))
    }

    /// Whether it is a null.
    #[inline]
    fn is_null(&self) -> bool {
        false
    }
}

impl<T: Wire> Wire for Option<T> {
    const KIND: Kind = Kind::Nullable(&T::KIND);

    #[inline]
    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        T::decode_nullable(input, context)
    }

    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        T::encode_nullable(self.as_ref(), out)
    }

    #[inline]
    fn is_null(&self) -> bool {
        self.is_none()
    }
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
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let (rest, bytes) = sized_bytes(input, context, Classic::Int16)?;
        match bytes.map(std::str::from_utf8).transpose() {
            Ok(text) => Ok((rest, text.map(str::to_owned))),
            Err(_) => Err(Fault::at(input, DecodeReason::Utf8)),
        }
    }

    #[inline]
    fn encode_nullable(text: Option<&Self>, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(text.map(Self::len), Classic::Int16)?;
        out.head.put_slice(text.map_or(&[], |text| text.as_bytes()));
        Ok(())
    }
}

impl Wire for Bytes {
    const KIND: Kind = Kind::Bytes;

    #[inline]
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let (rest, bytes) = sized_bytes(input, context, Classic::Int32)?;
        Ok((rest, bytes.map(|bytes| context.frame.slice_ref(bytes))))
    }

    #[inline]
    fn encode_nullable(bytes: Option<&Self>, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(bytes.map(Self::len), Classic::Int32)?;
        if let Some(bytes) = bytes {
            out.put_shared(bytes);
        }
        Ok(())
    }
}

impl<T: Wire> Wire for Vec<T> {
    const KIND: Kind = Kind::Array(&T::KIND);

    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let (mut rest, count) =
            length(input, context, Classic::Int32, const { T::KIND.min_size() })?;
        let Some(count) = count else {
            return Ok((rest, None));
        };
        let fitting = rest.len() / size_of::<T>().max(1) + 1;
        let mut elements = Self::with_capacity(count.min(fitting));
        for index in 0..count {
            let (after, element) =
                T::decode(rest, context).map_err(|fault| Fault::in_element(fault, index))?;
            elements.push(element);
            rest = after;
        }
        Ok((rest, Some(elements)))
    }

    fn encode_nullable(elements: Option<&Self>, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(elements.map(Self::len), Classic::Int32)?;
        for (index, element) in elements.into_iter().flatten().enumerate() {
            element
                .encode(out)
                .map_err(|fault| fault.in_element(index))?;
        }
        Ok(())
    }
}

/// Looks like what it hides.
impl<T: Wire> Wire for Secret<T> {
    const KIND: Kind = T::KIND;

    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        T::decode(input, context).map(|(rest, hidden)| (rest, Self(hidden)))
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        self.0.encode(out)
    }

    fn is_null(&self) -> bool {
        self.0.is_null()
    }
}

/// The type of a length or count in the classic form.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Classic {
    Int16,
    Int32,
}

/// A length or count, held against what is left for elements of at least `least` bytes; `None` is null.
#[inline]
fn length<'a>(
    input: &'a [u8],
    context: Context<'a>,
    classic: Classic,
    least: usize,
) -> Parsed<'a, Option<usize>> {
    let (rest, length) = match (context.flexible, classic) {
        (true, _) => unsigned_varint.map(|next| i64::from(next) - 1).parse(input),
        (false, Classic::Int16) => be_i16.map(i64::from).parse(input),
        (false, Classic::Int32) => be_i32.map(i64::from).parse(input),
    }?;
    match usize::try_from(length) {
        Ok(length) if length.saturating_mul(least.max(1)) <= rest.len() => Ok((rest, Some(length))),
        Err(_) if length == -1 => Ok((rest, None)),
        _ => Err(Fault::at(input, DecodeReason::Length(length))),
    }
}

/// A length and as many bytes; `None` is null.
#[inline]
fn sized_bytes<'a>(
    input: &'a [u8],
    context: Context<'a>,
    classic: Classic,
) -> Parsed<'a, Option<&'a [u8]>> {
    match length(input, context, classic, 1)? {
        (rest, Some(length)) => take(length).map(Some).parse(rest),
        (rest, None) => Ok((rest, None)),
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
    let mut value = 0;
    for (index, &byte) in input.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            let value = u32::try_from(value).map_err(|_| Fault::at(input, DecodeReason::Varint))?;
            return Ok((input.get(index + 1..).unwrap_or_default(), value));
        }
    }
    let cut_off = input.len() < 5;
    let reason = if cut_off {
        DecodeReason::Truncated
    } else {
        DecodeReason::Varint
    };
    Err(Fault::at(input, reason))
}

#[cfg(test)]
mod tests;
