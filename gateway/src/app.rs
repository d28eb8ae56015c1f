//! From a request to its answer: checked, routed, given to the plugin that answers, and finished.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use http::header::{CONNECTION, EXPECT, HOST, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use hyper::body::Incoming;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::plugin::Plugin;
use crate::config::route::Scheme;
use crate::config::snapshot::{RouteEntry, Snapshot};
use crate::http::{Peer, Problem, Reply, RequestId, Upload, UploadLimits, finish, strip_identity};
use crate::observe::{Exchange, Metrics};
use crate::plugins::{Call, Plugins, Shared};
use crate::routing::{self, RequestKey};
use crate::server::Answer;
use crate::settings::Settings;

/// The gateway without its sockets.
#[derive(Debug)]
pub(crate) struct App {
    shared: Shared,
    snapshot: ArcSwap<Snapshot>,
    plugins: Plugins,
}

impl App {
    pub(crate) fn new(settings: Arc<Settings>, snapshot: Snapshot) -> App {
        let shared = Shared {
            settings,
            metrics: Arc::new(Metrics::new()),
            drain: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        App {
            plugins: Plugins::new(&shared),
            shared,
            snapshot: ArcSwap::from_pointee(snapshot),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// Swaps the configuration (design, invariant 10).
    pub(crate) fn apply(&self, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        self.snapshot.store(Arc::clone(&snapshot));
        self.plugins.retain(&snapshot);
    }

    /// The route that takes the request.
    fn route(&self, parts: &Parts) -> Result<Arc<RouteEntry>, Problem> {
        let uri = &parts.uri;
        if uri.path() == "*" {
            return Err(Problem::NoRoute);
        }
        let path = routing::normalise(uri.path()).map_err(|_| Problem::BadRequest)?;
        let host = parts
            .headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let (host, port) = routing::split_port(host).ok_or(Problem::BadRequest)?;
        let key = RequestKey {
            method: parts.method.as_str(),
            host,
            port,
            path: &path,
            headers: &parts.headers,
            scheme: SCHEME,
        };
        let entry = self
            .snapshot
            .load()
            .router
            .find(&key)
            .cloned()
            .ok_or(Problem::NoRoute)?;
        match entry.route.https_required(SCHEME) {
            None => Ok(entry),
            Some(status) => Err(Problem::HttpsRequired {
                status,
                location: format!("https://{host}{}", target(uri)),
            }),
        }
    }

    fn limits(&self) -> UploadLimits {
        let http = &self.shared.settings.http;
        UploadLimits {
            max_bytes: http.max_body_bytes,
            stall: http.body_timeout,
            min_rate: http.body_min_rate,
        }
    }

    /// The answer of the plugin with the highest priority; a panic in it is an answer too (G-66).
    async fn ask(&self, call: &mut Call) -> Result<Reply, Problem> {
        let route = Arc::clone(&call.route);
        let Some(plugin) = route.plugins.iter().find(|plugin| runs(plugin)) else {
            return Err(Problem::NoService);
        };
        contained(&self.shared.metrics, self.plugins.answer(plugin, call)).await
    }
}

/// An answer, or 500 if making it panics: the process and its other requests live on (G-66).
async fn contained(
    metrics: &Metrics,
    answer: impl Future<Output = Result<Reply, Problem>>,
) -> Result<Reply, Problem> {
    AssertUnwindSafe(answer)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            metrics.panics.inc();
            Err(Problem::Internal)
        })
}

/// Requests come in the clear: there is no TLS listener yet.
const SCHEME: Scheme = Scheme::Http;

/// Whether a plugin is meant for requests of our scheme.
fn runs(plugin: &Plugin) -> bool {
    plugin
        .protocols
        .iter()
        .any(|protocol| !protocol.is_secure())
}

/// Path and query as they were written.
fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

impl Answer for App {
    async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: &Arc<Peer>,
        refusal: Option<Problem>,
    ) -> (Reply, Option<Exchange>) {
        let arrival = Arrival {
            id: RequestId::random(),
            started: Instant::now(),
            client: peer.ip(),
        };
        if let Some(problem) = refusal {
            let reply = problem.reply(&HeaderMap::new(), &arrival.id);
            let exchange = arrival.exchange(self, None, None, None);
            return arrival.send(reply, exchange);
        }
        let (mut parts, body) = request.into_parts();
        strip_identity(&mut parts.headers);
        let expects_continue = parts.headers.contains_key(EXPECT);
        let mut upload = Upload::new(body, self.limits(), expects_continue);
        match self.route(&parts) {
            Ok(route) => {
                self.answer_on_route(route, parts, upload, peer, arrival)
                    .await
            }
            Err(problem) => {
                let mut reply = problem.reply(&parts.headers, &arrival.id);
                finish_reading(&mut reply, &mut upload).await;
                let exchange = arrival.exchange(self, Some(parts.method), Some(parts.uri), None);
                arrival.send(reply, exchange)
            }
        }
    }
}

impl App {
    async fn answer_on_route(
        &self,
        route: Arc<RouteEntry>,
        mut parts: Parts,
        body: Upload,
        peer: &Arc<Peer>,
        arrival: Arrival,
    ) -> (Reply, Option<Exchange>) {
        let exchange = arrival.exchange(
            self,
            Some(parts.method.clone()),
            Some(parts.uri.clone()),
            Some(Arc::clone(&route)),
        );
        let wants_upgrade = wants_websocket(&parts);
        let mut call = Call {
            upgrade: wants_upgrade.then(|| parts.extensions.remove()).flatten(),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
            id: arrival.id,
            started: arrival.started,
            scheme: SCHEME,
            client: arrival.client,
            peer: Arc::clone(peer),
            route,
        };
        let answer = self.ask(&mut call).await;
        let mut reply = answer.unwrap_or_else(|problem| problem.reply(&call.headers, &call.id));
        if wants_upgrade && reply.status() != StatusCode::SWITCHING_PROTOCOLS {
            // After a WebSocket was asked for, nothing more is read as HTTP (G-7).
            close(&mut reply);
        }
        finish_reading(&mut reply, &mut call.body).await;
        arrival.send(reply, exchange)
    }
}

/// What is known of a request at once.
struct Arrival {
    id: RequestId,
    started: Instant,
    client: IpAddr,
}

impl Arrival {
    fn exchange(
        &self,
        app: &App,
        method: Option<Method>,
        uri: Option<Uri>,
        route: Option<Arc<RouteEntry>>,
    ) -> Exchange {
        Exchange::new(
            Arc::clone(&app.shared.metrics),
            self.id,
            self.client,
            self.started,
            method,
            uri,
            route,
        )
    }

    fn send(self, mut reply: Reply, mut exchange: Exchange) -> (Reply, Option<Exchange>) {
        finish(&mut reply, &self.id, self.started);
        exchange.answered(reply.status());
        (reply, Some(exchange))
    }
}

/// Reads what the plugin left of a body, or ends the connection with this answer (G-12).
async fn finish_reading(reply: &mut Reply, body: &mut Upload) {
    let is_closing = reply
        .headers()
        .get(CONNECTION)
        .is_some_and(|value| value == "close");
    if !is_closing && !body.drain().await {
        close(reply);
    }
}

/// The connection ends with this answer.
fn close(reply: &mut Reply) {
    reply
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Whether the guard has let go of the connection for a WebSocket; it goes by the same facts.
fn wants_websocket(parts: &Parts) -> bool {
    parts.method == Method::GET
        && parts
            .headers
            .get_all(UPGRADE)
            .iter()
            .any(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

#[tokio::test]
async fn g66_a_panic_is_an_answer_and_is_counted() {
    let metrics = Metrics::new();
    let panicking = async {
        tokio::task::yield_now().await;
        panic!("a bug of ours");
    };
    assert_eq!(
        contained(&metrics, panicking).await.map(|_| ()),
        Err(Problem::Internal)
    );
    assert_eq!(metrics.panics.get(), 1);
    let fine = async { Err(Problem::NoService) };
    assert_eq!(
        contained(&metrics, fine).await.map(|_| ()),
        Err(Problem::NoService)
    );
    assert_eq!(metrics.panics.get(), 1);
}
