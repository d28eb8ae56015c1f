//! What a transactional producer and its sender know in common: who sends, and which partitions the coordinator has been told of. Pure.
//!
//! There are two ways for a partition to get into a transaction. Up to transactions v1 the producer tells the coordinator
//! (`AddPartitionsToTxn`) before it writes there; since v2 (KIP-890) the partition's leader does that by itself.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::producer::sequence::Identity;

/// Where one transactional producer stands.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Its transactional id.
    pub(crate) id: Arc<str>,
    inner: Mutex<Inner>,
    /// Told when no [`Enlistment`] is under way any more.
    quiet: Notify,
}

#[derive(Debug)]
struct Inner {
    identity: Identity,
    protocol: Protocol,
    /// Partitions that the coordinator knows to be in the transaction.
    partitions: HashSet<(Arc<str>, i32)>,
    /// Whether the coordinator, or a leader, has been told of anything in this transaction.
    is_begun: bool,
    /// Whether the coordinator is being told of partitions.
    is_enlisting: bool,
    /// Whether it is about to end, so that nothing may be added.
    is_ending: bool,
}

/// What may be done with a batch of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may be sent.
    Write,
    /// Its partition has to be enlisted first.
    Enlist,
    /// Nothing: the transaction is about to end.
    Refuse,
}

/// How transactions are spoken (`transaction.version` of KIP-890).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Partitions are announced; the epoch stays from one transaction to the next.
    V1,
    /// Leaders announce partitions; each end gives out the next epoch.
    V2,
}

impl Standing {
    /// A producer that was given `identity` and has begun nothing.
    pub(crate) fn new(id: Arc<str>, identity: Identity, protocol: Protocol) -> Self {
        let inner = Inner {
            identity,
            protocol,
            partitions: HashSet::new(),
            is_begun: false,
            is_enlisting: false,
            is_ending: false,
        };
        Self {
            id,
            inner: Mutex::new(inner),
            quiet: Notify::new(),
        }
    }

    /// Who sends.
    pub(crate) fn identity(&self) -> Identity {
        self.inner().identity
    }

    /// How transactions are spoken.
    pub(crate) fn protocol(&self) -> Protocol {
        self.inner().protocol
    }

    /// What may be done with a batch of a partition now. In v2 it may be written, and then the transaction has begun.
    pub(crate) fn admit(&self, topic: &Arc<str>, partition: i32) -> Admission {
        let mut inner = self.inner();
        if inner.is_ending {
            return Admission::Refuse;
        }
        match inner.protocol {
            Protocol::V2 => {
                inner.is_begun = true;
                Admission::Write
            }
            Protocol::V1 if inner.partitions.contains(&(topic.clone(), partition)) => {
                Admission::Write
            }
            Protocol::V1 => Admission::Enlist,
        }
    }

    /// The coordinator is being told of something: from here on there may be something to end.
    pub(crate) fn begin(&self) {
        self.inner().is_begun = true;
    }

    /// The coordinator may be told of partitions now, by one at a time.
    pub(crate) fn enlist(self: &Arc<Self>) -> Result<Enlistment, NotNow> {
        let mut inner = self.inner();
        if inner.is_enlisting {
            return Err(NotNow::Enlisting);
        }
        if inner.is_ending {
            return Err(NotNow::Ending);
        }
        inner.is_enlisting = true;
        inner.is_begun = true;
        drop(inner);
        Ok(Enlistment {
            standing: self.clone(),
        })
    }

    /// From here on nothing is added. Ready when nothing is being added any more: what came to the coordinator after the end would
    /// begin another transaction.
    pub(crate) async fn seal(&self) {
        self.inner().is_ending = true;
        loop {
            let mut quiet = std::pin::pin!(self.quiet.notified());
            quiet.as_mut().enable();
            if !self.inner().is_enlisting {
                return;
            }
            quiet.await;
        }
    }

    /// Whether there is anything to end.
    pub(crate) fn is_begun(&self) -> bool {
        self.inner().is_begun
    }

    /// The transaction has ended; the next one is written by `identity`.
    pub(crate) fn ended(&self, identity: Identity) {
        let mut inner = self.inner();
        inner.identity = identity;
        inner.partitions.clear();
        inner.is_begun = false;
        inner.is_ending = false;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the coordinator cannot be told of partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotNow {
    /// It is being told of others.
    Enlisting,
    /// The transaction is about to end.
    Ending,
}

/// The coordinator is being told of partitions. Until it is dropped, the transaction does not end.
#[derive(Debug)]
pub(crate) struct Enlistment {
    standing: Arc<Standing>,
}

impl Enlistment {
    /// The coordinator knows these.
    pub(crate) fn enlisted(&self, partitions: impl IntoIterator<Item = (Arc<str>, i32)>) {
        self.standing.inner().partitions.extend(partitions);
    }
}

impl Drop for Enlistment {
    fn drop(&mut self) {
        self.standing.inner().is_enlisting = false;
        self.standing.quiet.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const FIRST: Identity = Identity { id: 7, epoch: 0 };

    fn standing(protocol: Protocol) -> Arc<Standing> {
        Arc::new(Standing::new("tx".into(), FIRST, protocol))
    }

    #[test]
    fn in_v1_a_partition_is_announced_in_each_transaction() {
        let standing = standing(Protocol::V1);
        let topic: Arc<str> = "orders".into();
        assert_eq!(standing.admit(&topic, 0), Admission::Enlist);
        assert!(!standing.is_begun(), "asking changes nothing");
        let enlistment = standing.enlist().unwrap();
        assert!(standing.is_begun());
        assert_eq!(standing.enlist().unwrap_err(), NotNow::Enlisting);
        enlistment.enlisted([(topic.clone(), 0)]);
        drop(enlistment);
        assert_eq!(standing.admit(&topic, 0), Admission::Write);
        assert_eq!(standing.admit(&topic, 1), Admission::Enlist);
        standing.ended(FIRST);
        assert_eq!(standing.admit(&topic, 0), Admission::Enlist);
        assert!(!standing.is_begun());
    }

    #[test]
    fn in_v2_writing_begins_and_the_end_brings_the_next_epoch() {
        let standing = standing(Protocol::V2);
        assert!(!standing.is_begun());
        assert_eq!(standing.admit(&"orders".into(), 0), Admission::Write);
        assert!(standing.is_begun());
        let next = Identity { id: 7, epoch: 1 };
        standing.ended(next);
        assert_eq!(standing.identity(), next);
        assert!(!standing.is_begun());
    }

    #[test]
    fn the_end_waits_for_what_is_being_added_and_lets_nothing_follow() {
        for protocol in [Protocol::V1, Protocol::V2] {
            let standing = standing(protocol);
            let enlistment = standing.enlist().unwrap();
            assert!(standing.seal().now_or_never().is_none());
            assert_eq!(standing.admit(&"orders".into(), 0), Admission::Refuse);
            drop(enlistment);
            assert!(standing.seal().now_or_never().is_some());
            assert_eq!(standing.enlist().unwrap_err(), NotNow::Ending);
            standing.ended(FIRST);
            assert!(standing.enlist().is_ok());
        }
    }
}
