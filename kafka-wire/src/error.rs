//! What can go wrong between bytes and messages, named so that the field at fault can be found in Kafka's schema.
//!
//! Errors are built on failure only: a message that parses pays nothing for them.

use std::fmt;

use nom::error::{ErrorKind, ParseError};

/// Bytes that are not the message they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{api} v{version}: {}{reason} at byte {offset}", under(.path))]
pub struct DecodeError {
    /// The message, as Kafka names it: `MetadataResponse`.
    pub api: &'static str,
    /// The version it was read as.
    pub version: i16,
    /// The field at fault, outermost first: `topics[2].partitions[0].error_code`; empty for the message itself.
    pub path: String,
    /// Bytes of the body read before the fault.
    pub offset: usize,
    /// What is wrong there.
    pub reason: DecodeReason,
}

/// Why bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The message ends before the field does.
    #[error("the message ends too early")]
    Truncated,
    /// A length below -1, or more than the bytes that are left could hold.
    #[error("impossible length {0}")]
    Length(i64),
    /// A varint longer than its type.
    #[error("a varint that does not end")]
    Varint,
    /// Null, where this version allows none.
    #[error("null where a value is required")]
    Null,
    /// A byte that should say whether a structure is present, and is neither -1 nor 1.
    #[error("impossible presence marker {0}")]
    Presence(i8),
    /// Text that is not UTF-8.
    #[error("text that is not UTF-8")]
    Utf8,
    /// Tagged fields (KIP-482) come in ascending order, each once.
    #[error("tag {0} out of order")]
    TagOrder(u32),
    /// The message ended before its bytes did: how many were left.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// A version that the table does not know.
    #[error("a version that this message does not have")]
    Version,
}

/// A value that the wire cannot carry in this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{api} v{version}: {}{reason}", under(.path))]
pub struct EncodeError {
    /// The message, as Kafka names it: `ProduceRequest`.
    pub api: &'static str,
    /// The version it should have been written as.
    pub version: i16,
    /// The field at fault, outermost first; empty for the message itself.
    pub path: String,
    /// What is wrong with its value.
    pub reason: EncodeReason,
}

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeReason {
    /// The field is set, and this version has no place for it.
    #[error("set, but not in this version")]
    NotInVersion,
    /// Null, where this version allows none.
    #[error("null is not allowed in this version")]
    Null,
    /// More bytes or elements than the length field can say.
    #[error("{length} is over the limit of {limit}")]
    TooLong {
        /// Bytes or elements of the value.
        length: usize,
        /// The most that the wire can say.
        limit: usize,
    },
    /// A version that the table does not know.
    #[error("a version that this message does not have")]
    Version,
}

fn under(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("{path}: ")
    }
}

/// One step from a message to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Field(&'static str),
    Element(usize),
}

/// Steps in the order in which failing parsers add them: innermost first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Path(Vec<Step>);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().rev().enumerate() {
            match step {
                Step::Field(name) if depth == 0 => write!(f, "{name}")?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A failed parse on its way up to the door; boxed, because every parser's result has to hold one.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(Box<FaultAt>);

#[derive(Debug, PartialEq, Eq)]
struct FaultAt {
    left: usize,
    reason: DecodeReason,
    path: Path,
}

impl Fault {
    /// `reason`, found where `input` begins.
    #[cold]
    pub(crate) fn at(input: &[u8], reason: DecodeReason) -> nom::Err<Self> {
        nom::Err::Error(Self(Box::new(FaultAt {
            left: input.len(),
            reason,
            path: Path::default(),
        })))
    }

    /// The same fault, seen from the structure whose field `name` it is in.
    #[cold]
    pub(crate) fn in_field(fault: nom::Err<Self>, name: &'static str) -> nom::Err<Self> {
        fault.map(|fault| fault.step(Step::Field(name)))
    }

    /// The same fault, seen from the array whose element it is in.
    #[cold]
    pub(crate) fn in_element(fault: nom::Err<Self>, index: usize) -> nom::Err<Self> {
        fault.map(|fault| fault.step(Step::Element(index)))
    }

    fn step(mut self, step: Step) -> Self {
        self.0.path.0.push(step);
        self
    }

    /// The error that leaves the crate, for a message of `length` bytes.
    #[cold]
    pub(crate) fn into_error(
        fault: nom::Err<Self>,
        api: &'static str,
        version: i16,
        length: usize,
    ) -> DecodeError {
        match fault {
            nom::Err::Error(Self(at)) | nom::Err::Failure(Self(at)) => DecodeError {
                api,
                version,
                path: at.path.to_string(),
                offset: length.saturating_sub(at.left),
                reason: at.reason,
            },
            nom::Err::Incomplete(_) => DecodeError {
                api,
                version,
                path: String::new(),
                offset: length,
                reason: DecodeReason::Truncated,
            },
        }
    }
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        // The only parsers of nom in use take bytes or fixed numbers: all they can find is that the input ends.
        Self(Box::new(FaultAt {
            left: input.len(),
            reason: DecodeReason::Truncated,
            path: Path::default(),
        }))
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// A value that could not be written, on its way up to the door.
#[expect(unnameable_types, reason = "only the tables of this crate speak it")]
#[derive(Debug, PartialEq, Eq)]
pub struct EncodeFault(Box<(EncodeReason, Path)>);

impl EncodeFault {
    /// The value at hand is refused for `reason`.
    #[cold]
    pub(crate) fn new(reason: EncodeReason) -> Self {
        Self(Box::new((reason, Path::default())))
    }

    /// The same fault, seen from the structure whose field `name` it is in.
    #[cold]
    pub(crate) fn in_field(mut self, name: &'static str) -> Self {
        self.0.1.0.push(Step::Field(name));
        self
    }

    /// The same fault, seen from the array whose element it is in.
    #[cold]
    pub(crate) fn in_element(mut self, index: usize) -> Self {
        self.0.1.0.push(Step::Element(index));
        self
    }

    /// The error that leaves the crate.
    #[cold]
    pub(crate) fn into_error(self, api: &'static str, version: i16) -> EncodeError {
        let (reason, path) = *self.0;
        EncodeError {
            api,
            version,
            path: path.to_string(),
            reason,
        }
    }
}
