//! A login on one connection, and what all connections of a client share for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_wire::messages::sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use kafka_wire::messages::sasl_handshake::SaslHandshakeRequest;
use kafka_wire::sasl::oauthbearer::{self, Answer};
use kafka_wire::sasl::scram::{self, Login, Nonce, SaltedPassword, Salting, ScramHash};
use kafka_wire::sasl::{SaslError, plain};
use kafka_wire::{ErrorCode, Request as _, Secret, SecretText};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use crate::error::Error;
use crate::net::connection::Line;
use crate::security::sasl::{BearerToken, Sasl, TokenError, TokenSource};

/// Logs connections in. One for a client: what was salted for one connection serves the next.
#[derive(Debug)]
pub(crate) struct Authenticator {
    sasl: Sasl,
    /// The password, salted as brokers have asked for it, newest last; never more than [`SALTINGS`].
    salted: Mutex<Vec<Arc<SaltedPassword>>>,
    /// For each step.
    timeout: Duration,
}

/// What a login begins with. It is had before, so that nobody waits in line for it.
#[derive(Debug)]
pub(crate) enum Opening {
    /// All that there is to say.
    Plain(Secret),
    /// The first message, and the password for the second.
    Scram(scram::ClientFirst, SecretText),
    /// The token is in it.
    Bearer(oauthbearer::ClientFirst),
}

/// A login that stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    /// When to renew it; `None` if the broker does not limit it.
    pub(crate) renew_at: Option<Instant>,
    /// The version of `SaslAuthenticate` it was made in.
    pub(crate) version: i16,
}

impl Authenticator {
    /// For logins with `sasl`, each step of which may take `timeout`.
    pub(crate) fn new(sasl: Sasl, timeout: Duration) -> Self {
        Self {
            sasl,
            salted: Mutex::default(),
            timeout,
        }
    }

    /// Has a token fetched if need be, and makes what the login at `broker` begins with.
    pub(crate) async fn prepare(&self, broker: &Arc<str>) -> Result<Opening, Error> {
        let opening = match &self.sasl {
            Sasl::Plain { user, password } => plain::message(user, password).map(Opening::Plain),
            Sasl::Scram {
                hash,
                user,
                password,
            } => scram_opening(*hash, user, Login::Password, password),
            Sasl::DelegationToken {
                hash,
                token_id,
                hmac,
            } => scram_opening(*hash, token_id, Login::DelegationToken, hmac),
            Sasl::OauthBearer(source) => {
                let token = self.token(source).await?;
                token.first_message().map(Opening::Bearer)
            }
        };
        opening.map_err(|source| self.failed(broker, source))
    }

    async fn token(&self, source: &TokenSource) -> Result<BearerToken, Error> {
        let callback = match source {
            TokenSource::Static(token) => return Ok(token.clone()),
            TokenSource::Callback(callback) => callback,
        };
        let fetched = timeout(self.timeout, callback.fetch()).await;
        let fetched = fetched.unwrap_or_else(|late| Err(TokenError::from(late)));
        fetched.map_err(|error| Error::Token {
            source: error.into(),
        })
    }

    /// Logs in on a line that nobody else writes to meanwhile, with `SaslAuthenticate` in `version`.
    pub(crate) async fn log_in(
        &self,
        line: &Line,
        version: i16,
        opening: Opening,
    ) -> Result<Session, Error> {
        let mut exchange = Exchange {
            line,
            version,
            authenticator: self,
            session: None,
        };
        exchange.choose().await?;
        match opening {
            Opening::Plain(message) => exchange.say(message).await.map(drop),
            Opening::Scram(first, password) => exchange.scram(first, &password).await,
            Opening::Bearer(first) => exchange.bearer(first).await,
        }?;
        let broker = line.broker();
        tracing::debug!(%broker, mechanism = %self.sasl.mechanism(), lifetime = ?exchange.session.map(|(_, it)| it), "logged in");
        let renew_at = exchange.session.map(|(from, lifetime)| {
            let part = EARLIEST + (LATEST - EARLIEST) * fastrand::f64();
            from + lifetime.mul_f64(part)
        });
        Ok(Session { renew_at, version })
    }

    /// The password as `salting` wants it; expensive, once.
    async fn salted(
        &self,
        salting: &Salting,
        password: &SecretText,
    ) -> Result<Arc<SaltedPassword>, SaslError> {
        let known = |kept: &[Arc<SaltedPassword>]| {
            let mut kept = kept.iter();
            kept.find(|one| one.salting() == salting).cloned()
        };
        if let Some(salted) = known(&self.kept()) {
            return Ok(salted);
        }
        let (salting_there, password) = (salting.clone(), password.clone());
        let derived = spawn_blocking(move || salting_there.derive(&password)).await;
        // Only a runtime that shuts down drops the work.
        let derived = Arc::new(derived.unwrap_or(Err(SaslError::Hash))?);
        let mut kept = self.kept();
        if known(&kept).is_none() {
            let excess = (kept.len() + 1).saturating_sub(SALTINGS);
            kept.drain(..excess);
            kept.push(derived.clone());
        }
        Ok(derived)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Arc<SaltedPassword>>> {
        self.salted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a failed exchange means to the caller.
    fn failed(&self, broker: &Arc<str>, source: SaslError) -> Error {
        let (broker, mechanism) = (broker.clone(), self.sasl.mechanism());
        match source {
            SaslError::Refused { .. } | SaslError::Input { .. } => Error::Authentication {
                broker,
                mechanism,
                source,
            },
            _ => Error::UntrustedBroker {
                broker,
                mechanism,
                source,
            },
        }
    }
}

fn scram_opening(
    hash: ScramHash,
    user: &str,
    login: Login,
    password: &SecretText,
) -> Result<Opening, SaslError> {
    let first = scram::ClientFirst::new(hash, user, login, Nonce::random()?)?;
    Ok(Opening::Scram(first, password.clone()))
}

/// One login under way.
struct Exchange<'a> {
    line: &'a Line,
    version: i16,
    authenticator: &'a Authenticator,
    /// From when the last answer's session counts at the latest, and how long it lasts.
    session: Option<(Instant, Duration)>,
}

impl Exchange<'_> {
    /// Agrees on the mechanism. In version 1, after which the rest travels in `SaslAuthenticate` (KIP-152).
    async fn choose(&self) -> Result<(), Error> {
        let mechanism = self.authenticator.sasl.mechanism();
        let request = SaslHandshakeRequest {
            mechanism: mechanism.name().into(),
        };
        let answer = self.line.ask(&request, 1, self.authenticator.timeout);
        let answer = answer.await?;
        match answer.error_code {
            ErrorCode::NONE => Ok(()),
            ErrorCode::UNSUPPORTED_SASL_MECHANISM => Err(Error::MechanismNotEnabled {
                broker: self.line.broker().clone(),
                mechanism,
                enabled: answer.mechanisms.into_iter().map(printable).collect(),
            }),
            code => Err(Error::Refused {
                api: SaslHandshakeRequest::name(),
                subject: self.line.broker().to_string(),
                code,
                message: (code == ErrorCode::ILLEGAL_SASL_STATE)
                    .then(|| "this listener wants no login".into()),
            }),
        }
    }

    /// One step: what the mechanism says, and what the broker's side of it answers.
    async fn say(&mut self, auth_bytes: Secret) -> Result<Secret, Error> {
        let asked = Instant::now();
        let request = SaslAuthenticateRequest { auth_bytes };
        let timeout = self.authenticator.timeout;
        let SaslAuthenticateResponse {
            error_code,
            error_message,
            auth_bytes,
            session_lifetime_ms,
        } = self.line.ask(&request, self.version, timeout).await?;
        self.session = u64::try_from(session_lifetime_ms)
            .ok()
            .filter(|lifetime| *lifetime > 0)
            .map(|lifetime| (asked, Duration::from_millis(lifetime).min(LONGEST)));
        match error_code {
            ErrorCode::NONE => Ok(auth_bytes),
            ErrorCode::SASL_AUTHENTICATION_FAILED => {
                let reason = printable(error_message.unwrap_or_else(|| error_code.to_string()));
                Err(self.failed(SaslError::Refused { reason }))
            }
            code => Err(Error::Refused {
                api: SaslAuthenticateRequest::name(),
                subject: self.line.broker().to_string(),
                code,
                message: error_message.map(printable),
            }),
        }
    }

    async fn scram(
        &mut self,
        first: scram::ClientFirst,
        password: &SecretText,
    ) -> Result<(), Error> {
        let heard = self.say(first.message()).await?;
        let challenge = first.challenged(&heard.0).map_err(|it| self.failed(it))?;
        let salted = self
            .authenticator
            .salted(challenge.salting(), password)
            .await
            .map_err(|it| self.failed(it))?;
        let last = challenge.answer(&salted).map_err(|it| self.failed(it))?;
        let heard = self.say(last.message()).await?;
        last.verify(&heard.0).map_err(|it| self.failed(it))
    }

    async fn bearer(&mut self, first: oauthbearer::ClientFirst) -> Result<(), Error> {
        let heard = self.say(first.message()).await?;
        let Answer::Refused(refusal) = first.answered(&heard.0) else {
            return Ok(());
        };
        // The broker ends the exchange in its own words only after this; the status says more.
        let end = self.say(oauthbearer::acknowledgement()).await;
        match end {
            Ok(_) | Err(Error::Authentication { .. }) => {
                let reason = refusal.status;
                Err(self.failed(SaslError::Refused { reason }))
            }
            Err(other) => Err(other),
        }
    }

    fn failed(&self, source: SaslError) -> Error {
        self.authenticator.failed(self.line.broker(), source)
    }
}

/// A broker's words, fit for a log: one line, not too long.
fn printable(text: impl AsRef<str>) -> String {
    let is_plain = |it: char| !it.is_control();
    let text = text.as_ref();
    text.chars().filter(|it| is_plain(*it)).take(256).collect()
}

/// Salted passwords kept. All brokers of a cluster share one credential; it has another salt when its password was set anew.
const SALTINGS: usize = 4;
/// The parts of a session after which it is renewed, as Kafka's own client has them: at random in between, so that
/// connections made together do not come back together.
const EARLIEST: f64 = 0.85;
const LATEST: f64 = 0.95;
/// A session that lasts longer is renewed all the same.
const LONGEST: Duration = Duration::from_hours(24 * 365);
