//! A second reader of messages: straight from the rows, plain and slow. It shares no code with the table, and keeps account of what
//! is really there.

use kafka_wire::rows::{Kind, Row, Structure};

use crate::memory::memory_bytes;
use crate::value::{Value, default, may_be_null};

/// What came of reading.
#[derive(Debug)]
pub struct Read {
    /// The message; `None` if the bytes do not begin with one.
    pub value: Option<Value>,
    /// Bytes behind it.
    pub left: usize,
    /// At least what the elements of arrays take in memory that were there before reading ended.
    pub element_bytes: usize,
}

/// What `bytes` begin with, as a `structure` of that version.
pub fn read(structure: &Structure, bytes: &[u8], version: i16, flexible: bool) -> Read {
    let mut reader = Reader {
        rest: bytes,
        version,
        element_bytes: 0,
    };
    Read {
        value: reader.structure(structure, flexible),
        left: reader.rest.len(),
        element_bytes: reader.element_bytes,
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    version: i16,
    element_bytes: usize,
}

impl<'a> Reader<'a> {
    fn structure(&mut self, structure: &Structure, flexible: bool) -> Option<Value> {
        let mut values: Vec<Value> = structure.rows.iter().map(default).collect();
        for (row, place) in structure.rows.iter().zip(&mut values) {
            if row.tag.is_none() && row.versions.contain(self.version) {
                *place = self.field(row, flexible)?;
            }
        }
        if flexible {
            self.tags(structure, &mut values)?;
        }
        Some(Value::Structure(values))
    }

    fn tags(&mut self, structure: &Structure, values: &mut [Value]) -> Option<()> {
        let mut last = None;
        for _ in 0..self.uvarint()? {
            let (tag, size) = (self.uvarint()?, self.uvarint()?);
            if last.replace(tag) >= Some(tag) {
                return None;
            }
            let bytes = self.take(size.try_into().ok()?)?;
            let known = structure.rows.iter().zip(&mut *values).find(|(row, _)| {
                row.tag.map(u64::from) == Some(tag) && row.versions.contain(self.version)
            });
            let Some((row, place)) = known else { continue };
            let after = std::mem::replace(&mut self.rest, bytes);
            *place = self.field(row, true)?;
            if !std::mem::replace(&mut self.rest, after).is_empty() {
                return None;
            }
        }
        Some(())
    }

    fn field(&mut self, row: &Row, flexible: bool) -> Option<Value> {
        let value = self.kind(&row.kind, flexible && !row.classic)?;
        (value != Value::Null || may_be_null(row, self.version)).then_some(value)
    }

    fn kind(&mut self, kind: &Kind, flexible: bool) -> Option<Value> {
        let value = match kind {
            Kind::Bool => Value::Fixed(vec![u8::from(self.take(1)? != [0])]),
            Kind::Int8 => self.fixed(1)?,
            Kind::Int16 | Kind::Uint16 => self.fixed(2)?,
            Kind::Int32 => self.fixed(4)?,
            Kind::Int64 | Kind::Float64 => self.fixed(8)?,
            Kind::Uuid => self.fixed(16)?,
            Kind::Nullable(Kind::Structure(structure)) => match self.take(1)? {
                [0xff] => Value::Null,
                [1] => self.structure(structure, flexible)?,
                _ => return None,
            },
            Kind::Nullable(present) => self.nullable(present, flexible)?,
            Kind::Structure(structure) => self.structure(structure, flexible)?,
            Kind::String | Kind::Bytes | Kind::Array(_) => {
                let length = self.length(kind, flexible)?;
                self.counted(kind, length, flexible)?
            }
        };
        Some(value)
    }

    /// Null is the shortest form of a length of -1. Kafka takes longer ones for null, too; nobody writes them.
    fn nullable(&mut self, present: &Kind, flexible: bool) -> Option<Value> {
        let null: &[u8] = match (flexible, present) {
            (true, _) => &[0],
            (false, Kind::String) => &[0xff; 2],
            (false, _) => &[0xff; 4],
        };
        if let Some(rest) = self.rest.strip_prefix(null) {
            self.rest = rest;
            return Some(Value::Null);
        }
        self.kind(present, flexible)
    }

    fn counted(&mut self, kind: &Kind, length: usize, flexible: bool) -> Option<Value> {
        if length > self.rest.len() {
            return None;
        }
        Some(match kind {
            Kind::Array(element) => {
                let mut values = Vec::new();
                for _ in 0..length {
                    self.element_bytes += memory_bytes(element);
                    values.push(self.kind(element, flexible)?);
                }
                Value::Array(values)
            }
            Kind::String => {
                let bytes = self.take(length)?;
                str::from_utf8(bytes).ok()?;
                Value::Sized(bytes.to_vec())
            }
            _ => Value::Sized(self.take(length)?.to_vec()),
        })
    }

    /// A length, which is none below 0 or above what the classic form can say.
    fn length(&mut self, kind: &Kind, flexible: bool) -> Option<usize> {
        let is_text = matches!(kind, Kind::String);
        let length = match (flexible, is_text) {
            (true, _) => i64::try_from(self.uvarint()?).ok()? - 1,
            (false, true) => i16::from_be_bytes(self.array()?).into(),
            (false, false) => i32::from_be_bytes(self.array()?).into(),
        };
        let most = if is_text {
            i16::MAX.into()
        } else {
            i32::MAX.into()
        };
        usize::try_from(length).ok().filter(|_| length <= most)
    }

    fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0;
        for place in 0..5 {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(value).filter(|value| *value <= u32::MAX.into());
            }
        }
        None
    }

    fn fixed(&mut self, length: usize) -> Option<Value> {
        self.take(length).map(|bytes| Value::Fixed(bytes.to_vec()))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}
