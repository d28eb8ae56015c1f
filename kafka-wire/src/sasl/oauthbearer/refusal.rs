//! Why a server refuses a token (RFC 7628, section 3.2.2): a small JSON object.
//!
//! Read by hand and not with a JSON crate: all that is wanted of it are three strings.

use std::fmt::Write;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while, take_while_m_n, take_while1};
use nom::combinator::{map_opt, opt};
use nom::multi::{fold_many0, many_m_n};
use nom::sequence::{delimited, preceded, separated_pair};

use crate::sasl::SaslError;
use crate::sasl::grammar::{Fault, Parsed, expect, presentable, read};
use crate::secret::Secret;

/// Why a server refuses a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// A word of OAuth 2.0, such as `invalid_token`; if the server said something else than RFC 7628 wants, what it said.
    pub status: String,
    /// The scope that a token would need; `None` if the server does not say.
    pub scope: Option<String>,
    /// Where the issuer's configuration is found (`OpenID` Connect Discovery); `None` if the server does not say.
    pub openid_configuration: Option<String>,
}

impl Refusal {
    /// A refusal that says no more than why: `invalid_token`, `insufficient_scope`, `invalid_request`.
    pub fn new(status: impl Into<String>) -> Self {
        Self {
            status: status.into(),
            ..Self::default()
        }
    }

    /// What the server sends.
    pub fn message(&self) -> Secret {
        let mut json = format!("{{\"status\":{}", quoted(&self.status));
        for (name, text) in [
            (SCOPE, &self.scope),
            (OPENID_CONFIGURATION, &self.openid_configuration),
        ] {
            if let Some(text) = text {
                json.extend([",\"", name, "\":", &quoted(text)]);
            }
        }
        json.push('}');
        Secret(json.into_bytes().into())
    }

    /// What the client reads, as it came. A server that says anything refuses: what is no JSON is the status as it stands.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let Ok(members) = read("OAUTHBEARER error", bytes, object) else {
            return Self::new(String::from_utf8_lossy(bytes));
        };
        let mut refusal = Self::default();
        for (name, text) in members {
            match name.as_str() {
                "status" => refusal.status = text.unwrap_or_default(),
                SCOPE => refusal.scope = text,
                OPENID_CONFIGURATION => refusal.openid_configuration = text,
                _ => {}
            }
        }
        refusal
    }
}

impl From<Refusal> for SaslError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            reason: presentable(refusal.status.chars()),
        }
    }
}

/// The members of an object with strings in it; what other values there are, is `None`.
///
/// ```text
/// object = "{" [member *("," member)] "}"       ; RFC 8259, with spaces anywhere between
/// member = string ":" value
/// value  = string / "true" / "false" / "null" / number       ; nothing nested
/// ```
fn object(input: &str) -> Parsed<'_, Vec<(String, Option<String>)>> {
    let further = many_m_n(0, MAX_MEMBERS, preceded(sign(","), member));
    let members = opt((member, further)).map(|members| {
        let (first, mut members) = members?;
        members.push(first);
        Some(members)
    });
    delimited(sign("{"), members, sign("}"))
        .map(Option::unwrap_or_default)
        .parse(input)
}

fn member(input: &str) -> Parsed<'_, (String, Option<String>)> {
    let value = alt((string.map(Some), other.map(|_| None)));
    separated_pair(string, sign(":"), value).parse(input)
}

/// A sign with spaces around it.
fn sign<'a>(sign: &'static str) -> impl Parser<&'a str, Output = &'a str, Error = Fault> {
    expect(sign, delimited(space, tag(sign), space))
}

fn space(input: &str) -> Parsed<'_, &str> {
    take_while(|it| " \t\r\n".contains(it)).parse(input)
}

/// A number, or one of three words.
fn other(input: &str) -> Parsed<'_, &str> {
    take_while1(|it: char| it.is_ascii_alphanumeric() || "+-.".contains(it)).parse(input)
}

/// A piece of a string.
enum Part<'a> {
    Plain(&'a str),
    Escaped(char),
}

fn string(input: &str) -> Parsed<'_, String> {
    let plain = take_while1(|it: char| it != '"' && it != '\\' && !it.is_control());
    let part = alt((plain.map(Part::Plain), escape.map(Part::Escaped)));
    let text = fold_many0(part, String::new, |mut text, part| {
        match part {
            Part::Plain(plain) => text.push_str(plain),
            Part::Escaped(it) => text.push(it),
        }
        text
    });
    delimited(tag("\""), text, expect("`\"`", tag("\""))).parse(input)
}

/// `\n` and its like; a surrogate, which is half a character, is the character that stands for unreadable ones.
fn escape(input: &str) -> Parsed<'_, char> {
    let named = map_opt(take(1_usize), |name: &str| match name {
        "\"" => Some('"'),
        "\\" => Some('\\'),
        "/" => Some('/'),
        "b" => Some('\u{8}'),
        "f" => Some('\u{c}'),
        "n" => Some('\n'),
        "r" => Some('\r'),
        "t" => Some('\t'),
        _ => None,
    });
    let digits = take_while_m_n(4, 4, |it: char| it.is_ascii_hexdigit());
    let number = map_opt(digits, |digits| u32::from_str_radix(digits, 16).ok());
    let coded = number.map(|number| char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
    preceded(tag("\\"), alt((preceded(tag("u"), coded), named))).parse(input)
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for it in text.chars() {
        match it {
            '"' | '\\' => quoted.extend(['\\', it]),
            // Those above U+007F, which JSON lets stand, are two bytes and four digits as well.
            it if it.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(it));
            }
            it => quoted.push(it),
        }
    }
    quoted.push('"');
    quoted
}

/// More members than anybody sends, behind the first.
const MAX_MEMBERS: usize = 32;

const SCOPE: &str = "scope";

const OPENID_CONFIGURATION: &str = "openid-configuration";
