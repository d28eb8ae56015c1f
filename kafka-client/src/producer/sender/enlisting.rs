//! Partitions on their way into a transaction (v1): the coordinator has to know of one before its leader gets a batch.

use std::sync::Arc;

use tokio::time::Instant;

use super::Sender;
use super::request::Event;
use crate::error::Error;
use crate::producer::sequence::Identity;
use crate::producer::topics::Partition;
use crate::producer::transaction::{
    Admission, Coordinator, Enlistment, NotNow, Standing, Transactions,
};

/// The sender's part in transactions.
pub(super) struct Enlisting {
    /// Shared with the producer.
    pub(super) standing: Arc<Standing>,
    coordinator: Coordinator,
    /// Partitions that the coordinator is to be told of next.
    waiting: Vec<Arc<Partition>>,
}

impl Enlisting {
    /// Nothing has been sent yet.
    pub(super) fn new((standing, coordinator): Transactions) -> Self {
        Self {
            standing,
            coordinator,
            waiting: Vec::new(),
        }
    }
}

impl Sender {
    /// Under which identity batches are numbered now.
    pub(super) fn identity_now(&self) -> Option<Identity> {
        match &self.enlisting {
            Some(enlisting) => Some(enlisting.standing.identity()),
            None => self.identity.current,
        }
    }

    /// Whether a partition's next batch may be sent as far as its transaction goes. If the coordinator has to know of the partition
    /// first, it is told.
    pub(super) fn is_admitted(&mut self, partition: &Arc<Partition>) -> bool {
        let Some(enlisting) = &mut self.enlisting else {
            return true;
        };
        // What was given up meanwhile must not begin a transaction.
        if partition.lane().head_bytes() == 0 {
            return false;
        }
        let admission = enlisting.standing.admit(&partition.topic, partition.number);
        if admission == Admission::Enlist {
            enlisting.waiting.push(partition.clone());
            self.is_in_line(partition);
            self.enlist();
        }
        admission == Admission::Write
    }

    /// Tells the coordinator of everything that waits, in one request at a time.
    fn enlist(&mut self) {
        let Some(enlisting) = &mut self.enlisting else {
            return;
        };
        if enlisting.waiting.is_empty() {
            return;
        }
        let enlistment = match enlisting.standing.enlist() {
            Ok(enlistment) => enlistment,
            // They are told of with its answer.
            Err(NotNow::Enlisting) => return,
            Err(NotNow::Ending) => {
                for partition in std::mem::take(&mut enlisting.waiting) {
                    self.leaves_line(&partition);
                }
                return;
            }
        };
        let partitions = std::mem::take(&mut enlisting.waiting);
        let (identity, coordinator) =
            (enlisting.standing.identity(), enlisting.coordinator.clone());
        self.work.push(Box::pin(async move {
            let name = |partition: &Arc<Partition>| (partition.topic.clone(), partition.number);
            let names: Vec<_> = partitions.iter().map(name).collect();
            let outcome = coordinator.enlist(identity, &names).await;
            if outcome.is_ok() {
                enlistment.enlisted(names);
            }
            Event::Enlisted {
                partitions,
                enlistment,
                outcome,
            }
        }));
    }

    /// The coordinator knows of partitions, or will not hear of them: then what they have for this transaction fails.
    pub(super) fn enlisted(
        &mut self,
        mut partitions: Vec<Arc<Partition>>,
        enlistment: Enlistment,
        outcome: Result<(), Error>,
        now: Instant,
    ) {
        if let Err(error) = outcome {
            let trouble = Arc::new(error);
            for partition in &partitions {
                self.accumulator.refuse(partition, &trouble);
            }
        }
        // Not before: until now the transaction could not end, so what failed was its own.
        drop(enlistment);
        if let Some(enlisting) = &mut self.enlisting {
            partitions.append(&mut enlisting.waiting);
        }
        for partition in partitions {
            self.leaves_line(&partition);
            self.look(&partition, now);
        }
    }
}
