//! One partition: who leads it, its log, its producers, and who waits for its next record.
//!
//! All replicas share the one log: what is appended is replicated at once, and the high watermark is the end of the log.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use kafka_wire::ErrorCode;
use kafka_wire::records::{ControlRecord, ControlType, CrcCheck, RecordBatch};
use tokio::sync::Notify;

use super::log::{LIMITS, Log, Stamp};
use super::marker::marker;
use super::producers::Producers;
use super::stability::{End, Stability};
use super::transaction::Writer;

/// A partition, behind its lock.
#[derive(Debug)]
pub(super) struct Partition {
    state: Mutex<PartitionState>,
}

/// What the lock guards. It is never held over an `await`.
#[derive(Debug)]
pub(super) struct PartitionState {
    /// `None` while no replica is up.
    pub(super) leader: Option<i32>,
    /// Grows with every change of the leader.
    pub(super) leader_epoch: i32,
    /// Nodes that have it, the preferred leader first.
    pub(super) replicas: Vec<i32>,
    pub(super) log: Log,
    pub(super) producers: Producers,
    pub(super) stability: Stability,
    /// Its topic is gone.
    pub(super) is_deleted: bool,
    waiters: Vec<Weak<Notify>>,
}

/// Why a node does not do something with a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotHere {
    pub(super) code: ErrorCode,
    /// Who leads it, for clients that take hints (KIP-951).
    pub(super) leader: Option<i32>,
    pub(super) leader_epoch: i32,
}

/// Which replicas may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The leader alone.
    Leader,
    /// Every replica (KIP-392).
    Replica,
}

impl Partition {
    /// An empty partition led by the first of `replicas` that is `up`.
    pub(super) fn new(replicas: Vec<i32>, up: impl Fn(i32) -> bool) -> Self {
        let leader = replicas.iter().copied().find(|&node| up(node));
        let mut log = Log::default();
        log.begin_epoch(0);
        Self {
            state: Mutex::new(PartitionState {
                leader,
                leader_epoch: 0,
                replicas,
                log,
                producers: Producers::default(),
                stability: Stability::default(),
                is_deleted: false,
                waiters: Vec::new(),
            }),
        }
    }

    /// The state, locked. A thread that panicked with the lock left nothing half done that matters here.
    pub(super) fn lock(&self) -> MutexGuard<'_, PartitionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartitionState {
    /// `Ok` if `node` may act as `role`, and a client that knows `leader_epoch` (-1 for none) is up to date.
    pub(super) fn check(&self, node: i32, leader_epoch: i32, role: Role) -> Result<(), NotHere> {
        let is_replica = self.replicas.contains(&node);
        let code = if self.is_deleted {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else if !is_replica {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else if leader_epoch >= 0 && leader_epoch < self.leader_epoch {
            ErrorCode::FENCED_LEADER_EPOCH
        } else if leader_epoch > self.leader_epoch {
            ErrorCode::UNKNOWN_LEADER_EPOCH
        } else if self.leader != Some(node) && role == Role::Leader {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else {
            return Ok(());
        };
        Err(NotHere {
            code,
            leader: self.leader,
            leader_epoch: self.leader_epoch,
        })
    }

    /// Another leader, or none, and a new epoch; whoever waits looks again.
    pub(super) fn lead(&mut self, leader: Option<i32>) {
        self.leader = leader;
        self.leader_epoch = self.leader_epoch.saturating_add(1);
        self.log.begin_epoch(self.leader_epoch);
        self.wake();
    }

    /// The offset before which every transaction is decided.
    pub(super) fn last_stable_offset(&self) -> i64 {
        let (start, end) = (self.log.start(), self.log.end());
        self.stability.last_stable_offset(start, end)
    }

    /// Writes the marker that ends a transaction; how many bytes that are. It needs no leader: all replicas share the log.
    pub(super) fn conclude(&mut self, end: End, writer: Writer, timestamp: i64) -> usize {
        let Ok(bytes) = marker(end, writer, timestamp) else {
            return 0;
        };
        let Ok(Some(batch)) = RecordBatch::parse(&bytes, CrcCheck::Skip) else {
            return 0;
        };
        let stamp = Stamp {
            leader_epoch: self.leader_epoch,
            max_timestamp: None,
        };
        let offset = self.log.append(&bytes, batch.header(), stamp);
        self.producers.marked(writer.id, writer.epoch);
        self.stability.ended(writer.id, offset, end);
        self.wake();
        bytes.len()
    }

    /// Takes out every batch that reaches `offset` or beyond it, and what was known from there. The new end.
    pub(super) fn truncate(&mut self, offset: i64) -> i64 {
        let end = self.log.truncate(offset);
        self.producers.truncate(end);
        self.stability = Stability::default();
        for batch in self.log.batches() {
            let header = *batch.header();
            if !header.attributes.is_transactional() {
                continue;
            }
            match marked(&batch) {
                Some(end) => {
                    let (id, offset) = (header.producer_id, header.base_offset);
                    self.stability.ended(id, offset, end);
                }
                None => self.stability.written(
                    header.producer_id,
                    header.producer_epoch,
                    header.base_offset,
                ),
            }
        }
        end
    }

    /// The first replica that is up leads; nobody, if none is.
    pub(super) fn lead_by_first_of(&mut self, up: &BTreeSet<i32>) {
        let mut replicas = self.replicas.iter();
        let next = replicas.find(|node| up.contains(node)).copied();
        if next.is_some() || self.leader.is_some() {
            self.lead(next);
        }
    }

    /// `waiter` is notified at the next change; once, and perhaps for nothing.
    pub(super) fn wait(&mut self, waiter: &Arc<Notify>) {
        self.waiters.retain(|other| other.strong_count() > 0);
        let ours = Arc::downgrade(waiter);
        if !self.waiters.iter().any(|other| other.ptr_eq(&ours)) {
            self.waiters.push(ours);
        }
    }

    /// Wakes everybody who waits.
    pub(super) fn wake(&mut self) {
        for waiter in self.waiters.drain(..).filter_map(|it| it.upgrade()) {
            waiter.notify_one();
        }
    }
}

/// How a batch ends a transaction, if it does.
fn marked(batch: &RecordBatch) -> Option<End> {
    if !batch.header().attributes.is_control() {
        return None;
    }
    let records = batch.open(&LIMITS).ok()?;
    let record = records.iter().next()?.ok()?;
    match ControlRecord::parse(&record).ok()?.control_type {
        ControlType::COMMIT => Some(End::Commit),
        ControlType::ABORT => Some(End::Abort),
        _ => None,
    }
}
