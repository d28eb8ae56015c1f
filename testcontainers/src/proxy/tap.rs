//! The tap: whole frames of a connection as they come, for whoever looks on. Pure.
//!
//! Follows the stream on its own, so that a plan's faults and the tap know nothing of each other. Never changes, delays or holds
//! back a byte; on TLS, and on anything else that is not Kafka's protocol, it falls silent.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use kafka_wire::split_frame;

use super::Direction;

/// A frame that passes: a request, or an answer with the API of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tapped {
    /// Where the client connects from; no other connection that is open has the same.
    pub client: SocketAddr,
    /// Request (`Up`) or answer (`Down`).
    pub direction: Direction,
    /// Which API; see `kafka_wire::ApiKey`.
    pub api_key: i16,
    /// Version of the request.
    pub api_version: i16,
    /// Chosen by the client; answer and request have the same.
    pub correlation_id: i32,
    /// Header and body, without the length in front: what the doors of `kafka-wire` take.
    pub frame: Bytes,
}

type Look = dyn FnMut(&Tapped) + Send;

/// The place of the tap, shared by all connections.
#[derive(Clone, Default)]
pub(super) struct Taps(Arc<Mutex<Option<Box<Look>>>>);

impl Taps {
    pub(super) fn set(&self, look: impl FnMut(&Tapped) + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(look));
    }

    /// What follows a connection that has just been accepted; `None` while nobody looks on.
    pub(super) fn follow(&self, client: SocketAddr) -> Option<Follower> {
        let taps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taps.as_ref().map(|_| Follower {
            taps: self.clone(),
            conversation: Conversation::with(client),
        })
    }

    fn show(&self, tapped: &Tapped) {
        if let Some(look) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            look(tapped);
        }
    }
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taps").finish_non_exhaustive()
    }
}

/// Shows the frames of one connection.
pub(super) struct Follower {
    taps: Taps,
    conversation: Conversation,
}

impl Follower {
    /// Bytes that came in, before any fault.
    pub(super) fn push(&mut self, direction: Direction, bytes: &[u8]) {
        self.conversation.push(direction, bytes);
        while let Some(tapped) = self.conversation.next(direction) {
            self.taps.show(&tapped);
        }
    }
}

/// Both directions of one connection.
#[derive(Debug)]
struct Conversation {
    client: SocketAddr,
    up: Stream,
    down: Stream,
    /// Requests without an answer so far, oldest first.
    asked: VecDeque<Asked>,
}

/// What is remembered of a request.
#[derive(Debug, Clone, Copy)]
struct Asked {
    key: i16,
    version: i16,
    correlation_id: i32,
}

/// One direction: what came of a frame that is not whole yet.
#[derive(Debug, Default)]
struct Stream {
    begun: BytesMut,
    is_opaque: bool,
}

impl Conversation {
    fn with(client: SocketAddr) -> Self {
        Self {
            client,
            up: Stream::default(),
            down: Stream::default(),
            asked: VecDeque::new(),
        }
    }

    fn push(&mut self, direction: Direction, bytes: &[u8]) {
        let stream = self.stream(direction);
        if !stream.is_opaque {
            stream.begun.extend_from_slice(bytes);
        }
    }

    /// The next whole frame of a direction; an answer to nothing is passed over.
    fn next(&mut self, direction: Direction) -> Option<Tapped> {
        loop {
            let frame = self.stream(direction).next()?;
            let asked = match direction {
                Direction::Up => self.ask(&frame),
                Direction::Down => self.answered(&frame),
            };
            if let Some(asked) = asked {
                return Some(Tapped {
                    client: self.client,
                    direction,
                    api_key: asked.key,
                    api_version: asked.version,
                    correlation_id: asked.correlation_id,
                    frame,
                });
            }
        }
    }

    fn ask(&mut self, request: &[u8]) -> Option<Asked> {
        let (key, rest) = request.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let asked = Asked {
            key: i16::from_be_bytes(*key),
            version: i16::from_be_bytes(*version),
            correlation_id: i32::from_be_bytes(*rest.first_chunk()?),
        };
        self.asked.push_back(asked);
        Some(asked)
    }

    /// A broker answers in order; a request older than the answered one wants no answer (Produce with acks=0).
    fn answered(&mut self, answer: &[u8]) -> Option<Asked> {
        let id = i32::from_be_bytes(*answer.first_chunk()?);
        let mut asked = self.asked.iter();
        let at = asked.position(|asked| asked.correlation_id == id)?;
        self.asked.drain(..=at).next_back()
    }

    fn stream(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }
}

impl Stream {
    fn next(&mut self) -> Option<Bytes> {
        if let Ok(frame) = split_frame(&mut self.begun, LONGEST) {
            return frame;
        }
        *self = Self {
            begun: BytesMut::new(),
            is_opaque: true,
        };
        None
    }
}

/// Longer than any frame of Kafka's in a test, shorter than what the first bytes of TLS or HTTP look like.
const LONGEST: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use kafka_wire::encode_request;
    use kafka_wire::messages::api_versions::ApiVersionsRequest;
    use kafka_wire::messages::metadata::MetadataRequest;

    use super::*;

    fn conversation() -> Conversation {
        Conversation::with(([127, 0, 0, 1], 4711).into())
    }

    fn metadata(id: i32) -> Bytes {
        let request = MetadataRequest::default();
        encode_request(&request, 9, id, None).unwrap().to_bytes()
    }

    fn versions(id: i32) -> Bytes {
        let request = ApiVersionsRequest::default();
        encode_request(&request, 0, id, None).unwrap().to_bytes()
    }

    fn answer(id: i32) -> Vec<u8> {
        [&[0, 0, 0, 8], id.to_be_bytes().as_slice(), b"body"].concat()
    }

    /// API, version and correlation id of the frames found in `stream`, fed in pieces of `size`.
    fn found(
        conversation: &mut Conversation,
        direction: Direction,
        stream: &[u8],
        size: usize,
    ) -> Vec<(i16, i16, i32)> {
        let mut found = Vec::new();
        for piece in stream.chunks(size) {
            conversation.push(direction, piece);
            while let Some(tapped) = conversation.next(direction) {
                assert_eq!(tapped.direction, direction);
                found.push((tapped.api_key, tapped.api_version, tapped.correlation_id));
            }
        }
        found
    }

    #[test]
    fn frames_are_whole_however_the_stream_is_cut() {
        let requests = [metadata(7), versions(8)].concat();
        let answers = [answer(7), answer(8)].concat();
        for size in 1..=requests.len() {
            let mut conversation = conversation();
            let expected = [(3, 9, 7), (18, 0, 8)];
            assert_eq!(
                found(&mut conversation, Direction::Up, &requests, size),
                expected
            );
            assert_eq!(
                found(&mut conversation, Direction::Down, &answers, size),
                expected
            );
        }
    }

    #[test]
    fn a_frame_is_shown_without_its_length_and_with_all_else() {
        let mut conversation = conversation();
        conversation.push(Direction::Up, &metadata(7));
        let tapped = conversation.next(Direction::Up).unwrap();
        assert_eq!(tapped.frame, metadata(7).slice(4..));
        conversation.push(Direction::Down, &answer(7));
        let tapped = conversation.next(Direction::Down).unwrap();
        assert_eq!(tapped.frame.as_ref(), b"\0\0\0\x07body");
    }

    #[test]
    fn a_request_without_an_answer_does_not_mislead() {
        let mut conversation = conversation();
        let requests = [metadata(1), versions(2), metadata(3)].concat();
        found(&mut conversation, Direction::Up, &requests, 99);
        let answers = [answer(2), answer(1), answer(3)].concat();
        assert_eq!(
            found(&mut conversation, Direction::Down, &answers, 99),
            [(18, 0, 2), (3, 9, 3)]
        );
    }

    #[test]
    fn a_stream_that_is_not_kafka_is_not_kept() {
        let mut conversation = conversation();
        let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00";
        assert_eq!(found(&mut conversation, Direction::Up, hello, 4), []);
        assert_eq!(
            found(&mut conversation, Direction::Up, &metadata(1), 99),
            []
        );
        assert!(conversation.up.begun.is_empty());
    }
}
