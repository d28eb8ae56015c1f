//! Between a stream's task and the connection: pieces of text in line, and how many of them are written.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::http::{Cut, Peer, Written};

/// What is sent together.
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// Its number in the ledger; `None` for what is no record.
    pub(super) number: Option<u64>,
    /// Its room in the queue.
    pub(super) room: OwnedSemaphorePermit,
}

/// How far the body has come; the body tells, the stream's task looks.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Reached>);

#[derive(Debug, Default)]
struct Reached {
    /// Pieces up to this one are certainly written.
    written: u64,
    /// Handed over last, and when it will be written.
    last: Option<(u64, Written)>,
}

impl Progress {
    fn handed_over(&self, number: u64, mark: Written) {
        let mut reached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reached.settle();
        reached.last = Some((number, mark));
    }

    /// Pieces up to this one were written.
    pub(super) fn written(&self) -> u64 {
        let mut reached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reached.settle();
        reached.written
    }

    pub(super) fn last(&self) -> Option<Written> {
        let reached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reached.last.as_ref().map(|(_, mark)| mark.clone())
    }
}

impl Reached {
    fn settle(&mut self) {
        if let Some((number, _)) = self.last.take_if(|(_, mark)| mark.is_written()) {
            self.written = number;
        }
    }
}

/// The body of the answer. Dropped when the client is gone; then the queue is closed, which ends the task.
pub(super) struct Events {
    pub(super) queue: mpsc::Receiver<Piece>,
    pub(super) peer: Arc<Peer>,
    pub(super) progress: Arc<Progress>,
    pub(super) is_over: bool,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let Some(piece) = ready!(self.queue.poll_recv(context)) else {
            self.is_over = true;
            return Poll::Ready(None);
        };
        if let Some(number) = piece.number {
            self.progress.handed_over(number, self.peer.mark());
        }
        // What the connection buffers itself is little, and bounded.
        drop(piece.room);
        Poll::Ready(Some(Ok(Frame::data(piece.bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}
