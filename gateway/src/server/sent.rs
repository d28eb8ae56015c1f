//! The body of an answer on its way out: counted, contained, and accounted for when it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::line::Line;
use crate::http::{Body, Cut};
use crate::observe::Exchange;

/// What hyper sends. Dropped when the last frame was handed over, or when the client is gone.
#[derive(Debug)]
pub(super) struct Sent {
    body: Body,
    line: Arc<Line>,
    exchange: Option<Exchange>,
}

impl Sent {
    /// An answer by `line`; `exchange` writes itself to the log when it ends.
    pub(super) fn new(body: Body, line: Arc<Line>, exchange: Option<Exchange>) -> Sent {
        Sent {
            body,
            line,
            exchange,
        }
    }

    /// The next frame; a panic in a stream cuts that stream alone (G-66).
    fn poll_contained(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if !self.body.is_stream() {
            return Pin::new(&mut self.body).poll_frame(context);
        }
        let body = AssertUnwindSafe(&mut self.body);
        let context = AssertUnwindSafe(context);
        let polled = catch_unwind(move || {
            let (body, context) = (body, context);
            Pin::new(body.0).poll_frame(context.0)
        });
        polled.unwrap_or_else(|_| {
            if let Some(exchange) = &self.exchange {
                exchange.panicked();
            }
            self.body = Body::empty();
            Poll::Ready(Some(Err(Cut)))
        })
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let frame = ready!(self.poll_contained(context));
        if let Some(exchange) = &mut self.exchange {
            match &frame {
                Some(Ok(frame)) => exchange.sent(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(Cut)) => exchange.cut(),
                None => {}
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.line.end();
        if let Some(exchange) = self.exchange.take() {
            exchange.end(self.body.is_end_stream());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt as _;
    use tokio::time::Instant;

    use super::*;
    use crate::http::{Peer, RequestId};
    use crate::observe::Metrics;

    /// A stream that is a bug.
    struct Bug;

    impl HttpBody for Bug {
        type Data = Bytes;
        type Error = Cut;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
            panic!("a bug of ours");
        }
    }

    #[tokio::test]
    async fn g66_a_panic_in_a_stream_cuts_that_stream_and_is_counted() {
        let metrics = Arc::new(Metrics::new());
        let peer = Peer::new("127.0.0.1:1".parse().unwrap(), Duration::from_secs(1));
        let client = peer.ip();
        let exchange = Exchange::new(
            Arc::clone(&metrics),
            RequestId::random(),
            client,
            Instant::now(),
            None,
            None,
            None,
        );
        let mut sent = Sent::new(Body::stream(Bug), Line::new(peer), Some(exchange));
        assert!(matches!(sent.frame().await, Some(Err(Cut))));
        drop(sent);
        assert_eq!((metrics.panics.get(), metrics.cut.get()), (1, 1));
    }
}
