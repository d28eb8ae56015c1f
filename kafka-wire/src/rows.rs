//! The message table as data: what each row of a message says, so that a test can hold it against Kafka's own definitions.
//!
//! Nothing here takes part in encoding or decoding.

use std::ops::RangeInclusive;

/// A structure of the table: a message, or what a message is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct Structure {
    /// Its name in Kafka's schema: `MetadataRequestTopic`.
    pub name: &'static str,
    /// Fields in wire order; tagged ones last.
    pub rows: &'static [Row],
}

/// One field of a structure.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Name as in Kafka's schema, in `snake_case`.
    pub name: &'static str,
    /// What its bytes are.
    pub kind: Kind,
    /// Versions that have the field.
    pub versions: Versions,
    /// Versions in which it may be null; `None` if it never may.
    pub nullable: Option<Versions>,
    /// Its number in the tag section (KIP-482); `None` for a field in place.
    pub tag: Option<u32>,
    /// The default as the table writes it; `None` for the type's own (0, false, empty, null).
    pub default: Option<&'static str>,
    /// A value in a version without the field is dropped rather than refused.
    pub ignorable: bool,
    /// Keeps its classic form in flexible versions (`flexibleVersions: none` on a field).
    pub classic: bool,
}

/// Versions `first` to `last`; `last` is `i16::MAX` for `3+`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Lowest version.
    pub first: i16,
    /// Highest version.
    pub last: i16,
}

impl Versions {
    /// Whether `version` is one of them.
    pub const fn contain(self, version: i16) -> bool {
        self.first <= version && version <= self.last
    }

    /// The same as a range.
    pub const fn range(self) -> RangeInclusive<i16> {
        self.first..=self.last
    }
}

/// What the bytes of a field are, in the words of Kafka's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `bool`, one byte.
    Bool,
    /// `int8`.
    Int8,
    /// `int16`.
    Int16,
    /// `uint16`.
    Uint16,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `float64`.
    Float64,
    /// `string`.
    String,
    /// `uuid`, 16 bytes.
    Uuid,
    /// `bytes` or `records`.
    Bytes,
    /// `[]T`.
    Array(&'static Kind),
    /// A structure of its own.
    Structure(&'static Structure),
    /// Any of the above that may be null.
    Nullable(&'static Kind),
}
