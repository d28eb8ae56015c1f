//! A connection that everybody may ask: it encodes requests in the version that this broker speaks, and decodes the answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_wire::messages::sasl_authenticate::SaslAuthenticateRequest;
use kafka_wire::{ApiRanges, ErrorCode, Request, decode_response, encode_request};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ClientConfig;
use crate::error::Error;
use crate::net::driver::{Answer, Command, Driver, Limits};
use crate::net::pending::{Pending, decode, mute};
use crate::net::resolve::Resolve;
use crate::net::rest::Rest;
use crate::net::stream::{self, Attempt};
use crate::net::usage::Usage;
use crate::security::login::{Authenticator, Session};
use crate::security::renewal::Renewal;

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
pub(crate) struct Line {
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
    /// Logs each connection in; `None` if nobody has to.
    pub(crate) authenticator: Option<Arc<Authenticator>>,
}

impl Connection {
    /// Connects to `broker` (`host:port`), known as `node_id`, learns what it speaks, and logs in.
    pub(crate) async fn open(
        broker: Arc<str>,
        node_id: i32,
        around: &Surroundings,
        attempt: &mut Attempt,
    ) -> Result<Self, Error> {
        let (mut line, mut logged_in) = Line::open(broker.clone(), around, attempt).await?;
        let ranges = match line
            .versions(*ApiVersionsRequest::VERSIONS.end(), around)
            .await
        {
            // Brokers before KIP-511 close the connection on a version they do not know, once.
            Err(Error::Disconnected { .. }) => {
                (line, logged_in) = Line::open(broker, around, attempt).await?;
                line.versions(0, around).await?
            }
            other => other?,
        };
        if let (Some(authenticator), Some(logged_in)) = (&around.authenticator, logged_in) {
            let session = line.log_in(authenticator, &ranges).await?;
            // Nobody listens any more if the connection has ended already, which the first request finds out.
            let _ = logged_in.send(session);
        }
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
    /// One by which a session is renewed: what is asked by it is no use of the connection.
    pub(crate) fn new(
        broker: Arc<str>,
        client_id: Arc<str>,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        Self {
            broker,
            client_id,
            usage: Arc::new(Usage::new(Instant::now())),
            commands,
        }
    }

    /// `host:port` it leads to.
    pub(crate) fn broker(&self) -> &Arc<str> {
        &self.broker
    }

    /// A line to a new socket, and where to tell of the login on it, if there has to be one.
    async fn open(
        broker: Arc<str>,
        around: &Surroundings,
        attempt: &mut Attempt,
    ) -> Result<(Self, Option<oneshot::Sender<Session>>), Error> {
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
        let client_id: Arc<str> = config.client_id.as_str().into();
        let stop = around.stop.clone();
        // Whoever still waits learns of the end from the dropped channel.
        let logged_in = if let Some(authenticator) = &around.authenticator {
            let (renewal, logged_in, turns) = Renewal::new(authenticator.clone());
            let renewal = renewal.run(broker.clone(), client_id.clone());
            let run = driver.with_turns(turns).run_with(renewal);
            (around.tasks).spawn(async move { stop.run_until_cancelled(run).await });
            Some(logged_in)
        } else {
            (around.tasks).spawn(async move { stop.run_until_cancelled(driver.run()).await });
            None
        };
        let line = Self {
            broker,
            client_id,
            usage,
            commands,
        };
        Ok((line, logged_in))
    }

    /// Says who we are, in what the broker speaks.
    async fn log_in(
        &self,
        authenticator: &Authenticator,
        ranges: &ApiRanges,
    ) -> Result<Session, Error> {
        let version = ranges.negotiate_up_to::<SaslAuthenticateRequest>(i16::MAX);
        let version = version.map_err(|source| Error::Unsupported {
            broker: self.broker.clone(),
            source,
        })?;
        let opening = authenticator.prepare(&self.broker).await?;
        authenticator.log_in(self, version, opening).await
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<R::Response, Error> {
        self.send(request, version, timeout).await?.await
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
        let (broker, usage) = (self.broker.clone(), self.usage.clone());
        Ok(Pending::new(receiver, broker, usage, version))
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
