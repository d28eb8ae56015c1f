//! How a leader divides partitions among the members of its group. Pure.
//!
//! [`range`], [`round_robin`], [`sticky`] and [`cooperative`] are Kafka's assignors of these names. Every member of a group may become
//! its leader, and each of another client: what is divided, and what members tell each other about it, is as in Kafka's Java client.

mod cooperative;
mod range;
mod round_robin;
mod sticky;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use crate::topic_partition::TopicPartition;

/// How the leader of a classic group divides partitions. Kafka: `partition.assignment.strategy`.
///
/// Members offer one or several, and the group uses one that all of them offer. Every partition of every topic goes to exactly one of
/// the members that subscribe to the topic. All are deterministic, and Java, librdkafka and others have them under the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Assignor {
    /// `range`: of each topic, every member gets a run of neighbouring partitions; the first members get one more if it does not
    /// divide.
    ///
    /// Balances each topic on its own, so with many small topics the first members have more to do. Topics with the same number of
    /// partitions and the same readers are divided alike: partition 3 of both goes to the same member, which joins of such topics
    /// need. If members tell their racks, and the replicas of partitions are not in all racks, members get partitions with a replica
    /// in their rack as far as that changes no member's share (KIP-881). Eager; when members change, most partitions move.
    ///
    /// To choose when topics are to be read side by side. Kafka: `org.apache.kafka.clients.consumer.RangeAssignor`.
    Range,
    /// `roundrobin`: the partitions of all topics, in order, are dealt to members in turn, passing over those that do not read the
    /// topic.
    ///
    /// Balances all topics together if members subscribe alike, less well if they do not. Eager; when members change, most partitions
    /// move.
    ///
    /// To choose for a group that hardly ever changes and has members of clients without the sticky ones.
    /// Kafka: `org.apache.kafka.clients.consumer.RoundRobinAssignor`.
    RoundRobin,
    /// `sticky`: as balanced as can be, and of all such divisions one that moves the fewest partitions.
    ///
    /// Balances all topics together, also when members subscribe to different ones. When members change, only those partitions get
    /// another owner that have lost theirs or that balance needs to move. Eager nevertheless: everybody stops reading and gives up
    /// everything during a rebalance, to get most of it back.
    ///
    /// To choose if members hold state by partition, and some member lacks the cooperative protocol.
    /// Kafka: `org.apache.kafka.clients.consumer.StickyAssignor`.
    Sticky,
    /// `cooperative-sticky`: divides as [`Sticky`](Self::Sticky) does, and members go on reading what they keep (KIP-429).
    ///
    /// A partition that moves is first given up by its owner, then assigned to the next one in a second rebalance that follows at
    /// once; all others are read without a pause. All members of a group must offer it; to get there from an eager assignor, restart
    /// the members once with both, then once with this one alone.
    ///
    /// To choose for new groups. Kafka: `org.apache.kafka.clients.consumer.CooperativeStickyAssignor`.
    CooperativeSticky,
}

/// What members do with their partitions during a rebalance. Kafka: `RebalanceProtocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RebalanceProtocol {
    /// They give all of them up before they join.
    Eager,
    /// They keep them, tell them when they join, and give up only those that they were not assigned again (KIP-429).
    Cooperative,
}

impl RebalanceProtocol {
    /// What a member that offers these assignors does: cooperative if all of them are, whichever the group chooses in the end.
    pub(crate) fn common(assignors: &[Assignor]) -> Self {
        let protocols = assignors.iter().map(|one| one.protocol());
        protocols.min().unwrap_or(Self::Eager)
    }
}

impl Assignor {
    const ALL: [Self; 4] = [
        Self::Range,
        Self::RoundRobin,
        Self::Sticky,
        Self::CooperativeSticky,
    ];

    /// What Kafka calls it in `JoinGroup` and in the configuration of clients other than Java's: `cooperative-sticky`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor with that [`name`](Self::name).
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// What its members do with their partitions during a rebalance, if it is the only one that they offer.
    pub(crate) const fn protocol(self) -> RebalanceProtocol {
        match self {
            Self::Range | Self::RoundRobin | Self::Sticky => RebalanceProtocol::Eager,
            Self::CooperativeSticky => RebalanceProtocol::Cooperative,
        }
    }

    /// What a member tells the leader of this assignor beside its subscription; `previous` is what it was last assigned, `None` if
    /// that was nothing yet or was lost.
    pub(crate) fn user_data(self, previous: Option<Previous<'_>>) -> Option<Bytes> {
        match self {
            Self::Range | Self::RoundRobin => None,
            Self::Sticky => previous.map(sticky::user_data::encode),
            Self::CooperativeSticky => Some(cooperative::user_data(previous)),
        }
    }

    /// Divides the partitions of `topics`. Every candidate gets an entry; topics that are not known have no partitions, and those that
    /// nobody reads are left out.
    pub(crate) fn divide(self, candidates: &[Candidate], topics: &Topics) -> Division {
        match self {
            Self::Range => range::divide(candidates, topics),
            Self::RoundRobin => round_robin::divide(candidates, topics),
            Self::Sticky => sticky::divide(candidates, topics),
            Self::CooperativeSticky => cooperative::divide(candidates, topics),
        }
    }
}

/// Its name.
impl fmt::Display for Assignor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a member was last assigned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Previous<'a> {
    /// The generation it was in.
    pub(crate) generation: i32,
    /// The partitions.
    pub(crate) partitions: &'a [TopicPartition],
}

/// A member as the leader sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its id in the group.
    pub(crate) member_id: String,
    /// Its lasting name, if it is a static member (KIP-345).
    pub(crate) instance_id: Option<String>,
    /// Topics that it wants to read.
    pub(crate) topics: Vec<String>,
    /// What it has not given up (KIP-429).
    pub(crate) owned: Partitions,
    /// The generation `owned` is from (KIP-792); `None` if it does not say.
    pub(crate) generation: Option<i32>,
    /// Where it runs (KIP-881).
    pub(crate) rack: Option<String>,
    /// What it tells the assignor alone.
    pub(crate) user_data: Option<Bytes>,
}

/// Partition numbers by topic.
pub(crate) type Partitions = BTreeMap<String, Vec<i32>>;

/// Partitions in order, for each member by its id.
pub(crate) type Division = BTreeMap<String, Partitions>;

/// Topics that exist, by name.
pub(crate) type Topics = BTreeMap<String, Topic>;

/// What an assignor has to know of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Topic {
    /// How many partitions it has.
    pub(crate) partitions: usize,
    /// By partition, where its replicas are. Empty if nobody knows.
    pub(crate) racks: Vec<BTreeSet<String>>,
}

impl Topic {
    /// Partition numbers.
    fn numbers(&self) -> Range<usize> {
        0..self.partitions
    }

    /// Whether a partition has a replica in this rack; a reader that does not tell its rack is near to all.
    fn is_near(&self, number: usize, rack: Option<&str>) -> bool {
        let racks = self.racks.get(number);
        rack.is_none_or(|rack| racks.is_some_and(|racks| racks.contains(rack)))
    }
}

/// Members in Kafka's order: static members by their lasting name, then the others by id, so that who joins first changes nothing.
fn ordered(candidates: &[Candidate]) -> Vec<&Candidate> {
    let mut ordered: Vec<_> = candidates.iter().collect();
    ordered.sort_by_key(|one| (one.instance_id.is_none(), &one.instance_id, &one.member_id));
    ordered
}

/// For each topic, who reads it: places in `members`, in order.
fn readers<'a>(members: &[&'a Candidate]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, member) in members.iter().enumerate() {
        for topic in &member.topics {
            let readers = readers.entry(topic).or_default();
            if readers.last() != Some(&place) {
                readers.push(place);
            }
        }
    }
    readers
}

/// A division in which nobody has anything.
fn nothing(candidates: &[Candidate]) -> Division {
    let entries = candidates.iter();
    entries
        .map(|one| (one.member_id.clone(), Partitions::new()))
        .collect()
}

/// Gives a partition to a member.
fn give(division: &mut Division, member: &Candidate, topic: &str, number: usize) {
    if let Some(theirs) = division.get_mut(&member.member_id)
        && let Ok(number) = i32::try_from(number)
    {
        match theirs.get_mut(topic) {
            Some(numbers) => numbers.push(number),
            None => {
                theirs.insert(topic.to_owned(), vec![number]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
