//! The groups of a cluster: which node coordinates which, what they committed, and the timer that ends silent members.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use kafka_wire::{ErrorCode, Uuid};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::group::{Done, Group, Joined, Synced};
use super::node::lock;

/// A group and what it committed.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) group: Group<oneshot::Sender<Joined>, oneshot::Sender<Synced>>,
    /// By topic id and partition.
    pub(super) offsets: BTreeMap<(Uuid, i32), Committed>,
}

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
    /// Which node coordinates the groups of a slot; a real broker has partitions of `__consumer_offsets` here.
    slots: Mutex<Vec<Option<i32>>>,
    groups: Mutex<HashMap<String, Entry>>,
    /// What the timer sleeps for.
    next_deadline: Mutex<Option<Instant>>,
    /// Something is due before that.
    earlier: Notify,
}

impl Coordinator {
    /// Without any node; see [`Coordinator::follow`].
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots: Mutex::new(vec![None; slots.max(1)]),
            groups: Mutex::default(),
            next_deadline: Mutex::default(),
            earlier: Notify::new(),
        }
    }

    /// The node that coordinates a group; `None` while no node is up.
    pub(super) fn node_of(&self, group: &str) -> Option<i32> {
        let slots = lock(&self.slots);
        slots.get(slot_of(group, slots.len())).copied().flatten()
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
        match self.node_of(group) {
            None => Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
            Some(coordinator) if coordinator != node => Err(ErrorCode::NOT_COORDINATOR),
            Some(_) => Ok(()),
        }
    }

    /// These nodes are up: slots of others move to them, and stay.
    pub(super) fn follow(&self, up: &BTreeSet<i32>) {
        let mut slots = lock(&self.slots);
        let mut moved = BTreeSet::new();
        for (index, slot) in slots.iter_mut().enumerate() {
            if slot.is_some_and(|node| up.contains(&node)) {
                continue;
            }
            let place = index.checked_rem(up.len()).unwrap_or(0);
            *slot = up.iter().nth(place).copied();
            moved.insert(index);
        }
        let count = slots.len();
        drop(slots);
        self.move_away(|group| moved.contains(&slot_of(group, count)));
    }

    /// Another node coordinates a group, and those that share its slot.
    pub(super) fn move_to(&self, group: &str, node: i32) {
        let mut slots = lock(&self.slots);
        let count = slots.len();
        let slot = slot_of(group, count);
        if let Some(place) = slots.get_mut(slot) {
            *place = Some(node);
        }
        drop(slots);
        self.move_away(|group| slot_of(group, count) == slot);
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
                offsets: BTreeMap::new(),
            };
            if groups.len() >= MOST_GROUPS {
                groups.retain(|_, entry| entry.is_used());
            }
            groups.insert(id.to_owned(), entry);
        }
        let entry = groups.get_mut(id)?;
        let result = act(entry);
        answer(entry);
        let deadline = entry.group.next_deadline();
        if entry.is_forgettable() {
            groups.remove(id);
        }
        drop(groups);
        self.wake_before(deadline);
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
            entry.offsets.retain(|(id, _), _| *id != topic);
            !entry.is_forgettable()
        });
    }

    /// Ends members that are silent, and waits that take too long; until `end`.
    pub(super) async fn keep_time(&self, end: CancellationToken) {
        loop {
            let next = self.on_time(Instant::now());
            let due = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = end.cancelled() => return,
                () = due => {}
                () = self.earlier.notified() => {}
            }
        }
    }

    /// Does what is due; when something is due next.
    fn on_time(&self, now: Instant) -> Option<Instant> {
        let mut groups = lock(&self.groups);
        groups.retain(|_, entry| {
            if entry.group.next_deadline().is_some_and(|it| it <= now) {
                entry.group.on_time(now);
                answer(entry);
            }
            !entry.is_forgettable()
        });
        let next = groups
            .values()
            .filter_map(|entry| entry.group.next_deadline())
            .min();
        // Under the lock of the groups: no deadline may come between.
        *lock(&self.next_deadline) = next;
        next
    }

    fn wake_before(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            return;
        };
        if lock(&self.next_deadline).is_none_or(|next| deadline < next) {
            self.earlier.notify_one();
        }
    }

    fn move_away(&self, is_moved: impl Fn(&str) -> bool) {
        for (id, entry) in lock(&self.groups).iter_mut() {
            if is_moved(id) {
                entry.group.move_away();
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
    /// It never had a member, and has nothing to remember.
    fn is_forgettable(&self) -> bool {
        self.group.generation() == 0 && !self.is_used()
    }

    fn is_used(&self) -> bool {
        !self.offsets.is_empty() || !self.group.is_idle()
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

/// As Kafka finds the partition of `__consumer_offsets`: Java's hash of the id.
fn slot_of(group: &str, slots: usize) -> usize {
    let mut hash = 0_u32;
    for unit in group.encode_utf16() {
        hash = hash.wrapping_mul(31).wrapping_add(u32::from(unit));
    }
    let positive = usize::try_from(hash & 0x7fff_ffff).unwrap_or(0);
    positive.checked_rem(slots).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_java() {
        // "hello".hashCode() is 99162322, "group-a".hashCode() is 293428088 (jshell).
        assert_eq!(slot_of("hello", 50), 22);
        assert_eq!(slot_of("", 50), 0);
    }

    #[test]
    fn slots_move_only_if_they_must() {
        let coordinator = Coordinator::new(4);
        let slots = || lock(&coordinator.slots).clone();
        coordinator.follow(&[1, 2, 3].into());
        assert_eq!(slots(), [1, 2, 3, 1].map(Some));
        coordinator.follow(&[1, 3].into());
        assert_eq!(slots(), [1, 3, 3, 1].map(Some));
        coordinator.follow(&[1, 2, 3].into());
        assert_eq!(slots(), [1, 3, 3, 1].map(Some));
        coordinator.follow(&BTreeSet::new());
        assert_eq!(slots(), [None; 4]);
    }
}
