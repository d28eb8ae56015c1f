//! The client's message of RFC 7628, section 3.1.

use nom::Parser;
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while1};
use nom::combinator::{opt, recognize};
use nom::multi::many_m_n;
use nom::sequence::{preceded, separated_pair, terminated};

use crate::sasl::SaslError;
use crate::sasl::grammar::{Parsed, expect, read, saslname};

/// A token, and what comes with it. Without `Debug`: it would print the token.
pub(super) struct ClientMessage<'a> {
    pub(super) authorization: Option<String>,
    pub(super) token: &'a str,
    pub(super) extensions: Pairs<'a>,
}

/// Names and values in their order.
type Pairs<'a> = Vec<(&'a str, &'a str)>;

impl<'a> ClientMessage<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, SaslError> {
        if bytes.starts_with(b"p=") || bytes.starts_with(b"y,") {
            return Err(SaslError::ChannelBinding);
        }
        let (authorization, mut extensions) = read(NAME, bytes, client_message)?;
        let malformed = |expected| SaslError::Malformed {
            message: NAME,
            offset: bytes.len(),
            expected,
        };
        if let Some(name) = repeated(&extensions) {
            return Err(malformed(if name == AUTH {
                "`auth=` once"
            } else {
                "every extension once"
            }));
        }
        let auth = extensions.iter().position(|(name, _)| *name == AUTH);
        let auth = auth.ok_or(malformed("`auth=`"))?;
        let (_, value) = extensions.remove(auth);
        Ok(Self {
            authorization,
            token: read(NAME, value.as_bytes(), bearer)?,
            extensions,
        })
    }
}

/// Whether it is a token of RFC 6750, section 2.1.
pub(super) fn check_token(token: &str) -> Result<(), SaslError> {
    read("token", token.as_bytes(), b64token)
        .map(|_| ())
        .map_err(|_| SaslError::Input {
            field: "token",
            rule: "is letters, digits and `-._~+/`, and at the end `=`",
        })
}

/// Whether these can be sent, and will be taken for what they are.
pub(super) fn check_extensions(extensions: &[(&str, &str)]) -> Result<(), SaslError> {
    let broken = |rule| SaslError::Input {
        field: "extension",
        rule,
    };
    for (name, value) in extensions {
        if name.is_empty() || !name.chars().all(is_key) {
            return Err(broken("has a name of letters"));
        }
        if *name == AUTH {
            return Err(broken("may not be named `auth`"));
        }
        if value.is_empty() || !value.chars().all(is_value) {
            return Err(broken(
                "has a value of visible ASCII, spaces, tabs and line ends",
            ));
        }
    }
    match repeated(extensions) {
        Some(_) => Err(broken("may not come twice")),
        None => Ok(()),
    }
}

/// ```text
/// client-resp = gs2-header kvsep *kvpair kvsep
/// gs2-header  = "n," ["a=" saslname] ","       ; "y" and "p=" are for channel binding, which Kafka has not
/// kvpair      = key "=" value kvsep
/// kvsep       = %x01
/// key         = 1*ALPHA
/// value       = *(VCHAR / SP / HTAB / CR / LF)
/// ```
fn client_message(input: &str) -> Parsed<'_, (Option<String>, Pairs<'_>)> {
    let separator = || expect("the byte 1", tag("\x01"));
    (
        expect("`n,`", tag("n,")),
        opt(preceded(tag("a="), saslname)),
        expect("`,` or `a=` and a name", tag(",")),
        separator(),
        many_m_n(0, MAX_PAIRS, terminated(pair, tag("\x01"))),
        separator(),
    )
        .map(|(_, authorization, _, _, pairs, _)| (authorization, pairs))
        .parse(input)
}

fn pair(input: &str) -> Parsed<'_, (&str, &str)> {
    separated_pair(take_while1(is_key), tag("="), take_while(is_value)).parse(input)
}

/// `"Bearer" 1*SP b64token`, in any case (RFC 6750, RFC 9110 section 11.1).
fn bearer(input: &str) -> Parsed<'_, &str> {
    let scheme = (tag_no_case("Bearer"), take_while1(|it| it == ' '));
    (expect("`Bearer`", scheme), b64token)
        .map(|(_, token)| token)
        .parse(input)
}

/// `b64token = 1*(ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/") *"="`
fn b64token(input: &str) -> Parsed<'_, &str> {
    let sign = |it: char| it.is_ascii_alphanumeric() || "-._~+/".contains(it);
    let token = recognize((take_while1(sign), take_while(|it| it == '=')));
    expect("a token", token).parse(input)
}

/// A name that stands there twice.
fn repeated<'a>(pairs: &[(&'a str, &str)]) -> Option<&'a str> {
    let count = |name: &&str| pairs.iter().filter(|(other, _)| *other == *name).count();
    pairs
        .iter()
        .map(|(name, _)| *name)
        .find(|name| count(name) > 1)
}

fn is_key(it: char) -> bool {
    it.is_ascii_alphabetic()
}

fn is_value(it: char) -> bool {
    it.is_ascii_graphic() || " \t\r\n".contains(it)
}

const NAME: &str = "OAUTHBEARER message";

/// The pair that holds the token; no extension may have its name.
const AUTH: &str = "auth";

/// More pairs than anybody sends.
const MAX_PAIRS: usize = 64;
