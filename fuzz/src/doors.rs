//! The doors of `kafka-wire` by API, as functions of bytes: frames in, a typed message, frames out.

use std::sync::LazyLock;

use bytes::Bytes;
use kafka_wire::{
    ApiKey, EncodeError, Frame, RecodeError, Request, decode_request, decode_request_header,
    decode_response, encode_request, encode_response, split_frame,
};

use crate::choice::{Choice, Direction};
use crate::for_every_request;

/// What may be asked of an API's types.
#[derive(Debug)]
struct Door {
    key: ApiKey,
    request: fn(&Bytes, i16, i16) -> Result<Bytes, RecodeError>,
    response: fn(&Bytes, i16, i16) -> Result<Bytes, RecodeError>,
}

/// The body of the message read as the version of `from`, written as version `to`, and taken out of its frame again.
pub fn transcode(body: &Bytes, from: Choice, to: i16) -> Result<Bytes, RecodeError> {
    let at = DOORS.binary_search_by_key(&from.api.key, |door| door.key);
    let door = &DOORS[at.expect("a door for every API")];
    match from.direction {
        Direction::Request => (door.request)(body, from.version, to),
        Direction::Response => (door.response)(body, from.version, to),
    }
}

/// The body read and written again at its version, by the table's own function.
pub fn recode(body: &Bytes, choice: Choice) -> Result<Bytes, RecodeError> {
    match choice.direction {
        Direction::Request => (choice.api.recode_request)(body, choice.version),
        Direction::Response => (choice.api.recode_response)(body, choice.version),
    }
}

fn request<R: Request>(body: &Bytes, from: i16, to: i16) -> Result<Bytes, RecodeError> {
    let message: R = decode_request(body, from)?;
    let mut frame = encode_request(&message, to, CORRELATION_ID + 1, Some(CLIENT_ID))?;
    frame.set_correlation_id(CORRELATION_ID);
    let (header, body) = decode_request_header(&content(&frame)).expect("a header of our own");
    assert_eq!(
        (header.request_api_key, header.request_api_version),
        (R::KEY, to)
    );
    assert_eq!(
        (header.correlation_id, header.client_id.as_deref()),
        (CORRELATION_ID, Some(CLIENT_ID))
    );
    Ok(body)
}

fn response<R: Request>(body: &Bytes, from: i16, to: i16) -> Result<Bytes, RecodeError> {
    let header = |version: i16| {
        // A tag section without tags, but for the one answer that has none in its header (KIP-511).
        let tags = version >= R::FLEXIBLE_SINCE && R::KEY != ApiKey::API_VERSIONS.0;
        [
            &CORRELATION_ID.to_be_bytes()[..],
            if tags { &[0] } else { &[] },
        ]
        .concat()
    };
    let frame = [&header(from)[..], body].concat().into();
    let (id, message) = decode_response::<R>(&frame, from)?;
    assert_eq!(id, CORRELATION_ID);
    let frame: Result<Frame, EncodeError> = encode_response::<R>(&message, to, id);
    let content = content(&frame?);
    assert!(content.starts_with(&header(to)));
    Ok(content.slice(header(to).len()..))
}

/// What stands behind the length prefix, after the ways to get at it have been held against each other.
fn content(frame: &Frame) -> Bytes {
    let whole = frame.to_bytes();
    assert_eq!(frame.len(), whole.len());
    assert_eq!(frame.clone().into_segments().concat(), whole);
    let mut buffer = whole[..].into();
    let content = split_frame(&mut buffer, whole.len()).expect("our own length");
    assert!(buffer.is_empty());
    content.expect("a whole frame")
}

static DOORS: LazyLock<Vec<Door>> = LazyLock::new(|| {
    fn add<R: Request>(doors: &mut Vec<Door>) {
        doors.push(Door {
            key: ApiKey(R::KEY),
            request: request::<R>,
            response: response::<R>,
        });
    }
    let mut doors = Vec::new();
    for_every_request!(add(&mut doors));
    assert_eq!(
        doors.iter().map(|door| door.key).collect::<Vec<_>>(),
        kafka_wire::messages::APIS
            .iter()
            .map(|api| api.key)
            .collect::<Vec<_>>(),
    );
    doors
});

const CORRELATION_ID: i32 = 0x0102_0304;
const CLIENT_ID: &str = "größe";
