//! Renews the session of a connection before the broker ends it (KIP-368), on the same connection.
//!
//! A renewal has [`Turns`]: while one is under way the socket's task writes its requests and no others, for a broker takes any other request amid a
//! login as a failed one. What was written before is answered in its order; what comes later waits.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, sleep_until};

use crate::error::Error;
use crate::net::connection::Line;
use crate::net::driver::Command;
use crate::security::login::{Authenticator, Opening, Session};

/// Logs in again and again. Runs beside the socket's driver, in its task.
#[derive(Debug)]
pub(crate) struct Renewal {
    authenticator: Arc<Authenticator>,
    first: oneshot::Receiver<Session>,
    /// Bounded by one: renewals do not overlap.
    turns: mpsc::Sender<mpsc::Receiver<Command>>,
}

/// Who may write: a renewal, as long as it lives, or everybody.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    coming: Option<mpsc::Receiver<mpsc::Receiver<Command>>>,
    current: Option<mpsc::Receiver<Command>>,
}

impl Renewal {
    /// For one connection: the renewal, where it is told of the first login, and the turns for the driver.
    pub(crate) fn new(
        authenticator: Arc<Authenticator>,
    ) -> (Self, oneshot::Sender<Session>, Turns) {
        let (told, first) = oneshot::channel();
        let (turns, coming) = mpsc::channel(1);
        let renewal = Self {
            authenticator,
            first,
            turns,
        };
        let turns = Turns {
            coming: Some(coming),
            current: None,
        };
        (renewal, told, turns)
    }

    /// Renews the session on the connection to `broker` for ever; ends, with the reason, when that fails.
    pub(crate) async fn run(self, broker: Arc<str>, client_id: Arc<str>) -> Error {
        let Ok(mut session) = self.first.await else {
            return std::future::pending().await;
        };
        while let Some(due) = session.renew_at {
            sleep_until(due).await;
            let opening = prepare(&self.authenticator, &broker).await;
            let (commands, turn) = mpsc::channel(1);
            if self.turns.send(turn).await.is_err() {
                break;
            }
            let line = Line::new(broker.clone(), client_id.clone(), commands);
            let renewed = self.authenticator.log_in(&line, session.version, opening);
            match renewed.await {
                Ok(next) => session = next,
                Err(error) => {
                    let reason = crate::error::chain(&error);
                    tracing::warn!(%broker, %reason, "session not renewed");
                    return error;
                }
            }
        }
        std::future::pending().await
    }
}

/// The session still stands, so a token that cannot be had now is asked for until it ends, which is the broker's to say.
async fn prepare(authenticator: &Authenticator, broker: &Arc<str>) -> Opening {
    loop {
        match authenticator.prepare(broker).await {
            Ok(opening) => return opening,
            Err(error) => {
                let reason = crate::error::chain(&error);
                tracing::warn!(%broker, %reason, "session cannot be renewed yet");
                sleep(BETWEEN_TOKENS).await;
            }
        }
    }
}

impl Turns {
    /// The next request of a renewal; `Ready(None)` while there is none under way, `Pending` while one has nothing to write.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Command>> {
        loop {
            if let Some(current) = &mut self.current {
                if let Some(command) = ready!(current.poll_recv(context)) {
                    return Poll::Ready(Some(command));
                }
                self.current = None;
            }
            let Some(coming) = &mut self.coming else {
                return Poll::Ready(None);
            };
            match coming.poll_recv(context) {
                Poll::Ready(Some(next)) => self.current = Some(next),
                Poll::Ready(None) => self.coming = None,
                Poll::Pending => return Poll::Ready(None),
            }
        }
    }

    /// Whether a renewal is under way.
    pub(crate) fn is_taken(&self) -> bool {
        self.current.is_some()
    }
}

/// Wait before a token is asked for again.
const BETWEEN_TOKENS: Duration = Duration::from_secs(1);
