//! A fetch session with one broker (KIP-227): both sides remember what is read, and requests and answers only tell news. Pure.
//!
//! The first request of a session (epoch 0) names every partition; the broker gives the session a number. Later ones name only
//! partitions that are new or whose offset changed, and those to forget. Whatever goes wrong, the next request starts over with
//! epoch 0; a broker that has no room for a session answers with number 0, and every request is a first one.

use std::collections::{HashMap, HashSet};

use kafka_wire::messages::fetch::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_wire::{ErrorCode, Uuid};

/// A partition as a session knows it. A topic that was created anew has another id, and is another partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The topic's name; requests before version 13 carry it.
    pub(crate) topic: std::sync::Arc<str>,
    /// The topic's id; requests from version 13 on carry it.
    pub(crate) topic_id: Uuid,
    /// The partition's number.
    pub(crate) partition: i32,
}

/// Where a partition is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// First offset wanted.
    pub(crate) offset: i64,
    /// Leader epoch that we know; -1 for none.
    pub(crate) leader_epoch: i32,
    /// Leader epoch of the record before `offset`; -1 for none. Requests before version 12 have no place for another.
    pub(crate) last_fetched_epoch: i32,
}

/// What a request says about sessions and partitions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Asked {
    /// The session's number; 0 if there is none yet.
    pub(crate) session_id: i32,
    /// Which request of the session it is.
    pub(crate) session_epoch: i32,
    /// Partitions to name.
    pub(crate) topics: Vec<FetchTopic>,
    /// Partitions to drop.
    pub(crate) forgotten: Vec<ForgottenTopic>,
}

/// Our side of a session.
#[derive(Debug, Default)]
pub(crate) struct FetchSession {
    id: i32,
    epoch: i32,
    /// What the broker remembers after the last request.
    known: HashMap<Key, Place>,
}

impl FetchSession {
    /// The next request, which asks for `wanted` and nothing else. Of each partition at most `max_bytes` are asked for.
    ///
    /// The order of `wanted` is that in which the broker serves; within a session it keeps an order of its own.
    pub(crate) fn next(&mut self, wanted: &[(Key, Place)], max_bytes: i32) -> Asked {
        let mut topics = Vec::new();
        for (key, place) in wanted {
            if self.known.get(key) != Some(place) {
                name(&mut topics, key, *place, max_bytes);
            }
        }
        let mut forgotten = Vec::new();
        let kept: HashSet<&Key> = wanted.iter().map(|(key, _)| key).collect();
        for key in self.known.keys().filter(|key| !kept.contains(key)) {
            forget(&mut forgotten, key);
        }
        self.known = wanted.iter().cloned().collect();
        Asked {
            session_id: self.id,
            session_epoch: self.epoch,
            topics,
            forgotten,
        }
    }

    /// The answer to the last request came, with this error and session number for the request as a whole.
    pub(crate) fn answered(&mut self, error: ErrorCode, session_id: i32) {
        if !error.is_ok() || session_id == 0 || (self.id != 0 && session_id != self.id) {
            self.reset();
            return;
        }
        self.id = session_id;
        // After the largest epoch comes 1: 0 would ask for a new session.
        self.epoch = self.epoch.checked_add(1).unwrap_or(1);
    }

    /// No answer came, or the connection is another one: starts over.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

fn name(topics: &mut Vec<FetchTopic>, key: &Key, place: Place, max_bytes: i32) {
    let partition = FetchPartition {
        partition: key.partition,
        current_leader_epoch: place.leader_epoch,
        fetch_offset: place.offset,
        last_fetched_epoch: place.last_fetched_epoch,
        partition_max_bytes: max_bytes,
        ..Default::default()
    };
    // Neighbours of one topic share an entry; the order of partitions is the caller's.
    match topics.last_mut() {
        Some(last) if last.topic == *key.topic && last.topic_id == key.topic_id => {
            last.partitions.push(partition);
        }
        _ => topics.push(FetchTopic {
            topic: key.topic.to_string(),
            topic_id: key.topic_id,
            partitions: vec![partition],
        }),
    }
}

fn forget(forgotten: &mut Vec<ForgottenTopic>, key: &Key) {
    let known = forgotten
        .iter_mut()
        .find(|topic| topic.topic == *key.topic && topic.topic_id == key.topic_id);
    match known {
        Some(topic) => topic.partitions.push(key.partition),
        None => forgotten.push(ForgottenTopic {
            topic: key.topic.to_string(),
            topic_id: key.topic_id,
            partitions: vec![key.partition],
        }),
    }
}

#[cfg(test)]
mod tests;
