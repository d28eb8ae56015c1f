//! http-get: one JSON answer per request (kong-consume.md §2).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;

use super::{Request, render, trouble};
use crate::http::{Body, Cut, Peer, Problem, Reply, Written, json};
use crate::hub::{Failure, Limits, Wish};
use crate::plugins::Call;

/// Answers with records. Dropping the future, or the answer before its last byte, leaves them for the next request.
pub(super) async fn answer(request: &Request<'_>, call: &Call) -> Result<Reply, Problem> {
    let source = request.source(request.client(call)?, call);
    // The member reads all topics, whatever this request wants of them.
    let topics = source.topics.clone();
    let mut member = source;
    member.topics = request
        .config
        .topics
        .iter()
        .map(|topic| topic.name.clone())
        .collect();
    let wish = wish(request, topics.clone());
    let taken = request
        .consume
        .hub
        .take(request.plugin, &member, wish)
        .await;
    let taken = taken.map_err(|failure| failed(request, call, &failure))?;
    let style = request.style();
    let counters = request.consume.counters(request.plugin, &topics);
    for portion in &taken.portions {
        counters.add(&portion.partition.topic, portion.count);
    }
    let bytes = render::answer(&topics, &taken.portions, &style).freeze();
    let body = Receipted {
        bytes,
        receipt: Some(taken.receipt),
        peer: Arc::clone(&call.peer),
    };
    Ok(json(StatusCode::OK, Body::stream(body)))
}

fn wish(request: &Request<'_>, topics: Vec<String>) -> Wish {
    let consume = &request.consume.shared.settings.consume;
    Wish {
        topics,
        limits: Limits {
            records: request.parameters.max.unwrap_or(consume.max_records).max(1),
            bytes: consume.max_bytes,
            record_bytes: consume.record_max_bytes,
        },
        wait: request.parameters.wait.unwrap_or(consume.max_wait),
        commits: request.commits(),
    }
}

fn failed(request: &Request<'_>, call: &Call, failure: &Failure) -> Problem {
    match failure {
        Failure::Kafka(error) => request.failed(error, call),
        Failure::Join => {
            let text = trouble::failure_text(failure);
            tracing::error!(request_id = %call.id, reason = text, "records cannot be consumed");
            Problem::BadGateway(request.public(&text).into())
        }
        Failure::Closed => Problem::Draining,
    }
}

/// An answer that gives its receipt back when its last byte is handed to the connection.
struct Receipted {
    bytes: Bytes,
    receipt: Option<oneshot::Sender<Written>>,
    peer: Arc<Peer>,
}

impl HttpBody for Receipted {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let Some(receipt) = self.receipt.take() else {
            return Poll::Ready(None);
        };
        // Nobody waits for the receipt of an answer without records.
        let _ = receipt.send(self.peer.mark());
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.receipt.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }
}
