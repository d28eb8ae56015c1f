//! The producer's identity: asked for when the first batch needs it, and again when its epochs are used up.

use std::sync::Arc;

use tokio::time::Instant;

use super::Sender;
use super::request;
use super::timers::Alarm;
use crate::error::Error;
use crate::producer::config::ProducerConfig;
use crate::producer::sequence::Identity;
use crate::producer::topics::Partition;
use crate::retry::Backoff;

/// The producer's identity, as far as there is one.
pub(super) struct Known {
    /// It, if there is one.
    pub(super) current: Option<Identity>,
    is_asked_for: bool,
    /// Partitions that cannot go on without.
    waiting: Vec<Arc<Partition>>,
    backoff: Backoff,
    /// Why there is none.
    pub(super) trouble: Option<Arc<Error>>,
}

impl Known {
    /// There is none, and nobody has asked for one.
    pub(super) fn new(config: &ProducerConfig) -> Self {
        Self {
            current: None,
            is_asked_for: false,
            waiting: Vec::new(),
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            trouble: None,
        }
    }
}

impl Sender {
    /// A partition has to wait for an identity other than `used`.
    pub(super) fn wait_for_identity(&mut self, partition: Arc<Partition>, used: Option<Identity>) {
        if used.is_some() && used == self.identity.current {
            self.identity.current = None;
        }
        self.is_in_line(&partition);
        self.identity.waiting.push(partition);
        self.ask_for_identity();
    }

    /// Asks for one, unless there is one or somebody has asked.
    pub(super) fn ask_for_identity(&mut self) {
        if self.identity.current.is_some() || self.identity.is_asked_for {
            return;
        }
        self.identity.is_asked_for = true;
        self.work
            .push(Box::pin(request::identify(self.cluster.clone())));
    }

    /// An identity has come, or has not.
    pub(super) fn identified(&mut self, outcome: Result<Identity, Error>, now: Instant) {
        self.identity.is_asked_for = false;
        match outcome {
            Ok(identity) => {
                self.identity.current = Some(identity);
                self.identity.trouble = None;
                self.identity.backoff.reset();
            }
            Err(error) => {
                let is_retriable = error.is_retriable();
                let trouble = Arc::new(error);
                self.identity.trouble = Some(trouble.clone());
                if is_retriable {
                    let wait = self.identity.backoff.failed();
                    self.timers.arm(Alarm::Identity, now + wait);
                    return;
                }
                self.give_up_waiting(&trouble);
            }
        }
        for partition in std::mem::take(&mut self.identity.waiting) {
            self.leaves_line(&partition);
            self.look(&partition, now);
        }
    }

    /// There will be no identity, so what needs one fails. Later records have it asked for again.
    fn give_up_waiting(&mut self, trouble: &Arc<Error>) {
        for partition in &self.identity.waiting {
            self.accumulator.refuse(partition, trouble);
        }
    }
}
