//! Input that comes in pieces.

use std::io::{self, Read};

/// Gives its bytes a few at a time, as many as `size` says.
#[derive(Debug)]
pub struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
}

impl<'a> Pieces<'a> {
    /// `size` is at least 1.
    pub fn new(bytes: &'a [u8], size: usize) -> Self {
        assert!(size > 0);
        Self { rest: bytes, size }
    }

    /// Whether all of them have been given.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let length = room.len().min(self.size);
        let piece = room.get_mut(..length).unwrap_or_default();
        self.rest.read(piece)
    }
}
