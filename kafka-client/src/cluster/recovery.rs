//! When the known brokers are given up for the bootstrap servers (KIP-1102). Pure.

use tokio::time::Instant;

use crate::config::MetadataRecovery;

/// How long the cluster has not answered.
#[derive(Debug)]
pub(crate) struct Recovery {
    strategy: MetadataRecovery,
    unanswered_since: Option<Instant>,
}

impl Recovery {
    /// Nothing was asked yet.
    pub(crate) fn new(strategy: MetadataRecovery) -> Self {
        Self {
            strategy,
            unanswered_since: None,
        }
    }

    /// The cluster is asked; one question more while there is no answer changes nothing.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.unanswered_since.get_or_insert(now);
    }

    /// It has answered.
    pub(crate) fn answered(&mut self) {
        self.unanswered_since = None;
    }

    /// There was no answer: whether to forget the brokers now. The time counts anew then.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        let MetadataRecovery::Rebootstrap { trigger } = self.strategy else {
            return false;
        };
        let is_due = self
            .unanswered_since
            .is_some_and(|since| now >= since + trigger);
        if is_due {
            self.unanswered_since = Some(now);
        }
        is_due
    }

    /// Whether the brokers may be forgotten at all.
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self.strategy, MetadataRecovery::Rebootstrap { .. })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TRIGGER: Duration = Duration::from_mins(5);
    const MOMENT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn brokers_are_forgotten_after_the_trigger_and_not_before() {
        let start = Instant::now();
        let mut recovery = Recovery::new(MetadataRecovery::Rebootstrap { trigger: TRIGGER });
        recovery.asked(start);
        recovery.asked(start + TRIGGER / 2);
        assert!(!recovery.failed(start + TRIGGER - MOMENT));
        assert!(recovery.failed(start + TRIGGER));
        assert!(
            !recovery.failed(start + TRIGGER + MOMENT),
            "not at once again"
        );
    }

    #[tokio::test]
    async fn an_answer_makes_the_time_count_anew() {
        let start = Instant::now();
        let mut recovery = Recovery::new(MetadataRecovery::Rebootstrap { trigger: TRIGGER });
        recovery.asked(start);
        recovery.answered();
        recovery.asked(start + TRIGGER);
        assert!(!recovery.failed(start + TRIGGER + MOMENT));
    }

    #[tokio::test]
    async fn without_recovery_they_are_never_forgotten() {
        let start = Instant::now();
        let mut recovery = Recovery::new(MetadataRecovery::None);
        recovery.asked(start);
        assert!(!recovery.failed(start + TRIGGER * 100));
    }
}
