//! Writes messages straight from Kafka's definitions, field by field, for values that it makes up itself.
//!
//! The second opinion on every byte the table writes: it shares no code with it, and is slow and plain on purpose.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use super::definitions::{Definition, Field, Kind, Versions};

/// Pseudo-random numbers (SplitMix64): the same seed makes the same messages everywhere.
#[derive(Debug)]
pub(crate) struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap() % limit
    }

    /// One of `choices`.
    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// The value of a field, without a type: what it is comes from the definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Any number, bool, or uuid: its bytes as they are written.
    Fixed(Vec<u8>),
    /// Text or bytes.
    Sized(Vec<u8>),
    /// Elements.
    Array(Vec<Value>),
    /// A value for each field of the version, in order.
    Structure(Vec<Value>),
    /// None.
    Null,
}

/// A body of `definition` in `version`, made up by `dice`; arrays hold at most `widest` elements.
pub(crate) fn make(
    definition: &Definition,
    version: i16,
    widest: usize,
    dice: &mut Dice,
) -> Vec<u8> {
    let writer = Writer {
        version,
        flexible: definition.flexible.contain(version),
    };
    write(
        definition,
        version,
        &writer.roll_structure(&definition.fields, widest, dice),
    )
}

/// The bytes of `value`, one entry for each field that `version` has.
pub(crate) fn write(definition: &Definition, version: i16, value: &Value) -> Vec<u8> {
    let writer = Writer {
        version,
        flexible: definition.flexible.contain(version),
    };
    let mut out = Vec::new();
    writer.structure(&definition.fields, value, &mut out);
    out
}

/// A body in which every field holds its default.
pub(crate) fn make_default(definition: &Definition, version: i16) -> Vec<u8> {
    let writer = Writer {
        version,
        flexible: definition.flexible.contain(version),
    };
    write(
        definition,
        version,
        &writer.default_structure(&definition.fields),
    )
}

#[derive(Debug, Clone, Copy)]
struct Writer {
    version: i16,
    flexible: bool,
}

impl Writer {
    fn present(self, fields: &[Field]) -> impl Iterator<Item = &Field> {
        fields
            .iter()
            .filter(move |field| field.versions.contain(self.version))
    }

    fn roll_structure(self, fields: &[Field], widest: usize, dice: &mut Dice) -> Value {
        Value::Structure(
            self.present(fields)
                .map(|field| self.roll(field, widest, dice))
                .collect(),
        )
    }

    fn roll(self, field: &Field, widest: usize, dice: &mut Dice) -> Value {
        match dice.below(6) {
            0 if field.nullable.contain(self.version) => Value::Null,
            1 => self.default(field),
            _ => self.roll_kind(&field.kind, widest, dice),
        }
    }

    fn roll_kind(self, kind: &Kind, widest: usize, dice: &mut Dice) -> Value {
        match kind {
            Kind::Array(element) => {
                let count = dice.below(widest + 1);
                Value::Array(
                    (0..count)
                        .map(|_| self.roll_kind(element, widest, dice))
                        .collect(),
                )
            }
            Kind::Structure(_, fields) => self.roll_structure(fields, widest, dice),
            Kind::Plain(name) => match name.as_str() {
                "bool" => Value::Fixed(vec![u8::from(dice.below(2) == 1)]),
                // A NaN is not equal to itself: keep to numbers.
                "float64" => Value::Fixed(
                    f64::from(dice.one_of(&[-1.5_f32, 0.0, 2.25e9]))
                        .to_be_bytes()
                        .to_vec(),
                ),
                // From 127 bytes on a compact length takes two bytes.
                "string" => Value::Sized(
                    dice.one_of(&["", "a", "topic-7", "größe", "日本", &"x".repeat(130)])
                        .into(),
                ),
                // The long ones are shared by the encoder instead of copied.
                "bytes" | "records" => {
                    let count = dice.one_of(&[0, 1, 10, 130, 600]);
                    Value::Sized(dice.bytes(count))
                }
                fixed => Value::Fixed(dice.bytes(width(fixed))),
            },
        }
    }

    fn default_structure(self, fields: &[Field]) -> Value {
        Value::Structure(
            self.present(fields)
                .map(|field| self.default(field))
                .collect(),
        )
    }

    fn default(self, field: &Field) -> Value {
        let stated = field.default.as_deref().unwrap_or_default();
        match &field.kind {
            _ if stated == "null" => Value::Null,
            Kind::Array(_) => Value::Array(Vec::new()),
            Kind::Structure(_, fields) => self.default_structure(fields),
            Kind::Plain(name) => match name.as_str() {
                "string" | "bytes" | "records" => Value::Sized(stated.into()),
                "bool" => Value::Fixed(vec![u8::from(stated == "true")]),
                "uuid" => Value::Fixed(vec![0; 16]),
                "float64" => Value::Fixed(stated.parse().unwrap_or(0.0_f64).to_be_bytes().to_vec()),
                integer => {
                    Value::Fixed(number(stated).to_be_bytes()[8 - width(integer)..].to_vec())
                }
            },
        }
    }

    fn structure(self, fields: &[Field], value: &Value, out: &mut Vec<u8>) {
        let Value::Structure(values) = value else {
            panic!("{value:?} is no structure")
        };
        let mut tagged = Vec::new();
        for (field, value) in self.present(fields).zip(values) {
            if field.tagged.contain(self.version) {
                if *value != self.default(field) {
                    tagged.push((field.tag.unwrap(), field, value));
                }
            } else {
                self.field(field, value, out);
            }
        }
        if !self.flexible {
            assert!(tagged.is_empty(), "a tag in a version without tags");
            return;
        }
        tagged.sort_by_key(|(tag, ..)| *tag);
        uvarint(tagged.len(), out);
        for (tag, field, value) in tagged {
            let mut bytes = Vec::new();
            self.field(field, value, &mut bytes);
            uvarint(usize::try_from(tag).unwrap(), out);
            uvarint(bytes.len(), out);
            out.extend(bytes);
        }
    }

    fn field(self, field: &Field, value: &Value, out: &mut Vec<u8>) {
        let flexible = self.flexible && field.flexible != Some(Versions::NONE);
        let writer = Self { flexible, ..self };
        if matches!(field.kind, Kind::Structure(..)) && field.nullable.contain(self.version) {
            let present = *value != Value::Null;
            out.push(if present { 1 } else { 0xff });
            if !present {
                return;
            }
        }
        writer.kind(&field.kind, value, out);
    }

    fn kind(self, kind: &Kind, value: &Value, out: &mut Vec<u8>) {
        let text = matches!(kind, Kind::Plain(name) if name == "string");
        match (kind, value) {
            (_, Value::Null) => self.length(None, text, out),
            (_, Value::Fixed(bytes)) => out.extend(bytes),
            (_, Value::Sized(bytes)) => {
                self.length(Some(bytes.len()), text, out);
                out.extend(bytes);
            }
            (Kind::Array(element), Value::Array(values)) => {
                self.length(Some(values.len()), false, out);
                for value in values {
                    self.kind(element, value, out);
                }
            }
            (Kind::Structure(_, fields), Value::Structure(_)) => self.structure(fields, value, out),
            _ => panic!("{value:?} for {kind:?}"),
        }
    }

    fn length(self, length: Option<usize>, text: bool, out: &mut Vec<u8>) {
        let classic = length
            .map_or(-1, |length| i64::try_from(length).unwrap())
            .to_be_bytes();
        match (self.flexible, text) {
            (true, _) => uvarint(length.map_or(0, |length| length + 1), out),
            (false, true) => out.extend(&classic[6..]),
            (false, false) => out.extend(&classic[4..]),
        }
    }
}

fn width(fixed: &str) -> usize {
    match fixed {
        "bool" | "int8" => 1,
        "int16" | "uint16" => 2,
        "int32" => 4,
        "int64" | "float64" => 8,
        "uuid" => 16,
        other => panic!("no type {other}"),
    }
}

fn number(stated: &str) -> i64 {
    match stated.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).unwrap(),
        None if stated.is_empty() => 0,
        None => stated.parse().unwrap(),
    }
}

fn uvarint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(0x80 | value.to_le_bytes()[0]);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
