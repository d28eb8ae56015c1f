//! The message table as data: what each row of a message says. The macro behind the tables reads and writes by it, and a test
//! holds it against Kafka's own definitions.

use std::ops::RangeInclusive;

/// A structure of the table: a message, or what a message is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct Structure {
    /// Its name in Kafka's schema: `MetadataRequestTopic`.
    pub name: &'static str,
    /// Fields in wire order; tagged ones last.
    pub rows: &'static [Row],
}

impl Structure {
    /// Rows that contradict themselves or each other do not compile.
    pub(crate) const fn new(name: &'static str, rows: &'static [Row]) -> Self {
        let mut rest = rows;
        let mut lowest_tag = 0;
        while let [row, after @ ..] = rest {
            if let Some(nullable) = row.nullable {
                assert!(
                    matches!(row.kind, Kind::Nullable(_)),
                    "no null in this type"
                );
                assert!(row.versions.include(nullable), "null without the field");
            }
            if let Some(tag) = row.tag {
                assert!(lowest_tag <= tag, "tags ascend");
                lowest_tag = tag + 1;
            }
            rest = after;
        }
        Self { name, rows }
    }

    /// The least bytes that a value takes, in whichever version has its first field: those of the fields that stay from there on.
    const fn min_size(&self) -> usize {
        let mut first = i16::MAX;
        let mut size = 0;
        let mut rest = self.rows;
        while let [row, after @ ..] = rest {
            if row.versions.first < first {
                (first, size) = (row.versions.first, 0);
            }
            if row.versions.first == first && row.versions.last == i16::MAX && row.tag.is_none() {
                size += row.kind.min_size();
            }
            rest = after;
        }
        size
    }
}

/// One field of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Row {
    /// A row that says no more than it has to.
    pub(crate) const fn new(name: &'static str, kind: Kind, versions: Versions) -> Self {
        Self {
            name,
            kind,
            versions,
            nullable: match kind {
                Kind::Nullable(_) => Some(versions),
                _ => None,
            },
            tag: None,
            default: None,
            ignorable: false,
            classic: false,
        }
    }
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
    /// `[3]` for `3+`, `[8, 10]` for `8-10`.
    pub(crate) const fn of(bounds: &[i16]) -> Self {
        let (first, last) = match *bounds {
            [first] => (first, i16::MAX),
            [first, last] => (first, last),
            _ => (0, -1),
        };
        assert!(0 <= first && first <= last, "a row of no version");
        Self { first, last }
    }

    /// Whether all versions of `other` are among these.
    const fn include(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

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

impl Kind {
    /// Bytes that its length or count has in the classic form; 0 for what has neither.
    pub(crate) const fn length_width(self) -> usize {
        match self {
            Self::String => 2,
            Self::Bytes | Self::Array(_) => 4,
            _ => 0,
        }
    }

    /// The most that its length or count can say: what the classic form can, in the compact form too.
    pub(crate) const fn length_limit(self) -> usize {
        match self {
            Self::String => 0x7fff,
            _ => 0x7fff_ffff,
        }
    }

    /// The least bytes that its length or count counts one of.
    pub(crate) const fn unit_size(self) -> usize {
        match self {
            Self::Array(element) if element.min_size() > 0 => element.min_size(),
            _ => 1,
        }
    }

    /// The least bytes that a value takes in any version; compact lengths, and nulls, take one.
    pub(crate) const fn min_size(self) -> usize {
        match self {
            Self::Bool
            | Self::Int8
            | Self::String
            | Self::Bytes
            | Self::Array(_)
            | Self::Nullable(_) => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Int32 => 4,
            Self::Int64 | Self::Float64 => 8,
            Self::Uuid => 16,
            Self::Structure(structure) => structure.min_size(),
        }
    }
}

#[cfg(test)]
mod tests;
