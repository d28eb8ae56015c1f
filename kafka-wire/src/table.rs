//! `wire_struct!`: a message stated once, as rows in Kafka's own notation; reading, writing, defaults and the rows as data follow.
//!
//! ```text
//! wire_struct! {
//!     /// What it is.
//!     pub struct Name {
//!         /// What the field means.
//!         [ignorable] VERSIONS name: Type [where null VERSIONS | where classic] [= default],
//!     } tagged {
//!         [ignorable] TAG: VERSIONS name: Type [= default],
//!     }
//! }
//! ```
//! - VERSIONS are `3+` or `8-10`, as in Kafka's schema files.
//! - `Option<T>` may be null wherever the field exists, unless `where null 10+` narrows that.
//! - A field that a version lacks must hold its default, else writing fails; `ignorable` drops it in silence.
//! - Tagged fields (KIP-482) are written only if they differ from their default; tags we do not know are skipped.
//! - `where classic` keeps a field's two-byte or four-byte length in flexible versions.

use std::fmt::Debug;

use nom::Parser as _;
use nom::bytes::complete::take;

use crate::encoder::Encoder;
use crate::error::{DecodeReason, EncodeFault, EncodeReason, Fault};
use crate::primitives::{Context, Parsed, Wire, unsigned_varint};
use crate::rows::{Structure, Versions};

/// A structure of the table. Implemented by `wire_struct!` alone.
pub trait Message: Wire + Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// Its rows.
    const STRUCTURE: &'static Structure;
}

/// Field `name` of type `T`.
#[inline]
pub(crate) fn field<'a, T: Wire>(
    name: &'static str,
    input: &'a [u8],
    context: Context<'a>,
) -> Parsed<'a, T> {
    T::decode(input, context).map_err(|fault| Fault::in_field(fault, name))
}

/// Refuses a null that was read in a version without it.
#[inline]
pub(crate) fn allow_null<T: Wire>(
    name: &'static str,
    value: &T,
    allowed: Versions,
    input: &[u8],
    version: i16,
) -> Result<(), nom::Err<Fault>> {
    if value.is_null() && !allowed.contain(version) {
        return Err(Fault::in_field(Fault::at(input, DecodeReason::Null), name));
    }
    Ok(())
}

/// Writes field `name`, unless it is a null in a version without it.
#[inline]
pub(crate) fn write_field<T: Wire>(
    name: &'static str,
    value: &T,
    nullable: Versions,
    out: &mut Encoder,
) -> Result<(), EncodeFault> {
    if value.is_null() && !nullable.contain(out.version()) {
        return Err(EncodeFault::new(EncodeReason::Null).in_field(name));
    }
    value.encode(out).map_err(|fault| fault.in_field(name))
}

/// Whether a field holds something other than its default.
#[inline]
pub(crate) fn differs<T: PartialEq>(value: &T, default: &T) -> bool {
    value != default
}

/// Reads a tag section: `read` takes the value of a tag it knows and says so.
///
/// ```text
/// count: uvarint, then count times:  tag: uvarint  size: uvarint  value: size bytes
/// ```
pub(crate) fn tag_section<'a>(
    mut input: &'a [u8],
    mut read: impl FnMut(u32, &'a [u8]) -> Result<(), nom::Err<Fault>>,
) -> Parsed<'a, ()> {
    let (rest, count) = unsigned_varint(input)?;
    input = rest;
    let mut last = None;
    for _ in 0..count {
        let (rest, (tag, size)) = (unsigned_varint, unsigned_varint).parse(input)?;
        if last.is_some_and(|last| tag <= last) {
            return Err(Fault::at(input, DecodeReason::TagOrder(tag)));
        }
        let (rest, value) = take(size)(rest)?;
        read(tag, value)?;
        last = Some(tag);
        input = rest;
    }
    Ok((input, ()))
}

/// The value of tag field `name`, which must fill its bytes.
pub(crate) fn tagged<'a, T: Wire>(
    name: &'static str,
    input: &'a [u8],
    context: Context<'a>,
) -> Result<T, nom::Err<Fault>> {
    match field(name, input, context)? {
        ([], value) => Ok(value),
        (rest, _) => Err(Fault::in_field(
            Fault::at(rest, DecodeReason::Trailing(rest.len())),
            name,
        )),
    }
}

macro_rules! wire_struct {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $(
                $(#[$field_meta:meta])*
                $($word:ident)? $first:literal $(+)? $(- $last:literal)? $name:ident : $Type:ty
                $(where $clause:ident $($null_first:literal $(+)? $(- $null_last:literal)?)?)? $(= $default:expr)?
            ),* $(,)?
        } $(tagged {
            $(
                $(#[$tag_meta:meta])*
                $($tag_word:ident)? $tag:literal : $tag_first:literal $(+)? $(- $tag_last:literal)? $tag_name:ident : $TagType:ty
                $(= $tag_default:expr)?
            ),* $(,)?
        })?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Name {
            $( $(#[$field_meta])* pub $name: $Type, )*
            $($( $(#[$tag_meta])* pub $tag_name: $TagType, )*)?
        }

        impl Default for $Name {
            fn default() -> Self {
                Self {
                    $( $name: $crate::table::row!(default $($default)?), )*
                    $($( $tag_name: $crate::table::row!(default $($tag_default)?), )*)?
                }
            }
        }

        impl $crate::table::Message for $Name {
            const STRUCTURE: &'static $crate::rows::Structure = &$crate::rows::Structure {
                name: stringify!($Name),
                rows: &[
                    $( $crate::rows::Row {
                        name: stringify!($name),
                        kind: <$Type as $crate::primitives::Wire>::KIND,
                        versions: $crate::table::row!(versions $first $($last)?),
                        nullable: $crate::table::row!(
                            nullable $Type, $crate::table::row!(versions $first $($last)?) $(, $clause $($null_first $($null_last)?)?)?
                        ),
                        tag: None,
                        default: $crate::table::row!(text $($default)?),
                        ignorable: $crate::table::row!(ignorable $($word)?),
                        classic: $crate::table::row!(classic $($clause)?),
                    }, )*
                    $($( $crate::rows::Row {
                        name: stringify!($tag_name),
                        kind: <$TagType as $crate::primitives::Wire>::KIND,
                        versions: $crate::table::row!(versions $tag_first $($tag_last)?),
                        nullable: $crate::table::row!(nullable $TagType, $crate::table::row!(versions $tag_first $($tag_last)?)),
                        tag: Some($tag),
                        default: $crate::table::row!(text $($tag_default)?),
                        ignorable: $crate::table::row!(ignorable $($tag_word)?),
                        classic: false,
                    }, )*)?
                ],
            };
        }

        impl $crate::primitives::Wire for $Name {
            const KIND: $crate::rows::Kind =
                $crate::rows::Kind::Structure(<Self as $crate::table::Message>::STRUCTURE);

            fn min_size(version: i16, flexible: bool) -> usize {
                let mut size = usize::from(flexible);
                $( if $crate::table::row!(versions $first $($last)?).contain(version) {
                    size += <$Type as $crate::primitives::Wire>::min_size(version, flexible);
                } )*
                size
            }

            fn decode<'a>(
                input: &'a [u8],
                context: $crate::primitives::Context<'a>,
            ) -> $crate::primitives::Parsed<'a, Self> {
                $( let (input, $name) = if $crate::table::row!(versions $first $($last)?).contain(context.version) {
                    let (rest, value) = $crate::table::field::<$Type>(
                        stringify!($name), input, $crate::table::row!(context context $(, $clause)?),
                    )?;
                    $( $crate::table::row!(
                        allow_null $clause, stringify!($name), &value, input, context.version $(, $null_first $($null_last)?)?
                    ); )?
                    (rest, value)
                } else {
                    (input, $crate::table::row!(default $($default)?))
                }; )*
                #[allow(unused_mut, reason = "a table without tagged fields changes none")]
                let mut value = Self {
                    $($name,)*
                    $($( $tag_name: $crate::table::row!(default $($tag_default)?), )*)?
                };
                if !context.flexible {
                    return Ok((input, value));
                }
                let (input, ()) = $crate::table::tag_section(input, |tag, _input| {
                    $($( if tag == $tag && $crate::table::row!(versions $tag_first $($tag_last)?).contain(context.version) {
                        value.$tag_name = $crate::table::tagged::<$TagType>(stringify!($tag_name), _input, context)?;
                        return Ok(());
                    } )*)?
                    let _ = tag;
                    Ok(())
                })?;
                Ok((input, value))
            }

            fn encode(&self, out: &mut $crate::encoder::Encoder) -> Result<(), $crate::error::EncodeFault> {
                let version = out.version();
                $( if $crate::table::row!(versions $first $($last)?).contain(version) {
                    let nullable = $crate::table::row!(
                        write_nullable $crate::table::row!(versions $first $($last)?) $(, $clause $($null_first $($null_last)?)?)?
                    );
                    $crate::table::row!(write out $(, $clause)?; stringify!($name), &self.$name, nullable);
                } else if !$crate::table::row!(ignorable $($word)?)
                    && $crate::table::differs::<$Type>(&self.$name, &$crate::table::row!(default $($default)?))
                {
                    return Err($crate::error::EncodeFault::new($crate::error::EncodeReason::NotInVersion)
                        .in_field(stringify!($name)));
                } )*
                #[allow(unused_mut, reason = "a table without tagged fields counts none")]
                let mut tags = 0;
                $($(
                    let $tag_name =
                        $crate::table::differs::<$TagType>(&self.$tag_name, &$crate::table::row!(default $($tag_default)?));
                    if $crate::table::row!(versions $tag_first $($tag_last)?).contain(version) {
                        tags += u32::from($tag_name);
                    } else if $tag_name && !$crate::table::row!(ignorable $($tag_word)?) {
                        return Err($crate::error::EncodeFault::new($crate::error::EncodeReason::NotInVersion)
                            .in_field(stringify!($tag_name)));
                    }
                )*)?
                if !out.flexible() {
                    return Ok(());
                }
                out.put_unsigned_varint(tags);
                $($( if $tag_name && $crate::table::row!(versions $tag_first $($tag_last)?).contain(version) {
                    out.put_tagged($tag, &self.$tag_name).map_err(|fault| fault.in_field(stringify!($tag_name)))?;
                } )*)?
                Ok(())
            }
        }

        impl $crate::primitives::Wire for Option<$Name> {
            const KIND: $crate::rows::Kind =
                $crate::rows::Kind::Nullable(&<$Name as $crate::primitives::Wire>::KIND);

            fn min_size(_: i16, _: bool) -> usize {
                1
            }

            fn decode<'a>(
                input: &'a [u8],
                context: $crate::primitives::Context<'a>,
            ) -> $crate::primitives::Parsed<'a, Self> {
                $crate::primitives::decode_optional(input, context)
            }

            fn encode(&self, out: &mut $crate::encoder::Encoder) -> Result<(), $crate::error::EncodeFault> {
                $crate::primitives::encode_optional(self.as_ref(), out)
            }

            fn is_null(&self) -> bool {
                self.is_none()
            }
        }
    };
}

/// The optional parts of a row, each with what its absence means.
macro_rules! row {
    (default) => { Default::default() };
    (default $default:expr) => { $default };
    (text) => { None };
    (text $default:expr) => { Some(stringify!($default)) };
    (versions $first:literal) => { $crate::rows::Versions { first: $first, last: i16::MAX } };
    (versions $first:literal $last:literal) => { $crate::rows::Versions { first: $first, last: $last } };
    (ignorable) => { false };
    (ignorable ignorable) => { true };
    (classic) => { false };
    (classic null) => { false };
    (classic classic) => { true };
    (context $context:ident) => { $context };
    (context $context:ident, null) => { $context };
    (context $context:ident, classic) => { $context.classic() };
    (nullable $Type:ty, $versions:expr) => {
        if matches!(<$Type as $crate::primitives::Wire>::KIND, $crate::rows::Kind::Nullable(_)) { Some($versions) } else { None }
    };
    (nullable $Type:ty, $versions:expr, classic) => { $crate::table::row!(nullable $Type, $versions) };
    (nullable $Type:ty, $versions:expr, null $first:literal $($last:literal)?) => {
        Some($crate::table::row!(versions $first $($last)?))
    };
    (write_nullable $versions:expr) => { $versions };
    (write_nullable $versions:expr, classic) => { $versions };
    (write_nullable $versions:expr, null $first:literal $($last:literal)?) => { $crate::table::row!(versions $first $($last)?) };
    (allow_null classic, $name:expr, $value:expr, $input:expr, $version:expr) => {};
    (allow_null null, $name:expr, $value:expr, $input:expr, $version:expr, $first:literal $($last:literal)?) => {
        $crate::table::allow_null($name, $value, $crate::table::row!(versions $first $($last)?), $input, $version)?
    };
    (write $out:ident; $name:expr, $value:expr, $nullable:expr) => { $crate::table::write_field($name, $value, $nullable, $out)? };
    (write $out:ident, null; $name:expr, $value:expr, $nullable:expr) => { $crate::table::write_field($name, $value, $nullable, $out)? };
    (write $out:ident, classic; $name:expr, $value:expr, $nullable:expr) => {
        $out.classic(|out| $crate::table::write_field($name, $value, $nullable, out))?
    };
}

pub(crate) use {row, wire_struct};

#[cfg(test)]
mod tests;
