//! Who looks after a group or a transactional id: found once, remembered until a broker says otherwise.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kafka_wire::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::cluster::metadata::address;
use crate::error::Error;
use crate::retry::Backoff;

/// What a coordinator looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CoordinatorKind {
    /// A consumer group.
    Group,
    /// The transactions of one transactional id.
    Transaction,
}

impl CoordinatorKind {
    /// `key_type` of the request.
    fn key_type(self) -> i8 {
        match self {
            Self::Group => 0,
            Self::Transaction => 1,
        }
    }
}

/// The coordinators found so far.
#[derive(Debug, Default)]
pub(crate) struct Coordinators {
    found: Mutex<HashMap<(CoordinatorKind, String), i32>>,
}

impl Coordinators {
    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// An answer in whichever form its version has.
struct Told {
    code: ErrorCode,
    message: Option<String>,
    node_id: i32,
    address: Arc<str>,
}

impl Cluster {
    /// The broker that coordinates `key`. One that loads or has no leader yet is asked for again, for as long as a request may take.
    pub(crate) async fn coordinator(
        self: &Arc<Self>,
        kind: CoordinatorKind,
        key: &str,
    ) -> Result<i32, Error> {
        let place = (kind, key.to_owned());
        if let Some(node_id) = self
            .coordinators
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&place)
        {
            return Ok(*node_id);
        }
        let deadline = Instant::now() + self.config.request_timeout;
        let mut backoff = Backoff::new(self.config.retry_backoff, self.config.retry_backoff_max);
        loop {
            let error = match self.find(kind, key).await {
                Ok(told) if told.code.is_ok() => {
                    self.learn_broker(told.node_id, &told.address);
                    self.coordinators
                        .found
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(place, told.node_id);
                    return Ok(told.node_id);
                }
                Ok(Told { code, message, .. }) => Error::Refused {
                    api: FindCoordinatorRequest::name(),
                    subject: key.into(),
                    code,
                    message,
                },
                Err(error) => error,
            };
            let wait = backoff.failed();
            if !error.is_retriable() || Instant::now() + wait >= deadline {
                return Err(error);
            }
            sleep(wait).await;
        }
    }

    /// Forgets who coordinates `key`: a broker said that it does not, or cannot be reached.
    pub(crate) fn forget_coordinator(&self, kind: CoordinatorKind, key: &str) {
        self.coordinators
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&(kind, key.to_owned()));
    }

    async fn find(&self, kind: CoordinatorKind, key: &str) -> Result<Told, Error> {
        let connection = self.any().await?;
        let batched = connection.version_of::<FindCoordinatorRequest>()? >= 4;
        let request = FindCoordinatorRequest {
            key: if batched { String::new() } else { key.into() },
            key_type: kind.key_type(),
            coordinator_keys: if batched {
                vec![key.into()]
            } else {
                Vec::new()
            },
        };
        Ok(told(connection.call(&request).await?))
    }
}

/// From version 4 on there is a list, with an entry for each key asked.
fn told(mut answer: FindCoordinatorResponse) -> Told {
    match answer.coordinators.pop() {
        Some(entry) => Told {
            code: entry.error_code,
            message: entry.error_message,
            node_id: entry.node_id,
            address: address(&entry.host, entry.port),
        },
        None => Told {
            code: answer.error_code,
            message: answer.error_message,
            node_id: answer.node_id,
            address: address(&answer.host, answer.port),
        },
    }
}
