//! The task that keeps the picture of the cluster fresh: on request, and when it gets old.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use kafka_wire::{Request as _, Uuid};
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
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
    let mut backoff = Backoff::new(start.config.retry_backoff, start.config.retry_backoff_max);
    drop(start);
    loop {
        // An elapsed age and a wish come to the same.
        let _ = timeout(max_age, wanted.notified()).await;
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        let wait = match ask(&cluster).await {
            Ok(settled) => {
                if settled {
                    backoff.reset();
                }
                *cluster
                    .trouble
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = None;
                if settled {
                    LEAST_PAUSE
                } else {
                    backoff.failed()
                }
            }
            Err(error) => {
                tracing::debug!(error = %crate::error::chain(&error), "cannot refresh metadata");
                *cluster
                    .trouble
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(error);
                wanted.notify_one();
                backoff.failed()
            }
        };
        drop(cluster);
        sleep(wait).await;
    }
}

/// One question and its answer; false if something in the answer asks for another try.
async fn ask(cluster: &Cluster) -> Result<bool, Error> {
    let connection = cluster.any().await?;
    let version = connection.version_of::<MetadataRequest>()?;
    let topic = |name: &Arc<str>| MetadataRequestTopic {
        topic_id: Uuid::ZERO,
        name: Some(name.to_string()),
    };
    let wanted: Vec<_> = {
        let wanted = cluster
            .wanted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        wanted.iter().map(topic).collect()
    };
    debug_assert!(version >= *MetadataRequest::VERSIONS.start());
    let request = MetadataRequest {
        topics: Some(wanted),
        // Before version 4 the broker alone decides.
        allow_auto_topic_creation: version < 4 || cluster.config.allow_auto_topic_creation,
        ..Default::default()
    };
    let answer = connection.call(&request).await?;
    cluster.publish(|metadata| Some(metadata.merged(&answer)));
    if !answer.brokers.is_empty() {
        cluster.pool.forget_bootstrap();
    }
    let settled = answer.topics.iter().all(|topic| {
        topic.error_code.is_ok()
            && topic
                .partitions
                .iter()
                .all(|partition| partition.error_code.is_ok())
    });
    Ok(settled)
}

/// Shortest time between two questions: callers that all miss the same leader ask once.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
