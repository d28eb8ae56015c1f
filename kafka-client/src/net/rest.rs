//! When a connection does nothing: while its broker holds it back, and so long without use that it ends.
//!
//! The timers of the socket's task for both. They cost nothing while requests are under way.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::net::usage::Usage;

/// The timers and what they go by.
#[derive(Debug)]
pub(crate) struct Rest {
    usage: Arc<Usage>,
    /// `None` if it never ends for want of use.
    max_idle: Option<Duration>,
    idle: Pin<Box<Sleep>>,
    mute: Pin<Box<Sleep>>,
}

impl Rest {
    /// Of a connection that ends `max_idle` after its last use; never if that is zero.
    pub(crate) fn new(usage: Arc<Usage>, max_idle: Duration) -> Self {
        let now = Instant::now();
        Self {
            usage,
            max_idle: (!max_idle.is_zero()).then_some(max_idle),
            idle: Box::pin(sleep_until(now)),
            mute: Box::pin(sleep_until(now)),
        }
    }

    /// Answers came in.
    pub(crate) fn answered(&self) {
        self.usage.touch(Instant::now());
    }

    /// Pending while the broker wants nothing (KIP-219).
    #[inline]
    pub(crate) fn poll_unmuted(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(until) = self.usage.muted_until(Instant::now) {
            if self.mute.deadline() != until {
                self.mute.as_mut().reset(until);
            }
            ready!(self.mute.as_mut().poll(context));
        }
        Poll::Ready(())
    }

    /// Ready, once, when the connection has to end because nobody uses it. Only to be asked while nothing is under way.
    pub(crate) fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(limit) = self.max_idle else {
                return Poll::Pending;
            };
            ready!(self.idle.as_mut().poll(context));
            match self.usage.end_if_idle(limit, Instant::now()) {
                Ok(()) => {
                    self.max_idle = None;
                    return Poll::Ready(());
                }
                Err(due) => self.idle.as_mut().reset(due),
            }
        }
    }
}
