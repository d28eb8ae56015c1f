//! The transactions of a cluster: which node coordinates which, and the timer that aborts those that are open for too long.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use kafka_wire::ErrorCode;
use tokio::time::Instant;

use super::node::lock;
use super::slots::Slots;
use super::timer::Timer;
use super::transaction::{Ending, Participant, Transaction, Writer};

/// All transactional ids.
#[derive(Debug)]
pub(super) struct Transactions {
    slots: Slots,
    table: Mutex<Table>,
    pub(super) timer: Timer,
}

/// What is known of each id. Who has it locked decides, writes markers and appends what belongs to a transaction, so that no batch can
/// come between a decision and its marker.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_id: HashMap<String, Transaction>,
}

impl Transactions {
    /// Without any node; see [`Transactions::follow`].
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots: Slots::new(slots),
            table: Mutex::default(),
            timer: Timer::default(),
        }
    }

    /// The node that coordinates an id; `None` while no node is up.
    pub(super) fn node_of(&self, id: &str) -> Option<i32> {
        self.slots.node_of(id)
    }

    /// `Ok` if `node` coordinates `id`, which is one.
    pub(super) fn check(&self, id: &str, node: i32) -> Result<(), ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        self.slots.check(id, node)
    }

    /// These nodes are up: ids of others move to them, and stay.
    pub(super) fn follow(&self, up: &BTreeSet<i32>) {
        self.slots.follow(up);
    }

    /// Another node coordinates an id, and those that share its slot.
    pub(super) fn move_to(&self, id: &str, node: i32) {
        self.slots.move_to(id, node);
    }

    /// The table, locked.
    pub(super) fn open(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    /// Something joins a transaction, or begins it.
    ///
    /// # Errors
    /// `writer` does not have the id.
    pub(super) fn add(
        &self,
        table: &mut Table,
        id: &str,
        writer: Writer,
        participants: impl IntoIterator<Item = Participant>,
    ) -> Result<(), ErrorCode> {
        let transaction = table.known(id)?;
        transaction.add(writer, participants, Instant::now())?;
        self.timer.wake_before(transaction.deadline());
        Ok(())
    }
}

impl Table {
    /// What is known of an id.
    ///
    /// # Errors
    /// Nothing.
    pub(super) fn known(&mut self, id: &str) -> Result<&mut Transaction, ErrorCode> {
        let known = self.by_id.get_mut(id);
        known.ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)
    }

    /// What is known of an id, which from here on is something.
    pub(super) fn entry(&mut self, id: &str, fresh_id: impl FnOnce() -> i64) -> &mut Transaction {
        if self.by_id.len() >= MOST_IDS && !self.by_id.contains_key(id) {
            self.by_id.retain(|_, it| it.deadline().is_some());
        }
        let entry = self.by_id.entry(id.to_owned());
        entry.or_insert_with(|| Transaction::new(fresh_id()))
    }

    /// Aborts what is open for too long. When something will be.
    pub(super) fn on_time(&mut self, now: Instant) -> (Vec<Ending>, Option<Instant>) {
        let transactions = self.by_id.values_mut();
        let late = transactions.filter_map(|it| it.on_time(now)).collect();
        let next = self.by_id.values().filter_map(Transaction::deadline).min();
        (late, next)
    }

    /// The state of an id, for those who look from outside.
    pub(super) fn state(&self, id: &str) -> Option<&'static str> {
        self.by_id.get(id).map(Transaction::state)
    }
}

/// How long a transaction may be open, as a client asks for it; `None` if that is no time, or more than `most`.
pub(super) fn timeout(asked_ms: i32, most: Duration) -> Option<Duration> {
    let asked = Duration::from_millis(u64::try_from(asked_ms).ok()?);
    (!asked.is_zero() && asked <= most).then_some(asked)
}

/// At so many, those are forgotten that have nothing open; Kafka forgets them in time.
const MOST_IDS: usize = 10_000;
