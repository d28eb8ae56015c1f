//! Bytes that arrive in pieces are cut into the same frames as bytes that arrive at once.
#![no_main]

use bytes::{Bytes, BytesMut};
use kafka_wire::{FrameError, correlation_id, decode_request_header, split_frame};
use libfuzzer_sys::fuzz_target;

const MAX: usize = 1 << 16;

fn cut(buffer: &mut BytesMut, frames: &mut Vec<Bytes>) -> Result<(), FrameError> {
    while let Some(frame) = split_frame(buffer, MAX)? {
        frames.push(frame);
    }
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    let (mut whole, mut buffer) = (Vec::new(), BytesMut::from(data));
    let end = cut(&mut buffer, &mut whole);
    let (mut pieces, mut buffer, mut piecewise) = (Vec::new(), BytesMut::new(), Ok(()));
    for byte in data {
        buffer.extend_from_slice(&[*byte]);
        piecewise = cut(&mut buffer, &mut pieces);
        if piecewise.is_err() {
            break;
        }
    }
    assert_eq!((whole, end), (pieces.clone(), piecewise));
    for frame in pieces {
        let _ = correlation_id(&frame);
        if let Ok((_, body)) = decode_request_header(&frame) {
            assert!(body.len() < frame.len());
        }
    }
});
