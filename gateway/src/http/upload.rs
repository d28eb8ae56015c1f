//! The body of a request, read within the limits or not at all.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Incoming};
use tokio::time::{Instant, timeout};

use super::Problem;

/// How much of a body is read, and how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Longest body (G-44), `http.max_body_bytes`.
    pub max_bytes: usize,
    /// Longest time without progress (G-41), `http.body_timeout_ms`.
    pub stall: Duration,
    /// Lowest average speed after the first 10 seconds, in bytes per second (G-41), `http.body_min_rate`; 0 for none.
    pub min_rate: u64,
}

/// The body of a request that nobody has read yet. A plugin that does not want it leaves it alone: the server
/// drains a short one and closes the connection after the answer to a long one (G-12).
pub struct Upload<B = Incoming> {
    body: B,
    limits: UploadLimits,
    /// Whether the client waits for `100 Continue`, which is sent when the body is first read (G-8).
    expects_continue: bool,
    is_over: bool,
}

impl<B: HttpBody<Data = Bytes> + Unpin> Upload<B> {
    /// A body that has not been touched.
    pub fn new(body: B, limits: UploadLimits, expects_continue: bool) -> Upload<B> {
        let is_over = body.is_end_stream();
        Upload {
            body,
            limits,
            expects_continue,
            is_over,
        }
    }

    /// Whether there is nothing (more) to read.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The whole body; empty when there is none, or when it was read before. One that arrived in one piece is not
    /// copied. Fails with 413 before a byte is read when `Content-Length` says so, with 408 when the client is too
    /// slow, with 400 when the framing is broken or the client is gone. Dropping the future loses what was read.
    pub async fn read(&mut self) -> Result<Bytes, Problem> {
        if self
            .declared()
            .is_some_and(|length| length > self.limits.max_bytes)
        {
            return Err(Problem::PayloadTooLarge);
        }
        let mut pace = Pace::new(self.limits.min_rate);
        let Some(first) = self.chunk(&mut pace).await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk(&mut pace).await? else {
            return Ok(first);
        };
        let mut whole = BytesMut::with_capacity(first.len() + second.len());
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while let Some(chunk) = self.chunk(&mut pace).await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// Reads and forgets the rest if it is short: at most [`DRAIN_BYTES`] within [`DRAIN_TIME`]. False when there is
    /// more, or when the client would have to be asked for it first; then the connection is of no further use.
    pub(crate) async fn drain(&mut self) -> bool {
        if self.is_over {
            return true;
        }
        if self.expects_continue || self.declared().is_some_and(|length| length > DRAIN_BYTES) {
            return false;
        }
        self.limits.max_bytes = DRAIN_BYTES;
        let everything = async {
            let mut pace = Pace::new(0);
            while let Ok(Some(_)) = self.chunk(&mut pace).await {}
        };
        let _ = timeout(DRAIN_TIME, everything).await;
        self.is_over
    }

    /// What `Content-Length` says is still to come.
    fn declared(&self) -> Option<usize> {
        let exact = self.body.size_hint().exact()?;
        Some(usize::try_from(exact).unwrap_or(usize::MAX))
    }

    /// The next piece; `None` at the end.
    async fn chunk(&mut self, pace: &mut Pace) -> Result<Option<Bytes>, Problem> {
        while !self.is_over {
            self.expects_continue = false;
            let frame = timeout(self.limits.stall, self.body.frame())
                .await
                .map_err(|_| Problem::RequestTimeout)?;
            let Some(frame) = frame else {
                self.is_over = true;
                break;
            };
            let frame = frame.map_err(|_| Problem::BadRequest)?;
            self.is_over = self.body.is_end_stream();
            // Trailers are limited as headers and dropped (G-3).
            if let Ok(data) = frame.into_data() {
                pace.received(data.len())?;
                if pace.bytes > self.limits.max_bytes {
                    return Err(Problem::PayloadTooLarge);
                }
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// How fast a body comes.
struct Pace {
    started: Instant,
    min_rate: u64,
    bytes: usize,
}

impl Pace {
    fn new(min_rate: u64) -> Pace {
        Pace {
            started: Instant::now(),
            min_rate,
            bytes: 0,
        }
    }

    fn received(&mut self, bytes: usize) -> Result<(), Problem> {
        self.bytes = self.bytes.saturating_add(bytes);
        let elapsed = self.started.elapsed();
        let due = self.min_rate.saturating_mul(elapsed.as_secs());
        if elapsed > GRACE && u64::try_from(self.bytes).unwrap_or(u64::MAX) < due {
            return Err(Problem::RequestTimeout);
        }
        Ok(())
    }
}

/// Time before the speed of a body counts (G-41).
const GRACE: Duration = Duration::from_secs(10);

/// Longest rest of a body that is read only to keep the connection (G-12).
const DRAIN_BYTES: usize = 64 * 1024;

/// Longest time spent on that.
const DRAIN_TIME: Duration = Duration::from_secs(1);

impl<B> fmt::Debug for Upload<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("limits", &self.limits)
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
