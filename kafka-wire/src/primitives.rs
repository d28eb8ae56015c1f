//! How Kafka's primitive types look on the wire, in both directions. nom starts here.
//!
//! ```text
//! bool int8 int16 uint16 int32 int64 float64   big endian, 1 to 8 bytes
//! uuid                16 bytes
//! uvarint             7 bits a byte, low bits first, high bit = more
//!                     classic                     flexible (KIP-482)
//! string              int16 length, bytes         uvarint length + 1, bytes
//! bytes, records      int32 length, bytes         uvarint length + 1, bytes
//! []T                 int32 count, elements       uvarint count + 1, elements
//! null of these       length or count -1          uvarint 0
//! null of a structure int8 -1; a present one has 1 before it
//! ```
//! A length is held against the bytes that are left before anything is allocated for it.

use bytes::{BufMut, Bytes, BytesMut};
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::{be_f64, be_i8, be_i16, be_i32, be_i64, be_u8, be_u16};

use crate::encoder::Encoder;
use crate::error::{DecodeReason, EncodeFault, Fault};
use crate::error_code::ErrorCode;
use crate::rows::Kind;
use crate::secret::Secret;
use crate::uuid::Uuid;

/// What a parser gives back: the bytes after the value, and the value.
pub(crate) type Parsed<'a, T> = nom::IResult<&'a [u8], T, Fault>;

/// What a field's parser has to know about its message.
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

impl Context<'_> {
    /// The same, for a field that keeps its classic form.
    pub(crate) fn classic(self) -> Self {
        Self {
            flexible: false,
            ..self
        }
    }
}

/// A type of the wire. `unnameable` on purpose: only the tables of this crate speak it.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
pub trait Wire: Sized {
    /// Its name in Kafka's schema.
    const KIND: Kind;

    /// The least bytes that a value takes; what a claimed count of elements is held against.
    fn min_size(version: i16, flexible: bool) -> usize;

    /// Reads one value off the front of `input`.
    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self>;

    /// Appends the value to `out`.
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault>;

    /// Whether it is a null.
    fn is_null(&self) -> bool {
        false
    }
}

/// A type whose absence is written in its length: it can be null without more bytes.
pub(crate) trait Sizeable: Wire {
    /// Bytes of its length in the classic form.
    const LENGTH_BYTES: usize;

    /// Reads the length, then as many bytes or elements; `None` is null.
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>>;
}

macro_rules! fixed {
    ($($Type:ty, $kind:ident, $size:literal, $parse:expr, $put:ident;)*) => { $(
        impl Wire for $Type {
            const KIND: Kind = Kind::$kind;

            fn min_size(_: i16, _: bool) -> usize {
                $size
            }

            #[inline]
            fn decode<'a>(input: &'a [u8], _: Context<'a>) -> Parsed<'a, Self> {
                $parse(input)
            }

            #[inline]
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
                out.head.$put(*self);
                Ok(())
            }
        }
    )* };
}
fixed! {
    i8, Int8, 1, be_i8, put_i8;
    i16, Int16, 2, be_i16, put_i16;
    u16, Uint16, 2, be_u16, put_u16;
    i32, Int32, 4, be_i32, put_i32;
    i64, Int64, 8, be_i64, put_i64;
    f64, Float64, 8, be_f64, put_f64;
}

impl Wire for bool {
    const KIND: Kind = Kind::Bool;

    fn min_size(_: i16, _: bool) -> usize {
        1
    }

    fn decode<'a>(input: &'a [u8], _: Context<'a>) -> Parsed<'a, Self> {
        be_u8.map(|byte| byte != 0).parse(input)
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.head.put_u8(u8::from(*self));
        Ok(())
    }
}

macro_rules! newtype {
    ($($Type:ident $(<$Of:ty>)? ($Inner:ty);)*) => { $(
        impl Wire for $Type $(<$Of>)? {
            const KIND: Kind = <$Inner>::KIND;

            fn min_size(version: i16, flexible: bool) -> usize {
                <$Inner>::min_size(version, flexible)
            }

            fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
                <$Inner>::decode(input, context).map(|(rest, inner)| (rest, Self(inner)))
            }

            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
                self.0.encode(out)
            }

            fn is_null(&self) -> bool {
                self.0.is_null()
            }
        }
    )* };
}
newtype! {
    ErrorCode(i16);
    Secret<Bytes>(Bytes);
    Secret<Option<String>>(Option<String>);
}

impl Wire for Uuid {
    const KIND: Kind = Kind::Uuid;

    fn min_size(_: i16, _: bool) -> usize {
        16
    }

    fn decode<'a>(input: &'a [u8], _: Context<'a>) -> Parsed<'a, Self> {
        take(16_usize)
            .map(|bytes: &[u8]| Uuid(bytes.try_into().unwrap_or_default()))
            .parse(input)
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.head.put_slice(&self.0);
        Ok(())
    }
}

/// `uvarint`: at most 32 bits, thus at most five bytes.
#[inline]
pub(crate) fn unsigned_varint(input: &[u8]) -> Parsed<'_, u32> {
    let mut value = 0_u32;
    for (index, &byte) in input.iter().take(5).enumerate() {
        let bits = u32::from(byte & 0x7f);
        let shift = 7 * index;
        if shift == 28 && bits > 0x0f {
            break;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok((input.get(index + 1..).unwrap_or_default(), value));
        }
    }
    let reason = if input.len() < 5 {
        DecodeReason::Truncated
    } else {
        DecodeReason::Varint
    };
    Err(Fault::at(input, reason))
}

/// A length or count, of `length_bytes` in the classic form, held against the bytes left; `None` is null.
fn length<'a>(
    input: &'a [u8],
    context: Context<'a>,
    length_bytes: usize,
    element_size: usize,
) -> Parsed<'a, Option<usize>> {
    let (rest, length) = match (context.flexible, length_bytes) {
        (true, _) => unsigned_varint
            .map(|plus_one| i64::from(plus_one) - 1)
            .parse(input)?,
        (false, 2) => be_i16.map(i64::from).parse(input)?,
        (false, _) => be_i32.map(i64::from).parse(input)?,
    };
    match usize::try_from(length) {
        Ok(count)
            if count
                .checked_mul(element_size)
                .is_some_and(|size| size <= rest.len()) =>
        {
            Ok((rest, Some(count)))
        }
        Err(_) if length == -1 => Ok((rest, None)),
        _ => Err(Fault::at(input, DecodeReason::Length(length))),
    }
}

/// The value of a field that may not be null.
fn required<'a, T>(input: &'a [u8], parsed: Parsed<'a, Option<T>>) -> Parsed<'a, T> {
    match parsed? {
        (rest, Some(value)) => Ok((rest, value)),
        (_, None) => Err(Fault::at(input, DecodeReason::Null)),
    }
}

impl Wire for String {
    const KIND: Kind = Kind::String;

    fn min_size(_: i16, flexible: bool) -> usize {
        if flexible { 1 } else { 2 }
    }

    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        required(input, Self::decode_nullable(input, context))
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        // Kafka's own limit, in both forms: no string is longer than an int16 can say.
        out.put_length(self.len(), 0x7fff, BytesMut::put_u16)?;
        out.head.put_slice(self.as_bytes());
        Ok(())
    }
}

impl Sizeable for String {
    const LENGTH_BYTES: usize = 2;

    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let (rest, length) = length(input, context, Self::LENGTH_BYTES, 1)?;
        let Some(length) = length else {
            return Ok((rest, None));
        };
        let (rest, bytes) = take(length)(rest)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok((rest, Some(text.to_owned()))),
            Err(_) => Err(Fault::at(input, DecodeReason::Utf8)),
        }
    }
}

impl Wire for Bytes {
    const KIND: Kind = Kind::Bytes;

    fn min_size(_: i16, flexible: bool) -> usize {
        if flexible { 1 } else { 4 }
    }

    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        required(input, Self::decode_nullable(input, context))
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(self.len(), 0x7fff_ffff, BytesMut::put_u32)?;
        out.put_shared(self);
        Ok(())
    }
}

impl Sizeable for Bytes {
    const LENGTH_BYTES: usize = 4;

    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let (rest, length) = length(input, context, Self::LENGTH_BYTES, 1)?;
        let Some(length) = length else {
            return Ok((rest, None));
        };
        let (rest, bytes) = take(length)(rest)?;
        Ok((rest, Some(context.frame.slice_ref(bytes))))
    }
}

impl<T: Wire> Wire for Vec<T> {
    const KIND: Kind = Kind::Array(&T::KIND);

    fn min_size(_: i16, flexible: bool) -> usize {
        if flexible { 1 } else { 4 }
    }

    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        required(input, Self::decode_nullable(input, context))
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        out.put_length(self.len(), 0x7fff_ffff, BytesMut::put_u32)?;
        for (index, element) in self.iter().enumerate() {
            element
                .encode(out)
                .map_err(|fault| fault.in_element(index))?;
        }
        Ok(())
    }
}

impl<T: Wire> Sizeable for Vec<T> {
    const LENGTH_BYTES: usize = 4;

    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let element_size = T::min_size(context.version, context.flexible).max(1);
        let (mut rest, count) = length(input, context, Self::LENGTH_BYTES, element_size)?;
        let Some(count) = count else {
            return Ok((rest, None));
        };
        // Elements may be far larger in memory than on the wire: reserve no more than the bytes that are really there.
        let mut elements = Self::with_capacity(count.min(rest.len() / size_of::<T>().max(1) + 1));
        for index in 0..count {
            let (after, element) =
                T::decode(rest, context).map_err(|fault| Fault::in_element(fault, index))?;
            elements.push(element);
            rest = after;
        }
        Ok((rest, Some(elements)))
    }
}

macro_rules! nullable {
    ([$($generic:tt)*] $Type:ty) => {
        impl<$($generic)*> Wire for Option<$Type> {
            const KIND: Kind = Kind::Nullable(&<$Type>::KIND);

            fn min_size(version: i16, flexible: bool) -> usize {
                <$Type>::min_size(version, flexible)
            }

            fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
                <$Type>::decode_nullable(input, context)
            }

            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
                match self {
                    Some(value) => value.encode(out),
                    None => {
                        out.put_null(<$Type>::LENGTH_BYTES);
                        Ok(())
                    }
                }
            }

            fn is_null(&self) -> bool {
                self.is_none()
            }
        }
    };
}
nullable!([] String);
nullable!([] Bytes);
nullable!([T: Wire] Vec<T>);

/// A structure that may be absent says so in one byte: 1 before a present one, -1 for none (KIP-893).
pub(crate) fn decode_optional<'a, T: Wire>(
    input: &'a [u8],
    context: Context<'a>,
) -> Parsed<'a, Option<T>> {
    match be_i8(input)? {
        (rest, -1) => Ok((rest, None)),
        (rest, 1) => T::decode(rest, context).map(|(rest, value)| (rest, Some(value))),
        (_, marker) => Err(Fault::at(input, DecodeReason::Presence(marker))),
    }
}

/// The other direction of [`decode_optional`].
pub(crate) fn encode_optional<T: Wire>(
    value: Option<&T>,
    out: &mut Encoder,
) -> Result<(), EncodeFault> {
    out.head.put_i8(if value.is_some() { 1 } else { -1 });
    value.map_or(Ok(()), |value| value.encode(out))
}

#[cfg(test)]
mod tests;
