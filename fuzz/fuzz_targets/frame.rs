//! Bytes of a connection, as they arrive.
//!
//! Feeds: a byte that says how large the pieces are, then what a peer sends: lengths and frames.
//!
//! Asserts: bytes that arrive in pieces are cut into the same frames, and end in the same error, as bytes that arrive at once; every
//! byte is in a frame or left over; a length above the limit costs nothing. A request's header that can be read and the body behind it
//! fill the frame, and a body of an API that we have goes through its doors as the `request` target says.
#![no_main]

use bytes::{Bytes, BytesMut};
use kafka_fuzz::choice::{Choice, Direction};
use kafka_fuzz::memory::{FIXED_BYTES, metered};
use kafka_fuzz::messages::check;
use kafka_wire::{
    ApiKey, FrameError, correlation_id, decode_request_header, messages, split_frame,
};
use libfuzzer_sys::fuzz_target;

const MAX: usize = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let [size, data @ ..] = data else { return };
    let (at_once, allocated) = metered(|| cut_pieces(data, data.len().max(1)));
    assert!(allocated <= 8 * data.len() + FIXED_BYTES);
    assert_eq!(at_once, cut_pieces(data, usize::from(*size).max(1)));

    let (frames, end) = at_once;
    let left = data.len() - frames.iter().map(|frame| frame.len() + 4).sum::<usize>();
    match end {
        Ok(()) => assert!(left < 4 + MAX),
        Err(FrameError::TooLong { length, limit }) => assert!(limit == MAX && length > MAX),
        Err(_) => assert!(left >= 4),
    }
    frames.iter().for_each(check_frame);
});

/// Frames, in order, and how it ended.
fn cut_pieces(data: &[u8], size: usize) -> (Vec<Bytes>, Result<(), FrameError>) {
    let (mut frames, mut buffer) = (Vec::new(), BytesMut::new());
    for piece in data.chunks(size) {
        buffer.extend_from_slice(piece);
        loop {
            match split_frame(&mut buffer, MAX) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, Ok(()))
}

fn check_frame(frame: &Bytes) {
    assert_eq!(correlation_id(frame).is_some(), frame.len() >= 4);
    let Ok((header, body)) = decode_request_header(frame) else {
        return;
    };
    // Key, version, correlation id and the length of a client id that is null.
    assert!(frame.len() >= 10 + body.len());
    assert!(frame.ends_with(&body));
    let key = ApiKey(header.request_api_key);
    let version = header.request_api_version;
    if let Some(api) = messages::api(key).filter(|api| api.versions.contains(&version)) {
        let choice = Choice {
            api,
            version,
            direction: Direction::Request,
        };
        check(&[&choice.bytes()[..], &body].concat(), Direction::Request);
    }
}
