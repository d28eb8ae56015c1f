//! A connection that everybody may ask: it encodes requests in the version that this broker speaks, and decodes the answers.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_wire::{ApiRanges, ErrorCode, Message as _, Request, decode_response, encode_request};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ClientConfig;
use crate::error::Error;
use crate::net::driver::{Answer, Command, Driver, Limits};
use crate::net::resolve::Resolve;
use crate::net::rest::Rest;
use crate::net::stream::{self, Attempt};
use crate::net::usage::Usage;

/// One connection to one broker. Closed when the last handle is gone and the last answer is in.
#[derive(Debug)]
pub(crate) struct Connection {
    line: Line,
    node_id: i32,
    ranges: ApiRanges,
    request_timeout: Duration,
}

/// The way to a socket's task.
#[derive(Debug)]
struct Line {
    broker: Arc<str>,
    client_id: Arc<str>,
    usage: Arc<Usage>,
    /// Bounded: when it is full, senders wait; see [`COMMANDS`].
    commands: mpsc::Sender<Command>,
}

/// What a connection needs from its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// The client's configuration.
    pub(crate) config: Arc<ClientConfig>,
    /// Counts the tasks that own sockets.
    pub(crate) tasks: TaskTracker,
    /// Ends them all.
    pub(crate) stop: CancellationToken,
    /// Looks names up.
    pub(crate) resolver: Arc<dyn Resolve>,
}

impl Connection {
    /// Connects to `broker` (`host:port`), known as `node_id`, and learns what it speaks.
    pub(crate) async fn open(
        broker: Arc<str>,
        node_id: i32,
        around: &Surroundings,
        attempt: &mut Attempt,
    ) -> Result<Self, Error> {
        let mut line = Line::open(broker.clone(), around, attempt).await?;
        let ranges = match line
            .versions(*ApiVersionsRequest::VERSIONS.end(), around)
            .await
        {
            // Brokers before KIP-511 close the connection on a version they do not know, once.
            Err(Error::Disconnected { .. }) => {
                line = Line::open(broker, around, attempt).await?;
                line.versions(0, around).await?
            }
            other => other?,
        };
        let address = attempt.tried.map(tracing::field::display);
        tracing::debug!(broker = %line.broker, node_id, address, "connected");
        Ok(Self {
            line,
            node_id,
            ranges,
            request_timeout: around.config.request_timeout,
        })
    }

    /// The broker's number; -1 for a bootstrap server, whose number is not known yet.
    pub(crate) fn node_id(&self) -> i32 {
        self.node_id
    }

    /// `host:port` it is connected to.
    pub(crate) fn broker(&self) -> &Arc<str> {
        &self.line.broker
    }

    /// Whether it can be asked. If so, it does not end for want of use before the caller has had the time to ask.
    pub(crate) fn stands(&self) -> bool {
        !self.line.commands.is_closed() && self.line.usage.touch(Instant::now())
    }

    /// Whether it has answered anything but what it speaks.
    pub(crate) fn was_of_use(&self) -> bool {
        self.line.usage.has_answered()
    }

    /// Until when its broker holds us back (KIP-219); requests wait for that in line. `None` if it does not.
    pub(crate) fn muted_until(&self) -> Option<Instant> {
        self.line.usage.muted_until(Instant::now)
    }

    /// The version in which `R` is spoken with this broker.
    pub(crate) fn version_of<R: Request>(&self) -> Result<i16, Error> {
        self.version_up_to::<R>(i16::MAX)
    }

    /// The same, but not above `most`.
    pub(crate) fn version_up_to<R: Request>(&self, most: i16) -> Result<i16, Error> {
        let unsupported = |source| Error::Unsupported {
            broker: self.line.broker.clone(),
            source,
        };
        self.ranges.negotiate_up_to::<R>(most).map_err(unsupported)
    }

    /// The level of a feature that all nodes of the cluster use (KIP-584); 0 if they do not use it.
    pub(crate) fn feature(&self, name: &str) -> i16 {
        self.ranges.feature(name)
    }

    /// Sends a request and waits for its answer. Dropping the future after the request was written only forgets the answer.
    pub(crate) async fn call<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        self.send(request, self.request_timeout).await?.await
    }

    /// The same in a version that was chosen before.
    pub(crate) async fn call_in<R: Request>(
        &self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, Error> {
        let pending = self.send_in(request, version, self.request_timeout);
        pending.await?.await
    }

    /// Puts a request in line and returns what will be its answer, due within `timeout` of writing.
    pub(crate) async fn send<R: Request>(
        &self,
        request: &R,
        timeout: Duration,
    ) -> Result<Pending<R>, Error> {
        let version = self.version_of::<R>()?;
        self.send_in(request, version, timeout).await
    }

    /// The same in a version that was chosen before.
    pub(crate) async fn send_in<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<Pending<R>, Error> {
        self.line.send(request, version, timeout).await
    }

    /// Puts a request in line that gets no answer (`acks=0`).
    pub(crate) async fn send_only<R: Request>(&self, request: &R) -> Result<(), Error> {
        let version = self.version_of::<R>()?;
        self.line
            .queue(request, version, None, self.request_timeout)
            .await
    }
}

impl Line {
    async fn open(
        broker: Arc<str>,
        around: &Surroundings,
        attempt: &mut Attempt,
    ) -> Result<Self, Error> {
        let config = &around.config;
        let stream = stream::open(&broker, attempt, &*around.resolver)
            .await
            .map_err(|error| Error::Connect {
                broker: broker.clone(),
                source: Arc::new(error),
            })?;
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let limits = Limits {
            max_in_flight: config.max_in_flight,
            receive_max_bytes: config.receive_max_bytes,
        };
        let usage = Arc::new(Usage::new(Instant::now()));
        let rest = Rest::new(usage.clone(), config.connections_max_idle);
        let driver = Driver::new(stream, broker.clone(), limits, rest, receiver);
        let stop = around.stop.clone();
        around.tasks.spawn(async move {
            // Whoever still waits learns it from the dropped channel.
            let _ = stop.run_until_cancelled(driver.run()).await;
        });
        Ok(Self {
            broker,
            client_id: config.client_id.as_str().into(),
            usage,
            commands,
        })
    }

    /// What the broker speaks, asked in `version`. A broker that lacks it answers in version 0 with error 35 (KIP-511); one more
    /// try is made, in the version that it offers, and none after that.
    async fn versions(&self, version: i16, around: &Surroundings) -> Result<ApiRanges, Error> {
        let timeout = around.config.request_timeout;
        let request = ApiVersionsRequest {
            client_software_name: env!("CARGO_PKG_NAME").into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        let frame = self.send(&request, version, timeout).await?.frame().await?;
        let response = match decode::<ApiVersionsRequest>(&frame, version, &self.broker) {
            Ok(response) if response.error_code != ErrorCode::UNSUPPORTED_VERSION => response,
            // There is nothing below version 0.
            refusal if version == 0 => refusal?,
            _ => {
                let retry = offered_instead(&frame, version).unwrap_or(0);
                self.send(&request, retry, timeout).await?.await?
            }
        };
        mute(&self.usage, response.throttle_time_ms);
        response.error_code.check().map_err(|code| Error::Refused {
            api: ApiVersionsRequest::name(),
            subject: self.broker.to_string(),
            code,
            message: None,
        })?;
        Ok(ApiRanges::from_response(&response))
    }

    async fn send<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<Pending<R>, Error> {
        let (to, receiver) = oneshot::channel();
        self.queue(
            request,
            version,
            Some(Answer { api: R::name(), to }),
            timeout,
        )
        .await?;
        Ok(Pending {
            receiver,
            broker: self.broker.clone(),
            usage: self.usage.clone(),
            version,
            request: PhantomData,
        })
    }

    async fn queue<R: Request>(
        &self,
        request: &R,
        version: i16,
        answer: Option<Answer>,
        timeout: Duration,
    ) -> Result<(), Error> {
        let frame = encode_request(request, version, 0, Some(&self.client_id))
            .map_err(|source| Error::Unwritable { source })?;
        if !self.usage.touch(Instant::now()) {
            return Err(closed(&self.broker));
        }
        self.commands
            .send(Command {
                frame,
                answer,
                timeout,
            })
            .await
            .map_err(|_| closed(&self.broker))
    }
}

/// The version to try after a refused `ApiVersions`, from the v0 body that the refusal carries; its list may be garbage.
fn offered_instead(frame: &Bytes, asked: i16) -> Option<i16> {
    let (_, response) = decode_response::<ApiVersionsRequest>(frame, 0).ok()?;
    highest_api_versions(&response).filter(|&version| version < asked)
}

fn highest_api_versions(response: &ApiVersionsResponse) -> Option<i16> {
    let offer = response
        .api_keys
        .iter()
        .find(|api| api.api_key == ApiVersionsRequest::KEY)?;
    Some(
        offer
            .max_version
            .clamp(0, *ApiVersionsRequest::VERSIONS.end()),
    )
}

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
    /// The answer's bytes, not decoded.
    async fn frame(self) -> Result<Bytes, Error> {
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

fn decode<R: Request>(
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
fn mute(usage: &Usage, throttle_time_ms: i32) {
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

fn closed(broker: &Arc<str>) -> Error {
    Error::Connect {
        broker: broker.clone(),
        source: Arc::new(io::ErrorKind::NotConnected.into()),
    }
}

/// Requests in line for one socket beyond those in flight; more wait in [`Connection::send`].
const COMMANDS: usize = 16;

#[cfg(test)]
mod tests;
