//! What the mechanisms' parsers share: their fault, and the doors that turn it into a [`SaslError`].

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::combinator::value;
use nom::error::{ErrorKind, ParseError};
use nom::multi::fold_many1;
use nom::{IResult, Parser};

use super::{MAX_MESSAGE_BYTES, SaslError};

/// What a parser of text gives.
pub(super) type Parsed<'a, T> = IResult<&'a str, T, Fault>;

/// Where text is not what it should be, and what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    left: usize,
    reason: Reason,
}

/// Why text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Expected(&'static str),
    MandatoryExtension,
}

impl Fault {
    /// Something else than `what` stands where `input` begins.
    pub(super) fn expected(input: &str, what: &'static str) -> nom::Err<Self> {
        nom::Err::Error(Self {
            left: input.len(),
            reason: Reason::Expected(what),
        })
    }

    /// An extension stands there that must be understood.
    pub(super) fn mandatory(input: &str) -> nom::Err<Self> {
        nom::Err::Failure(Self {
            left: input.len(),
            reason: Reason::MandatoryExtension,
        })
    }

    fn into_error(self, message: &'static str, length: usize) -> SaslError {
        match self.reason {
            Reason::MandatoryExtension => SaslError::MandatoryExtension { message },
            Reason::Expected(expected) => SaslError::Malformed {
                message,
                offset: length.saturating_sub(self.left),
                expected,
            },
        }
    }
}

impl<'a> ParseError<&'a str> for Fault {
    fn from_error_kind(input: &'a str, _: ErrorKind) -> Self {
        Self {
            left: input.len(),
            // Every parser that can fail is wrapped into `expect`, which knows better.
            reason: Reason::Expected("something else"),
        }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// The same parser, whose failure says what was expected where it began.
pub(super) fn expect<'a, P>(
    what: &'static str,
    mut parser: P,
) -> impl Parser<&'a str, Output = P::Output, Error = Fault>
where
    P: Parser<&'a str, Error = Fault>,
{
    move |input: &'a str| match parser.parse(input) {
        Err(nom::Err::Error(_)) => Err(Fault::expected(input, what)),
        other => other,
    }
}

/// Reads the whole of `bytes` as the message that `parser` knows.
pub(super) fn read<'a, T>(
    message: &'static str,
    bytes: &'a [u8],
    mut parser: impl Parser<&'a str, Output = T, Error = Fault>,
) -> Result<T, SaslError> {
    let text = text(message, bytes)?;
    let end = |fault: nom::Err<Fault>| match fault {
        nom::Err::Error(fault) | nom::Err::Failure(fault) => fault.into_error(message, text.len()),
        // Parsers are `complete`: they never ask for more.
        nom::Err::Incomplete(_) => SaslError::Malformed {
            message,
            offset: text.len(),
            expected: "more",
        },
    };
    let (rest, value) = parser.parse(text).map_err(end)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(end(Fault::expected(rest, "the end")))
    }
}

/// A message as text, if it is not too long and is text at all.
pub(super) fn text<'a>(message: &'static str, bytes: &'a [u8]) -> Result<&'a str, SaslError> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(SaslError::TooLong {
            message,
            bytes: bytes.len(),
        });
    }
    str::from_utf8(bytes).map_err(|fault| SaslError::Malformed {
        message,
        offset: fault.valid_up_to(),
        expected: "UTF-8",
    })
}

/// A name, unescaped.
///
/// ```text
/// saslname = 1*(any character of UTF-8 but NUL, "," and "=", or "=2C" for ",", or "=3D" for "=")
/// ```
pub(super) fn saslname(input: &str) -> Parsed<'_, String> {
    let safe = take_while1(|it| is_value(it) && it != '=');
    let part = alt((safe, value(",", tag("=2C")), value("=", tag("=3D"))));
    let name = fold_many1(part, String::new, |mut name, part: &str| {
        name.push_str(part);
        name
    });
    expect("a name", name).parse(input)
}

/// RFC 5802's `value-char`.
pub(super) fn is_value(it: char) -> bool {
    it != '\0' && it != ','
}

/// Text of a peer that may be shown: one line, printable, not endless.
pub(super) fn presentable(text: impl IntoIterator<Item = char>) -> String {
    const MAX_CHARS: usize = 256;
    text.into_iter()
        .take(MAX_CHARS)
        .map(|it| if it.is_control() { '\u{fffd}' } else { it })
        .collect()
}
