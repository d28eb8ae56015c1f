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

use crate::error::{DecodeReason, EncodeFault, EncodeReason, Fault};
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
    /// Reads the length, then as many bytes or elements; `None` is null.
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>>;

    /// Writes a null.
    fn encode_null(out: &mut Encoder);
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

impl Wire for ErrorCode {
    const KIND: Kind = Kind::Int16;

    fn min_size(_: i16, _: bool) -> usize {
        2
    }

    fn decode<'a>(input: &'a [u8], _: Context<'a>) -> Parsed<'a, Self> {
        be_i16.map(ErrorCode).parse(input)
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        self.0.encode(out)
    }
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

/// A length or count in the form that `flexible` asks for, held against the bytes left; `None` is null.
fn length<'a>(
    input: &'a [u8],
    context: Context<'a>,
    classic: impl Fn(&'a [u8]) -> Parsed<'a, i64>,
    element_size: usize,
) -> Parsed<'a, Option<usize>> {
    let (rest, length) = if context.flexible {
        let (rest, plus_one) = unsigned_varint(input)?;
        (rest, i64::from(plus_one) - 1)
    } else {
        classic(input)?
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

fn int16(input: &[u8]) -> Parsed<'_, i64> {
    be_i16.map(i64::from).parse(input)
}

fn int32(input: &[u8]) -> Parsed<'_, i64> {
    be_i32.map(i64::from).parse(input)
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
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let (rest, length) = length(input, context, int16, 1)?;
        let Some(length) = length else {
            return Ok((rest, None));
        };
        let (rest, bytes) = take(length)(rest)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok((rest, Some(text.to_owned()))),
            Err(_) => Err(Fault::at(input, DecodeReason::Utf8)),
        }
    }

    fn encode_null(out: &mut Encoder) {
        if out.flexible {
            out.head.put_u8(0);
        } else {
            out.head.put_i16(-1);
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
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let (rest, length) = length(input, context, int32, 1)?;
        let Some(length) = length else {
            return Ok((rest, None));
        };
        let (rest, bytes) = take(length)(rest)?;
        Ok((rest, Some(context.frame.slice_ref(bytes))))
    }

    fn encode_null(out: &mut Encoder) {
        if out.flexible {
            out.head.put_u8(0);
        } else {
            out.head.put_i32(-1);
        }
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
    fn decode_nullable<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Option<Self>> {
        let element_size = T::min_size(context.version, context.flexible).max(1);
        let (mut rest, count) = length(input, context, int32, element_size)?;
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

    fn encode_null(out: &mut Encoder) {
        if out.flexible {
            out.head.put_u8(0);
        } else {
            out.head.put_i32(-1);
        }
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
                        <$Type>::encode_null(out);
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

impl Wire for Secret {
    const KIND: Kind = Kind::Bytes;

    fn min_size(version: i16, flexible: bool) -> usize {
        Bytes::min_size(version, flexible)
    }

    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        Bytes::decode(input, context).map(|(rest, bytes)| (rest, Self(bytes)))
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        self.0.encode(out)
    }
}

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
    fn put_length<N: TryFrom<usize>>(
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

    fn put_shared(&mut self, bytes: &Bytes) {
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

#[cfg(test)]
mod tests;
