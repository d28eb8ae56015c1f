//! Messages without a type, made up from the rows as data: what `there_and_back` and the seeds are made of.

use arbitrary::{Result, Unstructured};
use kafka_wire::rows::{Kind, Row, Structure};

/// The value of a field; what it is comes from its row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any number, bool, or uuid: its bytes as they are written.
    Fixed(Vec<u8>),
    /// Text or bytes.
    Sized(Vec<u8>),
    /// Elements.
    Array(Vec<Value>),
    /// A value for each row, whether the version has it or not.
    Structure(Vec<Value>),
    /// None.
    Null,
}

/// A structure as `version` can carry it; in fields that it lacks stands their default.
pub fn make(structure: &Structure, version: i16, from: &mut Unstructured<'_>) -> Result<Value> {
    let values = structure.rows.iter().map(|row| field(row, version, from));
    values.collect::<Result<_>>().map(Value::Structure)
}

/// The structure with the default in every field. `version` decides where null is none: there stands the least value.
pub fn make_default(structure: &Structure, version: i16) -> Value {
    let values = structure.rows.iter().map(|row| match default(row) {
        Value::Null if !may_be_null(row, version) && row.versions.contain(version) => {
            least(present(&row.kind))
        }
        value => value,
    });
    Value::Structure(values.collect())
}

/// The value that stands for the field where there is none.
pub fn default(row: &Row) -> Value {
    let Some(stated) = row.default else {
        return least(&row.kind);
    };
    let number = match stated {
        "true" => 1,
        "false" => 0,
        "i32::MIN" => i32::MIN.into(),
        "i32::MAX" => i32::MAX.into(),
        "i64::MAX" => i64::MAX,
        number => number
            .parse()
            .unwrap_or_else(|_| panic!("default {number}")),
    };
    let Value::Fixed(zero) = least(&row.kind) else {
        panic!("{} is no number", row.name)
    };
    Value::Fixed(number.to_be_bytes()[8 - zero.len()..].to_vec())
}

/// Whether null stands for something in the field.
pub fn may_be_null(row: &Row, version: i16) -> bool {
    row.nullable
        .is_some_and(|versions| versions.contain(version))
}

fn field(row: &Row, version: i16, from: &mut Unstructured<'_>) -> Result<Value> {
    if !row.versions.contain(version) {
        return Ok(default(row));
    }
    let null_allowed = may_be_null(row, version);
    match (from.arbitrary::<u8>()? % 8, default(row)) {
        (0, _) if null_allowed => Ok(Value::Null),
        (1, Value::Null) if !null_allowed => any(present(&row.kind), version, from),
        (1, default) => Ok(default),
        _ => any(present(&row.kind), version, from),
    }
}

/// What may be null, when it is not.
fn present(kind: &Kind) -> &Kind {
    match kind {
        Kind::Nullable(present) => present,
        kind => kind,
    }
}

fn any(kind: &Kind, version: i16, from: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match kind {
        Kind::Bool => Value::Fixed(vec![from.arbitrary::<bool>()?.into()]),
        Kind::String => {
            let length = length(from)?.min(LONGEST_STRING);
            // What is not ASCII is a character of two bytes, and one that may be cut in half is left out.
            let taken = from.bytes(length.min(from.len()))?;
            let mut text = String::from_utf8_lossy(taken).replace('\u{fffd}', "ö");
            while text.len() > LONGEST_STRING {
                text.pop();
            }
            Value::Sized(text.into_bytes())
        }
        Kind::Bytes => {
            let length = length(from)?;
            let mut bytes = from.bytes(length.min(from.len()))?.to_vec();
            bytes.resize(length, 0);
            Value::Sized(bytes)
        }
        Kind::Array(element) => {
            let count = from.int_in_range(0..=4)?;
            let elements = (0..count).map(|_| any(element, version, from));
            Value::Array(elements.collect::<Result<_>>()?)
        }
        Kind::Structure(structure) => make(structure, version, from)?,
        Kind::Nullable(_) if from.arbitrary::<u8>()? % 4 == 0 => Value::Null,
        Kind::Nullable(present) => any(present, version, from)?,
        fixed => {
            let Value::Fixed(mut bytes) = least(fixed) else {
                unreachable!("numbers are fixed")
            };
            from.fill_buffer(&mut bytes)?;
            Value::Fixed(bytes)
        }
    })
}

/// Mostly short; now and then where a varint takes one byte more, or where bytes are shared rather than copied.
fn length(from: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match from.arbitrary::<u8>()? {
        small @ 0..=223 => usize::from(small % 16),
        edge @ 224..=239 => 120 + usize::from(edge % 16),
        edge @ 240..=251 => 505 + usize::from(edge % 16),
        edge => 16_380 + usize::from(edge % 8),
    })
}

/// Zero, empty, null.
fn least(kind: &Kind) -> Value {
    match kind {
        Kind::Bool | Kind::Int8 => Value::Fixed(vec![0]),
        Kind::Int16 | Kind::Uint16 => Value::Fixed(vec![0; 2]),
        Kind::Int32 => Value::Fixed(vec![0; 4]),
        Kind::Int64 | Kind::Float64 => Value::Fixed(vec![0; 8]),
        Kind::Uuid => Value::Fixed(vec![0; 16]),
        Kind::String | Kind::Bytes => Value::Sized(Vec::new()),
        Kind::Array(_) => Value::Array(Vec::new()),
        Kind::Structure(structure) => {
            Value::Structure(structure.rows.iter().map(default).collect())
        }
        Kind::Nullable(_) => Value::Null,
    }
}

const LONGEST_STRING: usize = 0x7fff;
