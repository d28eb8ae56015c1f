//! The words of a schema: record, field, type, default, rule.

use serde_json::Value as Json;

use crate::config::format::Format;

/// A record: its fields and the rules between them.
#[derive(Debug)]
pub struct Record {
    /// The fields, in the order in which they are printed.
    pub fields: &'static [Field],
    /// Rules between the fields.
    pub checks: &'static [Check],
}

/// A field, or the element of a list or map (then without a name).
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name; empty for elements.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it must be given and not null.
    pub required: bool,
    /// What it is when missing or null.
    pub default: Preset,
    /// The only values allowed.
    pub one_of: OneOf,
    /// Smallest and largest number.
    pub between: Option<(i64, i64)>,
    /// Fewest elements of a list, or bytes of a text.
    pub len_min: usize,
    /// The form of a text.
    pub format: Option<Format>,
    /// Whether replies mask it and no log shows it.
    pub secret: bool,
    /// What of it this version does not have.
    pub refused: Refused,
}

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number; `2.0` is one.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array(&'static Field),
    /// A list in which only the first of equal elements is kept.
    Set(&'static Field),
    /// A map with free names.
    Map {
        /// The form of the names, if they must have one.
        keys: Option<Format>,
        /// The values.
        values: &'static Field,
    },
    /// A record.
    Record(&'static Record, Absent),
    /// Another entity: null, its name, or a record with its `id` or `name`. Kept as it is written.
    Reference,
}

/// What a missing record becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The record of its defaults.
    Fill,
    /// Null.
    Null,
}

/// A default.
#[derive(Debug, Clone, Copy)]
pub enum Preset {
    /// Null.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Number(f64),
    /// Text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
    /// An empty map.
    EmptyMap,
}

/// The only values a field may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OneOf {
    /// Whatever its type allows.
    Anything,
    /// One of these texts.
    Texts(&'static [&'static str]),
    /// One of these whole numbers.
    Integers(&'static [i64]),
    /// One of these numbers.
    Numbers(&'static [f64]),
}

/// What the vendor's schema allows and this version does not have; the error is `… is not supported by this version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// All of it works.
    Nothing,
    /// Any value but null.
    WhenSet,
    /// `true`.
    WhenTrue,
    /// These texts.
    Texts(&'static [&'static str]),
    /// Protocols that this version, or this product, does not speak.
    Protocols {
        /// What a later version may have.
        later: &'static [&'static str],
        /// What no version will have.
        never: &'static [&'static str],
    },
    /// Any value but null and an empty list, with the sentence that says so.
    NotEmpty(&'static str),
}

/// A rule between the fields of one record.
#[derive(Debug)]
pub enum Check {
    /// When `field` is one of the texts, `then` must be given.
    RequiredWhen {
        /// The condition's field.
        field: &'static str,
        /// The texts that demand.
        is: &'static [&'static str],
        /// What must be given.
        then: &'static [&'static str],
    },
    /// When `field` is not null, `then` must be given.
    RequiredWithAny {
        /// The condition's field.
        field: &'static str,
        /// What must be given.
        then: &'static str,
    },
    /// When `field` is true, `then` must be given.
    RequiredWhenTrue {
        /// The condition's field.
        field: &'static str,
        /// What must be given.
        then: &'static str,
    },
    /// When `field` is true, `then` must be one of the texts.
    OneOfWhenTrue {
        /// The condition's field.
        field: &'static str,
        /// The field that is bound.
        then: &'static str,
        /// What it may be.
        one_of: &'static [&'static str],
    },
    /// When `field` is not null, `then` must be true.
    TrueWithAny {
        /// The condition's field.
        field: &'static str,
        /// What must be true.
        then: &'static str,
    },
    /// At least one of the fields is true; else a violation of the whole entity.
    AnyTrue(&'static [&'static str]),
    /// No two elements of the list have the same `member`.
    Unique {
        /// The list.
        list: &'static str,
        /// What tells the elements apart.
        member: &'static str,
        /// The error at the later one.
        error: &'static str,
    },
}

impl Record {
    /// A record without rules between its fields.
    pub const fn new(fields: &'static [Field]) -> Record {
        Record {
            fields,
            checks: &[],
        }
    }

    /// The same record with rules.
    #[must_use]
    pub const fn checks(self, checks: &'static [Check]) -> Record {
        Record { checks, ..self }
    }
}

impl Field {
    const fn of(name: &'static str, kind: Kind) -> Field {
        Field {
            name,
            kind,
            required: false,
            default: Preset::Null,
            one_of: OneOf::Anything,
            between: None,
            len_min: 0,
            format: None,
            secret: false,
            refused: Refused::Nothing,
        }
    }

    /// A text; null when missing.
    pub const fn text(name: &'static str) -> Field {
        Field::of(name, Kind::Text)
    }

    /// A whole number; null when missing.
    pub const fn integer(name: &'static str) -> Field {
        Field::of(name, Kind::Integer)
    }

    /// A number; null when missing.
    pub const fn number(name: &'static str) -> Field {
        Field::of(name, Kind::Number)
    }

    /// A boolean; null when missing.
    pub const fn boolean(name: &'static str) -> Field {
        Field::of(name, Kind::Boolean)
    }

    /// A list; null when missing.
    pub const fn array(name: &'static str, element: &'static Field) -> Field {
        Field::of(name, Kind::Array(element))
    }

    /// A set; null when missing.
    pub const fn set(name: &'static str, element: &'static Field) -> Field {
        Field::of(name, Kind::Set(element))
    }

    /// A map with free names; null when missing.
    pub const fn map(name: &'static str, values: &'static Field) -> Field {
        Field::of(name, Kind::Map { keys: None, values })
    }

    /// A map whose names have a form; null when missing.
    pub const fn map_of(name: &'static str, keys: Format, values: &'static Field) -> Field {
        let keys = Some(keys);
        Field::of(name, Kind::Map { keys, values })
    }

    /// A record.
    pub const fn record(name: &'static str, record: &'static Record, absent: Absent) -> Field {
        Field::of(name, Kind::Record(record, absent))
    }

    /// A reference to another entity.
    pub const fn reference(name: &'static str) -> Field {
        Field::of(name, Kind::Reference)
    }

    /// Must be given.
    #[must_use]
    pub const fn required(self) -> Field {
        Field {
            required: true,
            ..self
        }
    }

    /// Is `default` when missing or null.
    #[must_use]
    pub const fn default(self, default: Preset) -> Field {
        Field { default, ..self }
    }

    /// Is one of `texts`.
    #[must_use]
    pub const fn one_of(self, texts: &'static [&'static str]) -> Field {
        let one_of = OneOf::Texts(texts);
        Field { one_of, ..self }
    }

    /// Is one of `numbers`.
    #[must_use]
    pub const fn one_of_integers(self, numbers: &'static [i64]) -> Field {
        let one_of = OneOf::Integers(numbers);
        Field { one_of, ..self }
    }

    /// Is one of `numbers`.
    #[must_use]
    pub const fn one_of_numbers(self, numbers: &'static [f64]) -> Field {
        let one_of = OneOf::Numbers(numbers);
        Field { one_of, ..self }
    }

    /// Is at least `least` and at most `most`.
    #[must_use]
    pub const fn between(self, least: i64, most: i64) -> Field {
        let between = Some((least, most));
        Field { between, ..self }
    }

    /// Has at least so many elements or bytes.
    #[must_use]
    pub const fn len_min(self, len_min: usize) -> Field {
        Field { len_min, ..self }
    }

    /// Has the form.
    #[must_use]
    pub const fn format(self, format: Format) -> Field {
        let format = Some(format);
        Field { format, ..self }
    }

    /// Is masked in replies and shown in no log.
    #[must_use]
    pub const fn secret(self) -> Field {
        Field {
            secret: true,
            ..self
        }
    }

    /// Is not wholly supported by this version.
    #[must_use]
    pub const fn refused(self, refused: Refused) -> Field {
        Field { refused, ..self }
    }
}

impl Preset {
    /// The default as a value.
    pub(super) fn to_json(self) -> Json {
        match self {
            Preset::Null => Json::Null,
            Preset::Boolean(value) => value.into(),
            Preset::Integer(value) => value.into(),
            Preset::Number(value) => value.into(),
            Preset::Text(text) => text.into(),
            Preset::Texts(texts) => texts.iter().copied().collect(),
            Preset::EmptyMap => Json::Object(serde_json::Map::new()),
        }
    }
}
