//! The topics of a cluster as its users ask for them: found, waited for, kept fresh while they are used.

use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;
use tokio::time::{Instant, timeout_at};

use crate::cluster::Cluster;
use crate::cluster::metadata::Topic;
use crate::cluster::wanted::{self, Kept, Reason, Wanted};
use crate::error::Error;

impl Cluster {
    /// A topic that can be used, waited for at most `wait`: every partition has had a leader, and no error stands.
    ///
    /// A topic that does not exist is created by asking, if client and broker allow that.
    pub(crate) async fn topic(
        self: &Arc<Self>,
        name: &str,
        wait: Duration,
    ) -> Result<Arc<Topic>, Error> {
        let found = self.find_topic(name, wait);
        let found = self.stop.run_until_cancelled(found).await;
        found.unwrap_or(Err(Error::Closed))
    }

    async fn find_topic(self: &Arc<Self>, name: &str, wait: Duration) -> Result<Arc<Topic>, Error> {
        let deadline = Instant::now() + wait;
        let mut generations = self.changed();
        let _waiting = Wanted::keep(&self.wanted, name, Reason::Wait);
        // What was wrong before may be right by now: only an answer from now on is one to this question.
        let asked_in = self.metadata().generation;
        loop {
            generations.borrow_and_update();
            match self.metadata().topic(name) {
                Some(topic) if topic.is_usable() => return Ok(topic.clone()),
                Some(topic) if topic.told_in > asked_in && topic.is_hopeless() => {
                    return Err(refused(topic));
                }
                _ => {}
            }
            self.refresh();
            if timeout_at(deadline, generations.changed()).await.is_err() {
                return Err(self.unknown(name, wait));
            }
            self.check_login()?;
        }
    }

    /// A topic is in use: refreshes ask for it until it was not used for `metadata.max.idle.ms`. False if nothing is known of it
    /// (any more): [`Cluster::topic`] finds it (again).
    pub(crate) fn want(&self, topic: &str) -> bool {
        wanted::lock(&self.wanted).used(topic, Instant::now());
        self.metadata.load().topic(topic).is_some()
    }

    /// Has every refresh ask for a topic until the result is dropped.
    pub(crate) fn keep(&self, topic: &str) -> Kept {
        Wanted::keep(&self.wanted, topic, Reason::Use)
    }

    /// Why `topic` is not there: no broker answers, or the brokers do not know it.
    fn unknown(&self, topic: &str, waited: Duration) -> Error {
        if let Some(error) = self.trouble() {
            return error;
        }
        let metadata = self.metadata();
        let code = metadata
            .topic(topic)
            .map_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, |known| known.error);
        let code = if code.is_ok() {
            ErrorCode::LEADER_NOT_AVAILABLE
        } else {
            code
        };
        Error::UnknownTopic {
            topic: topic.into(),
            code,
            waited,
        }
    }
}

impl Topic {
    /// Whether records can be sent to and read from all of it.
    fn is_usable(&self) -> bool {
        self.error.is_ok() && !self.partitions.is_empty()
    }

    /// Whether waiting will not help.
    fn is_hopeless(&self) -> bool {
        !self.error.is_ok() && !self.error.is_retriable()
    }
}

fn refused(topic: &Topic) -> Error {
    Error::Refused {
        api: "Metadata",
        subject: topic.name.to_string(),
        code: topic.error,
        message: None,
    }
}
