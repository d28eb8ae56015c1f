//! Where one request ends and the next begins, in everything that a client sends.
//!
//! hyper decides the same from the same bytes. As only bytes that leave no doubt get through, the two always agree,
//! and a request hidden in another is never one for either. Pure; `guard.rs` feeds it.

use super::chunks::{BadChunk, Chunks};
use super::head::{self, Framing, Refusal, Scan};

/// The bytes a client sends, in order.
#[derive(Debug)]
pub(super) struct Stream {
    state: State,
    max_head_bytes: usize,
    /// Requests whose head was passed on.
    requests: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Before or in a head.
    Head(Scan),
    /// In a body of which so much is left.
    Length(u64),
    /// In a chunked body.
    Chunked(Chunks),
    /// After an upgrade was asked for: no HTTP is looked for any more (G-7).
    Opaque,
}

/// What may be passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// So many bytes of what was fed. The rest, if nothing is wrong, is the beginning of a head: to be fed again
    /// from its first byte when there is more.
    pub(super) bytes: usize,
    /// What is wrong after them.
    pub(super) fault: Option<Fault>,
}

/// Why the bytes after a certain one are not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// They are no request.
    Head(Refusal),
    /// They are no chunk of the body before them.
    Body,
}

impl Stream {
    pub(super) fn new(max_head_bytes: usize) -> Stream {
        Stream {
            state: State::Head(Scan::default()),
            max_head_bytes,
            requests: 0,
        }
    }

    /// How many requests were passed on so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// Whether the next byte belongs to a body.
    pub(super) fn is_in_body(&self) -> bool {
        matches!(self.state, State::Length(_) | State::Chunked(_))
    }

    /// Whether the next byte belongs to a head: neither to a body nor to what came of an upgrade.
    pub(super) fn is_between_bodies(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// Takes what the client sent.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Passed {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() {
                return Passed {
                    bytes: at,
                    fault: None,
                };
            }
            match self.step(rest) {
                Ok(0) => {
                    return Passed {
                        bytes: at,
                        fault: None,
                    };
                }
                Ok(length) => at += length,
                Err((length, fault)) => {
                    return Passed {
                        bytes: at + length,
                        fault: Some(fault),
                    };
                }
            }
        }
    }

    /// Takes bytes of one kind: a head, or (a part of) a body. 0 when a head is not complete.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, (usize, Fault)> {
        match &mut self.state {
            State::Opaque => Ok(bytes.len()),
            State::Length(left) => {
                let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(*left);
                *left -= here;
                if *left == 0 {
                    self.state = State::Head(Scan::default());
                }
                Ok(usize::try_from(here).unwrap_or(bytes.len()))
            }
            State::Chunked(chunks) => {
                let taken = chunks
                    .feed(bytes)
                    .map_err(|BadChunk(at)| (at, Fault::Body))?;
                if chunks.is_done() {
                    self.state = State::Head(Scan::default());
                }
                Ok(taken)
            }
            State::Head(scan) => {
                // An empty line before a request is tolerated by RFC 9112 §2.2.
                if let Some(length) = blank_lines(bytes) {
                    *scan = Scan::default();
                    return Ok(length);
                }
                let end = scan
                    .end(bytes, self.max_head_bytes)
                    .map_err(|refusal| (0, Fault::Head(refusal)))?;
                end.map_or(Ok(0), |end| self.head(bytes.get(..end).unwrap_or_default()))
            }
        }
    }

    fn head(&mut self, head: &[u8]) -> Result<usize, (usize, Fault)> {
        let framing = head::check(head).map_err(|refusal| (0, Fault::Head(refusal)))?;
        self.requests += 1;
        self.state = match framing {
            Framing::Length(0) => State::Head(Scan::default()),
            Framing::Length(left) => State::Length(left),
            Framing::Chunked => State::Chunked(Chunks::new(self.max_head_bytes)),
            Framing::Upgrade => State::Opaque,
        };
        Ok(head.len())
    }
}

/// The length of an empty line at the beginning.
fn blank_lines(bytes: &[u8]) -> Option<usize> {
    bytes.starts_with(b"\r\n").then_some(2)
}

#[cfg(test)]
mod tests;
