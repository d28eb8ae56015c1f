//! An answer on its way: whoever asked awaits it, and it is decoded where it is awaited.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::{Message as _, Request, decode_response};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::Error;
use crate::net::usage::Usage;

/// An answer on its way. Dropping it forgets the answer; the request stands.
#[derive(Debug)]
pub(crate) struct Pending<R> {
    receiver: oneshot::Receiver<Result<Bytes, Error>>,
    broker: Arc<str>,
    usage: Arc<Usage>,
    version: i16,
    request: PhantomData<fn() -> R>,
}

impl<R: Request> Pending<R> {
    /// The answer that `receiver` will bring, to a request in `version`.
    pub(crate) fn new(
        receiver: oneshot::Receiver<Result<Bytes, Error>>,
        broker: Arc<str>,
        usage: Arc<Usage>,
        version: i16,
    ) -> Self {
        Self {
            receiver,
            broker,
            usage,
            version,
            request: PhantomData,
        }
    }

    /// The answer's bytes, not decoded.
    pub(crate) async fn frame(self) -> Result<Bytes, Error> {
        self.receiver
            .await
            .unwrap_or_else(|_| Err(lost(&self.broker)))
    }
}

impl<R: Request> Future for Pending<R> {
    type Output = Result<R::Response, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.receiver).poll(context));
        let frame = answer.unwrap_or_else(|_| Err(lost(&self.broker)))?;
        let decoded = decode::<R>(&frame, self.version, &self.broker);
        match &decoded {
            Ok(response) => {
                self.usage.answered(R::KEY);
                mute(&self.usage, response.throttle_time_ms());
            }
            // Whoever sends what cannot be read is not trusted with another request.
            Err(_) => self.usage.end(),
        }
        Poll::Ready(decoded)
    }
}

/// An answer's bytes as what they mean.
pub(crate) fn decode<R: Request>(
    frame: &Bytes,
    version: i16,
    broker: &Arc<str>,
) -> Result<R::Response, Error> {
    match decode_response::<R>(frame, version) {
        Ok((_, response)) => Ok(response),
        Err(source) => Err(Error::Malformed {
            broker: broker.clone(),
            source,
        }),
    }
}

/// A broker that has told how long it holds us back expects silence for that long (KIP-219). Those before 2.0 have held the answer back
/// already; that the wait is twice as long then harms nobody.
pub(crate) fn mute(usage: &Usage, throttle_time_ms: i32) {
    if let Ok(throttle_time_ms @ 1..) = u64::try_from(throttle_time_ms) {
        usage.mute(Instant::now() + Duration::from_millis(throttle_time_ms));
    }
}

/// The socket's task ended without a word: the client was shut down.
fn lost(broker: &Arc<str>) -> Error {
    Error::Disconnected {
        broker: broker.clone(),
        source: Arc::new(io::ErrorKind::ConnectionAborted.into()),
    }
}
