//! A second writer of messages: straight from the rows, plain and slow. It shares no code with the table.

use kafka_wire::EncodeReason;
use kafka_wire::rows::{Kind, Row, Structure};

use crate::value::{Value, default, may_be_null};

/// Why a value cannot be written, and which field is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// As an `EncodeError` says it.
    pub path: String,
    /// As an `EncodeError` says it.
    pub reason: EncodeReason,
}

/// `value`, which is a `structure`, in the one form that `version` has for it.
pub fn write(
    structure: &Structure,
    value: &Value,
    version: i16,
    flexible: bool,
) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    Writer { version, flexible }.structure(structure, value, &mut out)?;
    Ok(out)
}

#[derive(Clone, Copy)]
struct Writer {
    version: i16,
    flexible: bool,
}

impl Writer {
    fn structure(
        self,
        structure: &Structure,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let Value::Structure(values) = value else {
            panic!("{value:?} is no {}", structure.name)
        };
        let mut tagged = Vec::new();
        for (row, value) in structure.rows.iter().zip(values) {
            if !row.versions.contain(self.version) {
                if !row.ignorable && *value != default(row) {
                    return Err(refusal(row, EncodeReason::NotInVersion));
                }
            } else if let Some(tag) = row.tag {
                if *value != default(row) {
                    let mut bytes = Vec::new();
                    self.field(row, value, &mut bytes)?;
                    tagged.push((tag, bytes));
                }
            } else {
                self.field(row, value, out)?;
            }
        }
        if !self.flexible {
            assert!(tagged.is_empty(), "a tag in a version without tags");
            return Ok(());
        }
        uvarint(tagged.len(), out);
        for (tag, bytes) in tagged {
            uvarint(tag.try_into().unwrap(), out);
            uvarint(bytes.len(), out);
            out.extend(bytes);
        }
        Ok(())
    }

    fn field(self, row: &Row, value: &Value, out: &mut Vec<u8>) -> Result<(), Refusal> {
        if *value == Value::Null && !may_be_null(row, self.version) {
            return Err(refusal(row, EncodeReason::Null));
        }
        let flexible = self.flexible && !row.classic;
        let written = Self { flexible, ..self }.kind(&row.kind, value, out);
        written.map_err(|inner| inner.under(row.name))
    }

    fn kind(self, kind: &Kind, value: &Value, out: &mut Vec<u8>) -> Result<(), Refusal> {
        match (kind, value) {
            (Kind::Nullable(Kind::Structure(_)), Value::Null) => out.push(0xff),
            (Kind::Nullable(Kind::Structure(structure)), value) => {
                out.push(1);
                self.structure(structure, value, out)?;
            }
            (Kind::Nullable(present), Value::Null) => self.length(present, None, out),
            (Kind::Nullable(present), value) => self.kind(present, value, out)?,
            (_, Value::Fixed(bytes)) => out.extend(bytes),
            (_, Value::Sized(bytes)) => {
                self.length(kind, Some(bytes.len()), out);
                out.extend(bytes);
            }
            (Kind::Array(element), Value::Array(values)) => {
                self.length(kind, Some(values.len()), out);
                for (index, value) in values.iter().enumerate() {
                    let written = self.kind(element, value, out);
                    written.map_err(|inner| inner.under(&format!("[{index}]")))?;
                }
            }
            (Kind::Structure(structure), value) => self.structure(structure, value, out)?,
            _ => panic!("{value:?} for {kind:?}"),
        }
        Ok(())
    }

    fn length(self, kind: &Kind, length: Option<usize>, out: &mut Vec<u8>) {
        let classic = length.map_or(-1, |length| i32::try_from(length).unwrap());
        match (self.flexible, kind) {
            (true, _) => uvarint(length.map_or(0, |length| length + 1), out),
            (false, Kind::String) => {
                out.extend(i16::try_from(classic).unwrap().to_be_bytes());
            }
            (false, _) => out.extend(classic.to_be_bytes()),
        }
    }
}

impl Refusal {
    fn under(mut self, step: &str) -> Self {
        let dot = if self.path.starts_with('[') || self.path.is_empty() {
            ""
        } else {
            "."
        };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

fn refusal(row: &Row, reason: EncodeReason) -> Refusal {
    Refusal {
        path: row.name.into(),
        reason,
    }
}

fn uvarint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(0x80 | value.to_le_bytes()[0]);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
