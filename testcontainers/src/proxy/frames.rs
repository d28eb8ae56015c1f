//! Where Kafka's frames begin in a stream, and what they are. Pure.
//!
//! ```text
//! request: length i32, api_key i16, api_version i16, correlation_id i32, …
//! answer:  length i32, correlation_id i32, …
//! ```
//! A stream that is not Kafka's (TLS, HTTP) is recognised by its impossible length and left alone from there on.

use std::collections::VecDeque;

use super::Direction;

/// Follows one direction of a stream.
#[derive(Debug)]
pub(super) struct Frames {
    direction: Direction,
    /// The head read so far, if the stream is inside one.
    head: Vec<u8>,
    /// Bytes of the frame still to come.
    left: u64,
    is_opaque: bool,
}

/// What the next bytes of a stream are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// So many bytes of which nothing is to be said.
    Plain(usize),
    /// So many bytes that begin a frame's head and do not complete it.
    Unfinished(usize),
    /// So many bytes that complete a frame's head.
    Begun(usize, Head),
}

/// What is known of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Request { key: i16, correlation_id: i32 },
    Answer { correlation_id: i32 },
}

impl Frames {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            head: Vec::new(),
            left: 0,
            is_opaque: false,
        }
    }

    /// What `bytes`, which are not empty, begin with. Call again with what is left of them.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Part {
        if self.is_opaque {
            return Part::Plain(bytes.len());
        }
        if self.left > 0 {
            let taken =
                usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            self.left = self.left.saturating_sub(as_u64(taken));
            return Part::Plain(taken);
        }
        let missing = self.head_bytes().saturating_sub(self.head.len());
        let taken = bytes.get(..missing).unwrap_or(bytes);
        self.head.extend_from_slice(taken);
        self.read_head(taken.len())
    }

    fn read_head(&mut self, taken: usize) -> Part {
        let Some((length, rest)) = self.head.split_first_chunk::<4>() else {
            return Part::Unfinished(taken);
        };
        let after_length = as_u64(self.head_bytes() - 4);
        let left = u64::try_from(i32::from_be_bytes(*length))
            .ok()
            .filter(|length| *length <= LONGEST)
            .and_then(|length| length.checked_sub(after_length));
        let Some(left) = left else {
            self.is_opaque = true;
            return Part::Plain(taken);
        };
        let Some(head) = Head::read(self.direction, rest) else {
            return Part::Unfinished(taken);
        };
        self.head.clear();
        self.left = left;
        Part::Begun(taken, head)
    }

    fn head_bytes(&self) -> usize {
        match self.direction {
            Direction::Up => 12,
            Direction::Down => 8,
        }
    }
}

impl Head {
    /// From what follows the length; `None` if that is not enough.
    fn read(direction: Direction, bytes: &[u8]) -> Option<Self> {
        match direction {
            Direction::Up => {
                let (key, rest) = bytes.split_first_chunk()?;
                let (_version, rest) = rest.split_first_chunk::<2>()?;
                Some(Self::Request {
                    key: i16::from_be_bytes(*key),
                    correlation_id: i32::from_be_bytes(*rest.first_chunk()?),
                })
            }
            Direction::Down => Some(Self::Answer {
                correlation_id: i32::from_be_bytes(*bytes.first_chunk()?),
            }),
        }
    }
}

/// Which API an answer belongs to: the requests seen and not answered, oldest first.
#[derive(Debug, Default)]
pub(super) struct Asked(VecDeque<(i32, i16)>);

impl Asked {
    /// The API of a frame; a request is remembered for its answer. `None` for an answer to nothing.
    pub(super) fn api_of(&mut self, head: Head) -> Option<i16> {
        match head {
            Head::Request {
                key,
                correlation_id,
            } => {
                self.0.push_back((correlation_id, key));
                Some(key)
            }
            Head::Answer { correlation_id } => self.answered(correlation_id),
        }
    }

    /// A broker answers in order; a request older than the answered one wants no answer (Produce with acks=0).
    fn answered(&mut self, correlation_id: i32) -> Option<i16> {
        let at = self.0.iter().position(|(id, _)| *id == correlation_id)?;
        self.0.drain(..=at).next_back().map(|(_, key)| key)
    }
}

pub(super) fn as_u64(length: usize) -> u64 {
    // No machine has a wider usize.
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Longer than any frame of Kafka's in a test, shorter than what the first bytes of TLS or HTTP look like.
const LONGEST: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: i16, correlation_id: i32, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        frame.extend(i32::try_from(8 + body.len()).unwrap().to_be_bytes());
        frame.extend(key.to_be_bytes());
        frame.extend([0, 9]);
        frame.extend(correlation_id.to_be_bytes());
        frame.extend(body);
        frame
    }

    /// The heads found in `stream`, fed in pieces of `size`, each with the offset of its frame's end of head.
    fn heads(direction: Direction, stream: &[u8], size: usize) -> Vec<(usize, Head)> {
        let mut frames = Frames::new(direction);
        let (mut at, mut found) = (0, Vec::new());
        for mut piece in stream.chunks(size) {
            while !piece.is_empty() {
                let taken = match frames.next(piece) {
                    Part::Plain(taken) | Part::Unfinished(taken) => taken,
                    Part::Begun(taken, head) => {
                        found.push((at + taken, head));
                        taken
                    }
                };
                at += taken;
                piece = &piece[taken..];
            }
        }
        assert_eq!(at, stream.len());
        found
    }

    #[test]
    fn requests_are_found_however_the_stream_is_cut() {
        let mut stream = request(3, 70, b"");
        stream.extend(request(0, 71, b"a body"));
        let head = |key, correlation_id| Head::Request {
            key,
            correlation_id,
        };
        for size in 1..=stream.len() {
            assert_eq!(
                heads(Direction::Up, &stream, size),
                [(12, head(3, 70)), (24, head(0, 71))]
            );
        }
    }

    #[test]
    fn answers_are_found_however_the_stream_is_cut() {
        let stream = b"\0\0\0\x06\0\0\0\x07xx\0\0\0\x04\0\0\0\x08";
        let head = |correlation_id| Head::Answer { correlation_id };
        for size in 1..=stream.len() {
            assert_eq!(
                heads(Direction::Down, stream, size),
                [(8, head(7)), (18, head(8))]
            );
        }
    }

    #[test]
    fn a_stream_that_is_not_kafka_is_left_alone() {
        for stream in [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00".as_slice(),
            b"GET / HTTP/1.1\r\n\r\n",
            b"\xff\xff\xff\xff----------------",
            b"\0\0\0\x01----------------",
        ] {
            assert_eq!(heads(Direction::Up, stream, 5), []);
        }
    }

    #[test]
    fn an_answer_has_the_api_of_its_request() {
        let mut asked = Asked::default();
        let request = |key, correlation_id| Head::Request {
            key,
            correlation_id,
        };
        let answer = |correlation_id| Head::Answer { correlation_id };
        assert_eq!(asked.api_of(request(0, 1)), Some(0));
        assert_eq!(asked.api_of(request(3, 2)), Some(3));
        assert_eq!(asked.api_of(request(1, 3)), Some(1));
        assert_eq!(asked.api_of(answer(2)), Some(3), "1 wanted no answer");
        assert_eq!(asked.api_of(answer(1)), None);
        assert_eq!(asked.api_of(answer(3)), Some(1));
    }
}
