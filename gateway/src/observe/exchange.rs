//! One request and its answer, from the complete head to the last byte handed over.

use std::net::IpAddr;
use std::sync::Arc;

use http::{Method, StatusCode, Uri};
use tokio::time::Instant;

use super::metrics::{Answered, Metrics, OfRoute};
use crate::config::snapshot::RouteEntry;
use crate::http::RequestId;

/// What the meters and the access log are told of a request, once, when its answer ends.
#[derive(Debug)]
pub struct Exchange {
    metrics: Arc<Metrics>,
    id: RequestId,
    client: IpAddr,
    started: Instant,
    /// What was asked; `None` when it was no request.
    method: Option<Method>,
    uri: Option<Uri>,
    route: Option<Arc<RouteEntry>>,
    status: StatusCode,
    bytes: u64,
    is_cut: bool,
}

impl Exchange {
    /// A request whose head was complete at `started`.
    pub fn new(
        metrics: Arc<Metrics>,
        id: RequestId,
        client: IpAddr,
        started: Instant,
        method: Option<Method>,
        uri: Option<Uri>,
        route: Option<Arc<RouteEntry>>,
    ) -> Exchange {
        Exchange {
            metrics,
            id,
            client,
            started,
            method,
            uri,
            route,
            status: StatusCode::OK,
            bytes: 0,
            is_cut: false,
        }
    }

    /// The answer's head is known.
    pub fn answered(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// Bytes of the answer's body were handed over.
    pub fn sent(&mut self, bytes: usize) {
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// The answer could not be completed.
    pub fn cut(&mut self) {
        self.is_cut = true;
    }

    /// A panic cut the answer.
    pub fn panicked(&self) {
        self.metrics.panics.inc();
    }

    /// The answer has ended; `complete` is false when the client was gone first.
    pub fn end(self, complete: bool) {
        let elapsed = self.started.elapsed();
        let is_cut = self.is_cut || !complete;
        let route = self.route_name();
        let metrics = &self.metrics;
        metrics
            .requests
            .get_or_create(&Answered {
                route: route.clone(),
                status: self.status.as_u16(),
            })
            .inc();
        metrics
            .request_seconds
            .get_or_create(&OfRoute {
                route: route.clone(),
            })
            .observe(elapsed.as_secs_f64());
        metrics.response_bytes.inc_by(self.bytes);
        if is_cut {
            metrics.cut.inc();
        }
        tracing::info!(
            target: super::access::TARGET,
            request_id = self.id.as_str(),
            client_ip = %self.client,
            method = self.method.as_ref().map_or("", Method::as_str),
            // Never the query: keys and tokens travel there (G-35).
            path = self.uri.as_ref().map_or("", Uri::path),
            route = route.as_str(),
            status = self.status.as_u16(),
            bytes = self.bytes,
            duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            complete = !is_cut,
        );
    }

    /// The route as the configuration calls it.
    fn route_name(&self) -> String {
        let Some(entry) = &self.route else {
            return String::new();
        };
        entry
            .route
            .name
            .clone()
            .unwrap_or_else(|| entry.route.id.to_string())
    }
}
