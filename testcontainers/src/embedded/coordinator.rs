//! The groups of a cluster: which node coordinates which, what they committed, and the timer that ends silent members.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use kafka_wire::{ErrorCode, Uuid};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::consumer_group::ConsumerGroup;
use super::group::{Done, Group, Joined, Synced};
use super::node::lock;
use super::slots::Slots;
use super::stability::End;
use super::timer::Timer;

/// A group and what it committed.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) group: Group<oneshot::Sender<Joined>, oneshot::Sender<Synced>>,
    /// Set if it is a group of the protocol of KIP-848; `group` has no members then.
    pub(super) modern: Option<ConsumerGroup>,
    pub(super) offsets: Offsets,
    /// What open transactions would commit, by producer id (KIP-98).
    pub(super) pending: BTreeMap<i64, Offsets>,
}

/// By topic id and partition.
pub(super) type Offsets = BTreeMap<(Uuid, i32), Committed>;

/// Where a group will go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) offset: i64,
    /// -1 if the consumer did not say.
    pub(super) leader_epoch: i32,
    pub(super) metadata: String,
}

/// All groups.
#[derive(Debug)]
pub(super) struct Coordinator {
    slots: Slots,
    groups: Mutex<HashMap<String, Entry>>,
    pub(super) timer: Timer,
}

impl Coordinator {
    /// Without any node; see [`Coordinator::follow`].
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots: Slots::new(slots),
            groups: Mutex::default(),
            timer: Timer::default(),
        }
    }

    /// The node that coordinates a group; `None` while no node is up.
    pub(super) fn node_of(&self, group: &str) -> Option<i32> {
        self.slots.node_of(group)
    }

    /// The slot of a group.
    pub(super) fn slot_of(&self, group: &str) -> usize {
        self.slots.of(group)
    }

    /// `Ok` if `node` coordinates a group that may have members.
    pub(super) fn check(&self, group: &str, node: i32) -> Result<(), ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        self.check_any(group, node)
    }

    /// `Ok` if `node` knows what there is to know of a group; one without a name may have offsets.
    pub(super) fn check_any(&self, group: &str, node: i32) -> Result<(), ErrorCode> {
        self.slots.check(group, node)
    }

    /// These nodes are up: slots of others move to them, and stay.
    pub(super) fn follow(&self, up: &BTreeSet<i32>) {
        let moved = self.slots.follow(up);
        self.move_away(|slot| moved.contains(&slot));
    }

    /// Another node coordinates a group, and those that share its slot.
    pub(super) fn move_to(&self, group: &str, node: i32) {
        let moved = self.slots.move_to(group, node);
        self.move_away(|slot| slot == moved);
    }

    /// Does something with a group; `None` if there is none and `missing` says to leave it so.
    pub(super) fn with<T>(
        &self,
        id: &str,
        missing: Missing,
        act: impl FnOnce(&mut Entry) -> T,
    ) -> Option<T> {
        let mut groups = lock(&self.groups);
        if !groups.contains_key(id) {
            let Missing::Create { initial_delay } = missing else {
                return None;
            };
            let entry = Entry {
                group: Group::new(initial_delay),
                modern: None,
                offsets: BTreeMap::new(),
                pending: BTreeMap::new(),
            };
            if groups.len() >= MOST_GROUPS {
                groups.retain(|_, entry| entry.is_used());
            }
            groups.insert(id.to_owned(), entry);
        }
        let entry = groups.get_mut(id)?;
        let result = act(entry);
        answer(entry);
        let deadline = entry.next_deadline();
        if entry.is_forgettable() {
            groups.remove(id);
        }
        drop(groups);
        self.timer.wake_before(deadline);
        Some(result)
    }

    /// Looks at every group.
    pub(super) fn for_each(&self, mut look: impl FnMut(&str, &Entry)) {
        for (id, entry) in lock(&self.groups).iter() {
            look(id, entry);
        }
    }

    /// The topic is gone, and so is what was committed for it.
    pub(super) fn forget_topic(&self, topic: Uuid) {
        lock(&self.groups).retain(|_, entry| {
            let pending = entry.pending.values_mut();
            for offsets in pending.chain([&mut entry.offsets]) {
                offsets.retain(|(id, _), _| *id != topic);
            }
            !entry.is_forgettable()
        });
    }

    /// A transaction ends in the groups of a slot: what it would commit is committed, or forgotten.
    pub(super) fn conclude(&self, slot: usize, producer_id: i64, end: End) {
        lock(&self.groups).retain(|id, entry| {
            if self.slots.of(id) == slot
                && let Some(pending) = entry.pending.remove(&producer_id)
                && end == End::Commit
            {
                entry.offsets.extend(pending);
            }
            !entry.is_forgettable()
        });
    }

    /// Ends members that are silent, and waits that take too long; when something is due next.
    pub(super) fn on_time(&self, now: Instant) -> Option<Instant> {
        let mut groups = lock(&self.groups);
        groups.retain(|_, entry| {
            if entry.next_deadline().is_some_and(|it| it <= now) {
                entry.on_time(now);
                answer(entry);
            }
            !entry.is_forgettable()
        });
        let next = groups.values().filter_map(Entry::next_deadline).min();
        // Under the lock of the groups: no deadline may come between.
        self.timer.set(next);
        next
    }

    fn move_away(&self, is_moved: impl Fn(usize) -> bool) {
        for (id, entry) in lock(&self.groups).iter_mut() {
            if is_moved(self.slots.of(id)) {
                entry.group.move_away();
                if let Some(modern) = &mut entry.modern {
                    modern.move_away(Instant::now());
                }
                answer(entry);
            }
        }
    }
}

/// What becomes of a group that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Leave,
    Create {
        /// See [`Group::new`].
        initial_delay: std::time::Duration,
    },
}

impl Entry {
    /// Where it stands, as Kafka's tools print it.
    pub(super) fn state(&self) -> &'static str {
        let modern = self.modern.as_ref().map(ConsumerGroup::state);
        modern.unwrap_or_else(|| self.group.state().name())
    }

    /// Whether classic members may come: a consumer group without members makes room for them.
    pub(super) fn make_classic(&mut self) -> bool {
        if self.modern.as_ref().is_some_and(ConsumerGroup::is_empty) {
            self.modern = None;
        }
        self.modern.is_none()
    }

    fn next_deadline(&self) -> Option<Instant> {
        let modern = self.modern.as_ref().and_then(ConsumerGroup::next_deadline);
        self.group.next_deadline().into_iter().chain(modern).min()
    }

    fn on_time(&mut self, now: Instant) {
        self.group.on_time(now);
        if let Some(modern) = &mut self.modern {
            modern.on_time(now);
        }
    }

    /// It never had a member, and has nothing to remember.
    fn is_forgettable(&self) -> bool {
        let had_members = self.group.generation() > 0 || self.modern.is_some();
        !had_members && !self.is_used()
    }

    fn is_used(&self) -> bool {
        let has_modern = self
            .modern
            .as_ref()
            .is_some_and(|modern| !modern.is_empty());
        let is_classic = !self.group.is_idle();
        has_modern || is_classic || !self.offsets.is_empty() || !self.pending.is_empty()
    }
}

/// Wakes the requests that have an answer; who asked may be gone.
fn answer(entry: &mut Entry) {
    for done in entry.group.take_done() {
        match done {
            Done::Join(waiter, joined) => drop(waiter.send(joined)),
            Done::Sync(waiter, synced) => drop(waiter.send(synced)),
        }
    }
}

/// At so many, those are forgotten that have neither members nor offsets; Kafka forgets them in time.
const MOST_GROUPS: usize = 10_000;
