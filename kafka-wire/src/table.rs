//! `wire_struct!`: a message stated once, as rows in Kafka's own notation; reading, writing, defaults and the rows as data follow.
//!
//! ```text
//! wire_struct! {
//!     /// What it is.
//!     pub struct Name {
//!         /// What the field means.
//!         [ignorable] [classic] VERSIONS name: Type [where null VERSIONS] [= default],
//!     } tagged {
//!         [ignorable] TAG: VERSIONS name: Type [= default],
//!     }
//! }
//! ```
//! - Rows stand in the order of the wire. A field is written, and read, in its VERSIONS: `3+` or `8-10`, as in Kafka's schema files.
//! - In any other version it is read as its default: the one that the row states, else the type's own (0, false, empty, null). It
//!   cannot be written if it holds anything else, unless the row is `ignorable`: then it is dropped in silence.
//! - `Option<T>` may be null wherever the field exists, unless `where null 10+` narrows that.
//! - A `classic` field keeps its two-byte or four-byte length in flexible versions.
//! - The `tagged` block holds tagged fields (KIP-482), by ascending tag. They are written only if they differ from their default,
//!   and are read in any subset; tags we do not know are skipped.
//!
//! The rows become constants of type [`Field`], and what a row says is done by its methods: the macro does no more than call them,
//! row after row. Inlined, a constant leaves nothing of the questions that its row answers. Rows that contradict themselves or each
//! other do not compile.

use std::fmt::Debug;

use nom::Parser as _;
use nom::multi::length_data;

use crate::encoder::Encoder;
use crate::error::{DecodeReason, EncodeFault, EncodeReason, Fault};
use crate::primitives::{Context, Parsed, Wire, unsigned_varint};
use crate::rows::{Kind, Row, Structure, Versions};

/// A structure of the table. Implemented by `wire_struct!` alone.
pub trait Message: Wire + Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// Its rows.
    const STRUCTURE: &'static Structure;

    /// How long the broker held the sender back for its quota, in milliseconds (KIP-219); 0 if it did not, or the message has no
    /// field to say so.
    fn throttle_time_ms(&self) -> i32 {
        0
    }
}

/// A row, and the value that stands for the field where there is none.
pub(crate) struct Field<T> {
    pub(crate) row: Row,
    pub(crate) default: fn() -> T,
}

impl<T: Wire + PartialEq + Default> Field<T> {
    pub(crate) const fn new(row: Row) -> Self {
        let default = T::default;
        Self { row, default }
    }

    /// Reads the field off the front of `input`, if this version has it. A tagged one must be all of `input`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn read<'a>(&self, input: &'a [u8], mut context: Context<'a>) -> Parsed<'a, T> {
        if !self.row.versions.contain(context.version) {
            return Ok((input, (self.default)()));
        }
        context.flexible &= !self.row.classic;
        match T::decode(input, context) {
            Ok((_, value)) if self.forbids(&value, context.version) => {
                Err(Fault::at(input, DecodeReason::Null))
            }
            Ok((rest @ [_, ..], _)) if self.row.tag.is_some() => {
                Err(Fault::at(rest, DecodeReason::Trailing(rest.len())))
            }
            parsed => parsed,
        }
        .map_err(|fault| Fault::in_field(fault, self.row.name))
    }

    /// Appends the field to `out`, if this version has it. A tagged one comes with tag and size, or not at all.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn write(&self, value: &T, out: &mut Encoder) -> Result<(), EncodeFault> {
        let exists = self.row.versions.contain(out.version);
        let flexible = out.flexible;
        out.flexible &= !self.row.classic;
        let written = match self.row.tag {
            _ if !exists && (self.row.ignorable || !self.is_set(value)) => Ok(()),
            _ if !exists => Err(EncodeFault::new(EncodeReason::NotInVersion)),
            _ if self.forbids(value, out.version) => Err(EncodeFault::new(EncodeReason::Null)),
            None => value.encode(out),
            Some(tag) if self.is_set(value) => out.put_tagged(tag, value),
            Some(_) => Ok(()),
        };
        out.flexible = flexible;
        written.map_err(|fault| fault.in_field(self.row.name))
    }

    /// How many fields a tagged one adds to the tag section: one or none.
    pub(crate) fn count(&self, value: &T, version: i16) -> u32 {
        u32::from(self.row.versions.contain(version) && self.is_set(value))
    }

    fn is_set(&self, value: &T) -> bool {
        *value != (self.default)()
    }

    /// Whether it is a null, which is the own default of every type that has one, in a version without.
    fn forbids(&self, value: &T, version: i16) -> bool {
        let null_in = |nullable: Versions| nullable.contain(version);
        matches!(T::KIND, Kind::Nullable(_))
            && !self.row.nullable.is_some_and(null_in)
            && *value == T::default()
    }
}

/// Reads a tag section, which versions that are not flexible lack; `read` takes the bytes of each tag.
#[inline]
pub(crate) fn read_tags<'a>(
    input: &'a [u8],
    context: Context<'a>,
    mut read: impl FnMut(u32, &'a [u8]) -> Result<(), nom::Err<Fault>>,
) -> Parsed<'a, ()> {
    if !context.flexible {
        return Ok((input, ()));
    }
    let (mut rest, count) = unsigned_varint(input)?;
    let mut last = None;
    for _ in 0..count {
        let (after, (tag, bytes)) =
            (unsigned_varint, length_data(unsigned_varint)).parse_complete(rest)?;
        if last >= Some(tag) {
            return Err(Fault::at(rest, DecodeReason::TagOrder(tag)));
        }
        read(tag, bytes)?;
        (rest, last) = (after, Some(tag));
    }
    Ok((rest, ()))
}

macro_rules! wire_struct {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $(
                $(#[$doc:meta])*
                $($word:ident)* $first:literal $(+)? $(- $last:literal)? $name:ident : $Type:ty
                $(where null $null_first:literal $(+)? $(- $null_last:literal)?)? $(= $default:expr)?
            ),* $(,)?
        } $(tagged {
            $(
                $(#[$tag_doc:meta])*
                $($tag_word:ident)* $tag:literal : $tag_first:literal $(+)? $(- $tag_last:literal)? $tag_name:ident : $TagType:ty
                $(= $tag_default:expr)?
            ),* $(,)?
        })?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Name {
            $( $(#[$doc])* pub $name: $Type, )*
            $($( $(#[$tag_doc])* pub $tag_name: $TagType, )*)?
        }

        const _: () = {
            use $crate::primitives::{Context, Parsed, Wire};
            use $crate::rows::{Kind, Row, Structure, Versions};
            use $crate::table::{Field, Message, read_tags};
            use $crate::{encoder::Encoder, error::EncodeFault};

            struct Rows;

            #[allow(non_upper_case_globals, reason = "a row is called like its field")]
            impl Rows {
                $( const $name: Field<$Type> = Field {
                    $( default: || $default, )?
                    ..Field::new(Row {
                        $( $word: true, )*
                        $( nullable: Some(Versions::of(&[$null_first $(, $null_last)?])), )?
                        $( default: Some(stringify!($default)), )?
                        ..Row::new(stringify!($name), <$Type>::KIND, Versions::of(&[$first $(, $last)?]))
                    })
                }; )*
                $($( const $tag_name: Field<$TagType> = Field {
                    $( default: || $tag_default, )?
                    ..Field::new(Row {
                        $( $tag_word: true, )*
                        tag: Some($tag),
                        $( default: Some(stringify!($tag_default)), )?
                        ..Row::new(stringify!($tag_name), <$TagType>::KIND, Versions::of(&[$tag_first $(, $tag_last)?]))
                    })
                }; )*)?
            }

            impl Message for $Name {
                const STRUCTURE: &'static Structure = &Structure::new(
                    stringify!($Name),
                    &[ $( Rows::$name.row, )* $($( Rows::$tag_name.row, )*)? ],
                );

                $( $crate::table::throttle_time!($name); )*
            }

            impl Default for $Name {
                fn default() -> Self {
                    Self {
                        $( $name: (Rows::$name.default)(), )*
                        $($( $tag_name: (Rows::$tag_name.default)(), )*)?
                    }
                }
            }

            impl Wire for $Name {
                const KIND: Kind = Kind::Structure(Self::STRUCTURE);

                #[allow(unused_mut, unused_variables, reason = "a table without tagged fields needs neither")]
                fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
                    $( let (input, $name) = Rows::$name.read(input, context)?; )*
                    let mut value = Self {
                        $( $name, )*
                        $($( $tag_name: (Rows::$tag_name.default)(), )*)?
                    };
                    let (input, ()) = read_tags(input, context, |tag, bytes| {
                        match tag {
                            $($( $tag => (_, value.$tag_name) = Rows::$tag_name.read(bytes, context)?, )*)?
                            _ => {}
                        }
                        Ok(())
                    })?;
                    Ok((input, value))
                }

                fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
                    $( Rows::$name.write(&self.$name, out)?; )*
                    if out.flexible {
                        out.put_unsigned_varint(0 $($( + Rows::$tag_name.count(&self.$tag_name, out.version) )*)?);
                    }
                    $($( Rows::$tag_name.write(&self.$tag_name, out)?; )*)?
                    Ok(())
                }
            }
        };
    };
}

/// [`Message::throttle_time_ms`] of a message with such a field.
macro_rules! throttle_time {
    (throttle_time_ms) => {
        fn throttle_time_ms(&self) -> i32 {
            self.throttle_time_ms
        }
    };
    ($other:ident) => {};
}

pub(crate) use {throttle_time, wire_struct};

#[cfg(test)]
mod tests;
