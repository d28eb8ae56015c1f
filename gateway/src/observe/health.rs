//! Alive, ready, metrics: what load balancers, orchestrators and Prometheus ask (G-60). Tells no detail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{Exchange, Metrics};
use crate::http::{Peer, Problem, Reply, RequestId, finish, json};
use crate::server::Answer;

/// Where the process stands in its life.
#[derive(Debug)]
pub(crate) struct State(AtomicU8);

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

impl State {
    pub(crate) fn new() -> State {
        State(AtomicU8::new(STARTING))
    }

    /// Configuration loaded, listeners open.
    pub(crate) fn set_ready(&self) {
        self.0.store(READY, Ordering::Release);
    }

    /// The end has begun.
    pub(crate) fn set_draining(&self) {
        self.0.store(DRAINING, Ordering::Release);
    }

    /// Kafka being down does not make the gateway unready: it could not be cured by sending clients elsewhere.
    fn ready(&self) -> Reply {
        match self.0.load(Ordering::Acquire) {
            READY => json(StatusCode::OK, OK),
            STARTING => json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"starting"}"#),
            _ => json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"draining"}"#),
        }
    }
}

const OK: &str = r#"{"status":"ok"}"#;

/// The answers of the health listener.
#[derive(Debug)]
pub(crate) struct Health {
    state: Arc<State>,
    metrics: Arc<Metrics>,
}

impl Health {
    pub(crate) fn new(state: Arc<State>, metrics: Arc<Metrics>) -> Health {
        Health { state, metrics }
    }

    fn of(&self, path: &str) -> Option<Reply> {
        match path {
            "/health/live" => Some(json(StatusCode::OK, OK)),
            "/health/ready" => Some(self.state.ready()),
            "/metrics" => {
                let mut reply = json(StatusCode::OK, self.metrics.render());
                reply.headers_mut().insert(CONTENT_TYPE, METRICS);
                Some(reply)
            }
            _ => None,
        }
    }
}

/// The text format that the `prometheus-client` crate writes.
const METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

impl Answer for Health {
    async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        _peer: &Arc<Peer>,
        refusal: Option<Problem>,
    ) -> (Reply, Option<Exchange>) {
        let (id, started) = (RequestId::random(), Instant::now());
        let problem = |problem: Problem| problem.reply(&HeaderMap::new(), &id);
        let mut reply = match (refusal, request.method()) {
            (Some(refusal), _) => problem(refusal),
            (None, &Method::GET | &Method::HEAD) => self
                .of(request.uri().path())
                .unwrap_or_else(|| json(StatusCode::NOT_FOUND, r#"{"message":"Not found"}"#)),
            (None, _) => problem(Problem::MethodNotAllowed("GET, HEAD")),
        };
        finish(&mut reply, &id, started);
        (reply, None)
    }
}
