//! A share session with one broker: both sides remember which partitions are read, and requests tell only news. Pure.
//!
//! The first request (epoch 0) names every partition and acknowledges nothing; later ones name what is new, what is acknowledged and what
//! to forget. When a session ends, for whatever reason, its locks end with it.

use std::collections::{BTreeMap, BTreeSet};

use kafka_wire::Uuid;
use kafka_wire::messages::share_acknowledge as acknowledge;
use kafka_wire::messages::share_fetch as fetch;

use super::held::Said;

/// A partition by its topic's id.
pub(super) type Place = (Uuid, i32);

/// What was said of records, by partition.
pub(super) type Words = BTreeMap<Place, Vec<Said>>;

/// Our side of a session.
#[derive(Debug, Default)]
pub(super) struct Session {
    epoch: i32,
    /// What the broker remembers after the last request.
    known: BTreeSet<Place>,
}

impl Session {
    /// Whether there is one, so that acknowledgements can be sent.
    pub(super) fn is_open(&self) -> bool {
        self.epoch > 0
    }

    /// The number of the next request.
    pub(super) fn epoch(&self) -> i32 {
        self.epoch
    }

    /// What a fetch of `wanted` has to name, with what was said of records.
    pub(super) fn next(
        &mut self,
        wanted: &BTreeSet<Place>,
        mut words: Words,
    ) -> (Vec<fetch::FetchTopic>, Vec<fetch::ForgottenTopic>) {
        let mut topics: BTreeMap<Uuid, Vec<fetch::FetchPartition>> = BTreeMap::new();
        let news = wanted.difference(&self.known).copied();
        let named: BTreeSet<Place> = news.chain(words.keys().copied()).collect();
        for place in named {
            let (topic, partition_index) = place;
            let said = words.remove(&place).unwrap_or_default();
            topics
                .entry(topic)
                .or_default()
                .push(fetch::FetchPartition {
                    partition_index,
                    acknowledgement_batches: said.into_iter().map(for_fetch).collect(),
                });
        }
        let mut forgotten: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for (topic, partition) in self.known.difference(wanted) {
            forgotten.entry(*topic).or_default().push(*partition);
        }
        self.known.clone_from(wanted);
        let topics = topics.into_iter();
        let topics = topics.map(|(topic_id, partitions)| fetch::FetchTopic {
            topic_id,
            partitions,
        });
        let forgotten = forgotten.into_iter();
        let forgotten = forgotten.map(|(topic_id, partitions)| fetch::ForgottenTopic {
            topic_id,
            partitions,
        });
        (topics.collect(), forgotten.collect())
    }

    /// The last request was answered.
    pub(super) fn answered(&mut self) {
        // After the largest epoch comes 1: 0 would ask for a new session.
        self.epoch = self.epoch.checked_add(1).unwrap_or(1);
    }

    /// The session is gone.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// What was said of records, for a request that reads nothing.
pub(super) fn acknowledgements(words: Words) -> Vec<acknowledge::AcknowledgeTopic> {
    let mut topics: BTreeMap<Uuid, Vec<acknowledge::AcknowledgePartition>> = BTreeMap::new();
    for ((topic, partition_index), said) in words {
        let batches = said
            .into_iter()
            .map(|said| acknowledge::AcknowledgementBatch {
                first_offset: said.first,
                last_offset: said.last,
                acknowledge_types: said.what,
            });
        topics
            .entry(topic)
            .or_default()
            .push(acknowledge::AcknowledgePartition {
                partition_index,
                acknowledgement_batches: batches.collect(),
            });
    }
    let topics = topics.into_iter();
    topics
        .map(|(topic_id, partitions)| acknowledge::AcknowledgeTopic {
            topic_id,
            partitions,
        })
        .collect()
}

fn for_fetch(said: Said) -> fetch::AcknowledgementBatch {
    fetch::AcknowledgementBatch {
        first_offset: said.first,
        last_offset: said.last,
        acknowledge_types: said.what,
    }
}

/// The number of the request that ends a session.
pub(super) const LAST: i32 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: Uuid = Uuid([7; 16]);

    fn wanted(partitions: &[i32]) -> BTreeSet<Place> {
        partitions.iter().map(|one| (TOPIC, *one)).collect()
    }

    fn named(topics: &[fetch::FetchTopic]) -> Vec<i32> {
        let partitions = topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|one| one.partition_index).collect()
    }

    #[test]
    fn only_news_are_told() {
        let mut session = Session::default();
        let (topics, forgotten) = session.next(&wanted(&[0, 1]), Words::new());
        assert_eq!((named(&topics), forgotten.len()), (vec![0, 1], 0));
        assert!(!session.is_open());
        session.answered();
        assert!(session.is_open());

        let (topics, forgotten) = session.next(&wanted(&[1, 2]), Words::new());
        assert_eq!(named(&topics), [2]);
        assert_eq!(forgotten[0].partitions, [0]);
    }

    #[test]
    fn partitions_with_something_to_say_are_named() {
        let mut session = Session::default();
        session.next(&wanted(&[0, 1]), Words::new());
        session.answered();
        let said = Said {
            first: 3,
            last: 4,
            what: vec![1],
        };
        let words = Words::from([((TOPIC, 1), vec![said])]);
        let (topics, _) = session.next(&wanted(&[0, 1]), words);
        assert_eq!(named(&topics), [1]);
        let batches = &topics[0].partitions[0].acknowledgement_batches;
        assert_eq!((batches[0].first_offset, batches[0].last_offset), (3, 4));
    }

    #[test]
    fn a_new_session_begins_with_everything() {
        let mut session = Session::default();
        session.next(&wanted(&[0]), Words::new());
        session.answered();
        session.reset();
        let (topics, _) = session.next(&wanted(&[0]), Words::new());
        assert_eq!((named(&topics), session.epoch()), (vec![0], 0));
    }
}
