//! `kafka-upstream`: each request becomes a record (kong-produce.md).
//!
//! ```text
//! request ── target.rs: topics, key ── record.rs: value ── headers.rs: record headers ──► outlet.rs: producer
//!                                       │ body.rs, args.rs, json.rs                        identity.rs: which one
//! ```
//!
//! Everything but `outlet.rs` and `identity.rs` is pure. A request is answered when its record is queued, or, with
//! `producer_async=false`, when the broker has acknowledged it: then 200 means that it can be read.

mod args;
mod body;
mod headers;
mod identity;
mod json;
mod outlet;
mod record;
mod target;
#[cfg(test)]
mod testing;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use http::StatusCode;
use kafka_client::{SendError, SendErrorKind};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Call, Loss, Shared, failure};
use crate::config::kafka_upstream::KafkaUpstream;
use crate::config::plugin::{Plugin, PluginConfig};
use crate::config::snapshot::Snapshot;
use crate::http::{Problem, Reply, json};
use crate::observe::{OfTopic, Produced};
use identity::Identity;
use outlet::{Meters, NotQueued, Origin, Outlet, Record};

/// The producers of all `kafka-upstream` plugins.
#[derive(Debug)]
pub struct Produce {
    shared: Shared,
    /// What each plugin uses, for the requests.
    ways: ArcSwap<HashMap<Uuid, Arc<Way>>>,
    /// Every producer, for those who make and end them; `None` once the drain has ended them all.
    outlets: Mutex<Option<HashMap<Identity, Arc<Outlet>>>>,
}

/// From a plugin to its producer.
#[derive(Debug)]
struct Way {
    plugin: Arc<Plugin>,
    outlet: Arc<Outlet>,
    /// The meters of the default topic; those of others are looked up.
    meters: Arc<Meters>,
}

impl Produce {
    /// No producer yet: each is made by the first request that needs it.
    pub fn new(shared: Shared) -> Produce {
        Produce {
            shared,
            ways: ArcSwap::default(),
            outlets: Mutex::new(Some(HashMap::new())),
        }
    }

    /// Sends the request as a record.
    pub async fn answer(
        &self,
        plugin: &Arc<Plugin>,
        config: &KafkaUpstream,
        call: &mut Call,
    ) -> Result<Reply, Problem> {
        let body = call.body.read().await?;
        let query = call.uri.query().unwrap_or_default();
        let topics = target::topics(
            config,
            query,
            self.shared.settings.produce.allow_internal_topics,
        )?;
        let key = target::key(config, query)?;
        let request = record::Request {
            method: &call.method,
            uri: &call.uri,
            headers: &call.headers,
            body: &body,
        };
        let value = record::value(config, request).await?;
        let headers = headers::record_headers(&config.headers, &call.headers);
        let headers: Vec<(&str, Option<&[u8]>)> = headers
            .iter()
            .map(|(name, value)| (*name, Some(value.as_ref())))
            .collect();
        let way = self.way(plugin, config)?;
        let record = |topic| Record {
            topic,
            key: key.as_deref(),
            value: value.as_bytes(),
            headers: &headers,
        };
        let records: Vec<Record<'_>> = topics
            .iter()
            .map(|topic: &Cow<'_, str>| record(topic.as_ref()))
            .collect();
        let sending = Sending {
            way: &way,
            config,
            call,
            shared: &self.shared,
        };
        if config.producer_async {
            sending.queue(&records).await
        } else {
            sending.send(&records).await
        }
    }

    /// Drains the producers that no plugin of `snapshot` uses.
    pub fn retain(&self, snapshot: &Snapshot) {
        let configs = || {
            snapshot
                .router
                .iter()
                .flat_map(|entry| &entry.plugins)
                .filter_map(|plugin| match &plugin.config {
                    PluginConfig::KafkaUpstream(config) => Some((plugin.id, Identity::of(config))),
                    PluginConfig::KafkaConsume(_) => None,
                })
        };
        let used: HashSet<Identity> = configs().map(|(_, identity)| identity).collect();
        let plugins: HashSet<Uuid> = configs().map(|(id, _)| id).collect();
        self.ways.rcu(|ways| {
            let kept = ways.iter().filter(|(id, _)| plugins.contains(id));
            kept.map(|(id, way)| (*id, Arc::clone(way)))
                .collect::<HashMap<_, _>>()
        });
        let deadline = Instant::now() + self.shared.settings.drain.timeout;
        let mut outlets = self.lock();
        let unused = outlets
            .iter_mut()
            .flat_map(|outlets| outlets.extract_if(|identity, _| !used.contains(identity)));
        for (_, outlet) in unused {
            self.shared
                .tasks
                .spawn(async move { outlet.close(deadline).await });
        }
    }

    /// Sends what was taken, until `deadline`; requests that come later are refused.
    pub async fn drain(&self, deadline: Instant) -> Loss {
        self.ways.store(Arc::default());
        let outlets: Vec<Arc<Outlet>> = self
            .lock()
            .take()
            .into_iter()
            .flat_map(HashMap::into_values)
            .collect();
        let losses = join_all(outlets.iter().map(|outlet| outlet.close(deadline))).await;
        losses.into_iter().fold(Loss::default(), std::ops::Add::add)
    }

    /// The way of a plugin, made by its first request.
    fn way(&self, plugin: &Arc<Plugin>, config: &KafkaUpstream) -> Result<Arc<Way>, Problem> {
        if let Some(way) = self.ways.load().get(&plugin.id)
            && Arc::ptr_eq(&way.plugin, plugin)
        {
            return Ok(Arc::clone(way));
        }
        let way = Arc::new(Way {
            plugin: Arc::clone(plugin),
            outlet: self.outlet(config)?,
            meters: Arc::new(self.shared.meters(plugin, &config.topic)),
        });
        self.ways.rcu(|ways| {
            let mut ways = HashMap::clone(ways);
            ways.insert(plugin.id, Arc::clone(&way));
            ways
        });
        Ok(way)
    }

    fn outlet(&self, config: &KafkaUpstream) -> Result<Arc<Outlet>, Problem> {
        let identity = Identity::of(config);
        let mut outlets = self.lock();
        let outlets = outlets.as_mut().ok_or(Problem::Draining)?;
        if let Some(outlet) = outlets.get(&identity) {
            return Ok(Arc::clone(outlet));
        }
        let outlet = Outlet::new(&identity, &self.shared).map_err(|error| {
            tracing::error!(%error, "the producer cannot be made");
            Problem::BadGateway(NOT_SENT.into())
        })?;
        let outlet = Arc::new(outlet);
        outlets.insert(identity, Arc::clone(&outlet));
        Ok(outlet)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HashMap<Identity, Arc<Outlet>>>> {
        self.outlets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn meters(&self, plugin: &Plugin, topic: &str) -> Meters {
        let of = OfTopic {
            plugin: plugin.id.to_string(),
            topic: topic.to_owned(),
        };
        let produced = |result| Produced {
            plugin: of.plugin.clone(),
            topic: of.topic.clone(),
            result,
        };
        Meters {
            topic: topic.to_owned(),
            sent: self.metrics.produced.get_or_create_owned(&produced("sent")),
            failed: self
                .metrics
                .produced
                .get_or_create_owned(&produced("failed")),
            lost: self.metrics.produce_lost.get_or_create_owned(&of),
        }
    }
}

/// One request on its way to Kafka.
struct Sending<'a> {
    way: &'a Way,
    config: &'a KafkaUpstream,
    call: &'a Call,
    shared: &'a Shared,
}

impl Sending<'_> {
    /// `producer_async`: the answer says that the records are queued, and nothing of the broker.
    async fn queue(&self, records: &[Record<'_>]) -> Result<Reply, Problem> {
        for record in records {
            let origin = Origin {
                id: self.call.id,
                meters: self.meters(record.topic),
            };
            match self.way.outlet.queue(record, origin).await {
                Ok(()) => {}
                Err(NotQueued::Full) => return Err(Problem::Unavailable(Some("buffer overflow"))),
                Err(NotQueued::Refused(error)) => return Err(self.failed(&error)),
            }
        }
        Ok(sent())
    }

    /// All records are acknowledged, or the answer says that they may not be.
    async fn send(&self, records: &[Record<'_>]) -> Result<Reply, Problem> {
        let outcome = match records {
            [record] => self.send_one(record).await,
            records => join_all(records.iter().map(|record| self.send_one(record)))
                .await
                .into_iter()
                .collect(),
        };
        outcome
            .map(|()| sent())
            .map_err(|error| self.failed(&error))
    }

    async fn send_one(&self, record: &Record<'_>) -> Result<(), SendError> {
        let meters = self.meters(record.topic);
        let outcome = match self.way.outlet.send(record).await {
            Ok(delivery) => delivery.await.map(|_| ()),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => meters.sent.inc(),
            Err(_) => meters.failed.inc(),
        };
        outcome
    }

    fn meters(&self, topic: &str) -> Arc<Meters> {
        if topic == self.way.meters.topic {
            return Arc::clone(&self.way.meters);
        }
        Arc::new(self.shared.meters(&self.way.plugin, topic))
    }

    /// The true reason goes to the log; the client gets it only if the configuration says so (G-36).
    fn failed(&self, error: &SendError) -> Problem {
        if error.kind == SendErrorKind::Closed {
            return Problem::Draining;
        }
        let reason = failure::chain(error);
        tracing::error!(request_id = %self.call.id, topic = %error.topic, reason, "record not sent");
        if self.config.error_handling.return_error_message {
            return Problem::BadGateway(failure::send_text(error).into());
        }
        Problem::BadGateway(NOT_SENT.into())
    }
}

/// What clients are told when Kafka failed.
const NOT_SENT: &str = "could not send message to topic";

fn sent() -> Reply {
    json(StatusCode::OK, r#"{"message":"message sent"}"#)
}
