//! The front door: one cluster, shared by its producers and consumers.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::config::{ClientConfig, ConfigError};
use crate::error::Error;

/// A Kafka cluster. Cheap to clone: clones share metadata and connections, which end when the last of them (and the last producer
/// and consumer made from them) is gone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) cluster: Arc<Cluster>,
}

/// What a client has under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientStats {
    /// Tasks alive: one for each open socket, and one that keeps metadata fresh. 0 after [`Client::shutdown`].
    pub tasks: usize,
}

impl Client {
    /// A client for the cluster that `config` names. Sends nothing: the first question does.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub fn new(config: ClientConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            cluster: Cluster::new(config)?,
        })
    }

    /// Waits until a broker answers, at most `request_timeout`. Not needed before anything else; useful to find out early.
    ///
    /// # Errors
    /// [`Error::NoBroker`], or what the last broker asked did wrong.
    pub async fn connect(&self) -> Result<(), Error> {
        self.cluster
            .known(self.cluster.config().request_timeout)
            .await
    }

    /// How many partitions a topic has. Asks the cluster if it is not known, and waits at most `request_timeout` for it to appear;
    /// asking may create it (`allow_auto_topic_creation`).
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], [`Error::Refused`] (not authorized, not a legal name), [`Error::NoBroker`].
    pub async fn partition_count(&self, topic: &str) -> Result<usize, Error> {
        let wait = self.cluster.config().request_timeout;
        Ok(self.cluster.topic(topic, wait).await?.partitions.len())
    }

    /// What is under way.
    pub fn stats(&self) -> ClientStats {
        ClientStats {
            tasks: self.cluster.task_count(),
        }
    }

    /// Ends every connection and waits for their tasks. Producers and consumers of this client fail from then on; close them first.
    pub async fn shutdown(&self) {
        self.cluster.shutdown().await;
    }
}
