//! The task that owns a socket: it writes requests, reads answers, and ends with the connection.
//!
//! One `poll` does everything, so there is no lock, no second task and no wake-up between reading and writing. The task ends when
//! every handle is gone and every answer is in, when nobody has used it for long, when the connection breaks, or when a request runs out of
//! time: a broker that is late once would answer the next request with the last one's answer.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use kafka_wire::{Frame, correlation_id, frame_length, split_frame};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::io::poll_read_buf;

use crate::error::Error;
use crate::net::inflight::Inflight;
use crate::net::rest::Rest;
use crate::security::renewal::Turns;

/// A request for the socket.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its bytes; the correlation id is given here, at the time of writing.
    pub(crate) frame: Frame,
    /// Who wants the answer; `None` for a request that gets none (`acks=0`).
    pub(crate) answer: Option<Answer>,
    /// How long an answer may take, counted from writing.
    pub(crate) timeout: Duration,
}

/// Where the answer's frame goes.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The request, as Kafka names it.
    pub(crate) api: &'static str,
    /// The caller; gone if it lost interest.
    pub(crate) to: oneshot::Sender<Result<Bytes, Error>>,
}

/// What the task has to know.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Requests unanswered at a time.
    pub(crate) max_in_flight: usize,
    /// Longest answer in bytes.
    pub(crate) receive_max_bytes: usize,
}

/// A socket and what is under way on it.
pub(crate) struct Driver<S> {
    stream: S,
    broker: Arc<str>,
    limits: Limits,
    commands: mpsc::Receiver<Command>,
    inflight: Inflight<Answer>,
    /// Segments to write, the first one perhaps in part written.
    outgoing: VecDeque<Bytes>,
    incoming: BytesMut,
    timer: Pin<Box<Sleep>>,
    rest: Rest,
    turns: Turns,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// A driver for `stream`, fed through `commands`.
    pub(crate) fn new(
        stream: S,
        broker: Arc<str>,
        limits: Limits,
        rest: Rest,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            stream,
            broker,
            limits,
            commands,
            inflight: Inflight::new(),
            outgoing: VecDeque::new(),
            incoming: BytesMut::new(),
            timer: Box::pin(sleep_until(Instant::now())),
            rest,
            turns: Turns::default(),
        }
    }

    /// The same, with renewals of its session in between.
    pub(crate) fn with_turns(self, turns: Turns) -> Self {
        Self { turns, ..self }
    }

    /// Runs until the connection ends, then tells everybody who still waits.
    pub(crate) async fn run(mut self) {
        let end = std::future::poll_fn(|context| self.poll(context)).await;
        self.finish(end);
    }

    /// The same, and ends when `renewal` does: nobody may use the connection any more.
    pub(crate) async fn run_with(mut self, renewal: impl Future<Output = Error>) {
        let end = tokio::select! {
            biased;
            end = std::future::poll_fn(|context| self.poll(context)) => end,
            error = renewal => Err(error),
        };
        self.finish(end);
    }

    fn finish(mut self, end: Result<(), Error>) {
        match &end {
            Ok(()) => tracing::debug!(broker = %self.broker, "connection closed: not used"),
            Err(error) => {
                let error = crate::error::chain(error);
                tracing::debug!(broker = %self.broker, in_flight = self.inflight.len(), %error, "connection ended");
            }
        }
        let error = end.err().unwrap_or(Error::Closed);
        for answer in self.inflight.drain() {
            let _ = answer.to.send(Err(unanswered(&self.broker, &error)));
        }
        // What was never written is told apart: it is safe to send elsewhere.
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Some(answer) = command.answer {
                let _ = answer.to.send(Err(unsent(&self.broker, &error)));
            }
        }
    }

    /// `Ready(Ok)` once nothing is left to do, `Ready(Err)` when the connection has to end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            let open = self.take_commands(context);
            let wrote = self.write(context)?;
            let read = self.read(context)?;
            let is_quiet = self.outgoing.is_empty() && self.inflight.len() == 0;
            if !open && is_quiet {
                return Poll::Ready(Ok(()));
            }
            if wrote || read {
                continue;
            }
            if !is_quiet || self.rest.poll_idle(context).is_pending() {
                break;
            }
            // What is in line already is still sent.
            self.commands.close();
        }
        self.check_time(context)
    }

    /// Moves requests from the channel into the outgoing bytes; false once no more can come.
    fn take_commands(&mut self, context: &mut Context<'_>) -> bool {
        if self.rest.poll_unmuted(context).is_pending() {
            return true;
        }
        while self.inflight.len() < self.limits.max_in_flight && self.outgoing.len() < MAX_OUTGOING
        {
            match self.turns.poll_next(context) {
                Poll::Ready(Some(command)) => {
                    self.accept_behind(command);
                    continue;
                }
                Poll::Ready(None) => {}
                Poll::Pending => return true,
            }
            match self.commands.poll_recv(context) {
                Poll::Ready(Some(command)) => self.accept(command),
                Poll::Ready(None) => return false,
                Poll::Pending => break,
            }
        }
        true
    }

    fn accept(
        &mut self,
        Command {
            mut frame,
            answer,
            timeout,
        }: Command,
    ) {
        if answer.as_ref().is_some_and(|answer| answer.to.is_closed()) {
            // Not a byte of it is written, and nobody waits for it any more.
            return;
        }
        let id = self.inflight.next_id();
        frame.set_correlation_id(id);
        self.outgoing.extend(frame.into_segments());
        if let Some(answer) = answer {
            self.inflight.sent(id, answer, timeout, Instant::now());
        }
    }

    /// A request of a renewal. The broker may hold back the answers before it for as long as their senders wait, so it has its time after them.
    fn accept_behind(&mut self, mut command: Command) {
        if let Some(last) = self.inflight.last_deadline() {
            command.timeout += last.saturating_duration_since(Instant::now());
        }
        self.accept(command);
    }

    /// Writes what the socket takes; true if that was anything.
    fn write(&mut self, context: &mut Context<'_>) -> Result<bool, Error> {
        let mut progress = false;
        while !self.outgoing.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = self.outgoing.len().min(MAX_SLICES);
            for (slice, segment) in slices.iter_mut().zip(&self.outgoing) {
                *slice = IoSlice::new(segment);
            }
            let slices = slices.get(..count).unwrap_or_default();
            match Pin::new(&mut self.stream).poll_write_vectored(context, slices) {
                Poll::Ready(Ok(0)) => return Err(self.broken(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    advance(&mut self.outgoing, written);
                    progress = true;
                }
                Poll::Ready(Err(error)) => return Err(self.broken(error)),
                Poll::Pending => return Ok(progress),
            }
        }
        if progress && let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(context)
        {
            return Err(self.broken(error));
        }
        Ok(progress)
    }

    /// Reads until the socket has no more and hands out whole frames; true if a frame was among it.
    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, Error> {
        let mut progress = false;
        loop {
            let room = self.room()?;
            self.incoming.reserve(room);
            // No more than that: the start of a large frame in what is left of the last one's buffer would have to be copied out of it.
            let mut incoming = (&mut self.incoming).limit(room);
            match poll_read_buf(Pin::new(&mut self.stream), context, &mut incoming) {
                Poll::Ready(Ok(0)) => return Err(self.broken(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(Ok(_)) => progress |= self.hand_out()?,
                Poll::Ready(Err(error)) => return Err(self.broken(error)),
                Poll::Pending => return Ok(progress),
            }
        }
    }

    /// Bytes to make room for: the rest of the frame at hand, but not everything that a length merely claims, and a little more: a read
    /// that does not fill its room shows that the socket is empty, which saves asking it again.
    fn room(&self) -> Result<usize, Error> {
        let length = frame_length(&self.incoming, self.limits.receive_max_bytes)
            .map_err(|error| self.not_kafka(error))?;
        let missing = length.map_or(0, |length| (4 + length).saturating_sub(self.incoming.len()));
        Ok(missing.min(self.incoming.len().max(TRUSTED_LENGTH)) + READ_AHEAD)
    }

    fn hand_out(&mut self) -> Result<bool, Error> {
        let mut progress = false;
        while let Some(frame) = split_frame(&mut self.incoming, self.limits.receive_max_bytes)
            .map_err(|error| self.not_kafka(error))?
        {
            let Some(answer) = correlation_id(&frame).and_then(|id| self.inflight.answered(id))
            else {
                return Err(self.broken(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "an answer that nobody asked for",
                )));
            };
            // An error means that the caller lost interest.
            let _ = answer.to.send(Ok(frame));
            progress = true;
        }
        // A session that is renewed does not make an idle connection a used one.
        if progress && !self.turns.is_taken() {
            self.rest.answered();
        }
        Ok(progress)
    }

    fn check_time(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(deadline) = self.inflight.deadline() else {
            return Poll::Pending;
        };
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        ready!(self.timer.as_mut().poll(context));
        let Some(late) = self.inflight.expire(Instant::now()) else {
            return Poll::Pending;
        };
        let (api, broker, after) = (late.request.api, self.broker.clone(), late.timeout);
        let _ = late
            .request
            .to
            .send(Err(Error::Timeout { api, broker, after }));
        Poll::Ready(Err(self.broken(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("{api} was not answered"),
        ))))
    }

    #[cold]
    fn broken(&self, error: io::Error) -> Error {
        Error::Disconnected {
            broker: self.broker.clone(),
            source: Arc::new(error),
        }
    }

    #[cold]
    fn not_kafka(&self, source: kafka_wire::FrameError) -> Error {
        Error::NotKafka {
            broker: self.broker.clone(),
            source,
        }
    }
}

/// The error for a request that was written when the connection ended with `end`.
fn unanswered(broker: &Arc<str>, end: &Error) -> Error {
    if end.is_about_login() {
        return Error::Disconnected {
            broker: broker.clone(),
            source: Arc::new(io::Error::other(end.clone())),
        };
    }
    end.clone()
}

/// The error for a request that was still in line when the connection ended with `end`.
fn unsent(broker: &Arc<str>, end: &Error) -> Error {
    match end {
        Error::Disconnected { source, .. } => Error::Connect {
            broker: broker.clone(),
            source: source.clone(),
        },
        _ if end.is_about_login() => end.clone(),
        _ => Error::Connect {
            broker: broker.clone(),
            source: Arc::new(io::ErrorKind::NotConnected.into()),
        },
    }
}

fn advance(outgoing: &mut VecDeque<Bytes>, mut written: usize) {
    while let Some(first) = outgoing.front_mut() {
        if written < first.len() {
            first.advance(written);
            return;
        }
        written -= first.len();
        outgoing.pop_front();
    }
}

/// Segments handed to one vectored write.
const MAX_SLICES: usize = 64;
/// Segments in line for the socket; beyond, requests wait in their channel.
const MAX_OUTGOING: usize = 256;
/// Room for answers of unknown length.
const READ_AHEAD: usize = 8 << 10;
/// A length up to this is believed at once; a larger frame gets room as its bytes arrive.
const TRUSTED_LENGTH: usize = 16 << 20;

#[cfg(test)]
mod tests;
