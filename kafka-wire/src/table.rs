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
//! row after row. Rows that contradict themselves or each other do not compile.

use std::fmt::Debug;

use nom::Parser as _;
use nom::bytes::complete::take;

use crate::encoder::Encoder;
use crate::error::{DecodeReason, EncodeFault, EncodeReason, Fault};
use crate::primitives::{Context, Parsed, Wire, unsigned_varint};
use crate::rows::{Row, Structure};

/// A structure of the table. Implemented by `wire_struct!` alone.
pub trait Message: Wire + Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// Its rows.
    const STRUCTURE: &'static Structure;
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

    /// Reads the field off the front of `input`, if this version has it.
    #[inline]
    pub(crate) fn read<'a>(&self, input: &'a [u8], context: Context<'a>) -> Parsed<'a, T> {
        if !self.row.versions.contain(context.version) {
            return Ok((input, (self.default)()));
        }
        let flexible = context.flexible && !self.row.classic;
        match T::decode(
            input,
            Context {
                flexible,
                ..context
            },
        ) {
            Ok((_, value)) if self.is_forbidden_null(&value, context.version) => {
                Err(Fault::at(input, DecodeReason::Null))
            }
            parsed => parsed,
        }
        .map_err(|fault| Fault::in_field(fault, self.row.name))
    }

    /// Appends the field to `out`, if this version has it.
    #[inline]
    pub(crate) fn write(&self, value: &T, out: &mut Encoder) -> Result<(), EncodeFault> {
        if !self.row.versions.contain(out.version) {
            return self.leave_out(value);
        }
        if self.is_forbidden_null(value, out.version) {
            return Err(EncodeFault::new(EncodeReason::Null).in_field(self.row.name));
        }
        let flexible = out.flexible;
        out.flexible &= !self.row.classic;
        let written = value.encode(out);
        out.flexible = flexible;
        written.map_err(|fault| fault.in_field(self.row.name))
    }

    /// Reads the `bytes` of a tag into its `place`; they must be no more than the value.
    pub(crate) fn read_tagged<'a>(
        &self,
        bytes: &'a [u8],
        context: Context<'a>,
        place: &mut T,
    ) -> Result<(), nom::Err<Fault>> {
        let (rest, value) = self.read(bytes, context)?;
        if !rest.is_empty() && self.row.versions.contain(context.version) {
            let fault = Fault::at(rest, DecodeReason::Trailing(rest.len()));
            return Err(Fault::in_field(fault, self.row.name));
        }
        *place = value;
        Ok(())
    }

    /// Writes a tag, its size and its value, if there is something to say, and counts it at `count` of the head.
    pub(crate) fn write_tagged(
        &self,
        value: &T,
        count: usize,
        out: &mut Encoder,
    ) -> Result<(), EncodeFault> {
        if !self.row.versions.contain(out.version) {
            return self.leave_out(value);
        }
        if let (Some(tag), true) = (self.row.tag, *value != (self.default)()) {
            out.put_tagged(tag, value)
                .map_err(|fault| fault.in_field(self.row.name))?;
            out.head
                .get_mut(count)
                .into_iter()
                .for_each(|count| *count += 1);
        }
        Ok(())
    }

    /// The version has no such field: the value must not matter.
    fn leave_out(&self, value: &T) -> Result<(), EncodeFault> {
        if self.row.ignorable || *value == (self.default)() {
            return Ok(());
        }
        Err(EncodeFault::new(EncodeReason::NotInVersion).in_field(self.row.name))
    }

    #[inline]
    fn is_forbidden_null(&self, value: &T, version: i16) -> bool {
        value.is_null()
            && !self
                .row
                .nullable
                .is_some_and(|versions| versions.contain(version))
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
    let mut lowest = 0;
    for _ in 0..count {
        let (after, (tag, size)) = (unsigned_varint, unsigned_varint).parse(rest)?;
        if u64::from(tag) < lowest {
            return Err(Fault::at(rest, DecodeReason::TagOrder(tag)));
        }
        let (after, bytes) = take(size)(after)?;
        read(tag, bytes)?;
        lowest = u64::from(tag) + 1;
        rest = after;
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
                    let (input, ()) = read_tags(input, context, |tag, bytes| match tag {
                        $($( $tag => Rows::$tag_name.read_tagged(bytes, context, &mut value.$tag_name), )*)?
                        _ => Ok(()),
                    })?;
                    Ok((input, value))
                }

                fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
                    $( Rows::$name.write(&self.$name, out)?; )*
                    let _tags = out.put_no_tags();
                    $($( Rows::$tag_name.write_tagged(&self.$tag_name, _tags, out)?; )*)?
                    Ok(())
                }
            }
        };
    };
}

pub(crate) use wire_struct;

#[cfg(test)]
mod tests;
