//! The task that keeps the picture of the cluster fresh: on request, and when it gets old.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use kafka_wire::{ErrorCode, Request as _, Uuid};
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::Cluster;
use crate::cluster::recovery::Recovery;
use crate::cluster::wanted;
use crate::error::Error;
use crate::retry::Backoff;

/// Starts it. It holds the cluster only while it asks, and ends with it.
pub(super) fn start(cluster: &Arc<Cluster>) {
    let (weak, stop) = (Arc::downgrade(cluster), cluster.stop.clone());
    cluster.tasks.spawn(async move {
        let _ = stop.run_until_cancelled(run(weak)).await;
    });
}

async fn run(cluster: Weak<Cluster>) {
    let Some(start) = cluster.upgrade() else {
        return;
    };
    let (wanted, max_age) = (start.refresh.clone(), start.config.metadata_max_age);
    let mut refresher = Refresher {
        backoff: Backoff::new(start.config.retry_backoff, start.config.retry_backoff_max),
        recovery: Recovery::new(start.config.metadata_recovery),
    };
    drop(start);
    loop {
        // An elapsed age and a wish come to the same.
        let _ = timeout(max_age, wanted.notified()).await;
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        let wait = refresher.refresh(&cluster).await;
        drop(cluster);
        sleep(wait).await;
    }
}

struct Refresher {
    backoff: Backoff,
    recovery: Recovery,
}

/// Whether an answer leaves anything to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Settled,
    /// Something may be otherwise soon: an election is under way, a topic is being created.
    Unsettled,
}

impl Refresher {
    /// One question, and the pause after it.
    async fn refresh(&mut self, cluster: &Cluster) -> Duration {
        self.recovery.asked(Instant::now());
        let outcome = ask(cluster).await;
        match &outcome {
            Ok(_) => self.recovery.answered(),
            Err(error) => self.failed(cluster, error),
        }
        let pause = match outcome {
            Ok(Outcome::Settled) => {
                self.backoff.reset();
                LEAST_PAUSE
            }
            Ok(Outcome::Unsettled) | Err(_) => self.backoff.failed(),
        };
        let trouble = outcome.err();
        let is_about_login = trouble.as_ref().is_some_and(Error::is_about_login);
        *cluster
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = trouble;
        if is_about_login {
            // No news of the cluster, but those who wait for some have to know.
            cluster.generations.send_modify(|_| ());
        }
        pause
    }

    fn failed(&mut self, cluster: &Cluster, error: &Error) {
        tracing::debug!(error = %crate::error::chain(error), "cannot refresh metadata");
        let is_told = error.code() == Some(ErrorCode::REBOOTSTRAP_REQUIRED);
        if is_told && self.recovery.is_allowed() {
            cluster.rebootstrap("a broker told to");
        } else if self.recovery.failed(Instant::now()) {
            cluster.rebootstrap("no broker has answered for long");
        }
        cluster.refresh.notify_one();
    }
}

/// One question and what its answer leaves open.
async fn ask(cluster: &Cluster) -> Result<Outcome, Error> {
    let expired = {
        let mut wanted = wanted::lock(&cluster.wanted);
        wanted.expire(cluster.config.metadata_max_idle, Instant::now())
    };
    if !expired.is_empty() {
        cluster.publish(|metadata| Some(metadata.without(&expired)));
    }
    let connection = cluster.any().await?;
    let version = connection.version_of::<MetadataRequest>()?;
    let topic = |name: &Arc<str>| MetadataRequestTopic {
        topic_id: Uuid::ZERO,
        name: Some(name.to_string()),
    };
    let topics = wanted::lock(&cluster.wanted).names().map(topic).collect();
    let request = MetadataRequest {
        topics: Some(topics),
        // Before version 4 the broker alone decides.
        allow_auto_topic_creation: version < 4 || cluster.config.allow_auto_topic_creation,
        ..Default::default()
    };
    let answer = connection.call(&request).await?;
    answer.error_code.check().map_err(|code| Error::Refused {
        api: MetadataRequest::name(),
        subject: connection.broker().to_string(),
        code,
        message: None,
    })?;
    take(cluster, &answer);
    Ok(outcome(cluster, &answer))
}

fn take(cluster: &Cluster, answer: &MetadataResponse) {
    let known = cluster.metadata().cluster_id.clone();
    let told = answer.cluster_id.as_deref();
    if let (Some(known), Some(told)) = (known, told)
        && *known != *told
    {
        tracing::warn!(%known, %told, "another cluster answers: what was known of the one before is forgotten");
        cluster.coordinators.clear();
    }
    cluster.publish(|metadata| Some(metadata.merged(answer)));
    if !answer.brokers.is_empty() {
        cluster.pool.forget_bootstrap();
    }
}

fn outcome(cluster: &Cluster, answer: &MetadataResponse) -> Outcome {
    let metadata = cluster.metadata();
    let wanted = wanted::lock(&cluster.wanted);
    // A topic that nobody waits for, or that will not come, holds up no one else.
    let is_missing = |name: &Arc<str>| {
        let topic = metadata.topic(name);
        topic.is_none_or(|topic| topic.error.is_retriable())
    };
    let is_missed = wanted.awaited().any(is_missing);
    let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
    if is_missed || partitions.any(|partition| !partition.error_code.is_ok()) {
        Outcome::Unsettled
    } else {
        Outcome::Settled
    }
}

/// Shortest time between two questions: callers that all miss the same leader ask once.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
