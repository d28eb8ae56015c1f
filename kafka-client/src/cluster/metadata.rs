//! What is known of the cluster: brokers, topics, leaders. Pure: answers come in, a new picture comes out.
//!
//! A partition's leader never goes back: an answer with an older leader epoch than the one we know is from a broker that is behind,
//! and is ignored for that partition (KIP-320). A topic whose id changed was created anew and starts over (KIP-516); so does everything
//! when the answer comes from another cluster.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_wire::messages::metadata::{
    MetadataResponse, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_wire::{ErrorCode, Uuid};

/// One picture of the cluster. Never changed: the next one replaces it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metadata {
    /// `host:port` of each broker.
    pub(crate) brokers: BTreeMap<i32, Arc<str>>,
    topics: HashMap<Arc<str>, Arc<Topic>>,
    names: HashMap<Uuid, Arc<str>>,
    /// Which cluster it is; `None` before the first answer, and from brokers that do not tell.
    pub(crate) cluster_id: Option<Arc<str>>,
    /// Which picture this is; grows by one with each.
    pub(crate) generation: u64,
}

/// A topic and where its partitions are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Topic {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its id; zero from brokers before 2.8.
    pub(crate) id: Uuid,
    /// What the cluster says of it as a whole.
    pub(crate) error: ErrorCode,
    /// Partition `n` at place `n`.
    pub(crate) partitions: Vec<Partition>,
    /// The picture that the last answer about it led to.
    pub(crate) told_in: u64,
}

/// A partition and who leads it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Partition {
    /// The broker to read from and write to; `None` during an election.
    pub(crate) leader: Option<i32>,
    /// Which reign it is; -1 from brokers that do not tell.
    pub(crate) leader_epoch: i32,
}

impl Metadata {
    /// A topic, if it was ever asked for; its `error` says whether it can be used.
    pub(crate) fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.topics.get(name)
    }

    /// The name of a topic that was ever asked for, by its id.
    pub(crate) fn name_of(&self, id: Uuid) -> Option<&Arc<str>> {
        self.names.get(&id)
    }

    /// A partition of a topic.
    pub(crate) fn partition(&self, topic: &str, partition: i32) -> Option<Partition> {
        let index = usize::try_from(partition).ok()?;
        self.topic(topic)?.partitions.get(index).copied()
    }

    /// The picture after an answer. Topics that the answer does not mention stay as they were.
    pub(crate) fn merged(&self, answer: &MetadataResponse) -> Self {
        let told = answer.cluster_id.as_deref();
        let is_other =
            told.is_some() && self.cluster_id.is_some() && self.cluster_id.as_deref() != told;
        let base = if is_other {
            Self::default()
        } else {
            self.clone()
        };
        let mut next = Self {
            generation: self.generation + 1,
            cluster_id: told.map(Arc::from).or_else(|| base.cluster_id.clone()),
            ..base
        };
        if !answer.brokers.is_empty() {
            next.brokers = answer
                .brokers
                .iter()
                .map(|broker| (broker.node_id, address(&broker.host, broker.port)))
                .collect();
        }
        for topic in &answer.topics {
            next.put_topic(topic);
        }
        next
    }

    /// The picture after a hint that came with an error (KIP-951): `None` if it tells nothing new.
    pub(crate) fn with_leader(
        &self,
        topic: &str,
        partition: i32,
        leader: Partition,
        endpoint: Option<(i32, Arc<str>)>,
    ) -> Option<Self> {
        let known = self.partition(topic, partition)?;
        if leader.leader_epoch <= known.leader_epoch {
            return None;
        }
        let mut next = Self {
            generation: self.generation + 1,
            ..self.clone()
        };
        next.brokers.extend(endpoint);
        let entry = Arc::make_mut(next.topics.get_mut(topic)?);
        *entry.partitions.get_mut(usize::try_from(partition).ok()?)? = leader;
        Some(next)
    }

    /// The picture without some topics: they are not asked for any more.
    pub(crate) fn without(&self, topics: &[Arc<str>]) -> Self {
        let mut next = Self {
            generation: self.generation + 1,
            ..self.clone()
        };
        for name in topics {
            if let Some(topic) = next.topics.remove(name) {
                next.names.remove(&topic.id);
            }
        }
        next
    }

    /// The picture without brokers: where they are has to be found out anew.
    pub(crate) fn without_brokers(&self) -> Self {
        Self {
            generation: self.generation + 1,
            brokers: BTreeMap::new(),
            ..self.clone()
        }
    }

    fn put_topic(&mut self, answer: &MetadataResponseTopic) {
        let name = match &answer.name {
            Some(name) => Arc::from(name.as_str()),
            None => match self.names.get(&answer.topic_id) {
                Some(name) => name.clone(),
                None => return,
            },
        };
        let known = self.topics.get(&name).cloned();
        let partitions = if answer.error_code.is_ok() {
            let same = known.as_ref().filter(|known| known.id == answer.topic_id);
            placed(
                &answer.partitions,
                same.map_or(&[], |known| &known.partitions),
            )
        } else {
            // "Not now" does not mean that what we knew is wrong.
            known
                .as_ref()
                .map_or_else(Vec::new, |known| known.partitions.clone())
        };
        let id = match &known {
            // A refusal need not tell the id. What it was is kept, to see whether the topic comes back as another.
            Some(known) if answer.topic_id.is_zero() && !answer.error_code.is_ok() => known.id,
            _ => answer.topic_id,
        };
        if let Some(known) = &known {
            self.names.remove(&known.id);
        }
        if !id.is_zero() {
            self.names.insert(id, name.clone());
        }
        let topic = Topic {
            name: name.clone(),
            id,
            error: answer.error_code,
            partitions,
            told_in: self.generation,
        };
        self.topics.insert(name, Arc::new(topic));
    }
}

/// Partitions by number, each with the younger of the two leaders.
fn placed(answer: &[MetadataResponsePartition], known: &[Partition]) -> Vec<Partition> {
    let mut partitions = vec![
        Partition {
            leader: None,
            leader_epoch: -1
        };
        answer.len()
    ];
    for told in answer {
        let Ok(index) = usize::try_from(told.partition_index) else {
            continue;
        };
        let Some(place) = partitions.get_mut(index) else {
            continue;
        };
        let leader = (told.leader_id >= 0).then_some(told.leader_id);
        let told = Partition {
            leader,
            leader_epoch: told.leader_epoch,
        };
        *place = match known.get(index) {
            Some(known) if known.leader_epoch > told.leader_epoch && told.leader_epoch >= 0 => {
                *known
            }
            _ => told,
        };
    }
    partitions
}

/// `host:port`, with brackets around an IPv6 address.
pub(crate) fn address(host: &str, port: i32) -> Arc<str> {
    if host.contains(':') {
        format!("[{host}]:{port}").into()
    } else {
        format!("{host}:{port}").into()
    }
}

#[cfg(test)]
mod tests;
