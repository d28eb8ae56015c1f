//! The request body as members of the record value: `body`, `body_args`, `body_base64` (kong-produce.md §2).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::args::{self, Arg};
use super::json::{push_compact, push_name, push_string};
use crate::http::Problem;

/// What the client says its body is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Form,
    /// With the whole header, which names the boundary.
    Multipart(String),
    Json,
    Text,
    /// Anything else, or nothing said.
    Other,
}

/// Types whose text is taken as it is.
const TEXTS: [&str; 5] = [
    "text/plain",
    "text/html",
    "application/xml",
    "text/xml",
    "application/soap+xml",
];

impl Kind {
    fn of(headers: &HeaderMap) -> Kind {
        let Some(value) = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
        else {
            return Kind::Other;
        };
        let name = value.split(';').next().unwrap_or_default().trim();
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("application/json") {
            Kind::Json
        } else if is("application/x-www-form-urlencoded") {
            Kind::Form
        } else if is("multipart/form-data") {
            Kind::Multipart(value.to_owned())
        } else if TEXTS.into_iter().any(is) {
            Kind::Text
        } else {
            Kind::Other
        }
    }
}

/// Appends the members of the body to the object in `out`. A body that does not parse under its content type is
/// refused with 400, and `out` is of no use then.
pub(super) async fn push_body(
    out: &mut String,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(), Problem> {
    let kind = Kind::of(headers);
    if kind == Kind::Other {
        push_base64(out, body);
        out.push_str(r#","body_args":{},"body_base64":true"#);
        return Ok(());
    }
    let text = String::from_utf8_lossy(body);
    let is_text = matches!(text, Cow::Borrowed(_));
    if is_text {
        push_name(out, "body");
        push_string(out, &text);
    } else {
        push_base64(out, body);
    }
    push_name(out, "body_args");
    match kind {
        Kind::Json => {
            push_compact(out, &text).map_err(|_| Problem::Unreadable("invalid json body"))?;
        }
        Kind::Form => args::push_object(out, &args::parse(&text)),
        Kind::Multipart(_) if body.is_empty() => out.push_str("{}"),
        Kind::Multipart(content_type) => args::push_object(out, &parts(&content_type, body).await?),
        Kind::Text | Kind::Other => out.push_str("{}"),
    }
    if !is_text {
        out.push_str(r#","body_base64":true"#);
    }
    Ok(())
}

fn push_base64(out: &mut String, body: &[u8]) {
    push_name(out, "body");
    out.push('"');
    STANDARD.encode_string(body, out);
    out.push('"');
}

/// The parts of a multipart body by name; those without one are left out. Nothing here waits: the body is there.
async fn parts(content_type: &str, body: &Bytes) -> Result<Vec<Arg<'static>>, Problem> {
    let undecodable = |_| Problem::Unreadable("unable to decode multipart body");
    let boundary = multer::parse_boundary(content_type).map_err(undecodable)?;
    let whole = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body.clone())]);
    let mut multipart = multer::Multipart::new(whole, boundary);
    let mut args = Vec::new();
    while let Some(field) = multipart.next_field().await.map_err(undecodable)? {
        let name = field.name().map(str::to_owned);
        let value = field
            .bytes()
            .await
            .map_err(|_| Problem::Unreadable("unable to read multipart values"))?;
        if let Some(name) = name.filter(|_| args.len() < MAX_PARTS) {
            args.push((
                Cow::Owned(name),
                Some(Cow::Owned(String::from_utf8_lossy(&value).into_owned())),
            ));
        }
    }
    Ok(args)
}

/// Most parts whose values are kept.
const MAX_PARTS: usize = 100;

#[cfg(test)]
mod tests;
