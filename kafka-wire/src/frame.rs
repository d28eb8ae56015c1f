//! The only doors between bytes and messages: frames out, frames in, for a client and for a broker.
//!
//! ```text
//! frame     length int32, header, body      length counts what follows it
//!
//!           API version is    header        body
//! request   classic           v1            of the API and version that the header names
//!           flexible          v2
//! answer    classic           v0            of the API and version that were asked for; the header has no more than the
//!           flexible          v1            correlation id to find out which
//! ```
//! Nothing in a frame says whether it is flexible: the API's schema tells from which version on it is (KIP-482). The answer to
//! `ApiVersions` alone has header v0 in every version (KIP-511). The headers themselves are in `header.rs`.
//!
//! A frame that comes in is handed over without its length; one that goes out carries it.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::api::{ApiKey, Request};
use crate::encoder::Encoder;
use crate::error::{DecodeError, DecodeReason, EncodeError, EncodeFault, EncodeReason, Fault};
use crate::header::{
    RequestHeader, ResponseHeader, request_header_version, response_header_version,
};
use crate::messages;
use crate::primitives::{Context, Wire};
use crate::table::Message;

/// A frame ready to be written: length, header and body, in segments that are written one after the other.
///
/// Large byte fields (record batches above all) are segments of their own and were not copied.
#[derive(Debug, Clone)]
pub struct Frame {
    head: BytesMut,
    shared: Vec<(usize, Bytes)>,
}

impl Frame {
    /// Bytes on the wire, length prefix included.
    pub fn len(&self) -> usize {
        self.head.len()
            + self
                .shared
                .iter()
                .map(|(_, bytes)| bytes.len())
                .sum::<usize>()
    }

    /// Never: a frame has at least its length prefix.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Writes the correlation id of a *request* anew, so that whoever owns the socket can number frames in the order of writing.
    pub fn set_correlation_id(&mut self, correlation_id: i32) {
        // Length (4), API key (2), version (2), then the id.
        if let Some(mut place) = self.head.get_mut(8..12) {
            place.put_i32(correlation_id);
        }
    }

    /// The bytes in order, as few pieces as possible.
    pub fn into_segments(self) -> Vec<Bytes> {
        let mut segments = Vec::with_capacity(2 * self.shared.len() + 1);
        let mut head = self.head.freeze();
        let mut cut = 0;
        for (at, bytes) in self.shared {
            segments.push(head.split_to(at - cut));
            segments.push(bytes);
            cut = at;
        }
        segments.push(head);
        segments.retain(|segment| !segment.is_empty());
        segments
    }

    /// The same in one piece; copies. Length prefix included.
    pub fn to_bytes(&self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.len());
        for segment in self.clone().into_segments() {
            whole.put(segment);
        }
        whole.freeze()
    }
}

impl From<Encoder> for Frame {
    fn from(Encoder { head, shared, .. }: Encoder) -> Self {
        Self { head, shared }
    }
}

/// A request as the client writes it.
///
/// # Errors
/// A value that `version` cannot carry; see [`EncodeError`].
pub fn encode_request<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Result<Frame, EncodeError> {
    let flexible = version >= R::FLEXIBLE_SINCE;
    let header = RequestHeader {
        request_api_key: R::KEY,
        request_api_version: version,
        correlation_id,
        client_id: client_id.map(str::to_owned),
    };
    known_to::<R>(version)?;
    encode(
        &header,
        request_header_version(flexible),
        request,
        version,
        flexible,
    )
    .map_err(|fault| fault.into_error(R::STRUCTURE.name, version))
}

/// An answer as the broker writes it.
///
/// # Errors
/// A value that `version` cannot carry; see [`EncodeError`].
pub fn encode_response<R: Request>(
    response: &R::Response,
    version: i16,
    correlation_id: i32,
) -> Result<Frame, EncodeError> {
    let flexible = version >= R::FLEXIBLE_SINCE;
    known_to::<R>(version)?;
    encode(
        &ResponseHeader { correlation_id },
        response_header_version(R::KEY, flexible),
        response,
        version,
        flexible,
    )
    .map_err(|fault| fault.into_error(R::Response::STRUCTURE.name, version))
}

/// An answer as the client reads it: correlation id and body. `frame` comes without its length prefix.
///
/// # Errors
/// Bytes that are not this answer, or go on after it.
pub fn decode_response<R: Request>(
    frame: &Bytes,
    version: i16,
) -> Result<(i32, R::Response), DecodeError> {
    let flexible = version >= R::FLEXIBLE_SINCE;
    let name = R::Response::STRUCTURE.name;
    let header_version = response_header_version(R::KEY, flexible);
    let context = Context {
        version: header_version,
        flexible: header_version > 0,
        frame,
    };
    let (rest, header) = ResponseHeader::decode(frame, context)
        .map_err(|fault| Fault::into_error(fault, "ResponseHeader", header_version, frame.len()))?;
    let body = frame.slice_ref(rest);
    decode(&body, version, flexible, name).map(|response| (header.correlation_id, response))
}

/// The header of a request as the broker reads it, and the body that [`decode_request`] takes. `frame` comes without its length prefix.
///
/// # Errors
/// Bytes that are not a request header. Whether the API and version exist is for the caller to say.
pub fn decode_request_header(frame: &Bytes) -> Result<(RequestHeader, Bytes), DecodeError> {
    let mut start = frame.as_ref();
    let (key, version) = (
        start.try_get_i16().unwrap_or(-1),
        start.try_get_i16().unwrap_or(-1),
    );
    let flexible = messages::api(ApiKey(key)).is_some_and(|api| version >= api.flexible_since);
    let header_version = request_header_version(flexible);
    let context = Context {
        version: header_version,
        flexible: header_version > 1,
        frame,
    };
    let (rest, header) = RequestHeader::decode(frame, context)
        .map_err(|fault| Fault::into_error(fault, "RequestHeader", header_version, frame.len()))?;
    Ok((header, frame.slice_ref(rest)))
}

/// The body of a request as the broker reads it.
///
/// # Errors
/// Bytes that are not this request, or go on after it.
pub fn decode_request<R: Request>(body: &Bytes, version: i16) -> Result<R, DecodeError> {
    decode(
        body,
        version,
        version >= R::FLEXIBLE_SINCE,
        R::STRUCTURE.name,
    )
}

/// The correlation id of an answer's frame; `None` if the frame is too short to have one.
pub fn correlation_id(frame: &Bytes) -> Option<i32> {
    frame.as_ref().try_get_i32().ok()
}

/// Cuts one frame off the front of `buffer`, its length prefix removed; `None` while it is not complete.
///
/// # Errors
/// A length that cannot be one, or is above `max_bytes`: nothing after it can be trusted.
pub fn split_frame(buffer: &mut BytesMut, max_bytes: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(length) = frame_length(buffer, max_bytes)? else {
        return Ok(None);
    };
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// The length that the frame at the front of `buffer` claims, without its prefix; `None` while the prefix is not complete.
///
/// # Errors
/// As [`split_frame`].
pub fn frame_length(buffer: &[u8], max_bytes: usize) -> Result<Option<usize>, FrameError> {
    let Some(prefix) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    match prefix {
        b"HTTP" => return Err(FrameError::Http),
        [0x15, 0x03, _, _] => return Err(FrameError::Tls),
        _ => {}
    }
    let claimed = i32::from_be_bytes(*prefix);
    match usize::try_from(claimed) {
        Ok(length) if length <= max_bytes => Ok(Some(length)),
        Ok(length) => Err(FrameError::TooLong {
            length,
            limit: max_bytes,
        }),
        Err(_) => Err(FrameError::Negative(claimed)),
    }
}

/// What stands where a frame's length should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A length below zero.
    #[error("a frame of negative length {0}")]
    Negative(i32),
    /// A length above the limit; nothing was allocated for it.
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    TooLong {
        /// Bytes that were claimed.
        length: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The text `HTTP`: the other side is a web server.
    #[error("the answer is HTTP: this is not a Kafka port")]
    Http,
    /// The start of a TLS alert: the other side expects TLS.
    #[error("the answer is a TLS alert: this port expects TLS")]
    Tls,
}

/// A message without a header, for protocols that travel inside bytes; appended to `out`.
pub(crate) fn encode_message<M: Message>(
    message: &M,
    version: i16,
    flexible: bool,
    out: BytesMut,
) -> Result<Bytes, EncodeError> {
    let mut out = Encoder::new(out, version, flexible);
    message
        .encode(&mut out)
        .map_err(|fault| fault.into_error(M::STRUCTURE.name, version))?;
    Ok(Frame::from(out).to_bytes())
}

/// The whole of `body` as one message.
pub(crate) fn decode<M: Message>(
    body: &Bytes,
    version: i16,
    flexible: bool,
    name: &'static str,
) -> Result<M, DecodeError> {
    match M::decode(
        body,
        Context {
            version,
            flexible,
            frame: body,
        },
    ) {
        Ok(([], message)) => Ok(message),
        Ok((rest, _)) => Err(Fault::at(rest, DecodeReason::Trailing(rest.len()))),
        Err(fault) => Err(fault),
    }
    .map_err(|fault| Fault::into_error(fault, name, version, body.len()))
}

fn encode<H: Message, M: Message>(
    header: &H,
    header_version: i16,
    message: &M,
    version: i16,
    flexible: bool,
) -> Result<Frame, EncodeFault> {
    let mut head = BytesMut::with_capacity(256);
    head.put_i32(0);
    // Headers without a tag section have no compact field either.
    let flexible_header = flexible && header_version > 0;
    let mut out = Encoder::new(head, header_version, flexible_header);
    header.encode(&mut out)?;
    let mut out = Encoder::new(out.head, version, flexible);
    message.encode(&mut out)?;
    let mut frame = Frame::from(out);
    let length = frame.len() - 4;
    let Ok(prefix) = i32::try_from(length) else {
        return Err(EncodeFault::new(EncodeReason::TooLong {
            length,
            limit: 0x7fff_ffff,
        }));
    };
    if let Some(mut place) = frame.head.get_mut(..4) {
        place.put_i32(prefix);
    }
    Ok(frame)
}

fn known_to<R: Request>(version: i16) -> Result<(), EncodeError> {
    if R::VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(EncodeFault::new(EncodeReason::Version).into_error(R::STRUCTURE.name, version))
}

#[cfg(test)]
mod tests;
