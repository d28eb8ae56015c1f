//! Fetch sessions (KIP-227): what a consumer reads, remembered, so that requests and answers carry only what changes. Pure.
//!
//! A session belongs to one node. Its epoch counts requests; a request out of turn is refused, and the consumer starts anew.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::{ErrorCode, Uuid};
use tokio::time::Instant;

/// How a fetch names a partition: by topic name before version 13, by topic id since.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Empty if the id names the topic.
    pub(super) topic: Arc<str>,
    /// Zero if the name does.
    pub(super) topic_id: Uuid,
    pub(super) partition: i32,
}

/// Where a consumer wants to read a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) offset: i64,
    pub(super) max_bytes: i32,
    /// Leader epoch as the consumer knows it; -1 for no check.
    pub(super) leader_epoch: i32,
    /// Epoch of the last record it has; -1 for no check.
    pub(super) last_fetched_epoch: i32,
}

/// What a request says about its session.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// 0 for no session yet.
    pub(super) session_id: i32,
    /// 0 opens a session, -1 wants none, others continue one.
    pub(super) session_epoch: i32,
    /// Whether topics are named by id.
    pub(super) by_id: bool,
    /// New and changed partitions.
    pub(super) partitions: Vec<(Key, Position)>,
    /// Partitions not wanted any more.
    pub(super) forgotten: Vec<Key>,
}

/// What is to be read, in this order, and how it is answered.
#[derive(Debug)]
pub(super) struct Plan {
    kind: Kind,
    /// Partitions to read.
    pub(super) partitions: Vec<(Key, Position)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Everything is answered, nothing remembered.
    Sessionless,
    /// Everything is answered; a session begins.
    Full(i32),
    /// What changed is answered.
    Incremental(i32),
}

/// What was read of a partition, as far as a session cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) has_records: bool,
    /// An error or a diverging epoch: always worth telling.
    pub(super) is_special: bool,
    pub(super) high_watermark: i64,
    pub(super) log_start_offset: i64,
}

/// The sessions of one node.
#[derive(Debug)]
pub(super) struct Sessions {
    by_id: HashMap<i32, Session>,
    slots: usize,
}

#[derive(Debug)]
struct Session {
    epoch: i32,
    by_id: bool,
    partitions: HashMap<Key, Cached>,
    /// Partitions in the order in which they are read: what gave records goes to the end, so that none starves.
    order: BTreeMap<u64, Key>,
    next_place: u64,
    last_use: Instant,
}

#[derive(Debug)]
struct Cached {
    position: Position,
    place: u64,
    /// -1: the next answer names the partition whatever it found.
    high_watermark: i64,
    log_start_offset: i64,
}

impl Sessions {
    /// Room for so many sessions. Kafka: `max.incremental.fetch.session.cache.slots`.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            by_id: HashMap::new(),
            slots,
        }
    }

    /// What a request wants read.
    ///
    /// # Errors
    /// The session is not here, or the request is not its next one: the whole answer is this code.
    pub(super) fn open(&mut self, asked: Asked, now: Instant) -> Result<Plan, ErrorCode> {
        if asked.session_epoch <= 0 {
            self.by_id.remove(&asked.session_id);
            return Ok(self.open_full(asked, now));
        }
        let session = self
            .by_id
            .get_mut(&asked.session_id)
            .ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if session.epoch != asked.session_epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if session.by_id != asked.by_id {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        session.last_use = now;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        session.update(asked.partitions, &asked.forgotten);
        if session.partitions.is_empty() {
            self.by_id.remove(&asked.session_id);
            return Ok(Plan {
                kind: Kind::Sessionless,
                partitions: Vec::new(),
            });
        }
        Ok(Plan {
            kind: Kind::Incremental(asked.session_id),
            partitions: session.in_order(),
        })
    }

    /// The session id of the answer, and for each partition of the plan whether the answer names it. `outcomes` are in the order of the plan.
    pub(super) fn close(&mut self, plan: &Plan, outcomes: &[Outcome]) -> (i32, Vec<bool>) {
        let results = plan.partitions.iter().zip(outcomes);
        match plan.kind {
            Kind::Sessionless => (0, vec![true; outcomes.len()]),
            Kind::Full(id) => {
                if let Some(session) = self.by_id.get_mut(&id) {
                    results.for_each(|((key, _), outcome)| {
                        session.answer(key, outcome);
                    });
                }
                (id, vec![true; outcomes.len()])
            }
            Kind::Incremental(id) => {
                let Some(session) = self.by_id.get_mut(&id) else {
                    return (id, vec![true; outcomes.len()]);
                };
                let named = results.map(|((key, _), outcome)| session.answer(key, outcome));
                (id, named.collect())
            }
        }
    }

    /// How many sessions there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.by_id.len()
    }

    fn open_full(&mut self, asked: Asked, now: Instant) -> Plan {
        let wants_session = asked.session_epoch == 0 && !asked.partitions.is_empty();
        if !wants_session || !self.has_room(now) {
            return Plan {
                kind: Kind::Sessionless,
                partitions: asked.partitions,
            };
        }
        let mut session = Session {
            epoch: 1,
            by_id: asked.by_id,
            partitions: HashMap::new(),
            order: BTreeMap::new(),
            next_place: 0,
            last_use: now,
        };
        session.update(asked.partitions, &[]);
        let partitions = session.in_order();
        let id = self.unused_id();
        self.by_id.insert(id, session);
        Plan {
            kind: Kind::Full(id),
            partitions,
        }
    }

    /// Whether there is a free slot, or one that nobody has used for long.
    fn has_room(&mut self, now: Instant) -> bool {
        if self.by_id.len() < self.slots {
            return true;
        }
        let stale = self
            .by_id
            .iter()
            .filter(|(_, session)| now.duration_since(session.last_use) > EVICTABLE_AFTER)
            .min_by_key(|(_, session)| session.last_use)
            .map(|(id, _)| *id);
        stale.is_some_and(|id| self.by_id.remove(&id).is_some())
    }

    fn unused_id(&self) -> i32 {
        loop {
            let id = fastrand::i32(1..);
            if !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }
}

impl Session {
    fn update(&mut self, partitions: Vec<(Key, Position)>, forgotten: &[Key]) {
        for (key, position) in partitions {
            if let Some(cached) = self.partitions.get_mut(&key) {
                cached.position = position;
                continue;
            }
            let place = self.next_place;
            self.next_place += 1;
            self.order.insert(place, key.clone());
            let cached = Cached {
                position,
                place,
                high_watermark: -1,
                log_start_offset: -1,
            };
            self.partitions.insert(key, cached);
        }
        for key in forgotten {
            if let Some(cached) = self.partitions.remove(key) {
                self.order.remove(&cached.place);
            }
        }
    }

    fn in_order(&self) -> Vec<(Key, Position)> {
        let keys = self.order.values();
        keys.filter_map(|key| Some((key.clone(), self.partitions.get(key)?.position)))
            .collect()
    }

    /// Remembers what is answered; whether it differs from what the consumer knows.
    fn answer(&mut self, key: &Key, outcome: &Outcome) -> bool {
        let Some(cached) = self.partitions.get_mut(key) else {
            return true;
        };
        let is_new = cached.high_watermark != outcome.high_watermark
            || cached.log_start_offset != outcome.log_start_offset;
        cached.high_watermark = if outcome.is_special {
            -1
        } else {
            outcome.high_watermark
        };
        cached.log_start_offset = outcome.log_start_offset;
        if outcome.has_records {
            self.order.remove(&cached.place);
            cached.place = self.next_place;
            self.next_place += 1;
            self.order.insert(cached.place, key.clone());
        }
        is_new || outcome.has_records || outcome.is_special
    }
}

/// How long a session must have been silent to lose its slot. Kafka: `min.incremental.fetch.session.eviction.ms`, 2 minutes.
const EVICTABLE_AFTER: Duration = Duration::from_mins(2);

#[cfg(test)]
mod tests;
