//! The four messages of RFC 5802, section 7: parsers, and the escape of names.
//!
//! ```text
//! attr-val   = 1*ALPHA "=" value            ; RFC 5802 has one ALPHA, Kafka's extensions have words
//! value      = 1*(any character of UTF-8 but NUL and ",")
//! saslname   = 1*(any character of UTF-8 but NUL, "," and "=", or "=2C" for ",", or "=3D" for "=")
//! printable  = 1*(%x21-2B / %x2D-7E)        ; visible ASCII but ","
//! extensions = attr-val *("," attr-val)
//! ```
//!
//! Attributes stand in the order of the grammar and no other. An extension that is not known is skipped; one that comes twice, or
//! has the name of an attribute of RFC 5802, is refused: two readers could disagree about it. `m=` is reserved for extensions
//! that must be understood, and there are none.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nom::Parser;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::digit1;
use nom::combinator::{consumed, map_opt, opt};
use nom::multi::many_m_n;
use nom::sequence::{preceded, separated_pair};

use super::{MAX_SALT_BYTES, MIN_SALT_BYTES, ScramHash};
use crate::sasl::SaslError;
use crate::sasl::grammar::{Fault, Parsed, expect, is_value, read, saslname};
use crate::secret::Key;

/// What the client begins with.
#[derive(Debug)]
pub(super) struct ClientFirstMessage<'a> {
    /// As whom the client wants to act.
    pub(super) authorization: Option<String>,
    pub(super) user: String,
    pub(super) nonce: &'a str,
    pub(super) extensions: Extensions<'a>,
    /// Up to the bare message, as it came: the client repeats it in base64.
    pub(super) header: &'a str,
    /// Everything behind the header, as it came: proofs are made over it.
    pub(super) bare: &'a str,
}

/// What the server asks.
#[derive(Debug)]
pub(super) enum ServerFirstMessage<'a> {
    Challenge {
        nonce: &'a str,
        salt: Base64,
        /// Larger numbers than fit are the largest.
        iterations: u64,
    },
    Error(&'a str),
}

/// What the client answers.
pub(super) struct ClientFinalMessage<'a> {
    /// The gs2 header once more.
    pub(super) channel_binding: Base64,
    pub(super) nonce: &'a str,
    pub(super) proof: Base64,
    /// As it came: proofs are made over it.
    pub(super) without_proof: &'a str,
}

/// What the server ends with.
pub(super) enum ServerFinalMessage<'a> {
    Error(&'a str),
    Verifier(Base64),
}

/// What stood there in base64.
#[derive(Debug)]
pub(super) enum Base64 {
    Bytes(Vec<u8>),
    /// More than anything that SCRAM sends; about how much, and not decoded.
    TooLong(usize),
}

/// Extensions in their order.
pub(super) type Extensions<'a> = Vec<(&'a str, &'a str)>;

impl<'a> ClientFirstMessage<'a> {
    pub(super) const NAME: &'static str = "client-first-message";

    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, SaslError> {
        if bytes.starts_with(b"p=") || bytes.starts_with(b"y,") {
            return Err(SaslError::ChannelBinding);
        }
        read(Self::NAME, bytes, client_first)
    }
}

impl<'a> ServerFirstMessage<'a> {
    pub(super) const NAME: &'static str = "server-first-message";

    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, SaslError> {
        read(Self::NAME, bytes, server_first)
    }
}

impl<'a> ClientFinalMessage<'a> {
    pub(super) const NAME: &'static str = "client-final-message";

    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, SaslError> {
        read(Self::NAME, bytes, client_final)
    }
}

impl<'a> ServerFinalMessage<'a> {
    pub(super) const NAME: &'static str = "server-final-message";

    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, SaslError> {
        read(Self::NAME, bytes, server_final)
    }
}

impl Base64 {
    /// A salt, if its length is in bounds.
    pub(super) fn into_salt(self) -> Result<Vec<u8>, SaslError> {
        match self {
            Self::Bytes(salt) if (MIN_SALT_BYTES..=MAX_SALT_BYTES).contains(&salt.len()) => {
                Ok(salt)
            }
            Self::Bytes(salt) => Err(SaslError::Salt { bytes: salt.len() }),
            Self::TooLong(bytes) => Err(SaslError::Salt { bytes }),
        }
    }

    /// A key or signature of that hash; `None` if it has another length.
    pub(super) fn into_key(self, hash: ScramHash) -> Option<Key> {
        match self {
            Self::Bytes(key) if key.len() == hash.output_bytes() => Some(Key::new(key)),
            _ => None,
        }
    }

    pub(super) fn is(&self, expected: &[u8]) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes == expected)
    }
}

/// A name as it stands in a message: `a,b=c` becomes `a=2Cb=3Dc`.
pub(super) fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// Bytes as they stand in a message.
pub(super) fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Whether a character may stand in a nonce.
pub(super) fn is_printable(it: char) -> bool {
    it.is_ascii_graphic() && it != ','
}

/// ```text
/// client-first-message      = gs2-header client-first-message-bare
/// gs2-header                = gs2-cbind-flag "," ["a=" saslname] ","
/// gs2-cbind-flag            = "n" / "y" / "p=" cb-name      ; only "n" here: Kafka has no channel binding
/// client-first-message-bare = [reserved-mext ","] "n=" saslname "," "r=" printable ["," extensions]
/// reserved-mext             = "m=" value                    ; refused
/// ```
fn client_first(input: &str) -> Parsed<'_, ClientFirstMessage<'_>> {
    let header = (
        expect("`n,`", tag("n,")),
        opt(preceded(tag("a="), saslname)),
        expect("`,` or `a=` and a name", tag(",")),
    );
    let bare = (
        no_mandatory_extension,
        expect("`n=`", tag("n=")),
        saslname,
        expect("`,r=`", tag(",r=")),
        printable,
        extensions,
    );
    (consumed(header), consumed(bare))
        .map(
            |((header, (_, authorization, _)), (bare, ((), _, user, _, nonce, extensions)))| {
                ClientFirstMessage {
                    authorization,
                    user,
                    nonce,
                    extensions,
                    header,
                    bare,
                }
            },
        )
        .parse(input)
}

/// ```text
/// server-first-message = [reserved-mext ","] "r=" printable "," "s=" base64 "," "i=" posit-number ["," extensions]
/// ```
///
/// RFC 5802 lets a server say `e=` only at the end; some say it here, and it is taken for what it means.
fn server_first(input: &str) -> Parsed<'_, ServerFirstMessage<'_>> {
    if input.starts_with("e=") {
        return server_error.map(ServerFirstMessage::Error).parse(input);
    }
    (
        no_mandatory_extension,
        expect("`r=` or `e=`", tag("r=")),
        printable,
        expect("`,s=`", tag(",s=")),
        base64,
        expect("`,i=`", tag(",i=")),
        posit_number,
        extensions,
    )
        .map(
            |((), _, nonce, _, salt, _, iterations, _)| ServerFirstMessage::Challenge {
                nonce,
                salt,
                iterations,
            },
        )
        .parse(input)
}

/// ```text
/// client-final-message = client-final-message-without-proof "," "p=" base64
/// client-final-message-without-proof = "c=" base64 "," "r=" printable ["," extensions]
/// ```
fn client_final(input: &str) -> Parsed<'_, ClientFinalMessage<'_>> {
    let without_proof = (
        expect("`c=`", tag("c=")),
        base64,
        expect("`,r=`", tag(",r=")),
        printable,
        extensions,
    );
    (consumed(without_proof), expect("`,p=`", tag(",p=")), base64)
        .map(
            |((without_proof, (_, channel_binding, _, nonce, _)), _, proof)| ClientFinalMessage {
                channel_binding,
                nonce,
                proof,
                without_proof,
            },
        )
        .parse(input)
}

/// ```text
/// server-final-message = ("e=" value / "v=" base64) ["," extensions]
/// ```
fn server_final(input: &str) -> Parsed<'_, ServerFinalMessage<'_>> {
    if input.starts_with("e=") {
        return server_error.map(ServerFinalMessage::Error).parse(input);
    }
    (expect("`v=` or `e=`", tag("v=")), base64, extensions)
        .map(|(_, verifier, _)| ServerFinalMessage::Verifier(verifier))
        .parse(input)
}

/// `"e=" value ["," extensions]`
fn server_error(input: &str) -> Parsed<'_, &str> {
    let error = expect("an error", take_while1(is_value));
    (tag("e="), error, extensions)
        .map(|(_, error, _)| error)
        .parse(input)
}

/// `["," extensions]`, as far as they are extensions: an attribute of RFC 5802 is left for whoever wants it there.
fn extensions(input: &str) -> Parsed<'_, Extensions<'_>> {
    let (rest, extensions) =
        many_m_n(0, MAX_EXTENSIONS, preceded(tag(","), extension)).parse(input)?;
    let names = || extensions.iter().map(|(name, _)| name);
    let is_twice = |name| names().filter(|it| *it == name).count() > 1;
    if names().any(is_twice) {
        return Err(Fault::expected(input, "every extension once"));
    }
    Ok((rest, extensions))
}

/// `attr-val`, and no attribute of RFC 5802.
fn extension(input: &str) -> Parsed<'_, (&str, &str)> {
    no_mandatory_extension(input)?;
    let name = take_while1(|it: char| it.is_ascii_alphabetic());
    let name = map_opt(name, |it: &str| (!ATTRIBUTES.contains(&it)).then_some(it));
    separated_pair(name, tag("="), take_while1(is_value)).parse(input)
}

fn no_mandatory_extension(input: &str) -> Parsed<'_, ()> {
    if input.starts_with("m=") {
        return Err(Fault::mandatory(input));
    }
    Ok((input, ()))
}

fn printable(input: &str) -> Parsed<'_, &str> {
    expect("a nonce", take_while1(is_printable)).parse(input)
}

/// `posit-number = %x31-39 *DIGIT`; also `0`, so that whoever checks the number can name it.
fn posit_number(input: &str) -> Parsed<'_, u64> {
    let number = map_opt(digit1, |digits: &str| {
        let is_padded = digits.len() > 1 && digits.starts_with('0');
        // Digits alone: all that can go wrong is that there are too many.
        (!is_padded).then(|| digits.parse().unwrap_or(u64::MAX))
    });
    expect("a number", number).parse(input)
}

/// `base64 = *base64-4 [base64-3 / base64-2]`, decoded unless nothing so long is ever sent.
fn base64(input: &str) -> Parsed<'_, Base64> {
    let digits = take_while(|it: char| it.is_ascii_alphanumeric() || "+/=".contains(it));
    let decoded = map_opt(digits, |digits: &str| {
        let estimate = digits.len() / 4 * 3;
        if estimate > MAX_SALT_BYTES + 2 {
            return Some(Base64::TooLong(estimate));
        }
        STANDARD.decode(digits).ok().map(Base64::Bytes)
    });
    expect("base64", decoded).parse(input)
}

/// More extensions than anybody sends.
const MAX_EXTENSIONS: usize = 16;

/// The names that RFC 5802 has taken.
const ATTRIBUTES: [&str; 10] = ["a", "n", "m", "r", "c", "s", "i", "p", "v", "e"];

#[cfg(test)]
mod tests;
