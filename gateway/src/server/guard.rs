//! The socket as hyper sees it: only bytes that are HTTP beyond doubt, in time, and only to a client that takes them.
//!
//! The guard stands between the socket and hyper and does what hyper does not: it holds a head back until it is
//! complete and checked (G-1 to G-8), times heads and idle connections (G-40, G-42), disconnects a client that takes
//! nothing (G-43), and tells the [`Peer`] what was written. Bytes that pass are read straight into hyper's buffer;
//! only an unfinished head is ever copied.
//!
//! A request that is refused is replaced by a plain `GET /` which [`Line::refusal`] marks, so that the refusal is
//! answered in its turn, with the same headers and log line as every answer, and nothing is read after it (G-71).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::accept::Place;
use super::head::Refusal;
use super::line::Line;
use super::stream::{Fault, Stream};
use crate::http::Peer;

/// How patient the guard is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// G-40.
    pub(super) head: Duration,
    /// G-42.
    pub(super) keepalive: Duration,
    /// G-5.
    pub(super) max_head_bytes: usize,
}

/// A client's socket behind the rules.
pub(super) struct Guard<S> {
    socket: S,
    /// Given back with the socket, which may outlive hyper: as a WebSocket.
    _place: Place,
    line: Arc<Line>,
    patience: Patience,
    stream: Stream,
    /// Bytes that hyper has not got: first `ready` ones that may pass, then the beginning of a head.
    held: BytesMut,
    ready: usize,
    ending: Ending,
    /// When the unfinished head began; at first, when the connection was accepted.
    head_since: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    stalled: Option<Pin<Box<Sleep>>>,
    lingering: Option<Pin<Box<Sleep>>>,
}

/// What becomes of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nothing is wrong.
    Open,
    /// A refusal is answered; nothing more is read.
    Refused,
    /// The body in progress is broken.
    Broken,
    /// As if the client had closed.
    Closed,
}

impl<S> Guard<S> {
    /// Guards a socket that was accepted now.
    pub(super) fn new(socket: S, place: Place, line: Arc<Line>, patience: Patience) -> Guard<S> {
        let now = Instant::now();
        Guard {
            socket,
            _place: place,
            line,
            patience,
            stream: Stream::new(patience.max_head_bytes),
            held: BytesMut::new(),
            ready: 0,
            ending: Ending::Open,
            head_since: Some(now),
            alarm: Box::pin(sleep_until(now + patience.head)),
            stalled: None,
            lingering: None,
        }
    }

    fn peer(&self) -> &Peer {
        self.line.peer()
    }

    /// Gives hyper what it may have.
    fn deliver(&mut self, out: &mut ReadBuf<'_>) {
        if self.ready == 0 {
            return;
        }
        let length = self.ready.min(out.remaining());
        out.put_slice(self.held.get(..length).unwrap_or_default());
        self.held.advance(length);
        self.ready -= length;
        if self.held.is_empty() {
            // Most heads come whole: an idle connection keeps nothing.
            self.held = BytesMut::new();
        }
    }

    /// Acts on what the bytes turned out to be.
    fn passed(&mut self, fault: Option<Fault>) {
        self.line.passed(self.stream.requests());
        match fault {
            None => {
                let is_in_head = self.held.len() > self.ready;
                self.head_since = is_in_head.then(|| self.head_since.unwrap_or_else(Instant::now));
            }
            Some(Fault::Body) => self.ending = Ending::Broken,
            Some(Fault::Head(refusal)) => self.refuse(refusal),
        }
    }

    /// Puts a request in the place of what is refused, for hyper to answer in its turn.
    fn refuse(&mut self, refusal: Refusal) {
        self.held.truncate(self.ready);
        if refusal == Refusal::Silent {
            self.ending = Ending::Closed;
            return;
        }
        self.ending = Ending::Refused;
        self.held.extend_from_slice(STAND_IN);
        self.ready = self.held.len();
        self.line.refuse(self.stream.requests() + 1, refusal);
    }

    /// When patience ends, while the client sends nothing.
    fn deadline(&self) -> Option<Instant> {
        if self.line.is_busy() || !self.stream.is_between_bodies() {
            return None;
        }
        Some(match self.head_since {
            Some(since) => since + self.patience.head,
            None => self.line.idle_since() + self.patience.keepalive,
        })
    }

    /// Whether patience has ended; if not, sees to it that somebody asks again.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        loop {
            let deadline = self.deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(());
            }
            // While a request is being answered nobody polls; waking up now and then finds the end of it.
            let due = deadline.unwrap_or(now + self.patience.keepalive);
            if self.alarm.is_elapsed() || self.alarm.deadline() > due {
                self.alarm.as_mut().reset(due);
            }
            ready!(self.alarm.as_mut().poll(context));
        }
    }

    /// Patience has ended.
    fn give_up(&mut self) {
        if self.held.is_empty() {
            self.ending = Ending::Closed;
        } else {
            self.refuse(Refusal::Timeout);
        }
    }
}

/// What hyper gets for a request that was refused.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\n\r\n";

/// Bytes read at once while a head is unfinished.
const PIECE: usize = 4096;

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Reads into hyper's buffer, or behind the unfinished head if there is one.
    fn poll_more(
        &mut self,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.held.is_empty() {
            self.poll_straight(context, out)
        } else {
            self.poll_behind(context)
        }
    }

    fn poll_straight(
        &mut self,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, out))?;
        let read = out.filled().get(before..).unwrap_or_default();
        if read.is_empty() {
            self.ending = Ending::Closed;
            return Poll::Ready(Ok(()));
        }
        let passed = self.stream.feed(read);
        let rest = read.get(passed.bytes..).unwrap_or_default();
        if passed.fault.is_none() {
            self.held.extend_from_slice(rest);
        }
        out.set_filled(before + passed.bytes);
        self.passed(passed.fault);
        Poll::Ready(Ok(()))
    }

    fn poll_behind(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut piece = [0; PIECE];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.socket).poll_read(context, &mut piece))?;
        if piece.filled().is_empty() {
            // A head that never ends is no request, and nobody is left to tell.
            self.held.clear();
            self.ending = Ending::Closed;
            return Poll::Ready(Ok(()));
        }
        self.held.extend_from_slice(piece.filled());
        let passed = self.stream.feed(&self.held);
        self.ready = passed.bytes;
        self.passed(passed.fault);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = out.filled().len();
        loop {
            this.deliver(out);
            if out.filled().len() > before || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            match this.ending {
                Ending::Open => {}
                Ending::Refused => return Poll::Pending,
                Ending::Broken => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Ending::Closed => return Poll::Ready(Ok(())),
            }
            match this.poll_more(context, out) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    ready!(this.poll_patience(context));
                    this.give_up();
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    /// Passes on what a write came to, and bounds how long it may come to nothing.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall = self.peer().write_stall();
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + stall)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads and forgets what the client still sends, for a moment. Closing a socket with unread bytes in it resets
    /// the connection, and the client may never see the answer that told it to stop.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let lingering = self
            .lingering
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + LINGER)));
        if lingering.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let mut piece = [0; PIECE];
        for _ in 0..LINGER_READS {
            let mut piece = ReadBuf::new(&mut piece);
            match ready!(Pin::new(&mut self.socket).poll_read(context, &mut piece)) {
                Ok(()) if !piece.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// How long a client that was told to stop may go on sending.
const LINGER: Duration = Duration::from_secs(1);

/// Reads of a lingering client before others have their turn.
const LINGER_READS: usize = 16;

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, pieces);
        self.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        let flushed = self.watch(flushed, context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            // hyper flushes the socket when it has written all it had.
            self.peer().flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            let shut = Pin::new(&mut this.socket).poll_shutdown(context);
            ready!(this.watch(shut, context))?;
        }
        let is_unread = this.ending == Ending::Refused
            || this.ending == Ending::Broken
            || this.stream.is_in_body();
        if is_unread {
            ready!(this.poll_linger(context));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> Drop for Guard<S> {
    fn drop(&mut self) {
        self.line.peer().close();
    }
}
