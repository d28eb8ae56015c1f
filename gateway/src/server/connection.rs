//! One connection: hyper over the guard, until either side is done.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::accept::Place;
use super::guard::{Guard, Patience};
use super::head::{MAX_HEADERS, Refusal};
use super::line::Line;
use super::sent::Sent;
use crate::http::{Peer, Problem, Reply};
use crate::observe::Exchange;

/// What answers the requests of a listener.
pub(crate) trait Answer: Send + Sync + 'static {
    /// Answers one request. `refusal` is why it is no request at all; then the request itself is a stand-in.
    /// Dropping the future is the client going away.
    fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: &Arc<Peer>,
        refusal: Option<Problem>,
    ) -> impl Future<Output = (Reply, Option<Exchange>)> + Send;
}

/// The signs that end a connection from our side.
#[derive(Debug, Clone)]
pub(super) struct Signs {
    /// Finish what is under way, then close; close at once when nothing is.
    pub(super) drain: CancellationToken,
    /// Close at once.
    pub(super) cut: CancellationToken,
}

/// Answers the requests of one connection in order until it is over.
pub(super) async fn serve<A: Answer>(
    (socket, place): (TcpStream, Place),
    peer: Arc<Peer>,
    patience: Patience,
    answer: Arc<A>,
    signs: Signs,
) {
    let line = Line::new(peer);
    let guard = Guard::new(socket, place, Arc::clone(&line), patience);
    let service = service_fn(move |request| {
        let refusal = line.begin();
        let (answer, line) = (Arc::clone(&answer), Arc::clone(&line));
        async move {
            let problem = refusal.and_then(Refusal::problem);
            let (reply, exchange) = answer.answer(request, line.peer(), problem).await;
            Ok::<_, Infallible>(reply.map(|body| Sent::new(body, line, exchange)))
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_buf_size(patience.max_head_bytes + 16 * 1024)
        .serve_connection(TokioIo::new(guard), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return log(ended),
        () = signs.drain.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        ended = connection => log(ended),
        () = signs.cut.cancelled() => {}
    }
}

/// Clients go away in every possible way; none of them is worth more than a debug line.
fn log(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
