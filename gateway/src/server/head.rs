//! The request head, checked by the letter before hyper sees it (G-1 to G-6, G-8).
//!
//! hyper is as lenient as its clients need: it takes `Content-Length` beside `Transfer-Encoding`, equal lengths
//! twice, bare LF, any bytes in a target, and never looks at `Host`. Where two parsers on the way to a gateway can
//! disagree, a request can be smuggled, so what is not plainly one request is refused here. Pure: bytes in, a
//! verdict out.

use crate::http::Problem;

/// Longest request target; the contract fixes it (G-5).
const MAX_TARGET: usize = 8 * 1024;

/// Most header fields; the contract fixes it (G-5).
pub(super) const MAX_HEADERS: usize = 100;

/// Why bytes are no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400.
    BadRequest,
    /// 408: the head did not come in time.
    Timeout,
    /// 414.
    TargetTooLong,
    /// 417.
    Expectation,
    /// 431.
    HeadTooLarge,
    /// No answer at all: HTTP/0.9 has no status line to put one in.
    Silent,
}

impl Refusal {
    /// What the client is told; `None` for nothing.
    pub(super) fn problem(self) -> Option<Problem> {
        match self {
            Refusal::BadRequest => Some(Problem::BadRequest),
            Refusal::Timeout => Some(Problem::RequestTimeout),
            Refusal::TargetTooLong => Some(Problem::UriTooLong),
            Refusal::Expectation => Some(Problem::ExpectationFailed),
            Refusal::HeadTooLarge => Some(Problem::HeadTooLarge),
            Refusal::Silent => None,
        }
    }
}

/// How the body of a request is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes; 0 for no body.
    Length(u64),
    /// In chunks.
    Chunked,
    /// What follows may be no HTTP: a WebSocket was asked for.
    Upgrade,
}

/// How far an unfinished head has been looked at, so that a byte at a time costs no more than all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scan {
    scanned: usize,
    has_request_line: bool,
}

impl Scan {
    /// Looks for the end of the head that begins where `bytes` do; what was looked at before is their beginning.
    /// `None` when the end has not come. A head that can never be right is refused as soon as that is certain.
    pub(super) fn end(&mut self, bytes: &[u8], max_bytes: usize) -> Result<Option<usize>, Refusal> {
        while let Some(found) = bytes
            .get(self.scanned..)
            .and_then(|rest| position(rest, b'\n'))
        {
            let at = self.scanned + found;
            self.scanned = at + 1;
            // Half of the known ways to smuggle begin with a line end that only one side takes for one.
            let line = bytes
                .get(..at)
                .and_then(|head| head.strip_suffix(b"\r"))
                .ok_or(Refusal::BadRequest)?;
            if !self.has_request_line {
                RequestLine::parse(line)?;
                self.has_request_line = true;
            } else if line.ends_with(b"\r\n") {
                return if at < max_bytes {
                    Ok(Some(at + 1))
                } else {
                    Err(Refusal::HeadTooLarge)
                };
            }
        }
        self.scanned = bytes.len();
        // Room for the method and the version beside the target.
        if !self.has_request_line && bytes.len() > MAX_TARGET + 64 {
            return Err(Refusal::TargetTooLong);
        }
        if bytes.len() > max_bytes {
            Err(Refusal::HeadTooLarge)
        } else {
            Ok(None)
        }
    }
}

/// Checks a complete head, the empty line included.
pub(super) fn check(head: &[u8]) -> Result<Framing, Refusal> {
    let lines = head.strip_suffix(b"\r\n\r\n").ok_or(Refusal::BadRequest)?;
    let mut lines = lines
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let request = RequestLine::parse(lines.next().unwrap_or_default())?;
    let mut fields = Fields::default();
    for (count, line) in lines.enumerate() {
        if count == MAX_HEADERS {
            return Err(Refusal::HeadTooLarge);
        }
        let (name, value) = field(line)?;
        fields.take(name, value)?;
    }
    fields.host(&request)?;
    fields.framing(&request)
}

/// The first line.
struct RequestLine<'a> {
    method: &'a [u8],
    /// The authority of an absolute target.
    authority: Option<&'a [u8]>,
    is_http_11: bool,
}

impl<'a> RequestLine<'a> {
    fn parse(line: &'a [u8]) -> Result<RequestLine<'a>, Refusal> {
        let mut parts = line.split(|&byte| byte == b' ');
        let (method, target, version) = (parts.next(), parts.next(), parts.next());
        let (Some(method), Some(target)) = (method, target) else {
            return Err(Refusal::BadRequest);
        };
        if target.len() > MAX_TARGET {
            return Err(Refusal::TargetTooLong);
        }
        let is_http_11 = match version {
            Some(b"HTTP/1.1") => true,
            Some(b"HTTP/1.0") => false,
            Some(_) => return Err(Refusal::BadRequest),
            None => return Err(Refusal::Silent),
        };
        // A CONNECT that is answered with 200 would be a tunnel, and we are no proxy.
        let is_method =
            !method.is_empty() && method.iter().all(|&byte| is_token(byte)) && method != b"CONNECT";
        if parts.next().is_some() || !is_method {
            return Err(Refusal::BadRequest);
        }
        Ok(RequestLine {
            method,
            authority: authority(method, target)?,
            is_http_11,
        })
    }
}

/// Checks a target and takes the authority out of an absolute one.
fn authority<'a>(method: &[u8], target: &'a [u8]) -> Result<Option<&'a [u8]>, Refusal> {
    if target.first() == Some(&b'/') {
        return is_path_and_query(target)
            .then_some(None)
            .ok_or(Refusal::BadRequest);
    }
    if target == b"*" && method == b"OPTIONS" {
        return Ok(None);
    }
    let rest = strip_scheme(target).ok_or(Refusal::BadRequest)?;
    let end = rest
        .iter()
        .position(|&byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(Refusal::BadRequest)?;
    if !is_host(authority) || !is_path_and_query(path) {
        return Err(Refusal::BadRequest);
    }
    Ok(Some(authority))
}

fn strip_scheme(target: &[u8]) -> Option<&[u8]> {
    [&b"http://"[..], b"https://"]
        .into_iter()
        .find_map(|scheme| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        })
}

/// The bytes that the `http` crate takes too, so that hyper never has to refuse what was let through.
fn is_path_and_query(text: &[u8]) -> bool {
    let mut in_query = false;
    text.iter().all(|&byte| match byte {
        b'?' => {
            in_query = true;
            true
        }
        b'"' | b'`' => in_query == (byte == b'`'),
        b'#' | b'<' | b'>' => false,
        _ => byte.is_ascii_graphic(),
    })
}

/// One header line as name and value without blanks around it.
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let colon = position(line, b':').ok_or(Refusal::BadRequest)?;
    let (name, value) = line.split_at_checked(colon).ok_or(Refusal::BadRequest)?;
    // A blank is no token: this refuses folded lines and blanks before the colon.
    let is_name = !name.is_empty() && name.iter().all(|&byte| is_token(byte));
    let value = value.get(1..).unwrap_or_default();
    if !is_name
        || !value
            .iter()
            .all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
    {
        return Err(Refusal::BadRequest);
    }
    Ok((name, value.trim_ascii()))
}

/// The header fields that decide where the request ends and for whom it is.
#[derive(Default)]
struct Fields<'a> {
    length: Option<u64>,
    is_chunked: bool,
    host: Option<&'a [u8]>,
    is_upgrade: bool,
}

impl<'a> Fields<'a> {
    fn take(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Refusal> {
        // Lengths first: most names are told apart by them.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.take_host(value),
            6 if name.eq_ignore_ascii_case(b"expect")
                && !value.eq_ignore_ascii_case(b"100-continue") =>
            {
                Err(Refusal::Expectation)
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.is_upgrade |= value.eq_ignore_ascii_case(b"websocket");
                Ok(())
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => self.take_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.take_encoding(value),
            _ => Ok(()),
        }
    }

    fn take_host(&mut self, value: &'a [u8]) -> Result<(), Refusal> {
        if self.host.is_some() || !is_host(value) {
            return Err(Refusal::BadRequest);
        }
        self.host = Some(value);
        Ok(())
    }

    fn take_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let length = decimal(value).ok_or(Refusal::BadRequest)?;
        if self.length.is_some() || self.is_chunked {
            return Err(Refusal::BadRequest);
        }
        self.length = Some(length);
        Ok(())
    }

    fn take_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        // Other codings would have to be undone before the body is what the client means.
        if self.is_chunked || self.length.is_some() || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::BadRequest);
        }
        self.is_chunked = true;
        Ok(())
    }

    fn host(&self, request: &RequestLine<'_>) -> Result<(), Refusal> {
        let is_fit = match (self.host, request.authority) {
            (Some(host), Some(authority)) => host.eq_ignore_ascii_case(authority),
            (Some(_), None) => true,
            (None, _) => !request.is_http_11,
        };
        if is_fit {
            Ok(())
        } else {
            Err(Refusal::BadRequest)
        }
    }

    fn framing(&self, request: &RequestLine<'_>) -> Result<Framing, Refusal> {
        if self.is_chunked {
            // HTTP/1.0 has no chunks; whoever sends them through such a hop has been tampered with.
            return if request.is_http_11 {
                Ok(Framing::Chunked)
            } else {
                Err(Refusal::BadRequest)
            };
        }
        let length = self.length.unwrap_or(0);
        if self.is_upgrade && length == 0 && request.is_http_11 && request.method == b"GET" {
            return Ok(Framing::Upgrade);
        }
        Ok(Framing::Length(length))
    }
}

/// A `Content-Length`: digits alone, below 2^63.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let number = text.iter().try_fold(0_u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })?;
    i64::try_from(number).is_ok().then_some(number)
}

/// A host with an optional port, as in `Host`: a name of letters, digits and `-._~`, or an address in brackets.
fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = position(rest, b']') else {
                return false;
            };
            let (address, after) = (
                rest.get(..end).unwrap_or_default(),
                rest.get(end + 1..).unwrap_or_default(),
            );
            let is_address = !address.is_empty()
                && address
                    .iter()
                    .all(|&byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
            if !is_address {
                return false;
            }
            (address, after)
        }
        None => text
            .split_at_checked(position(text, b':').unwrap_or(text.len()))
            .unwrap_or_default(),
    };
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let is_literal = text.first() == Some(&b'[');
    !host.is_empty() && (is_literal || host.iter().all(|&byte| is_name(byte))) && is_port(port)
}

/// Nothing, or `:` and a port number.
fn is_port(text: &[u8]) -> bool {
    match text.strip_prefix(b":") {
        None => text.is_empty(),
        Some(port) => port.len() <= 5 && decimal(port).is_some_and(|port| port <= 65_535),
    }
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|&byte| byte == wanted)
}

#[cfg(test)]
mod tests;
